"""Published weights, one tensor at a time: safetensors (also sharded), PyTorch files, and views under other names."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Read = Callable[[], Floats]
# Weights by the names that the graphs use; each is read only when it is written out.
Weights = dict[str, Read]

_DTYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}


class Tensors(Mapping[str, Read]):
    """Readers by name. Indexing gives a function that reads the tensor as fp32."""

    def __init__(self, readers: Mapping[str, Read]) -> None:
        self._readers = dict(readers)

    def __getitem__(self, name: str) -> Read:
        return self._readers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def renamed(self, rename: Callable[[str], str | None]) -> "Tensors":
        """A view under other names; None leaves a tensor out."""
        named = ((rename(name), reader) for name, reader in self._readers.items())
        return Tensors({name: reader for name, reader in named if name})

    def over(self, other: "Tensors") -> "Tensors":
        """These, and those of `other` that are not among them."""
        return Tensors({**other._readers, **self._readers})

    def prefix(self, pattern: str) -> str:
        """What stands before the first name that ends like `pattern`.

        Raises:
            ValueError: there is none.
        """
        found = [m.group(1) for name in self if (m := re.fullmatch(rf"(.*?){pattern}", name))]
        if not found:
            raise ValueError(f"no tensor is called …{pattern}; is this the right model?")
        return min(found, key=len)


def _safetensors(path: Path) -> dict[str, Read]:
    """Plain reads, not a memory map: what is read once need not stay in memory."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    start = 8 + length

    def reader(entry: dict[str, Any]) -> Read:
        begin, end = entry["data_offsets"]

        def read() -> Floats:
            with path.open("rb") as file:
                file.seek(start + begin)
                data = np.frombuffer(file.read(end - begin), _DTYPES[entry["dtype"]])
            if entry["dtype"] == "BF16":
                data = (data.astype(np.uint32) << 16).view(np.float32)
            return data.astype(np.float32, copy=False).reshape(entry["shape"])

        return read

    return {
        name: reader(entry)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] in _DTYPES
    }


def _pytorch(path: Path) -> dict[str, Read]:
    """A state dict, or a training checkpoint whose `model_state_dict` was wrapped in `module.`."""
    loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    state = loaded.get("model_state_dict", loaded)
    return {
        name.removeprefix("module."): (lambda tensor=tensor: tensor.float().numpy())
        for name, tensor in state.items()
        if torch.is_tensor(tensor) and tensor.is_floating_point()
    }


def open_tensors(path: Path) -> Tensors:
    """A file, or a folder as Hugging Face lays it out.

    Raises:
        FileNotFoundError: no weights are there.
    """
    if path.is_file():
        return Tensors(_safetensors(path) if path.suffix == ".safetensors" else _pytorch(path))
    for pattern, read in (
        ("*.safetensors", _safetensors),
        ("*.bin", _pytorch),
        ("*.pt", _pytorch),
    ):
        files = sorted(path.glob(pattern))
        if files:
            return Tensors({name: r for file in files for name, r in read(file).items()})
    raise FileNotFoundError(
        f"{path} has no .safetensors, .bin or .pt file: give a folder with weights"
    )


def read_config(path: Path) -> dict[str, Any]:
    """The `config.json` of a folder.

    Raises:
        FileNotFoundError: it has none.
    """
    file = path / "config.json"
    if not file.exists():
        raise FileNotFoundError(f"{path} has no config.json: give the model's Hugging Face folder")
    return json.loads(file.read_text(encoding="utf-8"))


def put(out: Weights, ours: str, tensors: Tensors, *theirs: str) -> None:
    """Takes what there is of a module's weight and bias under our name, from the first of `theirs` that has it."""
    for leaf in ("weight", "bias"):
        for name in theirs:
            if f"{name}.{leaf}" in tensors:
                out[f"{ours}.{leaf}"] = tensors[f"{name}.{leaf}"]
                break
