"""Quantised linear layers in both flavours.

`webgpu`: MatMulNBits on the packed weights. `wasm`: plain MatMul on the same weights expanded to fp32 at
load, by the runtime: operators on constants would do it too, but ONNX Runtime keeps every intermediate
until all are folded (4.3 GB, more than a wasm heap holds). Both flavours are exact.
"""

import numpy as np
from numpy.typing import NDArray

from training.frozen.smollm2 import BLOCK, Q4_1, Q8_0
from training.graphs.builder import MICROSOFT, Builder
from training.graphs.shards import Part

_ZERO_POINT_4 = 8.0
ZERO_POINT_8 = 128


def quantise_q8(weight: NDArray[np.float32]) -> Q8_0:
    """Symmetric 8 bits in blocks of 32 along the input axis, the scale at 16 bits."""
    rows, columns = weight.shape
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    d = (np.abs(blocks).max(-1) / 127).astype(np.float16)
    scale = d.astype(np.float32)[..., None]
    q = np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale > 0)
    return Q8_0(np.clip(np.rint(q), -127, 127).astype(np.int8).reshape(rows, columns), d)


def concatenate_q4(*parts: Q4_1) -> Q4_1:
    """Rows of several projections of one input."""
    return Q4_1(
        np.concatenate([p.q for p in parts]),
        np.concatenate([p.d for p in parts]),
        np.concatenate([p.m for p in parts]),
    )


def pack_nibbles(q: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Values 0..15 [N,K] -> bytes [N,K/2], even columns in the low halves (ONNX's UINT4 as well)."""
    return q[:, 0::2] | (q[:, 1::2] << 4)


def block_sums(b: Builder, x: str, columns: int) -> str:
    """[R,K] -> [R,K/32]."""
    folded = b.reshape(x, [-1, columns // BLOCK, BLOCK])
    return b.op("ReduceSum", folded, b.constant([-1]), keepdims=0)


def linear_q4(b: Builder, part: Part, name: str, weight: Q4_1, x: str) -> str:
    """x [R,K] -> [R,N], exactly d*q + m.

    MatMulNBits subtracts its zero point 8; what it lacks is m + 8d times the sum of each block of x.
    """
    rows, columns = weight.q.shape
    packed = pack_nibbles(weight.q)
    if b.flavour == "wasm":
        stored = {
            "q": b.shards.add(part, f"{name}.q", packed),
            "d": b.shards.add(part, f"{name}.d", weight.d),
            "m": b.shards.add(part, f"{name}.m", weight.m),
        }
        return b.op("MatMul", x, b.expanded(name, rows, columns, stored))
    d = b.half_weight(part, f"{name}.d", weight.d)
    m = b.half_weight(part, f"{name}.m", weight.m)
    q = b.weight(part, f"{name}.q", packed, "u8", [rows, columns // BLOCK, BLOCK // 2])
    product = matmul_nbits(b, x, q, d, rows, columns, 4)
    offset = b.op("Add", m, b.op("Mul", d, b.number(_ZERO_POINT_4)))
    return b.op("Gemm", block_sums(b, x, columns), offset, product, transB=1)


def store_q8(weight: Q8_0) -> NDArray[np.uint8]:
    """The bytes in the shard: shifted by the zero point."""
    return (weight.q.astype(np.int16) + ZERO_POINT_8).astype(np.uint8)


def linear_q8(b: Builder, part: Part, name: str, weight: Q8_0, x: str) -> str:
    """x [..., K] -> [..., N], symmetric 8 bits; stored with zero point 128."""
    rows, columns = weight.q.shape
    bytes_ = store_q8(weight)
    if b.flavour == "wasm":
        stored = {
            "q": b.shards.add(part, f"{name}.q", bytes_),
            "d": b.shards.add(part, f"{name}.d", weight.d),
        }
        return b.op("MatMul", x, b.expanded(name, rows, columns, stored))
    d = b.half_weight(part, f"{name}.d", weight.d)
    q = b.weight(part, f"{name}.q", bytes_, "u8", [rows, columns // BLOCK, BLOCK])
    return matmul_nbits(b, x, q, d, rows, columns, 8)


def matmul_nbits(
    b: Builder, x: str, q: str, scales: str, rows: int, columns: int, bits: int
) -> str:
    """com.microsoft MatMulNBits with its default zero point, computed in fp32 (accuracy level 0)."""
    return b.op(
        "MatMulNBits",
        x,
        q,
        scales,
        domain=MICROSOFT,
        N=rows,
        K=columns,
        bits=bits,
        block_size=BLOCK,
        accuracy_level=0,
    )
