"""The bridge's graph of any Flamingo: features of one media item -> latents, and keys and values of every block."""

from training.convert.architecture import Flamingo, IdeficsBlocks
from training.convert.tensors import Weights
from training.graphs.builder import MICROSOFT, Builder, Flavour
from training.graphs.family.parts import Bits, Parts
from training.graphs.shards import Shards


def build_family_bridge(
    model: Flamingo, weights: Weights, bits: Bits, flavour: Flavour, shards: Shards
) -> Builder:
    """`features` f32 [F,N,width] and, where times were learned, `time` f32 [F,rows] -> `latents`, `media`.

    There is no `grid`: places are in the features already.
    """
    b = Builder("bridge", flavour, shards)
    parts = Parts(b, "bridge", weights, bits)
    spec, blocks = model.resampler, model.blocks
    width, inner = spec.width, spec.heads * spec.head_size
    x = b.input("features", "f32", ["F", "N", width])
    if spec.frames:
        time = b.input("time", "f32", ["F", spec.frames])
        rows = b.op("MatMul", time, parts.floats("perceiver.times"))
        x = b.op("Add", x, b.op("Unsqueeze", rows, b.constant([1])))
    x = b.reshape(x, [-1, width])
    latents = parts.floats("perceiver.latents")

    def heads(value: str, norm: str) -> str:
        if spec.qk_norm and norm:
            value = parts.head_norm("layer", norm, value, spec.head_size, 1e-5)
        return b.reshape(value, [1, -1, inner])

    for i in range(spec.depth):
        name = f"perceiver.{i}"
        media = parts.norm("layer", f"{name}.media_norm", x)
        queries = parts.norm("layer", f"{name}.latents_norm", latents)
        both = b.op("Concat", media, queries, axis=0)
        q = heads(parts.linear(queries, f"{name}.q"), f"{name}.q_norm")
        k, v = b.ops(
            "Split", (parts.linear(both, f"{name}.k", f"{name}.v"),), 2, axis=-1, num_outputs=2
        )
        attended = b.op(
            "MultiHeadAttention",
            q,
            heads(k, f"{name}.k_norm"),
            heads(v, ""),
            domain=MICROSOFT,
            num_heads=spec.heads,
        )
        out = parts.linear(b.reshape(attended, [-1, inner]), f"{name}.out")
        latents = b.op("Add", latents, out)
        up = parts.linear(parts.norm("layer", f"{name}.ff_norm", latents), f"{name}.up")
        down = parts.linear(parts.activation(spec.activation, up), f"{name}.down")
        latents = b.op("Add", latents, down)
    latents = parts.norm("layer", "perceiver.norm", latents)
    b.output(latents, "latents", "f32", [spec.latents, width])

    # Row order within a block is keys, then values.
    media_rows = []
    columns = blocks.heads * blocks.head_size
    for i in range(len(blocks.layers)):
        k, v = (parts.linear(latents, f"blocks.{i}.{kind}") for kind in "kv")
        if isinstance(blocks, IdeficsBlocks) and blocks.qk_norm:
            k = parts.head_norm("rms", f"blocks.{i}.k_norm", k, blocks.head_size, blocks.norm_eps)
        media_rows += [b.op("Unsqueeze", value, b.constant([0, 1])) for value in (k, v)]
    media = b.op("Concat", *media_rows, axis=1)
    b.output(media, "media", "f32", [1, 2 * len(blocks.layers), spec.latents, columns])
    return b
