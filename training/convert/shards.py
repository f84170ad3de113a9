"""Shards that leave memory as soon as they are full."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.graphs.shards import Location, Part, Shards, file_entry


@dataclass
class StreamedShards(Shards):
    """Writes each file when the next of its part begins: at most one shard a part is in memory."""

    folder: Path = field(default_factory=Path)
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def _place(self, part: Part, data: bytes) -> Location:
        location = super()._place(part, data)
        full = [
            name
            for name, owner in self._parts.items()
            if owner == part and name != location.shard and name not in self._entries
        ]
        for name in full:
            self._store(name)
        return location

    def _store(self, name: str) -> None:
        path = self.folder / name
        path.write_bytes(self._files.pop(name))
        self._entries[name] = file_entry(path) | {"part": self._parts[name]}

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Writes what is left and returns the manifest's entries of all."""
        for name in list(self._files):
            self._store(name)
        return [entry for _, entry in sorted(self._entries.items())]
