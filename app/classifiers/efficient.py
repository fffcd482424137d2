"""EfficientNet as checkpoints of it have it: the names and shapes of torchvision's state dict, our own code.

Tan, Le: EfficientNet (ICML 2019): B0. Lite0 is the same without squeeze-and-excitation and with ReLU6; torchvision has none, so
its names are B0's. No activation works in place, so that explainers can read what went into it.
"""

from collections.abc import Callable

from torch import Tensor, nn

STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""Per stage: how much wider its blocks are inside, kernel, stride of the first block, channels, blocks."""
STEM, END = 32, 1280


def convolution(
    inputs: int, outputs: int, size: int, stride: int, activation: Callable[[], nn.Module] | None, *, groups: int = 1
) -> nn.Sequential:
    """A convolution with batch normalisation and, except at a block's end, an activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


class Squeeze(nn.Module):
    """Squeeze-and-excitation (Hu 2018): a gate per channel, from the means of all channels."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.fc2 = nn.Conv2d(inner, channels, 1)
        self.activation = nn.SiLU()
        self.scale_activation = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, h, w) → the same, each channel by its gate."""
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x))))) * x  # type: ignore[no-any-return]


class Inverted(nn.Module):
    """An inverted bottleneck (Sandler 2018): wider, each channel by a convolution of its own, narrow again; beside a shortcut
    where the shape stays. Its end has no activation, so that what leaves it may be negative."""

    def __init__(self, inputs: int, outputs: int, widening: int, size: int, stride: int, *, lite: bool) -> None:
        super().__init__()
        act, width = nn.ReLU6 if lite else nn.SiLU, inputs * widening
        layers: list[nn.Module] = [] if widening == 1 else [convolution(inputs, width, 1, 1, act)]
        layers.append(convolution(width, width, size, stride, act, groups=width))
        if not lite:
            layers.append(Squeeze(width, max(1, inputs // 4)))
        layers.append(convolution(width, outputs, 1, 1, None))
        self.block = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, h, w) → (batch, outputs, h/stride, w/stride)."""
        out: Tensor = self.block(x)
        return out + x if self.shortcut else out


class EfficientNet(nn.Module):
    """Global average pooling and one linear layer at the end, so that CAM is exact. ``features`` is the module whose output is
    pooled; 1/32 of the input's size."""

    def __init__(self, findings: int, channels: int = 1, lite: bool = False) -> None:
        super().__init__()
        act = nn.ReLU6 if lite else nn.SiLU
        parts: list[nn.Module] = [convolution(channels, STEM, 3, 2, act)]
        inputs = STEM
        for widening, size, stride, outputs, count in STAGES:
            stage: list[nn.Module] = []
            for index in range(count):
                stage.append(Inverted(inputs, outputs, widening, size, stride if index == 0 else 1, lite=lite))
                inputs = outputs
            parts.append(nn.Sequential(*stage))
        self.features = nn.Sequential(*parts, convolution(inputs, END, 1, 1, act))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(END, findings))

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, channels, h, w) → logits (batch, findings)."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))  # type: ignore[no-any-return]
