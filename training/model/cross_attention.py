"""Gated cross-attention: each text token looks at the latents of its picture.

OpenFlamingo's formulas and state-dict names; Flamingo, section 2.2. The mask is given, not counted here.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import CrossAttentionConfig
from training.model.resampler import feed_forward, merge_heads, split_heads


class MaskedCrossAttention(nn.Module):
    """Keys and values come from the media; queries from the normalised text."""

    def __init__(
        self, width: int, media_width: int, config: CrossAttentionConfig
    ) -> None:
        super().__init__()
        inner = config.heads * config.head_size
        self.heads = config.heads
        self.norm = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(media_width, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, latents: Tensor, mask: Tensor) -> Tensor:
        """x [B,S,D], latents [B,T,L,M], mask bool [B,S,T] -> [B,S,D]; rows without media give 0."""
        count = latents.shape[2]
        q = split_heads(self.to_q(self.norm(x)), self.heads)
        keys, values = self.to_kv(latents.flatten(1, 2)).chunk(2, dim=-1)
        k, v = split_heads(keys, self.heads), split_heads(values, self.heads)
        looks = mask.any(-1, keepdim=True)
        # A row that sees nothing would be a softmax over nothing: let it see all, then drop it.
        visible = (mask | ~looks).repeat_interleave(count, dim=-1)[:, None]
        out = merge_heads(F.scaled_dot_product_attention(q, k, v, attn_mask=visible))
        return self.to_out(out * looks)


class GatedCrossAttentionBlock(nn.Module):
    """x += tanh(attn_gate) XAttn(x, media);  x += tanh(ff_gate) FF(x)."""

    def __init__(
        self, width: int, media_width: int, config: CrossAttentionConfig
    ) -> None:
        super().__init__()
        self.attn = MaskedCrossAttention(width, media_width, config)
        self.attn_gate = nn.Parameter(torch.zeros(1))
        self.ff = feed_forward(width, config.ff_mult)
        self.ff_gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, latents: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn_gate.tanh() * self.attn(x, latents, mask)
        return x + self.ff_gate.tanh() * self.ff(x)
