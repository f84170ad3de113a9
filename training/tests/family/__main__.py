"""Writes the tiny models of the browser test with the answers of the code that they were published in.

python -m training.tests.family        (writes tests/family/models and tests/golden/family.json)
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from training.convert.kinds import KINDS
from training.convert.pixels import square
from training.convert.plan import MOST_HEAP
from training.convert.run import ConvertedModel
from training.convert.source import Places
from training.convert.write import convert
from training.tests.family import idefics, mini, openflamingo, otter
from training.tests.family.common import Published

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "tests" / "pictures"
MODELS = ROOT / "tests" / "family" / "models"
GOLDEN = ROOT / "tests" / "golden" / "family.json"
SPLIT = "otter-llama"
LONGEST = 8
# What rounding on another device may move a logit by, with much room.
MARGIN = 0.02

Chunk = list[dict[str, Any]]
BUILDERS: dict[str, Callable[[Path, int], Published]] = {
    "openflamingo-gpt-neox": lambda folder, seed: openflamingo.build(
        folder, "gpt-neox", seed=seed, small=True
    ),
    "openflamingo-mpt": lambda folder, seed: openflamingo.build(
        folder, "mpt", seed=seed, small=True
    ),
    "otter-llama": lambda folder, seed: otter.build(folder, seed=seed, small=True),
    "idefics": lambda folder, seed: idefics.build(folder, seed=seed, small=True),
    "flamingo-mini": lambda folder, seed: mini.build(folder, seed=seed, small=True),
}
_SHOT: Chunk = [{"image": "photo.png"}, {"text": "Output: a dog"}]
LINES: list[dict[str, Any]] = [
    {"id": "one picture", "prompt": [{"image": "photo.png"}, {"text": "Output:"}]},
    {
        "id": "text before, two examples",
        "examples": [[{"text": "The cat. "}, *_SHOT], [{"image": "grey.png"}, {"text": "a cat"}]],
        "prompt": [{"image": "wide.png"}, {"text": "Question: what? Short answer:"}],
    },
    {
        "id": "two pictures side by side",
        "prompt": [{"image": "tall.png"}, {"image": "photo.png"}, {"text": "the hat"}],
    },
    {"id": "no picture", "prompt": [{"text": "A dog runs"}]},
]
CLIP = {
    "id": "a clip",
    "prompt": [{"frames": ["photo.png", "grey.png", "photo.png"]}, {"text": "Output:"}],
}


def _lay_out(
    manifest: dict[str, Any], tokenizer: Tokenizer, line: dict[str, Any]
) -> tuple[list[int], list[torch.Tensor]]:
    """Ids and pixels as the page lays a prompt out (`workers/prompt.ts`)."""
    tokens, vision = manifest["tokens"], manifest["vision"]
    mark = tokens.get("picture", {"ids": [tokens["image"]], "shared": False})
    ids = [] if tokens["start"] is None else [tokens["start"]]
    items: list[torch.Tensor] = []

    def pixels(names: list[str]) -> torch.Tensor:
        pictures = [Image.open(PICTURES / name).convert("RGB") for name in names]
        squares = [square(p, vision["size"], vision["resize"]) for p in pictures]
        values = np.stack(squares).astype(np.float32)
        mean, std = np.float32(vision["mean"]), np.float32(vision["std"])
        return torch.from_numpy((values - mean) / std).permute(0, 3, 1, 2).contiguous()

    chunks = [*line.get("examples", []), line["prompt"]]
    for number, chunk in enumerate(chunks):
        after = False
        for segment in chunk:
            if "text" in segment:
                ids += tokenizer.encode(segment["text"], add_special_tokens=False).ids
                after = False
                continue
            ids += mark["ids"][1 if after and mark["shared"] else 0 :]
            items.append(pixels(segment.get("frames") or [segment["image"]]))
            after = True
        if number < len(chunks) - 1:
            ids.append(tokens["endOfChunk"])
    return ids, items


def _clear(
    model: ConvertedModel, ids: list[int], items: list[torch.Tensor], new: list[int]
) -> bool:
    """Whether every token was chosen by more than the margin."""
    logits = model.logits([*ids, *new], [item.numpy() for item in items])
    end = model.manifest["tokens"]["endOfChunk"]
    chosen = new if len(new) == LONGEST else [*new, end]
    for place, token in enumerate(chosen):
        row = logits[len(ids) + place - 1]
        if row[token] - np.delete(row, token).max() < MARGIN:
            return False
    return True


def answers(published: Published, folder: Path) -> list[dict[str, Any]] | None:
    """The lines with the reference's tokens, or None where a choice was close, or two answers are alike."""
    model = ConvertedModel(folder, "webgpu")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    lines = [*LINES, *([CLIP] if model.manifest["resampler"]["temporal"] else [])]
    out = []
    for line in lines:
        ids, items = _lay_out(model.manifest, tokenizer, line)
        tokens = published.reference.generate(ids, items, 1, LONGEST)
        # flamingo-mini could say its picture's first token, which the check below would take for one.
        if not tokens or model.manifest["tokens"]["image"] in tokens:
            return None
        if not _clear(model, ids, items, tokens):
            return None
        answer = {"promptTokens": len(ids), "tokens": tokens}
        out.append({"line": line | {"maxNewTokens": LONGEST}, **answer})
    different = {tuple(answer["tokens"]) for answer in out}
    return out if len(different) == len(out) else None


def make(name: str, seed: int, folder: Path) -> list[dict[str, Any]] | None:
    """Converts the random model of this seed into `folder`, and lets the reference answer."""
    with tempfile.TemporaryDirectory() as temporary:
        published = BUILDERS[name](Path(temporary), seed)
        places = Places(published.checkpoint, published.language, published.vision)
        # One of them in several graphs, as a model is that is too large for one.
        most_heap = 1 if name == SPLIT else MOST_HEAP
        convert(KINDS[published.kind](places), folder, 16, name, most_heap)
        return answers(published, folder)


def main() -> None:
    goldens = {}
    for name in BUILDERS:
        folder = MODELS / name
        for seed in range(200):
            if folder.exists():
                shutil.rmtree(folder)
            if lines := make(name, seed, folder):
                break
        else:
            raise RuntimeError(f"{name}: every seed has a close choice")
        goldens[name] = {"seed": seed, "lines": lines}
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{name}: seed {seed}, {size / 1e3:.0f} kB")
    text = json.dumps(goldens, ensure_ascii=False, indent=1)
    GOLDEN.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
