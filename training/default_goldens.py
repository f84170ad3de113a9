"""Golden answers of the default model: native ONNX Runtime on the exported `webgpu` graphs, example pictures."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

from training.pixels import pixels, tile_grid
from training.positions import grid_matrix
from training.prompts import PROMPTS
from training.runtime import ExportedModel, Floats

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "public" / "examples"
# Kernels of another device differ by about 1e-4 of a logit: an answer ends before a choice closer than this.
MARGIN = 0.02
LONGEST = 8

Segment = dict[str, str]
Case = tuple[str, list[list[Segment]], list[Segment]]


def _image(name: str) -> Segment:
    return {"image": name}


def _ask(name: str, prompt: str, answer: str = "", **fields: str) -> list[Segment]:
    return [_image(name), {"text": PROMPTS[prompt].text(**fields) + answer}]


CASES: list[Case] = [
    ("caption of a cat", [], _ask("cat.jpg", "caption")),
    ("caption of a cup", [], _ask("coffee.jpg", "caption")),
    ("question", [], _ask("flower.jpg", "question", question="What color is the flower?")),
    (
        "one example",
        [_ask("coffee.jpg", "classify", " cup")],
        _ask("cat.jpg", "classify"),
    ),
    ("no picture", [], [{"text": "The capital of France is"}]),
]


def encode_picture(model: ExportedModel, path: Path) -> Floats:
    """Keys and values of one picture [1,2X,64,H]."""
    with Image.open(path) as picture:
        grid = tile_grid(*picture.size)
        tiles = pixels(picture, model.manifest["vision"]["size"])
    features = model.encode(tiles)
    time = np.zeros((1, model.manifest["resampler"]["temporal"]), np.float32)
    return model.media(features.reshape(1, -1, features.shape[-1]), grid_matrix(*grid), time)


def _greedy(model: ExportedModel, ids: list[int], media: Floats) -> dict[str, Any]:
    """Tokens up to the first close choice, and the first logits at the prompt's end."""
    tokens_of = model.manifest["tokens"]
    new = np.array([ids], np.int32)
    seen = np.cumsum(new == tokens_of["image"], axis=1)
    mask = (seen[..., None] == np.arange(1, len(media) + 1)).astype(np.float32)
    tokens: list[int] = []
    first: list[float] = []
    past, ended = None, False
    while len(tokens) < LONGEST:
        last = np.array([new.shape[1] - 1], np.int32)
        step = model.step(new, media, mask, last, past, None)
        logits, past = step.logits[0], step.past
        first = first or [round(float(value), 4) for value in logits[:16]]
        second, best = np.partition(logits, -2)[-2:]
        ended = bool(step.argmax[0] == tokens_of["endOfChunk"])
        if best - second < MARGIN or ended:
            break
        tokens.append(int(step.argmax[0]))
        new, mask = step.argmax[:, None], mask[:, -1:]
    return {"tokens": tokens, "logits": first, "ended": ended}


def default_goldens(folder: Path, cases: list[Case]) -> list[dict[str, Any]]:
    """Prompts in the format of `npm run ask`, with token ids of prompt and answer.

    Raises:
        ValueError: a case has no token whose choice is clear.
    """
    model = ExportedModel(folder, "webgpu")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens_of = model.manifest["tokens"]
    out = []
    for name, examples, prompt in cases:
        ids, media = [tokens_of["start"]], []
        for i, chunk in enumerate([*examples, prompt]):
            for segment in chunk:
                if "image" in segment:
                    ids.append(tokens_of["image"])
                    media.append(encode_picture(model, EXAMPLES / segment["image"]))
                else:
                    ids += tokenizer.encode(segment["text"], add_special_tokens=False).ids
            if i < len(examples):
                ids.append(tokens_of["endOfChunk"])
        answer = _greedy(model, ids, np.concatenate(media) if media else model.no_media())
        if not answer["tokens"]:
            raise ValueError(f"{name}: the first token is no clear choice; take another prompt")
        text = tokenizer.decode(answer["tokens"]).strip()
        case = {"id": name, "examples": examples, "prompt": prompt, "ids": ids, "text": text}
        out.append(case | answer)
    return out
