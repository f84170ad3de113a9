"""OpenFlamingo in its own code (PyPI `open-flamingo` without its dependencies), saved as its checkpoints are."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from training.convert.openflamingo import OURS
from training.frozen.efficientnet import load_efficientnet
from training.tests.family.common import (
    SIZE,
    VISION_WIDTH,
    Published,
    byte_level,
    encoder,
    round16,
    sentence_piece,
    shake,
)

NEW = ("<|endofchunk|>", "<image>")
WIDTH = 32


def package() -> tuple[Any, Any, Any]:
    """The package's modules; its import wants open_clip, of which nothing is needed."""
    sys.modules.setdefault("open_clip", ModuleType("open_clip"))
    from open_flamingo.src import flamingo, flamingo_lm, helpers

    return flamingo, flamingo_lm, helpers


def _llama(vocabulary: int, layers: int) -> nn.Module:
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
    )
    return transformers.LlamaForCausalLM(config)


def _mpt(vocabulary: int, layers: int) -> nn.Module:
    # Three heads: slopes of a number that is no power of two.
    config = transformers.MptConfig(
        vocab_size=vocabulary, d_model=24, n_heads=3, n_layers=layers, max_seq_len=256
    )
    return transformers.MptForCausalLM(config)


class _NormedQkv(nn.Module):
    """MosaicGPT's `attn_qk_ln`: queries and keys normalised over the whole width, which transformers' MPT lacks."""

    def __init__(self, linear: nn.Linear, width: int) -> None:
        super().__init__()
        self.linear = linear
        self.q_ln, self.k_ln = (nn.LayerNorm(width, bias=False) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.linear(x).chunk(3, -1)
        return torch.cat([self.q_ln(q), self.k_ln(k), v], -1)


def _mosaic_gpt(vocabulary: int, layers: int, width: int = 24, heads: int = 3) -> nn.Module:
    """mpt-1b's kind, on which OpenFlamingo-3B stands."""
    config = transformers.MptConfig(
        vocab_size=vocabulary, d_model=width, n_heads=heads, n_layers=layers, max_seq_len=256
    )
    model = transformers.MptForCausalLM(config)
    for block in model.transformer.blocks:
        block.attn.Wqkv = _NormedQkv(block.attn.Wqkv, width)
    return model


_MOSAIC_NAMES = {
    "attn.Wqkv.linear": "attn.Wqkv",
    "attn.Wqkv.q_ln": "attn.q_ln",
    "attn.Wqkv.k_ln": "attn.k_ln",
    "norm_": "ln_",
    "ffn.up_proj": "mlp.mlp_up",
    "ffn.down_proj": "mlp.mlp_down",
}


def _save_mosaic_gpt(model: nn.Module, folder: Path) -> None:
    """Under the names of MosaicML's own code, with its configuration."""
    state = {}
    for name, value in model.state_dict().items():
        for theirs, mosaic in _MOSAIC_NAMES.items():
            name = name.replace(theirs, mosaic)
        if name != "lm_head.weight":
            state[name] = value
    folder.mkdir(parents=True)
    torch.save(state, folder / "pytorch_model.bin")
    kept = ("d_model", "n_heads", "n_layers", "max_seq_len", "vocab_size")
    options = {name: getattr(model.config, name) for name in kept}
    extra = {"model_type": "mosaic_gpt", "mlp_ratio": 4, "alibi": True, "attn_qk_ln": True}
    (folder / "config.json").write_text(json.dumps(options | extra | {"no_bias": True}))


def _gpt_neox(vocabulary: int, layers: int) -> nn.Module:
    config = transformers.GPTNeoXConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=256,
        rotary_pct=0.5,
    )
    return transformers.GPTNeoXForCausalLM(config)


def _opt(vocabulary: int, layers: int) -> nn.Module:
    config = transformers.OPTConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        ffn_dim=64,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=256,
        word_embed_proj_dim=WIDTH,
    )
    return transformers.OPTForCausalLM(config)


_LANGUAGES: dict[str, tuple[Callable[[int, int], nn.Module], str, Callable[[], Tokenizer]]] = {
    "llama": (_llama, "model.layers", sentence_piece),
    "mpt": (_mpt, "transformer.blocks", byte_level),
    "mosaic-gpt": (_mosaic_gpt, "transformer.blocks", byte_level),
    "gpt-neox": (_gpt_neox, "gpt_neox.layers", byte_level),
    "opt": (_opt, "model.decoder.layers", byte_level),
}
LANGUAGES = tuple(_LANGUAGES)


class OpenFlamingoReference:
    """`Flamingo.forward` and `Flamingo.generate`."""

    def __init__(self, model: nn.Module, image: int) -> None:
        self.model, self.image = model, image

    def _inputs(self, ids: list[int], items: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        # Without a picture the package wants one all the same; no token looks at it.
        stack = torch.stack(items)[None] if items else torch.zeros(1, 1, 1, 3, SIZE, SIZE)
        row = torch.tensor([ids])
        return {"vision_x": stack, "lang_x": row, "attention_mask": torch.ones_like(row)}

    @torch.inference_mode()
    def logits(self, ids: list[int], items: list[torch.Tensor]) -> NDArray[np.float32]:
        return self.model(**self._inputs(ids, items)).logits[0].numpy()

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
            pad_token_id=0,
            bad_words_ids=[[self.image]],
        )
        new = out[0, len(ids) :].tolist()
        end = self.model.eoc_token_id
        return new[: new.index(end)] if end in new else new


