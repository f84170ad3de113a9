"""Self-attention of any decoder on the KV of `training/graphs/kv.py`: where positions come in."""

import numpy as np

from training.config import LanguageConfig
from training.convert.architecture import Alibi, Decoder, Rotary
from training.graphs.builder import Builder
from training.graphs.kv import InPlaceKv, Kv, StackedKv, rope_caches


def _kv_config(decoder: Decoder) -> LanguageConfig:
    """The decoder as the KV sees it."""
    base = decoder.positions.base if isinstance(decoder.positions, Rotary) else 1.0
    return LanguageConfig(
        decoder.layers,
        decoder.width,
        decoder.heads,
        decoder.kv_heads,
        decoder.key_size,
        decoder.ffw,
        decoder.vocabulary,
        base,
        decoder.norm_eps,
    )


class SelfAttention:
    """Declares the KV's inputs when it is made; one call a layer."""

    def __init__(self, b: Builder, decoder: Decoder, context: int, layers: range) -> None:
        self.b, self.decoder, self.context = b, decoder, context
        places = decoder.positions
        # What the operators turn themselves: whole heads.
        self.built_in = isinstance(places, Rotary) and places.size == decoder.head_size
        scale = decoder.head_size**-0.5 if decoder.scale is None else decoder.scale
        standard = scale == decoder.key_size**-0.5
        options = (b, _kv_config(decoder), context, self.built_in, None if standard else scale)
        self.kv: Kv = InPlaceKv(*options, layers) if b.flavour == "webgpu" else StackedKv(*options)
        self.scale = scale
        # Looked up once, used in every layer.
        self.turns = self._turns() if isinstance(places, Rotary) and not self.built_in else None

    def __call__(self, layer: int, q: str, k: str, v: str) -> str:
        """q [R,heads*size], k and v [R,kv_heads*size] -> [R,heads*size]."""
        b, d = self.b, self.decoder
        places = d.positions
        if self.turns:
            q, k = self._turn(q, d.heads), self._turn(k, d.kv_heads)
        if not isinstance(places, Alibi):
            return self.kv.attention(layer, b.op("Concat", q, k, v, axis=-1))
        q = self._extend(q, d.heads, self._slopes(places))
        k = self._extend(k, d.kv_heads, self._places())
        v = self._extend(v, d.kv_heads, None)
        wide = self.kv.attention(layer, b.op("Concat", q, k, v, axis=-1))
        heads = b.reshape(wide, [0, d.heads, d.key_size])
        cut = b.op("Slice", heads, b.constant([0]), b.constant([d.head_size]), b.constant([2]))
        return b.reshape(cut, [0, -1])

    def finish(self) -> None:
        self.kv.finish()

    def rows(self) -> str:
        """The place of each token, i32 [R]."""
        b = self.b
        shape = b.op("Shape", "ids")
        places = b.op("Expand", self.kv.positions(), shape)
        return b.cast(b.reshape(places, [-1]), "i32")

    # ALiBi: a key carries its place and a query its head's slope as one more coordinate, so that their product
    # is slope x place. That differs from slope x (place - query's place) by a constant of the row, which a
    # softmax does not see, and needs no bias of the size of the scores.

    def _slopes(self, places: Alibi) -> str:
        d = self.decoder
        tail = np.zeros((1, d.heads, d.key_size - d.head_size), np.float32)
        tail[0, :, 0] = np.array(places.slopes) / self.scale
        return self.b.float_weight("language", "alibi", tail)

    def _places(self) -> str:
        """[R,1,extra], the place and zeros."""
        b, d = self.b, self.decoder
        place = b.reshape(b.cast(self.rows(), "f32"), [-1, 1, 1])
        unit = np.zeros((1, 1, d.key_size - d.head_size), np.float32)
        unit[0, 0, 0] = 1
        return b.op("Mul", place, b.constant(unit, np.float32))

    def _extend(self, x: str, heads: int, tail: str | None) -> str:
        """[R,heads*size] -> [R,heads*key_size]."""
        b, d = self.b, self.decoder
        extra = d.key_size - d.head_size
        split = b.reshape(x, [0, heads, d.head_size])
        if tail is None:
            tail = b.constant(np.zeros((1, 1, extra)), np.float32)
        count = b.op("Slice", b.op("Shape", split), b.constant([0]), b.constant([1]))
        shape = b.op("Concat", count, b.constant([heads, extra]), axis=0)
        wide = b.op("Concat", split, b.op("Expand", tail, shape), axis=-1)
        return b.reshape(wide, [0, heads * d.key_size])

    # Rotary on a part of each head (GPT-NeoX), in plain operators: the fused ones differ from one another here.

    def _turns(self) -> tuple[str, str]:
        """cos and sin of each token, [R,1,size of the part], the halves alike."""
        b, d = self.b, self.decoder
        part = LanguageConfig(head_size=d.positions.size, rope_base=d.positions.base)
        rows = self.rows()
        out = []
        for name, table in zip(("cos", "sin"), rope_caches(part, self.context), strict=True):
            stored = b.float_weight("language", f"rope.{name}", np.concatenate([table, table], 1))
            out.append(b.op("Unsqueeze", b.op("Gather", stored, rows, axis=0), b.constant([1])))
        return out[0], out[1]

    def _turn(self, x: str, heads: int) -> str:
        b, d = self.b, self.decoder
        size = d.positions.size
        cos, sin = self.turns
        split = b.reshape(x, [0, heads, d.head_size])

        def cut(first: int, end: int) -> str:
            return b.op("Slice", split, b.constant([first]), b.constant([end]), b.constant([2]))

        turned = b.op("Concat", b.op("Neg", cut(size // 2, size)), cut(0, size // 2), axis=-1)
        mixed = b.op("Add", b.op("Mul", cut(0, size), cos), b.op("Mul", turned, sin))
        return b.reshape(b.op("Concat", mixed, cut(size, d.head_size), axis=-1), [0, -1])
