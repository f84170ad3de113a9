"""The list of weights for the page's kernels: complete, and every place holds what its name says."""

import json
from pathlib import Path

import numpy as np

from training.tiny import tiny_source

MODEL = Path(__file__).parents[2] / "public" / "models" / "tiny-random"


def test_every_weight_lies_where_the_list_says() -> None:
    source, _ = tiny_source()
    listing = json.loads((MODEL / "language.kernels.json").read_text())
    quantised = {entry["name"]: entry for entry in listing["quantised"]}
    plain = {entry["name"]: entry for entry in listing["plain"]}

    def read(place: dict[str, object], count: int, dtype: type) -> np.ndarray:
        data = (MODEL / str(place["shard"])).read_bytes()
        return np.frombuffer(data, dtype, count, int(str(place["offset"])))

    for i, layer in enumerate(source.language.layers):
        entry, weight = quantised[f"layers.{i}.down"], layer.down
        assert (entry["rows"], entry["columns"]) == weight.q.shape
        packed = read(entry["q"], weight.q.size // 2, np.uint8)
        q = np.stack([packed & 15, packed >> 4], axis=-1).reshape(weight.q.shape)
        assert np.array_equal(q, weight.q)
        assert np.array_equal(read(entry["d"], weight.d.size, np.float16), weight.d.ravel())
        assert np.array_equal(read(entry["m"], weight.m.size, np.float16), weight.m.ravel())
        norm = read(plain[f"layers.{i}.attn_norm"], layer.attn_norm.size, np.float32)
        assert np.array_equal(norm, layer.attn_norm)
        assert {f"layers.{i}.{name}" for name in ("qkv", "o", "gate_up")} <= quantised.keys()
    table = source.language.embedding
    stored = read(quantised["embedding.0"]["q"], table.q.size, np.uint8)
    assert np.array_equal(stored.astype(np.int16) - 128, table.q.ravel())
    assert quantised["embedding.0"]["m"] is None
    gates = read(plain["opened_gates"], 2 * len(source.config.cross_attention.layers), np.float32)
    trained = [
        source.bridge[f"blocks.{i}.{kind}"][0]
        for i in range(len(source.config.cross_attention.layers))
        for kind in ("attn_gate", "ff_gate")
    ]
    assert np.allclose(gates, np.tanh(trained))
    assert {"norm", "rope.cos", "rope.sin", "new_tokens", "new_head.t"} <= plain.keys()
