"""Measures an exported model with native ONNX Runtime.

    python -m training.evaluate --model public/models/NAME --data FOLDER --split val
        --tasks captions,naming,vqa,statements --shots 0,4 --limit N --json OUT
        [--sets A,B] [--classes FILE] [--ways N] [--beams 1|3] [--seed N]

Prints one line a condition as it comes and writes the rows as JSON. Values are on 0..1 (CIDEr as its
scorer gives it). Exact means: lower case, `_` as space, punctuation and articles dropped, comma lists
as sets. Ranked naming takes the best mean log-probability among the set's names, or among `--ways N`
of them, the right one and N-1 drawn by the seed.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from training.data.manifest import read_manifest
from training.data.pool import in_classes, read_classes
from training.data.tasks import name
from training.evaluation.answer import Answerer
from training.evaluation.queries import Group, TaskName, build_groups
from training.evaluation.scoring import Score, bleu4, cider, is_exact, mean_score
from training.prompts import PROMPTS

_PROMPT_OF: dict[TaskName, str] = {
    "captions": "caption",
    "naming": "classify",
    "vqa": "question",
    "statements": "statement",
}


def exact(answers: Sequence[str], group: Group) -> Score:
    """Share of answers that equal one of the right ones."""
    pairs = zip(answers, group.queries, strict=True)
    return mean_score([float(any(is_exact(a, t) for t in q.truths)) for a, q in pairs])


def candidates_of(names: list[str], truth: str, ways: int | None, rng: random.Random) -> list[str]:
    """All names, or the right one and ways-1 others."""
    if ways is None or ways >= len(names):
        return names
    return [truth, *rng.sample([other for other in names if other != truth], ways - 1)]


def measure(
    group: Group,
    answerer: Answerer,
    names: list[str],
    ways: int | None,
    beams: int,
    seed: int,
) -> list[dict[str, Any]]:
    """The rows of one group."""
    base: dict[str, Any] = {
        "task": group.task,
        "set": group.set,
        "text": group.text,
        "shots": group.shots,
        "selection": "random",
        "control": "none",
        "n": len(group.queries),
        "beams": beams,
    }

    def row(metric: str, score: Score, **more: Any) -> dict[str, Any]:
        value = {"metric": metric, "value": score.value, "spread": 0.0}
        return base | value | {"interval": list(score.interval)} | more

    longest = PROMPTS[_PROMPT_OF[group.task]].max_new_tokens
    answers = answerer.generate(group.queries, longest, beams)
    if group.task == "captions":
        references = [query.truths for query in group.queries]
        return [
            row("cider", cider(answers, references)),
            row("bleu4", bleu4(answers, references)),
        ]
    rows = [row("exact", exact(answers, group))]
    if group.task == "naming":
        rng = random.Random(seed)
        options = [candidates_of(names, q.truths[0], ways, rng) for q in group.queries]
        ranked = answerer.rank(group.queries, options)
        right = [float(best == q.truths[0]) for best, q in zip(ranked, group.queries, strict=True)]
        rows.append(
            row(
                "ranked",
                mean_score(right),
                ways=len(options[0]),
                labels="real",
                chance=1 / len(options[0]),
            )
        )
    return rows


def show(row: dict[str, Any]) -> str:
    """One line of the printed table."""
    low, high = row["interval"]
    ways = f" {row['ways']}-way" if "ways" in row else ""
    return (
        f"{row['task']:<11}{row['set']:<11}{row['text']:<9}{row['shots']:>2} shots  "
        f"{row['metric'] + ways:<14}{row['value']:7.3f}  [{low:.3f}, {high:.3f}]  n={row['n']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val", help="a split's name, or several by commas")
    parser.add_argument("--tasks", default=",".join(get_args(TaskName)))
    parser.add_argument("--shots", default="0,4")
    parser.add_argument("--limit", type=int, default=200, help="queries a condition")
    parser.add_argument("--sets", help="comma list; all by default")
    parser.add_argument("--classes", type=Path, help="one label or wnid a line, for naming")
    parser.add_argument("--ways", type=int, help="ranked naming among so many names")
    parser.add_argument("--beams", type=int, choices=(1, 3), default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--json", type=Path, help="where the rows are written")
    args = parser.parse_args()

    splits = args.split.split(",")
    sets = args.sets.split(",") if args.sets else None
    records = [
        record
        for record in read_manifest(args.data)
        if record.split in splits and (sets is None or record.set in sets)
    ]
    if not records:
        parser.error(f"{args.data} has no pictures in split {args.split} of sets {args.sets}")
    tasks = args.tasks.split(",")
    unknown = set(tasks) - set(get_args(TaskName))
    if unknown:
        parser.error(f"unknown tasks: {', '.join(sorted(unknown))}")
    classes = read_classes(args.classes) if args.classes else None
    shots = [int(count) for count in args.shots.split(",")]
    groups = build_groups(records, tasks, shots, args.limit, args.seed, classes)

    answerer = Answerer(args.model, args.data, args.batch)
    rows: list[dict[str, Any]] = []
    for group in groups:
        names = sorted(
            {
                name(record.label)
                for record in records
                if record.set == group.set
                and record.label
                and (classes is None or in_classes(record, classes))
            }
        )
        for row in measure(group, answerer, names, args.ways, args.beams, args.seed):
            rows.append(row)
            print(show(row), flush=True)
        if args.json:
            report = {"model": args.model.name, "split": args.split, "results": rows}
            args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
