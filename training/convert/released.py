"""The released checkpoints, as their configurations describe them."""

from dataclasses import replace
from typing import Any

from training.convert.architecture import (
    ClipVit,
    Decoder,
    Flamingo,
    OpenFlamingoBlocks,
    Resampler,
    every_last,
)
from training.convert.flamingo_mini import read_mini
from training.convert.idefics import read_idefics
from training.convert.languages import read_decoder

_CLIP_L: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 224,
    "patch_size": 14,
    "hidden_act": "quick_gelu",
}
_MPT_1B = {
    "model_type": "mosaic_gpt",
    "d_model": 2048,
    "n_heads": 16,
    "n_layers": 24,
    "max_seq_len": 2048,
    "vocab_size": 50_280,
    "alibi": True,
    "attn_qk_ln": True,
    "no_bias": True,
}
_MPT_7B = {
    "model_type": "mpt",
    "d_model": 4096,
    "n_heads": 32,
    "n_layers": 32,
    "expansion_ratio": 4,
    "max_seq_len": 2048,
    "vocab_size": 50_280,
    "attn_config": {"alibi": True, "alibi_bias_max": 8},
    "no_bias": True,
}
_REDPAJAMA_3B = {
    "model_type": "gpt_neox",
    "hidden_size": 2560,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "intermediate_size": 10_240,
    "max_position_embeddings": 2048,
    "vocab_size": 50_280,
    "rotary_pct": 1.0,
    "use_parallel_residual": False,
}
_LLAMA_7B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11_008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "vocab_size": 32_003,
}
_OPT_125M = {
    "model_type": "opt",
    "hidden_size": 768,
    "ffn_dim": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 2048,
    "vocab_size": 50_273,
}
_OPT_350M = _OPT_125M | {
    "hidden_size": 1024,
    "ffn_dim": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "word_embed_proj_dim": 512,
    "do_layer_norm_before": False,
}
_IDEFICS_9B: dict[str, Any] = {
    "hidden_size": 4096,
    "intermediate_size": 11_008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "vocab_size": 32_002,
    "cross_layer_interval": 4,
    "qk_layer_norms": True,
    "use_resampler": True,
    "vision_config": {
        "embed_dim": 1280,
        "intermediate_size": 5120,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "image_size": 224,
        "patch_size": 14,
    },
    "perceiver_config": {
        "resampler_depth": 6,
        "resampler_n_latents": 64,
        "resampler_n_heads": 16,
        "resampler_head_dim": 96,
        "qk_layer_norms_perceiver": True,
    },
}
_IDEFICS_80B = _IDEFICS_9B | {
    "hidden_size": 8192,
    "intermediate_size": 22_016,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
}
_MINI = {
    "dim_visual": 1024,
    "xattn_every": 1,
    "xattn_dim_head": 64,
    "xattn_heads": 8,
    "xattn_ff_mult": 4,
    "xattn_act": "sqrelu",
    "resampler_depth": 6,
    "resampler_dim_head": 64,
    "resampler_heads": 8,
    "resampler_num_latents": 64,
    "resampler_num_time_embeds": 4,
    "resampler_ff_mult": 4,
    "resampler_act": "sqrelu",
}

_WIDE = {"heads": 16, "dim_head": 128}


def _open(language: dict[str, Any], every: int, frames: int = 0) -> Flamingo:
    """OpenFlamingo and Otter: 8 heads of 64 in resampler and blocks, whatever the language model is."""
    decoder: Decoder = read_decoder(language)
    encoder = ClipVit(224, 14, 1024, 24, 16, 4096, "quick_gelu", class_token=False)
    return Flamingo(
        decoder,
        encoder,
        Resampler(6, encoder.width, 64, 8, 64, 4 * encoder.width, frames=frames),
        OpenFlamingoBlocks(every_last(decoder.layers, every), 8, 64, 4 * decoder.width),
    )


def released() -> dict[str, Flamingo]:
    """By name; variants of one shape stand together."""
    # Sizes of the released files say: one table for embedding and head, wide heads in mini's resampler too.
    wide = {f"{part}_{key}": n for part in ("xattn", "resampler") for key, n in _WIDE.items()}
    tiny = read_mini(_MINI, _OPT_125M, _CLIP_L)
    mini = read_mini(_MINI | wide, _OPT_350M, _CLIP_L)
    video = _LLAMA_7B | {"vocab_size": 32_004}
    otter = replace(read_decoder(_MPT_7B), vocabulary=50_432)
    image = _open(_MPT_7B, 4)
    return {
        "OpenFlamingo-3B-vitl-mpt1b (and -langinstruct)": _open(_MPT_1B, 1),
        "OpenFlamingo-4B-vitl-rpj3b (and -langinstruct)": _open(_REDPAJAMA_3B, 2),
        "OpenFlamingo-9B-vitl-mpt7b": image,
        "OpenFlamingo-9B-deprecated": _open(_LLAMA_7B, 4),
        "OTTER-Image-MPT7B": replace(image, language=otter),
        "OTTER-Video-LLaMA7B-DenseCaption": _open(video, 4, frames=128),
        "idefics-9b (and -instruct)": read_idefics(_IDEFICS_9B),
        "idefics-80b (and -instruct)": read_idefics(_IDEFICS_80B),
        "dhansmair/flamingo-tiny": replace(tiny, language=replace(tiny.language, tied=True)),
        "dhansmair/flamingo-mini": replace(mini, language=replace(mini.language, tied=True)),
    }
