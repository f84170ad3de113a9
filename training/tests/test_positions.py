"""The interpolation matrices are what docs/design.md says, and what the golden file holds."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.goldens.canvases import position_goldens
from training.positions import grid_matrix, time_matrix

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "positions.json"


def test_golden_file_is_up_to_date() -> None:
    wanted = json.loads(GOLDEN.read_text(encoding="utf-8"))
    actual = json.loads(json.dumps(position_goldens()))
    assert actual["tiles"] == wanted["tiles"]
    for kind in ("grid", "time"):
        for one, other in zip(actual[kind], wanted[kind], strict=True):
            assert one.keys() == other.keys()
            np.testing.assert_allclose(one.pop("probe"), other.pop("probe"), atol=1e-4)
            assert one == other


def test_one_tile_is_the_table_itself() -> None:
    np.testing.assert_array_equal(grid_matrix(1, 1), np.eye(81, dtype=np.float32))


@pytest.mark.parametrize(("columns", "rows"), [(2, 1), (1, 3), (4, 1), (1, 4)])
def test_places_of_tiles(columns: int, rows: int) -> None:
    """A table that holds its own coordinates gives each feature's coordinates back, clamped."""
    matrix = grid_matrix(columns, rows)
    table = np.stack(np.divmod(np.arange(81), 9), axis=1).astype(np.float32)
    places = (matrix @ table).reshape(rows, columns, 9, 9, 2)
    for i in range(9 * rows):
        for j in range(9 * columns):
            wanted = np.clip(((i + 0.5) / rows - 0.5, (j + 0.5) / columns - 0.5), 0, 8)
            actual = places[i // 9, j // 9, i % 9, j % 9]
            np.testing.assert_allclose(actual, wanted, atol=1e-5)


@pytest.mark.parametrize("frames", [2, 3, 8, 11])
def test_times_of_a_clip(frames: int) -> None:
    matrix = time_matrix(frames)
    np.testing.assert_allclose(
        matrix @ np.arange(8), np.arange(frames) * 7 / (frames - 1), atol=1e-5
    )
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-6)


def test_a_single_frame_has_the_first_time() -> None:
    np.testing.assert_array_equal(time_matrix(1), np.eye(8, dtype=np.float32)[:1])
