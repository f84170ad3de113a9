"""The tiny models and the answers of the browser test are those that the published code gives today."""

import json
from pathlib import Path

import pytest

from training.tests.family.__main__ import BUILDERS, GOLDEN, MODELS, make

GOLDENS = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_model_has_answers() -> None:
    assert set(GOLDENS) == set(BUILDERS) == {path.name for path in MODELS.iterdir()}


@pytest.mark.parametrize("name", BUILDERS)
def test_models_and_answers_are_up_to_date(name: str, tmp_path: Path) -> None:
    """Made anew: the same bytes, and the same tokens from the reference."""
    golden = GOLDENS[name]
    assert make(name, golden["seed"], tmp_path) == golden["lines"]
    assert {path.name for path in tmp_path.iterdir()} == {p.name for p in (MODELS / name).iterdir()}
    for path in tmp_path.iterdir():
        assert (MODELS / name / path.name).read_bytes() == path.read_bytes(), path.name
