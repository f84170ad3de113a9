"""Evaluation: answers in batches are the model's own, and queries are built as promised."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from training.data.manifest import Record, Written
from training.data.pool import nlvr_scene
from training.data.tasks import Sample
from training.evaluation.answer import Answerer
from training.evaluation.media import Crop, Picture, record_of
from training.evaluation.pool import Request, pool_of
from training.evaluation.queries import Group, Query, with_other_pictures
from training.evaluation.sources import sources_of

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "pictures"
GOLDENS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "tiny.json").read_text())


def record(name: str, folder: Path = PICTURES) -> Record:
    with Image.open(folder / name) as image:
        return Record(name, "golden", "val", *image.size)


def query(golden: dict[str, Any], folder: Path = PICTURES) -> Query:
    """A golden prompt of a picture and a text, after examples of the same form."""
    image, text = golden["prompt"]
    examples = []
    for shown, said in golden["examples"]:
        prompt, answer = said["text"].split(" ", 1)
        examples.append(Sample(record(shown["image"], folder), prompt, answer))
    return Query(tuple(examples), record(image["image"], folder), text["text"], ())


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer(
        ROOT / "public" / "models" / "tiny-random",
        PICTURES,
    )


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
    ranked = [
        replace(q, options=tuple(g["candidates"])) for q, g in zip(queries, SIMPLE, strict=True)
    ]
    greedy = answerer.answer(ranked, 12)
    assert [a.text for a in greedy] == [decode(golden["tokens"]).strip() for golden in SIMPLE]
    beams = answerer.answer(queries, 8, beams=3)
    assert [a.text for a in beams] == [decode(golden["beam"]).strip() for golden in SIMPLE]
    for answer, golden in zip(greedy, SIMPLE, strict=True):
        means = [entry["meanLogprob"] for entry in golden["ranking"]]
        assert answer.best == golden["candidates"][means.index(max(means))]


def test_the_default_models_answers_begin_as_the_exported_graphs() -> None:
    """Its goldens come from ONNX Runtime and end before a close choice; the example pictures are encoded here."""
    folder = ROOT / "public" / "models" / "flamingo-smollm2-135m"
    answerer = Answerer(folder, ROOT / "public" / "examples")
    goldens = json.loads((ROOT / "tests" / "golden" / "default.json").read_text())
    shown = [golden for golden in goldens if "image" in golden["prompt"][0]]
    assert len(shown) >= 3
    queries = [query(golden, ROOT / "public" / "examples") for golden in shown]
    assert [answerer.prompt_ids(q) for q in queries] == [golden["ids"] for golden in shown]
    for answer, golden in zip(answerer.answer(queries, 8), shown, strict=True):
        assert answer.text.startswith(golden["text"])


def records() -> list[Record]:
    """30 pictures of `val` and 30 of `train`, and NLVR scenes with their boxes in three orders."""
    plain = [
        Record(
            f"a/{split}{i}.png",
            "a",
            split,
            64,
            64,
            label=f"class {i % 5}",
            captions=(f"Caption {i} one .", f"Caption {i} two ."),
            qa=((f"what is {i}", str(i)), ("how many", "2")),
            written=Written(qa=((f"Is it {i}?", "yes"),), subject=f"thing{i % 7}"),
        )
        for split in ("val", "train")
        for i in range(30)
    ]
    scenes = [
        Record(
            f"nlvr/dev-{i // 3}-0-{i % 3}.png",
            "nlvr",
            "val",
            400,
            100,
            statements=(("s", "true" if i % 3 else "false"),),
        )
        for i in range(30)
    ]
    return plain + scenes


def mean(picture: Picture) -> NDArray[np.float32]:
    """Pictures of one class look alike, and of one number most of all."""
    number = int("".join(filter(str.isdigit, record_of(picture).file)) or 0)
    angle = (number % 5) * 1.2 + number * 0.001
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def request(**more: Any) -> Request:
    own = [record for record in records() if record.split == "val"]
    return Request(own, pool_of(records(), ["val"]), mean, limit=10, **more)


def groups(task: str, **more: Any) -> list[Group]:
    asked = request(**more)
    return [group for source in sources_of(task, asked) for group in source(asked)]


def test_examples_are_never_the_querys_own_picture() -> None:
    """They come from `train` where a set has it; NLVR's scenes are kept apart; queries stay the same."""
    for task in ("captions", "naming", "vqa", "statements", "subject"):
        none, four = groups(task, shots=0), groups(task, shots=4)
        assert [len(g.queries) for g in none] == [len(g.queries) for g in four] == [10] * len(none)
        for a, b in zip(none, four, strict=True):
            assert [(q.record, q.prompt) for q in a.queries] == [
                (q.record, q.prompt) for q in b.queries
            ]
        for query in (query for group in four for query in group.queries):
            assert len(query.examples) == 4
            for example in query.examples:
                assert isinstance(example.record, Record)
                assert example.record.split == ("val" if task == "statements" else "train")
                assert nlvr_scene(example.record) != nlvr_scene(record_of(query.record))


