"""Where the language model's weights lie, for the page's own kernels on the CPU (`workers/kernels/`).

The kernels read the quantised weights as they are in the shards, so nothing is expanded at load. They know one
kind of decoder: the one of `training/graphs/language.py`; the names are those that it gives.
"""

import json
from typing import Any

import onnx

from training.config import FlamingoConfig
from training.graphs.bridge import LAYER_NORM_EPS
from training.graphs.builder import EXPANDED, Builder


def kernels_listing(language: Builder, config: FlamingoConfig) -> str:
    """The JSON of `workers/kernels/listing.ts`, from the built `wasm` graph."""
    plain = []
    for tensor in language.model().graph.initializer:
        entry = {field.key: field.value for field in tensor.external_data}
        shard = entry.get("location", EXPANDED)
        if tensor.data_type == onnx.TensorProto.FLOAT and shard != EXPANDED:
            offset = int(entry["offset"])
            plain.append({"name": tensor.name, "shard": shard, "offset": offset})

    def rows(entries: list[dict[str, Any]]) -> str:
        return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"

    return (
        f'{{"rmsEpsilon": {config.language.norm_eps}, "layerEpsilon": {LAYER_NORM_EPS},\n'
        f'"quantised": {rows(language.expansion)},\n"plain": {rows(plain)}}}\n'
    )
