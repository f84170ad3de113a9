"""Two grids of measurements, and the plots of their curves.

    python -m training.evaluation.grid --core|--full --model M --data D --json OUT [--plots FOLDER]
        [--split val] [--minutes M] [--limit N]

The core grid measures every target, shots 0 to 32 with one seed, and controls, RICES and three seeds at 0 and 8
shots only; the full one crosses them everywhere. `--minutes` bounds the queries of a condition by the time that
is left for it, judged by what the conditions before have cost. What stands in OUT is not measured again, so an
interrupted grid goes on; rows of a smaller limit are not replaced.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.data.manifest import read_manifest
from training.data.pool import UNSEEN_FILE, with_held_out
from training.evaluate import Conditions, Evaluation, show, write_report
from training.evaluation.answer import Answerer
from training.evaluation.measure import Row, identity
from training.evaluation.plots import draw_all
from training.evaluation.sources import SOURCES

SHOTS = (0, 1, 2, 4, 8, 16, 32)
WRITTEN = ("openstax", "web", "hobby", "life")
CURVES = ("flickr8k", *WRITTEN)
_ALL_CONTROLS = ("none", "text-only", "shuffled")
# Fewer queries than these say nothing.
_LEAST = 40


@dataclass(frozen=True)
class Cell:
    """One run of a grid; `cost` is its expected share of the time, in queries' worth of four chunks."""

    name: str
    conditions: Conditions

    @property
    def cost(self) -> float:
        """Prompts to read, by their length in chunks; controls, selections and seeds are prompts again."""
        c = self.conditions
        repeats = len(c.control) * len(c.selection) * c.seeds * len(c.photos) * c.beams
        ways = c.ways or (1,)
        chunks = sum(
            4 + shots * (way if c.per_class or "binding" in c.tasks else 1)
            for shots in c.shots
            for way in ways
        )
        return repeats * chunks * len(c.tasks) * (len(c.sets) if c.sets else 6)


def _binding(splits: Sequence[str], limit: int) -> list[Cell]:
    unseen = Conditions(
        ("binding",), splits=splits, sets=("tiny",), classes=UNSEEN_FILE, limit=limit
    )
    return [
        Cell("binding 1-shot", replace(unseen, ways=(2, 5, 10), shots=(1,))),
        Cell("binding 5-shot", replace(unseen, ways=(2, 5), shots=(5,))),
        Cell(
            "binding, other pictures", replace(unseen, ways=(5,), shots=(1,), control=("shuffled",))
        ),
        Cell(
            "binding, same photo",
            replace(
                unseen,
                sets=("imagenet1k",),
                ways=(2, 5),
                shots=(1,),
                photos=("same",),
                limit=limit // 2,
            ),
        ),
    ]


def core(split: str, limit: int) -> list[Cell]:
    """Every target, the curves, and the controls at 0 and 8 shots; what the targets need comes first."""
    splits = (split,)
    base = Conditions((), splits=splits, limit=limit)
    both = replace(base, shots=(0, 8), control=_ALL_CONTROLS)
    # Held-out classes have too few photos in `val` alone.
    held_out = ("train", "val") if split == "val" else splits
    return [
        Cell(
            "captions, beam 3",
            replace(base, tasks=("captions",), sets=("flickr8k",), shots=(0,), beams=3),
        ),
        Cell(
            "captions and questions: controls",
            replace(both, tasks=("captions", "vqa"), sets=(*CURVES, "coco")),
        ),
        *_binding(held_out, max(limit, 1000) if limit >= 200 else limit),
        Cell(
            "clothing by class",
            replace(
                base,
                tasks=("naming",),
                sets=("clothing",),
                shots=(1, 2),
                per_class=True,
                ways=(10,),
            ),
        ),
        Cell(
            "names",
            replace(base, tasks=("naming",), sets=("tiny", "clothing"), shots=(0, 4), ways=(8,)),
        ),
        Cell(
            "human questions",
            replace(base, tasks=("vqa",), sets=("daquar", "easyvqa"), shots=(0, 4)),
        ),
        Cell(
            "statements",
            replace(base, tasks=("statements",), shots=(0, 4), control=("none", "shuffled")),
        ),
        Cell("style", replace(base, tasks=("style",), sets=CURVES, shots=(0, 2, 8))),
        *(
            Cell(task, replace(base, tasks=(task,), shots=(0, 4)))
            for task in ("clips", "induction")
        ),
        Cell(
            "text examples",
            replace(base, tasks=("captions", "vqa"), sets=CURVES, shots=(0,), text_examples=True),
        ),
        Cell(
            "RICES and seeds",
            replace(
                base,
                tasks=("captions", "vqa"),
                sets=("flickr8k", "life"),
                shots=(8,),
                seeds=3,
                selection=("random", "rices"),
            ),
        ),
        Cell(
            "subjects, scenes, objects",
            replace(
                base, tasks=("subject", "scene", "objects"), sets=WRITTEN, shots=(0, 4), ways=(8,)
            ),
        ),
        Cell("details", replace(base, tasks=("details",), sets=("life",), shots=(0, 4))),
        Cell(
            "curves",
            replace(
                base, tasks=("captions", "vqa", "subject"), sets=("flickr8k", "life"), shots=SHOTS
            ),
        ),
        Cell("curves of style", replace(base, tasks=("style",), sets=("life",), shots=SHOTS)),
    ]


def full(split: str, limit: int) -> list[Cell]:
    """The core grid, then everything under every control, selection and three seeds."""
    base = Conditions((), splits=(split,), limit=limit, shots=SHOTS)
    crossed = replace(
        base, control=_ALL_CONTROLS, selection=("random", "rices"), seeds=3, text_examples=True
    )
    tasks = [task for task in SOURCES if task != "binding"]
    held_out = ("train", "val") if split == "val" else (split,)
    episodes = Conditions(
        ("binding",),
        splits=held_out,
        limit=1000,
        ways=(2, 5, 10),
        shots=(1, 2, 5),
        control=_ALL_CONTROLS,
    )
    return [
        *core(split, limit),
        Cell("binding, all", replace(episodes, sets=("tiny",), classes=UNSEEN_FILE)),
        Cell("binding, seen classes", replace(episodes, sets=("tiny", "clothing", "corel"))),
        *(Cell(f"{task}, all", replace(crossed, tasks=(task,), ways=(8,))) for task in tasks),
    ]


class Clock:
    """Measures what a query's worth of work costs, and bounds the limit of what is left."""

    def __init__(self, cells: Sequence[Cell], minutes: float | None) -> None:
        self.left = sum(cell.cost * cell.conditions.limit for cell in cells)
        self.end = None if minutes is None else time.monotonic() + 60 * minutes
        self.done, self.spent = 0.0, 0.0

    @property
    def seconds_left(self) -> float | None:
        """Expected time for what is left; None before anything was measured."""
        return self.left * self.spent / self.done if self.done else None

    def limit(self, cell: Cell) -> int:
        """The cell's limit, or so much less that the whole ends in time."""
        expected = self.seconds_left
        if self.end is None or expected is None:
            return cell.conditions.limit
        share = max(0.0, self.end - time.monotonic()) / max(expected, 1e-9)
        return max(_LEAST, min(cell.conditions.limit, int(cell.conditions.limit * share)))

    def passed(self, cell: Cell, limit: int, seconds: float) -> None:
        """A cell was measured at a limit."""
        self.left -= cell.cost * cell.conditions.limit
        self.done += cell.cost * limit
        self.spent += seconds


def run(
    cells: Sequence[Cell], model: Path, data: Path, split: str, out: Path, minutes: float | None
) -> list[Row]:
    """Measures what is missing in `out`; returns all its rows."""
    report = (
        json.loads(out.read_text()) if out.exists() else {"results": [], "cells": [], "skipped": []}
    )
    rows: dict[tuple[object, ...], Row] = {identity(row): row for row in report["results"]}
    finished: list[str] = report.get("cells", [])
    evaluation = Evaluation(
        Answerer(model, data), with_held_out(read_manifest(data)), report["skipped"]
    )
    todo = [cell for cell in cells if cell.name not in finished]
    clock = Clock(todo, minutes)
    for number, cell in enumerate(todo, 1):
        limit, begun = clock.limit(cell), time.monotonic()
        left = clock.seconds_left
        eta = "" if left is None else f", about {left / 60:.0f} min left"
        print(f"[{number}/{len(todo)}] {cell.name}, limit {limit}{eta}", flush=True)
        for row in evaluation.rows(replace(cell.conditions, limit=limit)):
            if rows.get(identity(row), row)["n"] <= row["n"]:
                rows[identity(row)] = row
            print(f"  {show(row)}", flush=True)
        finished.append(cell.name)
        clock.passed(cell, limit, time.monotonic() - begun)
        skipped = list(dict.fromkeys(evaluation.skipped))
        write_report(out, model, split, list(rows.values()), skipped, finished)
    return list(rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--core", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--plots", type=Path, help="folder of the curves")
    parser.add_argument("--minutes", type=float, help="120 for the core grid by default")
    parser.add_argument("--limit", type=int, default=200, help="queries a task, set and condition")
    args = parser.parse_args()
    cells = (core if args.core else full)(args.split, args.limit)
    minutes = args.minutes or (120.0 if args.core else None)
    rows = run(cells, args.model, args.data, args.split, args.json, minutes)
    if args.plots:
        draw_all(rows, args.plots)


if __name__ == "__main__":
    main()
