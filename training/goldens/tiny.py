"""Answers of the tiny model, computed by PyTorch with the weights as they ship."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from training.config import FlamingoConfig
from training.evaluation.answer import log_softmax
from training.evaluation.beam import Beams, grow
from training.goldens.pictures import PICTURES
from training.goldens.text import plain
from training.model.flamingo import Flamingo
from training.pixels import pixels, tile_grid
from training.positions import grid_matrix, time_matrix
from training.shipped import as_shipped
from training.tiny import tiny_source

# The runtimes differ by 1e-5: no choice of the goldens may be as close as this.
_MARGIN = 0.004


def _answer(
    model: Flamingo, ids: list[int], latents: torch.Tensor, count: int
) -> tuple[list[int], list[float], float]:
    """Greedy tokens, the logits at the prompt's end, and the smallest margin of a choice."""
    tokens: list[int] = []
    first: list[float] = []
    margin = float("inf")
    for _ in range(count):
        logits = model(torch.tensor([ids + tokens]), latents)[0, -1]
        first = first or [round(float(v), 6) for v in logits[:16]]
        top = logits.topk(2).values
        margin = min(margin, float(top[0] - top[1]))
        best = int(logits.argmax())
        if best == model.config.end_of_chunk:
            break
        tokens.append(best)
    return tokens, first, margin


def _beam(
    model: Flamingo, ids: list[int], latents: torch.Tensor, count: int, width: int = 3
) -> list[int]:
    """Beam search over whole recomputations."""
    beams = Beams()
    for _ in range(count):
        rows = [ids + list(hypothesis.tokens) for hypothesis in beams.alive]
        logits = [model(torch.tensor([row]), latents)[0, -1].numpy() for row in rows]
        logprobs = log_softmax(np.stack(logits))
        beams = grow(beams, logprobs, width, model.config.end_of_chunk)
        if beams.decided:
            break
    return list(beams.best.tokens)


def _rank(
    model: Flamingo, ids: list[int], latents: torch.Tensor, answers: list[list[int]]
) -> list[dict[str, float]]:
    """Sum and mean log-probability of each answer with its end-of-chunk token."""
    out = []
    for answer in answers:
        wanted = [*answer, model.config.end_of_chunk]
        logits = model(torch.tensor([ids + wanted[:-1]]), latents)[0].numpy()
        logprobs = log_softmax(logits[len(ids) - 1 :])
        total = float(sum(logprobs[i, token] for i, token in enumerate(wanted)))
        out.append({"logprob": total, "meanLogprob": total / len(wanted)})
    return out


def tiny_goldens() -> list[dict[str, Any]]:
    """Prompts in the format of `npm run ask`, and what PyTorch answers with the weights as they ship."""
    source, tokenizer = tiny_source()
    config: FlamingoConfig = source.config
    model = Flamingo(config, source.language).eval()
    state = {name: torch.from_numpy(value) for name, value in source.bridge.items()}
    model.bridge.load_state_dict(as_shipped(state))
    bare = plain(tokenizer)

    def encode(text: str) -> list[int]:
        return bare.encode(text, add_special_tokens=False).ids

    def latents(names: list[str], clip: bool) -> torch.Tensor:
        tiles, grid = [], (1, 1)
        for name in names:
            with Image.open(PICTURES / name) as image:
                grid = tile_grid(*image.size)
                tiles.append(torch.from_numpy(pixels(image, config.vision.size)))
        features = source.encoder(torch.cat(tiles)).reshape(len(names), -1, config.vision.width)
        time = time_matrix(len(names)) if clip else np.zeros((1, 8), np.float32)
        return model.bridge.latents(
            features[None], torch.from_numpy(grid_matrix(*grid)), torch.from_numpy(time)
        )

    def image(name: str) -> dict[str, str]:
        return {"image": name}

    def text(value: str) -> dict[str, str]:
        return {"text": value}

    frames = {"frames": ["small.png", "grey.png", "exact.png"]}
    cases: list[tuple[str, list[list[dict[str, Any]]], list[dict[str, Any]]]] = [
        ("one picture", [], [image("photo.png"), text("Caption:")]),
        ("no picture", [], [text("Question: what color is the hat of the man? Answer:")]),
        ("text first", [], [text("A dog "), image("exact.png"), text("runs over")]),
        ("two pictures", [], [image("photo.png"), text("a cat"), image("exact.png"), text("is")]),
        ("two tiles", [], [image("two-tiles.png"), text("Objects:")]),
        ("four tiles", [], [image("wide.png"), text("Name:")]),
        ("clip", [], [frames, text("Description:")]),
        (
            "examples",
            [
                [image("exact.png"), text("Name: tabby")],
                [image("alpha.png"), text("Name: plate")],
            ],
            [image("photo.png"), text("Name:")],
        ),
    ]
    candidates = ["tabby", "a red ball", "water"]
    out = []
    with torch.inference_mode():
        for name, examples, prompt in cases:
            ids, media = [0], []
            for i, chunk in enumerate([*examples, prompt]):
                for segment in chunk:
                    if "text" in segment:
                        ids += encode(segment["text"])
                        continue
                    ids.append(config.image_token)
                    names = segment.get("frames") or [segment["image"]]
                    media.append(latents(names, "frames" in segment))
                if i < len(examples):
                    ids.append(config.end_of_chunk)
            width = config.resampler.width
            all_ = torch.stack(media, 1) if media else torch.zeros(1, 0, 64, width)
            tokens, logits, margin = _answer(model, ids, all_, 12)
            if margin < _MARGIN:
                raise RuntimeError(
                    f"{name}: a choice is as close as {margin:.4f}; take another seed"
                )
            closed = model.decoder(torch.tensor([ids])) if not media else None
            out.append(
                {
                    "id": name,
                    "examples": examples,
                    "prompt": prompt,
                    "ids": ids,
                    "tokens": tokens,
                    "logits": logits,
                    "beam": _beam(model, ids, all_, 8),
                    "candidates": candidates,
                    "ranking": _rank(model, ids, all_, [encode(f" {c}") for c in candidates]),
                    "plain": None
                    if closed is None
                    else [round(float(v), 6) for v in closed[0, -1, :16]],
                }
            )
    return out
