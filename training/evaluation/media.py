"""What the model sees of a picture, kept: latents for the language model, the mean feature for comparisons.

Vision and bridge are the exported graphs on native ONNX Runtime. A picture that the cache of training has
(8 bits a feature, cosine above 0.99999 to the exact ones) is read from there, any other is encoded.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from training.data.features import LEVELS, FeatureStore
from training.data.manifest import Pictures, Record, read_manifest
from training.data.source import open_frames
from training.frozen.efficientnet import WIDTH
from training.frozen.packages import cache_folder
from training.pixels import SIZE, pixels, tile_grid
from training.positions import grid_matrix, time_matrix
from training.runtime import ExportedModel

Floats = NDArray[np.float32]
# 64 latents of width 384 at 16 bits are 49 KB.
_KEPT = 20_000


@dataclass(frozen=True)
class Crop:
    """Part of a photo: left, top, right, bottom as shares of its width and height."""

    record: Record
    box: tuple[float, float, float, float]

    @property
    def key(self) -> str:
        """Tells it from the whole photo and from other parts."""
        return f"{self.record.key}#{self.box}"


Picture = Record | Crop


def record_of(picture: Picture) -> Record:
    """The photo that a picture is, or is a part of."""
    return picture.record if isinstance(picture, Crop) else picture


def on_other_photo(picture: Picture, other: Record) -> Picture:
    """The same part of another photo."""
    return Crop(other, picture.box) if isinstance(picture, Crop) else other


@dataclass(frozen=True)
class Seen:
    """latents f16 [64,M]; `mean` f32 [width]: the features' mean over places (and frames), of length 1."""

    latents: NDArray[np.float16]
    mean: Floats


class Media:
    """Looks at pictures once; the most recent 20,000 are kept."""

    def __init__(self, model: ExportedModel, data: Path) -> None:
        self.model, self.pictures = model, Pictures(data)
        self.data = data
        vision = model.manifest["vision"]
        cached = (cache_folder() / "features").is_dir() and (data / "manifest.jsonl").exists()
        default = (vision["size"], vision["width"]) == (SIZE, WIDTH)
        self.store = FeatureStore(read_manifest(data)) if cached and default else None
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def frames(self, picture: Picture) -> list[Image.Image]:
        """The picture, decoded, or the frames of a clip."""
        if not isinstance(picture, Crop):
            return open_frames(picture, self.pictures)
        image = ImageOps.exif_transpose(self.pictures.open(picture.record))
        left, top, right, bottom = picture.box
        width, height = image.size
        box = (left * width, top * height, right * width, bottom * height)
        return [image.crop(tuple(map(round, box)))]

    def see(self, picture: Picture) -> Seen:
        """Latents and mean feature of a picture."""
        if picture.key in self._seen:
            self._seen.move_to_end(picture.key)
            return self._seen[picture.key]
        seen = self._look(picture)
        self._seen[picture.key] = seen
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        return seen

    def _look(self, picture: Picture) -> Seen:
        clip = isinstance(picture, Record) and len(picture.frames) > 0
        if self.store and isinstance(picture, Record) and picture in self.store:
            features = self.store.raw(picture).astype(np.float32) / LEVELS
            features = features if clip else features[None]
            grid = tile_grid(picture.width, picture.height)
        else:
            frames = self.frames(picture)
            grid = tile_grid(*frames[0].size)
            size = self.model.manifest["vision"]["size"]
            tiles = self.model.encode(np.concatenate([pixels(frame, size) for frame in frames]))
            features = tiles.reshape(len(frames), -1, tiles.shape[-1])
        mean = features.mean((0, 1))
        temporal = self.model.manifest["resampler"]["temporal"]
        time = time_matrix(len(features), temporal) if clip else np.zeros((1, temporal), np.float32)
        latents = self.model.latents(features.astype(np.float32), grid_matrix(*grid), time)
        return Seen(latents.astype(np.float16), mean / max(float(np.linalg.norm(mean)), 1e-9))
