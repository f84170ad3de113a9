"""The example of a first visit: two pictures with made-up names, a third one, and what the model says of it."""

from typing import Any

from training.default_goldens import Case, Segment
from training.prompts import PROMPTS

PRESET = "classify"
SHOWN = (("cat.jpg", "dax"), ("coffee.jpg", "blick"))
ASKED = "cat-near.jpg"


def _chunk(picture: str, answer: str = "") -> list[Segment]:
    return [{"image": picture}, {"text": PROMPTS[PRESET].text() + answer}]


CASE: Case = (
    "made-up names",
    [_chunk(picture, f" {answer}") for picture, answer in SHOWN],
    _chunk(ASKED),
)


def worked_example(model: str, golden: dict[str, Any]) -> dict[str, Any]:
    """What `public/examples/worked.json` holds, from the golden answer to `CASE`: the answer is the model's own.

    Raises:
        ValueError: the answer is no clear choice to its end.
    """
    if not golden["ended"]:
        raise ValueError(f"the worked example's answer {golden['text']!r} breaks off; take another")
    return {
        "model": model,
        "preset": PRESET,
        "examples": [{"picture": picture, "answer": answer} for picture, answer in SHOWN],
        "question": {"picture": ASKED},
        "answer": golden["text"],
    }
