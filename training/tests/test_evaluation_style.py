"""Style: forms of the tests are none of training's, and are told apart."""

import numpy as np
import pytest

from training.data.manifest import Record, Written
from training.data.style import CASINGS, TRAIN_CUES, TRAIN_FORMATS, write
from training.data.words import _ONSETS
from training.evaluation.answer import Answer
from training.evaluation.measure import score
from training.evaluation.pool import Request
from training.evaluation.style import TEST_CUES, TEST_FORMS, TEST_WORDS, Form, style


def test_nothing_is_shared_with_training() -> None:
    """Neither templates, cues, nor made-up words, nor does a form of training read as one of the tests."""
    assert not {form.template for form in TEST_FORMS} & set(TRAIN_FORMATS)
    assert not set(TEST_CUES) & set(TRAIN_CUES)
    invented = tuple({*_ONSETS} - {""})
    assert not [word for word in TEST_WORDS if word.lower().startswith(invented)]
    for form in TEST_FORMS:
        for template in TRAIN_FORMATS:
            for casing in CASINGS:
                if (template, casing) == ("{x}", "upper"):  # `form()` of training leaves it out
                    continue
                assert form.reader("Quib")(write(template, casing, "dog", "daxu")) is None


@pytest.mark.parametrize("form", TEST_FORMS, ids=lambda form: form.name)
def test_forms_are_read_back(form: Form) -> None:
    """What a form writes it reads, and no other form does."""
    for mine in TEST_FORMS:
        text = mine.write("owl", "Quib")
        found = form.reader("Quib")(text)
        assert (found is not None and found.lower() == "owl") == (mine is form)


def _records() -> list[Record]:
    return [
        Record(f"a/{i}.jpg", "a", "val", 64, 64, written=Written(subject=f"{'abcdefghij'[i]}owl"))
        for i in range(10)
    ]


def test_scores_want_form_and_content() -> None:
    records = _records()
    request = Request(records, [], lambda _: np.zeros(2, np.float32), shots=2, limit=12)
    (group,) = style(request)
    assert len(group.queries) == 12
    for query in group.queries:
        read = [query.content(example.answer) for example in query.examples if query.content]
        assert len(read) == 2
        assert None not in read
    form = {form.name: form for form in TEST_FORMS}

    def answers(words: str) -> list[Answer]:
        out = []
        for query in group.queries:
            made_up = next((w for w in TEST_WORDS if w in query.examples[0].answer), "")
            text = form[query.kind].write(words or query.truths[0], made_up)
            out.append(Answer(text))
        return out

    def value(kind: str, given: list[Answer]) -> float:
        rows = score(group, given, {})
        return next(r["value"] for r in rows if (r["kind"], r["type"]) == (kind, "all"))

    assert (value("format", answers("")), value("both", answers(""))) == (1.0, 1.0)
    assert (value("format", answers("dog")), value("both", answers("dog"))) == (1.0, 0.0)
    bare = [Answer(query.truths[0]) for query in group.queries]
    assert (value("format", bare), value("both", bare)) == (0.0, 0.0)
