"""Sampling with kept keys and values, the reward, and which way the self-critical loss pushes."""

import torch

from training.config import (
    CrossAttentionConfig,
    FlamingoConfig,
    LanguageConfig,
    ResamplerConfig,
    VisionConfig,
)
from training.data.manifest import Record
from training.model.chunks import chunks_of
from training.model.flamingo import Flamingo
from training.model.language import KeyValues
from training.self_critical import CaptionReward, sample_answers
from training.tiny import random_llama

CONFIG = FlamingoConfig(
    language=LanguageConfig(4, 64, 4, 2, 16, 96, 97),
    vision=VisionConfig(width=32),
    resampler=ResamplerConfig(width=48),
    cross_attention=CrossAttentionConfig(layers=(0, 2)),
)
PROMPT = [0, CONFIG.image_token, 5, 9]


def _model() -> Flamingo:
    torch.manual_seed(0)
    model = Flamingo(CONFIG, random_llama(CONFIG.language, 0)).eval()
    for block in model.bridge.blocks:
        torch.nn.init.constant_(block.attn_gate, 0.7)
    return model


def _whole(model: Flamingo, ids: list[int], latents: torch.Tensor) -> torch.Tensor:
    row = torch.tensor([ids])
    mask = (row == CONFIG.image_token).cumsum(1)[..., None] == 1
    return model.hidden(row, latents, chunks_of(mask, torch.zeros(1, 1, dtype=torch.long)))


@torch.no_grad()
def test_kept_keys_and_values_change_nothing() -> None:
    """Hidden states read in three parts against those read at once: 1e-4."""
    model, latents = _model(), torch.randn(1, 64, 48)
    ids = [*PROMPT, 7, 8, 30, 31]
    wanted = _whole(model, ids, latents)
    past = [KeyValues() for _ in model.decoder.layers]
    got = []
    for start, end in ((0, 4), (4, 6), (6, 8)):
        mask = torch.ones(1, end - start, 1, dtype=torch.bool)
        if start == 0:
            mask[:, 0] = False
        looks = chunks_of(mask, torch.zeros(1, 1, dtype=torch.long))
        got.append(model.hidden(torch.tensor([ids[start:end]]), latents, looks, past, start))
    assert (torch.cat(got, 1) - wanted).abs().max() < 1e-4


def test_samples_follow_the_model() -> None:
    """The most sampled first token of each picture is the likeliest one, and answers end where they should."""
    model, latents = _model(), 3 * torch.randn(2, 64, 48)
    with torch.no_grad():
        model.decoder.norm.mul_(6)  # sharper, so that sixty samples tell the likeliest
    answers = sample_answers(model, PROMPT, latents, 60, 5)
    assert len(answers) == 120 and all(1 <= len(a) <= 5 for a in answers)
    assert all(CONFIG.end_of_chunk not in a[:-1] for a in answers)
    assert all(CONFIG.image_token not in a for a in answers)
    for picture in range(2):
        with torch.no_grad():
            hidden = _whole(model, PROMPT, latents[picture : picture + 1])[:, -1]
            likely = model.logits(hidden).softmax(-1)[0]
        first = torch.tensor([a[0] for a in answers[picture * 60 : picture * 60 + 60]])
        share = first.bincount(minlength=len(likely)) / 60
        assert (share - likely).abs().max() < 0.25


def test_whole_captions_of_the_picture_are_rewarded_most() -> None:
    texts = [
        ("A dog runs over the grass", "A brown dog running on green grass"),
        ("A man rides a red bicycle", "A cyclist in a red shirt on a street"),
        ("Two women sit on a bench", "Two ladies rest in the park"),
        ("A cat sleeps on a sofa", "A white cat lies on the couch"),
    ]
    records = [
        Record(f"flickr8k/{i}.jpg", "flickr8k", "train", 224, 224, captions=t)
        for i, t in enumerate(texts)
    ]
    reward = CaptionReward(records)
    said = ["A dog runs over the grass", "A dog runs over the", "A man rides a red bicycle", ""]
    whole, cut, other, nothing = reward.of(records[0], said)
    assert whole > cut > other
    assert nothing < cut
    # The same words for another picture are worth what that picture's captions say.
    assert reward.of(records[1], said)[2] > reward.of(records[1], said)[0]
