"""The scorers on cases whose results are known."""

import pytest
from pycocoevalcap.bleu.bleu import Bleu

from training.evaluation.scoring import (
    bleu4,
    caption_words,
    cider,
    f1,
    is_exact,
    named,
    normalise,
)
from training.evaluation.words import folded, head_noun, object_set, question_type, singular

REFERENCES = [
    ["A dog runs across the green grass.", "A brown dog is running outside."],
    ["Two men ride bikes down a hill.", "Two cyclists on a steep trail."],
    [
        "A girl in a pink dress climbs the stairs.",
        "A little girl goes up wooden steps.",
    ],
]


@pytest.mark.parametrize(
    ("answer", "truth", "right"),
    [
        ("The garbage bin.", "garbage_bin", True),
        ("cup, Table", "table,cup", True),
        ("cup", "table,cup", False),
        ("no", "No", True),
        ("2 dogs", "2", False),
    ],
)
def test_exact(answer: str, truth: str, right: bool) -> None:
    assert is_exact(answer, truth) is right


def test_words() -> None:
    assert caption_words("A man's T-shirt, “red”.") == "a man 's t-shirt red"
    assert normalise("An Apple_pie!") == "apple pie"


def test_cider_prefers_the_right_captions() -> None:
    right = [texts[0] for texts in REFERENCES]
    wrong = [right[1], right[2], right[0]]
    assert cider(right, REFERENCES).value > 3
    assert cider(wrong, REFERENCES).value < 0.3


def test_bleu_equals_the_package() -> None:
    """Our sum over the scorer's counts against pycocoevalcap's own number: 1e-6."""
    answers = [
        "a dog runs across the grass",
        "two men ride a bike down a hill",
        "a girl climbs",
    ]
    truth = {i: [caption_words(t) for t in texts] for i, texts in enumerate(REFERENCES)}
    given = {i: [caption_words(text)] for i, text in enumerate(answers)}
    expected = Bleu(4).compute_score(truth, given, verbose=0)[0][3]
    score = bleu4(answers, REFERENCES)
    assert abs(score.value - expected) < 1e-6
    assert score.interval[0] <= score.value <= score.interval[1] + 1e-9


def test_words_are_folded() -> None:
    plurals = {"dogs": "dog", "children": "child", "boxes": "box", "cherries": "cherry"}
    assert {word: singular(word) for word in plurals} == plurals
    for word in ("grass", "bus", "tennis", "gas", "sky"):
        assert singular(word) == word
    assert folded("The Two Dogs!") == "two dog"
    assert head_noun("bowl of soup") == "bowl"
    assert head_noun("rocking chairs") == "chair"
    assert f1(object_set("dogs, a ball"), object_set("dog, tree, ball")) == pytest.approx(0.8)
    assert f1(object_set(""), object_set("dog")) == 0.0


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Is the color of it red?", "No", "yesno"),
        ("How many dogs are there?", "2", "count"),
        ("What color is it?", "red", "color"),
        ("Where is it?", "on the grass", "other"),
    ],
)
def test_types_of_questions(question: str, answer: str, kind: str) -> None:
    assert question_type(question, answer) == kind


def test_named_is_above_other_pictures() -> None:
    """Naming what every picture has says nothing; naming each picture's own thing says all."""
    heads = [frozenset({"dog", "grass"}), frozenset({"cat", "grass"}), frozenset({"bus", "grass"})]
    assert named(["grass", "grass", "grass"], heads).value == 0.0
    assert named(["a dog runs", "a cat", "the bus"], heads).value == 1.0
    assert named(["a cat", "a bus", "a dog"], heads).value == pytest.approx(-0.5)
    late = " ".join(["word"] * 15 + ["dog"])
    assert named([late, "a cat", "a bus"], heads).value == pytest.approx(2 / 3)
