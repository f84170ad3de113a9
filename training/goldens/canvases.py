"""Pictures as the encoder sees them, resampling by Pillow, and the bridge's positions."""

import base64
import gzip
import hashlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.goldens.pictures import PICTURES, WITHOUT_CANVAS
from training.pixels import canvas, tile_grid
from training.positions import grid_matrix, time_matrix


def pixel_goldens() -> list[dict[str, Any]]:
    """The canvas of each picture: SHA-256 of its bytes, and the bytes themselves as a PNG."""
    out = []
    for path in sorted(PICTURES.iterdir()):
        if path.name in WITHOUT_CANVAS:
            continue
        with Image.open(path) as image:
            seen = canvas(image)
        buffer = io.BytesIO()
        Image.fromarray(seen).save(buffer, "PNG", optimize=True)
        out.append(
            {
                "picture": path.name,
                "width": seen.shape[1],
                "height": seen.shape[0],
                "sha256": hashlib.sha256(seen.tobytes()).hexdigest(),
                "png": base64.b64encode(buffer.getvalue()).decode(),
            }
        )
    return out


def resample_goldens() -> list[dict[str, Any]]:
    """Random bytes resized by Pillow: shrinking, growing, one axis, single pixels, the vertical pass first."""
    rng = np.random.default_rng(0)
    out = []
    for source, target in (
        ((37, 23), (11, 9)),
        ((11, 9), (37, 23)),
        ((64, 64), (260, 260)),
        ((200, 3), (13, 3)),
        ((1, 1), (5, 7)),
        ((50, 40), (50, 13)),
        ((301, 199), (260, 172)),
        # Pillow 13 begins with the height where it loses more than twice what the width does: 30 of 15, then 31.
        ((40, 90), (25, 60)),
        ((40, 90), (25, 59)),
        ((20, 50), (31, 40)),
    ):
        data = rng.integers(0, 256, (source[1], source[0], 3), dtype=np.uint8)
        resized = Image.fromarray(data).resize(target, Image.Resampling.BICUBIC)
        out.append(
            {
                "source": source,
                "target": target,
                "seed": base64.b64encode(gzip.compress(data.tobytes(), mtime=0)).decode(),
                "sha256": hashlib.sha256(np.asarray(resized).tobytes()).hexdigest(),
            }
        )
    return out


def position_goldens() -> dict[str, Any]:
    """A digest of each matrix is too strict for floats: row sums against powers tell any other matrix apart."""

    def probe(matrix: NDArray[np.float32]) -> list[float]:
        weights = np.sin(np.arange(matrix.shape[1]) + 1.0)
        return [round(float(value), 5) for value in matrix @ weights]

    grids = [(1, 1), (2, 1), (1, 3), (4, 1)]
    return {
        "grid": [{"columns": c, "rows": r, "probe": probe(grid_matrix(c, r))} for c, r in grids],
        "time": [{"frames": f, "probe": probe(time_matrix(f))} for f in (1, 2, 5, 8, 16)],
        "tiles": [
            {"width": w, "height": h, "grid": tile_grid(w, h)}
            for w, h in ((1, 1), (200, 100), (201, 100), (300, 100), (100, 950), (399, 100))
        ],
    }
