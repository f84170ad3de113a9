"""The residual stream of the decoder."""

import numpy as np
from numpy.typing import NDArray

from training.graphs.builder import MICROSOFT, Builder


class Residual:
    """x [R,D] and what is still to be added to it: the addition and the norm after it are one operator."""

    def __init__(self, b: Builder, x: str, epsilon: float) -> None:
        self.b, self.epsilon = b, epsilon
        self._x, self._delta = x, ""

    def add(self, delta: str) -> None:
        self._x, self._delta = self.value(), delta

    def value(self) -> str:
        """x with everything added."""
        if self._delta:
            self._x, self._delta = self.b.op("Add", self._x, self._delta), ""
        return self._x

    def rms_norm(self, name: str, weight: NDArray[np.float32]) -> str:
        """x normalised, [R,D]."""
        b = self.b
        scale = b.float_weight("language", name, weight)
        if not self._delta:
            return b.op(
                "SimplifiedLayerNormalization", self._x, scale, axis=-1, epsilon=self.epsilon
            )
        normed, total = f"{name}:normed", f"{name}:sum"
        b.node(
            "SkipSimplifiedLayerNormalization",
            (self._x, self._delta, scale),
            [normed, "", "", total],
            domain=MICROSOFT,
            epsilon=self.epsilon,
        )
        self._x, self._delta = total, ""
        return normed
