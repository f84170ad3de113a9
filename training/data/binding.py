"""Fast binding: labels that mean nothing before the row's examples give them a meaning."""

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from training.data.manifest import Record
from training.data.source import DRAWN, scene_name
from training.data.style import TRAIN_CUES
from training.data.tasks import Sample, name
from training.data.words import invented_words
from training.drawn.scene import scene_of
from training.prompts import PROMPTS

Source = Literal["classes", "subjects", "scenes", "drawings", "photos"]
Groups = dict[str, list[Record]]

_SOURCES: dict[Source, float] = {
    "classes": 0.55,
    "subjects": 0.13,
    "scenes": 0.05,
    "drawings": 0.1,
    "photos": 0.17,
}
_WAYS = (2, 2, 2, 3, 3, 4, 5, 5, 5, 5, 6, 7, 8, 10, 10)
_LABELS = {
    "invented": 0.55,
    "swapped": 0.13,
    "letters": 0.08,
    "numbers": 0.04,
    "others": 0.1,
    "true": 0.1,
}
_PLAIN_PROMPT = 0.5


def _groups(records: list[Record], least: int, key: "dict[str, str]") -> Groups:
    groups: Groups = defaultdict(list)
    for record in records:
        if key.get(record.key):
            groups[key[record.key]].append(record)
    return {words: group for words, group in groups.items() if len(group) >= least}


def binding_groups(records: list[Record], mirrors: dict[str, Record]) -> dict[Source, Groups]:
    """Pictures of one meaning, by where the meaning comes from; `mirrors` are by file."""
    real = [record for record in records if record.set != DRAWN]
    art = [record for record in records if record.set == DRAWN and not record.frames]
    single = {r.key: scene_of(scene_name(r)) for r in art}
    names = {key: scene.things[0].full_name for key, scene in single.items() if scene.kind == "one"}
    photos = {r.key: [r, mirrors[r.file]] for r in real if r.file in mirrors}
    return {
        "classes": _groups(real, 4, {r.key: name(r.label) for r in real if r.set != "imagenet1k"}),
        "subjects": _groups(real, 4, {r.key: r.written.subject for r in real}),
        "scenes": _groups(real, 4, {r.key: r.written.scene for r in real}),
        "drawings": _groups(art, 3, names),
        "photos": photos,
    }


def _labels(rng: random.Random, names: list[str], others: list[str]) -> tuple[list[str], bool]:
    """A label for each name, and whether it can be known without examples."""
    kind = rng.choices(list(_LABELS), list(_LABELS.values()))[0]
    if kind == "swapped":
        return names[1:] + names[:1], False
    if kind == "letters":
        return rng.sample("ABCDEFGHIJKLMNOPQRSTUVWXYZ", len(names)), False
    if kind == "numbers":
        return [str(n) for n in rng.sample(range(1, 50), len(names))], False
    if kind == "others" and len(others) >= len(names):
        return rng.sample(others, len(names)), False
    return (names, True) if kind == "true" else (invented_words(rng, len(names)), False)


def binding_row(groups: dict[Source, Groups], rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """K examples of each class in any order, then queries of all of them, as far as the row goes."""
    sources = [source for source in _SOURCES if len(groups[source]) >= 10]
    source = rng.choices(sources, [_SOURCES[s] for s in sources])[0]
    ways = rng.choice(_WAYS)
    classes = rng.sample(list(groups[source]), ways)
    pictures = [rng.sample(groups[source][c], len(groups[source][c])) for c in classes]
    others = [c for c in groups["classes"] if c not in classes]
    if source == "photos":
        labels, known = invented_words(rng, ways), False
    else:
        labels, known = _labels(rng, classes, others)
    prompt = PROMPTS["classify"].text() if rng.random() < _PLAIN_PROMPT else rng.choice(TRAIN_CUES)
    shots = 1 if source == "photos" else rng.choice((1, 1, 1, 2, 3, 5))
    support = [i for i in range(ways) for _ in range(shots)]
    rng.shuffle(support)
    shown = [False] * ways
    while True:
        i = support.pop() if support else rng.randrange(ways)
        if pictures[i]:
            yield Sample(pictures[i].pop(), prompt, labels[i]), shown[i] or known
            shown[i] = True
        elif not any(pictures):
            return
