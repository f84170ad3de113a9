"""Clips as one medium: drawn motion, growth and events, and zooms over photos. Parts of a track give many clips."""

import random
from collections.abc import Iterator
from dataclasses import replace

from training.data.drawn_tasks import direction
from training.data.manifest import Record
from training.data.source import scene_name
from training.data.style import TRAIN_CUES
from training.data.tasks import Sample, ask
from training.drawn.scene import scene_of

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "move": (
        "Which way does it move",
        "In which direction does the {x} go",
        "Where does the {x} move to",
    ),
    "grow": ("Does the {x} grow or shrink", "What happens to the size of the {x}"),
    "appear": ("Does something appear or disappear", "What happens to the {x}"),
    "order": ("What appears first", "Which thing comes first"),
    "zoom": ("Does the camera zoom in or out", "Which way does the camera zoom"),
}
MOST_FRAMES = 16


def pick(frames: tuple[Record, ...], rng: random.Random, most: int) -> tuple[Record, ...]:
    """Some of the frames in their order, some of them held for longer."""
    count = rng.randint(2, min(most, len(frames)))
    chosen = sorted(rng.sample(range(len(frames)), count))
    hold = 2 if count * 2 <= most and rng.random() < 0.15 else 1
    return tuple(frames[i] for i in chosen for _ in range(hold))


def clip(
    record: Record, rng: random.Random, most: int = MOST_FRAMES
) -> tuple[Record, str, str, str]:
    """A clip of a track: medium, kind of question, name of the thing, answer."""
    if record.frames[0].set == record.frames[-1].set and not record.file.startswith("drawn/"):
        inwards = rng.random() < 0.5
        frames = pick(record.frames, rng, most)
        return _with(record, frames, not inwards), "zoom", "", "in" if inwards else "out"
    middle = scene_of(scene_name(record.frames[-1]))
    thing = middle.things[0].name
    backwards = rng.random() < 0.5
    if middle.kind == "move":
        frames = pick(record.frames, rng, most)
        return _with(record, frames, backwards), "move", thing, direction(middle, backwards)
    if middle.kind == "grow":
        frames = pick(record.frames, rng, most)
        return _with(record, frames, backwards), "grow", thing, "shrinks" if backwards else "grows"
    empty, first, second, both = record.frames
    other = middle.things[1].name
    if rng.random() < 0.5:
        early, late = rng.choice(((empty, first), (second, both)))
        held = (early,) * rng.randint(1, 3) + (late,) * rng.randint(1, 3)
        word = "disappears" if backwards else "appears"
        return _with(record, held, backwards), "appear", thing, word
    lead = second if backwards else first
    frames = (
        (empty,) * rng.randint(0, 1) + (lead,) * rng.randint(1, 2) + (both,) * rng.randint(1, 2)
    )
    return _with(record, frames, False), "order", "", other if backwards else thing


def _with(record: Record, frames: tuple[Record, ...], backwards: bool) -> Record:
    return replace(record, frames=frames[::-1] if backwards else frames)


def clip_row(tracks: list[Record], rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """Clips of one sort: asked, or shown by examples alone."""
    asked = rng.random() < 0.6
    sort, cue = "", rng.choice(TRAIN_CUES)
    while True:
        medium, kind, thing, answer = clip(rng.choice(tracks), rng)
        if sort and kind != sort:
            continue
        if asked:
            question = rng.choice(_QUESTIONS[kind]).format(x=thing)
            yield ask(medium, question, answer), True
        else:
            yield Sample(medium, cue, answer), bool(sort)
        sort = kind
