"""Self-critical training of captions: what the model says is weighed by its CIDEr against the other things it says.

Rennie et al., "Self-critical Sequence Training for Image Captioning", with the mean reward of the other
samples of the same picture as baseline instead of the greedy answer's. The end of a caption is a word of its
own in the reward: without it, captions that break off ("a man in a") score as well as whole ones.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pycocoevalcap.cider.cider_scorer import CiderScorer, cook_refs, cook_test
from torch import Tensor

from training.config import START_TOKEN
from training.data.batch import MediaGroup, collate, dequantise
from training.data.features import FeatureStore
from training.data.manifest import Record
from training.data.rows import IGNORED, Packer, Row
from training.evaluation.scoring import caption_words
from training.model.chunks import Chunks, chunks_of
from training.model.flamingo import Flamingo
from training.model.language import KeyValues
from training.prompts import PROMPTS

_END = "endofcaption"
LONGEST = 22


def _words(caption: str) -> str:
    return f"{caption_words(caption)} {_END}"


class CaptionReward:
    """CIDEr of captions of known pictures, with the document frequencies of all their references."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._references = {r.file: cook_refs([_words(c) for c in r.captions]) for r in records}
        whole = CiderScorer()
        whole.crefs = list(self._references.values())
        whole.compute_doc_freq()
        self._frequencies, self._pictures = whole.document_frequency, len(records)

    def of(self, record: Record, captions: Sequence[str]) -> list[float]:
        """One reward for each caption of the picture."""
        scorer = CiderScorer()
        # The scorer takes the number of pictures, for its frequencies, from the length of this list.
        scorer.crefs = [self._references[record.file]] * self._pictures
        scorer.ctest = [cook_test(_words(caption)) for caption in captions]
        scorer.document_frequency = self._frequencies
        return [float(score) for score in scorer.compute_cider()]


def latents_of(model: Flamingo, groups: Sequence[MediaGroup]) -> Tensor:
    """Latents [U,64,M] of a batch's media, in the groups' order."""
    dtype = model.decoder.embedding.dtype
    return torch.cat(
        [
            model.bridge.latents(dequantise(group.features, dtype), group.grid, group.time)
            for group in groups
        ]
    )


@torch.no_grad()
def sample_answers(
    model: Flamingo, prompt: list[int], latents: Tensor, times: int, longest: int
) -> list[list[int]]:
    """`times` sampled answers to one prompt under each of latents [U,64,M]; ends with end-of-chunk if it came.

    Returns U*times lists of ids, those of a picture side by side.
    """
    pictures, end = latents.shape[0], model.config.end_of_chunk
    past = [KeyValues() for _ in model.decoder.layers]
    ids = torch.tensor([prompt]).expand(pictures, -1)
    seen = (ids == model.config.image_token).cumsum(1)[..., None] == 1
    looks = chunks_of(seen, torch.arange(pictures)[:, None])
    hidden = model.hidden(ids, latents, looks, past)[:, -1].repeat_interleave(times, 0)
    for layer in past:
        layer.repeat(times)
    rows = pictures * times
    one_each = Chunks(
        torch.arange(rows).view(pictures, times), torch.arange(rows), torch.arange(pictures)
    )
    answers: list[list[int]] = [[] for _ in range(rows)]
    for position in range(len(prompt), len(prompt) + longest):
        token = torch.multinomial(model.logits(hidden).softmax(-1), 1)
        for row, value in enumerate(token[:, 0].tolist()):
            if not answers[row] or answers[row][-1] != end:
                answers[row].append(value)
        if all(answer[-1] == end for answer in answers):
            break
        hidden = model.hidden(token, latents, one_each, past, position)[:, -1]
    return answers


@dataclass(frozen=True)
class SelfCritical:
    """Makes a loss of the model's own captions."""

    records: Sequence[Record]
    reward: CaptionReward
    packer: Packer
    store: FeatureStore
    pictures: int = 12
    times: int = 5

    def loss(self, model: Flamingo, rng: random.Random) -> tuple[Tensor, float]:
        """The policy gradient's loss over fresh samples, and their mean reward."""
        records = rng.sample(self.records, self.pictures)
        prompt = [
            START_TOKEN,
            model.config.image_token,
            *self.packer.encode(PROMPTS["caption"].text()),
        ]
        first = collate([Row(prompt, [IGNORED], [r]) for r in records], self.store, prompt[1])
        # `collate` orders media by form: sampling needs the pictures' order.
        latents = latents_of(model, first.groups)
        by_picture = latents.detach()[first.chunks.media]
        answers = sample_answers(model, prompt, by_picture, self.times, LONGEST)
        rows, advantages, rewards = [], [], []
        for number, record in enumerate(records):
            own = answers[number * self.times : (number + 1) * self.times]
            scores = self.reward.of(record, [self._text(ids, model) for ids in own])
            rewards += scores
            for ids, score in zip(own, scores, strict=True):
                others = (sum(scores) - score) / (self.times - 1)
                labels = [IGNORED] * (len(prompt) - 1) + ids
                rows.append(Row([*prompt, *ids[:-1]], labels, [record]))
                advantages.append(score - others)
        batch = collate(rows, self.store, prompt[1])
        # The same pictures in the same order: the latents of the sampling serve again.
        hidden = model.hidden(batch.ids, latents, batch.chunks)
        wanted = batch.labels != IGNORED
        logits = model.logits(hidden[wanted])
        chosen = logits.log_softmax(-1).gather(1, batch.labels[wanted][:, None])[:, 0]
        weight = torch.tensor(advantages)[:, None].expand_as(batch.labels)[wanted]
        return -(weight * chosen).sum() / len(rows), sum(rewards) / len(rewards)

    def _text(self, ids: list[int], model: Flamingo) -> str:
        words = ids[:-1] if ids[-1] == model.config.end_of_chunk else ids
        return self.packer.tokenizer.decode(words, skip_special_tokens=True).strip()
