"""Rows to tensors: padded ids, the unique media of the batch, and which token looks at which."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.config import ResamplerConfig
from training.data.features import LEVELS, FeatureStore
from training.data.manifest import Record
from training.data.rows import IGNORED, Row
from training.model.chunks import Chunks, chunks_of
from training.pixels import tile_grid
from training.positions import grid_matrix, time_matrix

TIMES = ResamplerConfig().temporal


@dataclass(frozen=True)
class MediaGroup:
    """Media of the same form: features uint8 [U,F,N,1280], their grid [N,81] and times [F,T]."""

    features: Tensor
    grid: Tensor
    time: Tensor


@dataclass(frozen=True)
class Batch:
    """ids, labels [B,S]; the chunks number the unique media in the groups' order."""

    ids: Tensor
    labels: Tensor
    chunks: Chunks
    groups: list[MediaGroup]


def collate(rows: list[Row], store: FeatureStore, image_token: int) -> Batch:
    """Pads on the right; a picture that several chunks use is resampled once."""
    length, count = max(len(r.ids) for r in rows), max(len(r.media) for r in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED)
    for b, row in enumerate(rows):
        ids[b, : len(row.ids)] = torch.tensor(row.ids)
        labels[b, : len(row.labels)] = torch.tensor(row.labels)
    time = (ids == image_token).cumsum(1)[..., None]
    mask = time == torch.arange(1, count + 1)

    forms: dict[tuple[int, int, int], dict[str, Record]] = {}
    for row in rows:
        for record in row.media:
            form = (len(record.frames), *tile_grid(record.width, record.height))
            forms.setdefault(form, {})[record.key] = record
    groups, number = [], {}
    for (frames, *grid), media in sorted(forms.items()):
        for key in media:
            number[key] = len(number)
        raw = np.stack([store.raw(record) for record in media.values()])
        features = torch.from_numpy(raw if frames else raw[:, None])
        weights = torch.from_numpy(grid_matrix(*grid)).float()
        times = time_matrix(frames) if frames else np.zeros((1, TIMES), np.float32)
        groups.append(MediaGroup(features, weights, torch.from_numpy(times)))
    places = torch.zeros(len(rows), count, dtype=torch.long)
    for b, row in enumerate(rows):
        places[b, : len(row.media)] = torch.tensor([number[r.key] for r in row.media])
    return Batch(ids, labels, chunks_of(mask, places), groups)


def dequantise(features: Tensor, dtype: torch.dtype) -> Tensor:
    """uint8 of the store -> features of the same shape."""
    return (features.to(torch.float32) / LEVELS).to(dtype)
