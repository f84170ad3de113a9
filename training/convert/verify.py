"""Compares a converted model with plain PyTorch over the same weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.convert.reference import Reference
from training.convert.run import ConvertedModel
from training.convert.source import Source
from training.graphs.builder import Flavour
from training.graphs.family.parts import Bits

# As a share of the largest logit: orders of summation over many layers.
TOLERANCE = 2e-4
_TOKENS = 12


@dataclass(frozen=True)
class Comparison:
    """The largest deviation as a share of the largest logit, and whether the likeliest tokens are the same."""

    prompt: str
    deviation: float
    same: bool

    @property
    def good(self) -> bool:
        return self.same and self.deviation <= TOLERANCE


def _prompts(source: Source) -> dict[str, tuple[list[int], list[np.ndarray]]]:
    """Random text and pixels: text before two pictures, none, a clip where clips are known."""
    rng = np.random.default_rng(0)
    tokens, size = source.tokens, source.model.encoder.size
    mark = list(tokens.picture) or [tokens.image]
    used = {tokens.image, tokens.end, *tokens.banned, *mark}
    vocabulary = source.tokenizer.get_vocab_size(with_added_tokens=False)
    usable = np.array([i for i in range(vocabulary) if i not in used])
    text = [int(i) for i in rng.choice(usable, _TOKENS)]

    def pixels(frames: int) -> np.ndarray:
        return rng.normal(size=(frames, 3, size, size)).astype(np.float32)

    prompts = {
        "two pictures": ([*text[:3], *mark, *text[3:8], *mark, *text[8:]], [pixels(1), pixels(1)]),
        "no picture": (text, []),
    }
    if source.model.resampler.frames > 1:
        prompts["a clip"] = ([*mark, *text], [pixels(2)])
    return prompts


def verify(source: Source, folder: Path, bits: Bits, flavour: Flavour) -> list[Comparison]:
    """One comparison a prompt. Tokens count as the same where the reference has them equally likely."""
    reference, model = Reference(source, bits), ConvertedModel(folder, flavour)
    out = []
    for name, (ids, items) in _prompts(source).items():
        expected = reference.logits(ids, items)
        expected[:, list(source.tokens.banned)] = -1e9
        actual = model.logits(ids, items)
        counted = np.delete(np.arange(expected.shape[1]), list(source.tokens.banned))
        largest = np.abs(expected[:, counted]).max()
        deviation = float(np.abs(actual - expected)[:, counted].max() / largest)
        chosen = np.take_along_axis(expected, actual.argmax(-1)[:, None], -1)[:, 0]
        close = expected.max(-1) - chosen <= TOLERANCE * largest
        out.append(Comparison(name, deviation, bool(close.all())))
    return out
