"""OpenFlamingo's checkpoints (a `.pt` beside a language model and CLIP) and Otter's (one Hugging Face folder).

The maths is the same; Otter renames modules, has one more token, and may have times of frames.
"""

import re
from pathlib import Path
from typing import Any

from training.convert.architecture import (
    Decoder,
    EfficientNet,
    Encoder,
    Flamingo,
    OpenFlamingoBlocks,
    Resampler,
)
from training.convert.encoders import clip_weights, read_clip
from training.convert.languages import language_weights, read_decoder
from training.convert.source import (
    Places,
    Source,
    Tokens,
    add_tokens,
    halves,
    head_rows,
    open_tokenizer,
    start_token,
)
from training.convert.tensors import Tensors, Weights, open_tensors, put, read_config
from training.prompts import Prompt

HEADS = 8
# `--vision efficientnet`: this project's encoder, for a bridge that was trained on it.
OURS = Path("efficientnet")
PROMPTS = {
    "caption": Prompt("<image>Output:", 20),
    "question": Prompt("<image>Question:{question} Short answer:", 10),
    "classify": Prompt("<image>Output:", 10),
}
OTTER_PROMPTS = {
    "question": Prompt("<image>User: {question} GPT:<answer>", 64),
    "describe": Prompt("<image>User: what does the image describe? GPT:<answer>", 64),
}
_ATTENTION = {"q": "to_q", "out": "to_out"}
_FF = {"ff_norm": "0", "up": "1", "down": "3"}


def block_index(tensors: Tensors) -> tuple[int, ...]:
    """The decoder layers that have a block, from the names (they count all layers)."""
    pattern = re.compile(r"lang_encoder\..*\.(\d+)\.gated_cross_attn_layer\.attn_gate$")
    found = (pattern.match(name) for name in tensors if "old_decoder" not in name)
    return tuple(sorted({int(match.group(1)) for match in found if match}))


def bridge_weights(tensors: Tensors, layers: tuple[int, ...], depth: int) -> Weights:
    """Resampler and blocks of either naming under ours.

    Raises:
        KeyError: a tensor is missing.
    """
    out = Weights({"perceiver.latents": tensors["perceiver.latents"]})
    if "perceiver.frame_embs" in tensors:
        out["perceiver.times"] = tensors["perceiver.frame_embs"]
    put(out, "perceiver.norm", tensors, "perceiver.norm")
    for i in range(depth):
        name, ours = f"perceiver.layers.{i}", f"perceiver.{i}"
        otter = f"{name}.to_q.weight" in tensors
        attention, ff = (name, f"{name}.feed_forward") if otter else (f"{name}.0", f"{name}.1")
        for mine, theirs in {"media_norm": "norm_media", "latents_norm": "norm_latents"}.items():
            put(out, f"{ours}.{mine}", tensors, f"{attention}.{theirs}")
        _common(out, ours, tensors, attention, ff)
    prefix = tensors.prefix(rf"{layers[0]}\.gated_cross_attn_layer\.attn_gate")
    for block, layer in enumerate(layers):
        name, ours = f"{prefix}{layer}.gated_cross_attn_layer", f"blocks.{block}"
        ff = "feed_forward" if f"{name}.feed_forward.1.weight" in tensors else "ff"
        put(out, f"{ours}.norm", tensors, f"{name}.attn.norm")
        _common(out, ours, tensors, f"{name}.attn", f"{name}.{ff}")
        for gate in ("attn_gate", "ff_gate"):
            out[f"{ours}.{gate}"] = tensors[f"{name}.{gate}"]
    return out


def _common(out: Weights, ours: str, tensors: Tensors, attention: str, ff: str) -> None:
    for mine, theirs in _ATTENTION.items():
        out[f"{ours}.{mine}.weight"] = tensors[f"{attention}.{theirs}.weight"]
    keys, values = halves(tensors[f"{attention}.to_kv.weight"])
    out[f"{ours}.k.weight"], out[f"{ours}.v.weight"] = keys, values
    for mine, theirs in _FF.items():
        put(out, f"{ours}.{mine}", tensors, f"{ff}.{theirs}")


def depth_of(tensors: Tensors) -> int:
    """Layers of the resampler."""
    layers = {
        m.group(1) for name in tensors if (m := re.match(r"perceiver\.layers\.(\d+)\.", name))
    }
    return len(layers)


