"""Measures an exported model.

    python -m training.evaluate --model public/models/NAME --data FOLDER --split val
        --tasks captions,naming,vqa,… --shots 0,4 --limit N --json OUT
        [--sets A,B] [--classes FILE] [--ways 2,5] [--per-class] [--photos different,same]
        [--selection random,rices] [--control none,text-only,shuffled] [--text-examples]
        [--seeds N] [--seed N] [--beams 1|3]

Prints one line a row as it comes and writes the rows as JSON. Values are on 0..1 (CIDEr as its scorer gives
it). Exact means: lower case, `_` as space, punctuation and articles dropped, comma lists as sets. Ranked takes
the option with the best mean log-probability among the set's names, or among `--ways N` of them, the right
one and N-1 drawn by the seed. `shots` 0 is the preset's prompt alone; with `--text-examples` there is also a
row of `kind` text-examples, two examples without pictures before it. Controls: `text-only` closes the gates,
`shuffled` shows other pictures of the same set. With `--seeds` the same queries (in binding: other episodes)
get other examples; `value` and `interval` are means over the seeds, `spread` is the deviation.

Vision and bridge are the exported graphs on native ONNX Runtime; the language model is computed from the same
shards by `training/evaluation/network.py`.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from training.data.manifest import Record, read_manifest
from training.data.pool import read_classes, with_held_out
from training.evaluation.answer import Answerer
from training.evaluation.binding import MOST_EXAMPLES
from training.evaluation.measure import Row, measure, over_seeds
from training.evaluation.pool import Photos, Request, pool_of
from training.evaluation.queries import Control, Group, Selection
from training.evaluation.sources import SOURCES, TAKES_SELECTION, TAKES_WAYS, sources_of


@dataclass(frozen=True)
class Conditions:
    """What is measured; lists are crossed where that has a meaning."""

    tasks: Sequence[str]
    shots: Sequence[int] = (0, 4)
    limit: int = 200
    splits: Sequence[str] = ("val",)
    sets: Sequence[str] | None = None
    classes: Path | None = None
    ways: Sequence[int] = ()
    per_class: bool = False
    photos: Sequence[Photos] = ("different",)
    selection: Sequence[Selection] = ("random",)
    control: Sequence[Control] = ("none",)
    text_examples: bool = False
    seeds: int = 1
    seed: int = 0
    beams: int = 1

    def of(self, task: str) -> Iterator[Request]:
        """The requests of a task, without records; those without a meaning are left out."""
        ways = (self.ways or ((2, 5) if task == "binding" else ())) if task in TAKES_WAYS else ()
        photos = self.photos if task == "binding" else ("different",)
        selection = self.selection if task in TAKES_SELECTION else ("random",)
        for way, photo, shots, chosen in itertools.product(
            ways or (None,), photos, self.shots, selection
        ):
            if chosen == "random" or (shots and not self.per_class):
                yield Request(
                    (),
                    (),
                    _no_mean,
                    shots=shots,
                    limit=self.limit,
                    seed=self.seed,
                    ways=way,
                    classes=read_classes(self.classes) if self.classes else None,
                    selection=chosen,
                    photos=photo,
                    per_class=self.per_class,
                )


def _no_mean(_: Any) -> Any:
    raise AssertionError("records come with their features")


@dataclass
class Evaluation:
    """A model on a data folder; `skipped` lists what could not be measured, and why."""

    answerer: Answerer
    all_records: list[Record]
    skipped: list[str] = field(default_factory=list)

    def rows(self, conditions: Conditions) -> Iterator[Row]:
        """All rows, in the order of tasks and conditions."""
        wanted = [
            record
            for record in self.all_records
            if record.split in conditions.splits
            and (conditions.sets is None or record.set in conditions.sets)
        ]
        pool = pool_of(self.all_records, conditions.splits)
        for task in conditions.tasks:
            for bare in conditions.of(task):
                mean = lambda picture: self.answerer.media.see(picture).mean  # noqa: E731
                request = replace(bare, records=wanted, pool=pool, mean=mean)
                examples = (request.ways or 1) * request.shots
                if task == "binding" and examples > MOST_EXAMPLES:
                    self._skip(f"binding {request.ways} ways x {request.shots} shots", "over 50")
                    continue
                variants = [request]
                if conditions.text_examples and not request.shots:
                    variants.append(replace(request, text_examples=True))
                for variant in variants:
                    yield from self._condition(task, variant, conditions)

    def _condition(self, task: str, request: Request, conditions: Conditions) -> Iterator[Row]:
        """One request under all controls and seeds. Without examples there is nothing for seeds to change."""
        seeds = conditions.seeds if request.shots or request.text_examples else 1
        for control in conditions.control:
            runs: list[list[Row]] = []
            for seed in range(seeds):
                seeded = replace(request, example_seed=seed)
                rows: list[Row] = []
                for source in sources_of(task, request):
                    for group in source(seeded):
                        rows += self._group(group, control, conditions.beams, seeded)
                runs.append(rows)
            yield from over_seeds(runs)

    def _group(self, group: Group, control: Control, beams: int, request: Request) -> list[Row]:
        seed = request.seed + request.example_seed
        rows, left_out = measure(group, self.answerer, control, beams, request.selection, seed)
        if left_out:
            what = f"{group.task} {group.set} {group.shots} shots: {left_out} prompts"
            self._skip(what, "longer than the context")
        return rows

    def _skip(self, what: str, why: str) -> None:
        self.skipped.append(f"{what}: {why}")


def show(row: Row) -> str:
    """One line of the printed table."""
    low, high = row["interval"]
    notes = [row[name] for name in ("type", "kind", "photos", "labels") if name in row]
    notes += [f"{row['ways']}-way"] if "ways" in row else []
    notes += [row[name] for name in ("selection", "control") if row[name] not in ("random", "none")]
    notes += [f"beam {row['beams']}"] if row["beams"] > 1 else []
    more = "".join(f"  {name} {row[name]:.3f}" for name in ("baseline", "chance") if name in row)
    more += f"  spread {row['spread']:.3f}" if row["spread"] else ""
    return (
        f"{row['task']:<11}{row['set']:<11}{row['text']:<8}{row['shots']:>2} shots  "
        f"{row['metric']:<7}{row['value']:7.3f}  [{low:.3f}, {high:.3f}]  n={row['n']:<5}"
        f"{' '.join(map(str, notes))}{more}"
    )


def numbers(text: str) -> list[int]:
    """ "0,4" -> [0, 4]."""
    return [int(part) for part in text.split(",")]


def choices(*allowed: str) -> Callable[[str], list[str]]:
    """A comma list of some of these."""

    def parse(text: str) -> list[str]:
        parts = text.split(",")
        unknown = [part for part in parts if part not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"{', '.join(unknown)}: known are {', '.join(allowed)}"
            )
        return parts

    return parse


def write_report(
    path: Path,
    model: Path,
    split: str,
    rows: list[Row],
    skipped: list[str],
    cells: Sequence[str] = (),
) -> None:
    """The rows as JSON, whole or not at all; `cells` are the parts of a grid that are done."""
    report = {"model": model.name, "split": split, "results": rows, "skipped": skipped}
    if cells:
        report["cells"] = list(cells)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(report, indent=1) + "\n")
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val", help="a split's name, or several by commas")
    parser.add_argument("--tasks", type=choices(*SOURCES), default=list(SOURCES))
    parser.add_argument("--shots", type=numbers, default=[0, 4])
    parser.add_argument("--limit", type=int, default=200, help="queries a task, set and condition")
    parser.add_argument("--sets", help="comma list; all by default")
    parser.add_argument("--classes", type=Path, help="one label or wnid a line: naming and binding")
    parser.add_argument("--ways", type=numbers, default=[], help="classes of an episode, or names")
    parser.add_argument("--per-class", action="store_true", help="naming: shots of each class")
    parser.add_argument("--photos", type=choices("different", "same"), default=["different"])
    parser.add_argument("--selection", type=choices("random", "rices"), default=["random"])
    parser.add_argument(
        "--control", type=choices("none", "text-only", "shuffled"), default=["none"]
    )
    parser.add_argument("--text-examples", action="store_true", help="the literature's zero-shot")
    parser.add_argument("--seeds", type=int, default=1, help="draws of examples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--beams", type=int, choices=(1, 3), default=1)
    parser.add_argument("--json", type=Path, help="where the rows are written")
    args = parser.parse_args()

    records = with_held_out(read_manifest(args.data))
    conditions = Conditions(
        tasks=args.tasks,
        shots=args.shots,
        limit=args.limit,
        splits=args.split.split(","),
        sets=args.sets.split(",") if args.sets else None,
        classes=args.classes,
        ways=args.ways,
        per_class=args.per_class,
        photos=args.photos,
        selection=args.selection,
        control=args.control,
        text_examples=args.text_examples,
        seeds=args.seeds,
        seed=args.seed,
        beams=args.beams,
    )
    known = {(record.split, record.set) for record in records}
    sets = conditions.sets or {name for _, name in known}
    if not any(split in conditions.splits and name in sets for split, name in known):
        parser.error(f"{args.data} has no pictures in split {args.split} of sets {args.sets}")

    evaluation = Evaluation(Answerer(args.model, args.data), records)
    rows: list[Row] = []
    for row in evaluation.rows(conditions):
        rows.append(row)
        print(show(row), flush=True)
        if args.json:
            write_report(args.json, args.model, args.split, rows, evaluation.skipped)
    for line in evaluation.skipped:
        print(f"skipped: {line}")
    if not rows:
        parser.error("nothing was measured: no picture of these sets serves these tasks")
    if args.json:
        write_report(args.json, args.model, args.split, rows, evaluation.skipped)


if __name__ == "__main__":
    main()
