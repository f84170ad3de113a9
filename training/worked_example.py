"""The example of a first visit: two pictures with made-up names, a third one, and what the model says of it."""

from pathlib import Path
from typing import Any

from training.default_goldens import Case, Segment, default_goldens
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


def worked_example(folder: Path) -> dict[str, Any]:
    """What `public/examples/worked.json` holds; the answer is the model's own.

    Raises:
        ValueError: the answer is no clear choice to its end.
    """
    golden = default_goldens(folder, [CASE])[0]
    if not golden["ended"]:
        raise ValueError(f"the worked example's answer {golden['text']!r} breaks off; take another")
    return {
        "model": folder.name,
        "preset": PRESET,
        "examples": [{"picture": picture, "answer": answer} for picture, answer in SHOWN],
        "question": {"picture": ASKED},
        "answer": golden["text"],
    }
