"""Rows of training: interleaved chunks of one task, packed to a budget of tokens.

The first chunk of a row is a zero-shot sample, the later ones have examples before them: one kind of
row trains both. Binding rows give classes labels that only the row itself explains.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tokenizers import Tokenizer

from training.config import START_TOKEN, FlamingoConfig
from training.data.features import FeatureStore, tiles_of
from training.data.manifest import Record
from training.data.pool import by_class
from training.data.tasks import BINDING_WEIGHT, TASKS, Sample, Task
from training.data.words import invented_words
from training.prompts import PROMPTS

IGNORED = -100
# Pictures of several tiles cost as much in the resampler as that many pictures.
MAX_TILES_PER_ROW = 10


@dataclass(frozen=True)
class Row:
    """ids and labels of one sequence (labels shifted: labels[i] is learnt at position i), and its pictures."""

    ids: list[int]
    labels: list[int]
    pictures: list[Record]


class Packer:
    """Turns samples into rows."""

    def __init__(self, tokenizer: Tokenizer, config: FlamingoConfig, budget: int) -> None:
        self.tokenizer, self.config, self.budget = tokenizer, config, budget

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def chunk(self, sample: Sample, learn: bool) -> tuple[list[int], list[int]]:
        """ids of the chunk and the targets of each: -100 except in the answer and its end."""
        prompt = [self.config.image_token, *self.encode(sample.prompt)]
        answer = [*self.encode(f" {sample.answer}"), self.config.end_of_chunk]
        targets = [IGNORED] * len(prompt) + (answer if learn else [IGNORED] * len(answer))
        return prompt + answer, targets

    def row(self, samples: Iterator[tuple[Sample, bool]]) -> Row:
        """Packs chunks until the budget is reached; the first always fits."""
        ids, targets, pictures, tiles = [START_TOKEN], [IGNORED], [], 0
        for sample, learn in samples:
            more, wanted = self.chunk(sample, learn)
            tiles += tiles_of(sample.record)
            full = len(ids) + len(more) > self.budget or tiles > MAX_TILES_PER_ROW
            if full and len(ids) > 1:
                break
            ids += more
            targets += wanted
            pictures.append(sample.record)
        ids, targets = ids[: self.budget * 2], targets[: self.budget * 2]
        return Row(ids, [*targets[1:], IGNORED], pictures)


class Episodes:
    """An endless, seeded stream of rows over the pictures that have features."""

    def __init__(self, records: list[Record], store: FeatureStore, packer: Packer) -> None:
        self.all, self.store, self.packer = records, store, packer
        self.refresh()

    def refresh(self) -> None:
        """Takes in pictures that were encoded since."""
        self.store.refresh()
        kept_out = self.store.kept_out
        records = [r for r in self.all if r in self.store and r.file not in kept_out]
        self.pools = {task.name: [r for r in records if task.serves(r)] for task in TASKS}
        self.classes = {k: v for k, v in by_class(records).items() if len(v) >= 4}
        self.count = len(records)

    def _same_task(self, task: Task, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        while True:
            yield task.sample(rng.choice(self.pools[task.name]), rng), True

    def _binding(self, rng: random.Random) -> Iterator[tuple[Sample, bool]]:
        ways = rng.choice((2, 2, 3, 4, 5))
        classes = rng.sample(sorted(self.classes), ways)
        kind = rng.random()
        if kind < 0.6:
            labels = invented_words(rng, ways)
        elif kind < 0.8:
            labels = classes[1:] + classes[:1]  # names, swapped between the classes
        else:
            labels = classes
        pictures = {c: iter(rng.sample(self.classes[c], len(self.classes[c]))) for c in classes}
        prompt = PROMPTS["classify"].text()
        order, shown = [], set()
        while True:
            if not order:
                order = rng.sample(range(ways), ways)
            i = order.pop()
            record = next(pictures[classes[i]], None)
            if record is None:
                return
            # A label seen for the first time cannot be known, unless it is the true name.
            yield (
                Sample(record, prompt, labels[i]),
                i in shown or labels[i] == classes[i],
            )
            shown.add(i)

    def row(self, rng: random.Random) -> Row:
        tasks = [task for task in TASKS if len(self.pools[task.name]) >= 4]
        weights = [task.weight for task in tasks]
        binding = BINDING_WEIGHT if len(self.classes) >= 5 else 0.0
        pick = rng.choices([*tasks, None], [*weights, binding])[0]
        stream = self._binding(rng) if pick is None else self._same_task(pick, rng)
        return self.packer.row(stream)
