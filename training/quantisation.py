"""What quantisation loses, part by part, on captions of people for pictures that were not trained on."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from tqdm import tqdm

from training.config import FlamingoConfig
from training.data.manifest import Pictures, Record, read_manifest
from training.data.tasks import clean
from training.frozen.efficientnet import load_efficientnet
from training.frozen.smollm2 import load_smollm2
from training.model.flamingo import Flamingo
from training.pixels import pixels, tile_grid
from training.positions import grid_matrix
from training.prompts import PROMPTS
from training.runtime import ExportedModel
from training.shipped import as_shipped

PLAIN_TOKENS = 256


@dataclass(frozen=True)
class Captioned:
    """One picture's tiles, its prompt with the caption, and where the caption begins."""

    tiles: NDArray[np.float32]
    grid: NDArray[np.float32]
    ids: list[int]
    start: int


def captioned(
    data: Path, tokenizer: Tokenizer, config: FlamingoConfig, count: int
) -> tuple[list[Captioned], list[list[int]]]:
    """Random pictures of the `val` split with a caption each; the captions again as plain text, in windows."""
    records = [r for r in read_manifest(data) if r.split == "val" and r.captions]
    random.Random(0).shuffle(records)
    pictures = Pictures(data)
    prompt = [0, config.image_token, *tokenizer.encode(PROMPTS["caption"].text()).ids]

    def one(record: Record) -> Captioned:
        answer = tokenizer.encode(f" {clean(record.captions[0])}").ids
        ids = [*prompt, *answer, config.end_of_chunk]
        grid = grid_matrix(*tile_grid(record.width, record.height))
        return Captioned(pixels(pictures.open(record)), grid, ids, len(prompt))

    text = tokenizer.encode(" ".join(c for r in records[:400] for c in r.captions)).ids
    windows = [text[i : i + PLAIN_TOKENS] for i in range(0, len(text), PLAIN_TOKENS)]
    return [one(record) for record in records[:count]], windows[: max(1, count // 8)]


def _nats(logits: Tensor, targets: list[int]) -> list[float]:
    """Of each target; logits [len(targets), V+2]."""
    return F.cross_entropy(logits, torch.tensor(targets), reduction="none").tolist()


class Measure:
    """Four models side by side: nothing rounded; the encoder at 16 bits; the bridge at 8 too; the graphs."""

    def __init__(self, folder: Path, state: Mapping[str, Tensor]) -> None:
        self.config = FlamingoConfig()
        self.exact, self.rounded = load_efficientnet(rounded=False), load_efficientnet()
        self.model = Flamingo(self.config, load_smollm2()).eval()
        self.raw = {name: value.float() for name, value in state.items()}
        self.shipped = as_shipped(state)
        self.graphs = ExportedModel(folder, "webgpu")

    def _torch(self, item: Captioned, features: Tensor, bridge: dict[str, Tensor]) -> list[float]:
        self.model.bridge.load_state_dict(bridge)
        grid = torch.from_numpy(item.grid)
        time = torch.zeros(1, self.config.resampler.temporal)
        latents = self.model.bridge.latents(features.reshape(1, 1, -1, 1280), grid, time)[None]
        logits = self.model(torch.tensor([item.ids[:-1]]), latents)[0, item.start - 1 :]
        return _nats(logits, item.ids[item.start :])

    def _ort(self, item: Captioned) -> list[float]:
        features = self.graphs.encode(item.tiles).reshape(1, -1, 1280)
        time = np.zeros((1, self.config.resampler.temporal), np.float32)
        media = self.graphs.media(features, item.grid, time)
        ids = np.array([item.ids[:-1]], np.int32)
        mask = (np.cumsum(ids == self.config.image_token, 1)[..., None] > 0).astype(np.float32)
        wanted = np.arange(item.start - 1, ids.shape[1], dtype=np.int32)
        logits = self.graphs.step(ids, media, mask, wanted, None, None).logits
        return _nats(torch.from_numpy(logits), item.ids[item.start :])

    def captions(self, items: list[Captioned]) -> dict[str, float]:
        """Mean nats a token under each of the four models."""
        names = ("nothing rounded", "encoder at 16 bits", "bridge at 8 bits", "exported graphs")
        nats: dict[str, list[float]] = {name: [] for name in names}
        with torch.inference_mode():
            for item in tqdm(items, desc="captions", mininterval=5):
                tiles = torch.from_numpy(item.tiles)
                exact, rounded = self.exact(tiles), self.rounded(tiles)
                for name, values in zip(
                    names,
                    (
                        self._torch(item, exact, self.raw),
                        self._torch(item, rounded, self.raw),
                        self._torch(item, rounded, self.shipped),
                        self._ort(item),
                    ),
                    strict=True,
                ):
                    nats[name] += values
        return {name: float(np.mean(values)) for name, values in nats.items()}

    def perplexity(self, windows: list[list[int]]) -> tuple[float, float]:
        """Of plain text: the GGUF's weights in PyTorch, and the exported graph with closed gates."""
        exact: list[float] = []
        graph: list[float] = []
        vocabulary = self.config.language.vocabulary
        with torch.inference_mode():
            for window in tqdm(windows, desc="plain text", mininterval=5):
                fed, targets = window[:-1], window[1:]
                exact += _nats(self.model.decoder(torch.tensor([fed]))[0], targets)
                ids = np.array([fed], np.int32)
                step = self.graphs.step(
                    ids,
                    self.graphs.no_media(),
                    np.zeros((1, len(fed), 1), np.float32),
                    np.arange(len(fed), dtype=np.int32),
                    None,
                    None,
                    gates=0.0,
                )
                graph += _nats(torch.from_numpy(step.logits[:, :vocabulary]), targets)
        return float(np.exp(np.mean(exact))), float(np.exp(np.mean(graph)))


def report(folder: Path, state: Mapping[str, Tensor], data: Path, count: int) -> list[str]:
    """The lines that the export prints."""
    measure = Measure(folder, state)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    items, windows = captioned(data, tokenizer, measure.config, count)
    nats = measure.captions(items)
    base = nats["nothing rounded"]
    lines = [f"nats a token on {len(items)} captions of val:"]
    lines += [f"  {name:<20}{value:8.4f}  {value - base:+.4f}" for name, value in nats.items()]
    exact, graph = measure.perplexity(windows)
    tokens = sum(len(window) - 1 for window in windows)
    change = 100 * (graph / exact - 1)
    lines.append(f"perplexity on {tokens} tokens of plain text, gates closed:")
    lines.append(f"  GGUF {exact:.3f}, exported graph {graph:.3f} ({change:+.3f} %)")
    return lines
