"""Parts of the graphs: norms, linear layers at 32, 16, 8 or 4 bits, tables of tokens.

Every tensor is cut in as many pieces as fit a shard each, along its rows. Shapes are [R, width]: all rows of a
batch in two dimensions.
"""

from typing import Literal

import numpy as np

from training.config import BANNED_LOGIT
from training.convert.tensors import Floats, Weights
from training.frozen.smollm2 import BLOCK, Q4_1
from training.graphs.builder import MICROSOFT, Builder
from training.graphs.linears import ZERO_POINT_8, linear_q4, linear_q8, quantise_q8, store_q8
from training.graphs.shards import SHARD_BYTES, Part

Bits = Literal[32, 16, 8, 4]
Norm = Literal["rms", "layer"]


def quantise_q4(weight: Floats) -> Q4_1:
    """4 bits in blocks of 32 along the input axis: w = d q + m, d and m at 16 bits (5 bits a weight in all)."""
    rows, columns = weight.shape
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    low = blocks.min(-1)
    m = low.astype(np.float16)
    d = ((blocks.max(-1) - low) / 15).astype(np.float16)
    scale = d.astype(np.float32)[..., None]
    shifted = blocks - m.astype(np.float32)[..., None]
    q = np.divide(shifted, scale, out=np.zeros_like(blocks), where=scale > 0)
    return Q4_1(np.clip(np.rint(q), 0, 15).astype(np.uint8).reshape(rows, columns), d, m)


def usable_bits(bits: Bits, columns: int) -> Bits:
    """16 bits where a row does not consist of whole blocks."""
    return 16 if bits < 16 and columns % BLOCK else bits


