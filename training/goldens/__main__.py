"""Writes the golden files and the test pictures.

python -m training.goldens        (writes tests/pictures, tests/golden and workers/self-check.json)
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

from training.goldens.canvases import pixel_goldens, position_goldens, resample_goldens
from training.goldens.family_text import family_token_goldens
from training.goldens.features import feature_goldens
from training.goldens.pictures import make_pictures
from training.goldens.self_check import FILE, self_check_goldens
from training.goldens.squares import square_goldens
from training.goldens.text import code_point_goldens, token_goldens
from training.goldens.tiny import tiny_goldens

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"


def write(name: str, value: Any) -> None:
    """JSON, or gzipped JSON for the large ones; the same content gives the same bytes."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(value, ensure_ascii=False, indent=None) + "\n").encode()
    (GOLDEN / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    make_pictures()
    write("canvases.json.gz", pixel_goldens())
    write("features.json.gz", feature_goldens())
    write("resample.json", resample_goldens())
    write("squares.json", square_goldens())
    write("positions.json", position_goldens())
    write("tokens.json.gz", token_goldens())
    write("family-tokens.json.gz", family_token_goldens())
    write("code-points.json", code_point_goldens())
    write("tiny.json", tiny_goldens())
    FILE.write_text(json.dumps(self_check_goldens(), indent=2) + "\n")


if __name__ == "__main__":
    main()
