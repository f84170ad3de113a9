"""A run of training: steps, checkpoints, log. `training/train.py` is its command."""

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.config import FlamingoConfig
from training.data.batch import Batch, collate
from training.data.episodes import Episodes
from training.data.features import FeatureStore
from training.data.manifest import Record
from training.data.rows import IGNORED, Packer
from training.distributed import Ranks
from training.frozen.packages import SMOLLM2, fetch
from training.frozen.smollm2 import load_smollm2
from training.loss import TiedHeadLoss
from training.model.flamingo import Flamingo
from training.schedule import Settings, parameter_groups, rate_at
from training.self_critical import CaptionReward, SelfCritical, latents_of
from training.tokenizer import build_tokenizer

CHECKPOINT = "checkpoint.pt"
_SAVE_SECONDS, _REFRESH_SECONDS = 300, 120


def batch_loss(model: Flamingo, batch: Batch) -> Tensor:
    """Mean cross-entropy over the answers' tokens."""
    hidden = model.hidden(batch.ids, latents_of(model, batch.groups), batch.chunks)
    wanted = batch.labels != IGNORED
    # The head is a quarter of the language model's weights: only where something is learnt.
    states = model.decoder.final_norm(hidden[wanted])
    end_row = model.bridge.new_head[1].float()
    with torch.autocast("cpu", enabled=False):
        return TiedHeadLoss.apply(states, end_row, model.decoder.embedding, batch.labels[wanted])


@dataclass
class Parts:
    """What is trained, and on what. `missing` names the sets whose pictures are not all encoded yet."""

    model: Flamingo
    episodes: Episodes
    missing: list[str] = field(default_factory=list)


def default_parts(records: list[Record], store: FeatureStore, missing: list[str]) -> Parts:
    """The default model over records that may be trained on."""
    config = FlamingoConfig()
    model = Flamingo(config, load_smollm2())
    model.decoder.to(torch.bfloat16)
    packer = Packer(build_tokenizer(fetch(SMOLLM2)), config)
    return Parts(model, Episodes(records, store, packer), missing)


def _stream(state: list[Any]) -> tuple[Any, ...]:
    """A random state as `random.Random` takes it."""
    version, words, gauss = state
    return version, tuple(words), gauss


