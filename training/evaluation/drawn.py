"""Clips and induction: queries on drawings that training never had, in words that training never used.

Colours and clip art are those kept for tests (`training/drawn/scene.py`); questions and prompts are others
than training's. Nothing here needs a data folder.
"""

import random
from collections.abc import Callable, Iterator

from training.data.clips import clip
from training.data.induction import OPERATORS, DrawnScenes, count_of
from training.data.manifest import Record
from training.data.source import DRAWN, drawn
from training.data.tasks import Shown, ask
from training.drawn.scene import Kind, Scene
from training.evaluation.pool import Request
from training.evaluation.queries import Group, Query, Shot

CLIP_QUESTIONS: dict[str, tuple[str, str]] = {
    "move": ("direction", "Toward which side of the picture does the {x} travel"),
    "grow": ("size", "How does the {x} change, it grows or it shrinks"),
    "appear": ("event", "What does the {x} do, it appears or it disappears"),
    "order": ("order", "What could be seen before the other thing came"),
}
INDUCTION_CUES: tuple[str, ...] = ("Solution:", "So:", "Found:")
_SAME_WORDS = (("alike", "unlike"), ("match", "mismatch"))
_PICTURES: dict[Kind, int] = {"one": 400, "many": 500, "sum": 150}
_LONGEST = 12
# Of four examples at least so many show the hidden property.
_SHOWN = 3


def _groups(task: str, request: Request, queries: list[Query], **fields: float) -> Iterator[Group]:
    if queries:
        yield Group(
            *(task, DRAWN, "written", request.shots, tuple(queries), _LONGEST),
            by="kind",
            fields=fields,
        )


def clips(request: Request) -> Iterator[Group]:
    """2 to 8 frames as one medium: direction of motion (4 ways), growth, events, and their order."""
    if request.text_examples:
        return
    queries = []
    kinds: tuple[Kind, ...] = ("move", "grow", "event", "event")
    for number in range(request.limit):
        rng = request.rng("clips", str(number))

        def sample(kind: Kind, sort: str, rng: random.Random = rng) -> tuple[Record, str, str, str]:
            while True:
                made = clip(drawn("test", kind, rng.randrange(300)), rng, 8)
                if made[1] == sort:
                    return made

        kind = kinds[number % len(kinds)]
        sort = {"move": "move", "grow": "grow"}.get(kind, ("appear", "order")[number // 4 % 2])
        name, question = CLIP_QUESTIONS[sort]
        medium, _, thing, answer = sample(kind, sort)
        shots = []
        for _ in range(request.shots):
            shown, _, other, said = sample(kind, sort)
            example = ask(shown, question.format(x=other), said)
            shots.append(Shot(shown, example.prompt, said))
        prompt = ask(medium, question.format(x=thing), answer).prompt
        queries.append(Query(tuple(shots), medium, prompt, (answer,), kind=name))
    yield from _groups("clips", request, queries)


Episode = tuple[list[tuple[Record, str, tuple[Shown, ...]]], bool]


def _count(scenes: DrawnScenes, shots: int, rng: random.Random) -> Episode:
    """Things of a hidden colour or name; ignoring it, one would count all of them."""
    values = [value for value, found in scenes.with_property.items() if len(found) >= 8]
    value = rng.choice(values)
    least = min(_SHOWN, shots)
    own = rng.sample(scenes.with_property[value], least + 1)
    others = rng.sample(scenes.by_kind["many"], shots - least)
    examples = own[:least] + others
    rng.shuffle(examples)
    chunks = [(r, str(count_of(scene, value)), ()) for r, scene in (*examples, own[-1])]
    scene: Scene = own[-1][1]
    return chunks, count_of(scene, value) == len(scene.things)


def _operator(scenes: DrawnScenes, shots: int, rng: random.Random) -> Episode:
    """A hidden operator; ignoring it, one would add."""
    name = rng.choice(list(OPERATORS))
    sums = [(r, s.numbers) for r, s in scenes.by_kind["sum"] if s.numbers]
    fitting = [(r, n) for r, n in sums if name != "minus" or n[0] >= n[1]]
    chosen = rng.sample(fitting, shots + 1)
    chunks = [(r, str(OPERATORS[name](*numbers)), ()) for r, numbers in chosen]
    a, b = chosen[-1][1]
    return chunks, OPERATORS[name](a, b) == a + b


def _same(scenes: DrawnScenes, shots: int, rng: random.Random) -> Episode:
    """Whether two pictures show the same thing; ignoring one of them, one would say that they do."""
    names = [name for name, found in scenes.single.items() if len(found) >= 2]
    words = rng.choice(_SAME_WORDS)
    truths = [i % 2 == 0 for i in range(shots)]
    rng.shuffle(truths)
    chunks = []
    for same in (*truths, rng.random() < 0.5):
        first, second = rng.sample(scenes.single[name := rng.choice(names)], 2)
        if not same:
            second = rng.choice(scenes.single[rng.choice([n for n in names if n != name])])
        chunks.append((second, words[0] if same else words[1], (Shown(first),)))
    return chunks, chunks[-1][1] == words[0]


_EPISODES: dict[str, Callable[[DrawnScenes, int, random.Random], Episode]] = {
    "count": _count,
    "operator": _operator,
    "same": _same,
}


def induction(request: Request) -> Iterator[Group]:
    """Rules that only the examples tell; `chance` is the score of ignoring what is hidden."""
    if request.text_examples or request.shots < 2:
        return
    pictures = [drawn("test", kind, i) for kind, n in _PICTURES.items() for i in range(n)]
    scenes = DrawnScenes(pictures)
    queries, lucky = [], []
    for number in range(request.limit):
        kind = list(_EPISODES)[number % len(_EPISODES)]
        rng = request.rng("induction", str(number))
        chunks, ignoring = _EPISODES[kind](scenes, request.shots, rng)
        cue = rng.choice(INDUCTION_CUES)
        shots = tuple(Shot(r, cue, answer, before) for r, answer, before in chunks[:-1])
        record, answer, before = chunks[-1]
        queries.append(Query(shots, record, cue, (answer,), kind=kind, before=before))
        lucky.append(ignoring)
    chance = sum(lucky) / len(lucky) if lucky else 0.0
    yield from _groups("induction", request, queries, chance=chance)
