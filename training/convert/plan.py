"""What a conversion will take and give, from the configuration alone: weights, bytes, memory."""

from dataclasses import dataclass
from math import prod

from training.convert.architecture import Flamingo
from training.convert.shapes import Shapes, bridge_shapes, language_shapes, vision_shapes
from training.frozen.smollm2 import BLOCK
from training.graphs.family.parts import Bits, usable_bits

# Positions of the KV that a page preallocates, whatever the model could take.
MOST_CONTEXT = 2048
# Bytes a weight, in a shard and on the GPU: scales and offsets of a block are 16 bits stored and 32 there.
_STORED = {32: 4.0, 16: 2.0, 8: 1 + 2 / BLOCK, 4: 0.5 + 4 / BLOCK}
_ON_GPU = {32: 4.0, 16: 4.0, 8: 1 + 4 / BLOCK, 4: 0.5 + 8 / BLOCK}
# A tensor in fp32, what quantises it, what was read: an upper bound (a layer of the 3B took 0.69 GB; this says 1.04).
_COPIES = 5
_INTERPRETER = 700_000_000
# Tables of tokens stay at 8 bits; what is added to activations stays in fp32.
_TABLES = ("embed.weight", "head.weight")
_PLAIN = ("places.weight", "perceiver.latents", "perceiver.times", "class")


# Bytes of the wasm heap a weight while a session is made: what is stored, and what is folded out of it.
_FOLDED = {32: 0.0, 16: 6.0, 8: 6 / BLOCK, 4: 20 / BLOCK}
# Of the heap's 4 GB; ONNX Runtime needs some itself.
MOST_HEAP = 1_500_000_000


def layer_groups(model: Flamingo, bits: Bits, most: int = MOST_HEAP) -> list[range]:
    """The layers in as few graphs as keep what is folded in each below `most` bytes of the wasm heap."""
    d = model.language
    shapes = {**language_shapes(d), **bridge_shapes(model)}
    block_at = {layer: i for i, layer in enumerate(model.blocks.layers)}

    def folded(*prefixes: str) -> float:
        part = {name: shape for name, shape in shapes.items() if name.startswith(prefixes)}
        return _bytes(part, bits, _FOLDED)

    groups, start, sum_ = [], 0, folded("embed.")
    for i in range(d.layers):
        names = [f"layers.{i}.", *([f"blocks.{block_at[i]}."] if i in block_at else [])]
        size = folded(*names) + (folded("head.") if i == d.layers - 1 else 0)
        if i > start and sum_ + size > most:
            groups.append(range(start, i))
            start, sum_ = i, 0.0
        sum_ += size
    return [*groups, range(start, d.layers)]


@dataclass(frozen=True)
class Plan:
    """`weights` by part; bytes to download, on the GPU, expanded for WASM; the memory that converting takes."""

    language: int
    vision: int
    bridge: int
    download: int
    gpu: int
    wasm: int
    kv: int
    picture: int
    largest: int
    converting: int

    @property
    def weights(self) -> int:
        return self.language + self.vision + self.bridge


def stored_bits(name: str, shape: tuple[int, ...], bits: Bits) -> Bits:
    """At how many bits a weight is stored: what is no product stays at 32, tables of tokens at 8 or more."""
    if len(shape) < 2 or name in _PLAIN or "gate" in name.rsplit(".", 1)[-1]:
        return 32
    columns = prod(shape[1:])
    if name in _TABLES and bits == 4:
        return usable_bits(8, columns)
    return usable_bits(bits, columns)


def _bytes(shapes: Shapes, bits: Bits, rate: dict[int, float]) -> float:
    return sum(prod(shape) * rate[stored_bits(name, shape, bits)] for name, shape in shapes.items())


def make_plan(model: Flamingo, bits: Bits) -> Plan:
    """Exact but for graphs, tokenizer, rotary tables and alignment (under 10 MB in all)."""
    parts = language_shapes(model.language), vision_shapes(model.encoder), bridge_shapes(model)
    counts = [sum(prod(shape) for shape in shapes.values()) for shapes in parts]
    d, blocks = model.language, model.blocks
    context = min(MOST_CONTEXT, d.context)
    # The largest product that is read at once: gate and up, or queries, keys and values.
    fused = max((2 if d.activation == "swiglu" else 1) * d.ffw * d.width, 3 * d.width**2)
    largest = 4 * max(fused, *(prod(shape) for shapes in parts for shape in shapes.values()))
    return Plan(
        *counts,
        download=round(sum(_bytes(shapes, bits, _STORED) for shapes in parts)),
        gpu=round(sum(_bytes(shapes, bits, _ON_GPU) for shapes in parts)),
        wasm=4 * sum(counts),
        kv=4 * context * 2 * d.layers * d.kv_heads * d.key_size,
        picture=4
        * 2
        * len(blocks.layers)
        * model.resampler.latents
        * blocks.heads
        * blocks.head_size,
        largest=largest,
        converting=_COPIES * largest + _INTERPRETER,
    )


def table(models: dict[str, Flamingo]) -> str:
    """The table of docs/models.md: every released checkpoint at every width."""
    head = (
        "| checkpoint | language | encoder | bridge | 32 bits | 16 bits | 8 bits | 4 bits | GPU at 4 bits | "
        "KV of 2,048 | a picture | to convert |"
    )
    lines = [head, "| --- |" + " ---: |" * 11]
    for name, model in models.items():
        plans = {bits: make_plan(model, bits) for bits in (32, 16, 8, 4)}
        four = plans[4]
        sizes = " | ".join(f"{plans[bits].download / 1e9:.2f} GB" for bits in (32, 16, 8, 4))
        lines.append(
            f"| {name} | {four.language / 1e6:,.1f} M | {four.vision / 1e6:,.1f} M | "
            f"{four.bridge / 1e6:,.1f} M | {sizes} | {four.gpu / 1e9:.2f} GB | {four.kv / 1e6:,.0f} MB | "
            f"{four.picture / 1e6:.1f} MB | {four.converting / 1e9:.1f} GB |"
        )
    return "\n".join(lines)
