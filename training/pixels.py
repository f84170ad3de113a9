"""What the encoder sees: the whole picture, padded, or cut in tiles where it is long.

The page does the same in TypeScript (`workers/vision/`); a parity test holds the two together.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIZE = 260
MAX_TILES = 4
MEAN = 127.0
SCALE = 128.0


def tile_grid(width: int, height: int) -> tuple[int, int]:
    """(columns, rows) of 260 px tiles: one for aspects up to 2, then one for every whole multiple."""
    long, short = max(width, height), min(width, height)
    count = 1 if long <= 2 * short else min(MAX_TILES, long // short)
    return (count, 1) if width >= height else (1, count)


def canvas(picture: Image.Image, size: int = SIZE) -> NDArray[np.uint8]:
    """The picture resized to fit its tiles and centred on grey: uint8 [rows*size, columns*size, 3]."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        # Pillow would clip 16 bits at 255; browsers keep the upper 8.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        # Transparent pictures are laid on white, as a page would show them.
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    picture = picture.convert("RGB")
    columns, rows = tile_grid(*picture.size)
    width, height = columns * size, rows * size
    scale = min(width / picture.width, height / picture.height)
    inner = (
        max(1, min(width, int(picture.width * scale + 0.5))),
        max(1, min(height, int(picture.height * scale + 0.5))),
    )
    resized = picture.resize(inner, Image.Resampling.BICUBIC)
    out = np.full((height, width, 3), int(MEAN), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    out[top : top + inner[1], left : left + inner[0]] = np.asarray(resized)
    return out


def pixels(picture: Image.Image, size: int = SIZE) -> NDArray[np.float32]:
    """Normalised tiles in reading order: float32 [tiles, 3, size, size]."""
    whole = canvas(picture, size)
    rows, columns = whole.shape[0] // size, whole.shape[1] // size
    tiles = whole.reshape(rows, size, columns, size, 3).transpose(0, 2, 4, 1, 3)
    return (tiles.reshape(-1, 3, size, size).astype(np.float32) - MEAN) / SCALE
