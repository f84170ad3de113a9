"""The sheet of the gallery: sets are served alike, and every picture has its words."""

import random
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.manifest import Record, Written
from training.evaluation.answer import Answerer
from training.gallery import Said, choose, say, sheet

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "pictures"


def test_sets_are_served_alike() -> None:
    records = [Record(f"{s}/{i}", s, "val", 9, 9) for s in ("a", "b") for i in range(20)]
    records.append(Record("c/0", "c", "val", 9, 9))
    chosen = choose(records, 11, random.Random(0))
    assert [sum(r.set == name for r in chosen) for name in "abc"] == [5, 5, 1]
    assert len({r.file for r in chosen}) == 11
    assert chosen == choose(records, 11, random.Random(0))
    assert len(choose(records, 99, random.Random(0))) == 41


def test_what_is_said_stands_on_the_sheet() -> None:
    """Four prompts a picture are answered by the tiny model; words change the sheet under the picture only."""
    with Image.open(PICTURES / "exact.png") as image:
        picture = image.convert("RGB")
    record = Record(
        "exact.png", "golden", "val", *picture.size, written=Written(qa=(("Is it", "yes"),))
    )
    answerer = Answerer(ROOT / "public" / "models" / "tiny-random", PICTURES)
    (said,) = say(answerer, [record], ["Is it"])
    assert said.question == "Is it"
    assert len({said.caption, said.name, said.answer}) > 1

    full = np.asarray(sheet([picture] * 7, [said] * 7, ["truth"] * 7)).astype(int)
    bare = np.asarray(sheet([picture] * 7, [Said("", "", "", "")] * 7, [""] * 7)).astype(int)
    assert full.shape == bare.shape
    changed = np.abs(full - bare).sum(2)
    assert changed[:248].sum() == 0
    assert changed[248 : full.shape[0] // 2].sum() > 0
