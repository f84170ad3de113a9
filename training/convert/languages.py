"""Language models from their Hugging Face `config.json` and weights: LLaMA, MPT, GPT-NeoX, OPT.

The configuration becomes a `Decoder`; the published names become those of `training/graphs/family/decoder.py`:
`embed`, `head`, `places`, `project_in`, `project_out`, `norm`, and in each layer `attn_norm`, `q`, `k`, `v`, `o`,
`ffn_norm`, `gate`, `up`, `down`, `q_norm`, `k_norm`, with `.weight` and, where there is one, `.bias`.
"""

import math
from typing import Any

import numpy as np

from training.convert.architecture import Alibi, Decoder, Learned, Rotary
from training.convert.tensors import Floats, Read, Tensors, Weights, put


def _rope(config: dict[str, Any], name: str, default: float) -> float:
    """The rotary base; transformers 5 keeps it in `rope_parameters`."""
    nested = (config.get("rope_parameters") or {}).get("rope_theta")
    return float(nested or config.get(name) or default)


def _llama(c: dict[str, Any]) -> Decoder:
    heads = c["num_attention_heads"]
    size = c.get("head_dim") or c["hidden_size"] // heads
    return Decoder(
        kind="llama",
        layers=c["num_hidden_layers"],
        width=c["hidden_size"],
        heads=heads,
        kv_heads=c.get("num_key_value_heads") or heads,
        head_size=size,
        ffw=c["intermediate_size"],
        vocabulary=c["vocab_size"],
        context=c.get("max_position_embeddings") or c.get("max_sequence_length", 2048),
        positions=Rotary(size, _rope(c, "rope_theta", 10_000.0)),
        norm="rms",
        norm_eps=c["rms_norm_eps"],
        activation="swiglu",
        tied=bool(c.get("tie_word_embeddings")),
    )


def alibi_slopes(heads: int, most: float) -> tuple[float, ...]:
    """One a head (Press et al. 2021, as MPT has it for numbers of heads that are no power of two)."""
    powers = 2 ** math.ceil(math.log2(heads))
    slopes = [2.0 ** -(most * (i + 1) / powers) for i in range(powers)]
    return tuple(slopes if powers == heads else [*slopes[1::2], *slopes[::2]][:heads])


def _mpt(c: dict[str, Any]) -> Decoder:
    """MPT, and MosaicGPT (mpt-1b), whose options are not nested.

    Raises:
        ValueError: clipped queries, keys and values, or positions that are not ALiBi's.
    """
    nested = c.get("attn_config") or {}

    def option(name: str, flat: str, default: Any) -> Any:
        return nested.get(name, c.get(flat, default))

    if not option("alibi", "alibi", True) or option("clip_qkv", "attn_clip_qkv", None):
        raise ValueError(
            "this MPT has learned positions or clip_qkv, which no published Flamingo has"
        )
    width, heads = c["d_model"], c["n_heads"]
    scale = c.get("logit_scale")
    return Decoder(
        kind="mpt",
        layers=c["n_layers"],
        width=width,
        heads=heads,
        kv_heads=heads,
        head_size=width // heads,
        ffw=width * (c.get("expansion_ratio") or c.get("mlp_ratio", 4)),
        vocabulary=c["vocab_size"],
        context=c["max_seq_len"],
        positions=Alibi(alibi_slopes(heads, option("alibi_bias_max", "alibi_bias_max", 8))),
        norm="layer",
        norm_eps=c.get("layer_norm_epsilon") or 1e-5,
        activation="gelu",
        tied=True,
        biases=not c.get("no_bias", False),
        qk_norm=bool(option("qk_ln", "attn_qk_ln", False)),
        scale=option("softmax_scale", "softmax_scale", None),
        logit_scale=width**-0.5 if scale == "inv_sqrt_d_model" else float(scale or 1),
    )


