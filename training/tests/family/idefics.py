"""IDEFICS in transformers' code, saved by transformers. Its image processor wants torchvision and is not used."""

from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from training.tests.family.common import (
    SIZE,
    VISION_WIDTH,
    Published,
    sentence_piece,
    shake,
)

FAKE, IMAGE, END = "<fake_token_around_image>", "<image>", "<end_of_utterance>"


class IdeficsReference:
    """Forward and `generate` with the image attention mask that its processor makes."""

    def __init__(self, model: torch.nn.Module, image: int, fake: int, end: int) -> None:
        self.model, self.image, self.fake, self.end = model, image, fake, end

    def _inputs(self, ids: list[int], items: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        row = torch.tensor([ids])
        seen = (row == self.image).cumsum(1)[..., None]
        count = max(1, len(items))
        mask = (seen == torch.arange(1, count + 1)).long()
        pixels = torch.cat(items)[None] if items else torch.zeros(1, 1, 3, SIZE, SIZE)
        return {
            "input_ids": row,
            "attention_mask": torch.ones_like(row),
            "pixel_values": pixels,
            "image_attention_mask": mask,
        }

    @torch.inference_mode()
    def logits(self, ids: list[int], items: list[torch.Tensor]) -> NDArray[np.float32]:
        return self.model(**self._inputs(ids, items), use_cache=False).logits[0].numpy()

    @torch.inference_mode()
    def generate(
        self, ids: list[int], items: list[torch.Tensor], beams: int, longest: int
    ) -> list[int]:
        out = self.model.generate(
            **self._inputs(ids, items),
            num_beams=beams,
            max_new_tokens=longest,
            length_penalty=0.0,
            do_sample=False,
            eos_token_id=self.end,
            pad_token_id=0,
            bad_words_ids=[[self.image], [self.fake]],
        )
        new = out[0, len(ids) :].tolist()
        return new[: new.index(self.end)] if self.end in new else new


def build(folder: Path, seed: int = 0, vector: bool = False, small: bool = False) -> Published:
    """A random IDEFICS: blocks before layers 0 and 2, decoupled embeddings, normalised queries and keys."""
    tokenizer = sentence_piece((FAKE, IMAGE, END))
    ids = [tokenizer.token_to_id(name) for name in (IMAGE, FAKE, END)]
    config = transformers.IdeficsConfig(
        vocab_size=tokenizer.get_vocab_size() - 3,
        additional_vocab_size=3,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2 if small else 4,
        num_attention_heads=2,
        cross_layer_interval=2,
        qk_layer_norms=True,
        alpha_type="vector" if vector else "float",
        use_resampler=True,
        max_position_embeddings=256,
        tie_word_embeddings=False,
        vision_config={
            "embed_dim": VISION_WIDTH,
            "image_size": SIZE,
            "patch_size": SIZE // 2,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "hidden_act": "gelu",
        },
        perceiver_config={
            "use_resampler": True,
            "resampler_n_latents": 8,
            "resampler_depth": 1 if small else 2,
            "resampler_n_heads": 2,
            "resampler_head_dim": 12,
            "qk_layer_norms_perceiver": True,
        },
    )
    model = transformers.IdeficsForVisionText2Text(config).eval()
    shake(model, seed)
    checkpoint = folder / "checkpoint"
    model.save_pretrained(checkpoint)
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    return Published("idefics", checkpoint, None, None, IdeficsReference(model, *ids))
