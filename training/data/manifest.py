"""Reads a data folder: `manifest.jsonl` and one `.tar` of pictures per set."""

import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

WHOLE = "whole"


@dataclass(frozen=True)
class Written:
    """Text written by a model, kept apart from human text in every table."""

    subject: str = ""
    scene: str = ""
    objects: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    details: str = ""
    qa: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Record:
    """One picture: where it lies and what is said of it.

    `view` names a changed form of the file (`training/data/views.py`). A clip has `frames`, in order, and
    the width and height of the first.
    """

    file: str
    set: str
    split: str
    width: int
    height: int
    label: str = ""
    wnid: str = ""
    captions: tuple[str, ...] = ()
    qa: tuple[tuple[str, str], ...] = ()
    statements: tuple[tuple[str, str], ...] = ()
    alt: str = ""
    written: Written = field(default_factory=Written)
    view: str = WHOLE
    frames: "tuple[Record, ...]" = ()

    @property
    def key(self) -> str:
        """Tells media apart."""
        own = self.file if self.view == WHOLE else f"{self.file}@{self.view}"
        return own if not self.frames else "|".join(frame.key for frame in self.frames)

    @property
    def group(self) -> str:
        """The name of the file that keeps its features."""
        return self.set if self.view == WHOLE else f"{self.set}.{self.view}"


def _pairs(value: list[list[str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(a), str(b)) for a, b in value or ())


def parse_record(line: str) -> Record:
    """One line of the manifest."""
    raw = json.loads(line)
    written = raw.get("written") or {}
    return Record(
        file=raw["file"],
        set=raw["set"],
        split=raw["split"],
        width=raw["w"],
        height=raw["h"],
        label=raw.get("label", ""),
        wnid=raw.get("wnid", ""),
        captions=tuple(raw.get("captions") or ()),
        qa=_pairs(raw.get("qa")),
        statements=_pairs(raw.get("statements")),
        alt=raw.get("alt", ""),
        written=Written(
            subject=written.get("subject", ""),
            scene=written.get("scene", ""),
            objects=tuple(written.get("objects") or ()),
            captions=tuple(written.get("captions") or ()),
            details=written.get("details", ""),
            qa=_pairs(written.get("qa")),
        ),
    )


def read_manifest(folder: Path) -> list[Record]:
    """All records of a data folder, in the manifest's order."""
    with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
        return [parse_record(line) for line in lines if line.strip()]


class Pictures:
    """Opens pictures by their manifest name from the sets' archives, or from plain files beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._archives: dict[str, tuple[tarfile.TarFile, dict[str, tarfile.TarInfo]]] = {}

    def read(self, record: Record) -> bytes:
        """The picture's encoded bytes."""
        plain = self.folder / record.file
        if plain.exists():
            return plain.read_bytes()
        if record.set not in self._archives:
            archive = tarfile.open(  # noqa: SIM115 - kept open, as long as the reader lives
                self.folder / f"{record.set}.tar"
            )
            self._archives[record.set] = (
                archive,
                {m.name: m for m in archive.getmembers()},
            )
        archive, members = self._archives[record.set]
        stream = archive.extractfile(members[record.file])
        if stream is None:
            raise FileNotFoundError(f"{record.file} is not a file in {record.set}.tar")
        return stream.read()

    def open(self, record: Record) -> Image.Image:
        """The decoded picture."""
        return Image.open(io.BytesIO(self.read(record)))
