"""Golden files of the browser's tests: pictures as the encoder sees them, tokens, answers of the tiny model.

python -m training.goldens        (writes tests/pictures and tests/golden)
"""

import argparse
import base64
import gzip
import hashlib
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from tokenizers import Tokenizer

from training.config import FlamingoConfig
from training.evaluation.answer import log_softmax
from training.frozen.packages import SMOLLM2, fetch
from training.model.flamingo import Flamingo
from training.pixels import canvas, pixels, tile_grid
from training.positions import grid_matrix, time_matrix
from training.shipped import as_shipped
from training.tiny import tiny_source
from training.tokenizer import build_tokenizer

ROOT = Path(__file__).parents[1]
PICTURES, GOLDEN = ROOT / "tests" / "pictures", ROOT / "tests" / "golden"
_ORIENTATION_TAG = 0x0112


# Pictures


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


def make_pictures() -> None:
    """Writes the test pictures: drawn here, or cut from scikit-image's own photos."""
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
    save(_drawing(333, 127, 9), "two-tiles.png")
    save(_drawing(260, 260, 10), "exact.png")
    save(_drawing(20, 13, 11), "small.png")


def pixel_goldens() -> list[dict[str, Any]]:
    """The canvas of each picture: SHA-256 of its bytes, and the bytes themselves as a PNG."""
    out = []
    for path in sorted(PICTURES.iterdir()):
        with Image.open(path) as image:
            seen = canvas(image)
        buffer = io.BytesIO()
        Image.fromarray(seen).save(buffer, "PNG", optimize=True)
        out.append(
            {
                "picture": path.name,
                "width": seen.shape[1],
                "height": seen.shape[0],
                "sha256": hashlib.sha256(seen.tobytes()).hexdigest(),
                "png": base64.b64encode(buffer.getvalue()).decode(),
            }
        )
    return out


def resample_goldens() -> list[dict[str, Any]]:
    """Random bytes resized by Pillow: shrinking, growing, one axis, single pixels."""
    rng = np.random.default_rng(0)
    out = []
    for source, target in (
        ((37, 23), (11, 9)),
        ((11, 9), (37, 23)),
        ((64, 64), (260, 260)),
        ((200, 3), (13, 3)),
        ((1, 1), (5, 7)),
        ((50, 40), (50, 13)),
        ((301, 199), (260, 172)),
    ):
        data = rng.integers(0, 256, (source[1], source[0], 3), dtype=np.uint8)
        resized = Image.fromarray(data).resize(target, Image.Resampling.BICUBIC)
        out.append(
            {
                "source": source,
                "target": target,
                "seed": base64.b64encode(gzip.compress(data.tobytes(), mtime=0)).decode(),
                "sha256": hashlib.sha256(np.asarray(resized).tobytes()).hexdigest(),
            }
        )
    return out


def position_goldens() -> dict[str, Any]:
    """A digest of each matrix is too strict for floats: row sums against powers tell any other matrix apart."""

    def probe(matrix: NDArray[np.float32]) -> list[float]:
        weights = np.sin(np.arange(matrix.shape[1]) + 1.0)
        return [round(float(value), 5) for value in matrix @ weights]

    grids = [(1, 1), (2, 1), (1, 3), (4, 1)]
    return {
        "grid": [{"columns": c, "rows": r, "probe": probe(grid_matrix(c, r))} for c, r in grids],
        "time": [{"frames": f, "probe": probe(time_matrix(f))} for f in (1, 2, 5, 8, 16)],
        "tiles": [
            {"width": w, "height": h, "grid": tile_grid(w, h)}
            for w, h in ((1, 1), (200, 100), (201, 100), (300, 100), (100, 950), (399, 100))
        ],
    }