def test_groups_say_what_they_are() -> None:
    assert {(g.task, g.set, g.text) for g in groups("vqa")} == {
        ("vqa", "a", "human"),
        ("vqa", "a", "written"),
    }
    assert {q.kind for q in groups("vqa", seed=1)[0].queries} == {"other", "count"}
    (statements,) = groups("statements")
    truths = [query.truths[0] for query in statements.queries]
    most = max(truths.count("true"), truths.count("false"))
    assert statements.fields["baseline"] == most / len(truths)
    (subject,) = groups("subject", ways=4)
    for query in subject.queries:
        assert len(set(query.options)) == 4
        assert query.options[0] == query.truths[0]


def test_the_seed_decides_and_classes_restrict() -> None:
    def files(**more: Any) -> list[str]:
        (group,) = groups("naming", **more)
        return [p.key for q in group.queries for p in q.pictures]

    assert files(seed=1, shots=2) == files(seed=1, shots=2)
    assert files(seed=1) != files(seed=2)
    assert files(example_seed=1) == files(example_seed=2)
    assert files(example_seed=1, shots=2) != files(example_seed=2, shots=2)
    (only,) = groups("naming", classes=frozenset({"class 2"}))
    assert {q.truths for q in only.queries} == {("class 2",)}


def test_rices_takes_the_most_similar_last() -> None:
    (group,) = groups("captions", shots=3, selection="rices")
    for query in group.queries:
        likeness = [float(mean(p) @ mean(query.record)) for p in query.pictures[:-1]]
        assert likeness == sorted(likeness)
        best = max(float(mean(r) @ mean(query.record)) for r in records() if r.split == "train")
        assert likeness[-1] == pytest.approx(best)


def test_text_examples_show_no_picture(answerer: Answerer) -> None:
    (group,) = groups("captions", text_examples=True)
    assert group.fields["kind"] == "text-examples"
    for query in group.queries:
        assert [example.record for example in query.examples] == [None, None]
        ids = answerer.prompt_ids(query)
        assert ids.count(answerer.image) == 1
        assert ids.count(answerer.end) == 2


def test_shuffled_shows_other_pictures() -> None:
    (group,) = groups("statements", shots=2)
    other = with_other_pictures(group, seed=0)
    for before, after in zip(group.queries, other.queries, strict=True):
        assert (before.prompt, before.truths) == (after.prompt, after.truths)
        assert [e.answer for e in before.examples] == [e.answer for e in after.examples]
        for a, b in zip(before.pictures, after.pictures, strict=True):
            assert nlvr_scene(record_of(a)) != nlvr_scene(record_of(b))


def test_binding_episodes() -> None:
    """One query of a class that is shown `shots` times, among as many labels as ways; the baseline is right here."""
    (group,) = groups("binding", ways=3, shots=2)
    assert group.fields["chance"] == pytest.approx(1 / 3)
    assert group.fields["baseline"] == 1.0
    for query in group.queries:
        label = record_of(query.record).label
        shown = [(e.answer, e.record) for e in query.examples]
        assert len(shown) == 6
        assert sorted(query.options) == sorted({answer for answer, _ in shown})
        for answer, picture in shown:
            assert isinstance(picture, Record)
            assert (picture.label == label) == (answer == query.truths[0])
            assert picture.file != record_of(query.record).file


def test_binding_on_crops_of_one_photo() -> None:
    (group,) = groups("binding", ways=2, shots=1, photos="same")
    for query in group.queries:
        own = [e for e in query.examples if e.answer == query.truths[0]]
        assert isinstance(query.record, Crop)
        assert [record_of(e.record).file for e in own if e.record] == [query.record.record.file]
        assert own[0].record != query.record
        others = [e for e in query.examples if e.answer != query.truths[0]]
        assert all(
            e.record and record_of(e.record).file != query.record.record.file for e in others
        )


def test_naming_with_examples_of_each_class() -> None:
    (group,) = groups("naming", shots=1, per_class=True)
    assert (group.fields["ways"], group.fields["labels"]) == (5, "real")
    for query in group.queries:
        assert query.truths[0] == record_of(query.record).label
        assert sorted(query.options) == [f"class {i}" for i in range(5)]
