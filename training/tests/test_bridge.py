"""The bridge equals OpenFlamingo's on equal weights, and does what a Flamingo promises."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from training.config import (
    CrossAttentionConfig,
    FlamingoConfig,
    LanguageConfig,
    ResamplerConfig,
    VisionConfig,
)
from training.model.cross_attention import GatedCrossAttentionBlock
from training.model.flamingo import Flamingo, media_mask
from training.model.resampler import PerceiverResampler
from training.tiny import random_llama

IMAGE = 97
CONFIG = FlamingoConfig(
    language=LanguageConfig(4, 64, 4, 2, 16, 96, IMAGE),
    vision=VisionConfig(width=32),
    resampler=ResamplerConfig(width=48),
    cross_attention=CrossAttentionConfig(layers=(0, 2)),
)


def open_flamingo_helpers() -> ModuleType:
    """`open_flamingo/src/helpers.py` alone: the package's own import needs open_clip."""
    found = importlib.util.find_spec("open_flamingo")
    assert found and found.origin
    path = Path(found.origin).parent / "src" / "helpers.py"
    spec = importlib.util.spec_from_file_location("open_flamingo_helpers", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def helpers() -> ModuleType:
    return open_flamingo_helpers()


@pytest.fixture
def model() -> Flamingo:
    torch.manual_seed(0)
    model = Flamingo(CONFIG, random_llama(CONFIG.language, 0)).eval()
    for block in model.bridge.blocks:
        torch.nn.init.constant_(block.attn_gate, 0.7)
        torch.nn.init.constant_(block.ff_gate, -0.4)
    return model


@pytest.mark.parametrize("features", [81, 162, 324])
@pytest.mark.parametrize("frames", [0, 5])
def test_resampler_equals_open_flamingo(helpers: ModuleType, features: int, frames: int) -> None:
    """Tolerance 1e-5, six layers as OpenFlamingo has them, with and without frame embeddings."""
    torch.manual_seed(1)
    theirs = helpers.PerceiverResampler(dim=48, depth=6, max_num_frames=frames or None)
    ours = PerceiverResampler(ResamplerConfig(depth=6, width=48), frames)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, max(frames, 1), features, 48)
    with torch.inference_mode():
        expected = theirs(x)
        actual = ours(x.flatten(0, 1)).unflatten(0, (2, 3))
    assert (actual - expected).abs().max() < 1e-5


@pytest.mark.parametrize("mode", ["immediate", "all"])
def test_block_equals_open_flamingo(helpers: ModuleType, mode: str) -> None:
    """Tolerance 1e-5, gates opened; text before the first picture included (immediate mode)."""
    torch.manual_seed(2)
    theirs = helpers.GatedCrossAttentionBlock(
        dim=64, dim_visual=48, only_attend_immediate_media=mode == "immediate"
    )
    torch.nn.init.constant_(theirs.attn_gate, 0.7)
    torch.nn.init.constant_(theirs.ff_gate, -0.4)
    ours = GatedCrossAttentionBlock(64, 48, CrossAttentionConfig(ff_mult=4))
    ours.load_state_dict(theirs.state_dict())
    first = 2 if mode == "immediate" else 0
    ids = torch.zeros(2, 12, dtype=torch.long)
    ids[:, [first, 5, 9]] = IMAGE
    x, latents = torch.randn(2, 12, 64), torch.randn(2, 3, 64, 48)
    with torch.inference_mode():
        expected = theirs(x, latents, media_locations=ids == IMAGE)
        actual = ours(x, latents, media_mask(ids, IMAGE, 3, mode))
    assert (actual - expected).abs().max() < 1e-5