def pieces(rows: int, columns: int, bits: Bits) -> list[tuple[int, int]]:
    """First and end row of each piece of a weight [rows,columns]."""
    count = -(-rows * columns * bits // 8 // (SHARD_BYTES - 64))
    edges = [rows * i // count for i in range(count + 1)]
    return list(zip(edges[:-1], edges[1:], strict=True))


class Parts:
    """Adds nodes over the weights of one part of the model to a graph."""

    def __init__(self, b: Builder, part: Part, weights: Weights, bits: Bits) -> None:
        self.b, self.part, self.weights, self.bits = b, part, weights, bits

    def floats(self, name: str) -> str:
        """A small weight, never quantised."""
        return self.b.float_weight(self.part, name, self.weights[name]())

    def norm(self, kind: Norm, name: str, x: str, epsilon: float = 1e-5) -> str:
        """RMSNorm, or LayerNorm with or without a bias, over the last axis."""
        scale = self.floats(f"{name}.weight")
        if kind == "rms":
            return self.b.op("SimplifiedLayerNormalization", x, scale, axis=-1, epsilon=epsilon)
        bias = [self.floats(f"{name}.bias")] if f"{name}.bias" in self.weights else []
        return self.b.op("LayerNormalization", x, scale, *bias, axis=-1, epsilon=epsilon)

    def head_norm(self, kind: Norm, name: str, x: str, size: int, epsilon: float) -> str:
        """Each head of [R,heads*size] normalised by itself."""
        b = self.b
        heads = b.reshape(x, [0, -1, size])
        return b.reshape(self.norm(kind, name, heads, epsilon), [0, -1])

    def linear(self, x: str, *names: str) -> str:
        """x [R,K] -> [R,sum of N]: one product for several weights of one input."""
        weight = np.concatenate([self.weights[f"{name}.weight"]() for name in names])
        out = self.product(x, "+".join(names), weight)
        biases = [
            self.weights.get(f"{name}.bias", lambda n=name: self._no_bias(n))() for name in names
        ]
        if not any(f"{name}.bias" in self.weights for name in names):
            return out
        bias = self.b.float_weight(self.part, f"{'+'.join(names)}.bias", np.concatenate(biases))
        return self.b.op("Add", out, bias)

    def _no_bias(self, name: str) -> Floats:
        return np.zeros(len(self.weights[f"{name}.weight"]()), np.float32)

    def product(self, x: str, name: str, weight: Floats) -> str:
        """x [R,K] with the rows of a weight [N,K]: [R,N]."""
        bits = usable_bits(self.bits, weight.shape[1])
        cut = pieces(*weight.shape, bits)
        names = [name if len(cut) == 1 else f"{name}.{first}" for first, _ in cut]
        outs = [
            self._piece(x, piece, weight[first:end], bits)
            for piece, (first, end) in zip(names, cut, strict=True)
        ]
        return outs[0] if len(outs) == 1 else self.b.op("Concat", *outs, axis=-1)

    def _piece(self, x: str, name: str, weight: Floats, bits: Bits) -> str:
        b = self.b
        if bits == 8:
            return linear_q8(b, self.part, name, quantise_q8(weight), x)
        if bits == 4:
            return linear_q4(b, self.part, name, quantise_q4(weight), x)
        store = b.float_weight if bits == 32 else b.half_weight
        return b.op("Gemm", x, store(self.part, name, weight), transB=1)

    def activation(self, kind: str, x: str) -> str:
        """GELU (exact), QuickGELU, ReLU or its square."""
        b = self.b
        if kind == "gelu":
            return b.op("Gelu", x, domain=MICROSOFT)
        if kind == "quick_gelu":
            return b.op("Mul", x, b.op("Sigmoid", b.op("Mul", x, b.number(1.702))))
        relu = b.op("Relu", x)
        return relu if kind == "relu" else b.op("Mul", relu, relu)

    def swiglu(self, x: str, gate: str, up: str) -> str:
        """SiLU(x.gate) * x.up."""
        b = self.b
        a, c = b.ops("Split", (self.linear(x, gate, up),), 2, axis=-1, num_outputs=2)
        return b.op("Mul", b.op("Mul", a, b.op("Sigmoid", a)), c)


class TokenTable:
    """Rows of the vocabulary, for looking up and, where embedding and head are tied, for multiplying too.

    Below 16 bits it stays at 8: embeddings lose more than what they save.
    """

    def __init__(self, parts: Parts, name: str, weight: Floats) -> None:
        self.parts, self.name, self.weight = parts, name, weight
        least: Bits = 8 if parts.bits == 4 else parts.bits
        self.bits = usable_bits(least, weight.shape[1])
        self.cut = pieces(*weight.shape, self.bits)

    def lookup(self, ids: str) -> str:
        """ids i32 [R] -> [R,D]."""
        b = self.parts.b
        out = ""
        for first, end in reversed(self.cut):
            low = b.op(
                "Max", b.op("Sub", ids, b.constant(first, np.int32)), b.constant(0, np.int32)
            )
            row = b.op("Min", low, b.constant(end - first - 1, np.int32))
            found = self._gather(first, self.weight[first:end], row)
            if not out:
                out = found
                continue
            mine = b.op("Less", ids, b.constant(end, np.int32))
            out = b.op("Where", b.op("Unsqueeze", mine, b.constant([-1])), found, out)
        return out

    def _gather(self, first: int, weight: Floats, row: str) -> str:
        b, part = self.parts.b, self.parts.part
        name = f"{self.name}.{first}"
        if self.bits >= 16:
            # Not looked up at 16 bits: a GPU without shader-f16 could not.
            store = b.float_weight if self.bits == 32 else b.half_weight
            return b.op("Gather", store(part, name, weight), row, axis=0)
        table = quantise_q8(weight)
        q = b.weight(part, f"{name}.q", store_q8(table), "u8", view=":table")
        scales = b.half_weight(part, f"{name}.d", table.d)
        centred = b.op(
            "Sub", b.cast(b.op("Gather", q, row, axis=0), "f32"), b.number(float(ZERO_POINT_8))
        )
        width = weight.shape[1]
        blocks = b.reshape(centred, [-1, width // BLOCK, BLOCK])
        scale = b.op("Unsqueeze", b.op("Gather", scales, row, axis=0), b.constant([-1]))
        return b.reshape(b.op("Mul", blocks, scale), [-1, width])

    def logits(self, x: str, banned: list[int]) -> str:
        """x [n,D] -> [n,V]; ids that are never to be sampled get -1e9."""
        b, part = self.parts.b, self.parts.part
        outs = []
        for first, end in self.cut:
            name, weight = f"{self.name}.{first}", self.weight[first:end]
            if self.bits == 8:
                outs.append(linear_q8(b, part, name, quantise_q8(weight), x))
                continue
            store = b.float_weight if self.bits == 32 else b.half_weight
            outs.append(b.op("Gemm", x, store(part, name, weight), transB=1))
        whole = outs[0] if len(outs) == 1 else b.op("Concat", *outs, axis=-1)
        if not banned:
            return whole
        never = np.zeros(len(self.weight), np.float32)
        never[banned] = BANNED_LOGIT
        return b.op("Add", whole, b.float_weight(part, "banned", never))
