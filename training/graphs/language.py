"""The language graph: token ids, media keys and values, KV -> logits, argmax, KV.

Inputs and outputs are those of docs/design.md. The two flavours differ in how KV travels: bound in place
(`webgpu`, GroupQueryAttention), or stacked with time first and plain attention (`wasm`).
"""

import numpy as np
from numpy.typing import NDArray

from training.config import FlamingoConfig
from training.frozen.smollm2 import BLOCK, Q8_0, LlamaLayer, LlamaWeights
from training.graphs.bridge import State, feed_forward, layer_norm, linear
from training.graphs.builder import MICROSOFT, Builder, Flavour
from training.graphs.linears import concatenate_q4, linear_q4, linear_q8
from training.graphs.shards import SHARD_BYTES, Shards

_HIDDEN_BIAS = -1e9
BANNED_LOGIT = -1e9


def rope_caches(
    config: FlamingoConfig, context: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """cos and sin [context, head_size/2]."""
    size = config.language.head_size
    powers = config.language.rope_base ** -(np.arange(0, size, 2, dtype=np.float64) / size)
    angles = np.arange(context)[:, None] * powers
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


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
        self.in_place = flavour == "webgpu"
        self.block_at = {layer: i for i, layer in enumerate(config.cross_attention.layers)}
        self.new_rows: list[str] = []

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
        self._media_bias(latents)
        self._kv_inputs()

        x = self._embed(ids)
        for i, layer in enumerate(self.weights.layers):
            if i in self.block_at:
                x = self._cross_attention(self.block_at[i], x)
            x = self._layer(i, layer, x)
        rows = b.op("Gather", b.reshape(x, [-1, c.width]), positions, axis=0)
        self._head(self._rms_norm("norm", self.weights.norm, rows))
        self._kv_outputs()
        return b

    # Media

    def _media_bias(self, latents: int) -> None:
        """Additive bias [1,1,B*S,T*64], and [1,B*S,1] that is 0 where a token sees no media."""
        b = self.b
        shape = b.op("Shape", self.media_mask)
        count = b.op("Slice", shape, b.constant([2]), b.constant([3]))
        one = b.constant([1])
        rows = b.op("Concat", one, b.constant([-1]), count, axis=0)
        mask = b.op("Reshape", self.media_mask, rows)
        hidden = b.op("Mul", b.op("Sub", mask, b.number(1.0)), b.number(-_HIDDEN_BIAS))
        wide = b.op("Unsqueeze", hidden, b.constant([3]))
        spread = b.op("Expand", wide, b.constant([1, 1, 1, latents]))
        # [1,R,T,64] -> [1,1,R,T*64]: axis 2 of the source is T, so the rows come from the mask's shape.
        row_count = b.op("Slice", b.op("Shape", mask), b.constant([1]), b.constant([2]))
        target = b.op("Concat", b.constant([1, 1]), row_count, b.constant([-1]), axis=0)
        self.bias = b.op("Reshape", spread, target)
        self.sees = b.op("ReduceMax", mask, b.constant([2]), keepdims=1)

    def _gate(self, block: int, kind: int) -> str:
        """tanh of the trained gate times the factor that was asked for."""
        b = self.b
        name = f"blocks.{block}.{('attn_gate', 'ff_gate')[kind]}"
        value = b.float_weight("bridge", name, np.tanh(self.state[name]))
        row = b.op("Gather", self.gates, b.constant(block), axis=0)
        factor = b.op("Slice", row, b.constant([kind]), b.constant([kind + 1]), b.constant([0]))
        return b.op("Mul", value, factor)

    def _cross_attention(self, block: int, x: str) -> str:
        """Gated cross-attention over all rows at once: B and S are one axis, media are shared."""
        b, state, name = self.b, self.state, f"blocks.{block}"
        cross = self.config.cross_attention
        inner = cross.heads * cross.head_size
        q = linear(b, state, f"{name}.attn.to_q", layer_norm(b, state, f"{name}.attn.norm", x))
        k, v = (
            b.reshape(b.op("Gather", self.media, b.constant(2 * block + i), axis=1), [1, -1, inner])
            for i in (0, 1)
        )
        attended = b.op(
            "MultiHeadAttention",
            b.reshape(q, [1, -1, inner]),
            k,
            v,
            "",
            "",
            self.bias,
            domain=MICROSOFT,
            num_heads=cross.heads,
        )
        seen = b.op("Mul", attended, self.sees)
        like_x = b.op(
            "Concat",
            b.op("Slice", b.op("Shape", x), b.constant([0]), b.constant([2])),
            b.constant([inner]),
            axis=0,
        )
        out = linear(b, state, f"{name}.attn.to_out", b.op("Reshape", seen, like_x))
        x = b.op("Add", x, b.op("Mul", out, self._gate(block, 0)))
        ff = feed_forward(b, state, f"{name}.ff", x)
        return b.op("Add", x, b.op("Mul", ff, self._gate(block, 1)))

    # The decoder

    def _rms_norm(self, name: str, weight: NDArray[np.float32], x: str) -> str:
        scale = self.b.float_weight("language", name, weight)
        epsilon = self.config.language.norm_eps
        return self.b.op("SimplifiedLayerNormalization", x, scale, axis=-1, epsilon=epsilon)

    def _layer(self, i: int, layer: LlamaLayer, x: str) -> str:
        b, name = self.b, f"layers.{i}"
        normed = self._rms_norm(f"{name}.attn_norm", layer.attn_norm, x)
        qkv = concatenate_q4(layer.q, layer.k, layer.v)
        attended = self._attention(i, linear_q4(b, "language", f"{name}.qkv", qkv, normed))
        x = b.op("Add", x, linear_q4(b, "language", f"{name}.o", layer.o, attended))
        normed = self._rms_norm(f"{name}.ffn_norm", layer.ffn_norm, x)
        gate_up = concatenate_q4(layer.gate, layer.up)
        both = linear_q4(b, "language", f"{name}.gate_up", gate_up, normed)
        gate, up = b.ops("Split", (both,), 2, axis=-1, num_outputs=2)
        silu = b.op("Mul", gate, b.op("Sigmoid", gate))
        down = linear_q4(b, "language", f"{name}.down", layer.down, b.op("Mul", silu, up))
        return b.op("Add", x, down)

    def _attention(self, i: int, qkv: str) -> str:
        return (
            self._attention_in_place(i, qkv) if self.in_place else self._attention_stacked(i, qkv)
        )

    # Keys and values

    def _kv_inputs(self) -> None:
        b, c = self.b, self.config.language
        cos, sin = rope_caches(self.config, self.context)
        self.cos = b.float_weight("language", "rope.cos", cos)
        self.sin = b.float_weight("language", "rope.sin", sin)
        if self.in_place:
            self.seqlens = b.input("seqlens_k", "i32", ["B"])
            self.total = b.input("total_length", "i32", [1])
            shape = ["B", c.kv_heads, self.context, c.head_size]
            for i in range(c.layers):
                for kind in ("key", "value"):
                    b.input(f"past.{i}.{kind}", "f32", list(shape))
            return
        self.past = b.input("past", "f32", ["P", 2 * c.layers, "B", c.kv_heads, c.head_size])
        pad = b.input("pad", "i32", ["B"])
        first, zero, one = b.constant(0), b.constant(0), b.constant(1)
        past_length = b.op("Gather", b.op("Shape", self.past), first, axis=0)
        new_length = b.op("Gather", b.op("Shape", "ids"), one, axis=0)
        total = b.op("Add", past_length, new_length)
        keys = b.op("Range", zero, total, one)
        queries = b.op("Range", past_length, total, one)
        padding = b.op("Unsqueeze", b.cast(pad, "i64"), b.constant([1]))
        self.position_ids = b.op("Max", b.op("Sub", queries, padding), zero)
        causal = b.op("LessOrEqual", keys, b.op("Unsqueeze", queries, b.constant([1])))
        real = b.op("GreaterOrEqual", keys, padding)
        visible = b.op("And", causal, b.op("Unsqueeze", real, b.constant([1])))
        bias = b.op("Where", visible, b.number(0.0), b.number(_HIDDEN_BIAS))
        self.causal_bias = b.op("Unsqueeze", bias, b.constant([1, 2]))

    def _kv_outputs(self) -> None:
        if not self.in_place:
            b, c = self.b, self.config.language
            stacked = b.op("Concat", *self.new_rows, axis=1)
            b.output(stacked, "present", "f32", ["S", 2 * c.layers, "B", c.kv_heads, c.head_size])

    def _attention_in_place(self, i: int, qkv: str) -> str:
        b, c = self.b, self.config.language
        shape = ["B", c.kv_heads, self.context, c.head_size]
        present = [
            b.outputs_directly(f"present.{i}.{kind}", "f32", list(shape))
            for kind in ("key", "value")
        ]
        sizes = [c.heads * c.head_size, c.kv_heads * c.head_size, c.kv_heads * c.head_size]
        q, k, v = b.ops("Split", (qkv, b.constant(sizes)), 3, axis=-1)
        out = f"attention.{i}"
        b.node(
            "GroupQueryAttention",
            (
                q,
                k,
                v,
                f"past.{i}.key",
                f"past.{i}.value",
                self.seqlens,
                self.total,
                self.cos,
                self.sin,
            ),
            [out, *present],
            domain=MICROSOFT,
            num_heads=c.heads,
            kv_num_heads=c.kv_heads,
            do_rotary=1,
            rotary_interleaved=0,
        )
        return out

    def _attention_stacked(self, i: int, qkv: str) -> str:
        """Grouped queries as further rows against their group's one key/value head: nothing is repeated."""
        b, c = self.b, self.config.language
        group, size = c.heads // c.kv_heads, c.head_size
        sizes = [c.heads * size, c.kv_heads * size, c.kv_heads * size]
        q, k, v = b.ops("Split", (qkv, b.constant(sizes)), 3, axis=-1)
        q, k = (
            b.op(
                "RotaryEmbedding",
                x,
                self.position_ids,
                self.cos,
                self.sin,
                domain=MICROSOFT,
                num_heads=heads,
                rotary_embedding_dim=size,
            )
            for x, heads in ((q, c.heads), (k, c.kv_heads))
        )
        keys, values = (self._extend(2 * i + j, new) for j, new in enumerate((k, v)))
        q = b.op("Mul", q, b.number(size**-0.5))
        grouped = b.transpose(b.reshape(q, [0, 0, c.kv_heads, group, size]), [0, 2, 3, 1, 4])
        scores = b.op(
            "MatMul",
            b.op("Reshape", grouped, b.constant([0, 0, -1, size])),
            b.transpose(keys, [1, 2, 3, 0]),
        )
        split = b.op(
            "Concat",
            b.op("Slice", b.op("Shape", grouped), b.constant([0]), b.constant([4])),
            b.constant([-1]),
            axis=0,
        )
        weights = b.op(
            "Softmax", b.op("Add", b.op("Reshape", scores, split), self.causal_bias), axis=-1
        )
        mixed = b.op(
            "MatMul",
            b.op("Reshape", weights, b.op("Shape", scores)),
            b.transpose(values, [1, 2, 0, 3]),
        )
        heads = b.op("Reshape", mixed, b.op("Shape", grouped))
        return b.reshape(b.transpose(heads, [0, 3, 1, 2, 4]), [0, 0, c.heads * size])

    def _extend(self, row: int, new: str) -> str:
        """[B,S,G*64] of this run after the past of the same row: [P+S,B,G,64]."""
        b, c = self.b, self.config.language
        split = b.reshape(new, [0, 0, c.kv_heads, c.head_size])
        timed = b.transpose(split, [1, 0, 2, 3])
        self.new_rows.append(b.op("Unsqueeze", timed, b.constant([1])))
        past = b.op("Gather", self.past, b.constant(row), axis=1)
        return b.op("Concat", past, timed, axis=0)

    # Embedding and head, tied

    def _table_parts(self) -> list[tuple[int, int]]:
        """Row ranges of the embedding, as few as fit in a shard each."""
        rows, width = self.weights.embedding.q.shape
        count = -(-rows * width // SHARD_BYTES)
        edges = [rows * i // count for i in range(count + 1)]
        return list(zip(edges[:-1], edges[1:], strict=True))

    def _embed(self, ids: str) -> str:
        b, c = self.b, self.config.language
        table = self.weights.embedding
        new = b.float_weight("bridge", "new_tokens", self.state["new_tokens"])
        row = b.op(
            "Max", b.op("Sub", ids, b.constant(c.vocabulary, np.int32)), b.constant(0, np.int32)
        )
        x = b.op("Gather", new, row, axis=0)
        for first, end in reversed(self._table_parts()):
            # The same bytes as the head's, seen as a table.
            stored = (table.q[first:end].astype(np.int16) + 128).astype(np.uint8)
            q = b.weight("language", f"embedding.{first}.q", stored, "u8", view=":table")
            d = b.half_weight("language", f"embedding.{first}.d", table.d[first:end])
            low, high = b.constant(0, np.int32), b.constant(end - first - 1, np.int32)
            row = b.op("Min", b.op("Max", b.op("Sub", ids, b.constant(first, np.int32)), low), high)
            bytes_ = b.cast(b.op("Gather", q, row, axis=0), "f32")
            blocks = b.reshape(
                b.op("Sub", bytes_, b.number(128.0)), [0, 0, c.width // BLOCK, BLOCK]
            )
            scales = b.op("Unsqueeze", b.op("Gather", d, row, axis=0), b.constant([-1]))
            part = b.reshape(b.op("Mul", blocks, scales), [0, 0, c.width])
            mine = b.op("Less", ids, b.constant(end, np.int32))
            x = b.op("Where", b.op("Unsqueeze", mine, b.constant([-1])), part, x)
        return x

    def _head(self, x: str) -> None:
        """x [n,D] -> logits [n,V+2] and their argmax; `<image>` is never to be sampled."""
        b, c = self.b, self.config.language
        parts = []
        for first, end in self._table_parts():
            table = self.weights.embedding
            rows = Q8_0(table.q[first:end], table.d[first:end])
            parts.append(linear_q8(b, "language", f"embedding.{first}", rows, x))
        new_head = self.state["new_head"].copy()
        new_head[0] = 0
        banned = np.zeros(len(new_head), np.float32)
        banned[0] = BANNED_LOGIT
        head = b.float_weight("bridge", "new_head.t", np.ascontiguousarray(new_head.T))
        parts.append(b.op("Add", b.op("MatMul", x, head), b.constant(banned, np.float32)))
        logits = b.op("Concat", *parts, axis=-1)
        b.output(logits, "logits", "f32", ["n", c.vocabulary + self.config.new_tokens])
        best = b.op("ArgMax", logits, axis=-1, keepdims=0)
        b.output(b.cast(best, "i32"), "argmax", "i32", ["n"])
