"""Which media a token looks at, as an additive bias of the scores, and the attention to them."""

from dataclasses import dataclass

from training.graphs.builder import MICROSOFT, Builder

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


@dataclass(frozen=True)
class MediaLooks:
    """Keys and values of every block [T,2X,64,H], and what `media_bias` made of the mask."""

    media: str
    bias: str
    sees: str


def attend_media(b: Builder, looks: MediaLooks, block: int, q: str, heads: int, inner: int) -> str:
    """Queries [B*S,inner] of a block -> [B*S,inner], 0 for tokens that see no media (MultiHeadAttention)."""
    k, v = (
        b.reshape(b.op("Gather", looks.media, b.constant(2 * block + i), axis=1), [1, -1, inner])
        for i in (0, 1)
    )
    queries = b.reshape(q, [1, -1, inner])
    attended = b.op(
        *("MultiHeadAttention", queries, k, v, "", "", looks.bias),
        domain=MICROSOFT,
        num_heads=heads,
    )
    return b.reshape(b.op("Mul", attended, looks.sees), [-1, inner])
