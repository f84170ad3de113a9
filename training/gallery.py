"""A sheet of pictures with what a model says of each: caption, name, and one question with its answer.

    python -m training.gallery --model M --data D --n 48 --seed S --out FILE.png [--split val] [--sets A,B]

Pictures are drawn by the seed, the same number of every photo set. What people or `written` text say stands in
grey under the model's words. The sheet shows pictures of the data folder: do not publish it.
"""

import argparse
import random
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from training.data.manifest import Record, read_manifest
from training.data.tasks import ask, name
from training.evaluation.answer import Answerer
from training.evaluation.queries import Query
from training.prompts import PROMPTS

_COLUMNS = 6
_SIDE = 240
_LINES = 11
_LINE = 15
_WIDTH = 38
_MARGIN = 8


@dataclass(frozen=True)
class Said:
    """What the model says of a picture, and the question it was asked."""

    caption: str
    name: str
    question: str
    answer: str


def question_of(record: Record, rng: random.Random) -> tuple[str, str]:
    """One of the picture's questions with its answer, or a general one."""
    pairs = record.qa or record.written.qa
    return rng.choice(pairs) if pairs else ("What is this", "")


def choose(records: Sequence[Record], count: int, rng: random.Random) -> list[Record]:
    """As many of each set as of the others, as far as they go."""
    by_set: dict[str, list[Record]] = {}
    for record in records:
        by_set.setdefault(record.set, []).append(record)
    piles = [rng.sample(by_set[key], len(by_set[key])) for key in sorted(by_set)]
    chosen: list[Record] = []
    while len(chosen) < count and any(piles):
        chosen += [pile.pop() for pile in piles if pile][: count - len(chosen)]
    return chosen


def say(answerer: Answerer, records: Sequence[Record], questions: Sequence[str]) -> list[Said]:
    """Caption, name and answer for each picture, by the presets' prompts alone."""

    def answers(prompt: str, texts: Sequence[str]) -> list[str]:
        pairs = zip(records, texts, strict=True)
        queries = [Query((), record, text, ()) for record, text in pairs]
        return [a.text for a in answerer.answer(queries, PROMPTS[prompt].max_new_tokens)]

    captions = answers("caption", [PROMPTS["caption"].text()] * len(records))
    names = answers("classify", [PROMPTS["classify"].text()] * len(records))
    asked = [ask(r, q, "").prompt for r, q in zip(records, questions, strict=True)]
    found = answers("question", asked)
    return [Said(*four) for four in zip(captions, names, questions, found, strict=True)]


def truth(record: Record, answer: str) -> str:
    """What the manifest says of the picture."""
    caption = next(iter(record.captions or record.written.captions), "")
    own = record.written.subject or name(record.label)
    return "; ".join(part for part in (caption, own, answer) if part)


def sheet(
    pictures: Sequence[Image.Image], said: Sequence[Said], truths: Sequence[str]
) -> Image.Image:
    """The pictures in rows, the words under each."""
    font = ImageFont.load_default(12)
    height, width = _SIDE + _LINES * _LINE + 2 * _MARGIN, _SIDE + 2 * _MARGIN
    rows = -(-len(pictures) // _COLUMNS)
    out = Image.new("RGB", (width * min(_COLUMNS, len(pictures)), height * rows), "white")
    draw = ImageDraw.Draw(out)
    for i, (picture, words, true) in enumerate(zip(pictures, said, truths, strict=True)):
        left, top = i % _COLUMNS * width + _MARGIN, i // _COLUMNS * height + _MARGIN
        small = picture.convert("RGB")
        scale = _SIDE / max(small.size)
        small = small.resize(
            (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        )
        out.paste(small, (left, top + _SIDE - small.height))
        lines = [
            *((line, "black") for line in textwrap.wrap(words.caption, _WIDTH)[:3]),
            *((line, "navy") for line in textwrap.wrap(f"name: {words.name}", _WIDTH)[:1]),
            *(
                (line, "darkgreen")
                for line in textwrap.wrap(f"{words.question}? {words.answer}", _WIDTH)[:3]
            ),
            *((line, "gray") for line in textwrap.wrap(true, _WIDTH)[:3]),
        ]
        for number, (line, color) in enumerate(lines):
            draw.text((left, top + _SIDE + 4 + number * _LINE), line, fill=color, font=font)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--sets", help="comma list; all with captions, questions or names by default"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    sets = args.sets.split(",") if args.sets else None
    records = [
        record
        for record in read_manifest(args.data)
        if record.split == args.split and (record.set in sets if sets else not record.statements)
    ]
    if not records:
        parser.error(f"{args.data} has no pictures in split {args.split} of sets {args.sets}")
    rng = random.Random(args.seed)
    chosen = choose(records, args.n, rng)
    pairs = [question_of(record, rng) for record in chosen]
    answerer = Answerer(args.model, args.data)
    said = say(answerer, chosen, [question.rstrip("? ") for question, _ in pairs])
    pictures = [answerer.media.frames(record)[0] for record in chosen]
    truths = [truth(record, answer) for record, (_, answer) in zip(chosen, pairs, strict=True)]
    sheet(pictures, said, truths).save(args.out)
    print(f"{len(chosen)} pictures in {args.out}")


if __name__ == "__main__":
    main()
