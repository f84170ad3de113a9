"""The bookkeeping of beam search, as `workers/decode/hypotheses.ts` has it.

Length penalty 0: a score is a sum of log-probabilities. Twice as many candidates as beams are looked
at, and one that ends counts only when it is among the first of them (Hugging Face's rule).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """Tokens without end-of-chunk, their score, and the beam it grew from."""

    tokens: tuple[int, ...] = ()
    score: float = 0.0
    parent: int = 0


@dataclass(frozen=True)
class Beams:
    """What goes on, best first, and the best answer that has ended."""

    alive: tuple[Hypothesis, ...] = (Hypothesis(),)
    ended: Hypothesis | None = None

    @property
    def decided(self) -> bool:
        """Scores only fall: nothing alive can overtake a better end."""
        return self.ended is not None and self.ended.score >= self.alive[0].score

    @property
    def best(self) -> Hypothesis:
        """The answer, when the search stops here."""
        options = [*self.alive, *([self.ended] if self.ended else [])]
        return max(options, key=lambda hypothesis: hypothesis.score)


def grow(beams: Beams, logprobs: NDArray[np.float32], width: int, end: int) -> Beams:
    """One step: logprobs [alive beams, V] -> the next beams."""
    scores = np.array([hypothesis.score for hypothesis in beams.alive])
    total = (scores[:, None] + logprobs).reshape(-1)
    top = np.argpartition(-total, 2 * width)[: 2 * width]
    alive: list[Hypothesis] = []
    ended = beams.ended
    for rank, flat in enumerate(top[np.argsort(-total[top])]):
        parent, token = divmod(int(flat), logprobs.shape[-1])
        tokens, score = beams.alive[parent].tokens, float(total[flat])
        if token != end and len(alive) < width:
            alive.append(Hypothesis((*tokens, token), score, parent))
        if token == end and rank < width and (ended is None or score > ended.score):
            ended = Hypothesis(tokens, score, parent)
    return Beams(tuple(alive), ended)
