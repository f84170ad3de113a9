"""Rows whose rule only the examples reveal: a property to count, an operator, a relation, an attribute."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator

from training.data.drawn_tasks import attributes
from training.data.manifest import Record
from training.data.source import scene_name
from training.data.style import TRAIN_CUES
from training.data.tasks import Sample, Shown
from training.drawn.scene import Scene, scene_of

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
}
_SAME = (("same", "different"), ("yes", "no"), ("equal", "unequal"), ("1", "0"))


class DrawnScenes:
    """Drawn pictures with features, by kind and by what they show."""

    def __init__(self, records: list[Record]) -> None:
        self.by_kind: dict[str, list[tuple[Record, Scene]]] = defaultdict(list)
        self.with_property: dict[str, list[tuple[Record, Scene]]] = defaultdict(list)
        self.with_attribute: dict[str, list[tuple[Record, str]]] = defaultdict(list)
        self.single: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            scene = scene_of(scene_name(record))
            self.by_kind[scene.kind].append((record, scene))
            for kind, fact in attributes(scene).items():
                self.with_attribute[kind].append((record, fact))
            if scene.kind == "many":
                for value in dict.fromkeys(v for t in scene.things for v in (t.name, t.color) if v):
                    self.with_property[value].append((record, scene))
            if scene.kind == "one":
                self.single[scene.things[0].name].append(record)

    @property
    def ready(self) -> bool:
        """Whether there is enough to make rows of."""
        return all(len(self.by_kind[kind]) >= 100 for kind in ("one", "many", "pair", "sum"))


def count_of(scene: Scene, value: str) -> int:
    """How many things have the colour or the name."""
    return sum(value in (thing.name, thing.color) for thing in scene.things)


def count_row(scenes: DrawnScenes, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """Counts the things with a colour or name that is not told; two examples show it."""
    common = [value for value, found in scenes.with_property.items() if len(found) >= 12]
    value, cue = rng.choice(common), rng.choice(TRAIN_CUES)
    seen = 0
    while True:
        inside = rng.random() < 0.8
        pool = scenes.with_property[value] if inside else scenes.by_kind["many"]
        record, scene = rng.choice(pool)
        yield Sample(record, cue, str(count_of(scene, value))), seen >= 2
        seen += 1


def operator_row(scenes: DrawnScenes, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """The result of an operator that the picture hides."""
    name, cue = rng.choice(list(OPERATORS)), rng.choice(TRAIN_CUES)
    shown = False
    while True:
        record, scene = rng.choice(scenes.by_kind["sum"])
        a, b = scene.numbers or (0, 0)
        if name == "minus" and a < b:
            continue
        yield Sample(record, cue, str(OPERATORS[name](a, b))), shown
        shown = True


def same_row(scenes: DrawnScenes, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """Whether two pictures show the same thing."""
    names = [name for name, found in scenes.single.items() if len(found) >= 2]
    words, cue = rng.choice(_SAME), rng.choice(TRAIN_CUES)
    shown = False
    while True:
        name, same = rng.choice(names), rng.random() < 0.5
        first, second = rng.sample(scenes.single[name], 2)
        if not same:
            second = rng.choice(scenes.single[rng.choice([n for n in names if n != name])])
        answer = words[0] if same else words[1]
        yield Sample(second, cue, answer, (Shown(first),)), shown
        shown = True


def attribute_row(scenes: DrawnScenes, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """One attribute in all chunks: the same picture has other answers under other examples."""
    kind, cue = rng.choice(list(scenes.with_attribute)), rng.choice(TRAIN_CUES)
    shown = False
    while True:
        record, fact = rng.choice(scenes.with_attribute[kind])
        yield Sample(record, cue, fact), shown
        shown = True
