"""Writes a model folder: graphs of both flavours, shards, tokenizer, manifest (`workers/manifest.ts`)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import nn

from training.config import START_TOKEN, FlamingoConfig
from training.frozen.smollm2 import LlamaWeights
from training.graphs.bridge import State, build_bridge
from training.graphs.builder import Builder, Flavour
from training.graphs.kernels import kernels_listing
from training.graphs.language import LanguageGraph
from training.graphs.shards import Shards, file_entry
from training.graphs.vision import build_vision
from training.pixels import MAX_TILES, MEAN, SCALE
from training.prompts import PROMPTS

FLAVOURS: tuple[Flavour, ...] = ("webgpu", "wasm")


@dataclass(frozen=True)
class ModelSource:
    """All that a model folder is made of. The same source gives the same bytes."""

    name: str
    title: str
    config: FlamingoConfig
    language: LlamaWeights
    encoder: nn.Module
    bridge: State
    tokenizer: Tokenizer
    context: int
    licences: list[dict[str, str]]


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """tokenizer.json without white space."""
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    path.write_text(compact, encoding="utf-8")


def write_graph(builder: Builder, flavour: Flavour, folder: Path) -> dict[str, Any]:
    """Writes a graph, and the list of what is expanded at load; returns the manifest's entry."""
    path = folder / f"{builder.name}.{flavour}.onnx"
    path.write_bytes(builder.model().SerializeToString(deterministic=True))
    entry = file_entry(path) | {"shards": builder.shards_used(), "expand": None, "kernels": None}
    if builder.expansion:
        listing = folder / f"{builder.name}.{flavour}.expand.json"
        rows = ",\n".join(json.dumps(weight) for weight in builder.expansion)
        listing.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
        entry["expand"] = file_entry(listing)
    return entry


def write_model(source: ModelSource, folder: Path) -> dict[str, Any]:
    """Writes everything and returns the manifest. Files of an earlier export are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [
        *folder.glob("*.onnx"),
        *folder.glob("*.bin"),
        *folder.glob("*.expand.json"),
        *folder.glob("*.kernels.json"),
    ]:
        old.unlink()
    config, shards = source.config, Shards()
    graphs: dict[str, dict[str, Any]] = {}
    for flavour in FLAVOURS:
        language = LanguageGraph(
            config, source.language, source.bridge, source.context, flavour, shards
        )
        builders = (
            build_vision(source.encoder, config.vision, flavour, shards),
            build_bridge(config, source.bridge, flavour, shards),
            language.build(),
        )
        graphs[flavour] = {b.name: write_graph(b, flavour, folder) for b in builders}
    # The page runs this graph on kernels of its own.
    kernels = folder / "language.kernels.json"
    kernels.write_text(kernels_listing(builders[-1], config), encoding="utf-8")
    graphs["wasm"]["language"]["kernels"] = file_entry(kernels)
    entries = shards.write(folder)
    save_tokenizer(source.tokenizer, folder / "tokenizer.json")
    lm, cross = config.language, config.cross_attention
    manifest = {
        "format": "flamingo-web/1",
        "name": source.name,
        "title": source.title,
        "tokenizer": file_entry(folder / "tokenizer.json"),
        "tokens": {
            "start": START_TOKEN,
            "image": config.image_token,
            "endOfChunk": config.end_of_chunk,
            "banned": [config.image_token],
        },
        "vision": {
            "size": config.vision.size,
            "maxTiles": MAX_TILES,
            "resample": "bicubic",
            "mean": [MEAN] * 3,
            "std": [SCALE] * 3,
            "grid": config.vision.grid,
            "width": config.vision.width,
        },
        "resampler": {
            "latents": config.resampler.latents,
            "width": config.resampler.width,
            "temporal": config.resampler.temporal,
        },
        "language": {
            "layers": lm.layers,
            "width": lm.width,
            "heads": lm.heads,
            "kvHeads": lm.kv_heads,
            "headSize": lm.head_size,
            "vocabulary": lm.vocabulary + config.new_tokens,
            "context": source.context,
        },
        "crossAttention": {
            "layers": list(cross.layers),
            "heads": cross.heads,
            "headSize": cross.head_size,
            "media": cross.media,
        },
        "graphs": graphs,
        "shards": entries,
        "prompts": {
            name: {"template": prompt.template, "maxNewTokens": prompt.max_new_tokens}
            for name, prompt in PROMPTS.items()
        },
        "licences": source.licences,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest
