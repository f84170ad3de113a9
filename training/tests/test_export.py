"""The export command, and the default model as it lies under public/models."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from PIL import Image

from training.config import FlamingoConfig
from training.default_goldens import CASES, EXAMPLES, ROOT, default_goldens, encode_picture
from training.export import (
    BRIDGE_LIMIT,
    FILE_LIMIT,
    GOLDENS,
    MODEL_LIMIT,
    NAME,
    check_sizes,
    default_source,
)
from training.frozen.efficientnet import load_efficientnet
from training.frozen.smollm2 import load_smollm2
from training.graphs.builder import Flavour
from training.graphs.manifest import FLAVOURS, ModelSource, write_model
from training.model.flamingo import Flamingo
from training.pixels import pixels
from training.positions import grid_matrix
from training.runtime import ExportedModel
from training.shipped import load_bridge
from training.tiny import tiny_source
from training.worked_example import CASE, worked_example

MODELS = ROOT / "public" / "models"
DEFAULT, TINY = MODELS / NAME, MODELS / "tiny-random"
# Of logits around 20: other orders of summation over 30 layers.
TOLERANCE = 2e-3


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return tiny_source()[0]


def test_the_tiny_model_is_the_one_that_is_tracked(tiny: ModelSource, tmp_path: Path) -> None:
    write_model(tiny, tmp_path)
    assert {p.name for p in TINY.iterdir()} == {p.name for p in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        assert (TINY / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_bridge_changes_its_shards_and_the_manifest_only(
    tiny: ModelSource, tmp_path: Path
) -> None:
    other = {name: value * 1.5 for name, value in tiny.bridge.items()}
    write_model(ModelSource(**{**tiny.__dict__, "bridge": other}), tmp_path)
    changed = {
        path.name
        for path in tmp_path.iterdir()
        if (TINY / path.name).read_bytes() != path.read_bytes()
    }
    assert changed == {"bridge-00.bin", "manifest.json"}


@pytest.mark.parametrize("folder", [TINY, DEFAULT], ids=lambda folder: folder.name)
def test_the_manifest_describes_every_file(folder: Path) -> None:
    """Sizes, hashes, the limit of a file, the frozen parts apart; nothing lies beside what is listed."""
    manifest = json.loads((folder / "manifest.json").read_text())
    graphs = [graph for flavour in manifest["graphs"].values() for graph in flavour.values()]
    listings = [graph["expand"] for graph in graphs if graph["expand"]]
    listings += [graph["kernels"] for graph in graphs if graph.get("kernels")]
    entries = [*manifest["shards"], manifest["tokenizer"], *graphs, *listings]
    assert {p.name for p in folder.iterdir()} == {"manifest.json", *(e["path"] for e in entries)}
    for entry in entries:
        data = (folder / entry["path"]).read_bytes()
        assert entry["bytes"] == len(data) <= FILE_LIMIT
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    for shard in manifest["shards"]:
        assert shard["path"].startswith(shard["part"])
    assert sorted({s for graph in graphs for s in graph["shards"]}) == sorted(
        shard["path"] for shard in manifest["shards"]
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", ["vision", "bridge", "language"])
def test_no_run_computes_on_weights(name: str, flavour: Flavour, tmp_path: Path) -> None:
    """Casts of 16-bit weights and the sums m + 8d are folded when the session is made."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    if flavour == "wasm":
        # The values do not matter here; each expanded weight is zero.
        raw = onnx.load(TINY / f"{name}.wasm.onnx", load_external_data=False)
        missing = [
            tensor
            for tensor in raw.graph.initializer
            if any(entry.value == "expanded" for entry in tensor.external_data)
        ]
        values = [
            ort.OrtValue.ortvalue_from_numpy(np.zeros(tensor.dims, np.float32))
            for tensor in missing
        ]
        options.add_external_initializers([tensor.name for tensor in missing], values)
    path = str(TINY / f"{name}.{flavour}.onnx")
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    graph = onnx.load(tmp_path / "optimised.onnx", load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    computed = {
        node.op_type
        for node in graph.node
        if node.input and all(not value or value in constants for value in node.input)
    }
    # The bridge's first queries come from the learned latents alone.
    assert computed <= ({"MatMulNBits", "MatMul"} if name == "bridge" else set())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"language-00.bin": FILE_LIMIT + 1}, "language-00.bin has"),
        ({f"bridge-{i:02d}.bin": BRIDGE_LIMIT // 3 + 1 for i in range(3)}, "too large"),
        ({f"language-{i:02d}.bin": MODEL_LIMIT // 10 + 1 for i in range(10)}, "too large"),
    ],
)
def test_too_large_is_an_error(files: dict[str, int], message: str, tmp_path: Path) -> None:
    for name, size in files.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    with pytest.raises(ValueError, match=message):
        check_sizes(tmp_path)


def test_sizes_of_the_default_model() -> None:
    sizes = check_sizes(DEFAULT)
    assert sizes["bridge"] <= BRIDGE_LIMIT
    assert sum(sizes.values()) <= MODEL_LIMIT


def test_the_default_models_frozen_shards_come_from_the_packages(tmp_path: Path) -> None:
    """Made anew from packages and shipped bridge: graphs, tokenizer and frozen shards are the same bytes."""
    write_model(default_source(load_bridge(DEFAULT), NAME), tmp_path)
    for path in tmp_path.iterdir():
        if path.name.startswith("bridge-") or path.name == "manifest.json":
            continue
        assert (DEFAULT / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_default_model_equals_pytorch(flavour: Flavour) -> None:
    """A picture, from pixels to logits, with the weights as they ship."""
    exported = ExportedModel(DEFAULT, flavour)
    model = Flamingo(FlamingoConfig(), load_smollm2()).eval()
    model.bridge.load_state_dict(load_bridge(DEFAULT))
    ids = np.array([[0, 504, 49152, 26532, 1289, 42, 330, 2644]], np.int32)
    mask = (np.cumsum(ids == 49152, axis=1)[..., None] > 0).astype(np.float32)
    every = np.arange(ids.size, dtype=np.int32)
    media = encode_picture(exported, EXAMPLES / "cat.jpg")
    actual = exported.step(ids, media, mask, every, None, None).logits
    with torch.inference_mode(), Image.open(EXAMPLES / "cat.jpg") as picture:
        features = load_efficientnet()(torch.from_numpy(pixels(picture)))[None]
        grid = torch.from_numpy(grid_matrix(1, 1))
        latents = model.bridge.latents(features, grid, torch.zeros(1, 8))[None]
        expected = model(torch.from_numpy(ids).long(), latents)[0].numpy()
    assert np.abs(actual - expected).max() < TOLERANCE


def test_the_golden_answers_are_the_default_models() -> None:
    expected = json.loads(GOLDENS.read_text(encoding="utf-8"))
    for case, golden in zip(default_goldens(DEFAULT, [*CASES, CASE]), expected, strict=True):
        assert np.abs(np.subtract(case.pop("logits"), golden.pop("logits"))).max() < TOLERANCE
        assert case == golden


def test_the_page_shows_what_the_default_model_really_says() -> None:
    stored = json.loads((ROOT / "public" / "examples" / "worked.json").read_text(encoding="utf-8"))
    assert stored == worked_example(DEFAULT.name, default_goldens(DEFAULT, [CASE])[0])
