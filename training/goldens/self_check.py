"""What each graph of the tiny model gives for fixed numbers: a GPU is checked against it at its first load.

The numbers that go in are those of `workers/self-check.ts`.
"""

import math
from pathlib import Path

import numpy as np

from training.runtime import ExportedModel, Floats

MODEL = Path(__file__).parents[2] / "public" / "models" / "tiny-random"
FILE = Path(__file__).parents[2] / "workers" / "self-check.json"
SAMPLES = 32
PROMPT = 40


def _pattern(*shape: int) -> Floats:
    """Numbers from -1 to 1 that are exactly the same everywhere."""
    count = math.prod(shape)
    numbers = (37 * np.arange(count) + 11) % 101 / 50 - 1
    return numbers.astype(np.float32).reshape(shape)


def _samples(values: Floats) -> list[float]:
    """Evenly spread values."""
    flat = values.reshape(-1)
    return [round(float(flat[i * flat.size // SAMPLES]), 6) for i in range(SAMPLES)]


def self_check_goldens() -> dict[str, list[float]]:
    """Samples of features, media, the logits behind a prompt of 40 tokens, and behind one token more."""
    model = ExportedModel(MODEL, "wasm")
    vision = model.manifest["vision"]
    cells, size = vision["grid"] ** 2, vision["size"]
    media = _pattern(*model.no_media().shape)
    ids = (7 * np.arange(PROMPT + 1, dtype=np.int32) + 3) % model.manifest["language"]["vocabulary"]

    def step(first: int, count: int, past: Floats | None) -> tuple[Floats, Floats]:
        mask = np.ones((1, count, 1), np.float32)
        positions = np.array([count - 1], np.int32)
        run = model.step(ids[None, first : first + count], media, mask, positions, past, None)
        return run.logits[0], run.past

    prompt, past = step(0, PROMPT, None)
    more, _ = step(PROMPT, 1, past)
    features = _pattern(1, cells, vision["width"])
    time = _pattern(1, model.manifest["resampler"]["temporal"])
    return {
        "vision": _samples(model.encode(_pattern(1, 3, size, size))),
        "bridge": _samples(model.media(features, _pattern(cells, cells), time)),
        "prompt": _samples(prompt),
        "step": _samples(more),
    }