def _gpt_neox(c: dict[str, Any]) -> Decoder:
    width, heads = c["hidden_size"], c["num_attention_heads"]
    part = (c.get("rope_parameters") or {}).get("partial_rotary_factor") or c.get(
        "rotary_pct", 0.25
    )
    return Decoder(
        kind="gpt-neox",
        layers=c["num_hidden_layers"],
        width=width,
        heads=heads,
        kv_heads=heads,
        head_size=width // heads,
        ffw=c["intermediate_size"],
        vocabulary=c["vocab_size"],
        context=c["max_position_embeddings"],
        positions=Rotary(int(width // heads * part), _rope(c, "rotary_emb_base", 10_000.0)),
        norm="layer",
        norm_eps=c.get("layer_norm_eps", 1e-5),
        activation="gelu",
        block="parallel" if c.get("use_parallel_residual", True) else "pre",
        tied=bool(c.get("tie_word_embeddings")),
        biases=True,
    )


def _opt(c: dict[str, Any]) -> Decoder:
    width, heads = c["hidden_size"], c["num_attention_heads"]
    before = c.get("do_layer_norm_before", True)
    return Decoder(
        kind="opt",
        layers=c["num_hidden_layers"],
        width=width,
        heads=heads,
        kv_heads=heads,
        head_size=width // heads,
        ffw=c["ffn_dim"],
        vocabulary=c["vocab_size"],
        context=c["max_position_embeddings"],
        positions=Learned(c["max_position_embeddings"] + 2),
        norm="layer",
        norm_eps=1e-5,
        activation="relu",
        block="pre" if before else "post",
        embed_width=c.get("word_embed_proj_dim") or width,
        tied=c.get("tie_word_embeddings", True),
        biases=c.get("enable_bias", True),
        final_norm=before and not c.get("_remove_final_layer_norm", False),
    )


_KINDS = {"llama": _llama, "mpt": _mpt, "mosaic_gpt": _mpt, "gpt_neox": _gpt_neox, "opt": _opt}


def read_decoder(config: dict[str, Any]) -> Decoder:
    """The architecture that a `config.json` describes.

    Raises:
        ValueError: a kind of language model that is not known here.
    """
    kind = config.get("model_type")
    if kind not in _KINDS:
        raise ValueError(f'the language model is of type "{kind}"; known are {", ".join(_KINDS)}')
    return _KINDS[kind](config)


# Ours: theirs, within a layer.
_LAYERS = {
    "llama": {
        "attn_norm": ("input_layernorm",),
        "q": ("self_attn.q_proj",),
        "k": ("self_attn.k_proj",),
        "v": ("self_attn.v_proj",),
        "o": ("self_attn.o_proj",),
        "ffn_norm": ("post_attention_layernorm",),
        "gate": ("mlp.gate_proj",),
        "up": ("mlp.up_proj",),
        "down": ("mlp.down_proj",),
    },
    "mpt": {
        "attn_norm": ("norm_1", "ln_1"),
        "o": ("attn.out_proj",),
        "q_norm": ("attn.q_ln",),
        "k_norm": ("attn.k_ln",),
        "ffn_norm": ("norm_2", "ln_2"),
        "up": ("ffn.up_proj", "mlp.mlp_up"),
        "down": ("ffn.down_proj", "mlp.mlp_down"),
    },
    "gpt-neox": {
        "attn_norm": ("input_layernorm",),
        "o": ("attention.dense",),
        "ffn_norm": ("post_attention_layernorm",),
        "up": ("mlp.dense_h_to_4h",),
        "down": ("mlp.dense_4h_to_h",),
    },
    "opt": {
        "attn_norm": ("self_attn_layer_norm",),
        "q": ("self_attn.q_proj",),
        "k": ("self_attn.k_proj",),
        "v": ("self_attn.v_proj",),
        "o": ("self_attn.out_proj",),
        "ffn_norm": ("final_layer_norm",),
        "up": ("fc1",),
        "down": ("fc2",),
    },
}
_ANCHORS = {
    "llama": r"layers\.0\.self_attn\.q_proj\.weight",
    "mpt": r"blocks\.0\.attn\.Wqkv\.weight",
    "gpt-neox": r"layers\.0\.attention\.query_key_value\.weight",
    "opt": r"layers\.0\.self_attn\.q_proj\.weight",
}
_FUSED = {"mpt": "attn.Wqkv", "gpt-neox": "attention.query_key_value"}
_WHOLE = {
    "llama": {"embed": ("embed_tokens",), "norm": ("norm",), "head": ("lm_head",)},
    "mpt": {"embed": ("wte",), "norm": ("norm_f", "ln_f")},
    "gpt-neox": {
        "embed": ("embed_in",),
        "norm": ("final_layer_norm",),
        "head": ("embed_out", "lm_head"),
    },
    "opt": {
        "embed": ("embed_tokens",),
        "places": ("embed_positions",),
        "norm": ("final_layer_norm",),
        "project_in": ("project_in",),
        "project_out": ("project_out",),
        "head": ("lm_head",),
    },
}


def _part(read: Read, decoder: Decoder, index: int) -> Read:
    """Queries, keys or values of a fused product: one after another (MPT), or head by head (GPT-NeoX)."""

    def rows() -> Floats:
        whole = read()
        if decoder.kind == "mpt":
            return np.split(whole, 3)[index]
        by_head = whole.reshape(decoder.heads, 3, decoder.head_size, *whole.shape[1:])
        return np.ascontiguousarray(by_head[:, index]).reshape(-1, *whole.shape[1:])

    return rows


def language_weights(decoder: Decoder, tensors: Tensors) -> Weights:
    """The decoder's weights under our names.

    Raises:
        ValueError: the file is of another kind of model.
        KeyError: a weight is missing.
    """
    kind, out = decoder.kind, Weights()
    prefix = tensors.prefix(_ANCHORS[kind])
    folder = "blocks" if kind == "mpt" else "layers"
    for i in range(decoder.layers):
        for ours, theirs in _LAYERS[kind].items():
            names = tuple(f"{prefix}{folder}.{i}.{name}" for name in theirs)
            put(out, f"layers.{i}.{ours}", tensors, *names)
        for leaf in ("weight", "bias"):
            fused = f"{prefix}{folder}.{i}.{_FUSED.get(kind, '')}.{leaf}"
            if fused in tensors:
                for index, part in enumerate("qkv"):
                    out[f"layers.{i}.{part}.{leaf}"] = _part(tensors[fused], decoder, index)
    for ours, theirs in _WHOLE[kind].items():
        # The head stands outside of the decoder.
        names = tuple(f"{place}{name}" for name in theirs for place in (prefix, ""))
        put(out, ours, tensors, *names)
    if decoder.tied:
        out.pop("head.weight", None)
    required = ["embed.weight", *(f"layers.{i}.q.weight" for i in range(decoder.layers))]
    missing = [name for name in required if name not in out]
    if missing:
        raise KeyError(f"the {kind} weights lack {missing[0]}")
    return out
