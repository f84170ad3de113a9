"""Trains the bridge on the frozen parts as they ship.

    python -m training.train --data FOLDER --out FOLDER (--minutes M | --steps N) [--from MODEL] [--resume]

Checkpoints hold bridge, optimiser, position in the schedule and the random state; `--resume` goes on
from the newest. `--from public/models/NAME` starts from a shipped bridge, without its optimiser.
Training begins with the first pictures that are encoded; a second process encodes the rest, and they
are taken in as they come.
"""

import argparse
import json
import math
import random
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.config import FlamingoConfig
from training.data.batch import Batch, collate
from training.data.episodes import Episodes
from training.data.features import FeatureStore, encode_in_background
from training.data.manifest import read_manifest
from training.data.pool import trainable
from training.data.rows import IGNORED, Packer
from training.data.source import all_pictures
from training.data.views import ZOOMS
from training.frozen.packages import SMOLLM2, fetch
from training.frozen.smollm2 import load_smollm2
from training.loss import TiedHeadLoss
from training.model.flamingo import Flamingo
from training.self_critical import CaptionReward, SelfCritical, latents_of
from training.shipped import load_bridge
from training.tokenizer import build_tokenizer

CHECKPOINT = "checkpoint.pt"
# What captions and names need first; the large synthetic sets last.
ENCODING_ORDER = (
    *("flickr8k", "coco", "tiny", "hobby", "web", "openstax", "life", "bsds", "corel"),
    *("imagenet1k", "daquar", "drawn"),
    *("flickr8k.mirror", "coco.mirror", "hobby.mirror", "web.mirror", "openstax.mirror"),
    *("life.mirror", "bsds.mirror", "corel.mirror", "imagenet1k.mirror"),
    *(f"{name}.{view}" for name in ("life", "openstax") for view in ZOOMS),
    *("easyvqa", "nlvr"),
)
FIRST_PICTURES = 1000


@dataclass(frozen=True)
class Settings:
    """What a run is made of; written beside its checkpoint."""

    tokens: int = 1280
    rate: float = 1e-3
    final_rate: float = 0.05
    warmup_steps: int = 100
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    seed: int = 0
    # Share of the steps that learn from the CIDEr of the model's own captions (`training/self_critical.py`).
    self_critical: float = 0.0


def batch_loss(model: Flamingo, batch: Batch) -> Tensor:
    """Mean cross-entropy over the answers' tokens."""
    hidden = model.hidden(batch.ids, latents_of(model, batch.groups), batch.chunks)
    wanted = batch.labels != IGNORED
    # The head is a quarter of the language model's weights: only where something is learnt.
    states = model.decoder.final_norm(hidden[wanted])
    end_row = model.bridge.new_head[1].float()
    with torch.autocast("cpu", enabled=False):
        return TiedHeadLoss.apply(states, end_row, model.decoder.embedding, batch.labels[wanted])


