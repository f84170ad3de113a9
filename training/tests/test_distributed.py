"""Two processes under torchrun against one process that takes both their rows: PyTorch's own AdamW, one batch."""

import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.data.batch import collate
from training.distributed import Ranks
from training.schedule import parameter_groups, rate_at
from training.tests.tiny_run import SETTINGS, parts_in
from training.trainer import CHECKPOINT, Trainer, batch_loss

STEPS = 6


def _torchrun(folder: Path, steps: int) -> list[dict[str, Any]]:
    """What the two processes left."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*command, "-m", "training.tests.tiny_run", str(folder), str(steps)],
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    return [torch.load(folder / f"rank-{rank}.pt") for rank in range(2)]


def _one_process(folder: Path, steps: int) -> tuple[float, dict[str, torch.Tensor]]:
    """The smoothed loss and the bridge, from batches that hold the rows of both streams."""
    parts = parts_in(folder)
    model, episodes = parts.model, parts.episodes
    optimiser = torch.optim.AdamW(
        parameter_groups(model.bridge, SETTINGS), lr=SETTINGS.rate, betas=SETTINGS.betas
    )
    streams, smooth = [random.Random(rank) for rank in range(2)], math.nan
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, step / steps, SETTINGS)
        rows = [row for rng in streams for row in episodes.rows(SETTINGS.tokens, rng)]
        optimiser.zero_grad()
        loss = batch_loss(model, collate(rows, episodes.store, model.config.image_token))
        loss.backward()
        nn.utils.clip_grad_norm_(model.bridge.parameters(), SETTINGS.clip)
        optimiser.step()
        smooth = loss.item() if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss.item()
    return smooth, model.bridge.state_dict()


def _distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    return sum(float((a[name] - b[name]).square().sum()) for name in a) ** 0.5


def test_two_processes_learn_what_one_would_and_go_on(tmp_path: Path) -> None:
    start = {k: v.clone() for k, v in parts_in(tmp_path).model.bridge.state_dict().items()}
    first, second = _torchrun(tmp_path, STEPS)
    assert all(torch.equal(first["bridge"][k], second["bridge"][k]) for k in first["bridge"])
    assert first["random"] != second["random"], "each process draws rows of its own"
    loss, bridge = _one_process(tmp_path, STEPS)
    # AdamW's first steps make much of what rounding leaves of a small gradient.
    assert abs(first["loss"] - loss) < 1e-4 * loss
    assert first["loss"] == second["loss"]
    assert _distance(first["bridge"], bridge) < 0.02 * _distance(start, bridge)

    # One process goes on from the checkpoint of two, with the optimiser's whole state.
    saved = torch.load(tmp_path / "run" / CHECKPOINT)
    alone = Trainer(parts_in(tmp_path), tmp_path / "run", SETTINGS, Ranks())
    alone.resume()
    assert alone.step == STEPS and alone.rng.getstate()[1] == first["random"]
    moments = alone.optimiser.state_dict()["state"]
    assert set(moments) == set(range(len(bridge))) == set(saved["optimiser"]["state"])
    assert all(int(moment["step"]) == STEPS for moment in moments.values())

    # And so do two, each in its own stream.
    third, fourth = _torchrun(tmp_path, STEPS + 2)
    assert all(torch.equal(third["bridge"][k], fourth["bridge"][k]) for k in third["bridge"])
    assert _distance(third["bridge"], first["bridge"]) > 0
    assert torch.load(tmp_path / "run" / CHECKPOINT)["step"] == STEPS + 2
    assert third["random"] != first["random"] and fourth["random"] != second["random"]
