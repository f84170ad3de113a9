"""The language graph: token ids, media keys and values, KV -> logits, argmax, KV.

Inputs and outputs are those of docs/design.md. The flavours differ in self-attention (`training/graphs/kv.py`)
and in the linear layers (`training/graphs/linears.py`).
"""

import numpy as np

from training.config import FlamingoConfig
from training.frozen.smollm2 import LlamaLayer, LlamaWeights
from training.graphs.bridge import State, feed_forward, layer_norm, linear
from training.graphs.builder import Builder, Flavour
from training.graphs.embedding import TiedEmbedding
from training.graphs.kv import InPlaceKv, Kv, StackedKv
from training.graphs.linears import concatenate_q4, linear_q4
from training.graphs.media import MediaLooks, attend_media, media_bias
from training.graphs.residual import Residual
from training.graphs.shards import Shards

GATES = ("attn_gate", "ff_gate")


class LanguageGraph:
    """Builds the graph; one instance a flavour."""

    def __init__(
        self,
        config: FlamingoConfig,
        weights: LlamaWeights,
        state: State,
        context: int,
        flavour: Flavour,
        shards: Shards,
    ) -> None:
        self.config, self.weights, self.state, self.context = config, weights, state, context
        self.b = Builder("language", flavour, shards)
        self.block_at = {layer: i for i, layer in enumerate(config.cross_attention.layers)}

    def build(self) -> Builder:
        b, c = self.b, self.config.language
        blocks = len(self.block_at)
        cross = self.config.cross_attention
        latents = self.config.resampler.latents
        ids = b.input("ids", "i32", ["B", "S"])
        inner = cross.heads * cross.head_size
        self.media = b.input("media", "f32", ["T", 2 * blocks, latents, inner])
        self.media_mask = b.input("media_mask", "f32", ["B", "S", "T"])
        self.gates = b.input("gates", "f32", [blocks, 2])
        positions = b.input("positions", "i32", ["n"])
        self.bias, self.sees = media_bias(b, self.media_mask, latents)
        self.factors = self._gate_factors()
        make_kv = InPlaceKv if b.flavour == "webgpu" else StackedKv
        self.kv: Kv = make_kv(b, c, self.context)
        tied = TiedEmbedding(b, self.config, self.weights.embedding, self.state)

        rows = b.reshape(tied.embed(ids), [-1, c.width])
        stream = Residual(b, rows, c.norm_eps)
        for i, layer in enumerate(self.weights.layers):
            if i in self.block_at:
                self._cross_attention(self.block_at[i], stream)
            self._layer(i, layer, stream)
        wanted = b.op("Gather", stream.value(), positions, axis=0)
        last = Residual(b, wanted, c.norm_eps).rms_norm("norm", self.weights.norm)
        logits = tied.head(last)
        b.output(logits, "logits", "f32", ["n", c.vocabulary + self.config.new_tokens])
        best = b.op("ArgMax", logits, axis=-1, keepdims=0)
        b.output(b.cast(best, "i32"), "argmax", "i32", ["n"])
        self.kv.finish()
        return b

    def _gate_factors(self) -> list[str]:
        """tanh of the trained gates times the factors that were asked for: attn, ff, attn, ff, …, each [1]."""
        b, blocks = self.b, len(self.block_at)
        gates = [[self.state[f"blocks.{i}.{kind}"][0] for kind in GATES] for i in range(blocks)]
        opened = b.float_weight("bridge", "opened_gates", np.tanh(np.array(gates)))
        factors = b.reshape(b.op("Mul", opened, self.gates), [-1])
        return [b.op("Gather", factors, b.constant([i])) for i in range(2 * blocks)]

    def _cross_attention(self, block: int, stream: Residual) -> None:
        """Gated cross-attention over all rows at once: B and S are one axis, media are shared."""
        b, state, name = self.b, self.state, f"blocks.{block}"
        cross = self.config.cross_attention
        inner = cross.heads * cross.head_size
        normed = layer_norm(b, state, f"{name}.attn.norm", stream.value())
        q = linear(b, state, f"{name}.attn.to_q", normed)
        looks = MediaLooks(self.media, self.bias, self.sees)
        seen = attend_media(b, looks, block, q, cross.heads, inner)
        out = linear(b, state, f"{name}.attn.to_out", seen)
        stream.add(b.op("Mul", out, self.factors[2 * block]))
        ff = feed_forward(b, state, f"{name}.ff", stream.value())
        stream.add(b.op("Mul", ff, self.factors[2 * block + 1]))

    def _layer(self, i: int, layer: LlamaLayer, stream: Residual) -> None:
        b, name = self.b, f"layers.{i}"
        normed = stream.rms_norm(f"{name}.attn_norm", layer.attn_norm)
        qkv = concatenate_q4(layer.q, layer.k, layer.v)
        attended = self.kv.attention(i, linear_q4(b, "language", f"{name}.qkv", qkv, normed))
        stream.add(linear_q4(b, "language", f"{name}.o", layer.o, attended))
        normed = stream.rms_norm(f"{name}.ffn_norm", layer.ffn_norm)
        gate_up = concatenate_q4(layer.gate, layer.up)
        both = linear_q4(b, "language", f"{name}.gate_up", gate_up, normed)
        gate, up = b.ops("Split", (both,), 2, axis=-1, num_outputs=2)
        silu = b.op("Mul", gate, b.op("Sigmoid", gate))
        stream.add(linear_q4(b, "language", f"{name}.down", layer.down, b.op("Mul", silu, up)))