# Tokens

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "ABC xyz .,;:!?'\"()[]{}<>|/\\@#$%^&*-_=+~`",
    "0123456789 .,-+",
    "äöüßéèêçñøåæœ ÄÖÜ",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя ",
    "αβγδεζηθικλμνξοπρστυφχψω ",
    "你好世界人工智能图像语言模型 ",
    "こんにちは世界カタカナ ",
    "안녕하세요 세계 ",
    "مرحبا بالعالم ",
    "שלום עולם ",
    "नमस्ते दुनिया ",
    "สวัสดีชาวโลก ",
    "😀😂🐱🐶🦩👩‍👩‍👧‍👦🏳️‍🌈👍🏽 ❤️",
    " \t\n\r\u00a0\u2003\u3000",
    "𝒜𝓑𝔠𝟘∑∫√≠→⇒½²",
)
_WORDS = [
    "the",
    "a",
    "dog",
    "cat",
    "Caption:",
    "Question:",
    "Answer:",
    "don't",
    "I'll",
    "we've",
    "it's",
    "<image>",
    "<|endofchunk|>",
    "<|im_start|>",
    "<|endoftext|>",
    "function()",
    "{",
    "return",
    "x",
    "+=",
    "1;",
    "}",
    "def",
    "f(x):",
    "https://a.b/c?d=e&f",
    "3.14159",
    "2026-11-24",
]


def token_strings(count: int) -> list[str]:
    """Seeded strings of many scripts, code, spaces, digits, and names of special tokens typed as text."""
    rng = random.Random(0)
    strings = ["", " ", "  a", "a  ", "\n\n\n", "<image>", "<|endofchunk|>x", "Caption: a dog"]
    while len(strings) < count:
        parts = []
        for _ in range(rng.randrange(1, 6)):
            if rng.random() < 0.5:
                parts.append(" ".join(rng.choices(_WORDS, k=rng.randrange(1, 6))))
            else:
                alphabet = rng.choice(_ALPHABETS)
                parts.append("".join(rng.choices(alphabet, k=rng.randrange(1, 20))))
            parts.append(rng.choice(("", " ", "  ", "\n")))
        strings.append("".join(parts))
    return strings


def plain(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer without its added tokens: their names in a text are text."""
    json_ = json.loads(tokenizer.to_str())
    json_["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(json_))


def token_goldens() -> list[dict[str, Any]]:
    tokenizer = plain(build_tokenizer(fetch(SMOLLM2)))
    strings = token_strings(5000)
    encoded = tokenizer.encode_batch(strings, add_special_tokens=False)
    return [{"text": t, "ids": e.ids} for t, e in zip(strings, encoded, strict=True)]


# Answers of the tiny model

# The runtimes differ by 1e-5: no choice of the goldens may be as close as this.
_MARGIN = 0.004


def _answer(
    model: Flamingo, ids: list[int], latents: torch.Tensor, count: int
) -> tuple[list[int], list[float], float]:
    """Greedy tokens, the logits at the prompt's end, and the smallest margin of a choice."""
    tokens: list[int] = []
    first: list[float] = []
    margin = float("inf")
    for _ in range(count):
        logits = model(torch.tensor([ids + tokens]), latents)[0, -1]
        first = first or [round(float(v), 6) for v in logits[:16]]
        top = logits.topk(2).values
        margin = min(margin, float(top[0] - top[1]))
        best = int(logits.argmax())
        if best == model.config.end_of_chunk:
            break
        tokens.append(best)
    return tokens, first, margin


def _beam(
    model: Flamingo, ids: list[int], latents: torch.Tensor, count: int, beams: int = 3
) -> list[int]:
    """Beam search over whole recomputations; length penalty 0, ended hypotheses compete with live ones."""
    alive: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int]]] = []
    for _ in range(count):
        grown = []
        for score, tokens in alive:
            logits = model(torch.tensor([ids + tokens]), latents)[0, -1].numpy()
            for token in np.argsort(-log_softmax(logits))[: 2 * beams]:
                total = score + float(log_softmax(logits)[token])
                grown.append((total, [*tokens, int(token)]))
        grown.sort(key=lambda item: -item[0])
        alive = []
        for score, tokens in grown:
            if tokens[-1] == model.config.end_of_chunk:
                ended.append((score, tokens[:-1]))
            elif len(alive) < beams:
                alive.append((score, tokens))
            if len(alive) == beams:
                break
        if ended and max(ended)[0] >= alive[0][0]:
            break
    return max([*ended, *alive], key=lambda item: item[0])[1]


def _rank(
    model: Flamingo, ids: list[int], latents: torch.Tensor, answers: list[list[int]]
) -> list[dict[str, float]]:
    """Sum and mean log-probability of each answer with its end-of-chunk token."""
    out = []
    for answer in answers:
        wanted = [*answer, model.config.end_of_chunk]
        logits = model(torch.tensor([ids + wanted[:-1]]), latents)[0].numpy()
        logprobs = log_softmax(logits[len(ids) - 1 :])
        total = float(sum(logprobs[i, token] for i, token in enumerate(wanted)))
        out.append({"logprob": total, "meanLogprob": total / len(wanted)})
    return out


