"""A person's own pictures and texts, made a data folder: `manifest.jsonl` and the pictures beside it.

Three forms: a table (CSV, TSV or JSONL) with a column `picture` and one or more of `caption`, `label`,
`question` with `answer`; a folder for each class; `name.jpg` with `name.txt`, a caption a line.
"""

import csv
import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

OWN = "own"
FEWEST = 8
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_TABLES = (".csv", ".tsv", ".jsonl")
_VAL_SHARE = 0.2
_COLUMNS = "picture, and caption, label, or question with answer"


class OwnDataError(ValueError):
    """Something in the person's folder cannot be used; the message says what to change."""


@dataclass
class Told:
    """What is said of one picture."""

    label: str = ""
    captions: list[str] = field(default_factory=list)
    qa: list[tuple[str, str]] = field(default_factory=list)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and columns, names in lower case."""
    with table.open(encoding="utf-8-sig", newline="") as lines:
        if table.suffix == ".jsonl":
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as cause:
                    raise OwnDataError(
                        f"{table.name}, line {number} is not JSON: {cause.msg}. Write one object a line."
                    ) from cause
                if not isinstance(row, dict):
                    raise OwnDataError(
                        f"{table.name}, line {number} is not an object: write {{…}} with {_COLUMNS}."
                    )
                yield number, {str(k).lower(): str(v).strip() for k, v in row.items()}
        else:
            reader = csv.DictReader(lines, delimiter="\t" if table.suffix == ".tsv" else ",")
            for row in reader:
                yield (
                    reader.line_num,
                    {str(k).strip().lower(): (v or "").strip() for k, v in row.items() if k},
                )


def _from_table(table: Path) -> Iterator[tuple[Path, Told]]:
    for number, row in _rows(table):
        where = f"{table.name}, line {number}"
        if not row.get("picture"):
            raise OwnDataError(f"{where} names no picture. The columns are {_COLUMNS}.")
        picture = table.parent / row["picture"]
        if not picture.is_file():
            raise OwnDataError(
                f"{where}: there is no {row['picture']} beside the table. Paths are relative to it."
            )
        question, answer = row.get("question", ""), row.get("answer", "")
        if bool(question) != bool(answer):
            raise OwnDataError(f"{where} has a question without an answer, or the other way round.")
        told = Told(row.get("label", ""))
        told.captions += [row["caption"]] if row.get("caption") else []
        told.qa += [(question, answer)] if question else []
        if told == Told():
            raise OwnDataError(f"{where} says nothing of its picture. The columns are {_COLUMNS}.")
        yield picture, told


def read_folder(folder: Path) -> list[tuple[Path, Told]]:
    """Each picture with what is said of it; a picture may come more than once.

    Raises:
        OwnDataError: the folder has none of the three forms, or something in it cannot be used.
    """
    if not folder.is_dir():
        raise OwnDataError(f"{folder} is not a folder. Give the folder that your pictures are in.")
    tables = sorted(path for path in folder.iterdir() if path.suffix in _TABLES)
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise OwnDataError(f"{folder} has several tables ({names}): leave one.")
    if tables:
        return list(_from_table(tables[0]))
    found: list[tuple[Path, Told]] = []
    for picture in _pictures(folder):
        text = picture.with_suffix(".txt")
        if text.exists():
            lines = text.read_text(encoding="utf-8-sig").splitlines()
            captions = [line.strip() for line in lines if line.strip()]
            if not captions:
                raise OwnDataError(f"{text.name} is empty: write a caption of {picture.name}.")
            found.append((picture, Told(captions=captions)))
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        found += [(picture, Told(label=part.name)) for picture in _pictures(part)]
    if not found:
        raise OwnDataError(
            f"{folder} has no pictures with texts. Put a table there (CSV, TSV or JSONL: {_COLUMNS}), "
            "or a folder of pictures for each class, or a name.txt beside each name.jpg."
        )
    return found


def _size(picture: Path) -> tuple[int, int]:
    """Of the upright picture."""
    try:
        with Image.open(picture) as image:
            return ImageOps.exif_transpose(image).size
    except (OSError, ValueError, Image.DecompressionBombError) as cause:
        raise OwnDataError(
            f"{picture} cannot be read as a picture: remove it, or save it as JPEG or PNG."
        ) from cause


def write_data(found: list[tuple[Path, Told]], out: Path) -> dict[str, int]:
    """Writes the data folder and returns the pictures by split.

    Pictures are named by their bytes: a copy is one picture, its texts come together, and the split, a fifth of
    the pictures with the lowest hashes, is the same each time. The features that are kept go by these names.

    Raises:
        OwnDataError: a picture cannot be read, or there are too few.
    """
    told: dict[str, Told] = {}
    files: dict[str, Path] = {}
    for picture, more in found:
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        files.setdefault(digest, picture)
        whole = told.setdefault(digest, Told())
        if more.label and whole.label not in ("", more.label):
            raise OwnDataError(
                f"{picture} is labelled {more.label}, and a copy of it {whole.label}: leave one of them."
            )
        whole.label = whole.label or more.label
        whole.captions += [text for text in more.captions if text not in whole.captions]
        whole.qa += [pair for pair in more.qa if pair not in whole.qa]
    if len(told) < FEWEST:
        raise OwnDataError(
            f"There are {len(told)} different pictures with texts; {FEWEST} are the fewest that can be learnt from."
        )
    val = set(sorted(told)[: math.ceil(len(told) * _VAL_SHARE)])
    (out / OWN).mkdir(parents=True, exist_ok=True)
    lines = []
    for digest in sorted(told):
        width, height = _size(files[digest])
        file = f"{OWN}/{digest[:24]}{files[digest].suffix.lower()}"
        if not (out / file).exists():
            shutil.copyfile(files[digest], out / file)
        record = {"file": file, "set": OWN, "split": "val" if digest in val else "train"}
        record |= {"w": width, "h": height, "label": told[digest].label}
        record |= {"captions": told[digest].captions, "qa": told[digest].qa}
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    (out / "manifest.jsonl").write_text("".join(lines), encoding="utf-8")
    return {"train": len(told) - len(val), "val": len(val)}
