"""What a drawn picture shows. A scene follows from its name alone, so nothing of it is stored.

Names are `VERSION/split/kind/number`, and `VERSION/split/kind/number/frame` for the pictures of a clip. The
scenes of `test` have colours and clip art that those of `train` never show.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from training.drawn.clipart import clip_art

VERSION = "1"
Kind = Literal["one", "many", "pair", "sum", "move", "grow", "event"]
Split = Literal["train", "test"]

SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross")
COLORS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (45, 85, 220),
    "yellow": (240, 205, 40),
    "orange": (245, 135, 30),
    "purple": (130, 55, 170),
    "black": (25, 25, 25),
    "white": (250, 250, 250),
}
TEST_COLORS: dict[str, tuple[int, int, int]] = {
    "pink": (250, 140, 185),
    "brown": (125, 75, 40),
    "gray": (130, 130, 135),
    "cyan": (60, 205, 215),
}
FRAMES: dict[Kind, int] = {"move": 8, "grow": 6, "event": 4}
DIRECTIONS = ("right", "left", "down", "up")


@dataclass(frozen=True)
class Thing:
    """A shape with a colour, or clip art (`code`). Centre and size are shares of the picture's side."""

    name: str
    color: str
    code: str
    x: float
    y: float
    size: float

    @property
    def full_name(self) -> str:
        """With its colour, where it has one."""
        return f"{self.color} {self.name}".strip()


@dataclass(frozen=True)
class Scene:
    """Things from back to front on a background; `numbers` are the terms of a sum.

    Of a clip this is one frame. A `move` goes right or down as its frames count up, a `grow` gets
    larger; an `event` has the frames: neither thing, the first, the second, both.
    """

    kind: Kind
    things: tuple[Thing, ...]
    background: tuple[int, int, int]
    numbers: tuple[int, int] | None = None
    axis: Literal["across", "down"] = "across"


def colors_of(split: Split) -> dict[str, tuple[int, int, int]]:
    """The palette of a split."""
    return COLORS if split == "train" else TEST_COLORS


def _background(rng: random.Random, things: set[str]) -> tuple[int, int, int]:
    if rng.random() < 0.2 and "black" not in things:
        base = rng.randint(20, 70)
    else:
        base = rng.randint(175, 255) if "white" not in things else rng.randint(150, 200)
    red, green, blue = (max(0, min(255, base + rng.randint(-25, 25))) for _ in range(3))
    return red, green, blue


def _shape(rng: random.Random, split: Split, size: float) -> Thing:
    name, color = rng.choice(SHAPES), rng.choice(list(colors_of(split)))
    return Thing(name, color, "", 0.5, 0.5, size)


def _drawing(rng: random.Random, split: Split, size: float) -> Thing:
    art = rng.choice(clip_art(split == "train"))
    return Thing(art.name, "", art.code, 0.5, 0.5, size)


def _thing(rng: random.Random, split: Split, size: float) -> Thing:
    return (_shape if rng.random() < 0.4 else _drawing)(rng, split, size)


def _at(thing: Thing, x: float, y: float, size: float | None = None) -> Thing:
    return Thing(
        thing.name,
        thing.color,
        thing.code,
        x,
        y,
        thing.size if size is None else size,
    )


def _scatter(rng: random.Random, things: list[Thing]) -> tuple[Thing, ...]:
    """Places that do not overlap: cells of a grid, jittered."""
    side = 3 if len(things) > 4 or rng.random() < 0.5 else 2
    cells = rng.sample([(i, j) for i in range(side) for j in range(side)], len(things))
    step = 1 / side
    placed = []
    for thing, (i, j) in zip(things, cells, strict=True):
        size = step * rng.uniform(0.6, 0.85)
        slack = (step - size) / 2
        x = (i + 0.5) * step + rng.uniform(-slack, slack)
        y = (j + 0.5) * step + rng.uniform(-slack, slack)
        placed.append(_at(thing, x, y, size))
    return tuple(placed)


def _one(rng: random.Random, split: Split) -> Scene:
    size = rng.choice((rng.uniform(0.22, 0.3), rng.uniform(0.6, 0.9)))
    thing = _thing(rng, split, size)
    edge = size / 2
    placed = _at(thing, rng.uniform(edge, 1 - edge), rng.uniform(edge, 1 - edge))
    return Scene("one", (placed,), _background(rng, {thing.color}))


