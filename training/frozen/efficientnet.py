"""EfficientNet-Lite2, the frozen vision encoder, with its batch normalisation folded in.

Source of the architecture: the EfficientNet-Lite release (swish replaced by ReLU6, no squeeze-and-
excitation, stem and head not scaled). Input 260 px, output the 9 x 9 x 1280 map before pooling.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.frozen.packages import EFFICIENTNET_LITE2, fetch

INPUT_SIZE = 260
GRID = 9
FEATURES = GRID * GRID
WIDTH = 1280
_STRIDED_BLOCKS = frozenset({1, 4, 7, 15})
_BLOCKS = 21
_BATCHNORM_EPS = 1e-3


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "same" padding of one axis: (before, after), the odd pixel after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Conv(nn.Module):
    """A convolution with TensorFlow's padding and an optional ReLU6."""

    def __init__(self, weight: Tensor, bias: Tensor, stride: int, groups: int, relu6: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.stride, self.groups, self.relu6 = stride, groups, relu6

    def padding(self, height: int, width: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right), ONNX's order."""
        kernel = self.weight.shape[-1]
        top, bottom = same_padding(height, kernel, self.stride)
        left, right = same_padding(width, kernel, self.stride)
        return top, left, bottom, right

    def forward(self, x: Tensor) -> Tensor:
        top, left, bottom, right = self.padding(x.shape[-2], x.shape[-1])
        x = F.pad(x, (left, right, top, bottom))
        x = F.conv2d(x, self.weight, self.bias, stride=self.stride, groups=self.groups)
        return x.clamp(0, 6) if self.relu6 else x


class Block(nn.Module):
    """Inverted residual: expand, depthwise, project; the input is added where shapes allow it."""

    def __init__(self, convs: list[Conv], residual: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(convs)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for conv in self.convs:
            y = conv(y)
        return x + y if self.residual else y


class EfficientNetLite2(nn.Module):
    """pixels [n, 3, 260, 260], already normalised -> features [n, 81, 1280], row by row."""

    def __init__(self, state: dict[str, Tensor], rounded: bool) -> None:
        super().__init__()

        def conv(name: str, norm: str, stride: int = 1, relu6: bool = True) -> Conv:
            weight = state[f"{name}.weight"].float()
            scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + _BATCHNORM_EPS).sqrt()
            bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
            groups = weight.shape[0] if "_depthwise" in name else 1
            folded = weight * scale.view(-1, 1, 1, 1)
            # Kept at 16 bits: what ships is what trains (see docs/design.md, quantisation).
            folded = folded.half().float() if rounded else folded
            return Conv(folded, bias.float(), stride, groups, relu6)

        self.stem = conv("_conv_stem", "_bn0", stride=2)
        self.blocks = nn.ModuleList()
        for i in range(_BLOCKS):
            prefix = f"_blocks.{i}"
            stride = 2 if i in _STRIDED_BLOCKS else 1
            convs = []
            if f"{prefix}._expand_conv.weight" in state:
                convs.append(conv(f"{prefix}._expand_conv", f"{prefix}._bn0"))
            convs.append(conv(f"{prefix}._depthwise_conv", f"{prefix}._bn1", stride))
            convs.append(conv(f"{prefix}._project_conv", f"{prefix}._bn2", relu6=False))
            residual = (
                stride == 1
                and convs[0].weight.shape[0] // (6 if len(convs) == 3 else 1)
                == convs[-1].weight.shape[0]
            )
            self.blocks.append(Block(convs, residual))
        self.head = conv("_conv_head", "_bn1")
        self.classifier_weight = state["_fc.weight"].float()
        self.classifier_bias = state["_fc.bias"].float()

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.stem(pixels)
        for block in self.blocks:
            x = block(x)
        return self.head(x).flatten(2).transpose(1, 2)

    def classify(self, pixels: Tensor) -> Tensor:
        """ImageNet logits [n, 1000]: the original head on the mean feature. Used by tests only."""
        pooled = self(pixels).mean(1)
        return F.linear(pooled, self.classifier_weight, self.classifier_bias)


def load_efficientnet(rounded: bool = True) -> EfficientNetLite2:
    """The encoder with the package's weights, at 16 bits as they ship, or as they are."""
    path = fetch(EFFICIENTNET_LITE2)
    state = torch.load(path, map_location="cpu", weights_only=True)
    return EfficientNetLite2(state, rounded).eval().requires_grad_(False)
