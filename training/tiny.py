"""The tiny random Flamingo of the fast tests: same graph code, same manifest, about 1 MB.

python -m training.tiny [--out public/models/tiny-random]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from training.config import (
    CrossAttentionConfig,
    FlamingoConfig,
    LanguageConfig,
    ResamplerConfig,
    VisionConfig,
)
from training.frozen.efficientnet import Block, Conv
from training.frozen.smollm2 import BLOCK, Q4_1, Q8_0, LlamaLayer, LlamaWeights
from training.graphs.manifest import ModelSource, write_model
from training.model.flamingo import Bridge
from training.tokenizer import tiny_tokenizer

NAME = "tiny-random"
CONTEXT = 512
SEED = 7


def tiny_config(vocabulary: int) -> FlamingoConfig:
    """Four layers of width 64; 72 px tiles give the same 81 features as the default model's 260 px."""
    return FlamingoConfig(
        language=LanguageConfig(4, 64, 4, 2, 32, 128, vocabulary, 10_000.0),
        vision=VisionConfig(width=32, size=72),
        resampler=ResamplerConfig(depth=1, width=64, heads=2, head_size=32, ff_mult=2),
        cross_attention=CrossAttentionConfig(layers=(0, 2), heads=2, head_size=32),
    )


def random_llama(config: LanguageConfig, seed: int) -> LlamaWeights:
    """A decoder of any shape in the frozen format; widths are multiples of the block size."""
    rng = np.random.default_rng(seed)

    def q4(rows: int, columns: int, gain: float = 1.0) -> Q4_1:
        d = np.full((rows, columns // BLOCK), 0.25 * gain / columns**0.5, np.float16)
        d *= rng.uniform(0.5, 1.5, d.shape).astype(np.float16)
        q = rng.integers(0, 16, (rows, columns)).astype(np.uint8)
        return Q4_1(q, d, (-7.5 * d).astype(np.float16))

    def ones(width: int) -> NDArray[np.float32]:
        return rng.uniform(0.8, 1.2, width).astype(np.float32)

    width, size = config.width, config.head_size
    layers = tuple(
        LlamaLayer(
            attn_norm=ones(width),
            q=q4(config.heads * size, width, 2),
            k=q4(config.kv_heads * size, width, 2),
            v=q4(config.kv_heads * size, width),
            o=q4(width, config.heads * size),
            ffn_norm=ones(width),
            gate=q4(config.ffw, width),
            up=q4(config.ffw, width),
            down=q4(width, config.ffw),
        )
        for _ in range(config.layers)
    )
    rows = config.vocabulary
    embedding = Q8_0(
        rng.integers(-127, 128, (rows, width)).astype(np.int8),
        np.full((rows, width // BLOCK), 1 / 127, np.float16),
    )
    return LlamaWeights(config, embedding, layers, ones(width))


class TinyEncoder(nn.Module):
    """Three strided convolutions and an inverted residual: pixels [n,3,72,72] -> features [n,81,32]."""

    def __init__(self, config: VisionConfig, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)

        def conv(inputs: int, outputs: int, stride: int = 1, groups: int = 1) -> Conv:
            shape = (outputs, inputs // groups, 3, 3)
            weight = torch.randn(shape, generator=generator) * (18 / shape[1]) ** 0.5 / 3
            bias = torch.randn(outputs, generator=generator) * 0.1
            return Conv(weight.half().float(), bias, stride, groups, relu6=True)

        self.stem = conv(3, 16, stride=2)
        self.blocks = nn.ModuleList(
            [
                Block([conv(16, 16, groups=16), conv(16, 16)], residual=True),
                Block([conv(16, 32, stride=2)], residual=False),
            ]
        )
        self.head = conv(32, config.width, stride=2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = self.stem(pixels)
        for block in self.blocks:
            x = block(x)
        return self.head(x).flatten(2).transpose(1, 2)


def random_bridge(config: FlamingoConfig, seed: int) -> dict[str, NDArray[np.float32]]:
    """Random weights with open gates, large enough that pictures change the answers."""
    torch.manual_seed(seed)
    bridge = Bridge(config)
    with torch.no_grad():
        for name, parameter in bridge.named_parameters():
            if name.endswith("attn_gate"):
                parameter.fill_(1.2)
            elif name.endswith("ff_gate"):
                parameter.fill_(-0.6)
            elif name in ("new_tokens", "new_head"):
                parameter.normal_(0, 0.6)
            elif name.startswith("projection.") and parameter.ndim == 2:
                parameter.normal_(0, 0.3)
            elif parameter.ndim == 2 and name.startswith("blocks."):
                parameter.mul_(3)
    return {name: value.numpy() for name, value in bridge.state_dict().items()}


def tiny_source(seed: int = SEED) -> tuple[ModelSource, Tokenizer]:
    """The tiny model and its tokenizer."""
    tokenizer = tiny_tokenizer()
    config = tiny_config(tokenizer.get_vocab_size() - 2)
    source = ModelSource(
        name=NAME,
        title="Tiny random Flamingo (for tests; its answers mean nothing)",
        config=config,
        language=random_llama(config.language, seed),
        encoder=TinyEncoder(config.vision, seed),
        bridge=random_bridge(config, seed),
        tokenizer=tokenizer,
        context=CONTEXT,
        licences=[{"part": "all", "source": "random numbers", "licence": "Apache-2.0"}],
    )
    return source, tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("public/models") / NAME)
    args = parser.parse_args()
    source, _ = tiny_source()
    manifest = write_model(source, args.out)
    total = sum(path.stat().st_size for path in args.out.iterdir())
    print(f"{manifest['name']}: {total / 1e6:.2f} MB in {args.out}")


if __name__ == "__main__":
    main()
