"""Rows to tensors: padded ids, the unique pictures of the batch, and which token looks at which."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.data.episodes import IGNORED, Row
from training.data.features import LEVELS, FeatureStore
from training.data.manifest import Record
from training.model.chunks import Chunks, chunks_of
from training.pixels import tile_grid
from training.positions import grid_matrix


@dataclass(frozen=True)
class PictureGroup:
    """Pictures with the same tiles: features uint8 [U,N,1280] and their grid [N,81]."""

    features: Tensor
    grid: Tensor


@dataclass(frozen=True)
class Batch:
    """ids, labels [B,S]; the chunks number the unique pictures in the groups' order."""

    ids: Tensor
    labels: Tensor
    chunks: Chunks
    groups: list[PictureGroup]


def collate(rows: list[Row], store: FeatureStore, image_token: int) -> Batch:
    """Pads on the right; a picture that several chunks use is resampled once."""
    length, count = max(len(r.ids) for r in rows), max(len(r.pictures) for r in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED)
    for b, row in enumerate(rows):
        ids[b, : len(row.ids)] = torch.tensor(row.ids)
        labels[b, : len(row.labels)] = torch.tensor(row.labels)
    time = (ids == image_token).cumsum(1)[..., None]
    mask = time == torch.arange(1, count + 1)

    shapes: dict[tuple[int, int], dict[str, Record]] = {}
    for row in rows:
        for record in row.pictures:
            grid = tile_grid(record.width, record.height)
            shapes.setdefault(grid, {})[record.file] = record
    groups, number = [], {}
    for grid, pictures in sorted(shapes.items()):
        for file in pictures:
            number[file] = len(number)
        features = np.stack([store.raw(record) for record in pictures.values()])
        weights = torch.from_numpy(grid_matrix(*grid)).float()
        groups.append(PictureGroup(torch.from_numpy(features), weights))
    media = torch.zeros(len(rows), count, dtype=torch.long)
    for b, row in enumerate(rows):
        media[b, : len(row.pictures)] = torch.tensor([number[r.file] for r in row.pictures])
    return Batch(ids, labels, chunks_of(mask, media), groups)


def dequantise(features: Tensor, dtype: torch.dtype) -> Tensor:
    """uint8 of the store -> features [U,1,N,1280]."""
    return (features.to(torch.float32) / LEVELS).to(dtype)[:, None]
