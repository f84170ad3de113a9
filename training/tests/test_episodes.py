"""The training rows: what is learnt, what is held out, and that drawn facts are true of the pixels."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from training.data.binding import binding_groups, binding_row
from training.data.clips import MOST_FRAMES, clip
from training.data.drawn_tasks import caption, counted, plural
from training.data.induction import DrawnScenes, count_of, count_row, operator_row, same_row
from training.data.manifest import Record, Written
from training.data.source import drawn, open_frames, scene_name
from training.data.style import TRAIN_FORMATS, article, style_row, write
from training.data.tasks import Sample
from training.data.views import MIRROR, mirror_of, mirrored
from training.drawn.clipart import clip_art
from training.drawn.paint import paint
from training.drawn.scene import COLORS, FRAMES, TEST_COLORS, scene_of

SEED = 4


def _photos(classes: int, each: int) -> list[Record]:
    return [
        Record(f"tiny/{c}-{i}.png", "tiny", "train", 64, 64, label=f"class {c}")
        for c in range(classes)
        for i in range(each)
    ]


def _chunks(row: Iterator[tuple[Sample, bool]], count: int) -> list[tuple[Sample, bool]]:
    return list(islice(row, count))


def test_a_label_is_learnt_only_once_examples_have_shown_it() -> None:
    groups = binding_groups(_photos(15, 8), {})
    assert len(groups["classes"]) == 15 and not groups["photos"]
    invented = 0
    for seed in range(60):
        chunks = _chunks(binding_row(groups, random.Random(seed)), 40)
        labels: dict[str, str] = {}
        true_names = all(s.answer == s.record.label for s, _ in chunks)
        for sample, _ in chunks:
            assert labels.setdefault(sample.record.label, sample.answer) == sample.answer
        seen: set[str] = set()
        for sample, learn in chunks:
            assert learn == (true_names or sample.answer in seen)
            seen.add(sample.answer)
        invented += not any(s.answer.startswith("class") for s, _ in chunks)
        assert len({s.record.key for s, _ in chunks}) == len(chunks), "a photo comes once"
    assert invented > 20


def test_the_form_is_one_for_the_row() -> None:
    records = [
        Record(f"hobby/{i}.webp", "hobby", "train", 300, 200, written=Written(subject=f"thing{i}"))
        for i in range(9)
    ]
    chunks = []
    for seed in range(40):
        try:
            chunks.append(_chunks(style_row(records, random.Random(seed)), 4))
        except RuntimeError:
            pytest.fail("a style row ended")
        assert [learn for _, learn in chunks[-1]] == [False, True, True, True]
        forms = {s.answer.lower().replace(s.record.written.subject, "@") for s, _ in chunks[-1]}
        assert len(forms) == 1
    assert len({c[0][0].prompt for c in chunks}) > 5


def test_articles_and_plurals() -> None:
    assert write("It is {a}{x}", "lower", "owl", "zor") == "It is an owl"
    assert write("{w}: {x}", "upper", "owl", "zor") == "zor: OWL"
    assert [article(w) for w in ("dogs", "glass", "two men", "bus")] == ["", "a ", "", "a "]
    assert [plural(w) for w in ("bus", "fish", "cherry", "red cross")] == [
        "buses",
        "fish",
        "cherries",
        "red crosses",
    ]
    assert counted(3, "white star") == "three white stars"
    assert all("{x}" in template for template in TRAIN_FORMATS)


def test_left_and_right_change_places_in_the_mirror() -> None:
    assert mirrored("Left of the tree, to the right") == "Right of the tree, to the left"
    record = Record(
        "flickr8k/a.jpg",
        "flickr8k",
        "train",
        224,
        224,
        qa=(("What number is on the left?", "4"), ("Where is it?", "right")),
    )
    view = mirror_of(record)
    assert view.qa == (("Where is it?", "left"),)
    assert view.view == MIRROR and view.key != record.key
    assert 3 / 4 - 0.02 < view.width / view.height < 4 / 3 + 0.02


def test_test_drawings_share_no_colour_and_no_clip_art_with_training() -> None:
    assert not set(COLORS) & set(TEST_COLORS)
    assert not {a.name for a in clip_art(True)} & {a.name for a in clip_art(False)}
    for kind in ("one", "many", "pair"):
        for i in range(40):
            for split, colors in (("train", COLORS), ("test", TEST_COLORS)):
                names = {a.name for a in clip_art(split == "train")}
                for thing in scene_of(scene_name(drawn(split, kind, i))).things:
                    assert thing.color in colors if not thing.code else thing.name in names


def test_pixels_are_where_the_scene_says() -> None:
    """The centre of every shape has its colour; a picture is the same each time."""
    checked = 0
    for i in range(60):
        scene = scene_of(scene_name(drawn("train", "many", i)))
        image = np.asarray(paint(scene))
        assert np.array_equal(image, np.asarray(paint(scene)))
        for thing in scene.things:
            if thing.color:
                pixel = image[int(thing.y * 300), int(thing.x * 300)].astype(int)
                assert np.abs(pixel - COLORS[thing.color]).max() < 8
                checked += 1
    assert checked > 50


def test_clips_run_the_way_their_answers_say() -> None:
    rng = random.Random(SEED)
    seen: set[str] = set()
    for i in range(120):
        kind = ("move", "grow", "event")[i % 3]
        track = drawn("train", kind, i)
        assert len(track.frames) == FRAMES[kind]
        medium, sort, _, answer = clip(track, rng)
        assert 2 <= len(medium.frames) <= MOST_FRAMES
        first, last = (scene_of(scene_name(medium.frames[k])) for k in (0, -1))
        seen.add(answer)
        if sort == "move":
            dx = last.things[0].x - first.things[0].x
            dy = last.things[0].y - first.things[0].y
            assert answer == (
                ("right" if dx > 0 else "left") if dx else ("down" if dy > 0 else "up")
            )
        elif sort == "grow":
            assert answer == ("grows" if last.things[0].size > first.things[0].size else "shrinks")
        elif sort == "appear":
            assert (answer == "appears") == (len(last.things) > len(first.things))
        else:
            alone = next(
                s for f in medium.frames if len((s := scene_of(scene_name(f))).things) == 1
            )
            assert alone.things[0].name == answer
    assert {"left", "right", "up", "down", "grows", "shrinks", "appears", "disappears"} <= seen
    assert len(open_frames(drawn("train", "event", 3), pictures_folder())) == 4


def pictures_folder() -> Path:
    """Drawn records never open it."""
    return Path("nowhere")


def test_induction_answers_follow_the_hidden_rule() -> None:
    counts = (("one", 300), ("many", 400), ("pair", 120), ("sum", 120))
    scenes = DrawnScenes([drawn("train", kind, i) for kind, n in counts for i in range(n)])
    assert scenes.ready
    for seed in range(20):
        chunks = _chunks(count_row(scenes, random.Random(seed)), 12)
        shown = [scene_of(scene_name(s.record)) for s, _ in chunks]
        values = {v for scene in shown for t in scene.things for v in (t.name, t.color) if v}
        assert any(
            all(
                str(count_of(scene, v)) == s.answer
                for scene, (s, _) in zip(shown, chunks, strict=True)
            )
            for v in values
        )
        assert [learn for _, learn in chunks[:3]] == [False, False, True]
        numbers = [
            (scene_of(scene_name(s.record)).numbers, int(s.answer))
            for s, _ in _chunks(operator_row(scenes, random.Random(seed)), 8)
        ]
        rules = (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b)
        assert any(all(rule(*pair) == out for pair, out in numbers if pair) for rule in rules)
        pairs = _chunks(same_row(scenes, random.Random(seed)), 12)
        truth = {
            (
                scene_of(scene_name(s.before[0].record)).things[0].name
                == scene_of(scene_name(s.record)).things[0].name,
                s.answer,
            )
            for s, _ in pairs
        }
        assert len(truth) == len({t for t, _ in truth}) == len({a for _, a in truth})


def test_captions_tell_what_is_drawn() -> None:
    for i in range(30):
        scene = scene_of(scene_name(drawn("train", "many", i)))
        text = caption(scene).lower()
        assert all(thing.name.split(" ")[0][:3] in text for thing in scene.things)
