"""The scorers on cases whose results are known."""

import pytest
from pycocoevalcap.bleu.bleu import Bleu

from training.evaluation.scoring import bleu4, caption_words, cider, is_exact, normalise

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
