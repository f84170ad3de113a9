"""Writes the model folder of a published Flamingo: graphs of both flavours, shards, tokenizer, manifest."""

import json
from pathlib import Path
from typing import Any

from training.convert.architecture import ClipVit
from training.convert.plan import MOST_CONTEXT, MOST_HEAP, layer_groups
from training.convert.shards import StreamedShards
from training.convert.source import Source
from training.frozen.efficientnet import load_efficientnet
from training.graphs.builder import Builder, Flavour
from training.graphs.family.bridge import build_family_bridge
from training.graphs.family.language import FamilyLanguage
from training.graphs.family.parts import Bits
from training.graphs.family.vision import build_clip
from training.graphs.manifest import FLAVOURS, save_tokenizer, write_graph
from training.graphs.shards import file_entry
from training.graphs.vision import build_vision
from training.pixels import MAX_TILES, MEAN, SCALE


def _vision(source: Source, bits: Bits, flavour: Flavour, shards: StreamedShards) -> Builder:
    encoder = source.model.encoder
    if isinstance(encoder, ClipVit):
        return build_clip(encoder, source.vision, bits, flavour, shards)
    return build_vision(load_efficientnet(), encoder, flavour, shards)


def _tokens(source: Source) -> dict[str, Any]:
    t = source.tokens
    out: dict[str, Any] = {
        "start": t.start,
        "image": t.image,
        "endOfChunk": t.end,
        "banned": sorted(t.banned),
    }
    if t.picture:
        out["picture"] = {"ids": list(t.picture), "at": t.at, "shared": t.shared}
    if t.markup:
        out["markup"] = t.markup
    return out


def _pixels(source: Source) -> dict[str, Any]:
    encoder = source.model.encoder
    clip = isinstance(encoder, ClipVit)
    # The page works on 0..255.
    mean = [255 * value for value in source.mean] if clip else [MEAN] * 3
    std = [255 * value for value in source.std] if clip else [SCALE] * 3
    return {
        "size": encoder.size,
        "maxTiles": 1 if clip else MAX_TILES,
        "resample": "bicubic",
        "resize": source.resize,
        "mean": mean,
        "std": std,
        "grid": encoder.grid,
        "tokens": encoder.tokens,
        "width": encoder.width,
    }


def convert(
    source: Source, folder: Path, bits: Bits, name: str, most_heap: int = MOST_HEAP
) -> dict[str, Any]:
    """Writes everything and returns the manifest; a folder that holds a model already is emptied of it.

    The language model on WebGPU is several graphs where one would take more than `most_heap` bytes of wasm heap.

    Both flavours read the weights, one after the other, so that no more than a tensor and a shard of each part
    is in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.onnx", "*.bin", "*.expand.json"):
        for old in folder.glob(pattern):
            old.unlink()
    model = source.model
    context = min(MOST_CONTEXT, model.language.context)
    shards = StreamedShards(folder=folder)
    graphs: dict[str, dict[str, Any]] = {}
    for flavour in FLAVOURS:
        for b in (
            _vision(source, bits, flavour, shards),
            build_family_bridge(model, source.bridge, bits, flavour, shards),
        ):
            graphs.setdefault(flavour, {})[b.name] = write_graph(b, flavour, folder)
        whole = [range(model.language.layers)]
        groups = layer_groups(model, bits, most_heap) if flavour == "webgpu" else whole
        refs = []
        for layers in groups:
            language = FamilyLanguage(
                model,
                source.language,
                source.bridge,
                sorted(source.tokens.banned),
                bits,
                context,
                flavour,
                shards,
                layers,
            )
            refs.append(write_graph(language.build(), flavour, folder))
        graphs[flavour]["language"] = refs[0] | ({"next": refs[1:]} if refs[1:] else {})
    entries = shards.write(folder)
    save_tokenizer(source.tokenizer, folder / "tokenizer.json")
    decoder, blocks = model.language, model.blocks
    manifest = {
        "format": "flamingo-web/1",
        "name": name,
        "title": f"{name} ({source.kind}, {bits} bits)",
        "tokenizer": file_entry(folder / "tokenizer.json"),
        "tokens": _tokens(source),
        "vision": _pixels(source),
        "resampler": {
            "latents": model.resampler.latents,
            "width": model.resampler.width,
            "temporal": model.resampler.frames,
            "time": "indexed",
        },
        "language": {
            "layers": decoder.layers,
            "width": decoder.width,
            "heads": decoder.heads,
            "kvHeads": decoder.kv_heads,
            "headSize": decoder.key_size,
            "vocabulary": language.vocabulary,
            "context": context,
        },
        "crossAttention": {
            "layers": list(blocks.layers),
            "heads": blocks.heads,
            "headSize": blocks.head_size,
            "media": blocks.media,
        },
        "graphs": graphs,
        "shards": entries,
        "prompts": {
            key: {"template": prompt.template, "maxNewTokens": prompt.max_new_tokens}
            for key, prompt in source.prompts.items()
        },
        "licences": [{"part": "all", "source": source.kind, "licence": source.licence}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest
