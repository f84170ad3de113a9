"""What is asked: a query under its examples, and the queries that make one row of the table.

A source builds the groups of one task (`training/evaluation/sources.py` lists them); the answers of a group
are scored as its `scoring` says.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from training.data.manifest import Record
from training.data.pool import nlvr_scene
from training.data.tasks import Sample, Shown
from training.evaluation.media import Picture, on_other_photo, record_of

Text = Literal["human", "written"]
Selection = Literal["random", "rices"]
Control = Literal["none", "text-only", "shuffled"]
Scoring = Literal["captions", "details", "exact", "f1", "format"]


@dataclass(frozen=True)
class Shot:
    """A closed example as `Sample`, of a part of a photo or (None) of text only."""

    record: Picture | None
    prompt: str
    answer: str
    before: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Query:
    """Closed examples, then the open chunk.

    `truths` are right answers or references; `options` are ranked where there are any, and the first truth
    is the right one; `kind` names a sort of query that gets a row of its own; `content` takes the content out
    of an answer in the right format (None: it is in another); `baseline`: whether the simple method got it.
    """

    examples: tuple[Sample | Shot, ...]
    record: Picture
    prompt: str
    truths: tuple[str, ...]
    options: tuple[str, ...] = ()
    kind: str = ""
    content: Callable[[str], str | None] | None = None
    baseline: bool | None = None
    before: tuple[Shown, ...] = ()

    @property
    def pictures(self) -> list[Picture]:
        """The pictures and clips of the prompt in order, the query's last."""
        out: list[Picture] = []
        for chunk in (*self.examples, self):
            out += [shown.record for shown in chunk.before]
            out += [chunk.record] if chunk.record is not None else []
        return out


@dataclass(frozen=True)
class Group:
    """Queries of one task, set and condition. `longest`: tokens of an answer.

    `by` is the row field that `Query.kind` fills ("" for none); `fields` are further fields of its rows.
    """

    task: str
    set: str
    text: Text
    shots: int
    queries: tuple[Query, ...]
    longest: int
    scoring: Scoring = "exact"
    by: Literal["", "type", "kind"] = ""
    fields: dict[str, Any] = field(default_factory=dict)


def with_other_pictures(group: Group, seed: int) -> Group:
    """The control `shuffled`: every picture of every prompt is another photo of the group's."""
    photos = {record_of(p).key: record_of(p) for q in group.queries for p in q.pictures}
    keys, scenes = sorted(photos), {nlvr_scene(record) for record in photos.values()}
    if len(scenes) < 2:
        raise ValueError(f"{group.set} has one picture only: there is no other to show instead")
    rng = random.Random(f"{seed}/shuffled")

    def record(own: Record) -> Record:
        while nlvr_scene(other := photos[rng.choice(keys)]) == nlvr_scene(own):
            pass
        return other

    def shown(before: tuple[Shown, ...]) -> tuple[Shown, ...]:
        return tuple(replace(item, record=record(item.record)) for item in before)

    def picture(own: Picture) -> Picture:
        return on_other_photo(own, record(record_of(own)))

    def shot(example: Sample | Shot) -> Shot:
        other = example.record if example.record is None else picture(example.record)
        return Shot(other, example.prompt, example.answer, shown(example.before))

    queries = tuple(
        replace(
            query,
            record=picture(query.record),
            before=shown(query.before),
            examples=tuple(map(shot, query.examples)),
        )
        for query in group.queries
    )
    return replace(group, queries=queries)
