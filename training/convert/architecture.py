"""What a published Flamingo is made of, as far as its graphs and its manifest have to know.

Read from the configurations that are published with the weights; nothing here holds a weight, so sizes of a model
can be told before anything of it is downloaded (`training/convert/plan.py`).
"""

from dataclasses import dataclass
from typing import Literal

from training.config import MediaMode


@dataclass(frozen=True)
class Rotary:
    """Rotary embedding by halves of the first `size` numbers of each head (LLaMA: all of them)."""

    size: int
    base: float = 10_000.0
    kind: Literal["rotary"] = "rotary"


@dataclass(frozen=True)
class Learned:
    """A table of positions that is added to the tokens; OPT's begins two rows later."""

    rows: int
    offset: int = 2
    kind: Literal["learned"] = "learned"


@dataclass(frozen=True)
class Alibi:
    """Scores grow by slope x place of the key; one slope a head."""

    slopes: tuple[float, ...]
    kind: Literal["alibi"] = "alibi"


Positions = Rotary | Learned | Alibi
LanguageKind = Literal["llama", "mpt", "gpt-neox", "opt"]


@dataclass(frozen=True)
class Decoder:
    """A decoder-only language model.

    `block`: norms before attention and feed-forward ("pre"), after them ("post", OPT-350M), or both branches
    from one input ("parallel", GPT-NeoX). `embed_width` differs from `width` where tokens are projected
    (OPT-350M). `qk_norm`: MosaicGPT normalises queries and keys over the whole width.
    """

    kind: LanguageKind
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    ffw: int
    vocabulary: int
    context: int
    positions: Positions
    norm: Literal["rms", "layer"]
    norm_eps: float
    activation: Literal["swiglu", "gelu", "relu"]
    block: Literal["pre", "post", "parallel"] = "pre"
    embed_width: int = 0
    tied: bool = False
    biases: bool = False
    final_norm: bool = True
    qk_norm: bool = False
    scale: float | None = None
    logit_scale: float = 1.0

    @property
    def key_size(self) -> int:
        """Numbers of a head in the KV: ALiBi's place takes one more, rounded up to a multiple of 8."""
        extra = self.positions.kind == "alibi"
        return self.head_size + (8 - self.head_size % 8 if extra else 0)

    @property
    def token_width(self) -> int:
        return self.embed_width or self.width


@dataclass(frozen=True)
class ClipVit:
    """CLIP's vision transformer: the last hidden state, not normalised, with or without the class token."""

    size: int
    patch: int
    width: int
    layers: int
    heads: int
    ffw: int
    activation: Literal["quick_gelu", "gelu"]
    class_token: bool
    norm_eps: float = 1e-5
    kind: Literal["clip-vit"] = "clip-vit"

    @property
    def grid(self) -> int:
        return self.size // self.patch

    @property
    def tokens(self) -> int:
        return self.grid**2 + self.class_token


@dataclass(frozen=True)
class EfficientNet:
    """This project's encoder, for bridges that were trained on it with another language model."""

    size: int = 260
    width: int = 1280
    grid: int = 9
    kind: Literal["efficientnet"] = "efficientnet"

    @property
    def tokens(self) -> int:
        return self.grid**2


Encoder = ClipVit | EfficientNet


@dataclass(frozen=True)
class Resampler:
    """A Perceiver Resampler. `frames`: rows of learned times; frame i of a clip takes row i, a picture row 0."""

    depth: int
    width: int
    latents: int
    heads: int
    head_size: int
    ffw: int
    activation: Literal["gelu", "relu", "sqrelu"] = "gelu"
    qk_norm: bool = False
    frames: int = 0


@dataclass(frozen=True)
class OpenFlamingoBlocks:
    """LayerNorm, attention of its own width, LN-W1-act-W2. Otter and flamingo-mini differ in names and places."""

    layers: tuple[int, ...]
    heads: int
    head_size: int
    ffw: int
    activation: Literal["gelu", "relu", "sqrelu"] = "gelu"
    media: MediaMode = "immediate"
    kind: Literal["openflamingo"] = "openflamingo"


@dataclass(frozen=True)
class IdeficsBlocks:
    """RMSNorm, the language model's heads, normalised queries and keys, SwiGLU; gates are numbers or vectors."""

    layers: tuple[int, ...]
    heads: int
    head_size: int
    ffw: int
    norm_eps: float
    qk_norm: bool
    vector_gates: bool = False
    media: MediaMode = "immediate"
    kind: Literal["idefics"] = "idefics"


Blocks = OpenFlamingoBlocks | IdeficsBlocks


@dataclass(frozen=True)
class Flamingo:
    """The whole."""

    language: Decoder
    encoder: Encoder
    resampler: Resampler
    blocks: Blocks


def every_last(layers: int, every: int) -> tuple[int, ...]:
    """OpenFlamingo's and Otter's places: the last layer of each group, `(i + 1) % every == 0`."""
    return tuple(i for i in range(layers) if (i + 1) % every == 0)


def every_first(layers: int, every: int) -> tuple[int, ...]:
    """Flamingo's, IDEFICS's and flamingo-mini's places: the first layer of each group, `i % every == 0`."""
    return tuple(range(0, layers, every))
