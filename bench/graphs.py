"""The peers' graphs, over the shards of a shipped model: the same weights in the layouts of others.

`text`: transformers.js's layout, text only. `patches`: pictures as tokens, the LLaVA way, which is the language
model with vectors in place of the embeddings of some tokens.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from training.config import FlamingoConfig
from training.frozen.smollm2 import LlamaWeights
from training.graphs.builder import MICROSOFT, Builder, Flavour, Shape
from training.graphs.embedding import TiedEmbedding
from training.graphs.kv import InPlaceKv, Kv, rope_caches
from training.graphs.language import LanguageGraph
from training.graphs.linears import linear_q8
from training.graphs.residual import Residual
from training.graphs.shards import Location, Part, Shards


class ShippedShards(Shards):
    """The places that a shipped graph's weights lie at, by name."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._places: dict[str, Location] = {}
        for flavour in ("webgpu", "wasm"):
            graph = onnx.load(folder / f"language.{flavour}.onnx", load_external_data=False).graph
            for tensor in graph.initializer:
                entry = {field.key: field.value for field in tensor.external_data}
                if entry.get("location", "expanded") == "expanded":
                    continue
                place = Location(entry["location"], int(entry["offset"]), int(entry["length"]))
                self._places[tensor.name.removesuffix(":table")] = place

    def add(self, part: Part, name: str, array: NDArray[Any]) -> Location:
        return self._places[name]


class _GrowingKv:
    """transformers.js's, its names of dimensions too: `past_key_values.L` and `present.L` [B,G,P,size], GroupQueryAttention with RoPE."""

    def __init__(self, graph: "TextGraph") -> None:
        self.graph, b, c = graph, graph.b, graph.config.language
        cos, sin = rope_caches(c, graph.context)
        self.cos, self.sin = b.table("cos", cos), b.table("sin", sin)
        mask = b.input("attention_mask", "i64", ["batch_size", "total_sequence_length"])
        total = b.op("ReduceSum", mask, b.constant([1]), keepdims=0)
        self.seqlens = b.cast(b.op("Sub", total, b.constant([1])), "i32")
        length = b.op("Gather", b.op("Shape", mask), b.constant(1), axis=0)
        self.total = b.cast(length, "i32")
        for i in range(c.layers):
            for kind in ("key", "value"):
                b.input(
                    f"past_key_values.{i}.{kind}",
                    "f32",
                    self._shape("past_sequence_length"),
                )

    def _shape(self, length: str) -> Shape:
        c = self.graph.config.language
        return ["batch_size", c.kv_heads, length, c.head_size]

    def attention(self, layer: int, qkv: str) -> str:
        b, c = self.graph.b, self.graph.config.language
        shape = b.op("Concat", b.op("Shape", "input_ids"), b.constant([-1]), axis=0)
        names = [f"{layer}.{kind}" for kind in ("key", "value")]
        present = [
            b.outputs_directly(f"present.{name}", "f32", self._shape("total_sequence_length"))
            for name in names
        ]
        out = f"attention.{layer}"
        b.node(
            "GroupQueryAttention",
            (
                b.op("Reshape", qkv, shape),
                "",
                "",
                *(f"past_key_values.{name}" for name in names),
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
        return b.reshape(out, [-1, c.heads * c.head_size])

    def positions(self) -> str:
        raise NotImplementedError("only models with learned positions ask for them")

    def finish(self) -> None:
        """The attention nodes have written every output."""


class _LongKv(InPlaceKv):
    """Ours, for more positions than the shipped tables have."""

    def __init__(self, b: Builder, config: Any, context: int) -> None:
        super().__init__(b, config, context)
        cos, sin = rope_caches(config, context)
        self.cos, self.sin = b.table("cos", cos), b.table("sin", sin)


class TextGraph(LanguageGraph):
    """The bare language model, its head without our new tokens."""

    kv: Kv

    def __init__(
        self,
        name: str,
        config: FlamingoConfig,
        weights: LlamaWeights,
        context: int,
        flavour: Flavour,
        folder: Path,
    ) -> None:
        new = {
            name: np.zeros((config.new_tokens, config.language.width), np.float32)
            for name in ("new_tokens", "new_head")
        }
        super().__init__(config, weights, new, context, flavour, ShippedShards(folder))
        self.b.name, self.block_at = name, {}

    def _body(self, x: str, last: str) -> str:
        """x [S,D] through all layers; logits [n,V] at the rows `last`."""
        b, c = self.b, self.config.language
        stream = Residual(b, x, c.norm_eps)
        for i, layer in enumerate(self.weights.layers):
            self._layer(i, layer, stream)
        wanted = b.op("Gather", stream.value(), last, axis=0)
        normed = Residual(b, wanted, c.norm_eps).rms_norm("norm", self.weights.norm)
        tied = TiedEmbedding(b, self.config, self.weights.embedding, self.state)
        heads = [linear_q8(b, "language", f"embedding.{n}", t, normed) for n, t in tied.tables]
        return b.op("Concat", *heads, axis=-1) if len(heads) > 1 else heads[0]

    def _embedded(self, ids: str) -> str:
        """i32 [1,S] -> [S,D]."""
        tied = TiedEmbedding(self.b, self.config, self.weights.embedding, self.state)
        return self.b.reshape(tied.embed(ids), [-1, self.config.language.width])

    def transformers_js(self) -> Builder:
        """input_ids, attention_mask, past_key_values -> logits of the last token only, present."""
        b, c = self.b, self.config.language
        ids = b.input("input_ids", "i64", ["batch_size", "sequence_length"])
        self.kv = _GrowingKv(self)
        logits = self._body(self._embedded(b.cast(ids, "i32")), b.constant([-1]))
        rows = b.reshape(logits, [1, 1, c.vocabulary])
        b.output(rows, "logits", "f32", ["batch_size", 1, c.vocabulary])
        return b

    def patches(self) -> Builder:
        """ids [1,S], patches [S,D] where an id is negative, in-place KV -> logits, argmax of the last token."""
        b, c = self.b, self.config.language
        ids = b.input("ids", "i32", ["B", "S"])
        patches = b.input("patches", "f32", ["S", c.width])
        self.kv = _LongKv(b, c, self.context)
        known = b.op("Max", ids, b.constant(0, np.int32))
        hidden = b.reshape(b.op("Less", ids, b.constant(0, np.int32)), [-1, 1])
        x = b.op("Where", hidden, patches, self._embedded(known))
        logits = self._body(x, b.constant([-1]))
        b.output(logits, "logits", "f32", [1, c.vocabulary])
        b.output(
            b.cast(b.op("ArgMax", logits, axis=-1, keepdims=0), "i32"),
            "argmax",
            "i32",
            [1],
        )
        self.kv.finish()
        return b
