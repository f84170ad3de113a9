"""Which media a token looks at, as an additive bias of the scores."""

from training.graphs.builder import Builder

_HIDDEN_BIAS = -1e9


def media_bias(b: Builder, media_mask: str, latents: int) -> tuple[str, str]:
    """media_mask [B,S,T] -> bias [1,1,B*S,T*latents], and [1,B*S,1] that is 0 where a token sees no media."""
    shape = b.op("Shape", media_mask)
    count = b.op("Slice", shape, b.constant([2]), b.constant([3]))
    one = b.constant([1])
    rows = b.op("Concat", one, b.constant([-1]), count, axis=0)
    mask = b.op("Reshape", media_mask, rows)
    hidden = b.op("Mul", b.op("Sub", mask, b.number(1.0)), b.number(-_HIDDEN_BIAS))
    wide = b.op("Unsqueeze", hidden, b.constant([3]))
    spread = b.op("Expand", wide, b.constant([1, 1, 1, latents]))
    # [1,R,T,64] -> [1,1,R,T*64]: axis 2 of the source is T, so the rows come from the mask's shape.
    row_count = b.op("Slice", b.op("Shape", mask), b.constant([1]), b.constant([2]))
    target = b.op("Concat", b.constant([1, 1]), row_count, b.constant([-1]), axis=0)
    return b.op("Reshape", spread, target), b.op("ReduceMax", mask, b.constant([2]), keepdims=1)
