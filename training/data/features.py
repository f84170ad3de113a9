"""The frozen encoder's features, computed once per picture and kept outside the checkout.

A set's features are one file of bytes, a tile being 81 x 1280 values of ReLU6 output (0 to 6 on 0 to
255: cosine to the exact features above 0.99999). Files grow by appending in a fixed order, so an
interrupted run resumes, and training reads what is there while the rest follows. Their names hold a
digest of that order: another manifest has other files. Copies of the project's own pictures are noted,
and training leaves them out.

    python -m training.data.features --data FOLDER [--sets A,B] [--batch 16]
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from training.data.keep_out import is_kept_out
from training.data.manifest import WHOLE, Pictures, Record, read_manifest
from training.data.source import DRAWN, all_pictures, open_picture
from training.frozen.efficientnet import (
    FEATURES,
    WIDTH,
    EfficientNetLite2,
    load_efficientnet,
)
from training.frozen.packages import cache_folder
from training.pixels import pixels, tile_grid

LEVELS = 255 / 6
TILE_BYTES = FEATURES * WIDTH


def tiles_of(record: Record) -> int:
    """How many tiles the picture is cut in, or the frames of a clip."""
    if record.frames:
        return len(record.frames)
    columns, rows = tile_grid(record.width, record.height)
    return columns * rows


# What the bridge must see exactly as the page computes it. The rest (views, drawings, synthetic scenes) is
# encoded at 16 bits: 4.5 times as fast, cosine to the exact features 0.99, a mild noise as augmentation is.
ROUGH_SETS = frozenset({DRAWN, "nlvr", "easyvqa"})


def encode(encoder: EfficientNetLite2, tiles: NDArray[np.float32], rough: bool = False) -> Tensor:
    """Normalised tiles [n, 3, 260, 260] -> features float32 [n, 81, 1280]."""
    images = torch.from_numpy(tiles).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=rough):
        return encoder(images).float()


class FeatureStore:
    """Features of pictures and their views, memory-mapped; those not encoded yet are absent."""

    def __init__(self, records: list[Record], folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "features"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, tuple[int, int]] = {}
        self._order: dict[str, list[Record]] = {}
        for record in records:
            self._order.setdefault(record.group, []).append(record)
        for name, group in self._order.items():
            # A fixed shuffle: the first pictures encoded are a fair sample of their set.
            random.Random(name).shuffle(group)
            row = 0
            for record in group:
                count = tiles_of(record)
                self._rows[record.key] = (row, count)
                row += count
        self._maps: dict[str, NDArray[np.uint8]] = {}
        self.kept_out: frozenset[str] = frozenset()
        self.refresh()

    def path(self, name: str) -> Path:
        order = "\n".join(f"{r.file} {tiles_of(r)}" for r in self._order.get(name, []))
        return self.folder / f"{name}-{hashlib.sha256(order.encode()).hexdigest()[:8]}.u8"

    @property
    def _notes(self) -> Path:
        return self.folder / "kept-out.txt"

    def note_kept_out(self, record: Record) -> None:
        """Remembers that a picture is a copy of one that the project ships or tests with."""
        with self._notes.open("a", encoding="utf-8") as out:
            out.write(f"{record.file}\n")

    def refresh(self) -> None:
        """Maps what has been encoded since the last call."""
        if self._notes.exists():
            self.kept_out = frozenset(self._notes.read_text(encoding="utf-8").splitlines())
        for name in self._order:
            rows = self.path(name).stat().st_size // TILE_BYTES if self.path(name).exists() else 0
            if rows and (name not in self._maps or self._maps[name].shape[0] != rows):
                shape = (rows, FEATURES, WIDTH)
                self._maps[name] = np.memmap(self.path(name), np.uint8, "r", shape=shape)

    def __contains__(self, record: Record) -> bool:
        if record.frames:
            return all(frame in self for frame in record.frames)
        place, known = self._rows.get(record.key), self._maps.get(record.group)
        return place is not None and known is not None and sum(place) <= known.shape[0]

    def raw(self, record: Record) -> NDArray[np.uint8]:
        """uint8 [tiles * 81, 1280] of a picture, [frames, 81, 1280] of a clip; divide by LEVELS."""
        if record.frames:
            return np.stack([self.raw(frame) for frame in record.frames])
        row, count = self._rows[record.key]
        return self._maps[record.group][row : row + count].reshape(-1, WIDTH)

    def missing(self, name: str) -> list[Record]:
        """The pictures of a set, or of a view of it, that are not encoded yet, in the order of the file."""
        return [record for record in self._order.get(name, []) if record not in self]

    def append(self, name: str, features: Tensor) -> None:
        """Adds the next tiles [n, 81, 1280] to the set's file."""
        with self.path(name).open("ab") as out:
            out.write((features * LEVELS).round().clamp(0, 255).to(torch.uint8).numpy().tobytes())


def encode_all(data: Path, sets: list[str] | None, batch: int) -> None:
    """Encodes every picture of the sets that is not in the store."""
    records = all_pictures(read_manifest(data))
    store, pictures, encoder = FeatureStore(records), Pictures(data), load_efficientnet()
    names = sets or sorted({record.group for record in records})
    for name in names:
        # A write cut short leaves part of a tile behind: drop it.
        path = store.path(name)
        if path.exists():
            with path.open("ab") as out:
                out.truncate(path.stat().st_size // TILE_BYTES * TILE_BYTES)
        store.refresh()
        todo = store.missing(name)
        for start in tqdm(range(0, len(todo), batch), desc=name, mininterval=5):
            tiles = []
            for record in todo[start : start + batch]:
                picture = open_picture(record, pictures)
                if record.view == WHOLE and record.set != DRAWN and is_kept_out(picture):
                    store.note_kept_out(record)
                tiles.append(pixels(picture))
            rough = name in ROUGH_SETS or todo[start].view != WHOLE
            store.append(name, encode(encoder, np.concatenate(tiles), rough))


def encode_in_background(data: Path, sets: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Starts a process that encodes what is missing, at low priority."""
    command = [sys.executable, "-m", "training.data.features", "--data", str(data)]
    # Two processes whose threads spin while they wait take most of each other's time.
    calm = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    return subprocess.Popen(
        [*command, "--sets", ",".join(sets)],
        env=os.environ | calm,
        preexec_fn=lambda: os.nice(5),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--sets", help="comma list; all by default")
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    encode_all(args.data, args.sets.split(",") if args.sets else None, args.batch)


if __name__ == "__main__":
    main()
