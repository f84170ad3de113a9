"""A published Flamingo, opened: what `training/convert/write.py` makes a model folder of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from tokenizers import AddedToken, Tokenizer

from training.convert.architecture import Flamingo
from training.convert.encoders import CLIP_MEAN, CLIP_STD
from training.convert.tensors import Read, Weights
from training.prompts import Prompt

Kind = Literal["openflamingo", "otter", "idefics", "flamingo-mini"]
# How a picture becomes a square (`workers/vision/fit.ts`): both crops take the middle of the picture resized by
# its short side and differ where that leaves half a pixel.
Resize = Literal["pad", "crop", "crop-half-even", "stretch"]


@dataclass(frozen=True)
class Tokens:
    """Ids by role. `picture`: what stands for a media item, seen from its token `at` on.

    `shared`: two items side by side share one token (IDEFICS's fake token). `markup`: texts that stand for one
    token when a person types them.
    """

    start: int | None
    image: int
    end: int
    banned: tuple[int, ...]
    picture: tuple[int, ...] = ()
    at: int = 0
    shared: bool = False
    markup: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Weights are readers: nothing is in memory before it is written."""

    kind: Kind
    model: Flamingo
    language: Weights
    bridge: Weights
    vision: Weights
    tokenizer: Tokenizer
    tokens: Tokens
    prompts: dict[str, Prompt]
    resize: Resize
    licence: str
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD


@dataclass(frozen=True)
class Places:
    """Where the published files lie; language and vision may be part of the checkpoint."""

    checkpoint: Path
    language: Path | None
    vision: Path | None


Open = Callable[[Places], Source]


def open_tokenizer(folder: Path) -> Tokenizer:
    """`tokenizer.json`, or whatever else transformers can make a fast tokenizer of."""
    file = folder / "tokenizer.json"
    if file.exists():
        return Tokenizer.from_file(str(file))
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder).backend_tokenizer


def add_tokens(tokenizer: Tokenizer, *names: str) -> dict[str, int]:
    """Adds special tokens that are not there yet; ids of all, as `tokenizer.add_special_tokens` gives them."""
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in names])
    return {name: int(tokenizer.token_to_id(name)) for name in names}


def start_token(tokenizer: Tokenizer) -> int | None:
    """What the tokenizer puts before a text, or None."""
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    marked = tokenizer.encode("a", add_special_tokens=True).ids
    return marked[0] if len(marked) > len(plain) and marked[0] != plain[0] else None


def head_rows(language: Weights) -> None:
    """Gives the head as many rows as the embedding has, zeros for those that were never published.

    OpenFlamingo on LLaMA publishes embeddings of its new tokens, but its head is frozen and not saved.
    """
    if "head.weight" not in language:
        return
    embed, head = language["embed.weight"], language["head.weight"]

    def padded() -> np.ndarray:
        rows, have = len(embed()), head()
        return np.pad(have[:rows], ((0, max(0, rows - len(have))), (0, 0)))

    language["head.weight"] = padded


def halves(read: Read) -> tuple[Read, Read]:
    """The two halves of a fused weight, rows of keys first."""
    return (lambda: np.split(read(), 2)[0]), (lambda: np.split(read(), 2)[1])
