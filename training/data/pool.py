"""Which records may be trained on, and how they are grouped for sampling."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from training.data.manifest import Record

NEVER_TRAINED = frozenset({"clothing"})
# Of 256.
_HELD = 48
HELD = "held"
UNSEEN_FILE = Path(__file__).parents[1] / "unseen.txt"


def read_classes(path: Path) -> frozenset[str]:
    """One label or wnid a line; what follows a wnid is a comment, and so is a line that starts with #."""
    names = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            first = line.split()[0]
            is_wnid = first[0] == "n" and first[1:].isdigit()
            names.add(first if is_wnid else line.strip())
    return frozenset(names)


def in_classes(record: Record, classes: frozenset[str]) -> bool:
    """Whether the record's label or wnid is listed."""
    return record.wnid in classes or record.label in classes


def nlvr_scene(record: Record) -> str:
    """Numbered files of one NLVR id are one scene: `dev-1021-0-0.png` is scene `dev-1021-0`."""
    return record.file.rsplit("-", 1)[0] if record.set == "nlvr" else record.file


def with_held_out(records: list[Record]) -> list[Record]:
    """NLVR's training scenes, of which about one in five becomes the split `held`: its `val` is too small.

    Which ones follows from their ids alone.
    """

    def held(record: Record) -> bool:
        digest = hashlib.sha256(nlvr_scene(record).encode()).digest()
        return record.set == "nlvr" and record.split == "train" and digest[0] < _HELD

    return [replace(record, split=HELD) if held(record) else record for record in records]


def trainable(records: list[Record]) -> list[Record]:
    """`train` records of sets, classes and scenes that are not held out for good."""
    unseen = read_classes(UNSEEN_FILE)
    return [
        record
        for record in with_held_out(records)
        if record.split == "train"
        and record.set not in NEVER_TRAINED
        and not (record.label and in_classes(record, unseen))
    ]


def by_class(records: list[Record]) -> dict[str, list[Record]]:
    """Records with a class name, by name."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.label:
            groups[record.label].append(record)
    return dict(groups)
