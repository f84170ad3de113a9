"""The exported graphs of both flavours against the model in PyTorch, on the tiny random Flamingo."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.graphs.builder import Flavour
from training.graphs.manifest import FLAVOURS, ModelSource, write_model
from training.model.flamingo import Flamingo
from training.positions import grid_matrix, time_matrix
from training.runtime import ExportedModel
from training.shipped import as_shipped, load_bridge
from training.tiny import tiny_source

TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def source() -> ModelSource:
    return tiny_source()[0]


@pytest.fixture(scope="module")
def folder(source: ModelSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    write_model(source, path)
    return path


@pytest.fixture(scope="module", params=FLAVOURS)
def exported(folder: Path, request: pytest.FixtureRequest) -> ExportedModel:
    flavour: Flavour = request.param
    return ExportedModel(folder, flavour)


@pytest.fixture(scope="module")
def model(source: ModelSource) -> Iterator[Flamingo]:
    """PyTorch with the weights as they ship."""
    model = Flamingo(source.config, source.language).eval()
    state = {name: torch.from_numpy(value) for name, value in source.bridge.items()}
    model.bridge.load_state_dict(as_shipped(state))
    with torch.inference_mode():
        yield model


def features(count: int, width: int = 32, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(size=(1, count, width)), 0).astype(np.float32)


def mask_of(ids: NDArray[np.int32], image: int, media: int) -> NDArray[np.float32]:
    time = np.cumsum(ids == image, axis=1)
    return (time[..., None] == np.arange(1, max(media, 1) + 1)).astype(np.float32)


def every(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.arange(ids.size, dtype=np.int32)


def latents_of(model: Flamingo, count: int, seeds: list[int]) -> torch.Tensor:
    grid = torch.from_numpy(grid_matrix(count // 81, 1))
    stack = [torch.from_numpy(features(count, seed=seed)) for seed in seeds]
    return model.bridge.latents(torch.stack(stack), grid, torch.zeros(1, 8))[None]


def media_of(exported: ExportedModel, count: int, seeds: list[int]) -> NDArray[np.float32]:
    grid, time = grid_matrix(count // 81, 1), np.zeros((1, 8), np.float32)
    return np.concatenate([exported.media(features(count, seed=s), grid, time) for s in seeds])


def prompt(source: ModelSource) -> NDArray[np.int32]:
    image, end = source.config.image_token, source.config.end_of_chunk
    return np.array([[0, 40, image, 41, 42, 43, end, image, 44, 45]], np.int32)


def test_vision(exported: ExportedModel, source: ModelSource) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 3, 72, 72)).astype(np.float32)
    with torch.inference_mode():
        expected = source.encoder(torch.from_numpy(pixels)).numpy()
    assert np.abs(exported.encode(pixels) - expected).max() < TOLERANCE


@pytest.mark.parametrize("count", [81, 162, 324])
def test_logits_with_two_pictures(
    exported: ExportedModel, model: Flamingo, source: ModelSource, count: int
) -> None:
    """Text before the first picture, two pictures, tiles: every logit of every position."""
    ids = prompt(source)
    expected = model(torch.from_numpy(ids).long(), latents_of(model, count, [1, 2]))[0].numpy()
    media = media_of(exported, count, [1, 2])
    mask = mask_of(ids, source.config.image_token, 2)
    step = exported.step(ids, media, mask, every(ids), None, None)
    assert np.abs(step.logits - expected).max() < TOLERANCE
    assert (step.argmax == expected.argmax(-1)).all()
    other = media_of(exported, count, [1, 3])
    changed = exported.step(ids, other, mask, every(ids), None, None).logits
    assert np.array_equal(changed[:7], step.logits[:7]), "a picture changed what stands before it"
    assert np.abs(changed[7:] - step.logits[7:]).max() > 0.05, "the picture changes nothing"


def test_a_clip(exported: ExportedModel, model: Flamingo) -> None:
    """Five frames, times interpolated from eight rows: one media item."""
    frames = np.concatenate([features(81, seed=s) for s in range(5)])
    grid, time = grid_matrix(1, 1), time_matrix(5)
    expected = model.bridge.latents(*(torch.from_numpy(x) for x in (frames[None], grid, time)))
    block = model.bridge.blocks[0].attn
    keys = block.to_kv(expected).chunk(2, -1)[0][0].numpy()
    assert np.abs(exported.media(frames, grid, time)[0, 0] - keys).max() < TOLERANCE


def test_pieces_equal_the_whole(exported: ExportedModel, source: ModelSource) -> None:
    """Prefill in pieces, one-token steps, and a KV that was set back."""
    ids, image = prompt(source), source.config.image_token
    media, mask = media_of(exported, 81, [1, 2]), mask_of(ids, source.config.image_token, 2)
    whole = exported.step(ids, media, mask, every(ids), None, None)
    past, logits = None, []
    for start, end in ((0, 2), (2, 7), (7, 8), (8, 9), (9, 10)):
        part = ids[:, start:end]
        step = exported.step(part, media, mask[:, start:end], every(part), past, None)
        past = step.past
        logits.append(step.logits)
    assert np.abs(np.concatenate(logits) - whole.logits).max() < TOLERANCE
    again = exported.step(ids[:, 7:], media, mask[:, 7:], every(ids[:, 7:]), whole.past[:7], None)
    assert np.abs(again.logits - whole.logits[7:]).max() < TOLERANCE
    assert image in ids[0, 7:]


def test_closed_gates_are_the_language_model(
    exported: ExportedModel, model: Flamingo, source: ModelSource
) -> None:
    """With the factor 0 the pictures change not one bit, and the logits are the plain decoder's."""
    ids = np.array([[5, 6, 7, 8, 9]], np.int32)
    mask = np.ones((1, 5, 1), np.float32)
    closed = [
        exported.step(ids, media, m, every(ids), None, None, gates=0.0).logits
        for media, m in (
            (media_of(exported, 81, [1]), mask),
            (media_of(exported, 81, [2]), mask),
            (exported.no_media(), 0 * mask),
        )
    ]
    assert np.array_equal(closed[0], closed[1])
    assert np.array_equal(closed[0], closed[2])
    plain = model.decoder(torch.from_numpy(ids).long())[0].numpy()
    assert np.abs(closed[0][:, : source.config.language.vocabulary] - plain).max() < TOLERANCE


