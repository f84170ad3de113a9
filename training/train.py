"""Trains the bridge on the frozen parts as they ship.

    python -m training.train --data FOLDER --out FOLDER (--minutes M | --steps N) [--from MODEL] [--resume]
    torchrun --nproc-per-node N -m training.train …

Checkpoints hold bridge, optimiser, position in the schedule and the random state; `--resume` goes on
from the newest. `--from public/models/NAME` starts from a shipped bridge, without its optimiser.
Training begins with the first pictures that are encoded; a second process encodes the rest, and they
are taken in as they come. Under torchrun each process takes `--tokens` of its own a step
(`training/distributed.py`); on several machines each encodes into its own cache.
"""

import argparse
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

import torch

from training.data.episodes import Episodes
from training.data.features import FeatureStore, encode_in_background
from training.data.manifest import read_manifest
from training.data.pool import trainable
from training.data.source import all_pictures
from training.data.views import ZOOMS
from training.distributed import Ranks
from training.schedule import Settings
from training.shipped import load_bridge
from training.trainer import CHECKPOINT, Trainer, default_parts

# What captions and names need first; the large synthetic sets last.
ENCODING_ORDER = (
    *("flickr8k", "coco", "tiny", "hobby", "web", "openstax", "life", "bsds", "corel"),
    *("imagenet1k", "daquar", "drawn"),
    *("flickr8k.mirror", "coco.mirror", "hobby.mirror", "web.mirror", "openstax.mirror"),
    *("life.mirror", "bsds.mirror", "corel.mirror", "imagenet1k.mirror"),
    *(f"{name}.{view}" for name in ("life", "openstax") for view in ZOOMS),
    *("easyvqa", "nlvr"),
)
FIRST_PICTURES = 1000


def wait_for_pictures(episodes: Episodes, encoding: "subprocess.Popen[bytes]") -> None:
    """Returns when there is enough to begin with.

    Raises:
        RuntimeError: the encoder ended before that.
    """
    while episodes.count < FIRST_PICTURES:
        ended = encoding.poll() is not None
        time.sleep(2)
        episodes.refresh()
        if ended and episodes.count < FIRST_PICTURES and encoding.returncode != 0:
            raise RuntimeError("encoding the pictures failed; its message stands above")
        if ended:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--steps", type=int)
    parser.add_argument("--from", dest="start", type=Path, help="a shipped model's folder")
    parser.add_argument("--resume", action="store_true")
    for field, default in asdict(Settings()).items():
        if isinstance(default, (int, float)):
            flag = f"--{field.replace('_', '-')}"
            parser.add_argument(flag, type=type(default), default=default)
    args = parser.parse_args()
    known = {name: getattr(args, name, default) for name, default in asdict(Settings()).items()}
    ranks = Ranks.join()
    torch.manual_seed(args.seed)
    records = read_manifest(args.data)
    store = FeatureStore(all_pictures(records))
    missing = [name for name in ENCODING_ORDER if store.missing(name)]
    parts = default_parts(trainable(records), store, missing)
    trainer = Trainer(parts, args.out, Settings(**known), ranks)
    if args.resume and (args.out / CHECKPOINT).exists():
        trainer.resume()
    elif args.start:
        trainer.model.bridge.load_state_dict(load_bridge(args.start))
    encoding = encode_in_background(args.data, missing) if missing and not ranks.local else None
    try:
        if encoding:
            wait_for_pictures(trainer.episodes, encoding)
        ranks.wait()
        if missing:
            trainer.episodes.refresh()
        trainer.run(args.minutes, args.steps)
    finally:
        if encoding:
            encoding.terminate()
    ranks.leave()


if __name__ == "__main__":
    main()
