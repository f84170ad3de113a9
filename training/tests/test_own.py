"""A person's folder in each form, what is wrong with a folder, and that twelve pictures are enough to learn from."""

import json
import random
from pathlib import Path

import pytest
import torch
from PIL import Image

from training.data.episodes import Episodes
from training.data.features import FeatureStore
from training.data.manifest import Record, read_manifest
from training.data.own import OwnDataError, Told, read_folder, write_data
from training.data.views import MIRROR, views_of
from training.own import Best, tasks_of, train
from training.tests.tiny_run import parts_in
from training.trainer import CHECKPOINT, Parts


def _picture(path: Path, shade: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (shade, 255 - shade, 90)).save(path)
    return path


def _classes(folder: Path) -> Path:
    for i in range(12):
        _picture(folder / ("cup", "hat", "key")[i % 3] / f"{i}.png", i * 20)
    return folder


def test_the_three_forms_say_the_same(tmp_path: Path) -> None:
    picture = _picture(tmp_path / "csv" / "a b.png", 7)
    (tmp_path / "csv" / "texts.csv").write_text(
        'Picture,caption,label,question,answer\n"a b.png","A cup, on a table",cup,,\n'
        '"a b.png",,,What is it?,a cup\n'
    )
    told = read_folder(tmp_path / "csv")
    assert told == [
        (picture, Told("cup", ["A cup, on a table"])),
        (picture, Told(qa=[("What is it?", "a cup")])),
    ]
    for name, line in (
        ("tsv", "picture\tcaption\nx.png\tA cup\n"),
        ("jsonl", json.dumps({"picture": "x.png", "caption": "A cup"}) + "\n"),
    ):
        found = _picture(tmp_path / name / "x.png", 9)
        (tmp_path / name / f"texts.{name}").write_text(line)
        assert read_folder(tmp_path / name) == [(found, Told(captions=["A cup"]))]
    beside = _picture(tmp_path / "txt" / "x.jpg", 9)
    beside.with_suffix(".txt").write_text("A cup\n\nA white cup\n")
    assert read_folder(tmp_path / "txt") == [(beside, Told(captions=["A cup", "A white cup"]))]
    labels = [told.label for _, told in read_folder(_classes(tmp_path / "classes"))]
    assert sorted(set(labels)) == ["cup", "hat", "key"] and len(labels) == 12


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "has no pictures with texts"),
        ({"a.csv": "picture,caption\nx.png,A cup\n"}, "a.csv, line 2: there is no x.png"),
        ({"a.csv": "file,text\nx.png,A cup\n"}, "line 2 names no picture. The columns are"),
        ({"a.csv": "picture,question\np.png,What?\n"}, "a question without an answer"),
        ({"a.csv": "picture,caption\np.png,\n"}, "says nothing of its picture"),
        ({"a.jsonl": "{picture}\n"}, "line 1 is not JSON"),
        ({"a.csv": "", "b.tsv": ""}, "several tables"),
        ({"p.txt": " \n"}, "p.txt is empty"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    if files:
        _picture(tmp_path / "p.png", 3)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(OwnDataError, match=sentence):
        read_folder(tmp_path)


def test_pictures_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    found = read_folder(_classes(tmp_path / "in"))
    with pytest.raises(OwnDataError, match="7 different pictures"):
        write_data(found[:7], tmp_path / "out")
    (tmp_path / "in" / "cup" / "0.png").write_bytes(b"no picture")
    with pytest.raises(OwnDataError, match=r"0\.png cannot be read as a picture"):
        write_data(found, tmp_path / "out")


def test_copies_are_one_picture_and_the_split_stays(tmp_path: Path) -> None:
    found = read_folder(_classes(tmp_path / "in"))
    copy = tmp_path / "in" / "copy.png"
    copy.write_bytes(found[0][0].read_bytes())
    found.append((copy, Told(captions=["A cup"])))
    splits = write_data(found, tmp_path / "out")
    assert splits == {"train": 9, "val": 3}
    records = read_manifest(tmp_path / "out")
    assert sum(bool(r.captions) and r.label == "cup" for r in records) == 1
    assert all((tmp_path / "out" / r.file).exists() for r in records)
    write_data(found[::-1], tmp_path / "again")
    assert {r.key: r.split for r in read_manifest(tmp_path / "again")} == {
        r.key: r.split for r in records
    }
    with pytest.raises(OwnDataError, match="a copy of it"):
        write_data([*found, (copy, Told("hat"))], tmp_path / "out")


def _parts(folder: Path, records: list[Record]) -> Parts:
    """The tiny model over the records, with random features."""
    parts = parts_in(folder / "tiny")
    store = FeatureStore([*records, *views_of(records)], folder / "features")
    for name in ("own", f"own.{MIRROR}"):
        store.append(name, torch.rand(len(store.missing(name)), 81, 1280) * 6)
    kept = [r for r in records if r.split == "train"]
    return Parts(parts.model, Episodes(kept, store, parts.episodes.packer))


def test_twelve_pictures_are_learnt_and_the_best_bridge_is_kept(tmp_path: Path) -> None:
    write_data(read_folder(_classes(tmp_path / "in")), tmp_path / "data")
    records = read_manifest(tmp_path / "data")
    assert tasks_of(records) == ["naming"]
    parts = _parts(tmp_path, records)
    val = [r for r in records if r.split == "val"]
    rows = parts.episodes.rows(640, random.Random(0))
    assert all(record.split == "train" for row in rows for record in row.media)
    before = Best(parts, val)
    before(0.0)
    state = train(parts, val, tmp_path / "run", minutes=0.05)
    assert (tmp_path / "run" / CHECKPOINT).exists()
    parts.model.bridge.load_state_dict(state)
    after = Best(parts, val)
    after(0.0)
    # Six steps from random weights need not help; then the start is what is kept.
    assert after.loss < before.loss + 1e-6

    # A worse bridge later on is not the one that is kept.
    with torch.no_grad():
        parts.model.bridge.new_head.normal_(0, 3)
    after(1.0)
    assert all(torch.equal(after.state[name], state[name]) for name in state)