def shapes(
    bridge: Weights, language: Decoder, layers: tuple[int, ...], depth: int
) -> dict[str, Any]:
    """Resampler and blocks, their sizes taken from the weights."""
    latents, width = bridge["perceiver.latents"]().shape
    inner = len(bridge["perceiver.0.q.weight"]())
    block = len(bridge["blocks.0.q.weight"]())
    return {
        "resampler": Resampler(
            depth=depth,
            width=width,
            latents=latents,
            heads=HEADS,
            head_size=inner // HEADS,
            ffw=len(bridge["perceiver.0.up.weight"]()),
            frames=len(bridge["perceiver.times"]()) if "perceiver.times" in bridge else 0,
        ),
        "blocks": OpenFlamingoBlocks(
            layers=layers,
            heads=HEADS,
            head_size=block // HEADS,
            ffw=len(bridge["blocks.0.up.weight"]()),
        ),
    }


def _language_of(tensors: Tensors) -> Tensors:
    """The checkpoint's part of the language model: embeddings, in Otter's everything. Blocks wrap the layers."""

    def rename(name: str) -> str | None:
        if not name.startswith("lang_encoder.") or "gated_cross_attn" in name:
            return None
        if "old_decoder_blocks" in name:
            return None
        return name.removeprefix("lang_encoder.").replace(".decoder_layer.", ".")

    return tensors.renamed(rename)


def _encoder(
    folder: Path | None, config: dict[str, Any], tensors: Tensors
) -> tuple[Encoder, Weights]:
    """The encoder of `--vision`, or that of the checkpoint."""
    if folder == OURS:
        return EfficientNet(), Weights()
    clip = read_clip(read_config(folder) if folder else config["vision_config"], class_token=False)
    return clip, clip_weights(clip, open_tensors(folder) if folder else tensors)


def _open(places: Places, otter: bool) -> Source:
    tensors = open_tensors(places.checkpoint)
    config = read_config(places.checkpoint) if otter else {}
    language_folder = places.language or (places.checkpoint if otter else None)
    if language_folder is None or (places.vision is None and not otter):
        raise ValueError("OpenFlamingo needs --language and --vision: its file has neither")
    text = read_config(places.language) if places.language else config["text_config"]
    decoder = read_decoder(text)
    own = _language_of(tensors)
    base = open_tensors(places.language) if places.language else Tensors({})
    language = language_weights(decoder, own.over(base))
    head_rows(language)
    encoder, vision = _encoder(places.vision, config, tensors)
    layers, depth = block_index(tensors), depth_of(tensors)
    if not layers:
        raise ValueError(f"{places.checkpoint} has no gated cross-attention: is it a Flamingo?")
    bridge = bridge_weights(tensors, layers, depth)

    tokenizer = open_tokenizer(language_folder)
    names = ["<|endofchunk|>", "<image>", *(["<answer>"] if otter else [])]
    had = tokenizer.get_vocab_size()
    ids = add_tokens(tokenizer, *names)
    if len(language["embed.weight"]()) <= max(ids.values()):
        raise ValueError(
            f"the embeddings have {len(language['embed.weight']())} rows and the tokenizer {had} tokens "
            "without the new ones: they do not belong together"
        )
    return Source(
        kind="otter" if otter else "openflamingo",
        model=Flamingo(decoder, encoder, **shapes(bridge, decoder, layers, depth)),
        language=language,
        bridge=bridge,
        vision=vision,
        tokenizer=tokenizer,
        tokens=Tokens(
            start=start_token(tokenizer),
            image=ids["<image>"],
            end=ids["<|endofchunk|>"],
            banned=(ids["<image>"],),
            markup={"<answer>": ids["<answer>"]} if otter else {},
        ),
        prompts=OTTER_PROMPTS if otter else PROMPTS,
        resize="pad" if places.vision == OURS else "crop" if otter else "crop-half-even",
        licence="code MIT; weights: research, and the terms of the language model",
    )


def open_openflamingo(places: Places) -> Source:
    """`--checkpoint FILE.pt --language FOLDER --vision FOLDER`."""
    return _open(places, otter=False)


def open_otter(places: Places) -> Source:
    """`--checkpoint FOLDER`; language and vision are in it, unless they are given."""
    return _open(places, otter=True)
