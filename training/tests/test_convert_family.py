"""flamingo-mini, Otter and IDEFICS converted equal their published arithmetic: logits, greedy, beams, clips."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from training.convert.kinds import KINDS
from training.convert.run import ConvertedModel
from training.convert.source import Places
from training.convert.write import convert
from training.graphs.builder import Flavour
from training.graphs.manifest import FLAVOURS
from training.tests.family import idefics, mini, otter
from training.tests.family.common import Published, picture

# Logits reach 20; both sides sum in fp32, in different orders.
TOLERANCE = 1e-3
BUILDERS: dict[str, Callable[[Path], Published]] = {
    "flamingo-mini": mini.build,
    "flamingo-mini on OPT-350M": lambda folder: mini.build(folder, post_norm=True),
    "otter on LLaMA": otter.build,
    "otter on MPT": lambda folder: otter.build(folder, "mpt"),
    "idefics": idefics.build,
    "idefics, gates by column": lambda folder: idefics.build(folder, vector=True),
}


@pytest.fixture(scope="module", params=BUILDERS)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    return BUILDERS[request.param](tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def folder(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("converted")
    places = Places(published.checkpoint, published.language, published.vision)
    convert(KINDS[published.kind](places), out, 32, "random")
    return out


@pytest.fixture(scope="module", params=FLAVOURS)
def model(folder: Path, request: pytest.FixtureRequest) -> ConvertedModel:
    flavour: Flavour = request.param
    return ConvertedModel(folder, flavour)


def prompts(model: ConvertedModel) -> list[tuple[list[int], list[torch.Tensor]]]:
    """Text before the first picture and several pictures; two side by side; none; a clip, where clips are known."""
    tokens = model.manifest["tokens"]
    picture_ids = tokens.get("picture", {"ids": [tokens["image"]], "shared": False})
    mark, end = picture_ids["ids"], tokens["endOfChunk"]
    both = [*mark, *(mark[1:] if picture_ids["shared"] else mark)]
    text = [40, 52, 61, 33, 47, 70]
    made = [
        ([*text[:3], *mark, *text, end, *mark, *text[2:]], [picture(1), picture(2)]),
        ([*both, *text], [picture(3), picture(4)]),
        (text, []),
    ]
    if model.manifest["resampler"]["temporal"]:
        made.append(([*mark, *text], [picture(5, frames=3)]))
    return made


def test_logits(published: Published, model: ConvertedModel) -> None:
    for ids, items in prompts(model):
        actual = model.logits(ids, [item.numpy() for item in items])
        expected = published.reference.logits(ids, items)
        banned = model.manifest["tokens"]["banned"]
        assert (actual[:, banned] == -1e9).all()
        assert np.abs(np.delete(actual - expected, banned, axis=1)).max() < TOLERANCE
        assert np.abs(expected).max() > 3, "logits that say nothing"


def test_pictures_matter(model: ConvertedModel) -> None:
    for ids, items in prompts(model):
        if not items:
            continue
        arrays = [item.numpy() for item in items]
        first = model.logits(ids, arrays)
        other = [*arrays[:-1], arrays[-1][..., ::-1].copy()]
        assert np.abs(first - model.logits(ids, other)).max() > 0.1


@pytest.mark.parametrize("beams", [1, 3])
def test_answers(published: Published, model: ConvertedModel, beams: int) -> None:
    for ids, items in prompts(model):
        expected = published.reference.generate(ids, items, beams, 10)
        arrays = [item.numpy() for item in items]
        run = model.greedy if beams == 1 else model.beam
        assert run(ids, arrays, 10) == expected


def test_clips_only_where_times_were_learned(published: Published, model: ConvertedModel) -> None:
    rows = model.manifest["resampler"]["temporal"]
    assert (rows > 0) == (published.kind != "idefics")
    with pytest.raises(ValueError, match="not trained on clips|more than the"):
        model.media_of(picture(1, frames=rows + 2).numpy())
