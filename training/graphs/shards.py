"""Weight shards: files of at most 16 MB that hold the tensors of one part, none across two files."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["language", "vision", "bridge"]
SHARD_BYTES = 16_000_000
_ALIGNMENT = 64


@dataclass(frozen=True)
class Location:
    """Where a tensor's bytes lie: ONNX's external data entry."""

    shard: str
    offset: int
    length: int


@dataclass
class Shards:
    """Collects tensors; the same bytes under the same name are stored once."""

    _files: dict[str, bytearray] = field(default_factory=dict)
    _parts: dict[str, Part] = field(default_factory=dict)
    _known: dict[tuple[Part, str], tuple[bytes, Location]] = field(default_factory=dict)

    def add(self, part: Part, name: str, array: NDArray[Any]) -> Location:
        """Stores an array's bytes, or finds them where both flavours of a graph use one tensor.

        Raises:
            ValueError: the tensor is larger than a shard, or the name stands for other bytes.
        """
        data = np.ascontiguousarray(array).tobytes()
        digest = hashlib.sha256(data).digest()
        if (part, name) in self._known:
            known, location = self._known[part, name]
            if known != digest:
                raise ValueError(f"two different tensors are called {name}")
            return location
        if len(data) > SHARD_BYTES:
            raise ValueError(f"{name} has {len(data)} bytes, more than a shard holds")
        location = self._place(part, data)
        self._known[part, name] = digest, location
        return location

    def _place(self, part: Part, data: bytes) -> Location:
        number = sum(1 for other in self._parts.values() if other == part) - 1
        shard = f"{part}-{number:02d}.bin"
        if number < 0 or len(self._files[shard]) + len(data) + _ALIGNMENT > SHARD_BYTES:
            shard = f"{part}-{number + 1:02d}.bin"
            self._files[shard], self._parts[shard] = bytearray(), part
        file = self._files[shard]
        file.extend(bytes(-len(file) % _ALIGNMENT))
        offset = len(file)
        file.extend(data)
        return Location(shard, offset, len(data))

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Writes the files and returns the manifest's entries."""
        entries = []
        for shard, data in sorted(self._files.items()):
            (folder / shard).write_bytes(data)
            entries.append(file_entry(folder / shard) | {"part": self._parts[shard]})
        return entries


def file_entry(path: Path) -> dict[str, Any]:
    """The manifest's reference to a file: name, size, SHA-256."""
    data = path.read_bytes()
    return {"path": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