def tiny_goldens() -> list[dict[str, Any]]:
    """Prompts in the format of `npm run ask`, and what PyTorch answers with the weights as they ship."""
    source, tokenizer = tiny_source()
    config: FlamingoConfig = source.config
    model = Flamingo(config, source.language).eval()
    state = {name: torch.from_numpy(value) for name, value in source.bridge.items()}
    model.bridge.load_state_dict(as_shipped(state))
    bare = plain(tokenizer)

    def encode(text: str) -> list[int]:
        return bare.encode(text, add_special_tokens=False).ids

    def latents(names: list[str], clip: bool) -> torch.Tensor:
        tiles, grid = [], (1, 1)
        for name in names:
            with Image.open(PICTURES / name) as image:
                grid = tile_grid(*image.size)
                tiles.append(torch.from_numpy(pixels(image, config.vision.size)))
        features = source.encoder(torch.cat(tiles)).reshape(len(names), -1, config.vision.width)
        time = time_matrix(len(names)) if clip else np.zeros((1, 8), np.float32)
        return model.bridge.latents(
            features[None], torch.from_numpy(grid_matrix(*grid)), torch.from_numpy(time)
        )

    def image(name: str) -> dict[str, str]:
        return {"image": name}

    def text(value: str) -> dict[str, str]:
        return {"text": value}

    frames = {"frames": ["small.png", "grey.png", "exact.png"]}
    cases: list[tuple[str, list[list[dict[str, Any]]], list[dict[str, Any]]]] = [
        ("one picture", [], [image("photo.png"), text("Caption:")]),
        ("no picture", [], [text("Question: what color is the hat of the man? Answer:")]),
        ("text first", [], [text("A dog "), image("exact.png"), text("runs over")]),
        ("two pictures", [], [image("photo.png"), text("a cat"), image("exact.png"), text("is")]),
        ("two tiles", [], [image("two-tiles.png"), text("Objects:")]),
        ("four tiles", [], [image("wide.png"), text("Name:")]),
        ("clip", [], [frames, text("Description:")]),
        (
            "examples",
            [
                [image("exact.png"), text("Name: tabby")],
                [image("alpha.png"), text("Name: plate")],
            ],
            [image("photo.png"), text("Name:")],
        ),
    ]
    candidates = ["tabby", "a red ball", "water"]
    out = []
    with torch.inference_mode():
        for name, examples, prompt in cases:
            ids, media = [0], []
            for i, chunk in enumerate([*examples, prompt]):
                for segment in chunk:
                    if "text" in segment:
                        ids += encode(segment["text"])
                        continue
                    ids.append(config.image_token)
                    names = segment.get("frames") or [segment["image"]]
                    media.append(latents(names, "frames" in segment))
                if i < len(examples):
                    ids.append(config.end_of_chunk)
            width = config.resampler.width
            all_ = torch.stack(media, 1) if media else torch.zeros(1, 0, 64, width)
            tokens, logits, margin = _answer(model, ids, all_, 12)
            if margin < _MARGIN:
                raise RuntimeError(
                    f"{name}: a choice is as close as {margin:.4f}; take another seed"
                )
            closed = model.decoder(torch.tensor([ids])) if not media else None
            out.append(
                {
                    "id": name,
                    "examples": examples,
                    "prompt": prompt,
                    "ids": ids,
                    "tokens": tokens,
                    "logits": logits,
                    "beam": _beam(model, ids, all_, 8),
                    "candidates": candidates,
                    "ranking": _rank(model, ids, all_, [encode(f" {c}") for c in candidates]),
                    "plain": None
                    if closed is None
                    else [round(float(v), 6) for v in closed[0, -1, :16]],
                }
            )
    return out


def write(name: str, value: Any) -> None:
    """JSON, or gzipped JSON for the large ones; the same content gives the same bytes."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(value, ensure_ascii=False, indent=None) + "\n").encode()
    (GOLDEN / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    make_pictures()
    write("canvases.json.gz", pixel_goldens())
    write("resample.json", resample_goldens())
    write("positions.json", position_goldens())
    write("tokens.json.gz", token_goldens())
    write("tiny.json", tiny_goldens())


if __name__ == "__main__":
    main()
