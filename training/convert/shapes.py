"""The shape of every tensor of an architecture, from its configuration alone."""

from training.convert.architecture import (
    ClipVit,
    Decoder,
    EfficientNet,
    Encoder,
    Flamingo,
    IdeficsBlocks,
    Learned,
)

Shapes = dict[str, tuple[int, ...]]
# Of the published `efficientnet-lite2` without its classifier.
_EFFICIENTNET_WEIGHTS = 4_681_000


def _norm(out: Shapes, name: str, width: int, bias: bool) -> None:
    out[f"{name}.weight"] = (width,)
    if bias:
        out[f"{name}.bias"] = (width,)


def _linear(out: Shapes, name: str, rows: int, columns: int, bias: bool = False) -> None:
    out[f"{name}.weight"] = (rows, columns)
    if bias:
        out[f"{name}.bias"] = (rows,)


def language_shapes(d: Decoder) -> Shapes:
    """Names of `training/convert/languages.py`."""
    out: Shapes = {"embed.weight": (d.vocabulary, d.token_width)}
    if not d.tied:
        out["head.weight"] = (d.vocabulary, d.token_width)
    if d.token_width != d.width:
        _linear(out, "project_in", d.width, d.token_width)
        _linear(out, "project_out", d.token_width, d.width)
    if isinstance(d.positions, Learned):
        out["places.weight"] = (d.positions.rows, d.width)
    bias = d.norm == "layer" and d.biases
    if d.final_norm:
        _norm(out, "norm", d.width, bias)
    inner, grouped = d.heads * d.head_size, d.kv_heads * d.head_size
    for i in range(d.layers):
        name = f"layers.{i}"
        _norm(out, f"{name}.attn_norm", d.width, bias)
        _norm(out, f"{name}.ffn_norm", d.width, bias)
        if d.qk_norm:
            _norm(out, f"{name}.q_norm", inner, bias)
            _norm(out, f"{name}.k_norm", grouped, bias)
        _linear(out, f"{name}.q", inner, d.width, d.biases)
        _linear(out, f"{name}.k", grouped, d.width, d.biases)
        _linear(out, f"{name}.v", grouped, d.width, d.biases)
        _linear(out, f"{name}.o", d.width, inner, d.biases)
        _linear(out, f"{name}.up", d.ffw, d.width, d.biases)
        _linear(out, f"{name}.down", d.width, d.ffw, d.biases)
        if d.activation == "swiglu":
            _linear(out, f"{name}.gate", d.ffw, d.width, d.biases)
    return out


def bridge_shapes(model: Flamingo) -> Shapes:
    """Resampler and blocks."""
    r, blocks, width = model.resampler, model.blocks, model.language.width
    out: Shapes = {"perceiver.latents": (r.latents, r.width)}
    if r.frames:
        out["perceiver.times"] = (r.frames, r.width)
    _norm(out, "perceiver.norm", r.width, True)
    inner = r.heads * r.head_size
    for i in range(r.depth):
        name = f"perceiver.{i}"
        for norm in ("media_norm", "latents_norm", "ff_norm"):
            _norm(out, f"{name}.{norm}", r.width, True)
        if r.qk_norm:
            for norm in ("q_norm", "k_norm"):
                _norm(out, f"{name}.{norm}", r.head_size, True)
        for part in "qkv":
            _linear(out, f"{name}.{part}", inner, r.width)
        _linear(out, f"{name}.out", r.width, inner)
        _linear(out, f"{name}.up", r.ffw, r.width)
        _linear(out, f"{name}.down", r.width, r.ffw)
    idefics = isinstance(blocks, IdeficsBlocks)
    inner = blocks.heads * blocks.head_size
    gates = (1, 1, width) if idefics and blocks.vector_gates else (1,)
    for i in range(len(blocks.layers)):
        name = f"blocks.{i}"
        for norm in ("norm", "ff_norm"):
            _norm(out, f"{name}.{norm}", width, not idefics)
        _linear(out, f"{name}.q", inner, width)
        _linear(out, f"{name}.k", inner, r.width)
        _linear(out, f"{name}.v", inner, r.width)
        _linear(out, f"{name}.out", width, inner)
        _linear(out, f"{name}.up", blocks.ffw, width)
        _linear(out, f"{name}.down", width, blocks.ffw)
        if idefics:
            _linear(out, f"{name}.gate", blocks.ffw, width)
            if blocks.qk_norm:
                for norm in ("q_norm", "k_norm"):
                    _norm(out, f"{name}.{norm}", blocks.head_size, False)
        out[f"{name}.attn_gate"] = out[f"{name}.ff_gate"] = gates
    return out


def vision_shapes(encoder: Encoder) -> Shapes:
    """CLIP's; for our own encoder one entry with the number of its weights."""
    if isinstance(encoder, EfficientNet):
        return {"all.weight": (_EFFICIENTNET_WEIGHTS,)}
    assert isinstance(encoder, ClipVit)
    width = encoder.width
    out: Shapes = {
        "class": (width,),
        "patches.weight": (width, 3, encoder.patch, encoder.patch),
        "places.weight": (encoder.grid**2 + 1, width),
    }
    _norm(out, "norm", width, True)
    for i in range(encoder.layers):
        name = f"layers.{i}"
        _norm(out, f"{name}.attn_norm", width, True)
        _norm(out, f"{name}.ffn_norm", width, True)
        for part in "qkvo":
            _linear(out, f"{name}.{part}", width, width, True)
        _linear(out, f"{name}.up", encoder.ffw, width, True)
        _linear(out, f"{name}.down", width, encoder.ffw, True)
    return out
