"""flamingo-mini's published formulas (dhansmair/flamingo-mini, MIT), written anew: the package is not on PyPI.

Its names and its arithmetic, so that a state dict of it reads as a released one.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor, nn

from training.tests.family.common import (
    VISION_WIDTH,
    Published,
    byte_level,
    encoder,
    shake,
)
from training.tests.family.search import beam, greedy

END = "<EOC>"
FRAMES, LATENTS = 4, 8
OPTIONS = {
    "lm": "facebook/opt-125m",
    "clip_model_type": "openai/clip-vit-large-patch14",
    "dim": 32,
    "dim_visual": VISION_WIDTH,
    "xattn_every": 1,
    "xattn_dim_head": 8,
    "xattn_heads": 4,
    "xattn_ff_mult": 2,
    "xattn_act": "sqrelu",
    "resampler_depth": 2,
    "resampler_dim_head": 8,
    "resampler_heads": 4,
    "resampler_num_latents": LATENTS,
    "resampler_num_time_embeds": FRAMES,
    "resampler_ff_mult": 2,
    "resampler_act": "sqrelu",
}


class SquaredRelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.relu().square()


def feed_forward(width: int, mult: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, width * mult, bias=False),
        SquaredRelu(),
        nn.Linear(width * mult, width, bias=False),
    )


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, sees: Tensor | None = None) -> Tensor:
    """[n,heads*size] each; `sees` bool [queries,keys]. A row that sees nothing gives zeros."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (q, k, v))
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if sees is not None:
        scores = scores.masked_fill(~sees, -torch.finfo(scores.dtype).max)
    weights = scores.softmax(-1)
    if sees is not None:
        weights = weights * sees.any(-1, keepdim=True)
    return (weights @ v).transpose(0, 1).flatten(1)


class ResamplerAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        inner = OPTIONS["resampler_dim_head"] * OPTIONS["resampler_heads"]
        self.norm_media, self.norm_latents = nn.LayerNorm(VISION_WIDTH), nn.LayerNorm(VISION_WIDTH)
        self.to_q, self.to_k, self.to_v = (
            nn.Linear(VISION_WIDTH, inner, bias=False) for _ in range(3)
        )
        self.to_out = nn.Linear(inner, VISION_WIDTH, bias=False)

    def forward(self, features: Tensor, latents: Tensor) -> Tensor:
        latents = self.norm_latents(latents)
        both = torch.cat([self.norm_media(features), latents])
        heads = OPTIONS["resampler_heads"]
        return self.to_out(attend(self.to_q(latents), self.to_k(both), self.to_v(both), heads))


class MiniResampler(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(LATENTS, VISION_WIDTH))
        self.time_pos_emb = nn.Parameter(torch.zeros(FRAMES, 1, VISION_WIDTH))
        self.layers = nn.ModuleList(
            nn.ModuleList([ResamplerAttention(), feed_forward(VISION_WIDTH, 2)])
            for _ in range(OPTIONS["resampler_depth"])
        )
        self.norm = nn.LayerNorm(VISION_WIDTH)

    def forward(self, features: Tensor) -> Tensor:
        """[F,tokens,width] -> [latents,width]; times are always added, to a picture too."""
        flat = (features + self.time_pos_emb[: len(features)]).flatten(0, 1)
        x = self.latents
        for attention, ff in self.layers:
            x = x + attention(flat, x)
            x = x + ff(x)
        return self.norm(x)


class MiniCrossAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        inner = OPTIONS["xattn_dim_head"] * OPTIONS["xattn_heads"]
        self.norm = nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(VISION_WIDTH, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)


class MiniBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = MiniCrossAttention(width)
        self.alpha_attn = nn.Parameter(torch.zeros(1))
        self.ffw = feed_forward(width, 2)
        self.alpha_ffw = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, media: Tensor, sees: Tensor) -> Tensor:
        """x [S,width], media [T*latents,width], sees [S,T*latents]."""
        k, v = self.attn.to_kv(media).chunk(2, -1)
        q = self.attn.to_q(self.attn.norm(x))
        out = self.attn.to_out(attend(q, k, v, OPTIONS["xattn_heads"], sees))
        x = x + self.alpha_attn.tanh() * out
        return x + self.alpha_ffw.tanh() * self.ffw(x)


