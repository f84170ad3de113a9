"""Where a record's pixels come from: a data folder, a view of its photos, or our own drawing code."""

from functools import cache
from pathlib import Path

from PIL import Image

from training.data.manifest import WHOLE, Pictures, Record
from training.data.views import apply_view, views_of
from training.drawn.paint import SIDE, paint
from training.drawn.scene import FRAMES, VERSION, Kind, Split, scene_of

DRAWN = "drawn"
# Pictures of each kind that training draws; kinds with frames count clips.
_COUNTS: dict[Kind, int] = {
    "one": 1600,
    "many": 2600,
    "pair": 1000,
    "sum": 700,
    "move": 420,
    "grow": 60,
    "event": 300,
}


def drawn(split: Split, kind: Kind, number: int) -> Record:
    """A picture, or a clip with all its frames in order."""
    name = f"{VERSION}/{split}/{kind}/{number:05d}"
    if kind not in FRAMES:
        return Record(f"{DRAWN}/{name}", DRAWN, split, SIDE, SIDE)
    frames = tuple(
        Record(f"{DRAWN}/{name}/{i}", DRAWN, split, SIDE, SIDE) for i in range(FRAMES[kind])
    )
    return Record(f"{DRAWN}/{name}", DRAWN, split, SIDE, SIDE, frames=frames)


def scene_name(record: Record) -> str:
    """The name by which `training.drawn.scene.scene_of` knows it."""
    return record.file.removeprefix(f"{DRAWN}/")


@cache
def drawn_for_training() -> dict[Kind, tuple[Record, ...]]:
    """All that training draws, by kind."""
    return {
        kind: tuple(drawn("train", kind, i) for i in range(count))
        for kind, count in _COUNTS.items()
    }


def all_pictures(records: list[Record]) -> list[Record]:
    """The pictures of a data folder, their views, and the drawn ones; the frames of clips one by one."""
    own = [
        picture
        for group in drawn_for_training().values()
        for record in group
        for picture in (record.frames or (record,))
    ]
    return [*records, *views_of(records), *own]


def open_picture(record: Record, pictures: Pictures) -> Image.Image:
    """The pixels of one picture."""
    if record.set == DRAWN:
        return paint(scene_of(scene_name(record)))
    picture = pictures.open(record)
    return picture if record.view == WHOLE else apply_view(picture, record)


def open_frames(record: Record, data: Path | Pictures) -> list[Image.Image]:
    """The frames of a clip, or the one picture."""
    pictures = data if isinstance(data, Pictures) else Pictures(data)
    return [open_picture(frame, pictures) for frame in record.frames or (record,)]
