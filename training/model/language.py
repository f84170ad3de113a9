"""The frozen decoder in PyTorch, on the dequantised weights that ship."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import LanguageConfig
from training.frozen.smollm2 import Q4_1, LlamaLayer, LlamaWeights
from training.model.attention import attend, merge_heads, split_heads


def rope_tables(config: LanguageConfig, positions: Tensor) -> tuple[Tensor, Tensor]:
    """cos and sin [S, head_size], the two halves alike."""
    half = torch.arange(0, config.head_size, 2, dtype=torch.float32) / config.head_size
    angles = positions[:, None].float() * (config.rope_base**-half)
    doubled = torch.cat([angles, angles], dim=-1)
    return doubled.cos(), doubled.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE by halves on [..., S, head_size]."""
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-b, a], dim=-1) * sin


class KeyValues:
    """A layer's keys and values so far, [B,G,P,size]; grows with what is read."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values, the new ones last."""
        if self.keys is not None and self.values is not None:
            keys = torch.cat([self.keys, keys], dim=-2)
            values = torch.cat([self.values, values], dim=-2)
        self.keys, self.values = keys, values
        return keys, values

    def repeat(self, times: int) -> None:
        """Every row `times` times, side by side."""
        if self.keys is not None and self.values is not None:
            self.keys = self.keys.repeat_interleave(times, 0)
            self.values = self.values.repeat_interleave(times, 0)


class DecoderLayer(nn.Module):
    """RMSNorm, grouped-query attention with RoPE, SwiGLU; all frozen, linears fused as the graphs have them."""

    def __init__(self, config: LanguageConfig, weights: LlamaLayer) -> None:
        super().__init__()
        self.config = config

        def frozen(*parts: Q4_1) -> nn.Parameter:
            rows = torch.cat([torch.from_numpy(part.dequantise()) for part in parts])
            return nn.Parameter(rows, requires_grad=False)

        self.attn_norm = nn.Parameter(torch.from_numpy(weights.attn_norm), requires_grad=False)
        self.qkv = frozen(weights.q, weights.k, weights.v)
        self.o = frozen(weights.o)
        self.ffn_norm = nn.Parameter(torch.from_numpy(weights.ffn_norm), requires_grad=False)
        self.gate_up = frozen(weights.gate, weights.up)
        self.down = frozen(weights.down)

    def norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x.float(), weight.shape, weight.float(), self.config.norm_eps).to(
            self.qkv.dtype
        )

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, past: KeyValues | None = None) -> Tensor:
        """x [B,S,D] after `past`, causal. Right padding needs no mask: nothing real looks at it."""
        c, length = self.config, x.shape[-2]
        qkv = F.linear(self.norm(x, self.attn_norm), self.qkv)
        q, k, v = qkv.split([c.heads * c.head_size] + [c.kv_heads * c.head_size] * 2, dim=-1)
        q = rotate(split_heads(q, c.heads), cos, sin)
        k = rotate(split_heads(k, c.kv_heads), cos, sin)
        k, v = k.to(v.dtype), split_heads(v, c.kv_heads)
        if past is not None:
            k, v = past.extend(k, v)
        total = k.shape[-2]
        causal = torch.ones(length, total, dtype=torch.bool).tril(total - length)
        # Grouped queries: the heads of a group are further rows against its one key/value head.
        grouped = q.to(v.dtype).unflatten(-3, (c.kv_heads, -1))
        attended = attend(grouped, k[..., None, :, :], v[..., None, :, :], causal)
        attended = attended.flatten(-4, -3)
        x = x + F.linear(merge_heads(attended), self.o)
        gate, up = F.linear(self.norm(x, self.ffn_norm), self.gate_up).chunk(2, dim=-1)
        return x + F.linear(F.silu(gate) * up, self.down)


class Decoder(nn.Module):
    """Embedding, layers and final norm; the head is the embedding."""

    def __init__(self, weights: LlamaWeights) -> None:
        super().__init__()
        self.config = weights.config
        self.embedding = nn.Parameter(
            torch.from_numpy(weights.embedding.dequantise()), requires_grad=False
        )
        self.layers = nn.ModuleList(DecoderLayer(weights.config, layer) for layer in weights.layers)
        self.norm = nn.Parameter(torch.from_numpy(weights.norm), requires_grad=False)

    def final_norm(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.norm.shape, self.norm.float(), self.config.norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """The plain language model: ids [B,S] -> logits [B,S,V]."""
        x = F.embedding(ids, self.embedding)
        cos, sin = rope_tables(self.config, torch.arange(ids.shape[1]))
        for layer in self.layers:
            x = layer(x, cos.to(x.dtype), sin.to(x.dtype))
        return F.linear(self.final_norm(x).to(self.embedding.dtype), self.embedding).float()
