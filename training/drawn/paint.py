"""Scenes as pictures of 300 px."""

import math
import random

from PIL import Image, ImageDraw, ImageFont

from training.drawn.clipart import rasterise
from training.drawn.scene import COLORS, TEST_COLORS, Scene, Thing

SIDE = 300
# Drawn larger and reduced: smooth edges.
_SCALE = 2


def _polygon(name: str, x: float, y: float, half: float) -> list[tuple[float, float]]:
    if name == "triangle":
        return [(x, y - half), (x + half, y + half), (x - half, y + half)]
    if name == "diamond":
        return [(x, y - half), (x + 0.7 * half, y), (x, y + half), (x - 0.7 * half, y)]
    if name == "cross":
        third = half / 3
        steps = [(-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1)]
        steps += [(-a, -b) for a, b in steps]
        return [(x + a * third, y + b * third) for a, b in steps]
    points = []
    for i in range(10):  # star
        radius = half if i % 2 == 0 else half * 0.42
        angle = -math.pi / 2 + i * math.pi / 5
        points.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return points


def _paint(image: Image.Image, thing: Thing) -> None:
    side = image.width
    x, y, half = thing.x * side, thing.y * side, thing.size * side / 2
    box = (x - half, y - half, x + half, y + half)
    if thing.code:
        art = rasterise(thing.code, max(8, round(half * 2)))
        image.paste(art, (round(box[0]), round(box[1])), art)
        return
    draw, color = ImageDraw.Draw(image), (COLORS | TEST_COLORS)[thing.color]
    if thing.name == "circle":
        draw.ellipse(box, color)
    elif thing.name == "square":
        draw.rectangle(box, color)
    else:
        draw.polygon(_polygon(thing.name, x, y, half), color)


def paint(scene: Scene) -> Image.Image:
    """RGB, 300 x 300."""
    side = SIDE * _SCALE
    image = Image.new("RGB", (side, side), scene.background)
    for thing in scene.things:
        _paint(image, thing)
    if scene.numbers:
        a, b = scene.numbers
        rng = random.Random(f"{a} {b} {scene.background}")
        size = rng.uniform(0.22, 0.36) * side
        dark = sum(scene.background) > 300
        ImageDraw.Draw(image).text(
            (side * rng.uniform(0.42, 0.58), side * rng.uniform(0.3, 0.7)),
            f"{a} ? {b}",
            fill="black" if dark else "white",
            font=ImageFont.load_default(size),
            anchor="mm",
        )
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)
