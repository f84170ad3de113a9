"""The encoder's graph: pixels [n,3,size,size] -> features [n, grid^2, width]."""

import numpy as np
from torch import nn

from training.config import VisionConfig
from training.frozen.efficientnet import Block, Conv
from training.graphs.builder import Builder, Flavour
from training.graphs.shards import Shards


def build_vision(
    encoder: nn.Module, config: VisionConfig, flavour: Flavour, shards: Shards
) -> Builder:
    """Walks `stem`, `blocks`, `head`; the input is square and of fixed size, so padding is constant."""
    b = Builder("vision", flavour, shards)
    x = b.input("pixels", "f32", ["n", 3, config.size, config.size])
    size = config.size

    def conv(layer: Conv, name: str, x: str) -> str:
        nonlocal size
        weight = b.half_weight("vision", f"{name}.weight", layer.weight.numpy())
        bias = b.float_weight("vision", f"{name}.bias", layer.bias.numpy())
        x = b.op(
            "Conv",
            x,
            weight,
            bias,
            pads=list(layer.padding(size, size)),
            strides=[layer.stride, layer.stride],
            group=layer.groups,
            kernel_shape=list(layer.weight.shape[2:]),
        )
        size = -(-size // layer.stride)
        return b.op("Clip", x, b.number(0.0), b.number(6.0)) if layer.relu6 else x

    x = conv(encoder.stem, "stem", x)
    for i, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)
        y = x
        for j, layer in enumerate(block.convs):
            assert isinstance(layer, Conv)
            y = conv(layer, f"blocks.{i}.{j}", y)
        x = b.op("Add", x, y) if block.residual else y
    x = conv(encoder.head, "head", x)
    places = config.grid**2
    flat = b.op("Reshape", x, b.constant(np.array([0, config.width, places])))
    features = b.transpose(flat, [0, 2, 1])
    b.output(features, "features", "f32", ["n", places, config.width])
    return b
