"""The test pictures: drawn here, or made from photos in scikit-image that anybody may pass on.

chelsea: CC0, Stéfan van der Walt. camera: CC0, Lav Varshney. clock: public domain, Stéfan van der Walt.
coins: no known copyright restrictions, Brooklyn Museum Collection. hubble_deep_field: public domain, NASA.
"""

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

PICTURES = Path(__file__).parents[2] / "tests" / "pictures"
# The page has to show these too, but decoders differ in their colours, their frames, or whether they know them.
WITHOUT_CANVAS = frozenset({"cmyk.jpg", "moving.gif", "picture.avif"})
_ORIENTATION_TAG = 0x0112


def _drawing(width: int, height: int, seed: int) -> Image.Image:
    """Shapes of random colours: sharp edges and large areas, what resampling gets wrong first."""
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height), (rng.randrange(256), 90, 160))
    draw = ImageDraw.Draw(image)
    for _ in range(8):
        x, y = rng.randrange(width), rng.randrange(height)
        color = tuple(rng.randrange(256) for _ in range(3))
        box = (x, y, x + rng.randrange(2, width // 2 + 3), y + rng.randrange(2, height // 2 + 3))
        draw.ellipse(box, fill=color) if rng.random() < 0.5 else draw.rectangle(box, fill=color)
    return image


def _profile() -> bytes:
    """sRGB's colour profile with red and green exchanged: whoever heeds it shows other colours."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    names = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
    tags = 132
    count = struct.unpack_from(">I", profile, 128)[0]
    out = bytearray(profile)
    # The header says when it was made; the same file is wanted every time.
    struct.pack_into(">6H", out, 24, 2000, 1, 1, 0, 0, 0)
    for at in range(tags, tags + 12 * count, 12):
        name = profile[at : at + 4]
        out[at : at + 4] = names.get(name, name)
    return bytes(out)


def make_pictures() -> None:
    """Writes all of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)

    def save(image: Image.Image, name: str, **options: Any) -> None:
        image.save(PICTURES / name, **options)

    cat = Image.fromarray(skimage.data.chelsea()).resize((225, 150), Image.Resampling.LANCZOS)
    save(cat, "photo.jpg", quality=90)
    save(cat, "photo.png")
    save(cat, "photo.webp", quality=80)
    arrow = _drawing(90, 60, 1)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[_ORIENTATION_TAG] = orientation
        save(arrow, f"orientation-{orientation}.jpg", quality=95, exif=exif)
    alpha = _drawing(80, 80, 2).convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((80, 80)))
    save(alpha, "alpha.png")
    save(_drawing(61, 47, 3).convert("L"), "grey.png")
    save(_drawing(61, 47, 4).quantize(16), "palette.png")
    save(_drawing(1, 1, 5), "dot.png")
    save(_drawing(1, 300, 6), "line.png")
    save(_drawing(450, 50, 7), "wide.png")
    save(_drawing(120, 262, 8), "tall.png")
    save(_drawing(300, 700, 14), "shrunk-tall.png")
    save(_drawing(333, 127, 9), "two-tiles.png")
    save(_drawing(260, 260, 10), "exact.png")
    save(_drawing(20, 13, 11), "small.png")
    save(_drawing(2300, 2100, 13), "large.png")
    drawing = _drawing(120, 80, 12)
    save(drawing, "profile.jpg", quality=90, icc_profile=_profile())
    gamma = PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100_000))
    save(drawing, "gamma.png", pnginfo=gamma)
    save(drawing.quantize(32), "still.gif")
    save(drawing, "plain.bmp")
    save(drawing.convert("CMYK"), "cmyk.jpg", quality=85)
    save(drawing, "picture.avif")
    turned = [drawing.rotate(angle).quantize(32) for angle in (90, 180)]
    save(drawing.quantize(32), "moving.gif", save_all=True, append_images=turned, duration=100)
    upper = np.asarray(drawing.convert("L")).astype(np.uint16) << 8
    lower = np.random.default_rng(0).integers(0, 256, upper.shape, dtype=np.uint16)
    save(Image.fromarray(upper | lower), "deep.png")
    for name in ("camera", "clock", "coins", "hubble_deep_field"):
        photo = Image.fromarray(getattr(skimage.data, name)())
        photo.thumbnail((300, 300), Image.Resampling.LANCZOS)
        save(photo, f"photo-{name}.jpg", quality=85)
