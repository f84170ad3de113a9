"""Answers of an exported model to queries, in batches: greedy, beam 3, and ranking by log-likelihood.

A batch is read once; ranking and answering go on from the same keys and values. Rows are padded on the
left, and every row has its own pictures. A candidate is joined by one space and ended by end-of-chunk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from training.data.tasks import Sample
from training.evaluation.beam import Beams, grow
from training.evaluation.media import Media
from training.evaluation.network import Language, State
from training.evaluation.queries import Query, Shot
from training.model.chunks import chunks_of
from training.runtime import ExportedModel

# Tokens of one batch, and the most prompts of one.
_TOKENS = 4096
_ROWS = 64


@dataclass(frozen=True)
class Answer:
    """The text, decoded and trimmed, and the best of the query's options ("" where it has none)."""

    text: str
    best: str = ""


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis, in float32."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Answerer:
    """The model of a folder, and the pictures of a data folder."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.model = ExportedModel(folder, "wasm")
        self.media = Media(self.model, data)
        self.language = Language(folder, self.model.manifest)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokens = self.model.manifest["tokens"]
        self.start, self.image, self.end = (
            tokens[name] for name in ("start", "image", "endOfChunk")
        )

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text; special tokens in it stay text only because none is typed here."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt_ids(self, query: Query) -> list[int]:
        """start, closed examples, open chunk."""
        ids = [] if self.start is None else [self.start]
        for example in query.examples:
            ids += [*self._media_ids(example), *self.encode(f"{example.prompt} {example.answer}")]
            ids.append(self.end)
        return [*ids, *self._media_ids(query), *self.encode(query.prompt)]

    def _media_ids(self, chunk: Query | Sample | Shot) -> list[int]:
        """What stands before the chunk's prompt: `<image>`, after further media with the text between."""
        ids = []
        for shown in chunk.before:
            ids += [self.image, *self.encode(shown.text)]
        return ids if chunk.record is None else [*ids, self.image]

    def fits(self, query: Query, room: int) -> bool:
        """Whether prompt and answer fit in the model's context."""
        return len(self.prompt_ids(query)) + room <= self.language.context

    def answer(
        self, queries: Sequence[Query], longest: int, beams: int = 1, gates: float = 1.0
    ) -> list[Answer]:
        """An answer of at most `longest` tokens to each query (none where it is 0)."""
        ids = [self.prompt_ids(query) for query in queries]
        order = sorted(range(len(queries)), key=lambda i: len(ids[i]))
        answers = [Answer("")] * len(queries)
        with (
            torch.inference_mode(),
            tqdm(total=len(queries), leave=False, mininterval=5) as bar,
        ):
            while order:
                # The longest first: what does not fit in memory fails at once.
                rows = max(1, min(_ROWS // beams, _TOKENS // (len(ids[order[-1]]) + longest)))
                part, order = order[-rows:], order[:-rows]
                batch = [queries[i] for i in part]
                state = self._read(batch, [ids[i] for i in part], longest, gates)
                best = self._rank(state, batch)
                search = self._beam if longest and beams > 1 else self._greedy
                tokens = search(state, longest, beams)
                for i, text, option in zip(part, tokens, best, strict=True):
                    answers[i] = Answer(self.tokenizer.decode(text).strip(), option)
                bar.update(len(part))
        return answers

    def _read(self, queries: list[Query], rows: list[list[int]], room: int, gates: float) -> State:
        """Pads to the longest; a picture that several prompts show is taken once."""
        length, count = max(map(len, rows)), max(len(query.pictures) for query in queries)
        ids = torch.zeros(len(rows), length, dtype=torch.long)
        for b, row in enumerate(rows):
            ids[b, length - len(row) :] = torch.tensor(row)
        number: dict[str, int] = {}
        seen: list[NDArray[np.float16]] = []
        media = torch.zeros(len(rows), count, dtype=torch.long)
        for b, query in enumerate(queries):
            for t, picture in enumerate(query.pictures):
                if picture.key not in number:
                    number[picture.key] = len(number)
                    seen.append(self.media.see(picture).latents)
                media[b, t] = number[picture.key]
        pad = torch.tensor([length - len(row) for row in rows])
        shown = (ids == self.image).cumsum(1)
        mask = shown[..., None] == torch.arange(1, count + 1)
        last = media[torch.arange(len(rows)), torch.tensor([len(q.pictures) for q in queries]) - 1]
        latents = torch.from_numpy(np.stack(seen).astype(np.float32))
        return self.language.read(ids, pad, latents, chunks_of(mask, media), last, room, gates)

    def _rank(self, state: State, queries: list[Query]) -> list[str]:
        """The option with the best mean log-probability, each with its end."""
        wanted = [
            [[*self.encode(f" {text}"), self.end] for text in query.options] for query in queries
        ]
        best = [""] * len(queries)
        ranked = [i for i, options in enumerate(wanted) if options]
        while ranked:
            size = max(sum(map(len, wanted[i])) for i in ranked)
            part, ranked = ranked[: max(1, _TOKENS // size)], ranked[max(1, _TOKENS // size) :]
            rows = state if len(part) == len(queries) else state.rows(torch.tensor(part))
            means = self.language.score(rows, [wanted[i] for i in part])
            for i, scores in zip(part, means, strict=True):
                if not np.isfinite(scores).all():
                    raise FloatingPointError(f"log-probabilities {scores} of {queries[i].options}")
                best[i] = queries[i].options[int(np.argmax(scores))]
        return best

    def _greedy(self, state: State, longest: int, _beams: int) -> list[list[int]]:
        tokens: list[list[int]] = [[] for _ in state.pad]
        alive = torch.arange(len(tokens))
        for step in range(longest):
            best = self.language.logits(state.hidden).argmax(-1)
            going = best != self.end
            for row, token in zip(alive[going].tolist(), best[going].tolist(), strict=True):
                tokens[row].append(token)
            if not going.any() or step + 1 == longest:
                break
            if not going.all():
                state, alive, best = state.rows(going.nonzero()[:, 0]), alive[going], best[going]
            self.language.step(state, best)
        return tokens

    def _beam(self, state: State, longest: int, beams: int) -> list[list[int]]:
        rows = len(state.pad)
        first = self._logprobs(state)
        states = [grow(Beams(), first[row : row + 1], beams, self.end) for row in range(rows)]
        state = state.rows(torch.arange(rows).repeat_interleave(beams))
        alive = [row for row in range(rows) if not states[row].decided]
        place = {row: row for row in range(rows)}
        for _ in range(longest - 1):
            if not alive:
                break
            source = [place[row] * beams + h.parent for row in alive for h in states[row].alive]
            state = state.rows(torch.tensor(source))
            place = {row: i for i, row in enumerate(alive)}
            self.language.step(
                state, torch.tensor([h.tokens[-1] for row in alive for h in states[row].alive])
            )
            logprobs = self._logprobs(state).reshape(len(alive), beams, -1)
            for row in alive:
                states[row] = grow(states[row], logprobs[place[row]], beams, self.end)
            alive = [row for row in alive if not states[row].decided]
        return [list(beam.best.tokens) for beam in states]

    def _logprobs(self, state: State) -> NDArray[np.float32]:
        return log_softmax(self.language.logits(state.hidden).numpy())
