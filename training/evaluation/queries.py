"""Queries of a split: which picture is asked what, under which examples, and what would be right.

Examples come from the same split and set, never the query's own picture. The seed fixes both.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from training.data.manifest import Record
from training.data.pool import in_classes
from training.data.tasks import Sample, ask, clean, name
from training.prompts import PROMPTS

TaskName = Literal["captions", "naming", "vqa", "statements"]
Text = Literal["human", "written"]


@dataclass(frozen=True)
class Query:
    """One prompt: closed examples, then the open chunk; `truths` are right answers or references."""

    examples: tuple[Sample, ...]
    record: Record
    prompt: str
    truths: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Queries that make one row of the table."""

    task: TaskName
    set: str
    text: Text
    shots: int
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class _Source:
    """Where a task finds its text: all samples of a record, with every right answer."""

    task: TaskName
    text: Text
    samples: Callable[[Record], list[tuple[Sample, tuple[str, ...]]]]


def _captions(texts: tuple[str, ...], record: Record) -> list[tuple[Sample, tuple[str, ...]]]:
    prompt = PROMPTS["caption"].text()
    # One query a picture; as an example it shows its first caption.
    return [(Sample(record, prompt, clean(texts[0])), texts)] if texts else []


def _qa(pairs: tuple[tuple[str, str], ...], record: Record) -> list[tuple[Sample, tuple[str, ...]]]:
    return [(ask(record, question, answer), (answer,)) for question, answer in pairs]


def _naming(record: Record) -> list[tuple[Sample, tuple[str, ...]]]:
    if not record.label:
        return []
    label = name(record.label)
    return [(Sample(record, PROMPTS["classify"].text(), label), (label,))]


def _statements(record: Record) -> list[tuple[Sample, tuple[str, ...]]]:
    prompt = PROMPTS["statement"]
    return [
        (Sample(record, prompt.text(statement=clean(sentence)), truth), (truth,))
        for sentence, truth in record.statements
    ]


SOURCES: tuple[_Source, ...] = (
    _Source("captions", "human", lambda r: _captions(r.captions, r)),
    _Source("captions", "written", lambda r: _captions(r.written.captions, r)),
    _Source("naming", "human", _naming),
    _Source("vqa", "human", lambda r: _qa(r.qa, r)),
    _Source("vqa", "written", lambda r: _qa(r.written.qa, r)),
    _Source("statements", "human", _statements),
)


def nlvr_scene(record: Record) -> str:
    """Numbered files of one NLVR id are one scene: `dev-1021-0-0.png` is scene `dev-1021-0`."""
    return record.file.rsplit("-", 1)[0] if record.set == "nlvr" else record.file


def build_groups(
    records: list[Record],
    tasks: list[TaskName],
    shots: list[int],
    limit: int,
    seed: int,
    classes: frozenset[str] | None = None,
) -> list[Group]:
    """One group for each task, set, kind of text and number of shots that the records can serve.

    `limit` counts the queries of a group; the same queries are asked under every number of shots.
    """
    groups = []
    for source in SOURCES:
        if source.task not in tasks:
            continue
        for set_name in sorted({record.set for record in records}):
            members = [record for record in records if record.set == set_name]
            if classes is not None and source.task == "naming":
                members = [record for record in members if in_classes(record, classes)]
            pool = [item for record in members for item in source.samples(record)]
            if not pool:
                continue
            rng = random.Random(f"{seed}/{source.task}/{source.text}/{set_name}")
            chosen = rng.sample(pool, min(limit, len(pool)))
            orders = [rng.sample(pool, min(len(pool), 4 * max(shots) + 8)) for _ in chosen]
            for count in shots:
                queries = []
                for (sample, truths), order in zip(chosen, orders, strict=True):
                    scene = nlvr_scene(sample.record)
                    others = [s for s, _ in order if nlvr_scene(s.record) != scene][:count]
                    if len(others) == count:
                        queries.append(Query(tuple(others), sample.record, sample.prompt, truths))
                if queries:
                    groups.append(Group(source.task, set_name, source.text, count, tuple(queries)))
    return groups
