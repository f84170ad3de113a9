"""Forms that only the examples show: casings and wrappings of a name, and prompts that ask for nothing.

The tests use other wrappings, words and prompts than these (`training/evaluation/style.py`).
"""

import random
from collections.abc import Iterator
from typing import Literal

from training.data.manifest import Record
from training.data.tasks import Sample, name
from training.data.words import invented_word

Casing = Literal["lower", "title", "upper"]

# `{x}` is the name, `{a}` its article and the space after it, `{w}` a word invented for the row.
TRAIN_FORMATS: tuple[str, ...] = (
    "{x}",
    "It is {a}{x}",
    "I see {a}{x}",
    "This shows {a}{x}.",
    "a photo of {a}{x}",
    "({x})",
    '"{x}"',
    "<{x}>",
    "{{{x}}}",
    "*{x}*",
    "- {x}",
    "#{x}",
    "1. {x}",
    "{x}!",
    "{x}?",
    "{x}, {x}",
    "{x} / {w}",
    "{w} = {x}",
    "{w} {x}",
    "{x} ({w})",
    "the {x} is here",
    "Look, {a}{x}!",
    "label={x}",
    "{w}-{x}",
)
CASINGS: tuple[Casing, ...] = ("lower", "lower", "lower", "title", "upper")

# Prompts after the picture that carry no task.
TRAIN_CUES: tuple[str, ...] = (
    *("", "", "Output:", "Answer:", "Label:", "Text:", "Result:", "->"),
    *("A:", "What?", "This is", "Class:", "Picture:", "Say:", "Tag:"),
)


def article(words: str) -> str:
    """ "a " or "an ", and nothing before plurals and names that have one."""
    first, last = words.split(" ")[0].lower(), words.split(" ")[-1].lower()
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    plural |= last in ("people", "men", "women", "children", "geese", "mice", "sheep")
    if plural or first in ("a", "an", "the", "two", "three", "four", "several"):
        return ""
    return "an " if first[0] in "aeiou" else "a "


def cased(words: str, casing: Casing) -> str:
    """The words in a casing."""
    if casing == "upper":
        return words.upper()
    return words.title() if casing == "title" else words


def write(template: str, casing: Casing, words: str, invented: str) -> str:
    """The name in a form."""
    x = cased(words, casing)
    return template.format(x=x, a=article(words), w=invented)


def form(rng: random.Random) -> tuple[str, Casing]:
    """A wrapping and a casing; capitals alone are left to the tests."""
    template, casing = rng.choice(TRAIN_FORMATS), rng.choice(CASINGS)
    return (template, "lower" if template == "{x}" and casing == "upper" else casing)


def contents(record: Record) -> dict[str, str]:
    """What a form can hold, by kind."""
    found = {
        "subject": record.written.subject,
        "scene": record.written.scene,
        "object": record.written.objects[0] if record.written.objects else "",
        "label": name(record.label),
    }
    return {kind: text for kind, text in found.items() if text}


def style_row(records: list[Record], rng: random.Random) -> Iterator[tuple[Sample, bool]]:
    """One form and one kind of content in all chunks; the first only shows it."""
    template, casing = form(rng)
    cue, invented = rng.choice(TRAIN_CUES), invented_word(rng)
    kind, shown = rng.choice(list(contents(rng.choice(records)))), False
    while True:
        record = rng.choice(records)
        content = contents(record).get(kind)
        if content:
            yield Sample(record, cue, write(template, casing, content, invented)), shown
            shown = True
