"""Grid, table and plots on the tiny model and a small data folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.evaluate import Conditions
from training.evaluation import grid
from training.evaluation.measure import over_seeds
from training.evaluation.plots import draw_all
from training.evaluation.sources import SOURCES
from training.evaluation.table import find, targets_table
from training.evaluation.targets import TARGETS, Target

TINY = Path(__file__).parents[2] / "public" / "models" / "tiny-random"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve plain pictures of each split, with text of every kind."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "a").mkdir()
    lines = []
    for i in range(24):
        file = f"a/{i}.png"
        Image.new("RGB", (80, 60), (10 * i, 255 - 10 * i, 128)).save(folder / file)
        text = {
            "subject": f"thing{i % 4}",
            "scene": f"place{i % 3}",
            "objects": ["dog", f"thing{i % 4}"],
            "captions": [f"a thing{i % 4} there"],
            "details": f"One thing{i % 4} is there.",
            "qa": [["Is it?", "yes"], ["How many?", str(i % 3)]],
        }
        line = {
            "file": file,
            "set": "life",
            "split": "val" if i < 12 else "train",
            "w": 80,
            "h": 60,
            "label": f"class{i % 3}",
            "written": text,
            "statements": [["It is", "true" if i % 4 else "false"]],
        }
        lines.append(json.dumps(line))
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def cells() -> list[grid.Cell]:
    base = Conditions(tuple(SOURCES), shots=(0, 2), ways=(2,), limit=4)
    return [
        grid.Cell("all", base),
        grid.Cell(
            "crossed",
            replace(
                base,
                tasks=("captions",),
                control=("text-only", "shuffled"),
                selection=("random", "rices"),
                seeds=2,
                text_examples=True,
            ),
        ),
    ]


def test_a_grid_measures_once(data: Path, cells: list[grid.Cell], tmp_path: Path) -> None:
    """Every task gives rows of the promised form; a second run measures only what is new."""
    out = tmp_path / "rows.json"
    rows = grid.run(cells, TINY, data, "val", out, None)
    assert {row["task"] for row in rows} == set(cells[0].conditions.tasks)
    for row in rows:
        assert row["interval"][0] <= row["value"] <= row["interval"][1] + 1e-9
        assert 0 < row["n"] <= 4
    crossed = {(r["shots"], r["selection"], r["control"], r.get("kind")) for r in rows}
    assert (2, "rices", "shuffled", None) in crossed
    assert (0, "random", "text-only", "text-examples") in crossed
    assert (0, "rices", "none", None) not in crossed
    ranked = [r for r in rows if r["task"] == "binding" and r["metric"] == "ranked"]
    assert ranked[0]["labels"] == "invented"
    assert (ranked[0]["ways"], ranked[0]["chance"]) == (2, 0.5)
    assert 0 <= ranked[0]["baseline"] <= 1

    before = out.read_text()
    assert grid.run(cells, TINY, data, "val", out, None) == json.loads(before)["results"]
    assert out.read_text() == before
    drawn = draw_all(rows, tmp_path / "plots")
    assert {"captions", "vqa", "binding"} <= set(drawn)
    for task in drawn:
        assert (tmp_path / "plots" / f"{task}.svg").stat().st_size > 1000
        assert (tmp_path / "plots" / f"{task}.png").stat().st_size > 1000


def test_the_clock_bounds_the_limit() -> None:
    """Half the time that is needed is half the queries; the least is kept."""
    first, second, third = (
        grid.Cell(name, Conditions(("captions",), shots=(0,), sets=("life",), limit=400))
        for name in ("first", "second", "third")
    )
    clock = grid.Clock([first, second, third], minutes=1.0)
    assert clock.limit(first) == 400
    clock.passed(first, 400, seconds=60.0)
    assert clock.seconds_left == pytest.approx(120.0)
    assert 190 < clock.limit(second) <= 200
    clock.passed(second, 200, seconds=100_000.0)
    assert clock.limit(third) == 40


def row(**fields: Any) -> dict[str, Any]:
    plain = {"task": "t", "set": "a", "text": "human", "shots": 0, "metric": "exact", "value": 0.5}
    more = {"interval": [0.4, 0.6], "selection": "random", "control": "none", "n": 100, "beams": 1}
    return plain | more | {"spread": 0.0} | fields


def test_targets_are_read_from_rows() -> None:
    """Sets are averaged by their queries; comparisons find their row; half a comparison is none."""
    target = Target("x", "exact", 0.3, {"task": "t", "shots": 0})
    rows = [row(), row(set="b", value=0.2, n=300, interval=[0.1, 0.3]), row(kind="text-examples")]
    found = find(target, rows)
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(0.275), 400)
    assert found.interval[0] == pytest.approx(0.275 - (0.025**2 + 0.075**2) ** 0.5)
    assert not found.meets(target)
    above = replace(target, than="shuffled", wanted=0.1)
    assert find(above, rows) is None
    found = find(above, [*rows, row(control="shuffled", value=0.3)])
    assert found is not None
    assert found.value == pytest.approx(0.2)
    assert found.meets(above)
    base = find(replace(target, than="baseline"), [row(baseline=0.45)])
    assert base is not None
    assert base.value == pytest.approx(0.05)
    helped = Target("x", "exact", 0.0, {"task": "t", "shots": 8}, "no shots")
    for spread, met in ((0.01, True), (0.2, False)):
        found = find(helped, [row(), row(shots=8, value=0.6, spread=spread)])
        assert found is not None
        assert found.meets(helped) is met
    assert targets_table([]).count("not measured") == len(TARGETS)


def test_seeds_make_one_row() -> None:
    (one,) = over_seeds([[row(value=0.4)], [row(value=0.6, interval=[0.5, 0.7])]])
    assert (one["value"], one["spread"]) == (pytest.approx(0.5), pytest.approx(0.1))
    assert one["interval"] == pytest.approx([0.45, 0.65])
