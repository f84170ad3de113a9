"""Words of answers: heads of noun phrases, singular and plural folded, kinds of questions."""

import re

from training.evaluation.scoring import caption_words, normalise

_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "people": "person",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "leaves": "leaf",
    "knives": "knife",
    "wolves": "wolf",
    "shelves": "shelf",
    "loaves": "loaf",
    "scarves": "scarf",
    "calves": "calf",
    "halves": "half",
    "firemen": "fireman",
    "policemen": "policeman",
}
_KEEP = re.compile(r"(ss|us|is|as|os)$")
# A head stands before these: "bowl of soup", "man on a horse".
_AFTER_HEAD = frozenset(
    {
        *("of", "with", "in", "on", "at", "by", "from", "for", "and", "to"),
        *("near", "under", "over", "behind", "beside", "inside"),
    }
)


def singular(word: str) -> str:
    """English plural folded to its singular; what is none stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or _KEEP.search(word):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "oes")):
        return word[:-2]
    return word[:-1]


def folded(text: str) -> str:
    """Normalised, every word in the singular."""
    return " ".join(singular(word) for word in normalise(text).split())


def head_noun(phrase: str) -> str:
    """The folded head of a noun phrase: its last word before a preposition."""
    words = caption_words(phrase).split()
    cut = next((i for i, word in enumerate(words) if i and word in _AFTER_HEAD), len(words))
    return singular(words[cut - 1]) if words else ""


def object_set(text: str) -> frozenset[str]:
    """A comma list as a set of folded names."""
    return frozenset(name for part in text.split(",") if (name := folded(part)))


def question_type(question: str, answer: str) -> str:
    """yesno (by the answer), count ("how many"), color ("color" in the question), or other."""
    if normalise(answer) in ("yes", "no"):
        return "yesno"
    low = question.lower()
    if "how many" in low:
        return "count"
    return "color" if "color" in low or "colour" in low else "other"
