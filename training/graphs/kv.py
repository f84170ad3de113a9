"""Self-attention of the decoder, and how its keys and values travel: in place, or stacked.

`InPlaceKv` (`webgpu`): past and present are one buffer of any capacity C, and GroupQueryAttention writes into it.
`StackedKv` (`wasm`): everything is copied in and out of a run there, so the past is one tensor with time first,
and only the rows of the new tokens come out.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.config import LanguageConfig
from training.graphs.builder import MICROSOFT, Builder, Shape

_HIDDEN_BIAS = -1e9


def rope_caches(
    config: LanguageConfig, context: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """cos and sin [context, head_size/2]."""
    size = config.head_size
    powers = config.rope_base ** -(np.arange(0, size, 2, dtype=np.float64) / size)
    angles = np.arange(context)[:, None] * powers
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


class Kv(Protocol):
    """One flavour's way; its inputs are declared when it is made."""

    def attention(self, layer: int, qkv: str) -> str:
        """qkv [B*S,(heads+2G)*size] before RoPE -> attended [B*S,heads*size]."""

    def positions(self) -> str:
        """i64 [B or 1, S]: the place of each new token in its row."""

    def finish(self) -> None:
        """Declares the outputs that are left."""


def _rope_weights(b: Builder, config: LanguageConfig, context: int) -> tuple[str, str]:
    cos, sin = rope_caches(config, context)
    return (
        b.float_weight("language", "rope.cos", cos),
        b.float_weight("language", "rope.sin", sin),
    )


def _batched(b: Builder, rows: str) -> str:
    """[B*S,D] -> [B,S,D]."""
    shape = b.op("Concat", b.op("Shape", "ids"), b.constant([-1]), axis=0)
    return b.op("Reshape", rows, shape)


class InPlaceKv:
    """past.L and present.L [B,G,C,size]; C is the buffer's, so beams need not have the whole context.

    `rotary` is false where queries and keys come with their positions in them, or have none; `scale` is
    that of the scores where it is not 1/sqrt(size); `layers` are those of this graph where it is one of several.
    """

    def __init__(
        self,
        b: Builder,
        config: LanguageConfig,
        context: int,
        rotary: bool = True,
        scale: float | None = None,
        layers: range | None = None,
    ) -> None:
        self.b, self.config = b, config
        self.rope = _rope_weights(b, config, context) if rotary else ()
        self.scale = {} if scale is None else {"scale": scale}
        self.seqlens = b.input("seqlens_k", "i32", ["B"])
        self.total = b.input("total_length", "i32", [1])
        self.shape: Shape = ["B", config.kv_heads, "C", config.head_size]
        for i in layers or range(config.layers):
            for kind in ("key", "value"):
                b.input(f"past.{i}.{kind}", "f32", self.shape)

    def attention(self, layer: int, qkv: str) -> str:
        b, c = self.b, self.config
        names = [f"{layer}.{kind}" for kind in ("key", "value")]
        present = [b.outputs_directly(f"present.{name}", "f32", self.shape) for name in names]
        past = [f"past.{name}" for name in names]
        out = f"attention.{layer}"
        b.node(
            "GroupQueryAttention",
            (_batched(b, qkv), "", "", *past, self.seqlens, self.total, *self.rope),
            [out, *present],
            domain=MICROSOFT,
            num_heads=c.heads,
            kv_num_heads=c.kv_heads,
            do_rotary=int(bool(self.rope)),
            rotary_interleaved=0,
            **self.scale,
        )
        return b.reshape(out, [-1, c.heads * c.head_size])

    def positions(self) -> str:
        b = self.b
        end = b.op("Squeeze", b.cast(self.total, "i64"))
        count = b.op("Gather", b.op("Shape", "ids"), b.constant(1), axis=0)
        places = b.op("Range", b.op("Sub", end, count), end, b.constant(1))
        return b.op("Unsqueeze", places, b.constant([0]))

    def finish(self) -> None:
        """The attention nodes have written every output."""


class StackedKv:
    """past [P,2L,B,G,size], `pad` [B] for left padding, present [S,2L,B,G,size]; `rotary` and `scale` as in place."""

    def __init__(
        self,
        b: Builder,
        config: LanguageConfig,
        context: int,
        rotary: bool = True,
        scale: float | None = None,
    ) -> None:
        self.b, self.config = b, config
        self.rope = _rope_weights(b, config, context) if rotary else ()
        self.scale = config.head_size**-0.5 if scale is None else scale
        self.new_rows: list[str] = []
        self.past = b.input("past", "f32", self._shape("P"))
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
        self.bias = b.op("Unsqueeze", bias, b.constant([1, 2]))

    def _shape(self, length: str) -> Shape:
        c = self.config
        return [length, 2 * c.layers, "B", c.kv_heads, c.head_size]

    def attention(self, layer: int, qkv: str) -> str:
        """Grouped queries are further rows against their group's one key/value head: nothing is repeated."""
        b, c = self.b, self.config
        group, size = c.heads // c.kv_heads, c.head_size
        sizes = np.array([c.heads, c.kv_heads, c.kv_heads]) * size
        q, k, v = b.ops("Split", (_batched(b, qkv), b.constant(sizes)), 3, axis=-1)
        keys = self._extend(2 * layer, self._rotate(k, c.kv_heads))
        values = self._extend(2 * layer + 1, v)
        q = b.op("Mul", self._rotate(q, c.heads), b.number(self.scale))
        grouped = b.transpose(b.reshape(q, [0, 0, c.kv_heads, group, size]), [0, 2, 3, 1, 4])
        scores = b.op(
            "MatMul", b.reshape(grouped, [0, 0, -1, size]), b.transpose(keys, [1, 2, 3, 0])
        )
        leading = b.op("Slice", b.op("Shape", grouped), b.constant([0]), b.constant([4]))
        by_head = b.op("Concat", leading, b.constant([-1]), axis=0)
        biased = b.op("Add", b.op("Reshape", scores, by_head), self.bias)
        weights = b.op("Softmax", biased, axis=-1)
        mixed = b.op(
            "MatMul",
            b.op("Reshape", weights, b.op("Shape", scores)),
            b.transpose(values, [1, 2, 0, 3]),
        )
        heads = b.op("Reshape", mixed, b.op("Shape", grouped))
        return b.reshape(b.transpose(heads, [0, 3, 1, 2, 4]), [-1, c.heads * size])

    def positions(self) -> str:
        return self.position_ids

    def _rotate(self, x: str, heads: int) -> str:
        if not self.rope:
            return x
        return self.b.op(
            "RotaryEmbedding",
            x,
            self.position_ids,
            *self.rope,
            domain=MICROSOFT,
            num_heads=heads,
            rotary_embedding_dim=self.config.head_size,
        )

    def _extend(self, row: int, new: str) -> str:
        """[B,S,G*size] of this run after the past of the same row: [P+S,B,G,size]."""
        b, c = self.b, self.config
        split = b.reshape(new, [0, 0, c.kv_heads, c.head_size])
        timed = b.transpose(split, [1, 0, 2, 3])
        self.new_rows.append(b.op("Unsqueeze", timed, b.constant([1])))
        past = b.op("Gather", self.past, b.constant(row), axis=1)
        return b.op("Concat", past, timed, axis=0)

    def finish(self) -> None:
        stacked = self.b.op("Concat", *self.new_rows, axis=1)
        self.b.output(stacked, "present", "f32", self._shape("S"))
