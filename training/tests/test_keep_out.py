"""What is kept out of training: the list is complete and finds copies; held scenes stay out."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.keep_out import LIST, ROOT, covered, is_kept_out, line_of
from training.data.manifest import Record
from training.data.pool import HELD, nlvr_scene, trainable, with_held_out

SHIPPED = sorted((ROOT / "public" / "examples").glob("*.jpg"))


def test_every_shipped_and_test_picture_is_listed() -> None:
    listed = LIST.read_text(encoding="utf-8").splitlines()
    assert len(SHIPPED) >= 4
    assert listed == [line_of(path) for path in covered()], "run python -m training.data.keep_out"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_copies_are_found(path: Path) -> None:
    with Image.open(path) as image:
        assert is_kept_out(image)
        small = io.BytesIO()
        image.resize((224, 224), Image.Resampling.BICUBIC).save(small, "JPEG", quality=60)
        assert is_kept_out(Image.open(small)), "stretched and recompressed"
        assert is_kept_out(image.convert("L")), "without colour"
        assert not is_kept_out(image.transpose(Image.Transpose.ROTATE_180))


def test_other_pictures_are_not() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        coarse = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        assert not is_kept_out(Image.fromarray(coarse).resize((300, 200)))
    assert not is_kept_out(Image.new("RGB", (100, 100), "white"))


def test_held_out_scenes_are_whole_and_never_trained() -> None:
    records = [
        Record(f"nlvr/train-{i}-{order}-0.png", "nlvr", "train", 400, 100)
        for i in range(400)
        for order in range(2)
    ]
    split = with_held_out(records)
    held = {nlvr_scene(r) for r in split if r.split == HELD}
    assert 40 < len(held) < 160
    assert not {nlvr_scene(r) for r in trainable(records)} & held
    assert len(trainable(records)) + sum(r.split == HELD for r in split) == len(records)
