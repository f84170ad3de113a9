"""What the model is to reach on `val`, as data.

A target names the rows it is read from (`where`, on one `metric`); rows of several sets are averaged by their
number of queries. `than` says what the value is compared with: nothing, the row's `baseline`, the same row
under the control `shuffled`, or the same row at 0 shots.
"""

from dataclasses import dataclass
from typing import Any, Literal

Than = Literal["nothing", "baseline", "shuffled", "no shots"]

_DESCRIBED = ("openstax", "web", "hobby", "life")
_BINDING = {"task": "binding", "set": "tiny", "labels": "invented"}
_SAME = {"task": "binding", "labels": "invented", "photos": "same", "shots": 1}
_QUESTIONS = {"task": "vqa", "text": "written", "type": "all", "shots": 0, "set": _DESCRIBED}


@dataclass(frozen=True)
class Target:
    """`where`: row fields and the value each must have (a tuple: one of them); `wanted` on the row's scale."""

    name: str
    metric: str
    wanted: float
    where: dict[str, Any]
    than: Than = "nothing"


TARGETS: tuple[Target, ...] = (
    Target(
        "captions, Flickr8k, beam 3: CIDEr",
        "cider",
        0.60,
        {"task": "captions", "set": "flickr8k", "text": "human", "shots": 0, "beams": 3},
    ),
    Target(
        "captions, Flickr8k, beam 3: BLEU-4",
        "bleu4",
        0.23,
        {"task": "captions", "set": "flickr8k", "text": "human", "shots": 0, "beams": 3},
    ),
    Target(
        "captions, COCO: CIDEr",
        "cider",
        0.40,
        {"task": "captions", "set": "coco", "text": "human", "shots": 0},
    ),
    Target(
        "captions on openstax, web, hobby, life: named",
        "named",
        0.35,
        {"task": "captions", "text": "written", "shots": 0, "set": _DESCRIBED},
    ),
    Target("written questions, the same sets: exact", "exact", 0.48, _QUESTIONS),
    Target("written questions: above shuffled", "exact", 0.12, _QUESTIONS, "shuffled"),
    *(
        Target(
            f"binding, different photos, Tiny ImageNet, {ways}-way {shots}-shot",
            "ranked",
            wanted,
            _BINDING | {"photos": "different", "ways": ways, "shots": shots},
        )
        for ways, shots, wanted in ((2, 1, 0.94), (5, 1, 0.84), (5, 5, 0.94), (10, 1, 0.74))
    ),
    Target("binding, same photo, 2-way 1-shot", "ranked", 0.99, _SAME | {"ways": 2}),
    Target("binding, same photo, 5-way 1-shot", "ranked", 0.97, _SAME | {"ways": 5}),
    Target(
        "clothing, its 10 names, 2 shots each: above the nearest class mean",
        "ranked",
        0.05,
        {"task": "naming", "set": "clothing", "ways": 10, "shots": 2, "photos": "different"},
        "baseline",
    ),
    Target(
        "naming, open-ended, 4-shot, Tiny ImageNet names seen in training",
        "exact",
        0.55,
        {"task": "naming", "set": "tiny", "shots": 4},
    ),
    Target(
        "DAQUAR, 4-shot",
        "exact",
        0.28,
        {"task": "vqa", "set": "daquar", "text": "human", "type": "all", "shots": 4},
    ),
    Target(
        "easy-VQA",
        "exact",
        0.97,
        {"task": "vqa", "set": "easyvqa", "text": "human", "type": "all", "shots": 0},
    ),
    *(
        Target(
            f"NLVR statements: above {than}",
            "exact",
            0.05,
            {"task": "statements", "set": "nlvr", "shots": 0},
            than,
        )
        for than in ("baseline", "shuffled")
    ),
    Target(
        "clips: direction of motion, 4 ways", "exact", 0.95, {"task": "clips", "kind": "direction"}
    ),
    Target(
        "style by two examples: format",
        "exact",
        0.90,
        {"task": "style", "type": "all", "kind": "format", "shots": 2},
    ),
    Target(
        "style by two examples: format and content",
        "exact",
        0.60,
        {"task": "style", "type": "all", "kind": "both", "shots": 2},
    ),
    Target(
        "induction: count with a hidden property, 4-shot",
        "exact",
        0.80,
        {"task": "induction", "kind": "count", "shots": 4},
    ),
    Target(
        "shots help on life, captions, 8 against 0",
        "cider",
        0.0,
        {"task": "captions", "set": "life", "text": "written", "shots": 8},
        "no shots",
    ),
    Target(
        "shots help on a style kept out, 8 against 0",
        "exact",
        0.0,
        {"task": "style", "type": "all", "kind": "both", "shots": 8},
        "no shots",
    ),
)
