"""What a run is made of, and how its rate of learning goes."""

import math
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Settings:
    """Written beside the checkpoint of a run. `tokens` are those of one process's batch."""

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


def parameter_groups(bridge: nn.Module, settings: Settings) -> list[dict[str, Any]]:
    """For AdamW: matrices decay; gates, norms, latents and tables do not."""
    decay, plain = [], []
    for name, parameter in bridge.named_parameters():
        matrix = parameter.ndim == 2 and name.endswith("weight")
        (decay if matrix else plain).append(parameter)
    return [
        {"params": decay, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


def rate_at(step: int, progress: float, settings: Settings) -> float:
    """Linear warm-up by steps, then a cosine over the run's progress (0 to 1)."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return settings.rate * warm * (settings.final_rate + (1 - settings.final_rate) * cosine)
