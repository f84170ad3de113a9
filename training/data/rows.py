"""Rows of training: interleaved chunks packed to a budget of tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

from tokenizers import Tokenizer

from training.config import START_TOKEN, FlamingoConfig
from training.data.features import tiles_of
from training.data.manifest import Record
from training.data.tasks import Sample

IGNORED = -100
# A tile costs the resampler about as much as eight tokens cost the language model.
_TOKENS_A_TILE = 8


@dataclass(frozen=True)
class Row:
    """ids and labels of one sequence (labels shifted: labels[i] is learnt at position i), and its media."""

    ids: list[int]
    labels: list[int]
    media: list[Record]


class Packer:
    """Turns samples into rows."""

    def __init__(self, tokenizer: Tokenizer, config: FlamingoConfig) -> None:
        self.tokenizer, self.config = tokenizer, config

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def chunk(self, sample: Sample, learn: bool) -> tuple[list[int], list[int]]:
        """ids of the chunk and the targets of each: -100 except in the answer and its end."""
        prompt: list[int] = []
        for text in sample.before:
            prompt += [self.config.image_token, *self.encode(text.text)]
        prompt += [self.config.image_token, *self.encode(sample.prompt)]
        answer = [*self.encode(f" {sample.answer}"), self.config.end_of_chunk]
        targets = [IGNORED] * len(prompt) + (answer if learn else [IGNORED] * len(answer))
        return prompt + answer, targets

    def row(self, samples: Iterator[tuple[Sample, bool]], budget: int) -> Row:
        """Packs chunks until the budget is reached; the first always fits, cut at twice the budget."""
        ids, targets, media, tiles = [START_TOKEN], [IGNORED], list[Record](), 0
        for sample, learn in samples:
            more, wanted = self.chunk(sample, learn)
            tiles += sum(tiles_of(record) for record in sample.media)
            full = len(ids) + len(more) > budget or tiles * _TOKENS_A_TILE > budget
            if full and len(ids) > 1:
                break
            ids += more
            targets += wanted
            media += sample.media
        ids, targets = ids[: budget * 2], targets[: budget * 2]
        return Row(ids, [*targets[1:], IGNORED], media)
