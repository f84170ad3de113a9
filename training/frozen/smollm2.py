"""SmolLM2-135M-Instruct, the frozen language model, read from its GGUF (Q4_1, embedding Q8_0).

Weights stay as the file has them: integers and block scales. Blocks of 32 run along the input axis.
"""

from dataclasses import dataclass

import numpy as np
from gguf import GGUFReader
from gguf.constants import GGMLQuantizationType
from numpy.typing import NDArray

from training.config import LanguageConfig
from training.frozen.packages import SMOLLM2, fetch

BLOCK = 32


@dataclass(frozen=True)
class Q4_1:
    """w = d * q + m, q in 0..15: q uint8 [N,K], d and m float16 [N,K/32]."""

    q: NDArray[np.uint8]
    d: NDArray[np.float16]
    m: NDArray[np.float16]

    def dequantise(self) -> NDArray[np.float32]:
        """float32 [N,K]."""
        rows, columns = self.q.shape
        blocks = self.q.reshape(rows, columns // BLOCK, BLOCK).astype(np.float32)
        scaled = blocks * self.d[..., None].astype(np.float32) + self.m[..., None].astype(
            np.float32
        )
        return scaled.reshape(rows, columns)

    def rows(self, order: NDArray[np.int64]) -> "Q4_1":
        """The same weights with their output rows in another order."""
        return Q4_1(self.q[order], self.d[order], self.m[order])


@dataclass(frozen=True)
class Q8_0:
    """w = d * q: q int8 [N,K], d float16 [N,K/32]."""

    q: NDArray[np.int8]
    d: NDArray[np.float16]

    def dequantise(self) -> NDArray[np.float32]:
        """float32 [N,K]."""
        rows, columns = self.q.shape
        blocks = self.q.reshape(rows, columns // BLOCK, BLOCK).astype(np.float32)
        return (blocks * self.d[..., None].astype(np.float32)).reshape(rows, columns)


@dataclass(frozen=True)
class LlamaLayer:
    """One decoder layer; linears are [out, in]."""

    attn_norm: NDArray[np.float32]
    q: Q4_1
    k: Q4_1
    v: Q4_1
    o: Q4_1
    ffn_norm: NDArray[np.float32]
    gate: Q4_1
    up: Q4_1
    down: Q4_1


@dataclass(frozen=True)
class LlamaWeights:
    """A decoder whose head is tied to its embedding."""

    config: LanguageConfig
    embedding: Q8_0
    layers: tuple[LlamaLayer, ...]
    norm: NDArray[np.float32]


def unpack_q4_1(data: NDArray[np.uint8]) -> Q4_1:
    """GGUF rows of 20-byte blocks: d, m, then 16 bytes, value i low and i+16 high in byte i."""
    rows = data.shape[0]
    blocks = data.reshape(rows, -1, 20)
    scales = blocks[..., :4].copy().view(np.float16)
    nibbles = blocks[..., 4:]
    q = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).reshape(rows, -1)
    return Q4_1(q, scales[..., 0].copy(), scales[..., 1].copy())


def unpack_q8_0(data: NDArray[np.uint8]) -> Q8_0:
    """GGUF rows of 34-byte blocks: d, then 32 signed bytes."""
    rows = data.shape[0]
    blocks = data.reshape(rows, -1, 34)
    d = blocks[..., :2].copy().view(np.float16)[..., 0]
    return Q8_0(blocks[..., 2:].copy().view(np.int8).reshape(rows, -1), d.copy())


def rotate_half_order(heads: int, head_size: int) -> NDArray[np.int64]:
    """Row order that undoes GGUF's interleaving of q and k for RoPE by halves."""
    order = np.arange(heads * head_size).reshape(heads, head_size // 2, 2)
    return order.transpose(0, 2, 1).reshape(-1)


def load_smollm2() -> LlamaWeights:
    """The decoder with q and k rows in Hugging Face's order (rotate-half RoPE)."""
    config = LanguageConfig()
    reader = GGUFReader(fetch(SMOLLM2))
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def q4(name: str) -> Q4_1:
        tensor = tensors[name]
        if tensor.tensor_type != GGMLQuantizationType.Q4_1:
            raise ValueError(f"{name} is {tensor.tensor_type.name}, expected Q4_1")
        return unpack_q4_1(np.asarray(tensor.data))

    def vector(name: str) -> NDArray[np.float32]:
        return np.array(tensors[name].data, np.float32)

    q_order = rotate_half_order(config.heads, config.head_size)
    k_order = rotate_half_order(config.kv_heads, config.head_size)
    layers = tuple(
        LlamaLayer(
            attn_norm=vector(f"blk.{i}.attn_norm.weight"),
            q=q4(f"blk.{i}.attn_q.weight").rows(q_order),
            k=q4(f"blk.{i}.attn_k.weight").rows(k_order),
            v=q4(f"blk.{i}.attn_v.weight"),
            o=q4(f"blk.{i}.attn_output.weight"),
            ffn_norm=vector(f"blk.{i}.ffn_norm.weight"),
            gate=q4(f"blk.{i}.ffn_gate.weight"),
            up=q4(f"blk.{i}.ffn_up.weight"),
            down=q4(f"blk.{i}.ffn_down.weight"),
        )
        for i in range(config.layers)
    )
    embedding = unpack_q8_0(np.asarray(tensors["token_embd.weight"].data))
    return LlamaWeights(config, embedding, layers, vector("output_norm.weight"))
