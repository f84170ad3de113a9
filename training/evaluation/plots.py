"""Curves over the number of shots, as PNG and SVG.

python -m training.evaluation.plots --json FILE… --plots FOLDER
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend is chosen first

from training.evaluation.measure import Row  # noqa: E402
from training.evaluation.table import read_rows  # noqa: E402

# One picture a task: its metric, and the rows that make its curves.
_CURVES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("captions", "cider", "CIDEr", {}),
    ("vqa", "exact", "exact match", {"type": "all"}),
    ("subject", "exact", "exact match", {}),
    ("style", "exact", "format and content", {"type": "all", "kind": "both"}),
    ("naming", "exact", "exact match", {}),
)
_DASHES = {"none": "-", "shuffled": "--", "text-only": ":"}


def _lines(
    rows: Sequence[Row], task: str, metric: str, where: dict[str, Any]
) -> dict[Any, list[Row]]:
    lines: dict[Any, list[Row]] = {}
    for row in rows:
        plain = row["beams"] == 1 and "photos" not in row and row.get("kind") == where.get("kind")
        wanted = {"task": task, "metric": metric} | where
        if plain and all(row.get(k) == v for k, v in wanted.items()):
            key = (row["set"], row["text"], row["selection"], row["control"])
            lines.setdefault(key, []).append(row)
    return {key: sorted(line, key=lambda row: row["shots"]) for key, line in lines.items()}


def draw(
    rows: Sequence[Row], task: str, metric: str, label: str, where: dict[str, Any], folder: Path
) -> bool:
    """Draws one task; false where there are not two points of any curve."""
    lines = {k: line for k, line in _lines(rows, task, metric, where).items() if len(line) > 1}
    if not lines:
        return False
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    names = sorted({key[:2] for key in lines})
    for (set_name, text, selection, control), line in sorted(lines.items()):
        # Shots double: 0 has a place of its own before 1.
        x = [0.5 if row["shots"] == 0 else row["shots"] for row in line]
        y = [row["value"] for row in line]
        color = f"C{names.index((set_name, text))}"
        notes = [set_name, text] + [n for n in (selection, control) if n not in ("random", "none")]
        marker = "s" if selection == "rices" else "o"
        axes.plot(x, y, _DASHES[control], marker=marker, ms=4, color=color, label=", ".join(notes))
        if control == "none" and selection == "random":
            low, high = zip(*(row["interval"] for row in line), strict=True)
            axes.fill_between(x, low, high, color=color, alpha=0.12, lw=0)
    shots = sorted({row["shots"] for line in lines.values() for row in line})
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.5 if s == 0 else s for s in shots], [str(s) for s in shots])
    axes.minorticks_off()
    axes.set(xlabel="examples in the prompt", ylabel=label, title=task)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    figure.legend(fontsize=7, loc="outside right upper")
    for kind in ("png", "svg"):
        figure.savefig(
            folder / f"{task}.{kind}", dpi=150, metadata={"Date": None} if kind == "svg" else None
        )
    plt.close(figure)
    return True


def draw_binding(rows: Sequence[Row], folder: Path) -> bool:
    """Binding beside the nearest class mean and chance, a pair of bars for each kind of episode."""
    own = [
        row
        for row in rows
        if row["task"] in ("binding", "naming")
        and row["metric"] == "ranked"
        and "photos" in row
        and row["control"] == "none"
    ]
    if not own:
        return False
    own.sort(key=lambda row: (row["task"], row["photos"], row["set"], row["ways"], row["shots"]))
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.5 * len(own)), layout="constrained")
    for y, row in enumerate(own):
        axes.barh(y - 0.2, row["value"], 0.38, color="C0", label="this model" if not y else None)
        axes.barh(
            y + 0.2,
            row["baseline"],
            0.38,
            color="0.7",
            label="nearest class mean" if not y else None,
        )
        axes.plot(
            [row["chance"]] * 2, [y - 0.4, y + 0.4], "k:", lw=1, label="chance" if not y else None
        )
    names = [
        f"{row['set']}, {row['labels']}, {row['photos']} photo{'s' * (row['photos'] == 'different')}\n"
        f"{row['ways']}-way {row['shots']}-shot"
        for row in own
    ]
    axes.set_yticks(range(len(own)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel="right, ranked", xlim=(0, 1), title="binding")
    figure.legend(fontsize=7, loc="outside lower center", ncols=3)
    for kind in ("png", "svg"):
        figure.savefig(
            folder / f"binding.{kind}", dpi=150, metadata={"Date": None} if kind == "svg" else None
        )
    plt.close(figure)
    return True


def draw_all(rows: Sequence[Row], folder: Path) -> list[str]:
    """Every picture that the rows give; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    # SVG ids are random without a salt.
    plt.rcParams["svg.hashsalt"] = "flamingo"
    drawn = [task for task, *rest in _CURVES if draw(rows, task, *rest, folder)]
    return drawn + (["binding"] if draw_binding(rows, folder) else [])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, nargs="+", required=True)
    parser.add_argument("--plots", type=Path, required=True)
    args = parser.parse_args()
    print(", ".join(draw_all(read_rows(args.json), args.plots)))


if __name__ == "__main__":
    main()
