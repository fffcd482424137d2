"""DenseNet as checkpoints of it have it: the names and shapes of torchvision's state dict, our own code.

Huang et al.: Densely Connected Convolutional Networks (CVPR 2017). torchxrayvision's DenseNet has the same names with one input
channel. No ReLU works in place, so that explainers can read what went into it.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """BN → ReLU → 1×1 convolution → BN → ReLU → 3×3 convolution, beside what came in."""

    def __init__(self, inputs: int, growth: int, width: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, growth, 3, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, h, w) → (batch, inputs + growth, h, w)."""
        new = self.conv1(self.relu1(self.norm1(x)))
        return torch.cat([x, self.conv2(self.relu2(self.norm2(new)))], 1)


def transition(inputs: int) -> nn.Sequential:
    """Half the channels and half the size, by a 1×1 convolution and averages."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(),
            conv=nn.Conv2d(inputs, inputs // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )


class DenseNet(nn.Module):
    """``blocks`` dense layers per block, each adding ``growth`` channels; global average pooling and one linear layer at the
    end, so that CAM is exact. ``relu`` is the module whose output is pooled; 1/32 of the input's size."""

    def __init__(
        self, findings: int, channels: int = 1, blocks: Sequence[int] = (6, 12, 24, 16), growth: int = 32, stem: int = 64
    ) -> None:
        super().__init__()
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(channels, stem, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(stem),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        width = stem
        for number, layers in enumerate(blocks, 1):
            names = [f"denselayer{layer}" for layer in range(1, layers + 1)]
            each = [DenseLayer(width + growth * index, growth, 4 * growth) for index in range(layers)]
            parts[f"denseblock{number}"] = nn.Sequential(OrderedDict(zip(names, each, strict=True)))
            width += growth * layers
            if number < len(blocks):
                parts[f"transition{number}"] = transition(width)
                width //= 2
        parts["norm5"] = nn.BatchNorm2d(width)
        self.features = nn.Sequential(parts)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(width, findings)

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, channels, h, w) → logits (batch, findings)."""
        return self.classifier(self.pool(self.relu(self.features(x))).flatten(1))  # type: ignore[no-any-return]