def _shrink(model: Any, helpers: Any, width: int) -> None:
    """Modules of the same classes with fewer numbers, for models that are committed."""
    model.perceiver = helpers.PerceiverResampler(dim=width, depth=1, dim_head=8, num_latents=8)


def build(
    folder: Path,
    kind: str = "gpt-neox",
    every: int = 2,
    seed: int = 0,
    small: bool = False,
    real: bool = False,
    ours: bool = False,
    new: tuple[str, ...] = NEW,
) -> Published:
    """A random OpenFlamingo on four layers of a language model, saved under `folder`.

    `small` has few layers and narrow blocks, to be committed; `real` one layer, block, resampler and encoder of
    OpenFlamingo-3B's widths (on MosaicGPT); `ours` stands on this project's encoder.
    """
    vision_width = 1280 if ours else 1024 if real else VISION_WIDTH
    flamingo, flamingo_lm, helpers = package()
    make, layers_name, make_tokenizer = _LANGUAGES[kind]
    tokenizer = make_tokenizer()
    if real:
        language = _mosaic_gpt(tokenizer.get_vocab_size(), 1, 2048, 16)
    else:
        language = make(tokenizer.get_vocab_size(), 2 if small else 4)
    shake(language, seed)
    language_folder, vision_folder = folder / "language", folder / "vision"
    if kind == "mosaic-gpt":
        _save_mosaic_gpt(language, language_folder)
    else:
        language.save_pretrained(language_folder)
    tokenizer.save(str(language_folder / "tokenizer.json"))
    if ours:
        vision_folder = OURS
        visual: nn.Module = _Features(load_efficientnet())
    else:
        vision = encoder(seed + 1, vision_width)
        vision.save_pretrained(vision_folder)
        visual = _PatchTokens(vision)

    tokenizer.add_special_tokens(list(new))
    language.resize_token_embeddings(tokenizer.get_vocab_size())
    rows = language.get_output_embeddings().weight
    if kind == "llama":
        # Not saved by the package, see `training/convert/source.py`.
        with torch.no_grad():
            rows[-len(new) :] = 0
    if not hasattr(language.config, "hidden_size"):
        language.config.hidden_size = language.config.d_model
    from open_flamingo.src.utils import extend_instance

    extend_instance(language, flamingo_lm.FlamingoLMMixin)
    language.set_decoder_layers_attr_name(layers_name)
    block = flamingo_lm.GatedCrossAttentionBlock
    if small:
        flamingo_lm.GatedCrossAttentionBlock = partial(block, dim_head=8, ff_mult=2)
    ids = {name: tokenizer.token_to_id(name) for name in new}
    wrapped = SimpleNamespace(visual=visual)
    model = flamingo.Flamingo(
        wrapped, language, ids[new[0]], ids[new[1]], vision_width, cross_attn_every_n_layers=every
    )
    flamingo_lm.GatedCrossAttentionBlock = block
    if small:
        _shrink(model, helpers, vision_width)
    shake(model.perceiver, seed + 2)
    shake(language.gated_cross_attn_layers, seed + 3)
    language.forward = _with_mask(language.forward)
    model.eval()
    round16(language)

    kept = {
        name: value
        for name, value in model.state_dict().items()
        if _is_published(name) and not name.startswith("vision_encoder.")
    }
    if kind == "gpt-neox":
        # Its name in 2023; under that of transformers 5 the package would not save it.
        kept["lang_encoder.embed_out.weight"] = rows.detach()
    checkpoint = folder / "checkpoint.pt"
    torch.save(kept, checkpoint)
    reference = OpenFlamingoReference(model, ids[new[1]])
    return Published("openflamingo", checkpoint, language_folder, vision_folder, reference)


def _is_published(name: str) -> bool:
    """What the package's training saves: what is trained, and every embedding; duplicates of a live model aside."""
    if "old_decoder_blocks" in name or name.startswith("lang_encoder.gated_cross_attn_layers"):
        return False
    return name.startswith("perceiver.") or any(
        part in name for part in ("gated_cross_attn_layer.", "embed", "wte")
    )


class _PatchTokens(nn.Module):
    """open_clip's `visual` with `output_tokens`, as it was when the models were trained."""

    def __init__(self, vision: nn.Module) -> None:
        super().__init__()
        self.vision = vision

    def forward(self, pixels: torch.Tensor) -> tuple[None, torch.Tensor]:
        return None, self.vision(pixels).last_hidden_state[:, 1:]


class _Features(nn.Module):
    """This project's encoder in the same place."""

    def __init__(self, vision: nn.Module) -> None:
        super().__init__()
        self.vision = vision

    def forward(self, pixels: torch.Tensor) -> tuple[None, torch.Tensor]:
        return None, self.vision(pixels)


def _with_mask(forward: Callable[..., Any]) -> Callable[..., Any]:
    """transformers 5 leaves a mask of ones out; the package asks for it."""

    def call(*args: Any, attention_mask: torch.Tensor | None = None, **kwargs: Any) -> Any:
        return forward(*args, attention_mask=attention_mask, **kwargs)

    return call
