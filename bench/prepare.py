"""Prepares what the bench compares with, in a folder that Git ignores.

    python -m bench.prepare --out .cache/bench

Writes `gguf` (the address of the GGUF, fetched and checked), `text-wasm` and `text-webgpu` (transformers.js's
layout), and `patches-NAME.onnx` for pictures as tokens on WebGPU. What is there already stays.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from bench.graphs import TextGraph
from training.config import FlamingoConfig
from training.frozen.packages import SMOLLM2, fetch
from training.frozen.smollm2 import load_smollm2
from training.graphs.builder import EXPANDED, Flavour
from training.graphs.expand import read_expanded
from training.tiny import SEED, random_llama, tiny_config
from training.tokenizer import tiny_tokenizer

ROOT = Path(__file__).parent.parent
DEFAULT, TINY = "flamingo-smollm2-135m", "tiny-random"
# 33 pictures of 64 tokens and their texts.
CONTEXT = 2560


def transformers_js(folder: Path, flavour: Flavour) -> None:
    """A model folder as transformers.js loads it: expanded to fp32 for WASM, 4 and 8 bits for WebGPU."""
    model, config = ROOT / "public" / "models" / DEFAULT, FlamingoConfig()
    graph = TextGraph("text", config, load_smollm2(), CONTEXT, flavour, model)
    builder = graph.transformers_js()
    onnx_folder = folder / "onnx"
    onnx_folder.mkdir(parents=True, exist_ok=True)
    name = "model" if flavour == "wasm" else "model_q4"
    proto = builder.model()
    # One file of weights, as their exporter writes it.
    with (onnx_folder / f"{name}.onnx_data").open("wb") as data:
        expanded = {}
        if builder.expansion:
            names = {entry["name"] for entry in builder.expansion}
            shipped = read_expanded(model, "language.wasm.expand.json")
            expanded = {key: value for key, value in shipped.items() if key in names}
        for tensor in proto.graph.initializer:
            entry = {field.key: field for field in tensor.external_data}
            if not entry:
                continue
            shard, length = entry["location"].value, int(entry["length"].value)
            if shard == EXPANDED:
                content = expanded[tensor.name].astype(np.float32).tobytes()
            else:
                offset = int(entry["offset"].value)
                content = (model / shard).read_bytes()[offset : offset + length]
            entry["location"].value = f"{name}.onnx_data"
            entry["offset"].value = str(data.tell())
            data.write(content)
    (onnx_folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
    c = config.language
    description = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": c.width,
        "intermediate_size": c.ffw,
        "num_attention_heads": c.heads,
        "num_hidden_layers": c.layers,
        "num_key_value_heads": c.kv_heads,
        "head_dim": c.head_size,
        "vocab_size": c.vocabulary,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    (folder / "config.json").write_text(json.dumps(description))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": c.vocabulary}))


def patches(out: Path, name: str) -> None:
    """The graph of pictures as tokens over a shipped model's shards."""
    model = ROOT / "public" / "models" / name
    if name == TINY:
        tokenizer = tiny_tokenizer()
        config = tiny_config(tokenizer.get_vocab_size() - 2)
        weights = random_llama(config.language, SEED)
    else:
        config, weights = FlamingoConfig(), load_smollm2()
    graph = TextGraph("patches", config, weights, CONTEXT, "webgpu", model).patches()
    (out / f"patches-{name}.onnx").write_bytes(graph.model().SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "model.gguf").exists():
        shutil.copyfile(fetch(SMOLLM2), out / "model.gguf")
    flavours: tuple[Flavour, ...] = ("wasm", "webgpu")
    for flavour in flavours:
        folder = out / f"text-{flavour}"
        if not (folder / "config.json").exists():
            transformers_js(folder, flavour)
    for name in (DEFAULT, TINY):
        patches(out, name)


if __name__ == "__main__":
    main()
