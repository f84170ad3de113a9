"""Embedding and head. They are tied: the same 8-bit bytes are looked up and multiplied with."""

import numpy as np

from training.config import BANNED_LOGIT, FlamingoConfig
from training.frozen.smollm2 import BLOCK, Q8_0
from training.graphs.bridge import State
from training.graphs.builder import Builder
from training.graphs.linears import ZERO_POINT_8, linear_q8, store_q8
from training.graphs.shards import SHARD_BYTES


class TiedEmbedding:
    """The frozen rows, in as few tables as fit in a shard each, and the rows of the new tokens."""

    def __init__(self, b: Builder, config: FlamingoConfig, table: Q8_0, state: State) -> None:
        self.b, self.config, self.state = b, config, state
        rows, width = table.q.shape
        count = -(-rows * width // SHARD_BYTES)
        edges = [rows * i // count for i in range(count + 1)]
        self.tables = [
            (first, Q8_0(table.q[first:end], table.d[first:end]))
            for first, end in zip(edges[:-1], edges[1:], strict=True)
        ]

    def embed(self, ids: str) -> str:
        """ids [B,S] -> [B,S,D]."""
        b, c = self.b, self.config.language
        zero = b.constant(0, np.int32)
        new = b.float_weight("bridge", "new_tokens", self.state["new_tokens"])
        row = b.op("Max", b.op("Sub", ids, b.constant(c.vocabulary, np.int32)), zero)
        x = b.op("Gather", new, row, axis=0)
        for first, table in reversed(self.tables):
            rows = len(table.q)
            # The head's bytes, seen as a table.
            q = b.weight("language", f"embedding.{first}.q", store_q8(table), "u8", view=":table")
            d = b.half_weight("language", f"embedding.{first}.d", table.d)
            low = b.op("Max", b.op("Sub", ids, b.constant(first, np.int32)), zero)
            row = b.op("Min", low, b.constant(rows - 1, np.int32))
            bytes_ = b.cast(b.op("Gather", q, row, axis=0), "f32")
            centred = b.op("Sub", bytes_, b.number(float(ZERO_POINT_8)))
            blocks = b.reshape(centred, [0, 0, c.width // BLOCK, BLOCK])
            scales = b.op("Unsqueeze", b.op("Gather", d, row, axis=0), b.constant([-1]))
            part = b.reshape(b.op("Mul", blocks, scales), [0, 0, c.width])
            mine = b.op("Less", ids, b.constant(first + rows, np.int32))
            x = b.op("Where", b.op("Unsqueeze", mine, b.constant([-1])), part, x)
        return x

    def head(self, x: str) -> str:
        """x [n,D] -> logits [n,V+2]; `<image>` is never to be sampled."""
        b = self.b
        parts = [linear_q8(b, "language", f"embedding.{n}", table, x) for n, table in self.tables]
        new_head = self.state["new_head"].copy()
        new_head[0] = 0
        banned = np.zeros(len(new_head), np.float32)
        banned[0] = BANNED_LOGIT
        head = b.float_weight("bridge", "new_head.t", np.ascontiguousarray(new_head.T))
        parts.append(b.op("Add", b.op("MatMul", x, head), b.constant(banned, np.float32)))
        return b.op("Concat", *parts, axis=-1)
