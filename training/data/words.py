"""Invented words: labels that mean nothing, so that only the examples tell."""

import random

_ONSETS = [
    "b",
    "bl",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "sk",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ee", "oo"]
_CODAS = ["", "", "n", "r", "l", "x", "p", "sk", "m", "t"]


def invented_word(rng: random.Random) -> str:
    """Two or three syllables, such as "daxu" or "blicken"."""
    syllables = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 2, 2)))]
    return "".join(syllables) + rng.choice(_CODAS)


def invented_words(rng: random.Random, count: int) -> list[str]:
    """`count` different words."""
    words: list[str] = []
    while len(words) < count:
        word = invented_word(rng)
        if word not in words:
            words.append(word)
    return words
