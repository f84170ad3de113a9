"""The tasks of training: which pictures serve a task, and what is asked and answered about one."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from training.data.manifest import Record
from training.prompts import PROMPTS


@dataclass(frozen=True)
class Shown:
    """A medium before the last one of a chunk, and the text between."""

    record: Record
    text: str = ""


@dataclass(frozen=True)
class Sample:
    """One chunk: a picture, the text after it, and the answer that is learnt; sometimes more pictures before."""

    record: Record
    prompt: str
    answer: str
    before: tuple[Shown, ...] = ()

    @property
    def media(self) -> tuple[Record, ...]:
        """All media in order."""
        return (*(shown.record for shown in self.before), self.record)


def clean(sentence: str) -> str:
    """One form for all sentences: no space before punctuation, a capital first, no full stop at the end."""
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(sentence.split())).strip().rstrip(".").strip()
    return text[:1].upper() + text[1:]


def name(label: str) -> str:
    """Class names and short answers: underscores are spaces."""
    return label.replace("_", " ").strip()


def _caption(record: Record, rng: random.Random) -> Sample:
    text = rng.choice(record.captions or record.written.captions)
    return Sample(record, PROMPTS["caption"].text(), clean(text))


def _details(record: Record, rng: random.Random) -> Sample:
    return Sample(record, PROMPTS["describe"].text(), clean(record.written.details))


def _label(record: Record, rng: random.Random) -> Sample:
    return Sample(record, PROMPTS["classify"].text(), name(record.label))


def _subject(record: Record, rng: random.Random) -> Sample:
    # A person who asks for the name of a photo's subject uses the same preset as for classes.
    prompt = PROMPTS[rng.choice(("classify", "subject"))].text()
    return Sample(record, prompt, name(record.written.subject))


def _scene(record: Record, rng: random.Random) -> Sample:
    return Sample(record, PROMPTS["scene"].text(), name(record.written.scene))


def _objects(record: Record, rng: random.Random) -> Sample:
    return Sample(record, PROMPTS["list"].text(), ", ".join(record.written.objects))


def ask(record: Record, question: str, answer: str) -> Sample:
    """A question as the preset asks it: capital first, one question mark."""
    text = clean(question).rstrip("?") + "?"
    return Sample(record, PROMPTS["question"].text(question=text), name(answer))


def _question(record: Record, rng: random.Random) -> Sample:
    return ask(record, *rng.choice(record.qa or record.written.qa))


def _statement(record: Record, rng: random.Random) -> Sample:
    sentence, truth = rng.choice(record.statements)
    return Sample(record, PROMPTS["statement"].text(statement=clean(sentence)), truth)


@dataclass(frozen=True)
class Task:
    """Which records serve it, and how a sample is made of one."""

    name: str
    serves: Callable[[Record], bool]
    sample: Callable[[Record, random.Random], Sample]


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("captions", lambda r: bool(r.captions), _caption),
        Task("written captions", lambda r: bool(r.written.captions), _caption),
        Task("details", lambda r: bool(r.written.details), _details),
        Task("names", lambda r: bool(r.label) and r.set != "imagenet1k", _label),
        Task("photo names", lambda r: r.set == "imagenet1k", _label),
        Task("subjects", lambda r: bool(r.written.subject), _subject),
        Task("scenes", lambda r: bool(r.written.scene), _scene),
        Task("objects", lambda r: len(r.written.objects) > 0, _objects),
        Task("written questions", lambda r: bool(r.written.qa) and not r.qa, _question),
        Task("daquar", lambda r: r.set in ("daquar", "own") and bool(r.qa), _question),
        Task("easyvqa", lambda r: r.set == "easyvqa", _question),
        Task("statements", lambda r: bool(r.statements), _statement),
    )
}