def optimiser(bridge: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """AdamW; matrices decay, gates, norms, latents and tables do not."""
    decay, plain = [], []
    for name, parameter in bridge.named_parameters():
        matrix = parameter.ndim == 2 and name.endswith("weight")
        (decay if matrix else plain).append(parameter)
    groups = [
        {"params": decay, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=settings.betas)


def rate_at(step: int, progress: float, settings: Settings) -> float:
    """Linear warm-up by steps, then a cosine over the run's progress (0 to 1)."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return settings.rate * warm * (settings.final_rate + (1 - settings.final_rate) * cosine)


class Trainer:
    """One run: model, optimiser, episodes, and the place in the schedule."""

    def __init__(self, data: Path, out: Path, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.out = settings, out
        config = FlamingoConfig()
        self.model = Flamingo(config, load_smollm2())
        self.model.decoder.to(torch.bfloat16)
        records = read_manifest(data)
        self.store = FeatureStore(all_pictures(records))
        self.missing = [name for name in ENCODING_ORDER if self.store.missing(name)]
        packer = Packer(build_tokenizer(fetch(SMOLLM2)), config)
        self.episodes = Episodes(trainable(records), self.store, packer)
        self.rng = random.Random(settings.seed)
        self.own_captions = self._self_critical() if settings.self_critical else None
        self.optimiser = optimiser(self.model.bridge, settings)
        self.step, self.samples, self.elapsed = 0, 0, 0.0
        # Of the answers' tokens, over about 50 steps; and the mean CIDEr of the last own captions.
        self.smooth, self.reward = math.nan, 0.0
        out.mkdir(parents=True, exist_ok=True)

    def _self_critical(self) -> SelfCritical:
        records = self.episodes.pools["captions"]
        return SelfCritical(records, CaptionReward(records), self.episodes.packer, self.store)

    def wait_for_pictures(self, encoding: "subprocess.Popen[bytes]") -> None:
        """Returns when there is enough to begin with.

        Raises:
            RuntimeError: the encoder ended before that.
        """
        while self.episodes.count < FIRST_PICTURES:
            ended = encoding.poll() is not None
            time.sleep(2)
            self.episodes.refresh()
            if ended and self.episodes.count < FIRST_PICTURES and encoding.returncode != 0:
                raise RuntimeError("encoding the pictures failed; its message stands above")
            if ended:
                return

    def save(self) -> None:
        """Writes the checkpoint whole or not at all."""
        state = {
            "bridge": self.model.bridge.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "elapsed": self.elapsed,
            "random": self.rng.getstate(),
            "settings": asdict(self.settings),
        }
        partial = self.out / f"{CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.replace(self.out / CHECKPOINT)

    def resume(self) -> None:
        """Goes on from the checkpoint in `out`."""
        state = torch.load(self.out / CHECKPOINT, map_location="cpu", weights_only=True)
        self.model.bridge.load_state_dict(state["bridge"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.samples = state["step"], state["samples"]
        self.elapsed = state["elapsed"]
        version, words, gauss = state["random"]
        self.rng.setstate((version, tuple(words), gauss))

    def _loss(self) -> Tensor:
        """Of fresh rows, or of the model's own captions."""
        own = self.own_captions
        if own and self.rng.random() < self.settings.self_critical:
            self.samples += own.pictures * own.times
            loss, self.reward = own.loss(self.model, self.rng)
            return loss
        rows = self.episodes.rows(self.settings.tokens, self.rng)
        self.samples += sum(len(row.media) for row in rows)
        loss = batch_loss(self.model, collate(rows, self.store, self.model.config.image_token))
        self.smooth = (
            loss.item() if math.isnan(self.smooth) else (0.98 * self.smooth + 0.02 * loss.item())
        )
        return loss

    def train_step(self, progress: float) -> float:
        """One update; returns the gradient's norm."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, progress, self.settings)
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = self._loss()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.bridge.parameters(), self.settings.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        return norm.item()

    def run(
        self,
        minutes: float | None,
        steps: int | None,
        encoding: "subprocess.Popen[bytes] | None",
    ) -> None:
        """Trains until the time or the steps are over, saving every five minutes."""
        log = (self.out / "log.jsonl").open("a")
        before, began = self.elapsed, time.monotonic()
        saved = refreshed = began
        bar = tqdm(total=steps, initial=self.step, mininterval=10, unit="step")
        while True:
            self.elapsed = before + time.monotonic() - began
            progress = self.elapsed / 60 / minutes if minutes else self.step / (steps or 1)
            if progress >= 1:
                break
            norm = self.train_step(progress)
            bar.update(1)
            if self.step % 20 == 0:
                rate = self.samples / self.elapsed if self.elapsed else 0.0
                bar.set_postfix(
                    loss=f"{self.smooth:.3f}", samples=self.samples, rate=f"{rate:.1f}/s"
                )
                entry = {
                    "step": self.step,
                    "samples": self.samples,
                    "minutes": self.elapsed / 60,
                }
                entry |= {"loss": self.smooth, "norm": norm, "pictures": self.episodes.count}
                entry |= {"reward": self.reward} if self.own_captions else {}
                log.write(json.dumps(entry) + "\n")
                log.flush()
            now = time.monotonic()
            if now - saved > 300:
                self.save()
                saved = now
            if encoding and now - refreshed > 120:
                self.episodes.refresh()
                refreshed = now
                if encoding.poll() is not None:
                    encoding = None
        self.save()
        bar.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--steps", type=int)
    parser.add_argument("--from", dest="start", type=Path, help="a shipped model's folder")
    parser.add_argument("--resume", action="store_true")
    for field, default in asdict(Settings()).items():
        if isinstance(default, (int, float)):
            flag = f"--{field.replace('_', '-')}"
            parser.add_argument(flag, type=type(default), default=default)
    args = parser.parse_args()
    known = {name: getattr(args, name, default) for name, default in asdict(Settings()).items()}
    trainer = Trainer(args.data, args.out, Settings(**known))
    if args.resume and (args.out / CHECKPOINT).exists():
        trainer.resume()
    elif args.start:
        trainer.model.bridge.load_state_dict(load_bridge(args.start))
    encoding = encode_in_background(args.data, trainer.missing) if trainer.missing else None
    try:
        if encoding:
            trainer.wait_for_pictures(encoding)
        trainer.run(args.minutes, args.steps, encoding)
    finally:
        if encoding:
            encoding.terminate()


if __name__ == "__main__":
    main()
