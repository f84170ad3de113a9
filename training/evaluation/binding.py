"""Fast binding: episodes of classes, a few examples of each, and one further picture to label.

Labels are invented words, or the classes' own names (`naming` with examples of each class). The baseline is
the nearest class mean of the frozen encoder's features on the same episodes. With `same` photos a class is
one photo, whose examples and query are different crops of it.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

from training.data.manifest import Record
from training.data.pool import by_class
from training.data.tasks import name
from training.data.words import invented_words
from training.evaluation.media import Crop, Picture
from training.evaluation.pool import Request, nearest_mean
from training.evaluation.queries import Group, Query, Shot
from training.prompts import PROMPTS

# The bound on a prompt: ways x shots above it are skipped and listed.
MOST_EXAMPLES = 50
_SIDES = (0.6, 0.85)

Labels = Literal["invented", "real"]
# A class: its name, pictures to ask about, pictures to show.
Class = tuple[str, list[Record], list[Record]]


def crop_of(record: Record, rng: random.Random) -> Crop:
    """A part of the photo: each side 60 to 85 % of it."""
    width, height = rng.uniform(*_SIDES), rng.uniform(*_SIDES)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return Crop(record, (left, top, left + width, top + height))


def _classes(request: Request, set_name: str) -> list[Class]:
    """Classes with enough photos for a query and its examples, in the order of their names."""
    asked = by_class(request.members(set_name, labelled=True))
    shown = by_class(request.examples(set_name, labelled=True))
    found = []
    for label in sorted(asked):
        support = shown.get(label, asked[label])
        files = {record.file for record in support}
        # A query's own photo is not to be shown.
        spare = 1 if any(record.file in files for record in asked[label]) else 0
        if request.photos == "same" or len(files) - spare >= request.shots:
            found.append((label, asked[label], support))
    return found


def _pictures(
    request: Request, classes: Sequence[Class], rng: random.Random
) -> tuple[list[list[Picture]], Picture]:
    """The examples of each class, and the query, of the first class."""
    if request.photos == "same":
        photos = [rng.choice(asked) for _, asked, _ in classes]
        shown = [[crop_of(photo, rng) for _ in range(request.shots)] for photo in photos]
        return [list[Picture](group) for group in shown], crop_of(photos[0], rng)
    query = rng.choice(classes[0][1])
    support: list[list[Picture]] = []
    for _, _, photos in classes:
        others = [photo for photo in photos if photo.file != query.file]
        support.append(list[Picture](rng.sample(others, request.shots)))
    return support, query


def episode(
    request: Request, classes: Sequence[Class], labels: Labels, rng: random.Random
) -> Query:
    """One episode over `classes`, of which the first is asked for."""
    support, query = _pictures(request, classes, rng)
    own = [name(label) for label, _, _ in classes]
    words = own if labels == "real" else invented_words(rng, len(classes))
    prompt = PROMPTS["classify"].text()
    shots = [
        Shot(picture, prompt, word)
        for word, group in zip(words, support, strict=True)
        for picture in group
    ]
    rng.shuffle(shots)
    means = [[request.mean(picture) for picture in group] for group in support]
    right = nearest_mean(means, request.mean(query)) == 0
    return Query(tuple(shots), query, prompt, (words[0],), tuple(words), baseline=right)


def _groups(request: Request, task: str, labels: Labels, ways: int | None) -> Iterator[Group]:
    for set_name in request.sets():
        classes = _classes(request, set_name)
        count = len(classes) if ways is None else ways
        if count < 2 or len(classes) < count or count * request.shots > MOST_EXAMPLES:
            continue
        rng = request.example_rng(task, set_name, request.photos, f"{count} ways")
        queries = []
        for _ in range(request.limit):
            chosen = rng.sample(classes, count)
            queries.append(episode(request, chosen, labels, rng))
        fields: dict[str, object] = {
            "ways": count,
            "labels": labels,
            "chance": 1 / count,
            "baseline": sum(bool(q.baseline) for q in queries) / len(queries),
            "photos": request.photos,
        }
        longest = PROMPTS["classify"].max_new_tokens
        yield Group(task, set_name, "human", request.shots, tuple(queries), longest, fields=fields)


def binding(request: Request) -> Iterator[Group]:
    """Invented labels; none without examples."""
    if request.shots and not request.text_examples:
        yield from _groups(request, "binding", "invented", request.ways)


def naming_by_class(request: Request) -> Iterator[Group]:
    """Real names, with examples of each class: of all the set's, or of `ways` of them."""
    if request.shots and not request.text_examples:
        yield from _groups(request, "naming", "real", request.ways)
