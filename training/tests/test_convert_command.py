"""`python -m training.convert` as a person calls it, and its plans against what is known of the released files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from training.convert.__main__ import main
from training.convert.kinds import KINDS
from training.convert.plan import layer_groups, make_plan, table
from training.convert.released import released
from training.convert.shapes import bridge_shapes, language_shapes, vision_shapes
from training.convert.source import Places
from training.convert.verify import verify
from training.convert.write import convert
from training.tests.family import idefics, mini, openflamingo, otter
from training.tests.family.common import Published

BUILDERS: dict[str, Callable[[Path], Published]] = {
    "openflamingo on LLaMA": lambda folder: openflamingo.build(folder, "llama", small=True),
    "openflamingo on MPT": lambda folder: openflamingo.build(folder, "mpt", small=True),
    "openflamingo on GPT-NeoX": lambda folder: openflamingo.build(folder, "gpt-neox", small=True),
    "openflamingo on OPT": lambda folder: openflamingo.build(folder, "opt", small=True),
    "otter": lambda folder: otter.build(folder, small=True),
    "idefics": lambda folder: idefics.build(folder, vector=True),
    "flamingo-mini": lambda folder: mini.build(folder, small=True),
    "flamingo-mini on OPT-350M": lambda folder: mini.build(folder, post_norm=True),
}


@pytest.fixture(scope="module", params=BUILDERS)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    return BUILDERS[request.param](tmp_path_factory.mktemp("published"))


def arguments(published: Published, out: Path, bits: int) -> list[str]:
    places = {
        "--checkpoint": published.checkpoint,
        "--language": published.language,
        "--vision": published.vision,
        "--out": out,
    }
    given = [str(part) for name, path in places.items() if path for part in (name, path)]
    return ["--kind", published.kind, *given, "--bits", str(bits), "--verify"]


def test_every_tensor_has_the_planned_shape(published: Published) -> None:
    """So that a plan counts what a conversion writes, no tensor more and none less."""
    places = Places(published.checkpoint, published.language, published.vision)
    source = KINDS[published.kind](places)
    model = source.model
    for weights, shapes in (
        (source.bridge, bridge_shapes(model)),
        (source.vision, vision_shapes(model.encoder)),
        (source.language, language_shapes(model.language)),
    ):
        planned = dict(shapes)
        for rows in ("embed.weight", "head.weight"):
            # A checkpoint adds rows for its own tokens to those of the language model's configuration.
            if rows in planned:
                planned[rows] = (len(weights[rows]()), planned[rows][1])
        assert {name: read().shape for name, read in weights.items()} == planned


@pytest.mark.parametrize("bits", [16, 4])
def test_a_conversion_is_verified(published: Published, bits: int, tmp_path: Path) -> None:
    assert main(arguments(published, tmp_path / "out", bits)) == 0


def test_several_graphs_equal_one(published: Published, tmp_path: Path) -> None:
    """A language model cut after every layer, as a large one is where a wasm heap could not hold it."""
    places = Places(published.checkpoint, published.language, published.vision)
    source = KINDS[published.kind](places)
    manifest = convert(source, tmp_path, 16, "cut", most_heap=1)
    cut = manifest["graphs"]["webgpu"]["language"]["next"]
    assert len(cut) == source.model.language.layers - 1
    assert "next" not in manifest["graphs"]["wasm"]["language"]
    assert all(comparison.good for comparison in verify(source, tmp_path, 16, "webgpu"))


def test_a_damaged_conversion_ends_with_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import training.convert.__main__ as command

    published = BUILDERS["openflamingo on GPT-NeoX"](tmp_path)
    write = command.convert

    def and_damage(*args: object) -> None:
        write(*args)
        shard = tmp_path / "out" / "bridge-00.bin"
        data = bytearray(shard.read_bytes())
        values = np.frombuffer(data, np.float16)
        values[len(values) // 2 : len(values) // 2 + 4000] = 1
        shard.write_bytes(data)

    monkeypatch.setattr(command, "convert", and_damage)
    assert main(arguments(published, tmp_path / "out", 16)) == 1
    assert "DIFFERENT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("idefics", "has no config.json"), ("openflamingo", "no .safetensors")],
)
def test_wrong_folders_are_told(
    kind: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main(["--kind", kind, "--checkpoint", str(tmp_path), *out]) == 2
    assert sentence in capsys.readouterr().err


def test_another_language_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = BUILDERS["openflamingo on OPT"](tmp_path)
    config = published.language / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "gpt2"}))
    assert main(arguments(published, tmp_path / "out", 32)) == 2
    assert 'the language model is of type "gpt2"' in capsys.readouterr().err


def test_the_plan_names_every_released_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(released())
    for name in released():
        assert any(line.startswith(f"| {name} |") for line in lines)


# New parameters, and the bytes of the released file: these and the embeddings (the head too where it is trained).
_OPENFLAMINGO = {
    "OpenFlamingo-3B-vitl-mpt1b (and -langinstruct)": (944.0e6, 4.188e9, 1),
    "OpenFlamingo-4B-vitl-rpj3b (and -langinstruct)": (960.8e6, 4.873e9, 2),
    "OpenFlamingo-9B-vitl-mpt7b": (1178.8e6, 5.539e9, 1),
    "OpenFlamingo-9B-deprecated": (1178.8e6, 5.240e9, 1),
}


@pytest.mark.parametrize("name", _OPENFLAMINGO)
def test_plans_equal_the_sizes_of_openflamingos_files(name: str) -> None:
    new, size, tables = _OPENFLAMINGO[name]
    model = released()[name]
    bridge = make_plan(model, 32).bridge
    assert abs(bridge - new) < 0.05e6
    rows = tables * model.language.vocabulary * model.language.width
    assert abs(4 * (bridge + rows) - size) < 0.5e6


@pytest.mark.parametrize(
    ("name", "size"),
    [("dhansmair/flamingo-tiny", 1_067_905_561), ("dhansmair/flamingo-mini", 3_339_122_001)],
)
def test_plans_equal_the_sizes_of_flamingo_minis_files(name: str, size: int) -> None:
    plan = make_plan(released()[name], 32)
    # Names, indices and alignment of a pickle: some hundred bytes a tensor.
    assert 0 < size - 4 * (plan.language + plan.bridge) < 500_000


def test_the_documentation_has_todays_plan() -> None:
    text = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    stated = text.split("<!-- plan -->")[1].split("<!-- /plan -->")[0].strip()
    assert stated == table(released()), "put the output of --plan into docs/models.md"


def test_placement() -> None:
    """OpenFlamingo stands before the last layer of each group, the others before the first."""
    models = released()
    assert models["OpenFlamingo-9B-vitl-mpt7b"].blocks.layers == (3, 7, 11, 15, 19, 23, 27, 31)
    assert models["OpenFlamingo-3B-vitl-mpt1b (and -langinstruct)"].blocks.layers == tuple(
        range(24)
    )
    assert models["idefics-9b (and -instruct)"].blocks.layers == (0, 4, 8, 12, 16, 20, 24, 28)
    assert len(models["idefics-80b (and -instruct)"].blocks.layers) == 20


def test_graphs_are_cut_where_the_wasm_heap_asks_for_it() -> None:
    models = released()
    assert len(layer_groups(models["OpenFlamingo-3B-vitl-mpt1b (and -langinstruct)"], 4)) == 1
    groups = layer_groups(models["OpenFlamingo-9B-vitl-mpt7b"], 4)
    assert len(groups) > 1
    assert [i for group in groups for i in group] == list(range(32))


def test_conversion_fits_in_24_gb() -> None:
    for name, model in released().items():
        assert make_plan(model, 4).converting < 24e9, name
