"""Tasks whose answers are text that the manifest has: captions, details, subjects, questions, names, statements."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from training.data.manifest import Record
from training.data.tasks import Sample, ask, clean, name
from training.evaluation.pool import Chooser, Request
from training.evaluation.queries import Group, Query, Scoring, Shot, Text
from training.evaluation.scoring import normalise
from training.evaluation.words import question_type
from training.prompts import PROMPTS

# The literature's zero-shot: examples of the form without pictures.
_TEXT_EXAMPLES = 2


@dataclass(frozen=True)
class Item:
    """What can be asked about a picture: a sample, every right answer, and the sort of question."""

    sample: Sample
    truths: tuple[str, ...]
    kind: str = ""

    @property
    def record(self) -> Record:
        """The picture."""
        return self.sample.record


@dataclass(frozen=True)
class TextTask:
    """Where a task finds its text. `ranked`: options are drawn from all answers of the set."""

    task: str
    text: Text
    prompt: str
    items: Callable[[Record], Sequence[Item]]
    scoring: Scoring = "exact"
    by: Literal["", "type"] = ""
    ranked: bool = False
    labelled: bool = False
    majority: bool = False

    def __call__(self, request: Request) -> Iterator[Group]:
        """One group a set."""
        for set_name in request.sets():
            asked = self._items(request.members(set_name, self.labelled))
            if not asked:
                continue
            rng = request.rng(self.task, self.text, set_name)
            chosen = rng.sample(asked, min(request.limit, len(asked)))
            # Drawn before the examples: the same options under every number of shots.
            options = [self._options(request, asked, item, rng) for item in chosen]
            shown = self._items(request.examples(set_name, self.labelled))
            shots = request.example_rng(self.task, self.text, set_name)
            chooser = Chooser(request, shown, shots)
            queries = []
            for item, names in zip(chosen, options, strict=True):
                examples = self._examples(request, chooser, item, shots)
                if examples is not None:
                    query = Query(examples, item.record, item.sample.prompt, item.truths, names)
                    queries.append(_with_kind(query, item.kind))
            if queries:
                yield self._group(request, set_name, queries)

    def _items(self, records: Sequence[Record]) -> list[Item]:
        return [item for record in records for item in self.items(record)]

    def _options(
        self, request: Request, items: Sequence[Item], item: Item, rng: random.Random
    ) -> tuple[str, ...]:
        """The right answer first and ways-1 others that are not right; all of the set's without ways."""
        if not self.ranked or (request.ways is None and not self.labelled):
            return ()
        others = {normalise(i.sample.answer): i.sample.answer for i in items}
        for truth in item.truths:
            others.pop(normalise(truth), None)
        rest = [others[key] for key in sorted(others)]
        count = len(rest) if request.ways is None else min(request.ways - 1, len(rest))
        return (item.sample.answer, *rng.sample(rest, count))

    def _examples(
        self, request: Request, chooser: Chooser, item: Item, rng: random.Random
    ) -> tuple[Sample | Shot, ...] | None:
        if request.text_examples:
            others = [i for i in chooser.items if i.record.file != item.record.file]
            if len(others) < _TEXT_EXAMPLES:
                return None
            found = rng.sample(others, _TEXT_EXAMPLES)
            return tuple(Shot(None, i.sample.prompt, i.sample.answer) for i in found)
        chosen = chooser.choose(item.record)
        return None if chosen is None else tuple(i.sample for i in chosen)

    def _group(self, request: Request, set_name: str, queries: list[Query]) -> Group:
        fields: dict[str, object] = {}
        if self.majority:
            truths = Counter(query.truths[0] for query in queries)
            fields["baseline"] = truths.most_common(1)[0][1] / len(queries)
        if request.text_examples:
            fields["kind"] = "text-examples"
        longest = PROMPTS[self.prompt].max_new_tokens
        return Group(
            self.task,
            set_name,
            self.text,
            request.shots,
            tuple(queries),
            longest,
            self.scoring,
            self.by,
            fields,
        )


def _with_kind(query: Query, kind: str) -> Query:
    return Query(query.examples, query.record, query.prompt, query.truths, query.options, kind=kind)


def _captions(texts: Sequence[str], record: Record) -> list[Item]:
    # One query a picture; as an example it shows its first caption.
    if not texts:
        return []
    return [Item(Sample(record, PROMPTS["caption"].text(), clean(texts[0])), tuple(texts))]


def _one(prompt: str, text: str, record: Record) -> list[Item]:
    return [Item(Sample(record, PROMPTS[prompt].text(), text), (text,))] if text else []


def _questions(pairs: Sequence[tuple[str, str]], record: Record) -> list[Item]:
    return [
        Item(ask(record, question, answer), (answer,), question_type(question, answer))
        for question, answer in pairs
    ]


def _statements(record: Record) -> list[Item]:
    prompt = PROMPTS["statement"]
    return [
        Item(Sample(record, prompt.text(statement=clean(sentence)), truth), (truth,))
        for sentence, truth in record.statements
    ]


TEXT_TASKS: tuple[TextTask, ...] = (
    TextTask("captions", "human", "caption", lambda r: _captions(r.captions, r), "captions"),
    TextTask(
        "captions", "written", "caption", lambda r: _captions(r.written.captions, r), "captions"
    ),
    TextTask(
        "details",
        "written",
        "describe",
        lambda r: _one("describe", clean(r.written.details), r),
        "details",
    ),
    TextTask(
        "subject",
        "written",
        "subject",
        lambda r: _one("subject", name(r.written.subject), r),
        ranked=True,
    ),
    TextTask(
        "scene", "written", "scene", lambda r: _one("scene", name(r.written.scene), r), ranked=True
    ),
    TextTask(
        "objects",
        "written",
        "list",
        lambda r: _one("list", ", ".join(r.written.objects), r),
        "f1",
    ),
    TextTask("vqa", "human", "question", lambda r: _questions(r.qa, r), by="type"),
    TextTask("vqa", "written", "question", lambda r: _questions(r.written.qa, r), by="type"),
    TextTask(
        "naming",
        "human",
        "classify",
        lambda r: _one("classify", name(r.label), r),
        ranked=True,
        labelled=True,
    ),
    TextTask("statements", "human", "statement", _statements, majority=True),
)
