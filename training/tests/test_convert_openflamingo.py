"""OpenFlamingo converted equals OpenFlamingo: logits, greedy, beams, on each language model."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training.convert.openflamingo import open_openflamingo
from training.convert.run import ConvertedModel
from training.convert.source import Places
from training.convert.write import convert
from training.graphs.builder import Flavour
from training.graphs.manifest import FLAVOURS
from training.tests.family.common import Published, picture
from training.tests.family.openflamingo import LANGUAGES, build

# Logits reach 20; both sides sum in fp32, in different orders.
TOLERANCE = 1e-3


@pytest.fixture(scope="module", params=LANGUAGES)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    return build(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def folder(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("converted")
    places = Places(published.checkpoint, published.language, published.vision)
    convert(open_openflamingo(places), out, 32, "random")
    return out


@pytest.fixture(scope="module", params=FLAVOURS)
def model(folder: Path, request: pytest.FixtureRequest) -> ConvertedModel:
    flavour: Flavour = request.param
    return ConvertedModel(folder, flavour)


def prompts(model: ConvertedModel) -> list[tuple[list[int], list[torch.Tensor]]]:
    """Several pictures with text before the first, one picture, none."""
    image, end = (model.manifest["tokens"][name] for name in ("image", "endOfChunk"))
    text = [40, 52, 61, 33, 47, 70]
    return [
        (
            [*text[:3], image, *text[1:5], end, image, *text, end, image, 44, 45],
            [picture(1), picture(2), picture(3)],
        ),
        ([image, *text], [picture(4)]),
        (text, []),
    ]


def test_logits(published: Published, model: ConvertedModel) -> None:
    for ids, items in prompts(model):
        actual = model.logits(ids, [item.numpy() for item in items])
        expected = published.reference.logits(ids, items)
        banned = model.manifest["tokens"]["banned"]
        assert (actual[:, banned] == -1e9).all()
        difference = np.delete(actual - expected, banned, axis=1)
        assert np.abs(difference).max() < TOLERANCE
        assert np.abs(expected).max() > 3, "logits that say nothing"


def test_pictures_matter(model: ConvertedModel) -> None:
    """And only from their own token on."""
    ids, items = prompts(model)[0]
    first = model.logits(ids, [item.numpy() for item in items])
    items[1] = picture(9)
    second = model.logits(ids, [item.numpy() for item in items])
    place = [i for i, token in enumerate(ids) if token == model.manifest["tokens"]["image"]][1]
    assert np.array_equal(first[:place], second[:place])
    assert np.abs(first[place:] - second[place:]).max() > 0.1


@pytest.mark.parametrize("beams", [1, 3])
def test_answers(published: Published, model: ConvertedModel, beams: int) -> None:
    for ids, items in prompts(model):
        expected = published.reference.generate(ids, items, beams, 12)
        arrays = [item.numpy() for item in items]
        run = model.greedy if beams == 1 else model.beam
        assert run(ids, arrays, 12) == expected


def test_on_this_projects_encoder(tmp_path: Path) -> None:
    """A bridge that was trained on EfficientNet-Lite2, with any language model."""
    published = build(tmp_path, "llama", small=True, ours=True)
    out = tmp_path / "out"
    places = Places(published.checkpoint, published.language, published.vision)
    convert(open_openflamingo(places), out, 32, "ours")
    model = ConvertedModel(out, "wasm")
    assert model.manifest["vision"]["resize"] == "pad"
    ids = [40, 52, model.manifest["tokens"]["image"], 61, 33]
    pixels = torch.randn((1, 3, 260, 260), generator=torch.Generator().manual_seed(0))
    expected = published.reference.logits(ids, [pixels])
    actual = model.logits(ids, [pixels.numpy()])
    banned = model.manifest["tokens"]["banned"]
    assert np.abs(np.delete(actual - expected, banned, axis=1)).max() < TOLERANCE


def test_a_missing_picture_is_an_error(model: ConvertedModel) -> None:
    """The reference averages all values without a word."""
    ids, items = prompts(model)[0]
    with pytest.raises(ValueError, match="stand for 3 pictures, 2 were given"):
        model.logits(ids, [item.numpy() for item in items[:2]])
