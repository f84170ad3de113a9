"""dhansmair/flamingo-mini and flamingo-tiny: OPT with everything trained in one file, CLIP beside it."""

import re

from training.convert.architecture import Flamingo, OpenFlamingoBlocks, Resampler, every_first
from training.convert.encoders import clip_weights, read_clip
from training.convert.languages import language_weights, read_decoder
from training.convert.source import (
    Places,
    Source,
    Tokens,
    add_tokens,
    halves,
    open_tokenizer,
    start_token,
)
from training.convert.tensors import Floats, Read, Tensors, Weights, open_tensors, put, read_config
from training.prompts import Prompt

END = "<EOC>"
PROMPTS = {"caption": Prompt("<image>", 40)}
_ATTENTION = {"q": "to_q", "k": "to_k", "v": "to_v", "out": "to_out"}
_FF = {"ff_norm": "0", "up": "1", "down": "3"}


def _language_of(tensors: Tensors) -> Tensors:
    """OPT as Hugging Face names it: blocks wrap layers, and the head lies beside the decoder."""

    def rename(name: str) -> str | None:
        if ".xattn_block." in name:
            return None
        if name.startswith("lm_head."):
            return name
        if not name.startswith("lm."):
            return None
        return f"model.{name.removeprefix('lm.')}".replace(".lm_block.", ".")

    return tensors.renamed(rename)


def _times(read: Read) -> Read:
    """[frames,1,width] -> [frames,width]."""

    def rows() -> Floats:
        return read().squeeze(1)

    return rows


def _bridge(tensors: Tensors, layers: tuple[int, ...], depth: int) -> Weights:
    out = Weights(
        {
            "perceiver.latents": tensors["resampler.latents"],
            "perceiver.times": _times(tensors["resampler.time_pos_emb"]),
        }
    )
    put(out, "perceiver.norm", tensors, "resampler.norm")
    for i in range(depth):
        name, ours = f"resampler.layers.{i}", f"perceiver.{i}"
        put(out, f"{ours}.media_norm", tensors, f"{name}.0.norm_media")
        put(out, f"{ours}.latents_norm", tensors, f"{name}.0.norm_latents")
        for mine, theirs in _ATTENTION.items():
            out[f"{ours}.{mine}.weight"] = tensors[f"{name}.0.{theirs}.weight"]
        for mine, theirs in _FF.items():
            put(out, f"{ours}.{mine}", tensors, f"{name}.1.{theirs}")
    for block, layer in enumerate(layers):
        name, ours = f"lm.decoder.layers.{layer}.xattn_block", f"blocks.{block}"
        put(out, f"{ours}.norm", tensors, f"{name}.attn.norm")
        out[f"{ours}.q.weight"] = tensors[f"{name}.attn.to_q.weight"]
        out[f"{ours}.out.weight"] = tensors[f"{name}.attn.to_out.weight"]
        keys, values = halves(tensors[f"{name}.attn.to_kv.weight"])
        out[f"{ours}.k.weight"], out[f"{ours}.v.weight"] = keys, values
        for mine, theirs in _FF.items():
            put(out, f"{ours}.{mine}", tensors, f"{name}.ffw.{theirs}")
        out[f"{ours}.attn_gate"] = tensors[f"{name}.alpha_attn"]
        out[f"{ours}.ff_gate"] = tensors[f"{name}.alpha_ffw"]
    return out


def read_mini(config: dict, language: dict, vision: dict) -> Flamingo:
    """The architecture of the three configurations: flamingo-mini's own, OPT's and CLIP's."""
    decoder = read_decoder({**language, "tie_word_embeddings": False})
    encoder = read_clip(vision, class_token=True)
    return Flamingo(
        decoder,
        encoder,
        Resampler(
            depth=config["resampler_depth"],
            width=config["dim_visual"],
            latents=config["resampler_num_latents"],
            heads=config["resampler_heads"],
            head_size=config["resampler_dim_head"],
            ffw=config["dim_visual"] * config["resampler_ff_mult"],
            activation=config["resampler_act"],
            frames=config["resampler_num_time_embeds"],
        ),
        OpenFlamingoBlocks(
            layers=every_first(decoder.layers, config["xattn_every"]),
            heads=config["xattn_heads"],
            head_size=config["xattn_dim_head"],
            ffw=decoder.width * config["xattn_ff_mult"],
            activation=config["xattn_act"],
        ),
    )


def open_mini(places: Places) -> Source:
    """`--checkpoint FOLDER --language OPT_FOLDER --vision CLIP_FOLDER`; OPT's configuration and tokenizer are read.

    Raises:
        ValueError: a folder is not given.
    """
    if places.language is None or places.vision is None:
        raise ValueError(
            "flamingo-mini needs --language (OPT: config, tokenizer) and --vision (CLIP)"
        )
    config = read_config(places.checkpoint)
    model = read_mini(config, read_config(places.language), read_config(places.vision))
    tensors = open_tensors(places.checkpoint).renamed(lambda name: re.sub(r"^flamingo\.", "", name))
    tokenizer = open_tokenizer(places.language)
    end = add_tokens(tokenizer, END)[END]
    # The picture is the text "<image>": its first token is where the media begins to be seen.
    picture = tuple(tokenizer.encode("<image>", add_special_tokens=False).ids)
    return Source(
        kind="flamingo-mini",
        model=model,
        language=language_weights(model.language, _language_of(tensors)),
        bridge=_bridge(tensors, model.blocks.layers, model.resampler.depth),
        vision=clip_weights(model.encoder, open_tensors(places.vision)),
        tokenizer=tokenizer,
        tokens=Tokens(
            start=start_token(tokenizer),
            image=picture[0],
            end=end,
            banned=(),
            picture=picture,
        ),
        prompts=PROMPTS,
        resize="crop",
        licence="code MIT, card Apache-2.0; OPT: non-commercial",
    )
