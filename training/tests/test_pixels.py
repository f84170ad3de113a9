"""What the encoder sees: nothing is cut off, nothing stretched, and the golden canvases are up to date."""

import base64
import gzip
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from training.goldens.pictures import PICTURES, WITHOUT_CANVAS
from training.pixels import SIZE, canvas, pixels, tile_grid

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "canvases.json.gz"
CANVASES = json.loads(gzip.decompress(GOLDEN.read_bytes()))
EXACT = (".png", ".bmp", ".gif")


def test_every_picture_has_a_golden_canvas() -> None:
    names = {path.name for path in PICTURES.iterdir()}
    assert names > WITHOUT_CANVAS
    assert [golden["picture"] for golden in CANVASES] == sorted(names - WITHOUT_CANVAS)


@pytest.mark.parametrize("golden", CANVASES, ids=lambda golden: golden["picture"])
def test_golden_canvas(golden: dict[str, str]) -> None:
    with Image.open(PICTURES / golden["picture"]) as image:
        seen = canvas(image)
    with Image.open(io.BytesIO(base64.b64decode(golden["png"]))) as image:
        wanted = np.asarray(image)
    assert hashlib.sha256(wanted.tobytes()).hexdigest() == golden["sha256"]
    # Another version of a lossy decoder may round its colours differently.
    tolerance = 0 if golden["picture"].endswith(EXACT) else 2
    np.testing.assert_allclose(seen.astype(int), wanted.astype(int), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((1, 1), (1, 1)),
        ((200, 100), (1, 1)),
        ((201, 100), (2, 1)),
        ((299, 100), (2, 1)),
        ((300, 100), (3, 1)),
        ((5000, 100), (4, 1)),
        ((100, 350), (1, 3)),
    ],
)
def test_tiles(size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert tile_grid(*size) == grid
    assert pixels(Image.new("RGB", size)).shape == (grid[0] * grid[1], 3, SIZE, SIZE)


@pytest.mark.parametrize("size", [(120, 80), (33, 90), (700, 100), (90, 401), (260, 260)])
def test_the_whole_picture_is_seen(size: tuple[int, int]) -> None:
    """Its four corners, each of another colour, stand where the picture's rectangle ends; around it is grey."""
    colors = np.array([[[250, 0, 0], [0, 250, 0]], [[0, 0, 250], [250, 250, 0]]], np.uint8)
    quarters = Image.fromarray(colors).resize(size, Image.Resampling.NEAREST)
    seen = canvas(quarters)
    ys, xs = np.nonzero((seen != 127).any(2))
    top, bottom, left, right = ys.min(), ys.max(), xs.min(), xs.max()
    for y, row in ((top, 0), (bottom, 1)):
        for x, column in ((left, 0), (right, 1)):
            np.testing.assert_array_equal(seen[y, x], colors[row, column])
    width, height = right - left + 1, bottom - top + 1
    assert width == seen.shape[1] or height == seen.shape[0]
    assert abs(width / height - size[0] / size[1]) < 0.02 * size[0] / size[1]
    assert abs((top + bottom) / 2 - (seen.shape[0] - 1) / 2) <= 0.5
    assert abs((left + right) / 2 - (seen.shape[1] - 1) / 2) <= 0.5


def test_exif_orientation_is_honoured() -> None:
    """The same stored pixels, shown as each orientation says; which axis is cut to 0..255 first differs."""

    def content(orientation: int) -> NDArray[np.int64]:
        with Image.open(PICTURES / f"orientation-{orientation}.jpg") as image:
            seen = canvas(image)
        is_picture = (seen != 127).any(2)
        return seen[is_picture.any(1)][:, is_picture.any(0)].astype(np.int64)

    stored = content(1)
    assert stored.shape == (173, SIZE, 3)
    shown = {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }
    for orientation, wanted in shown.items():
        np.testing.assert_allclose(content(orientation), wanted, atol=8, err_msg=str(orientation))


def test_transparency_is_laid_on_white() -> None:
    half = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    np.testing.assert_array_equal(canvas(half), np.full((SIZE, SIZE, 3), 255, np.uint8))


def test_sixteen_bits_are_not_clipped() -> None:
    grey = Image.fromarray(np.full((10, 10), 0x8055, np.uint16))
    np.testing.assert_array_equal(canvas(grey), np.full((SIZE, SIZE, 3), 0x80, np.uint8))


def test_normalisation_and_order_of_tiles() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, :100, 0], wide[:, 200:, 2] = 255, 255
    tiles = pixels(Image.fromarray(wide))
    middle = tiles[:, :, SIZE // 2, SIZE // 2] * 128 + 127
    np.testing.assert_array_equal(middle, [[255, 0, 0], [0, 0, 0], [0, 0, 255]])
