"""Style that only the examples show: how a name is written, in forms that training never had.

The content is the subject of a real photo, or its class name. Right means the form and the content.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from training.data.manifest import Record
from training.data.style import article
from training.data.tasks import name
from training.evaluation.pool import Chooser, Request
from training.evaluation.queries import Group, Query, Shot

# Training invents its words from other first letters (`training/data/words.py`).
TEST_WORDS: tuple[str, ...] = ("Quib", "Cazu", "Yorp", "Xilo", "Ulmo", "Egwi", "Octu", "Ivar")
# Prompts that ask for nothing, and are not those of training.
TEST_CUES: tuple[str, ...] = ("Now:", "Note:", "Next:", "Here:")
_LONGEST = 20


@dataclass(frozen=True)
class Form:
    """`{x}` is the name, `{X}` the name in capitals, `{a}` its article and a space, `{w}` a made-up word."""

    name: str
    template: str
    one_word: bool = False

    def write(self, words: str, made_up: str) -> str:
        """The name in this form."""
        return self.template.format(x=words, X=words.upper(), a=article(words), w=made_up)

    def reader(self, made_up: str) -> Callable[[str], str | None]:
        """Takes the name out of an answer in this form; None for any other answer."""
        parts = re.split(r"(\{[xXaw]\})", self.template)
        patterns = {
            "{x}": r"(?P<name>\w[\w' -]*)",
            "{X}": r"(?P<name>[A-Z][A-Z'-]*)",
            "{a}": r"(?:an? |the |some )?",
            "{w}": re.escape(made_up),
        }
        pattern = re.compile("".join(patterns.get(part, re.escape(part)) for part in parts))

        def read(answer: str) -> str | None:
            found = pattern.fullmatch(answer.strip())
            return found["name"] if found else None

        return read


TEST_FORMS: tuple[Form, ...] = (
    Form("capitals", "{X}", one_word=True),
    Form("there is", "There is {a}{x}"),
    Form("brackets", "[{x}]"),
    Form("prefix", "{w}: {x}"),
    Form("tildes", "~{x}~"),
    Form("sentence", "We have {a}{x} over here"),
)


def content(record: Record) -> str:
    """The photo's subject, or its class."""
    return record.written.subject or name(record.label)


@dataclass(frozen=True)
class _Content:
    record: Record
    words: str


def _contents(records: list[Record], one_word: bool) -> list[_Content]:
    found = [_Content(record, content(record)) for record in records]
    return [c for c in found if c.words and not (one_word and " " in c.words)]


def style(request: Request) -> Iterator[Group]:
    """One group a set; the forms share its queries in equal parts."""
    if request.text_examples:
        return
    for set_name in request.sets():
        queries: list[Query] = []
        for number, form in enumerate(TEST_FORMS):
            share = (request.limit + number) // len(TEST_FORMS)
            rng = request.rng("style", set_name, form.name)
            asked = _contents(request.members(set_name), form.one_word)
            chosen = rng.sample(asked, min(share, len(asked)))
            shots = request.example_rng("style", set_name, form.name)
            pool = _contents(request.examples(set_name), form.one_word)
            chooser = Chooser(request, pool, shots)
            for item in chosen:
                made_up, cue = rng.choice(TEST_WORDS), rng.choice(TEST_CUES)
                examples = chooser.choose(item.record)
                if examples is None:
                    continue
                shown = tuple(Shot(e.record, cue, form.write(e.words, made_up)) for e in examples)
                truths = tuple({item.words, name(item.record.label)} - {""})
                read = form.reader(made_up)
                queries.append(Query(shown, item.record, cue, truths, kind=form.name, content=read))
        if queries:
            yield Group(
                *("style", set_name, "written", request.shots, tuple(queries), _LONGEST),
                scoring="format",
                by="type",
            )
