"""The feature store grows by appending, and says what it has."""

from pathlib import Path

import numpy as np
import torch

from training.data.features import LEVELS, FeatureStore
from training.data.manifest import Record

RECORDS = [Record(f"s/{i}.png", "s", "train", 300 if i == 3 else 100, 100) for i in range(6)]


def test_pictures_come_in_order_and_tiles_stay_together(tmp_path: Path) -> None:
    store = FeatureStore(RECORDS, tmp_path)
    todo = store.missing("s")
    assert sorted(record.file for record in todo) == sorted(record.file for record in RECORDS)
    known = {}
    for i, record in enumerate(todo):
        tiles = 3 if record.file == "s/3.png" else 1
        known[record.file] = torch.full((tiles, 81, 1280), float(i % 6))
        store.append("s", known[record.file])
        store.refresh()
        assert record in store
        assert store.missing("s") == todo[i + 1 :]
    again = FeatureStore(RECORDS, tmp_path)
    for record in RECORDS:
        wanted = known[record.file].reshape(-1, 1280).numpy()
        assert np.abs(again.raw(record) / LEVELS - wanted).max() < 1 / LEVELS


def test_another_manifest_has_other_files(tmp_path: Path) -> None:
    store = FeatureStore(RECORDS, tmp_path)
    store.append("s", torch.zeros(8, 81, 1280))
    assert not FeatureStore(RECORDS, tmp_path).missing("s")
    assert len(FeatureStore(RECORDS[:5], tmp_path).missing("s")) == 5


def test_kept_out_pictures_are_remembered(tmp_path: Path) -> None:
    store = FeatureStore(RECORDS, tmp_path)
    store.note_kept_out(RECORDS[2])
    assert FeatureStore(RECORDS, tmp_path).kept_out == {RECORDS[2].file}
