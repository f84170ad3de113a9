"""The language graph of any Flamingo: the inputs and outputs of docs/design.md, whatever decoder and blocks it has."""

import numpy as np

from training.convert.architecture import Flamingo, IdeficsBlocks, Learned
from training.convert.tensors import Weights
from training.graphs.builder import Builder, Flavour
from training.graphs.family.attention import SelfAttention
from training.graphs.family.parts import Bits, Parts, TokenTable
from training.graphs.media import MediaLooks, attend_media, media_bias
from training.graphs.shards import Shards

GATES = ("attn_gate", "ff_gate")


class FamilyLanguage:
    """Builds the graph; one instance a flavour. `context` is the most positions that its tables hold.

    With `layers` it is one of several graphs, each of which takes as `hidden` states [R,width] what the one before
    has `continued` (`webgpu` only: the stacked KV of `wasm` is one tensor).
    """

    def __init__(
        self,
        model: Flamingo,
        language: Weights,
        bridge: Weights,
        banned: list[int],
        bits: Bits,
        context: int,
        flavour: Flavour,
        shards: Shards,
        layers: range | None = None,
    ) -> None:
        self.model, self.banned, self.context = model, banned, context
        self.layers = layers or range(model.language.layers)
        number = f"-{self.layers.start}" if self.layers.start else ""
        self.b = Builder(f"language{number}", flavour, shards)
        self.lm = Parts(self.b, "language", language, bits)
        self.bridge = Parts(self.b, "bridge", bridge, bits)
        self.block_at = {layer: i for i, layer in enumerate(model.blocks.layers)}

    def build(self) -> Builder:
        b, d, blocks = self.b, self.model.language, self.model.blocks
        count = len(blocks.layers)
        ids = b.input("ids", "i32", ["B", "S"])
        inner = blocks.heads * blocks.head_size
        latents = self.model.resampler.latents
        self.media = b.input("media", "f32", ["T", 2 * count, latents, inner])
        mask = b.input("media_mask", "f32", ["B", "S", "T"])
        gates = b.input("gates", "f32", [count, 2])
        self.bias, self.sees = media_bias(b, mask, latents)
        self.gates = b.reshape(gates, [-1])
        self.attention = SelfAttention(b, d, self.context, self.layers)
        x = b.input("hidden", "f32", ["R", d.width]) if self.layers.start else self._embed(ids)
        for i in self.layers:
            if i in self.block_at:
                x = self._block(self.block_at[i], x)
            x = self._layer(i, x)
        if self.layers.stop < d.layers:
            b.output(x, "continued", "f32", ["R", d.width])
        else:
            self._finish(x)
        self.attention.finish()
        return b

    def _embed(self, ids: str) -> str:
        """ids [B,S] -> [R,width], positions added where they are learned."""
        b, d = self.b, self.model.language
        table = TokenTable(self.lm, "embed", self.lm.weights["embed.weight"]())
        x = table.lookup(b.reshape(ids, [-1]))
        if "project_in.weight" in self.lm.weights:
            x = self.lm.linear(x, "project_in")
        if isinstance(d.positions, Learned):
            rows = b.op("Add", self.attention.rows(), b.constant(d.positions.offset, np.int32))
            x = b.op("Add", x, b.op("Gather", self.lm.floats("places.weight"), rows, axis=0))
        return x

    def _finish(self, x: str) -> None:
        """Logits and argmax of the rows that are asked for."""
        b, d = self.b, self.model.language
        x = b.op("Gather", x, b.input("positions", "i32", ["n"]), axis=0)
        if d.final_norm:
            x = self.lm.norm(d.norm, "norm", x, d.norm_eps)
        if "project_out.weight" in self.lm.weights:
            x = self.lm.linear(x, "project_out")
        if d.logit_scale != 1:
            x = b.op("Mul", x, b.number(d.logit_scale))
        name = "head" if "head.weight" in self.lm.weights else "embed"
        head = TokenTable(self.lm, name, self.lm.weights[f"{name}.weight"]())
        logits = head.logits(x, self.banned)
        self.vocabulary = len(head.weight)
        b.output(logits, "logits", "f32", ["n", self.vocabulary])
        best = b.op("ArgMax", logits, axis=-1, keepdims=0)
        b.output(b.cast(best, "i32"), "argmax", "i32", ["n"])

    def _gated(self, block: int, kind: int, x: str, change: str) -> str:
        """x + tanh(gate) change, times the factor that was asked for; a gate is one number, or one a column."""
        b = self.b
        name = f"blocks.{block}.{GATES[kind]}"
        opened = np.tanh(self.bridge.weights[name]().reshape(-1))
        trained = b.float_weight("bridge", f"{name}.opened", opened)
        asked = b.op("Gather", self.gates, b.constant([2 * block + kind]))
        return b.op("Add", x, b.op("Mul", change, b.op("Mul", trained, asked)))

    def _block(self, block: int, x: str) -> str:
        """A gated cross-attention block; the bridge graph has made its keys and values."""
        b, spec, name = self.b, self.model.blocks, f"blocks.{block}"
        idefics = isinstance(spec, IdeficsBlocks)
        norm, epsilon = ("rms", spec.norm_eps) if idefics else ("layer", 1e-5)
        inner = spec.heads * spec.head_size
        q = self.bridge.linear(self.bridge.norm(norm, f"{name}.norm", x, epsilon), f"{name}.q")
        if idefics and spec.qk_norm:
            q = self.bridge.head_norm("rms", f"{name}.q_norm", q, spec.head_size, epsilon)
        looks = MediaLooks(self.media, self.bias, self.sees)
        seen = attend_media(b, looks, block, q, spec.heads, inner)
        x = self._gated(block, 0, x, self.bridge.linear(seen, f"{name}.out"))
        normed = self.bridge.norm(norm, f"{name}.ff_norm", x, epsilon)
        if idefics:
            hidden = self.bridge.swiglu(normed, f"{name}.gate", f"{name}.up")
        else:
            up = self.bridge.linear(normed, f"{name}.up")
            hidden = self.bridge.activation(spec.activation, up)
        return self._gated(block, 1, x, self.bridge.linear(hidden, f"{name}.down"))

    def _layer(self, i: int, x: str) -> str:
        b, d, name = self.b, self.model.language, f"layers.{i}"

        def norm(which: str, value: str) -> str:
            return self.lm.norm(d.norm, f"{name}.{which}", value, d.norm_eps)

        if d.block == "post":
            x = norm("attn_norm", b.op("Add", x, self._attention(i, x)))
            return norm("ffn_norm", b.op("Add", x, self._feed_forward(i, x)))
        attended = self._attention(i, norm("attn_norm", x))
        if d.block == "parallel":
            fed = self._feed_forward(i, norm("ffn_norm", x))
            return b.op("Add", x, b.op("Add", attended, fed))
        x = b.op("Add", x, attended)
        return b.op("Add", x, self._feed_forward(i, norm("ffn_norm", x)))

    def _attention(self, i: int, x: str) -> str:
        b, d, name = self.b, self.model.language, f"layers.{i}"
        qkv = self.lm.linear(x, *(f"{name}.{part}" for part in "qkv"))
        sizes = np.array([d.heads, d.kv_heads, d.kv_heads]) * d.head_size
        q, k, v = b.ops("Split", (qkv, b.constant(sizes)), 3, axis=-1)
        if d.qk_norm:
            q = self.lm.norm("layer", f"{name}.q_norm", q, d.norm_eps)
            k = self.lm.norm("layer", f"{name}.k_norm", k, d.norm_eps)
        return self.lm.linear(self.attention(i, q, k, v), f"{name}.o")

    def _feed_forward(self, i: int, x: str) -> str:
        d, name = self.model.language, f"layers.{i}"
        if d.activation == "swiglu":
            hidden = self.lm.swiglu(x, f"{name}.gate", f"{name}.up")
        else:
            hidden = self.lm.activation(d.activation, self.lm.linear(x, f"{name}.up"))
        return self.lm.linear(hidden, f"{name}.down")
