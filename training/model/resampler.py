"""Perceiver Resampler: features of any number become 64 latents.

OpenFlamingo's formulas and state-dict names (`open_flamingo.src.helpers`); Flamingo, section 2.1.
"""

import torch
from torch import Tensor, nn

from training.config import ResamplerConfig
from training.model.attention import attend, merge_heads, split_heads


def feed_forward(width: int, mult: int) -> nn.Sequential:
    """FF(x) = W2 GELU(W1 LN(x)), no biases; indices 0, 1, 3 hold the parameters."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, width * mult, bias=False),
        nn.GELU(),
        nn.Linear(width * mult, width, bias=False),
    )


class PerceiverAttention(nn.Module):
    """Latents attend to the features and to themselves."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        inner = config.heads * config.head_size
        self.heads = config.heads
        self.norm_media = nn.LayerNorm(config.width)
        self.norm_latents = nn.LayerNorm(config.width)
        self.to_q = nn.Linear(config.width, inner, bias=False)
        self.to_kv = nn.Linear(config.width, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, config.width, bias=False)

    def forward(self, features: Tensor, latents: Tensor) -> Tensor:
        """features [B,N,D], latents [B,L,D] -> [B,L,D]."""
        features, latents = self.norm_media(features), self.norm_latents(latents)
        q = split_heads(self.to_q(latents), self.heads)
        keys, values = self.to_kv(torch.cat([features, latents], dim=-2)).chunk(2, dim=-1)
        k, v = split_heads(keys, self.heads), split_heads(values, self.heads)
        return self.to_out(merge_heads(attend(q, k, v)))


class PerceiverResampler(nn.Module):
    """x [B,F,N,D] -> latents [B,64,D]; `frame_embs`, where present, are added to the first F frames."""

    def __init__(self, config: ResamplerConfig, frames: int = 0) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.randn(config.latents, config.width))
        self.frame_embs = nn.Parameter(torch.randn(frames, config.width)) if frames else None
        self.layers = nn.ModuleList(
            nn.ModuleList([PerceiverAttention(config), feed_forward(config.width, config.ff_mult)])
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, x: Tensor) -> Tensor:
        if self.frame_embs is not None:
            x = x + self.frame_embs[: x.shape[1], None]
        features = x.flatten(1, 2)
        latents = self.latents.expand(x.shape[0], -1, -1)
        for attention, ff in self.layers:
            latents = attention(features, latents) + latents
            latents = ff(latents) + latents
        return self.norm(latents)


class FeatureProjection(nn.Module):
    """The encoder's features to the resampler's width, with learned places and times.

    Ours, before OpenFlamingo's resampler: a CNN's features do not say where they lie. Both tables
    start at zero and are interpolated by matrices (`training/positions.py`): `grid` [N, places] for a
    picture's tiles, `time` [F, temporal] for a clip's frames, all zeros for a picture.
    """

    def __init__(self, vision_width: int, places: int, config: ResamplerConfig) -> None:
        super().__init__()
        self.proj = nn.Linear(vision_width, config.width)
        self.positions = nn.Parameter(torch.zeros(places, config.width))
        self.time = nn.Parameter(torch.zeros(config.temporal, config.width))

    def forward(self, features: Tensor, grid: Tensor, time: Tensor) -> Tensor:
        """features [B,F,N,1280], grid [N,places], time [F,temporal] -> [B,F,N,D]."""
        x = self.proj(features)
        return x + grid @ self.positions + (time @ self.time)[:, None]
