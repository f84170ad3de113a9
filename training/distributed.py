"""Training by several processes on one or many machines, started by `torchrun`.

Each process takes rows of its own. PyTorch's DistributedDataParallel averages their gradients, and its
ZeroRedundancyOptimizer keeps the moments of a share of the weights in each. Without torchrun there is one
process, plain AdamW, and nothing is sent.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

from training.model.flamingo import Flamingo

# The first pictures may have to be encoded while the others wait.
_PATIENCE = timedelta(hours=3)

# A loss, or a tuple that begins with one.
LossOf = Callable[[Flamingo], Any]


class Objective(nn.Module):
    """Runs a loss of the model as a module's forward pass, where DDP can see it."""

    def __init__(self, model: Flamingo) -> None:
        super().__init__()
        self.model = model

    def forward(self, loss_of: LossOf) -> Any:
        """What `loss_of` makes of the model."""
        return loss_of(self.model)


@dataclass(frozen=True)
class Ranks:
    """This process among the `size` of the run; `local` counts those of this machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def join(cls) -> "Ranks":
        """Meets the other processes, as torchrun's environment names them."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        dist.init_process_group("gloo", timeout=_PATIENCE)
        return cls(dist.get_rank(), size, int(os.environ["LOCAL_RANK"]))

    def leave(self) -> None:
        """The end of the run."""
        if self.size > 1:
            dist.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this process writes checkpoints and logs."""
        return self.rank == 0

    def objective(self, model: Flamingo) -> nn.Module:
        """The module that is called for a loss; weights are made the first process's."""
        whole = Objective(model)
        if self.size == 1:
            return whole
        return DistributedDataParallel(whole, forward_sync_buffers=False)

    def adamw(self, groups: list[dict[str, Any]], **options: Any) -> torch.optim.Optimizer:
        """AdamW, its moments spread over the processes."""
        if self.size == 1:
            return torch.optim.AdamW(groups, **options)
        return ZeroRedundancyOptimizer(groups, torch.optim.AdamW, **options)

    def whole_state(self, optimiser: torch.optim.Optimizer) -> dict[str, Any] | None:
        """The optimiser's state in AdamW's own form; None in all processes but the first. All have to call."""
        if isinstance(optimiser, ZeroRedundancyOptimizer):
            optimiser.consolidate_state_dict(to=0)
        return optimiser.state_dict() if self.first else None

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value summed over the processes."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(total)
        return total.tolist()

    def from_first(self, values: Sequence[float]) -> list[float]:
        """The first process's values: clocks differ."""
        if self.size == 1:
            return list(values)
        told = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(told, 0)
        return told.tolist()

    def gather(self, value: Any) -> list[Any]:
        """The value of every process, in every process."""
        found: list[Any] = [value] * self.size
        if self.size > 1:
            dist.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        """Returns when all processes have come here."""
        if self.size > 1:
            dist.barrier()