class ModifiedBlock(nn.Module):
    """A block before a layer of the language model, told of its media beforehand."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.xattn_block, self.lm_block = MiniBlock(width), layer
        self.media, self.sees = torch.zeros(0), torch.zeros(0)

    def forward(self, x: Tensor, *args: object, **kwargs: object) -> Tensor:
        # Positional or not, the hidden states come first.
        mixed = self.xattn_block(x[0], self.media, self.sees)[None]
        return self.lm_block(mixed, *args, **kwargs)


class Mini(nn.Module):
    """`FlamingoOPT`: OPT's decoder with blocks, a head of its own, the resampler."""

    def __init__(self, vocabulary: int, layers: int, post_norm: bool) -> None:
        super().__init__()
        width = OPTIONS["dim"]
        config = transformers.OPTConfig(
            vocab_size=vocabulary - 1,
            hidden_size=width,
            ffn_dim=64,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=256,
            # OPT-350M: norms after the branches, embeddings narrower than the rest.
            do_layer_norm_before=not post_norm,
            word_embed_proj_dim=16 if post_norm else width,
        )
        base = transformers.OPTForCausalLM(config)
        base.resize_token_embeddings(vocabulary)
        self.config, self.lm = config, base.model
        self.lm_head = nn.Linear(base.lm_head.in_features, vocabulary, bias=False)
        self.resampler = MiniResampler()
        decoder = self.lm.decoder.layers
        for i, layer in enumerate(decoder):
            decoder[i] = ModifiedBlock(layer, width)

    def forward(self, ids: list[int], media: list[Tensor], places: Tensor) -> Tensor:
        """Logits [S,V]; media [latents,width] each; places: whether a token is the first of a picture."""
        items = media or [torch.zeros(LATENTS, VISION_WIDTH)]
        time = places.cumsum(0)[:, None]
        sees = (time == torch.arange(1, len(items) + 1)).repeat_interleave(LATENTS, 1)
        for layer in self.lm.decoder.layers:
            layer.media, layer.sees = torch.cat(items), sees
        return self.lm_head(self.lm(torch.tensor([ids]), use_cache=False).last_hidden_state[0])


class MiniReference:
    """Every step computed anew: what the paper says, and the package's cached steps too."""

    def __init__(self, model: Mini, vision: nn.Module, first: int, end: int) -> None:
        self.model, self.vision, self.first, self.end = model, vision, first, end

    def _media(self, items: list[Tensor]) -> list[Tensor]:
        return [self.model.resampler(self.vision(item).last_hidden_state) for item in items]

    def _logits(self, ids: list[int], media: list[Tensor], prompt: int) -> Tensor:
        places = torch.tensor(ids) == self.first
        places[prompt:] = False
        return self.model(ids, media, places)

    @torch.inference_mode()
    def logits(self, ids: list[int], items: list[Tensor]) -> NDArray[np.float32]:
        return self._logits(ids, self._media(items), len(ids)).numpy()

    @torch.inference_mode()
    def generate(self, ids: list[int], items: list[Tensor], beams: int, longest: int) -> list[int]:
        media = self._media(items)

        def next_logits(new: list[int]) -> Tensor:
            return self._logits([*ids, *new], media, len(ids))[-1]

        search = greedy if beams == 1 else beam
        return search(next_logits, self.end, longest)


def build(folder: Path, post_norm: bool = False, seed: int = 0, small: bool = False) -> Published:
    """A random flamingo-mini with a block before each layer, saved under `folder`."""
    tokenizer = byte_level(("</s>",))
    language = folder / "language"
    language.mkdir(parents=True)
    saved = json.loads(tokenizer.to_str())
    start = saved["model"]["vocab"]["</s>"]
    saved["normalizer"] = None
    saved["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "</s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"</s>": {"id": "</s>", "ids": [start], "tokens": ["</s>"]}},
    }
    (language / "tokenizer.json").write_text(json.dumps(saved), encoding="utf-8")
    vocabulary = tokenizer.get_vocab_size() + 1
    model = Mini(vocabulary, 2 if small else 3, post_norm).eval()
    shake(model, seed)
    model.config.save_pretrained(language)
    vision = encoder(seed + 1)
    vision.save_pretrained(folder / "vision")
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text(json.dumps(OPTIONS), encoding="utf-8")
    state = {f"flamingo.{name}": value for name, value in model.state_dict().items()}
    torch.save(state, checkpoint / "pytorch_model.bin")
    first = tokenizer.encode("<image>").ids[0]
    reference = MiniReference(model, vision, first, vocabulary - 1)
    return Published("flamingo-mini", checkpoint, language, folder / "vision", reference)
