"""From the answers of a group to rows of the table, and from several seeds to one row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from training.evaluation.answer import Answer, Answerer
from training.evaluation.media import record_of
from training.evaluation.queries import Control, Group, Query, with_other_pictures
from training.evaluation.scoring import (
    Score,
    bleu4,
    caption_words,
    cider,
    f1,
    is_exact,
    mean_score,
    named,
    normalise,
)
from training.evaluation.words import folded, head_noun, object_set, singular

Row = dict[str, Any]
# What tells two rows apart that are not the same measurement.
IDENTITY = (
    *("task", "set", "text", "shots", "metric", "type", "kind", "ways", "labels", "photos"),
    *("selection", "control", "beams"),
)


def _heads(query: Query) -> frozenset[str]:
    """Head nouns of the subject and the objects of the query's own picture."""
    written = record_of(query.record).written
    return frozenset(head_noun(p) for p in (written.subject, *written.objects) if p)


def _named(answers: Sequence[str], group: Group) -> tuple[Score, int] | None:
    """`named` over the pictures that have a subject or objects, and how many they are."""
    pairs = [(a, _heads(q)) for a, q in zip(answers, group.queries, strict=True)]
    pairs = [(answer, heads) for answer, heads in pairs if heads]
    if len(pairs) < 2:
        return None
    said = [" ".join(map(singular, caption_words(answer).split())) for answer, _ in pairs]
    return named(said, [heads for _, heads in pairs]), len(pairs)


def _captions(answers: Sequence[str], group: Group, base: Row) -> list[Row]:
    references = [query.truths for query in group.queries]
    rows = [_row(base, "cider", cider(answers, references))]
    if group.scoring == "captions":
        rows.append(_row(base, "bleu4", bleu4(answers, references)))
    found = _named(answers, group)
    return [*rows, _row(base, "named", found[0], n=found[1])] if found else rows


def _row(base: Row, metric: str, score: Score, **more: Any) -> Row:
    values = {"metric": metric, "value": score.value, "interval": list(score.interval)}
    return base | values | {"spread": 0.0} | more


def _right(answer: Answer, query: Query) -> bool:
    return any(is_exact(answer.text, truth) for truth in query.truths)


def _content_right(answer: Answer, query: Query) -> bool:
    content = query.content(answer.text) if query.content else None
    return content is not None and folded(content) in map(folded, query.truths)


def _by_sort(
    values: Sequence[float], group: Group, base: Row, metric: str, **more: Any
) -> list[Row]:
    """One row over all, and one of each sort where the group has any."""
    rows = [
        _row(base | ({group.by: "all"} if group.by else {}), metric, mean_score(values), **more)
    ]
    for sort in sorted({query.kind for query in group.queries}) if group.by else []:
        own = [v for v, q in zip(values, group.queries, strict=True) if q.kind == sort]
        rows.append(_row(base | {group.by: sort}, metric, mean_score(own), **more, n=len(own)))
    return rows


def score(group: Group, answers: Sequence[Answer], base: Row) -> list[Row]:
    """The rows of one group."""
    pairs = list(zip(answers, group.queries, strict=True))
    texts = [answer.text for answer in answers]
    if group.scoring in ("captions", "details"):
        return _captions(texts, group, base)
    if group.scoring == "f1":
        values = [f1(object_set(a.text), object_set(q.truths[0])) for a, q in pairs]
        return _by_sort(values, group, base, "f1")
    if group.scoring == "format":
        form = [float(q.content is not None and q.content(a.text) is not None) for a, q in pairs]
        both = [float(_content_right(a, q)) for a, q in pairs]
        return [
            *_by_sort(form, group, base, "exact", kind="format"),
            *_by_sort(both, group, base, "exact", kind="both"),
        ]
    rows = _by_sort([float(_right(a, q)) for a, q in pairs], group, base, "exact")
    if all(query.options for query in group.queries):
        # Two options may be one after normalisation, as names with an article.
        right = [float(normalise(a.best) == normalise(q.options[0])) for a, q in pairs]
        ways = len(group.queries[0].options)
        fields = {"ways": ways, "labels": "real", "chance": 1 / ways} | group.fields
        rows.append(_row(base, "ranked", mean_score(right), **fields))
    return rows


def measure(
    group: Group, answerer: Answerer, control: Control, beams: int, selection: str, seed: int
) -> tuple[list[Row], int]:
    """Rows of a group under a control, and how many queries did not fit in the context."""
    shown = with_other_pictures(group, seed) if control == "shuffled" else group
    fitting = tuple(q for q in shown.queries if answerer.fits(q, group.longest))
    shown = replace(shown, queries=fitting)
    if not fitting:
        return [], len(group.queries)
    gates = 0.0 if control == "text-only" else 1.0
    answers = answerer.answer(shown.queries, group.longest, beams, gates)
    base: Row = {
        "task": group.task,
        "set": group.set,
        "text": group.text,
        "shots": group.shots,
        "selection": selection,
        "control": control,
        "n": len(fitting),
        "beams": beams,
        **group.fields,
    }
    return score(shown, answers, base), len(group.queries) - len(fitting)


def identity(row: Row) -> tuple[Any, ...]:
    """What is the same in a measurement under several seeds."""
    return tuple(row.get(field) for field in IDENTITY)


def over_seeds(runs: Sequence[Sequence[Row]]) -> list[Row]:
    """One row for each measurement: means of values and intervals; `spread` is the deviation over seeds."""
    merged: dict[tuple[Any, ...], list[Row]] = {}
    for rows in runs:
        for row in rows:
            merged.setdefault(identity(row), []).append(row)
    out = []
    for rows in merged.values():
        values = [row["value"] for row in rows]
        interval = np.mean([row["interval"] for row in rows], axis=0)
        more: Row = {"value": float(np.mean(values)), "interval": [float(x) for x in interval]}
        if all("baseline" in row for row in rows):
            more["baseline"] = float(np.mean([row["baseline"] for row in rows]))
        out.append(rows[0] | more | {"spread": float(np.std(values))})
    return out
