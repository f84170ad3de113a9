"""The shape of a Flamingo, from which modules, graphs and the manifest are made."""

from dataclasses import dataclass, field
from typing import Literal

MediaMode = Literal["immediate", "all"]

# What training and export have to agree on: the token before the first chunk (SmolLM2's
# `<|endoftext|>`), and the logit of what is never to be sampled.
START_TOKEN = 0
BANNED_LOGIT = -1e9


@dataclass(frozen=True)
class LanguageConfig:
    """A LLaMA-like decoder. `vocabulary` counts the frozen rows only."""

    layers: int = 30
    width: int = 576
    heads: int = 9
    kv_heads: int = 3
    head_size: int = 64
    ffw: int = 1536
    vocabulary: int = 49_152
    rope_base: float = 100_000.0
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class VisionConfig:
    """Features of one tile: grid x grid positions of `width` values from `size` px squares."""

    width: int = 1280
    grid: int = 9
    size: int = 260


@dataclass(frozen=True)
class ResamplerConfig:
    """OpenFlamingo's resampler; `temporal` rows of time, interpolated to the frames of a clip."""

    depth: int = 2
    width: int = 384
    latents: int = 64
    heads: int = 8
    head_size: int = 64
    ff_mult: int = 4
    temporal: int = 8


@dataclass(frozen=True)
class CrossAttentionConfig:
    """`layers` lists the decoder layers that have a block before them, whatever rule made the list."""

    layers: tuple[int, ...] = tuple(range(0, 30, 3))
    heads: int = 8
    head_size: int = 64
    ff_mult: int = 2
    media: MediaMode = "immediate"


@dataclass(frozen=True)
class FlamingoConfig:
    """The default is `flamingo-smollm2-135m`. New tokens: `<image>`, `<|endofchunk|>`, in this order."""

    language: LanguageConfig = field(default_factory=LanguageConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    resampler: ResamplerConfig = field(default_factory=ResamplerConfig)
    cross_attention: CrossAttentionConfig = field(default_factory=CrossAttentionConfig)
    new_tokens: int = 2

    @property
    def image_token(self) -> int:
        return self.language.vocabulary

    @property
    def end_of_chunk(self) -> int:
        return self.language.vocabulary + 1
