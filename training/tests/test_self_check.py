"""The values that browsers check their GPU against are those of the shipped tiny model."""

import json

import numpy as np

from training.goldens.self_check import FILE, self_check_goldens


def test_the_file_is_what_the_tiny_model_gives() -> None:
    known = json.loads(FILE.read_text())
    computed = self_check_goldens()
    assert list(known) == ["vision", "bridge", "prompt", "step"]
    for graph, values in computed.items():
        np.testing.assert_allclose(known[graph], values, atol=1e-4, err_msg=graph)
        assert np.ptp(values) > 0.1
