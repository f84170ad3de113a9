"""The Flamingo: a frozen decoder with gated cross-attention before some of its layers."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import BANNED_LOGIT, FlamingoConfig
from training.frozen.smollm2 import LlamaWeights
from training.model.chunks import Chunks
from training.model.cross_attention import GatedCrossAttentionBlock
from training.model.language import Decoder, KeyValues, rope_tables
from training.model.resampler import FeatureProjection, PerceiverResampler

# Small, not zero: with gates at 0 nothing before them learns; the design's probes started here.
INITIAL_GATE = 0.1


def media_mask(ids: Tensor, image_token: int, media: int, mode: str) -> Tensor:
    """Which media each token looks at: bool [B,S,T] from ids [B,S].

    The `<image>` token itself already sees its picture (OpenFlamingo counts with <=).

    Raises:
        ValueError: a row has not exactly as many `<image>` tokens as there are media.
    """
    counts = (ids == image_token).sum(1)
    if not bool((counts == media).all()):
        raise ValueError(
            f"rows have {counts.tolist()} <image> tokens, but {media} media were given"
        )
    time = (ids == image_token).cumsum(1)[..., None]
    places = torch.arange(1, media + 1)
    return time == places if mode == "immediate" else time >= places


class Bridge(nn.Module):
    """All that is trained: projection, resampler, cross-attention, gates, rows of the new tokens."""

    def __init__(self, config: FlamingoConfig) -> None:
        super().__init__()
        width = config.language.width
        self.projection = FeatureProjection(
            config.vision.width, config.vision.grid**2, config.resampler
        )
        self.perceiver = PerceiverResampler(config.resampler)
        self.blocks = nn.ModuleList(
            GatedCrossAttentionBlock(width, config.resampler.width, config.cross_attention)
            for _ in config.cross_attention.layers
        )
        for block in self.blocks:
            nn.init.constant_(block.attn_gate, INITIAL_GATE)
            nn.init.constant_(block.ff_gate, INITIAL_GATE)
        self.new_tokens = nn.Parameter(torch.randn(config.new_tokens, width) * 0.02)
        self.new_head = nn.Parameter(torch.randn(config.new_tokens, width) * 0.02)

    def latents(self, features: Tensor, grid: Tensor, time: Tensor) -> Tensor:
        """features [B,F,N,1280] -> latents [B,64,D]."""
        return self.perceiver(self.projection(features, grid, time))


class Flamingo(nn.Module):
    """Decoder and bridge. Media are given as latents; encoding pixels is not part of it."""

    def __init__(self, config: FlamingoConfig, weights: LlamaWeights) -> None:
        super().__init__()
        self.config = config
        self.decoder = Decoder(weights)
        self.bridge = Bridge(config)
        self._block_at = {layer: i for i, layer in enumerate(config.cross_attention.layers)}

    def embed(self, ids: Tensor) -> Tensor:
        """ids [B,S] -> [B,S,D]; new tokens have rows of their own."""
        vocabulary = self.config.language.vocabulary
        old = F.embedding(ids.clamp(max=vocabulary - 1), self.decoder.embedding)
        new = F.embedding((ids - vocabulary).clamp(min=0), self.bridge.new_tokens)
        return torch.where((ids >= vocabulary)[..., None], new.to(old.dtype), old)

    def hidden(
        self,
        ids: Tensor,
        latents: Tensor,
        looks: Tensor | Chunks,
        past: Sequence[KeyValues] | None = None,
        start: int = 0,
    ) -> Tensor:
        """ids [B,S] -> hidden states [B,S,D] before the final norm; media as `MaskedCrossAttention` takes them.

        With `past`, one a layer, the first of the ids stands at position `start`.
        """
        x = self.embed(ids)
        cos, sin = rope_tables(self.config.language, start + torch.arange(ids.shape[1]))
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        for i, layer in enumerate(self.decoder.layers):
            if i in self._block_at:
                x = self.bridge.blocks[self._block_at[i]](x, latents, looks).to(x.dtype)
            x = layer(x, cos, sin, past[i] if past else None)
        return x

    def logits(self, hidden: Tensor) -> Tensor:
        """hidden [...,D] -> logits [...,V+2]; `<image>` is never to be sampled."""
        x = self.decoder.final_norm(hidden)
        old = F.linear(x.to(self.decoder.embedding.dtype), self.decoder.embedding).float()
        new = F.linear(x, self.bridge.new_head.float())
        banned = torch.full_like(new[..., :1], BANNED_LOGIT)
        return torch.cat([old, banned, new[..., 1:]], dim=-1)

    def forward(self, ids: Tensor, latents: Tensor) -> Tensor:
        """ids [B,S], latents [B,T,64,M] (T as many as `<image>` tokens in each row) -> logits [B,S,V+2]."""
        mode = self.config.cross_attention.media
        mask = media_mask(ids, self.config.image_token, latents.shape[1], mode)
        return self.logits(self.hidden(ids, latents, mask))
