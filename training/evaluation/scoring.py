"""Scores: exact match after normalisation, CIDEr and BLEU-4, and bootstrap intervals.

CIDEr and BLEU are pycocoevalcap's scorers. Its tokenizer needs Java; ours stands in: lower case, words are
runs of letters and digits, joined by inner hyphens; a possessive 's is a word of its own; punctuation is
dropped. Document frequencies come from the references of the pictures scored, as the scorer does.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocoevalcap.bleu.bleu_scorer import BleuScorer
from pycocoevalcap.cider.cider_scorer import CiderScorer

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*|'s\b")
_ARTICLES = frozenset({"a", "an", "the"})
_RESAMPLES = 1000


@dataclass(frozen=True)
class Score:
    """`value` on 0..1 (CIDEr as its scorer gives it), and the 95 % bootstrap interval."""

    value: float
    interval: tuple[float, float]


def caption_words(text: str) -> str:
    """The words of a caption, joined by spaces."""
    return " ".join(_WORD.findall(text.lower().replace("’", "'")))


def normalise(text: str) -> str:
    """Lower case, `_` as a space, punctuation and articles dropped."""
    words = re.findall(r"\w+", text.lower().replace("_", " "))
    return " ".join(word for word in words if word not in _ARTICLES)


def answer_set(text: str) -> frozenset[str]:
    """A comma list as a set of normalised parts; a plain answer is a set of one."""
    return frozenset(normalise(part) for part in text.split(","))


def is_exact(answer: str, truth: str) -> bool:
    """Whether the answer is the truth, comma lists in any order."""
    return answer_set(answer) == answer_set(truth)


def bootstrap(count: int, statistic: Callable[[NDArray[np.int64]], float]) -> tuple[float, float]:
    """95 % interval of a statistic of resampled indices; the seed is fixed."""
    rng = np.random.default_rng(0)
    values = [statistic(rng.integers(0, count, count)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def mean_score(values: Sequence[float]) -> Score:
    """The mean and its interval."""
    array = np.asarray(values, np.float64)
    return Score(float(array.mean()), bootstrap(len(array), lambda i: float(array[i].mean())))


def cider(answers: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """CIDEr over all pictures."""
    scorer = CiderScorer()
    for answer, wanted in zip(answers, references, strict=True):
        scorer += (caption_words(answer), [caption_words(text) for text in wanted])
    _, each = scorer.compute_score()
    return mean_score([float(score) for score in each])


def bleu4(answers: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """Corpus BLEU-4 with the closest reference length."""
    scorer = BleuScorer(n=4)
    for answer, wanted in zip(answers, references, strict=True):
        scorer += (caption_words(answer), [caption_words(text) for text in wanted])
    scorer.compute_score(option="closest", verbose=0)
    guess = np.array([part["guess"] for part in scorer.ctest], np.float64)
    correct = np.array([part["correct"] for part in scorer.ctest], np.float64)
    lengths = np.array([part["testlen"] for part in scorer.ctest], np.float64)
    wanted_lengths = np.array(
        [
            min((abs(length - part["testlen"]), length) for length in part["reflen"])[1]
            for part in scorer.ctest
        ],
        np.float64,
    )

    def corpus(index: NDArray[np.int64]) -> float:
        precision = (correct[index].sum(0) + 1e-15) / (guess[index].sum(0) + 1e-9)
        ratio = lengths[index].sum() / wanted_lengths[index].sum()
        penalty = 1.0 if ratio >= 1 else float(np.exp(1 - 1 / ratio)) if ratio > 0 else 0.0
        return float(np.exp(np.log(precision).mean()) * penalty)

    everything = np.arange(len(scorer.ctest))
    return Score(corpus(everything), bootstrap(len(everything), corpus))


def f1(answer: frozenset[str], truth: frozenset[str]) -> float:
    """Harmonic mean of precision and recall of two sets."""
    return 2 * len(answer & truth) / max(1, len(answer) + len(truth))


def named(answers: Sequence[str], heads: Sequence[frozenset[str]]) -> Score:
    """How much more often captions name something of their own picture than of another.

    `heads` are head nouns of each picture's subject and objects; a caption names one when it is among its
    first 15 words (singular and plural folded, by the caller). The share against another picture's heads is
    the mean over all of them.
    """
    said = [frozenset(answer.split()[:15]) for answer in answers]
    count = len(said)
    hits = np.array([[not own.isdisjoint(other) for other in heads] for own in said], np.float64)
    own = hits.diagonal()
    others = (hits.sum(1) - own) / max(1, count - 1)
    return mean_score([float(value) for value in own - others])
