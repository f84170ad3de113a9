"""Pictures that the project ships or tests with: none of them, nor a copy of one, is ever trained on.

`training/keep_out.txt` has one line a picture: SHA-256 of the file, difference hash, path. The hash also
finds copies that were resized, recompressed or stretched. After adding a picture, write the list anew:

    python -m training.data.keep_out
"""

import hashlib
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "training" / "keep_out.txt"
# Copies of one photo differ in 0 to 3 of the 64 bits, different photos in about 32.
DISTANCE = 4


def dhash(image: Image.Image) -> int:
    """64 bits: is a pixel brighter than its right neighbour, on a 9 x 8 grey thumbnail, row by row."""
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    grey = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("L")
    values = grey.resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            left, right = values[row * 9 + column], values[row * 9 + column + 1]
            bits = bits << 1 | (left > right)
    return bits


def covered() -> list[Path]:
    """Every picture the list has to name, in the order of their paths.

    The tests' drawings are left out: nothing but the tests has them, and flat ones look like any blank page.
    """
    photos = (ROOT / "tests" / "pictures").glob("photo*")
    return sorted([*(ROOT / "public" / "examples").glob("*.jpg"), *photos])


def line_of(path: Path) -> str:
    """A picture's line: SHA-256, difference hash, path below the project's folder."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with Image.open(path) as image:
        return f"{digest} {dhash(image):016x} {path.relative_to(ROOT).as_posix()}"


@cache
def kept_out_hashes() -> tuple[int, ...]:
    """The difference hashes of the list."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return tuple(int(line.split()[1], 16) for line in lines)


def is_kept_out(image: Image.Image) -> bool:
    """True for a picture of the list and for a near copy of one (at most `DISTANCE` bits differ)."""
    bits = dhash(image)
    return any((bits ^ other).bit_count() <= DISTANCE for other in kept_out_hashes())


if __name__ == "__main__":
    LIST.write_text("".join(f"{line_of(path)}\n" for path in covered()), encoding="utf-8")
