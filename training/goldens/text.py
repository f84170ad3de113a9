"""Token ids of thousands of strings, and of every script, by Hugging Face's `tokenizers`."""

import hashlib
import json
import random
import unicodedata
from typing import Any

from tokenizers import Tokenizer

from training.frozen.packages import SMOLLM2, fetch
from training.tokenizer import build_tokenizer

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
    # White space to Unicode and not to JavaScript, and the other way round.
    strings += [
        f"a   {space}x {space}\n{space} !" for space in "\u0085\ufeff\u180e\u200b\u2028\u3000"
    ]
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


# Each code point twice within a word, alone, before and after digits, after a contraction, after punctuation.
_CONTEXT = "x{c}{c}y {c}7'll{c} !{c} z"
_BLOCK = 0x800


def _settled() -> list[int]:
    """Code points whose kind has not changed since Unicode 3.2: other versions of a runtime agree on them."""
    old = unicodedata.ucd_3_2_0
    kinds = ((c, old.category(chr(c)), unicodedata.category(chr(c))) for c in range(0x20000))
    return [c for c, before, now in kinds if before == now and before not in ("Cn", "Co", "Cs")]


def _ranges(sorted_values: list[int]) -> list[list[int]]:
    out: list[list[int]] = []
    for value in sorted_values:
        if out and out[-1][1] == value - 1:
            out[-1][1] = value
        else:
            out.append([value, value])
    return out


def code_point_goldens() -> dict[str, Any]:
    """SHA-256 over the ids of every settled code point in the context, block by block."""
    tokenizer = plain(build_tokenizer(fetch(SMOLLM2)))
    blocks: dict[int, list[int]] = {}
    for code_point in _settled():
        blocks.setdefault(code_point // _BLOCK, []).append(code_point)
    out = []
    for members in blocks.values():
        strings = [_CONTEXT.replace("{c}", chr(c)) for c in members]
        encoded = tokenizer.encode_batch(strings, add_special_tokens=False)
        lines = "".join(f"{','.join(map(str, e.ids))}\n" for e in encoded)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        out.append({"ranges": _ranges(members), "sha256": digest})
    return {"context": _CONTEXT, "blocks": out}
