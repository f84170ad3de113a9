"""Expands quantised weights to fp32 for the `wasm` flavour, as `workers/weights/expand.ts` does in the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.frozen.smollm2 import BLOCK, Q4_1, Q8_0


def read_expanded(folder: Path, listing: str) -> dict[str, NDArray[np.float32]]:
    """fp32 weights [columns, rows] by name, from a model folder's `*.expand.json`."""
    shards: dict[str, bytes] = {}

    def read(place: dict[str, Any], count: int, dtype: type) -> NDArray[Any]:
        shard, offset = place["shard"], place["offset"]
        if shard not in shards:
            shards[shard] = (folder / shard).read_bytes()
        return np.frombuffer(shards[shard], dtype, count, offset)

    out: dict[str, NDArray[np.float32]] = {}
    for entry in json.loads((folder / listing).read_text()):
        rows, columns = entry["rows"], entry["columns"]
        d = read(entry["d"], rows * columns // BLOCK, np.float16).reshape(rows, -1)
        if entry["m"]:
            m = read(entry["m"], rows * columns // BLOCK, np.float16).reshape(rows, -1)
            packed = read(entry["q"], rows * columns // 2, np.uint8).reshape(rows, -1)
            q = np.stack([packed & 15, packed >> 4], axis=-1).reshape(rows, columns)
            weight = Q4_1(q, d, m).dequantise()
        else:
            stored = read(entry["q"], rows * columns, np.uint8).reshape(rows, columns)
            weight = Q8_0((stored.astype(np.int16) - 128).astype(np.int8), d).dequantise()
        out[entry["name"]] = np.ascontiguousarray(weight.T)
    return out
