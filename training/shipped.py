"""The bridge as it ships: what 8 bits make of the trained weights, and the way back from a model folder."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import FlamingoConfig
from training.graphs.builder import EXPANDED
from training.graphs.expand import read_expanded
from training.graphs.language import GATES
from training.graphs.linears import quantise_q8

_MEDIA = "media.to_kv"


def is_linear(name: str) -> bool:
    """Whether a parameter of the bridge ships at 8 bits: the weights of its linear layers."""
    parent, _, leaf = name.rpartition(".")
    last = parent.rpartition(".")[2]
    return leaf == "weight" and (
        last in {"proj", "to_q", "to_kv", "to_out"}
        or (last in {"1", "3"} and ".ff." in name)
        or (last in {"1", "3"} and name.startswith("perceiver.layers."))
    )


def as_shipped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with its linear weights quantised and dequantised."""
    return {
        name: torch.from_numpy(quantise_q8(value.float().numpy()).dequantise())
        if is_linear(name)
        else value.float()
        for name, value in state.items()
    }


def read_floats(folder: Path, graph: str) -> dict[str, NDArray[np.float32]]:
    """The fp32 initialisers that a graph file has in the shards, by name."""
    model = onnx.load(folder / graph, load_external_data=False)
    out: dict[str, NDArray[np.float32]] = {}
    for tensor in model.graph.initializer:
        where = {entry.key: entry.value for entry in tensor.external_data}
        in_shard = where.get("location", EXPANDED) != EXPANDED
        if in_shard and tensor.data_type == onnx.TensorProto.FLOAT:
            with (folder / where["location"]).open("rb") as file:
                file.seek(int(where["offset"]))
                data = file.read(int(where["length"]))
            out[tensor.name] = np.frombuffer(data, np.float32).reshape(tensor.dims)
    return out


def load_bridge(folder: Path, config: FlamingoConfig | None = None) -> dict[str, Tensor]:
    """The bridge's state dict from a shipped model, its linear weights dequantised.

    What ships differs from what was trained in two places only: gates come back from their tanh, and
    the head's row of `<image>`, which is never sampled, is zero.
    """
    config = config or FlamingoConfig()
    manifest = json.loads((folder / "manifest.json").read_text())
    state: dict[str, NDArray[np.float32]] = {}
    for part in ("bridge", "language"):
        graph = manifest["graphs"]["wasm"][part]
        for name, value in read_floats(folder, graph["path"]).items():
            if name == "opened_gates":
                for i, pair in enumerate(np.arctanh(value)):
                    state |= {f"blocks.{i}.{kind}": pair[j, None] for j, kind in enumerate(GATES)}
            elif name.startswith(("blocks.", "perceiver.", "projection.")) or name == "new_tokens":
                state[name] = value
            elif name == "new_head.t":
                state["new_head"] = value.T
        for name, value in read_expanded(folder, graph["expand"]["path"]).items():
            if name == _MEDIA:
                blocks = len(config.cross_attention.layers)
                for i, rows in enumerate(np.split(value.T, blocks)):
                    state[f"blocks.{i}.attn.to_kv.weight"] = rows
            elif name.startswith(("blocks.", "perceiver.", "projection.")):
                state[f"{name}.weight"] = value.T
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
