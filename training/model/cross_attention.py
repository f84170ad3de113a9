"""Gated cross-attention: each text token looks at the latents of its picture.

OpenFlamingo's formulas and state-dict names; Flamingo, section 2.2. The mask is given, not counted here.
"""

import torch
from torch import Tensor, nn

from training.config import CrossAttentionConfig
from training.model.attention import attend, merge_heads, split_heads
from training.model.chunks import Chunks
from training.model.resampler import feed_forward


class MaskedCrossAttention(nn.Module):
    """Keys and values come from the media; queries from the normalised text."""

    def __init__(self, width: int, media_width: int, config: CrossAttentionConfig) -> None:
        super().__init__()
        inner = config.heads * config.head_size
        self.heads = config.heads
        self.norm = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(media_width, inner * 2, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, latents: Tensor, looks: Tensor | Chunks) -> Tensor:
        """x [B,S,D] -> [B,S,D]; tokens without media give 0.

        Either latents [B,T,L,M] and a mask bool [B,S,T], or latents [U,L,M] and the chunks of tokens
        that look at each of them.
        """
        queries = self.to_q(self.norm(x))
        keys, values = self.to_kv(latents).chunk(2, dim=-1)
        if isinstance(looks, Chunks):
            q = split_heads(looks.gather(queries), self.heads)
            k = split_heads(keys, self.heads)[looks.media]
            v = split_heads(values, self.heads)[looks.media]
            out = merge_heads(attend(q, k, v))
            return self.to_out(looks.scatter(out, x.shape))
        q = split_heads(queries, self.heads)
        k, v = (split_heads(part.flatten(1, 2), self.heads) for part in (keys, values))
        seen = looks.any(-1, keepdim=True)
        # A row that sees nothing would be a softmax over nothing: let it see all, then drop it.
        visible = (looks | ~seen).repeat_interleave(latents.shape[2], dim=-1)[:, None]
        out = merge_heads(attend(q, k, v, visible))
        return self.to_out(out * seen)


class GatedCrossAttentionBlock(nn.Module):
    """x += tanh(attn_gate) XAttn(x, media);  x += tanh(ff_gate) FF(x)."""

    def __init__(self, width: int, media_width: int, config: CrossAttentionConfig) -> None:
        super().__init__()
        self.attn = MaskedCrossAttention(width, media_width, config)
        self.attn_gate = nn.Parameter(torch.zeros(1))
        self.ff = feed_forward(width, config.ff_mult)
        self.ff_gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, latents: Tensor, looks: Tensor | Chunks) -> Tensor:
        x = x + self.attn_gate.tanh() * self.attn(x, latents, looks)
        return x + self.ff_gate.tanh() * self.ff(x)
