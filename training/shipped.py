"""The bridge as it ships: what 8 bits make of the trained weights, and the way back from a model folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import FlamingoConfig
from training.frozen.smollm2 import Q8_0
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


def read_tensors(folder: Path, graph: str) -> dict[str, NDArray[Any]]:
    """External initialisers of one graph file by name."""
    model = onnx.load(folder / graph, load_external_data=False)
    out: dict[str, NDArray[Any]] = {}
    kinds = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.FLOAT16: np.float16}
    kinds[onnx.TensorProto.UINT8] = np.uint8
    for tensor in model.graph.initializer:
        where = {entry.key: entry.value for entry in tensor.external_data}
        if where and tensor.data_type in kinds:
            with (folder / where["location"]).open("rb") as file:
                file.seek(int(where["offset"]))
                data = file.read(int(where["length"]))
            out[tensor.name] = np.frombuffer(data, kinds[tensor.data_type]).reshape(tensor.dims)
    return out


def load_bridge(folder: Path, config: FlamingoConfig | None = None) -> dict[str, Tensor]:
    """The bridge's state dict from a shipped model, its linear weights dequantised.

    What ships differs from what was trained in two places only: gates come back from their tanh, and
    the head's row of `<image>`, which is never sampled, is zero.
    """
    config = config or FlamingoConfig()
    manifest = json.loads((folder / "manifest.json").read_text())
    names = [manifest["graphs"]["wasm"][part]["path"] for part in ("bridge", "language")]
    tensors: dict[str, NDArray[Any]] = {}
    for name in names:
        tensors |= read_tensors(folder, name)

    def linear(name: str) -> NDArray[np.float32]:
        q = tensors[f"{name}.q:2d"].astype(np.int16) - 128
        return Q8_0(q.astype(np.int8), tensors[f"{name}.d"]).dequantise()

    state: dict[str, NDArray[np.float32]] = {}
    for name, value in tensors.items():
        part, _, kind = name.rpartition(".")
        if kind == "q:2d" and not part.startswith(("embedding", "layers.", _MEDIA)):
            state[f"{part}.weight"] = linear(part)
        elif name.endswith("_gate"):
            state[name] = np.arctanh(value)
        elif value.dtype == np.float32 and name.startswith(
            ("blocks.", "perceiver.", "projection.")
        ):
            state[name] = value
    state["new_tokens"], state["new_head"] = tensors["new_tokens"], tensors["new_head.t"].T
    media = np.split(linear(_MEDIA), len(config.cross_attention.layers))
    for i, rows in enumerate(media):
        state[f"blocks.{i}.attn.to_kv.weight"] = rows
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
