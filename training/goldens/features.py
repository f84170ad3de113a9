"""What the encoder makes of photos in training: PyTorch's features of Pillow's pixels."""

import base64
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from training.frozen.efficientnet import load_efficientnet
from training.goldens.pictures import PICTURES
from training.pixels import pixels

ROOT = Path(__file__).parents[2]
# Nine of the 81 places, a third of the side apart: all of them would be 200 KB a photo.
PLACES = [row * 9 + column for row in (1, 4, 7) for column in (1, 4, 7)]


def feature_goldens() -> list[dict[str, Any]]:
    """Float16 features [9, 1280] of the shipped photos and the tests', little-endian, in base64."""
    encoder = load_efficientnet()
    photos = [*(ROOT / "public" / "examples").glob("*.jpg"), *PICTURES.glob("photo*.jpg")]
    out = []
    for path in sorted(photos):
        with Image.open(path) as image:
            tiles = torch.from_numpy(pixels(image))
        with torch.inference_mode():
            features = encoder(tiles)[0, PLACES].numpy().astype("<f2")
        data = base64.b64encode(features.tobytes()).decode()
        out.append({"photo": path.relative_to(ROOT).as_posix(), "places": PLACES, "features": data})
    return out