class Trainer:
    """One process of a run: model, optimiser, episodes, and the place in the schedule."""

    def __init__(self, parts: Parts, out: Path, settings: Settings, ranks: Ranks) -> None:
        self.settings, self.out, self.ranks = settings, out, ranks
        self.model, self.episodes, self.missing = parts.model, parts.episodes, parts.missing
        self.objective = ranks.objective(self.model)
        # Each process draws rows and samples of its own.
        torch.manual_seed(settings.seed + ranks.rank)
        self.rng = random.Random(settings.seed + ranks.rank)
        self.own_captions = self._self_critical() if settings.self_critical else None
        groups = parameter_groups(self.model.bridge, settings)
        self.optimiser = ranks.adamw(groups, lr=settings.rate, betas=settings.betas)
        self.step, self.samples, self.elapsed = 0, 0, 0.0
        # Of the answers' tokens, over about 50 steps; and the mean CIDEr of the last own captions.
        self.smooth, self.reward = math.nan, 0.0
        out.mkdir(parents=True, exist_ok=True)

    def _self_critical(self) -> SelfCritical:
        records, store = self.episodes.pools["captions"], self.episodes.store
        return SelfCritical(records, CaptionReward(records), self.episodes.packer, store)

    def save(self) -> None:
        """Writes the checkpoint whole or not at all. All processes have to call."""
        optimiser = self.ranks.whole_state(self.optimiser)
        streams = self.ranks.gather(self.rng.getstate())
        (samples,) = self.ranks.sums([self.samples])
        if not self.ranks.first:
            return
        state = {
            "bridge": self.model.bridge.state_dict(),
            "optimiser": optimiser,
            "step": self.step,
            "samples": int(samples),
            "elapsed": self.elapsed,
            "random": streams[0],
            "further streams": streams[1:],
            "settings": asdict(self.settings),
        }
        partial = self.out / f"{CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.replace(self.out / CHECKPOINT)

    def resume(self) -> None:
        """Goes on from the checkpoint in `out`, whatever number of processes wrote it."""
        state = torch.load(self.out / CHECKPOINT, map_location="cpu", weights_only=True)
        self.model.bridge.load_state_dict(state["bridge"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        # Summed over the processes when it is told.
        self.samples = state["samples"] if self.ranks.first else 0
        streams = [state["random"], *state.get("further streams", ())]
        if self.ranks.rank < len(streams):
            self.rng.setstate(_stream(streams[self.ranks.rank]))
        else:
            self.rng.seed(f"{self.settings.seed} {self.ranks.rank} {self.step}")

    def _loss(self) -> Tensor:
        """Of fresh rows, or of the model's own captions; weighted so that the mean of all processes is that of one."""
        own, size = self.own_captions, self.ranks.size
        # By the step alone: the processes have to do the same.
        turn = random.Random(f"{self.settings.seed} {self.step}").random()
        if own and turn < self.settings.self_critical:
            self.samples += own.pictures * own.times
            loss, reward = self.objective(lambda model: own.loss(model, self.rng))
            self.reward = self.ranks.sums([reward])[0] / size
            return loss
        rows = self.episodes.rows(self.settings.tokens, self.rng)
        self.samples += sum(len(row.media) for row in rows)
        batch = collate(rows, self.episodes.store, self.model.config.image_token)
        loss = self.objective(lambda model: batch_loss(model, batch))
        count = int((batch.labels != IGNORED).sum())
        total, tokens = self.ranks.sums([loss.item() * count, count])
        mean = total / tokens
        self.smooth = mean if math.isnan(self.smooth) else 0.98 * self.smooth + 0.02 * mean
        return loss * (count * size / tokens)

    def train_step(self, progress: float) -> float:
        """One update; returns the gradient's norm."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.step, progress, self.settings)
        self.optimiser.zero_grad(set_to_none=True)
        half = self.model.decoder.embedding.dtype == torch.bfloat16
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = self._loss()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.bridge.parameters(), self.settings.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        return norm.item()

    def _entry(self, norm: float) -> dict[str, float]:
        """A line of the log."""
        (samples,) = self.ranks.sums([self.samples])
        entry = {"step": self.step, "samples": int(samples), "minutes": self.elapsed / 60}
        entry |= {"loss": self.smooth, "norm": norm, "pictures": self.episodes.count}
        return entry | ({"reward": self.reward} if self.own_captions else {})

    def run(
        self,
        minutes: float | None,
        steps: int | None,
        watch: Callable[[float], None] | None = None,
    ) -> None:
        """Trains until the time or the steps are over, saving every five minutes.

        `watch` hears of the progress (0 to 1) before each step and after the last.
        """
        before, began = self.elapsed, time.monotonic()
        saved = refreshed = began
        bar = tqdm(
            total=steps,
            initial=self.step,
            mininterval=10,
            unit="step",
            disable=not self.ranks.first,
        )
        while True:
            now = time.monotonic()
            progress = (
                (before + now - began) / 60 / minutes if minutes else self.step / (steps or 1)
            )
            due = now - saved > _SAVE_SECONDS
            self.elapsed, progress, save = self.ranks.from_first(
                [before + now - began, progress, due]
            )
            if watch:
                watch(min(progress, 1.0))
            if save or progress >= 1:
                self.save()
                saved = now
            if progress >= 1:
                break
            norm = self.train_step(progress)
            bar.update(1)
            if self.step % 20 == 0:
                entry = self._entry(norm)
                rate = entry["samples"] / self.elapsed if self.elapsed else 0.0
                bar.set_postfix(
                    loss=f"{self.smooth:.3f}", samples=entry["samples"], rate=f"{rate:.1f}/s"
                )
                if self.ranks.first:
                    with (self.out / "log.jsonl").open("a") as log:
                        log.write(json.dumps(entry) + "\n")
            if self.missing and now - refreshed > _REFRESH_SECONDS:
                self.episodes.refresh()
                self.missing = [n for n in self.missing if self.episodes.store.missing(n)]
                refreshed = now
        bar.close()
