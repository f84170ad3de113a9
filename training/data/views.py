"""Further views of the real photos: mirrored, mildly cropped, and stretched where their source squashed them.

The encoder is frozen, its input is not: a second view tells the bridge what does not matter. Left and right
change places in the text; what cannot be told of the mirrored photo is left out.
"""

import random
import re
from dataclasses import replace

from PIL import Image, ImageOps

from training.data.manifest import Record

MIRROR = "mirror"
ZOOMS = tuple(f"zoom{i}" for i in range(1, 5))
PHOTO_SETS = frozenset(
    {"flickr8k", "coco", "hobby", "web", "openstax", "life", "bsds", "corel", "imagenet1k", "own"}
)
ZOOM_SETS = frozenset({"life", "openstax"})
_SQUASHED = "flickr8k"
_SIDES = re.compile(r"\b(left|right)\b", re.IGNORECASE)
# Letters and numbers cannot be read in a mirror.
_WRITING = re.compile(
    r"\b(number|word|letter|text|sign|says?|written|read|logo|name)", re.IGNORECASE
)


def _other_side(match: re.Match[str]) -> str:
    word = match.group(0)
    other = "right" if word.lower() == "left" else "left"
    return other.capitalize() if word[0].isupper() else other


def mirrored(text: str) -> str:
    """The sentence with left and right exchanged."""
    return _SIDES.sub(_other_side, text)


def _aspect(record: Record) -> float:
    """How much wider than its file the mirrored view is."""
    if record.set != _SQUASHED:
        return 1.0
    return random.Random(record.file).uniform(3 / 4, 4 / 3)


def _crop(record: Record) -> tuple[float, float, float]:
    """Left and top as shares of what is cut off, and the share of each side that is kept."""
    rng = random.Random(f"crop {record.file}")
    return rng.random(), rng.random(), rng.uniform(0.75, 1.0)


def _size(record: Record) -> tuple[int, int]:
    keep = _crop(record)[2]
    width = round(record.width * keep * _aspect(record) ** 0.5)
    return max(1, width), max(1, round(record.height * keep / _aspect(record) ** 0.5))


def mirror_of(record: Record) -> Record:
    """The record of the mirrored view."""
    width, height = _size(record)
    written = record.written
    return replace(
        record,
        view=MIRROR,
        width=width,
        height=height,
        captions=tuple(mirrored(text) for text in record.captions),
        qa=tuple((mirrored(q), mirrored(a)) for q, a in record.qa if not _WRITING.search(q)),
        alt="",
        written=replace(
            written,
            captions=tuple(mirrored(text) for text in written.captions),
            details="" if _WRITING.search(written.details) else mirrored(written.details),
            qa=tuple((mirrored(q), mirrored(a)) for q, a in written.qa if not _WRITING.search(q)),
        ),
    )


def zoom_of(record: Record, view: str) -> Record:
    """The record of a step of a zoom: a centred part of the photo, of the photo's size."""
    return replace(record, view=view)


def views_of(records: list[Record]) -> list[Record]:
    """Every further view that training uses."""
    photos = [record for record in records if record.set in PHOTO_SETS and record.split == "train"]
    zooms = [r for r in photos if r.set in ZOOM_SETS][::4]
    return [mirror_of(r) for r in photos] + [zoom_of(r, view) for view in ZOOMS for r in zooms]


def apply_view(picture: Image.Image, record: Record) -> Image.Image:
    """The picture as the record's view shows it."""
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    width, height = picture.size
    if record.view == MIRROR:
        left, top, keep = _crop(record)
        x, y = left * width * (1 - keep), top * height * (1 - keep)
        part = picture.crop((round(x), round(y), round(x + keep * width), round(y + keep * height)))
        return ImageOps.mirror(part).resize((record.width, record.height), Image.Resampling.BICUBIC)
    share = 1 - 0.15 * (ZOOMS.index(record.view) + 1)
    x, y = width * (1 - share) / 2, height * (1 - share) / 2
    part = picture.crop((round(x), round(y), round(width - x), round(height - y)))
    return part.resize((width, height), Image.Resampling.BICUBIC)
