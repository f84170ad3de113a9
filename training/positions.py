"""Interpolation of the learned places and times, as matrices: the bridge's `grid` and `time` inputs.

The page makes the same in `workers/vision/interpolate.ts`; a golden file holds the two together.
"""

import numpy as np
from numpy.typing import NDArray


def _linear(places: NDArray[np.float64], rows: int) -> NDArray[np.float32]:
    """Weights [len(places), rows] that interpolate a table of `rows` at fractional places."""
    clamped = np.clip(places, 0, rows - 1)
    low = np.minimum(np.floor(clamped).astype(np.int64), rows - 1)
    high = np.minimum(low + 1, rows - 1)
    fraction = clamped - low
    out = np.zeros((len(places), rows))
    index = np.arange(len(places))
    out[index, low] += 1 - fraction
    out[index, high] += fraction
    return out.astype(np.float32)


def grid_matrix(columns: int, rows: int, grid: int = 9) -> NDArray[np.float32]:
    """Weights [rows*columns*grid^2, grid^2] for the features of a picture's tiles, in reading order.

    Feature (i, j) of the whole map lies at ((i+0.5)/rows - 0.5, (j+0.5)/columns - 0.5) of the table.
    """
    down = _linear((np.arange(rows * grid) + 0.5) / rows - 0.5, grid)
    across = _linear((np.arange(columns * grid) + 0.5) / columns - 0.5, grid)
    whole = np.einsum("ia,jb->ijab", down, across)
    tiles = whole.reshape(rows, grid, columns, grid, grid * grid).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(tiles.reshape(-1, grid * grid))


def time_matrix(frames: int, rows: int = 8) -> NDArray[np.float32]:
    """Weights [frames, rows]: frame i of F lies at i (rows-1)/(F-1); Flamingo, appendix B.1.2."""
    places = np.arange(frames) * ((rows - 1) / (frames - 1)) if frames > 1 else np.zeros(1)
    return _linear(places, rows)
