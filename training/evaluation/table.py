"""The measured rows against the targets, as a markdown table for `docs/model-card.md`.

    python -m training.evaluation.table --json FILE… [--rows]

With `--rows` every row follows, task by task.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation.measure import Row, identity
from training.evaluation.targets import TARGETS, Target

_PLAIN = frozenset({"cider", "bleu4"})


@dataclass(frozen=True)
class Found:
    """A target's measured value with its 95 % interval over `n` queries; `spread` over seeds."""

    value: float
    interval: tuple[float, float]
    n: int
    spread: float

    def meets(self, target: Target) -> bool:
        """Reached; where shots are to help, by more than the spread."""
        if target.than == "no shots":
            return self.value > self.spread
        return self.value >= target.wanted - 1e-9


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """The rows of several reports; a later measurement replaces an earlier one of the same."""
    rows: dict[tuple[Any, ...], Row] = {}
    for path in paths:
        for row in json.loads(path.read_text())["results"]:
            rows[identity(row)] = row
    return list(rows.values())


def _matches(row: Row, metric: str, where: dict[str, Any]) -> bool:
    # A target that says nothing of these means the plain condition.
    wanted = {"selection": "random", "control": "none", "beams": 1} | where
    if "kind" not in where and "kind" in row:
        return False
    return row["metric"] == metric and all(
        row.get(k) in v if isinstance(v, tuple) else row.get(k) == v for k, v in wanted.items()
    )


def _other(row: Row, rows: Sequence[Row], target: Target) -> float | None:
    """What the row's value is compared with."""
    if target.than == "nothing":
        return 0.0
    if target.than == "baseline":
        return row.get("baseline")
    change = {"control": "shuffled"} if target.than == "shuffled" else {"shots": 0}
    wanted = identity(row | change)
    return next((other["value"] for other in rows if identity(other) == wanted), None)


def find(target: Target, rows: Sequence[Row]) -> Found | None:
    """The target's value; None where nothing or only part of a comparison was measured."""
    own = [row for row in rows if _matches(row, target.metric, target.where)]
    pairs = [(row, other) for row in own if (other := _other(row, rows, target)) is not None]
    if not pairs:
        return None
    n = np.array([row["n"] for row, _ in pairs], np.float64)
    share = n / n.sum()
    values = np.array([row["value"] - other for row, other in pairs])
    value = float(values @ share)
    # Sets are independent: the half widths of their intervals add in squares.
    halves = np.array([np.subtract(row["interval"][::-1], row["value"]) for row, _ in pairs])
    up, down = np.sqrt(((halves * share[:, None]) ** 2).sum(0))
    spread = float(np.array([row["spread"] for row, _ in pairs]) @ share)
    return Found(value, (value - float(down), value + float(up)), int(n.sum()), spread)


def written(value: float, metric: str) -> str:
    """Percent, or the scorer's own scale."""
    return f"{value:.3f}" if metric in _PLAIN else f"{100 * value:.1f} %"


def targets_table(rows: Sequence[Row]) -> str:
    """One line a target."""
    lines = [
        "| task | target | measured | 95 % interval | n | met |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for target in TARGETS:
        found = find(target, rows)
        wanted = "higher" if target.than == "no shots" else written(target.wanted, target.metric)
        if found is None:
            lines.append(f"| {target.name} | {wanted} | not measured | | | |")
            continue
        low, high = (written(bound, target.metric) for bound in found.interval)
        value = written(found.value, target.metric)
        if found.spread:
            value += f" (± {written(found.spread, target.metric)})"
        met = "yes" if found.meets(target) else "no"
        lines.append(
            f"| {target.name} | {wanted} | {value} | {low} to {high} | {found.n} | {met} |"
        )
    return "\n".join(lines)


def rows_table(rows: Sequence[Row]) -> str:
    """Every row, sorted by task and set."""
    lines = [
        "| task | set | text | shots | condition | metric | value | interval | baseline | n |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(rows, key=lambda row: tuple(str(x).zfill(3) for x in identity(row))):
        notes = [str(row[k]) for k in ("type", "kind", "photos", "labels") if k in row]
        notes += [f"{row['ways']} ways"] if "ways" in row else []
        notes += [row[k] for k in ("selection", "control") if row[k] not in ("random", "none")]
        notes += ["beam 3"] if row["beams"] == 3 else []
        low, high = (written(bound, row["metric"]) for bound in row["interval"])
        base = [written(row[k], row["metric"]) for k in ("baseline", "chance") if k in row]
        value = written(row["value"], row["metric"])
        value += f" (± {written(row['spread'], row['metric'])})" if row["spread"] else ""
        lines.append(
            f"| {row['task']} | {row['set']} | {row['text']} | {row['shots']} | {', '.join(notes)} | "
            f"{row['metric']} | {value} | {low} to {high} | {' / '.join(base)} | {row['n']} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", action="store_true", help="every row as well")
    args = parser.parse_args()
    rows = read_rows(args.json)
    print(targets_table(rows))
    if args.rows:
        print(f"\n{rows_table(rows)}")


if __name__ == "__main__":
    main()
