"""CLIP's vision transformer as a graph: pixels [n,3,size,size] -> features [n,tokens,width].

The last hidden state without the final norm, with or without the class token: what the published bridges were
trained on.
"""

from training.convert.architecture import ClipVit
from training.convert.tensors import Weights
from training.graphs.builder import MICROSOFT, Builder, Flavour
from training.graphs.family.parts import Bits, Parts
from training.graphs.shards import Shards


def build_clip(
    spec: ClipVit, weights: Weights, bits: Bits, flavour: Flavour, shards: Shards
) -> Builder:
    """Tiles are rows of a batch; attention stays within a tile."""
    b = Builder("vision", flavour, shards)
    parts = Parts(b, "vision", weights, bits)
    width, patches = spec.width, spec.grid**2
    pixels = b.input("pixels", "f32", ["n", 3, spec.size, spec.size])
    # A patch is a row: reading it so makes the convolution a product like all others.
    grid = b.reshape(pixels, [-1, 3, spec.grid, spec.patch, spec.grid, spec.patch])
    rows = b.reshape(b.transpose(grid, [0, 2, 4, 1, 3, 5]), [-1, 3 * spec.patch**2])
    flat = weights["patches.weight"]().reshape(width, -1)
    embedded = b.reshape(parts.product(rows, "patches", flat), [-1, patches, width])
    count = b.op("Slice", b.op("Shape", pixels), b.constant([0]), b.constant([1]))
    shape = b.op("Concat", count, b.constant([1, width]), axis=0)
    first = b.op("Expand", b.reshape(parts.floats("class"), [1, 1, width]), shape)
    x = b.op("Concat", first, embedded, axis=1)
    x = b.op("Add", x, parts.floats("places.weight"))
    x = b.reshape(parts.norm("layer", "norm", x, spec.norm_eps), [-1, width])
    for i in range(spec.layers):
        name = f"layers.{i}"
        normed = parts.norm("layer", f"{name}.attn_norm", x, spec.norm_eps)
        qkv = parts.linear(normed, *(f"{name}.{part}" for part in "qkv"))
        q, k, v = (
            b.reshape(part, [-1, patches + 1, width])
            for part in b.ops("Split", (qkv,), 3, axis=-1, num_outputs=3)
        )
        attended = b.op("MultiHeadAttention", q, k, v, domain=MICROSOFT, num_heads=spec.heads)
        x = b.op("Add", x, parts.linear(b.reshape(attended, [-1, width]), f"{name}.o"))
        normed = parts.norm("layer", f"{name}.ffn_norm", x, spec.norm_eps)
        hidden = parts.activation(spec.activation, parts.linear(normed, f"{name}.up"))
        x = b.op("Add", x, parts.linear(hidden, f"{name}.down"))
    x = b.reshape(x, [-1, patches + 1, width])
    if not spec.class_token:
        x = b.op("Slice", x, b.constant([1]), b.constant([patches + 1]), b.constant([1]))
    b.output(x, "features", "f32", ["n", spec.tokens, width])
    return b
