"""Cross-entropy over the tied, frozen head, without ever holding all logits.

The head has 49,152 rows and no gradient of its own, so the gradient with respect to the hidden states
can be made in the forward pass, a few hundred positions at a time.
"""

from typing import Any

import torch
from torch import Tensor

_POSITIONS = 256


class TiedHeadLoss(torch.autograd.Function):
    """Mean cross-entropy of `[old rows, end-of-chunk]`; `<image>` is never a target nor counted."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, end_row: Tensor, embedding: Tensor, targets: Tensor
    ) -> Tensor:
        """hidden float [n,D] (after the final norm), end_row float [D], embedding [V,D], targets [n].

        Targets above V-1 mean end-of-chunk.
        """
        n, vocabulary = hidden.shape[0], embedding.shape[0]
        end_logits = hidden @ end_row
        is_end = targets >= vocabulary
        old_targets = targets.clamp(max=vocabulary - 1)
        grad = torch.empty_like(hidden)
        grad_end = torch.zeros_like(end_row)
        total = hidden.new_zeros(())
        for start in range(0, n, _POSITIONS):
            part = slice(start, start + _POSITIONS)
            logits = (hidden[part].to(embedding.dtype) @ embedding.T).float()
            picked = logits.gather(1, old_targets[part, None])[:, 0]
            lse = torch.logaddexp(torch.logsumexp(logits, -1), end_logits[part])
            total += (lse - torch.where(is_end[part], end_logits[part], picked)).sum()
            probabilities = logits.sub_(lse[:, None]).exp_()
            error = (end_logits[part] - lse).exp() - is_end[part].float()
            old = ~is_end[part]
            probabilities[old.nonzero()[:, 0], old_targets[part][old]] -= 1
            grad[part] = (probabilities.to(embedding.dtype) @ embedding).float()
            grad[part] += error[:, None] * end_row
            grad_end += error @ hidden[part]
        ctx.save_for_backward(grad / n, grad_end / n)
        return total / n

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None, None]:
        grad, grad_end = ctx.saved_tensors
        return grad * upstream, grad_end * upstream, None, None
