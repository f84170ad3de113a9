"""Real widths, and that a conversion takes no more memory for more layers."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from training.convert.kinds import KINDS
from training.convert.run import ConvertedModel
from training.convert.source import Places
from training.convert.write import convert
from training.graphs.shards import SHARD_BYTES
from training.tests.family.common import byte_level, encoder, picture
from training.tests.family.openflamingo import build

WIDTH, VISION = 2048, 1024


def test_one_layer_block_resampler_of_the_3b(tmp_path: Path) -> None:
    """Width 2048, 16 heads of 128, block 8 x 64, six resampler layers of 1024: logits of OpenFlamingo's code."""
    published = build(tmp_path, "mosaic-gpt", every=1, real=True)
    places = Places(published.checkpoint, published.language, published.vision)
    source = KINDS["openflamingo"](places)
    assert source.model.language.width == WIDTH and source.model.language.qk_norm
    assert source.model.resampler.width == VISION and source.model.resampler.depth == 6
    out = tmp_path / "out"
    convert(source, out, 32, "wide")
    assert max(path.stat().st_size for path in out.iterdir()) <= SHARD_BYTES
    model = ConvertedModel(out, "webgpu")
    image, end = (model.manifest["tokens"][name] for name in ("image", "endOfChunk"))
    ids, items = [40, 52, image, 61, 33, end, image, 47, 70], [picture(1), picture(2)]
    expected = published.reference.logits(ids, items)
    actual = model.logits(ids, [item.numpy() for item in items])
    difference = np.delete(np.abs(actual - expected), image, axis=1).max()
    # 0.9 B multiplications in rows of 2,048 and 8,192, summed in other orders.
    assert difference < 2e-3 * np.abs(expected).max()


def _wide_checkpoint(folder: Path, layers: int) -> list[str]:
    """OpenFlamingo on MPT at the 3B's widths, 16-bit weights; arguments of the command."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, 8 * WIDTH * WIDTH).astype(np.float16)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return noise[: rows * columns].reshape(rows, columns)

    def norm(state: dict[str, np.ndarray], name: str, width: int) -> None:
        state[f"{name}.weight"] = np.ones(width, np.float16)
        state[f"{name}.bias"] = np.zeros(width, np.float16)

    tokenizer = byte_level()
    language, state = folder / "language", {}
    vocabulary = tokenizer.get_vocab_size() + 2
    state["transformer.wte.weight"] = matrix(vocabulary, WIDTH)
    state["transformer.norm_f.weight"] = np.ones(WIDTH, np.float16)
    for i in range(layers):
        name = f"transformer.blocks.{i}"
        for part in ("norm_1", "norm_2"):
            state[f"{name}.{part}.weight"] = np.ones(WIDTH, np.float16)
        state[f"{name}.attn.Wqkv.weight"] = matrix(3 * WIDTH, WIDTH)
        state[f"{name}.attn.out_proj.weight"] = matrix(WIDTH, WIDTH)
        state[f"{name}.ffn.up_proj.weight"] = matrix(4 * WIDTH, WIDTH)
        state[f"{name}.ffn.down_proj.weight"] = matrix(WIDTH, 4 * WIDTH)
    language.mkdir(parents=True)
    save_file(state, language / "model.safetensors")
    tokenizer.save(str(language / "tokenizer.json"))
    config = {"model_type": "mpt", "d_model": WIDTH, "n_heads": 16, "n_layers": layers}
    config |= {"max_seq_len": 256, "vocab_size": vocabulary, "no_bias": True}
    (language / "config.json").write_text(json.dumps(config))
    encoder(0).save_pretrained(folder / "vision")

    width = 32
    new: dict[str, np.ndarray] = {"perceiver.latents": matrix(64, width)}
    norm(new, "perceiver.norm", width)
    for part in ("0.norm_media", "0.norm_latents", "1.0"):
        norm(new, f"perceiver.layers.0.{part}", width)
    for part, shape in {
        "0.to_q": (512, width),
        "0.to_kv": (1024, width),
        "0.to_out": (width, 512),
        "1.1": (4 * width, width),
        "1.3": (width, 4 * width),
    }.items():
        new[f"perceiver.layers.0.{part}.weight"] = matrix(*shape)
    for i in range(layers):
        name = f"lang_encoder.transformer.blocks.{i}.gated_cross_attn_layer"
        for part in ("attn.norm", "ff.0"):
            norm(new, f"{name}.{part}", WIDTH)
        for part, shape in {
            "attn.to_q": (512, WIDTH),
            "attn.to_kv": (1024, width),
            "attn.to_out": (WIDTH, 512),
            "ff.1": (4 * WIDTH, WIDTH),
            "ff.3": (WIDTH, 4 * WIDTH),
        }.items():
            new[f"{name}.{part}.weight"] = matrix(*shape)
        for gate in ("attn_gate", "ff_gate"):
            new[f"{name}.{gate}"] = np.ones(1, np.float16)
    checkpoint = folder / "checkpoint.safetensors"
    save_file(new, checkpoint)
    return [
        *("--kind", "openflamingo", "--checkpoint", str(checkpoint)),
        *("--language", str(language), "--vision", str(folder / "vision")),
        *("--out", str(folder / "out"), "--bits", "4"),
    ]


def _peak(arguments: list[str]) -> int:
    """Most resident memory of a conversion in bytes."""
    # Not getrusage: what it gives begins with the memory of the process that started this one.
    code = (
        "import sys; from training.convert.__main__ import main; status = main(sys.argv[1:]); "
        "print(*[line for line in open('/proc/self/status') if 'VmHWM' in line]); sys.exit(status)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return 1024 * int(run.stdout.rsplit("VmHWM:", 1)[1].split()[0])


def test_memory_does_not_grow_with_layers(tmp_path: Path) -> None:
    """Two layers more are 350 MB at 16 bits and 100 MB at 4; neither may stay in memory."""
    peaks = [_peak(_wide_checkpoint(tmp_path / str(layers), layers)) for layers in (1, 3)]
    assert peaks[1] - peaks[0] < 40e6, peaks
    assert peaks[1] < 2.5e9, peaks
