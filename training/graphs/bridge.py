"""The bridge's graph: features of one media item -> latents, and keys and values for every block."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.config import FlamingoConfig
from training.graphs.builder import MICROSOFT, Builder, Flavour
from training.graphs.linears import linear_q8, quantise_q8
from training.graphs.shards import Shards

State = Mapping[str, NDArray[np.float32]]
LAYER_NORM_EPS = 1e-5


def layer_norm(b: Builder, state: State, name: str, x: str) -> str:
    """LayerNormalization with weight and bias from the bridge's state."""
    scale = b.float_weight("bridge", f"{name}.weight", state[f"{name}.weight"])
    bias = b.float_weight("bridge", f"{name}.bias", state[f"{name}.bias"])
    return b.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=LAYER_NORM_EPS)


def linear(b: Builder, state: State, name: str, x: str) -> str:
    """A trained linear layer at 8 bits."""
    return linear_q8(b, "bridge", name, quantise_q8(state[f"{name}.weight"]), x)


def feed_forward(b: Builder, state: State, name: str, x: str) -> str:
    """W2 GELU(W1 LN(x)), the exact GELU."""
    hidden = linear(b, state, f"{name}.1", layer_norm(b, state, f"{name}.0", x))
    return linear(b, state, f"{name}.3", b.op("Gelu", hidden, domain=MICROSOFT))


def build_bridge(config: FlamingoConfig, state: State, flavour: Flavour, shards: Shards) -> Builder:
    """Perceiver Resampler (Flamingo, section 2.1) after our projection; keys and values of all blocks at once."""
    b = Builder("bridge", flavour, shards)
    resampler, blocks = config.resampler, len(config.cross_attention.layers)
    width, places = resampler.width, config.vision.grid**2
    inner = config.cross_attention.heads * config.cross_attention.head_size
    features = b.input("features", "f32", ["F", "N", config.vision.width])
    grid = b.input("grid", "f32", ["N", places])
    time = b.input("time", "f32", ["F", resampler.temporal])

    x = linear(b, state, "projection.proj", features)
    x = b.op(
        "Add", x, b.float_weight("bridge", "projection.proj.bias", state["projection.proj.bias"])
    )
    positions = b.float_weight("bridge", "projection.positions", state["projection.positions"])
    times = b.float_weight("bridge", "projection.time", state["projection.time"])
    x = b.op("Add", x, b.op("MatMul", grid, positions))
    x = b.op("Add", x, b.op("Unsqueeze", b.op("MatMul", time, times), b.constant([1])))
    x = b.reshape(x, [1, -1, width])

    start = b.float_weight("bridge", "perceiver.latents", state["perceiver.latents"])
    latents = b.op("Unsqueeze", start, b.constant([0]))
    for i in range(resampler.depth):
        name = f"perceiver.layers.{i}.0"
        media = layer_norm(b, state, f"{name}.norm_media", x)
        queries = layer_norm(b, state, f"{name}.norm_latents", latents)
        q = linear(b, state, f"{name}.to_q", queries)
        kv = linear(b, state, f"{name}.to_kv", b.op("Concat", media, queries, axis=1))
        k, v = b.ops("Split", (kv,), 2, axis=-1, num_outputs=2)
        attended = b.op("MultiHeadAttention", q, k, v, domain=MICROSOFT, num_heads=resampler.heads)
        latents = b.op("Add", linear(b, state, f"{name}.to_out", attended), latents)
        latents = b.op("Add", feed_forward(b, state, f"perceiver.layers.{i}.1", latents), latents)
    latents = layer_norm(b, state, "perceiver.norm", latents)
    b.output(
        b.reshape(latents, [resampler.latents, width]),
        "latents",
        "f32",
        [resampler.latents, width],
    )

    # Row order within a block is keys, then values, so the fused product is [64, 2X, H] already.
    every = np.concatenate([state[f"blocks.{i}.attn.to_kv.weight"] for i in range(blocks)])
    kv = linear_q8(b, "bridge", "media.to_kv", quantise_q8(every), latents)
    rows = b.reshape(kv, [resampler.latents, 2 * blocks, inner])
    media = b.op("Unsqueeze", b.transpose(rows, [1, 0, 2]), b.constant([0]))
    b.output(media, "media", "f32", [1, 2 * blocks, resampler.latents, inner])
    return b
