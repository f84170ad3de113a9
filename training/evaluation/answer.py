"""Answers of an exported model to queries, in batches: greedy, beam 3, and ranking by log-likelihood.

Rows of a batch are padded on the left; every row has its own pictures. Ranking keeps the prompt's keys and
values and scores the candidates on them, each joined by one space and ended by its end-of-chunk token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from training.data.manifest import Pictures, Record
from training.evaluation.beam import Beams, grow
from training.evaluation.queries import Query
from training.pixels import pixels, tile_grid
from training.positions import grid_matrix
from training.runtime import ExportedModel

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Prompts:
    """A left-padded batch: ids [B,S], mask [B,S,T] over the batch's media [T,...], pad [B]."""

    ids: Ints
    mask: Floats
    media: Floats
    pad: Ints


def log_softmax(logits: Floats) -> Floats:
    """Over the last axis, in float32."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Answerer:
    """Holds the model, and the features of every picture seen (float16)."""

    def __init__(self, model: Path, data: Path, batch: int) -> None:
        self.model = ExportedModel(model, "wasm")
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.pictures, self.batch = Pictures(data), batch
        tokens = self.model.manifest["tokens"]
        self.start, self.image, self.end = (
            tokens["start"],
            tokens["image"],
            tokens["endOfChunk"],
        )
        self._features: dict[str, NDArray[np.float16]] = {}

    def media(self, record: Record) -> Floats:
        """Keys and values of one picture [1,2X,64,H]; its features are computed once."""
        if record.file not in self._features:
            size = self.model.manifest["vision"]["size"]
            tiles = pixels(self.pictures.open(record), size)
            self._features[record.file] = self.model.encode(tiles).astype(np.float16)
        features = self._features[record.file].astype(np.float32)
        grid = grid_matrix(*tile_grid(record.width, record.height)).astype(np.float32)
        time = np.zeros((1, self.model.manifest["resampler"]["temporal"]), np.float32)
        return self.model.media(features.reshape(1, -1, features.shape[-1]), grid, time)

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text; special tokens in it stay text only because none is typed here."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt_ids(self, query: Query) -> list[int]:
        """start, closed examples, open chunk."""
        ids = [] if self.start is None else [self.start]
        for example in query.examples:
            text = f"{example.prompt} {example.answer}"
            ids += [self.image, *self.encode(text), self.end]
        return [*ids, self.image, *self.encode(query.prompt)]

    def prompts(self, queries: Sequence[Query]) -> Prompts:
        """Pads to the longest; pictures that several rows use are taken once."""
        rows = [self.prompt_ids(query) for query in queries]
        length = max(len(row) for row in rows)
        ids = np.zeros((len(rows), length), np.int32)
        number: dict[str, int] = {}
        media: list[Floats] = []
        looks = np.full((len(rows), length), -1)
        for b, (row, query) in enumerate(zip(rows, queries, strict=True)):
            offset = length - len(row)
            ids[b, offset:] = row
            records = [example.record for example in query.examples] + [query.record]
            for record in records:
                if record.file not in number:
                    number[record.file] = len(media)
                    media.append(self.media(record))
            times = np.cumsum(np.array(row) == self.image)
            order = np.array([-1] + [number[record.file] for record in records])
            looks[b, offset:] = order[times]
        mask = (looks[..., None] == np.arange(len(media))).astype(np.float32)
        pad = np.array([length - len(row) for row in rows], np.int32)
        return Prompts(ids, mask, np.concatenate(media), pad)

    def generate(self, queries: Sequence[Query], longest: int, beams: int) -> list[str]:
        """Answers, decoded and trimmed."""
        # Equal lengths together: less padding, and rows that end together.
        order = sorted(range(len(queries)), key=lambda i: len(self.prompt_ids(queries[i])))
        answers: list[str] = [""] * len(queries)
        for start in tqdm(range(0, len(order), self.batch), leave=False, mininterval=5):
            part = order[start : start + self.batch]
            batch = [queries[i] for i in part]
            run = self._greedy if beams == 1 else self._beam
            for i, tokens in zip(part, run(self.prompts(batch), longest, beams), strict=True):
                answers[i] = self.tokenizer.decode(tokens).strip()
        return answers

    def _last(self, rows: int, length: int) -> Ints:
        """Flat positions of the last token of each row."""
        return (np.arange(rows) * length + length - 1).astype(np.int32)

    def _greedy(self, prompts: Prompts, longest: int, _beams: int) -> list[list[int]]:
        rows, length = prompts.ids.shape
        tokens: list[list[int]] = [[] for _ in range(rows)]
        done = np.zeros(rows, bool)
        last = self._last(rows, length)
        step = self.model.step(prompts.ids, prompts.media, prompts.mask, last, None, prompts.pad)
        mask = prompts.mask[:, -1:]
        for _ in range(longest):
            best = step.argmax
            for b in range(rows):
                done[b] |= best[b] == self.end
                if not done[b]:
                    tokens[b].append(int(best[b]))
            if done.all():
                break
            ids = best[:, None].astype(np.int32)
            one = self._last(rows, 1)
            step = self.model.step(ids, prompts.media, mask, one, step.past, prompts.pad)
        return tokens

    def _beam(self, prompts: Prompts, longest: int, beams: int) -> list[list[int]]:
        rows, length = prompts.ids.shape
        last = self._last(rows, length)
        step = self.model.step(prompts.ids, prompts.media, prompts.mask, last, None, prompts.pad)
        first = log_softmax(step.logits)
        states = [grow(Beams(), first[row : row + 1], beams, self.end) for row in range(rows)]
        past = np.repeat(step.past, beams, axis=2)
        pad = np.repeat(prompts.pad, beams)
        mask = np.repeat(prompts.mask[:, -1:], beams, axis=0)
        for _ in range(longest - 1):
            if all(state.decided for state in states):
                break
            ids = np.array([[h.tokens[-1]] for s in states for h in s.alive], np.int32)
            one = self._last(rows * beams, 1)
            step = self.model.step(ids, prompts.media, mask, one, past, pad)
            logprobs = log_softmax(step.logits).reshape(rows, beams, -1)
            states = [
                state if state.decided else grow(state, logprobs[row], beams, self.end)
                for row, state in enumerate(states)
            ]
            # A decided row is carried along as it is: its beams are not looked at any more.
            source = [r * beams + h.parent for r, s in enumerate(states) for h in s.alive]
            past = step.past[:, :, source]
        return [list(state.best.tokens) for state in states]

    def rank(
        self,
        queries: Sequence[Query],
        options: Sequence[Sequence[str]],
        chunk: int = 32,
    ) -> list[str]:
        """The candidate with the best mean log-probability for each query."""
        best = []
        for query, candidates in tqdm(
            list(zip(queries, options, strict=True)), leave=False, mininterval=5
        ):
            prompts = self.prompts([query])
            rows = [[*self.encode(f" {text}"), self.end] for text in candidates]
            last = self._last(1, prompts.ids.shape[1])
            step = self.model.step(prompts.ids, prompts.media, prompts.mask, last, None, None)
            first = log_softmax(step.logits)[0]
            means = np.zeros(len(rows))
            media = prompts.media[-1:]
            for start in range(0, len(rows), chunk):
                part = rows[start : start + chunk]
                width = max(len(row) for row in part)
                ids = np.zeros((len(part), width), np.int32)
                for b, row in enumerate(part):
                    ids[b, : len(row)] = row
                positions = np.arange(ids.size, dtype=np.int32)
                mask = np.ones((*ids.shape, 1), np.float32)
                past = np.repeat(step.past, len(part), axis=2)
                scored = self.model.step(ids, media, mask, positions, past, None)
                logprobs = log_softmax(scored.logits).reshape(*ids.shape, -1)
                for b, row in enumerate(part):
                    later = [float(logprobs[b, i, token]) for i, token in enumerate(row[1:])]
                    means[start + b] = (float(first[row[0]]) + sum(later)) / len(row)
            best.append(candidates[int(means.argmax())])
        return best