def _many(rng: random.Random, split: Split) -> Scene:
    """Two or three sorts, with a different number of each; often one shape in several colours or the other way."""
    kinds = rng.choice((1, 2, 2, 3))
    sorts: list[Thing] = []
    manner = rng.random()
    first = _thing(rng, split, 0.2)
    while len(sorts) < kinds:
        if manner < 0.3:  # one shape, several colours
            shape = first.name if not first.code else "circle"
            new = Thing(shape, rng.choice(list(colors_of(split))), "", 0, 0, 0)
        elif manner < 0.5:  # one colour, several shapes
            color = first.color or rng.choice(list(colors_of(split)))
            new = Thing(rng.choice(SHAPES), color, "", 0, 0, 0)
        else:
            new = _thing(rng, split, 0.2)
        if all((new.name, new.color) != (old.name, old.color) for old in sorts):
            sorts.append(new)
    total = rng.randint(max(2, kinds), 6)
    counts = [1] * kinds
    for _ in range(total - kinds):
        counts[rng.randrange(kinds)] += 1
    things = [sort for sort, count in zip(sorts, counts, strict=True) for _ in range(count)]
    return Scene("many", _scatter(rng, things), _background(rng, {sort.color for sort in sorts}))


def _pair(rng: random.Random, split: Split) -> Scene:
    """Two different things, clearly beside or above each other."""
    a = _thing(rng, split, rng.uniform(0.22, 0.4))
    b = _thing(rng, split, rng.uniform(0.22, 0.4))
    while b.name == a.name:
        b = _thing(rng, split, b.size)
    low, high, across = (
        rng.uniform(0.22, 0.3),
        rng.uniform(0.7, 0.78),
        rng.uniform(0.4, 0.6),
    )
    axis: Literal["across", "down"] = rng.choice(("across", "down"))
    jitter = across + rng.uniform(-0.06, 0.06)
    places = (
        ((low, across), (high, jitter)) if axis == "across" else ((across, low), (jitter, high))
    )
    things = (_at(a, *places[0]), _at(b, *places[1]))
    return Scene("pair", things, _background(rng, {a.color, b.color}), axis=axis)


def _sum(rng: random.Random) -> Scene:
    return Scene("sum", (), _background(rng, {"black"}), (rng.randint(0, 9), rng.randint(0, 9)))


def _clip(rng: random.Random, kind: Kind, split: Split, frame: int) -> Scene:
    thing = _thing(rng, split, rng.uniform(0.2, 0.35))
    background = _background(rng, {thing.color})
    place = rng.uniform(0.25, 0.75)
    if kind == "move":
        axis: Literal["across", "down"] = rng.choice(("across", "down"))
        share = frame / (FRAMES["move"] - 1)
        along = thing.size / 2 + (1 - thing.size) * share
        moved = _at(thing, along, place) if axis == "across" else _at(thing, place, along)
        return Scene(kind, (moved,), background, axis=axis)
    if kind == "grow":
        size = 0.18 + 0.7 * frame / (FRAMES["grow"] - 1)
        return Scene(kind, (_at(thing, 0.5, 0.5, size),), background)
    other = _thing(rng, split, thing.size)
    while other.name == thing.name:
        other = _thing(rng, split, thing.size)
    pair = (_at(thing, 0.27, place), _at(other, 0.73, 1 - place))
    if rng.random() < 0.5:
        pair = (_at(thing, 0.73, place), _at(other, 0.27, 1 - place))
    shown = ((), pair[:1], pair[1:], pair)[frame]
    return Scene(kind, shown, background)


@lru_cache(maxsize=65536)
def scene_of(name: str) -> Scene:
    """The scene of that name.

    Raises:
        ValueError: the name is not of this version.
    """
    version, split, kind, number, *frame = name.split("/")
    if version != VERSION or split not in ("train", "test"):
        raise ValueError(f"{name} is not a scene of version {VERSION}")
    # The frames of a clip share all that is drawn by lot.
    rng = random.Random(f"{version}/{split}/{kind}/{number}")
    if kind == "one":
        return _one(rng, split)
    if kind == "many":
        return _many(rng, split)
    if kind == "pair":
        return _pair(rng, split)
    if kind == "sum":
        return _sum(rng)
    if kind in ("move", "grow", "event"):
        return _clip(rng, kind, split, int(frame[0]))
    raise ValueError(f"{name} has no known kind")
