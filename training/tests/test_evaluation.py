"""Evaluation: answers in batches are the model's own, and queries are built as promised."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.data.manifest import Record, Written
from training.data.tasks import Sample
from training.evaluation.answer import Answerer
from training.evaluation.queries import Query, build_groups, nlvr_scene

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "pictures"
GOLDENS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "tiny.json").read_text())


def record(name: str) -> Record:
    with Image.open(PICTURES / name) as image:
        return Record(name, "golden", "val", *image.size)


def query(golden: dict[str, Any]) -> Query:
    """A golden prompt of a picture and a text, after examples of the same form."""
    image, text = golden["prompt"]
    examples = []
    for shown, said in golden["examples"]:
        prompt, answer = said["text"].split(" ", 1)
        examples.append(Sample(record(shown["image"]), prompt, answer))
    return Query(tuple(examples), record(image["image"]), text["text"], ())


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer(ROOT / "public" / "models" / "tiny-random", PICTURES, batch=3)


SIMPLE = [
    golden
    for golden in GOLDENS
    if [*golden["prompt"][0]] == ["image"] and len(golden["prompt"]) == 2
]


def test_batched_answers_equal_the_goldens(answerer: Answerer) -> None:
    """Prompts of different lengths, tiles and examples in one batch: greedy, beams and rankings."""
    queries = [query(golden) for golden in SIMPLE]
    assert len(queries) >= 4
    assert [answerer.prompt_ids(q) for q in queries] == [golden["ids"] for golden in SIMPLE]
    decode = answerer.tokenizer.decode
    greedy = answerer.generate(queries, 12, beams=1)
    assert greedy == [decode(golden["tokens"]).strip() for golden in SIMPLE]
    beams = answerer.generate(queries, 8, beams=3)
    assert beams == [decode(golden["beam"]).strip() for golden in SIMPLE]
    ranked = answerer.rank(queries, [golden["candidates"] for golden in SIMPLE])
    for best, golden in zip(ranked, SIMPLE, strict=True):
        means = [entry["meanLogprob"] for entry in golden["ranking"]]
        assert best == golden["candidates"][means.index(max(means))]


def records() -> list[Record]:
    plain = [
        Record(
            f"a/{i}.png",
            "a",
            "val",
            64,
            64,
            label=f"class {i % 5}",
            captions=(f"Caption {i} one .", f"Caption {i} two ."),
            qa=((f"what is {i}", str(i)),),
            written=Written(qa=((f"Is it {i}?", "yes"),)),
        )
        for i in range(30)
    ]
    scenes = [
        Record(
            f"nlvr/dev-{i // 3}-0-{i % 3}.png", "nlvr", "val", 400, 100, statements=(("s", "true"),)
        )
        for i in range(30)
    ]
    return plain + scenes


def test_examples_are_never_the_querys_own_picture() -> None:
    """Nor its scene in another order (NLVR); queries are the same under every number of shots."""
    groups = build_groups(
        records(), ["captions", "naming", "vqa", "statements"], [0, 4], 10, seed=1
    )
    assert {(g.task, g.set, g.text, g.shots) for g in groups} == {
        (task, name, text, shots)
        for task, name, text in (
            ("captions", "a", "human"),
            ("naming", "a", "human"),
            ("vqa", "a", "human"),
            ("vqa", "a", "written"),
            ("statements", "nlvr", "human"),
        )
        for shots in (0, 4)
    }
    for group in groups:
        assert len(group.queries) == 10
        for q in group.queries:
            assert len(q.examples) == group.shots
            for example in q.examples:
                assert nlvr_scene(example.record) != nlvr_scene(q.record)
    by_shots = {
        g.shots: [(q.record.file, q.prompt) for q in g.queries]
        for g in groups
        if g.task == "naming"
    }
    assert by_shots[0] == by_shots[4]


def test_the_seed_decides_and_classes_restrict() -> None:
    def files(seed: int, classes: frozenset[str] | None = None) -> list[str]:
        (group,) = build_groups(records(), ["naming"], [0], 10, seed, classes)
        return [q.record.file for q in group.queries]

    assert files(1) == files(1)
    assert files(1) != files(2)
    only = build_groups(records(), ["naming"], [0], 99, 1, frozenset({"class 2"}))[0]
    assert {q.truths for q in only.queries} == {("class 2",)}
