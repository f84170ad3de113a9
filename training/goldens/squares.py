"""Pictures as the preprocessing of published Flamingos makes squares of them."""

import base64
import gzip
import hashlib
from itertools import product
from typing import Any

import numpy as np
from PIL import Image

from training.convert.pixels import square

_SOURCES = [(61, 40), (40, 61), (30, 97), (28, 28), (20, 23), (301, 40)]
_SIZE = 28


def square_goldens() -> list[dict[str, Any]]:
    """Every mode and filter on random pictures, odd remainders and enlargement among them."""
    rng = np.random.default_rng(3)
    out = []
    for width, height in _SOURCES:
        noise = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        picture = Image.fromarray(noise)
        cases = []
        for resize, filter_ in product(
            ("crop", "crop-half-even", "stretch"), ("bilinear", "bicubic", "lanczos")
        ):
            made = square(picture, _SIZE, resize, filter_)
            digest = hashlib.sha256(made.tobytes()).hexdigest()
            cases.append({"resize": resize, "filter": filter_, "sha256": digest})
        packed = base64.b64encode(gzip.compress(noise.tobytes(), mtime=0)).decode()
        out.append({"source": [width, height], "size": _SIZE, "pixels": packed, "cases": cases})
    return out
