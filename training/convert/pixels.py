"""How published Flamingos make a square of a picture; the page does the same in `workers/vision/tiles.ts`."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.convert.source import Resize

Filter = Literal["bilinear", "bicubic", "lanczos"]


def square(
    picture: Image.Image, size: int, resize: Resize, filter_: Filter = "bicubic"
) -> NDArray[np.uint8]:
    """An RGB picture as uint8 [size,size,3].

    Raises:
        ValueError: "pad", which is this project's own (`training/pixels.py`).
    """
    resample = Image.Resampling[filter_.upper()]
    if resize == "pad":
        raise ValueError("padding is done by training.pixels")
    if resize == "stretch":
        return np.asarray(picture.resize((size, size), resample))
    short = min(picture.size)
    wanted = [size if side == short else int(size * side / short) for side in picture.size]
    whole = picture.resize((wanted[0], wanted[1]), resample)
    # transformers cuts off the half that is left over, torchvision rounds it to the even number.
    round_ = (lambda x: int(x // 1)) if resize == "crop" else round
    left, top = (round_((side - size) / 2) for side in wanted)
    return np.asarray(whole.crop((left, top, left + size, top + size)))
