"""Greedy and beam search that compute every step anew: no cache, nothing to go wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

NextLogits = Callable[[list[int]], Tensor]


def greedy(next_logits: NextLogits, end: int, longest: int) -> list[int]:
    """`next_logits` gives the logits [V] behind the new tokens so far."""
    new: list[int] = []
    while len(new) < longest:
        token = int(next_logits(new).argmax())
        if token == end:
            break
        new.append(token)
    return new


def beam(next_logits: NextLogits, end: int, longest: int, width: int = 3) -> list[int]:
    """Length penalty 0: the sum of log-probabilities; an end counts among the first `width` of a step."""
    alive: list[tuple[list[int], float]] = [([], 0.0)]
    ended: tuple[list[int], float] | None = None
    for _ in range(longest):
        options = []
        for tokens, score in alive:
            logs = torch.log_softmax(next_logits(tokens), -1)
            best = logs.topk(2 * width)
            options += [
                (score + float(value), tokens, int(token))
                for value, token in zip(best.values, best.indices, strict=True)
            ]
        options.sort(key=lambda option: -option[0])
        alive = []
        for rank, (score, tokens, token) in enumerate(options[: 2 * width]):
            if token == end:
                if rank < width and (ended is None or score > ended[1]):
                    ended = (tokens, score)
            elif len(alive) < width:
                alive.append(([*tokens, token], score))
        if ended and ended[1] >= alive[0][1]:
            break
    return max([*alive, *([ended] if ended else [])], key=lambda option: option[1])[0]
