"""Otter: OpenFlamingo's modules under Otter's names, with a table of frame times, saved as one Hugging Face folder.

Otter's own code is not on PyPI. Its arithmetic is OpenFlamingo's (`modeling_otter.py`; both descend from one
file), so the reference is OpenFlamingo's code with the frames that it asserts away given to its own resampler.
Generation computes every step anew: Otter's `generate` looks for `<image>` in the one new token, so that it loses
the picture after the first; the paper keeps it.
"""

import json
import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from training.tests.family.common import VISION_WIDTH, Published, encoder, shake
from training.tests.family.openflamingo import build as build_openflamingo
from training.tests.family.openflamingo import package
from training.tests.family.search import beam, greedy

FRAMES = 8
NEW = ("<|endofchunk|>", "<image>", "<answer>")


class OtterReference:
    """Logits of OpenFlamingo's layers, media from the resampler with frames."""

    def __init__(self, model: nn.Module, vision: nn.Module) -> None:
        self.model, self.vision = model, vision

    def _latents(self, items: list[Tensor]) -> Tensor:
        """[1,T,latents,width]; a picture is a clip of one frame."""
        if not items:
            return torch.zeros(1, 1, len(self.model.perceiver.latents), VISION_WIDTH)
        features = [self.vision(item).last_hidden_state[None, None, :, 1:] for item in items]
        return torch.cat([self.model.perceiver(item) for item in features], 1)

    def _logits(self, ids: list[int], latents: Tensor) -> Tensor:
        row = torch.tensor([ids])
        language = self.model.lang_encoder
        for layer in language._get_decoder_layers():
            layer.condition_vis_x(latents)
        self.model._condition_media_locations(row)
        out = language(input_ids=row, attention_mask=torch.ones_like(row)).logits[0]
        language.clear_conditioned_layers()
        return out

    @torch.inference_mode()
    def logits(self, ids: list[int], items: list[Tensor]) -> NDArray[np.float32]:
        return self._logits(ids, self._latents(items)).numpy()

    @torch.inference_mode()
    def generate(self, ids: list[int], items: list[Tensor], beams: int, longest: int) -> list[int]:
        latents = self._latents(items)

        def next_logits(new: list[int]) -> Tensor:
            logits = self._logits([*ids, *new], latents)[-1]
            logits[self.model.media_token_id] = -1e9
            return logits

        return (greedy if beams == 1 else beam)(next_logits, self.model.eoc_token_id, longest)


def _renamed(name: str) -> str:
    """OpenFlamingo's names in Otter's."""
    name = re.sub(r"^(perceiver\.layers\.\d+)\.0\.", r"\1.", name)
    name = re.sub(r"^(perceiver\.layers\.\d+)\.1\.", r"\1.feed_forward.", name)
    return re.sub(r"(gated_cross_attn_layer)\.ff\.", r"\1.feed_forward.", name)


def build(folder: Path, kind: str = "llama", seed: int = 0, small: bool = False) -> Published:
    """A random Otter, everything in one folder."""
    base = build_openflamingo(folder / "base", kind, every=2, seed=seed, small=small, new=NEW)
    model = base.reference.model
    _, _, helpers = package()
    sizes = {"depth": 1, "dim_head": 8, "num_latents": 8} if small else {}
    model.perceiver = helpers.PerceiverResampler(dim=VISION_WIDTH, max_num_frames=FRAMES, **sizes)
    shake(model.perceiver, seed + 2)
    model.eval()
    vision = encoder(seed + 1)

    state = {}
    for name, value in model.state_dict().items():
        if "old_decoder_blocks" in name or name.startswith(
            ("lang_encoder.gated_cross_attn_layers", "vision_encoder.")
        ):
            continue
        state[_renamed(name)] = value.detach().clone().contiguous()
    # The whole CLIP model stands in Otter, under the names of transformers 4.
    for name, value in vision.state_dict().items():
        plain = name.removeprefix("vision_model.")
        state[f"vision_encoder.vision_model.{plain}"] = value.detach().clone()
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    save_file(state, checkpoint / "model.safetensors")
    language = json.loads((base.language / "config.json").read_text())
    pixels = json.loads((base.vision / "config.json").read_text())
    config = {"model_type": "otter", "cross_attn_every_n_layers": 2}
    (checkpoint / "config.json").write_text(
        json.dumps(config | {"text_config": language, "vision_config": pixels}), encoding="utf-8"
    )
    (checkpoint / "tokenizer.json").write_bytes((base.language / "tokenizer.json").read_bytes())
    return Published("otter", checkpoint, None, None, OtterReference(model, vision))
