"""The arithmetic of a converted model in plain PyTorch, from the same weights: what `--verify` compares with.

One layer is read at a time, so that a model needs no more memory here than when it is converted.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.convert.architecture import Alibi, ClipVit, IdeficsBlocks, Learned, Rotary
from training.convert.plan import stored_bits
from training.convert.source import Source
from training.convert.tensors import Floats, Weights
from training.frozen.efficientnet import load_efficientnet
from training.graphs.family.parts import Bits, quantise_q4
from training.graphs.linears import quantise_q8

_ACTIVATIONS = {
    "gelu": F.gelu,
    "relu": F.relu,
    "sqrelu": lambda x: F.relu(x).square(),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
}


def as_stored(name: str, value: Floats, bits: Bits) -> Floats:
    """A weight as it comes out of its shard again."""
    kept = stored_bits(name, value.shape, bits)
    if kept == 32:
        return value
    if kept == 16:
        return value.astype(np.float16).astype(np.float32)
    flat = value.reshape(len(value), -1)
    quantised = quantise_q8(flat) if kept == 8 else quantise_q4(flat)
    return quantised.dequantise().reshape(value.shape)


class Stored:
    """Weights of one part as they are stored."""

    def __init__(self, weights: Weights, bits: Bits) -> None:
        self.weights, self.bits = weights, bits

    def __contains__(self, name: str) -> bool:
        return name in self.weights

    def __call__(self, name: str) -> Tensor:
        value = as_stored(name, self.weights[name](), self.bits)
        return torch.from_numpy(np.array(value))

    def linear(self, name: str, x: Tensor) -> Tensor:
        bias = self(f"{name}.bias") if f"{name}.bias" in self else None
        weight = self(f"{name}.weight")
        return F.linear(x, weight.flatten(1), bias)

    def norm(self, kind: str, name: str, x: Tensor, epsilon: float = 1e-5) -> Tensor:
        weight = self(f"{name}.weight")
        if kind == "rms":
            return F.rms_norm(x, weight.shape, weight, epsilon)
        bias = self(f"{name}.bias") if f"{name}.bias" in self else None
        return F.layer_norm(x, weight.shape, weight, bias, epsilon)


def _attend(
    q: Tensor, k: Tensor, v: Tensor, scale: float | None = None, bias: Tensor | None = None
) -> Tensor:
    """[heads,n,size] each, bias [heads or 1,queries,keys] -> [n,heads*size]."""
    k, v = (x.repeat_interleave(len(q) // len(x), 0) for x in (k, v))
    scores = q @ k.transpose(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    weights = (scores if bias is None else scores + bias).softmax(-1)
    return (weights @ v).transpose(0, 1).flatten(1)


def _heads(x: Tensor, heads: int) -> Tensor:
    """[n,heads*size] -> [heads,n,size]."""
    return x.unflatten(-1, (heads, -1)).transpose(0, 1)


def _hidden(w: Stored, name: str, activation: str, x: Tensor) -> Tensor:
    """The inside of a feed-forward layer."""
    up = w.linear(f"{name}.up", x)
    if activation == "swiglu":
        return F.silu(w.linear(f"{name}.gate", x)) * up
    return _ACTIVATIONS[activation](up)


class Reference:
    """Logits of a prompt, everything computed at once."""

    def __init__(self, source: Source, bits: Bits) -> None:
        self.model = source.model
        self.image = source.tokens.image
        self.lm, self.bridge, self.vision = (
            Stored(weights, bits) for weights in (source.language, source.bridge, source.vision)
        )

    def features(self, pixels: Tensor) -> Tensor:
        """pixels [3,size,size] -> [tokens,width]."""
        spec, w = self.model.encoder, self.vision
        if not isinstance(spec, ClipVit):
            return load_efficientnet()(pixels[None])[0]
        patches = F.unfold(pixels[None], spec.patch, stride=spec.patch)[0].T
        x = torch.cat([w("class")[None], w.linear("patches", patches)]) + w("places.weight")
        x = w.norm("layer", "norm", x, spec.norm_eps)
        for i in range(spec.layers):
            name = f"layers.{i}"
            h = w.norm("layer", f"{name}.attn_norm", x, spec.norm_eps)
            q, k, v = (_heads(w.linear(f"{name}.{part}", h), spec.heads) for part in "qkv")
            x = x + w.linear(f"{name}.o", _attend(q, k, v))
            h = w.norm("layer", f"{name}.ffn_norm", x, spec.norm_eps)
            h = _ACTIVATIONS[spec.activation](w.linear(f"{name}.up", h))
            x = x + w.linear(f"{name}.down", h)
        return x if spec.class_token else x[1:]

    def latents(self, frames: Tensor) -> Tensor:
        """frames [F,3,size,size] -> [latents,width]."""
        spec, w = self.model.resampler, self.bridge
        features = torch.stack([self.features(frame) for frame in frames])
        if spec.frames:
            features = features + w("perceiver.times")[: len(frames), None]
        features, x = features.flatten(0, 1), w("perceiver.latents")
        for i in range(spec.depth):
            name = f"perceiver.{i}"
            queries = w.norm("layer", f"{name}.latents_norm", x)
            both = torch.cat([w.norm("layer", f"{name}.media_norm", features), queries])
            q, k, v = (
                _heads(w.linear(f"{name}.{part}", y), spec.heads)
                for part, y in (("q", queries), ("k", both), ("v", both))
            )
            if spec.qk_norm:
                q = w.norm("layer", f"{name}.q_norm", q)
                k = w.norm("layer", f"{name}.k_norm", k)
            x = x + w.linear(f"{name}.out", _attend(q, k, v))
            h = w.linear(f"{name}.up", w.norm("layer", f"{name}.ff_norm", x))
            x = x + w.linear(f"{name}.down", _ACTIVATIONS[spec.activation](h))
        return w.norm("layer", "perceiver.norm", x)

    def _block(self, block: int, x: Tensor, media: Tensor, sees: Tensor) -> Tensor:
        """media [T*latents,width]; sees bool [S,T*latents]."""
        spec, w, name = self.model.blocks, self.bridge, f"blocks.{block}"
        idefics = isinstance(spec, IdeficsBlocks)
        kind, epsilon = ("rms", spec.norm_eps) if idefics else ("layer", 1e-5)
        h = w.norm(kind, f"{name}.norm", x, epsilon)
        q, k, v = (
            _heads(w.linear(f"{name}.{part}", y), spec.heads)
            for part, y in (("q", h), ("k", media), ("v", media))
        )
        if idefics and spec.qk_norm:
            q = w.norm("rms", f"{name}.q_norm", q, epsilon)
            k = w.norm("rms", f"{name}.k_norm", k, epsilon)
        bias = torch.where(sees, 0.0, -1e9)[None]
        out = w.linear(f"{name}.out", _attend(q, k, v, bias=bias) * sees.any(-1, keepdim=True))
        x = x + w(f"{name}.attn_gate").flatten().tanh() * out
        h = w.norm(kind, f"{name}.ff_norm", x, epsilon)
        kind = "swiglu" if idefics else spec.activation
        hidden = _hidden(w, name, kind, h)
        return x + w(f"{name}.ff_gate").flatten().tanh() * w.linear(f"{name}.down", hidden)

    def _turn(self, x: Tensor) -> Tensor:
        """Rotary embedding of [heads,S,size]."""
        places = self.model.language.positions
        if not isinstance(places, Rotary):
            return x
        powers = places.base ** -(torch.arange(0, places.size, 2).double() / places.size)
        angles = torch.arange(x.shape[1])[:, None] * powers
        cos, sin = (torch.cat([f, f], -1).float() for f in (angles.cos(), angles.sin()))
        part, rest = x[..., : places.size], x[..., places.size :]
        a, b = part.chunk(2, -1)
        return torch.cat([part * cos + torch.cat([-b, a], -1) * sin, rest], -1)

    def _attention(self, i: int, x: Tensor) -> Tensor:
        d, w, name = self.model.language, self.lm, f"layers.{i}"
        q, k, v = (w.linear(f"{name}.{part}", x) for part in "qkv")
        if d.qk_norm:
            q = w.norm("layer", f"{name}.q_norm", q, d.norm_eps)
            k = w.norm("layer", f"{name}.k_norm", k, d.norm_eps)
        q, k, v = _heads(q, d.heads), _heads(k, d.kv_heads), _heads(v, d.kv_heads)
        places = torch.arange(len(x))
        bias = torch.where(places[:, None] >= places, 0.0, -torch.inf)[None]
        if isinstance(d.positions, Alibi):
            bias = bias + torch.tensor(d.positions.slopes)[:, None, None] * places
        return w.linear(f"{name}.o", _attend(self._turn(q), self._turn(k), v, d.scale, bias))

    def _feed_forward(self, i: int, x: Tensor) -> Tensor:
        d, w, name = self.model.language, self.lm, f"layers.{i}"
        return w.linear(f"{name}.down", _hidden(w, name, d.activation, x))

    def _layer(self, i: int, x: Tensor) -> Tensor:
        d, w, name = self.model.language, self.lm, f"layers.{i}"

        def norm(which: str, value: Tensor) -> Tensor:
            return w.norm(d.norm, f"{name}.{which}", value, d.norm_eps)

        if d.block == "post":
            x = norm("attn_norm", x + self._attention(i, x))
            return norm("ffn_norm", x + self._feed_forward(i, x))
        attended = self._attention(i, norm("attn_norm", x))
        if d.block == "parallel":
            return x + attended + self._feed_forward(i, norm("ffn_norm", x))
        x = x + attended
        return x + self._feed_forward(i, norm("ffn_norm", x))

    @torch.inference_mode()
    def logits(self, ids: Sequence[int], items: Sequence[Floats]) -> Floats:
        """[S,V]; nothing is banned here."""
        d, w, row = self.model.language, self.lm, torch.tensor(ids)
        latents = self.model.resampler.latents
        media = [self.latents(torch.from_numpy(item)) for item in items]
        media = media or [torch.zeros(latents, self.model.resampler.width)]
        seen = (row == self.image).cumsum(0)[:, None]
        places = torch.arange(1, len(media) + 1)
        all_ = self.model.blocks.media == "all"
        sees = (seen >= places if all_ else seen == places).repeat_interleave(latents, 1)
        table = w("embed.weight")
        x = table[row]
        if "project_in.weight" in w:
            x = w.linear("project_in", x)
        if isinstance(d.positions, Learned):
            x = x + w("places.weight")[torch.arange(len(row)) + d.positions.offset]
        block_at = {layer: i for i, layer in enumerate(self.model.blocks.layers)}
        for i in range(d.layers):
            if i in block_at:
                x = self._block(block_at[i], x, torch.cat(media), sees)
            x = self._layer(i, x)
        if d.final_norm:
            x = w.norm(d.norm, "norm", x, d.norm_eps)
        if "project_out.weight" in w:
            x = w.linear("project_out", x)
        head = w("head.weight") if "head.weight" in w else table
        return F.linear(x * d.logit_scale, head).numpy()
