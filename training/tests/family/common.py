"""What all random models share: weights that make pictures matter, small tokenizers, saved folders."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModel

TEXT = """A dog runs over the grass and a cat sits on the mat. Two children play with a red ball in the
water. Question: what color is the hat of the man? Short answer: blue. Output: a woman in a white dress."""
SIZE = 14
VISION_WIDTH = 32


class Reference(Protocol):
    """A published model in its own code. Pictures are pixels [F,3,size,size], one array an item."""

    def logits(self, ids: list[int], items: list[torch.Tensor]) -> NDArray[np.float32]:
        """Of every position [S,V]."""

    def generate(
        self, ids: list[int], items: list[torch.Tensor], beams: int, longest: int
    ) -> list[int]:
        """New tokens without the end."""


@dataclass(frozen=True)
class Published:
    """A model saved as its authors did: arguments of `python -m training.convert`, and the model itself."""

    kind: str
    checkpoint: Path
    language: Path | None
    vision: Path | None
    reference: Reference


def round16(module: nn.Module) -> None:
    """Weights that 16 bits hold, so that a model converted at 16 bits computes the same."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())


def shake(module: nn.Module, seed: int) -> None:
    """Random weights under which every part changes the answer, gates opened. Later random numbers are fixed too."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            leaf = name.rsplit(".", 1)[-1]
            if "gate" in leaf or "alpha" in leaf:
                parameter.copy_(0.9 + 0.3 * noise)
            elif parameter.ndim >= 2:
                rows = leaf in ("latents", "frame_embs", "time_pos_emb") or "embed" in name
                gain = 0.7 if rows else 1.6 / parameter[0].numel() ** 0.5
                parameter.copy_(noise * gain)
            else:
                centre = 1.0 if "norm" in name and leaf == "weight" else 0.0
                parameter.copy_(centre + 0.2 * noise)
    round16(module)


def encoder(seed: int, width: int = VISION_WIDTH) -> CLIPVisionModel:
    """Two layers, 2 x 2 patches; CLIP ViT-L's heads and feed-forward at its width."""
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=4 * width if width > VISION_WIDTH else 64,
        num_hidden_layers=2,
        num_attention_heads=max(2, width // 64),
        image_size=SIZE,
        patch_size=SIZE // 2,
        hidden_act="quick_gelu",
    )
    model = CLIPVisionModel(config).eval()
    shake(model, seed)
    return model


def byte_level(extra: tuple[str, ...] = ()) -> Tokenizer:
    """GPT-NeoX's kind: NFC, GPT-2's byte level."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", *extra],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT.splitlines(), trainer)
    return tokenizer


def sentence_piece(extra: tuple[str, ...] = ()) -> Tokenizer:
    """LLaMA's kind: spaces as ▁, one before the text, bytes for what has no token."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<unk>", "<s>", "</s>", *fallback], show_progress=False
    )
    tokenizer.train_from_iterator(TEXT.splitlines(), trainer)
    # As published: bytes are tokens of the vocabulary, not added ones.
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = [t for t in saved["added_tokens"] if t["id"] < 3]
    saved["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    }
    tokenizer = Tokenizer.from_str(json.dumps(saved))
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in extra])
    return tokenizer


def picture(seed: int, frames: int = 1) -> torch.Tensor:
    """Random pixels [F,3,size,size]."""
    return torch.randn((frames, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(seed))
