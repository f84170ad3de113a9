"""A run of training on a tiny model (fp32) and random features, for `torchrun`: the test's processes.

    torchrun --nproc-per-node N -m training.tests.tiny_run FOLDER STEPS

Each process leaves its bridge in FOLDER/rank-N.pt; the first one trains into FOLDER/run and goes on from there.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from training.config import VisionConfig
from training.data.episodes import Episodes
from training.data.features import FeatureStore
from training.data.manifest import Record
from training.data.rows import Packer
from training.distributed import Ranks
from training.model.flamingo import Flamingo
from training.schedule import Settings
from training.tiny import random_llama, tiny_config
from training.tokenizer import tiny_tokenizer
from training.trainer import CHECKPOINT, Parts, Trainer

SETTINGS = Settings(tokens=160, rate=2e-3, warmup_steps=4)
_WORDS = ("dog", "cat", "lamp", "chair", "horse", "bird")
RECORDS = [
    Record(
        f"own/{i}.png",
        "own",
        "train",
        260,
        260,
        label=_WORDS[i % 6],
        captions=(f"A {_WORDS[i % 6]} stands on the grass",),
    )
    for i in range(12)
]


def parts_in(folder: Path) -> Parts:
    """The tiny model and the records; features are made where the folder has none."""
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    config = replace(tiny_config(tokenizer.get_vocab_size() - 2), vision=VisionConfig())
    model = Flamingo(config, random_llama(config.language, 0))
    store = FeatureStore(RECORDS, folder)
    if store.missing("own"):
        store.append("own", torch.rand(len(RECORDS), 81, 1280) * 6)
    return Parts(model, Episodes(RECORDS, store, Packer(tokenizer, config)))


def main() -> None:
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    ranks = Ranks.join()
    trainer = Trainer(parts_in(folder), folder / "run", SETTINGS, ranks)
    if (folder / "run" / CHECKPOINT).exists():
        trainer.resume()
    trainer.run(None, steps)
    state = {"bridge": trainer.model.bridge.state_dict(), "random": trainer.rng.getstate()[1]}
    torch.save(state | {"loss": trainer.smooth}, folder / f"rank-{ranks.rank}.pt")
    ranks.leave()


if __name__ == "__main__":
    main()