def test_whole_model_with_open_flamingos_own_layers(helpers: ModuleType) -> None:
    """OpenFlamingo puts blocks before layers 1, 3 (`(i+1) % 2 == 0`); the configuration can say so."""
    torch.manual_seed(3)
    config = replace(CONFIG, cross_attention=CrossAttentionConfig(layers=(1, 3), ff_mult=4))
    model = Flamingo(config, random_llama(config.language, 0)).eval()
    blocks = [helpers.GatedCrossAttentionBlock(dim=64, dim_visual=48) for _ in range(2)]
    for ours, theirs in zip(model.bridge.blocks, blocks, strict=True):
        torch.nn.init.constant_(theirs.attn_gate, 0.7)
        torch.nn.init.constant_(theirs.ff_gate, -0.4)
        ours.load_state_dict(theirs.state_dict())
    ids = torch.tensor([[1, 2, IMAGE, 3, 4, IMAGE, 5, 6]])
    latents = torch.randn(1, 2, 64, 48)
    with torch.inference_mode():
        actual = model(ids, latents)
        x = model.embed(ids)
        from training.model.language import rope_tables

        cos, sin = rope_tables(config.language, torch.arange(8))
        for i, layer in enumerate(model.decoder.layers):
            if (i + 1) % 2 == 0:
                x = blocks[i // 2](x, latents, media_locations=ids == IMAGE)
            x = layer(x, cos, sin)
        expected = model.logits(x)
    assert (actual - expected).abs().max() < 1e-4


def test_closed_gates_are_the_language_model(model: Flamingo) -> None:
    """Bit for bit, on every logit of the frozen vocabulary."""
    for block in model.bridge.blocks:
        torch.nn.init.zeros_(block.attn_gate)
        torch.nn.init.zeros_(block.ff_gate)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.inference_mode():
        plain = model.decoder(ids)
        gated = model(ids, torch.randn(1, 0, 64, 48).new_zeros(1, 0, 64, 48))
        mask = torch.ones(1, 5, 1, dtype=torch.bool)
        seen = model.logits(model.hidden(ids, torch.randn(1, 1, 64, 48), mask))
    assert torch.equal(gated[..., :IMAGE], plain)
    assert torch.equal(seen[..., :IMAGE], plain)


def test_a_picture_changes_nothing_before_its_token(model: Flamingo) -> None:
    ids = torch.tensor([[IMAGE, 1, 2, IMAGE, 3, 4]])
    latents = torch.randn(1, 2, 64, 48)
    other = latents.clone()
    other[:, 1] = torch.randn(64, 48)
    with torch.inference_mode():
        a, b = model(ids, latents), model(ids, other)
    assert torch.equal(a[:, :3], b[:, :3])
    assert (a[:, 3] - b[:, 3]).abs().max() > 1e-3


def test_text_before_the_first_picture_gets_no_attention(model: Flamingo) -> None:
    """Exactly zero from the attention; the gated feed-forward still runs."""
    block = model.bridge.blocks[0]
    x, latents = torch.randn(1, 4, 64), torch.randn(1, 1, 64, 48)
    mask = torch.tensor([[[False], [False], [True], [True]]])
    with torch.inference_mode():
        attended = block.attn(x, latents, mask)
        out = block(x, latents, mask)
    assert torch.equal(attended[:, :2], torch.zeros(1, 2, 64))
    assert (attended[:, 2:].abs().amax(-1) > 0).all()
    assert (out[:, :2] - x[:, :2]).abs().max() > 1e-3


@pytest.mark.parametrize("media", [0, 1, 3])
def test_a_wrong_number_of_pictures_is_an_error(model: Flamingo, media: int) -> None:
    ids = torch.tensor([[IMAGE, 1, IMAGE, 2]])
    with pytest.raises(ValueError, match="<image> tokens"):
        model(ids, torch.randn(1, media, 64, 48))


@pytest.mark.parametrize("features", [81, 162, 324])
def test_any_number_of_features(model: Flamingo, features: int) -> None:
    """64 latents come out, whatever goes in."""
    grid = torch.softmax(torch.randn(features, 81), -1)
    with torch.inference_mode():
        latents = model.bridge.latents(torch.randn(1, 1, features, 32), grid, torch.zeros(1, 8))
    assert latents.shape == (1, 64, 48)
    assert torch.isfinite(latents).all()
