"""Fine-tunes the page's model on a person's own folder of pictures and texts: `docs/training.md`.

    python -m training.own --pictures FOLDER --out RUN [--minutes 20] [--name my-flamingo]

Reads the folder (`training/data/own.py` says in which forms), computes the pictures' features once, trains the
bridge from the shipped one, keeps the weights that were best on the fifth of the pictures that is held back,
exports them to public/models/NAME, and measures the model before and after.
"""

import argparse
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from training.config import FlamingoConfig
from training.data.batch import collate
from training.data.episodes import Episodes
from training.data.features import FeatureStore, encode_all
from training.data.manifest import Record, read_manifest
from training.data.own import OWN, OwnDataError, read_folder, write_data
from training.data.rows import Packer
from training.data.tasks import TASKS
from training.data.views import MIRROR, views_of
from training.distributed import Ranks
from training.evaluate import Conditions, Evaluation, show
from training.evaluation.answer import Answerer
from training.evaluation.measure import Row
from training.export import NAME, ROOT, check_sizes, default_source
from training.graphs.manifest import write_model
from training.schedule import Settings
from training.shipped import load_bridge
from training.trainer import Parts, Trainer, batch_loss, default_parts

MODELS = ROOT / "public" / "models"
# Gentle: the shipped bridge knows much that a small folder does not show.
SETTINGS = Settings(tokens=640, rate=2e-4, warmup_steps=20)
_LOOKS = 10
_VAL_PICTURES = 64
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Best:
    """Remembers the bridge that was best on pictures held back: ten looks in a run, and one before it."""

    def __init__(self, parts: Parts, val: Sequence[Record]) -> None:
        self.model, self.next = parts.model, 0.0
        samples = [
            task.sample(record, random.Random(record.file))
            for record in val[:_VAL_PICTURES]
            for task in TASKS.values()
            if task.serves(record)
        ]
        packer: Packer = parts.episodes.packer
        rows = [packer.row(iter([(sample, True)]), 512) for sample in samples]
        self.batches = [
            collate(rows[i : i + 16], parts.episodes.store, self.model.config.image_token)
            for i in range(0, len(rows), 16)
        ]
        self.loss = float("inf")
        self.state: dict[str, Tensor] = {}

    def __call__(self, progress: float) -> None:
        """Looks when a tenth of the run has gone since the last time."""
        if progress < self.next:
            return
        self.next = progress + 1 / _LOOKS if progress < 1 else 2.0
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            losses = [batch_loss(self.model, batch).item() for batch in self.batches]
        loss = sum(losses) / len(losses)
        print(f"{progress:4.0%}  loss on the pictures held back {loss:.3f}", flush=True)
        if loss < self.loss:
            self.loss = loss
            self.state = {k: v.clone() for k, v in self.model.bridge.state_dict().items()}


def parts_of(data: Path) -> Parts:
    """The default model over a folder of own pictures, whose features are computed here."""
    records = read_manifest(data)
    encode_all(data, [OWN, f"{OWN}.{MIRROR}"] if views_of(records) else [OWN], 16)
    # No class is held out, and drawings are left out, which another run may have encoded.
    store = FeatureStore([*records, *views_of(records)])
    return default_parts([r for r in records if r.split == "train"], store, [])


def train(parts: Parts, val: Sequence[Record], out: Path, minutes: float) -> dict[str, Tensor]:
    """The best bridge of a run that starts from what the model has."""
    best = Best(parts, val)
    Trainer(parts, out, SETTINGS, Ranks()).run(minutes, None, best)
    return best.state


def tasks_of(records: Sequence[Record]) -> list[str]:
    """The measurements that the pictures' texts allow."""
    has = {
        "captions": any(r.captions for r in records),
        "naming": any(r.label for r in records),
        "vqa": any(r.qa for r in records),
    }
    return [task for task, found in has.items() if found]


def measure(model: Path, data: Path, tasks: list[str]) -> list[Row]:
    """The model's answers on the pictures held back, without examples."""
    evaluation = Evaluation(Answerer(model, data), read_manifest(data))
    return list(evaluation.rows(Conditions(tasks, shots=(0,))))


def trained_on(episodes: Episodes) -> str:
    """How many pictures serve which task."""
    pools = {name: len(pool) for name, pool in episodes.pools.items() if pool}
    return ", ".join(f"{count} with {name}" for name, count in pools.items())


def run(pictures: Path, out: Path, start: Path, name: str, minutes: float) -> None:
    """The whole command.

    Raises:
        OwnDataError: the pictures, the name or the model to start from cannot be used.
    """
    if not _NAME.fullmatch(name) or name in (NAME, "tiny-random"):
        raise OwnDataError(
            f"{name} cannot be the model's name: choose another, of letters, digits, dots, - and _."
        )
    if not (start / "manifest.json").exists():
        raise OwnDataError(f"{start} holds no model: give a folder with a manifest.json to --from.")
    data = out / "data"
    splits = write_data(read_folder(pictures), data)
    print(f"{splits['train']} pictures to learn from, {splits['val']} held back to measure with")
    parts = parts_of(data)
    lost = sum(r.file in parts.episodes.store.kept_out for r in read_manifest(data))
    if lost:
        print(f"{lost} are copies of the project's own examples and tests, and are not learnt from")
    if not any(len(pool) >= 4 for pool in parts.episodes.pools.values()):
        raise OwnDataError(
            "Fewer than four of the pictures to learn from have texts of one kind: add some."
        )
    print(f"Learning from {trained_on(parts.episodes)}")
    parts.model.bridge.load_state_dict(load_bridge(start, FlamingoConfig()))
    val = [r for r in read_manifest(data) if r.split == "val"]
    state = train(parts, val, out, minutes)
    folder = MODELS / name
    write_model(default_source(state, name, f"{name} · tuned on own pictures"), folder)
    check_sizes(folder)
    tasks = tasks_of(val)
    for title, model in (("Before", start), ("After", folder)):
        print(f"\n{title}:")
        for row in measure(model, data, tasks):
            print(show(row))
    print(
        f"\nThe model lies in {folder}. To open it: npm start, then add ?model={name} to the address."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True, help="your folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--name", default="my-flamingo", help="of the model, in public/models")
    parser.add_argument("--from", dest="start", type=Path, default=MODELS / NAME)
    args = parser.parse_args()
    try:
        run(args.pictures, args.out, args.start, args.name, args.minutes)
    except OwnDataError as cause:
        sys.exit(f"{parser.prog}: {cause}")


if __name__ == "__main__":
    main()
