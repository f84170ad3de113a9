"""The mixture of training rows, over the pictures that have features.

The first chunk of a row is a zero-shot sample, the later ones have examples before them: one kind of
row trains both. Where only the examples tell what is wanted, the first chunks are not learnt.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from training.data.binding import binding_groups, binding_row
from training.data.clips import clip_row
from training.data.drawn_tasks import caption, question, statement
from training.data.features import FeatureStore
from training.data.induction import (
    DrawnScenes,
    attribute_row,
    count_row,
    operator_row,
    same_row,
)
from training.data.manifest import Record
from training.data.rows import Packer, Row
from training.data.source import drawn_for_training
from training.data.style import style_row
from training.data.tasks import TASKS, Sample, ask
from training.data.views import PHOTO_SETS, ZOOM_SETS, ZOOMS, mirror_of, zoom_of
from training.prompts import PROMPTS

# Shares of rows. Tiny ImageNet is blurred at 64 px and has 25 times as many pictures as there are photos with
# names: alone it would be all that names see.
WEIGHTS: dict[str, float] = {
    "captions": 0.20,
    "written captions": 0.07,
    "details": 0.02,
    "names": 0.06,
    "photo names": 0.05,
    "subjects": 0.04,
    "scenes": 0.015,
    "objects": 0.03,
    "written questions": 0.10,
    "daquar": 0.03,
    "easyvqa": 0.01,
    "statements": 0.03,
    "mixed": 0.015,
    "style": 0.06,
    "binding": 0.25,
    "drawn": 0.015,
    "attribute": 0.015,
    "count": 0.02,
    "operator": 0.01,
    "same": 0.01,
    "clips": 0.02,
}
# Lengths of rows in tokens, with their shares: long ones have room for 32 shots.
BUDGETS = {80: 0.55, 160: 0.25, 320: 0.15, 640: 0.05}
_MIRRORED = 0.35
_LEAST = 4


class Episodes:
    """An endless, seeded stream of rows."""

    def __init__(self, records: list[Record], store: FeatureStore, packer: Packer) -> None:
        self.records, self.store, self.packer = records, store, packer
        self.refresh()

    def refresh(self) -> None:
        """Takes in pictures that were encoded since."""
        self.store.refresh()
        kept_out = self.store.kept_out
        records = [r for r in self.records if r in self.store and r.file not in kept_out]
        mirrors = (mirror_of(r) for r in records if r.set in PHOTO_SETS)
        self.mirrors = {r.file: r for r in mirrors if r in self.store}
        self.pools = {name: [r for r in records if t.serves(r)] for name, t in TASKS.items()}
        self.named = [r for r in records if r.written.subject or r.label]
        art = [r for group in drawn_for_training().values() for r in group if r in self.store]
        self.scenes = DrawnScenes([r for r in art if not r.frames])
        zooms = [
            replace(r, frames=(r, *(zoom_of(r, view) for view in ZOOMS)))
            for r in records
            if r.set in ZOOM_SETS
        ]
        self.tracks = [r for r in [*art, *zooms] if r.frames and r in self.store]
        still = [r for r in art if not r.frames]
        self.groups = binding_groups([*records, *still], self.mirrors)
        self.count = len(records) + len(self.mirrors) + len(art)

    def _view(self, record: Record, rng: random.Random) -> Record:
        """Sometimes the mirrored photo."""
        if record.file in self.mirrors and rng.random() < _MIRRORED:
            return self.mirrors[record.file]
        return record

    def _task(self, name: str, rng: random.Random) -> Sample:
        task = TASKS[name]
        while True:
            record = self._view(rng.choice(self.pools[name]), rng)
            if task.serves(record):
                return task.sample(record, rng)

    def _same_task(self, name: str, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        while True:
            yield self._task(name, rng), True

    def _mixed(self, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        names = [name for name in TASKS if len(self.pools[name]) >= _LEAST]
        while True:
            yield self._task(rng.choice(names), rng), True

    def _drawn(self, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        """Captions, questions or statements on drawn scenes, by the presets' prompts."""
        manner = rng.choice(("caption", "question", "question", "statement"))
        while True:
            record, scene = rng.choice(self.scenes.by_kind[rng.choice(("one", "many", "pair"))])
            other = rng.choice(self.scenes.by_kind["one"])[1].things[0].full_name
            if manner == "caption":
                yield Sample(record, PROMPTS["caption"].text(), caption(scene)), True
            elif manner == "question":
                yield ask(record, *question(scene, rng, other)), True
            else:
                sentence, truth = statement(scene, rng, other)
                prompt = PROMPTS["statement"].text(statement=sentence)
                yield Sample(record, prompt, truth), True

    def _stream(self, name: str, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        if name in TASKS:
            return self._same_task(name, rng)
        if name == "mixed":
            return self._mixed(rng)
        if name == "style":
            return style_row(self.named, rng)
        if name == "binding":
            return binding_row(self.groups, rng)
        if name == "clips":
            return clip_row(self.tracks, rng)
        if name == "drawn":
            return self._drawn(rng)
        rows = {
            "attribute": attribute_row,
            "count": count_row,
            "operator": operator_row,
            "same": same_row,
        }
        return rows[name](self.scenes, rng)

    def _ready(self, name: str) -> bool:
        if name in TASKS:
            return len(self.pools[name]) >= _LEAST
        if name in ("mixed", "style"):
            return len(self.named) >= _LEAST
        if name == "binding":
            return any(len(groups) >= 10 for groups in self.groups.values())
        return len(self.tracks) >= 100 if name == "clips" else self.scenes.ready

    def rows(self, tokens: int, rng: random.Random) -> list[Row]:
        """Rows of one length, of `tokens` together; each of a task of its own."""
        budget = rng.choices(list(BUDGETS), list(BUDGETS.values()))[0]
        names = [name for name in WEIGHTS if self._ready(name)]
        picked = rng.choices(names, [WEIGHTS[n] for n in names], k=max(1, tokens // budget))
        return [self.packer.row(self._stream(name, rng), budget) for name in picked]