def test_no_media_equals_no_pictures(
    exported: ExportedModel, model: Flamingo, source: ModelSource
) -> None:
    """Zeros with a zero mask stand for "no picture"; the gated feed-forward still runs."""
    ids = np.array([[5, 6, 7]], np.int32)
    step = exported.step(
        ids, exported.no_media(), np.zeros((1, 3, 1), np.float32), every(ids), None, None
    )
    expected = model(torch.from_numpy(ids).long(), torch.zeros(1, 0, 64, 64))[0].numpy()
    assert np.abs(step.logits - expected).max() < TOLERANCE


def test_a_batch_equals_single_rows(folder: Path, source: ModelSource) -> None:
    """Left padding (wasm flavour): a short row beside a long one answers as it does alone."""
    exported, image = ExportedModel(folder, "wasm"), source.config.image_token
    rows = [np.array([[0, image, 41, 42, 43, 44]], np.int32), np.array([[0, image, 45]], np.int32)]
    media = media_of(exported, 81, [1, 2])
    ids = np.zeros((2, 6), np.int32)
    mask = np.zeros((2, 6, 2), np.float32)
    for b, row in enumerate(rows):
        ids[b, 6 - row.shape[1] :] = row[0]
        mask[b, 7 - row.shape[1] :, b] = 1
    pad = np.array([0, 3], np.int32)
    last = np.array([5, 11], np.int32)
    step = exported.step(ids, media, mask, last, None, pad)
    follow = exported.step(
        step.argmax[:, None], media, mask[:, -1:], np.array([0, 1], np.int32), step.past, pad
    )
    for b, row in enumerate(rows):
        mine = media[b : b + 1]
        alone = exported.step(row, mine, mask_of(row, image, 1), every(row)[-1:], None, None)
        assert np.abs(step.logits[b] - alone.logits[0]).max() < TOLERANCE
        nxt = alone.argmax[:, None]
        one = np.ones((1, 1, 1), np.float32)
        after = exported.step(nxt, mine, one, np.array([0], np.int32), alone.past, None)
        assert np.abs(follow.logits[b] - after.logits[0]).max() < TOLERANCE


def test_the_same_source_gives_the_same_bytes(
    source: ModelSource, folder: Path, tmp_path: Path
) -> None:
    write_model(source, tmp_path)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_frozen_shards_do_not_depend_on_the_bridge(
    source: ModelSource, folder: Path, tmp_path: Path
) -> None:
    other = {name: value * 1.5 for name, value in source.bridge.items()}
    write_model(ModelSource(**{**source.__dict__, "bridge": other}), tmp_path)
    for path in folder.glob("*.bin"):
        same = (tmp_path / path.name).read_bytes() == path.read_bytes()
        assert same is not path.name.startswith("bridge"), path.name


def test_a_shipped_bridge_can_be_resumed_from(source: ModelSource, folder: Path) -> None:
    """Reading a folder back gives the quantised weights: 1e-6 (the gates pass through tanh and back)."""
    state = {name: torch.from_numpy(value) for name, value in source.bridge.items()}
    expected = as_shipped(state)
    expected["new_head"] = expected["new_head"].clone()
    expected["new_head"][0] = 0
    actual = load_bridge(folder, source.config)
    assert set(actual) == set(expected)
    for name, value in expected.items():
        assert (actual[name] - value).abs().max() < 1e-6, name
