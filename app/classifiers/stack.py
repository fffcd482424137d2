"""Networks that read a stack of slices at once and give one answer, as MRNet does (Bien et al. 2018).

A slice encoder that all slices share, global average pooling, the maximum over slices of each channel, one linear layer. Only
modules that the relevance engine has a rule for are used, and no in-place ReLU (see `app.classifiers.compact`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from app.classifiers.attending.gated import GatedStages
from app.classifiers.compact import CompactResidual
from app.classifiers.residual import Basic, ResNet


class Compact(nn.Module):
    """The stem and stages of a compact residual network; see `app.classifiers.compact.CompactResidual`."""

    def __init__(self, widths: Sequence[int], strides: Sequence[int], blocks: int = 2, channels: int = 1) -> None:
        super().__init__()
        if channels != 1:
            raise ValueError("a compact encoder reads one channel")
        whole = CompactResidual(1, widths, strides, blocks)
        self.stem, self.features = whole.stem, whole.features
        self.width = int(widths[-1])

    def forward(self, x: Tensor) -> Tensor:
        """(slices, 1, h, w) → (slices, width, h', w')."""
        return self.features(self.stem(x))  # type: ignore[no-any-return]


class CompactGated(nn.Module):
    """The same with attention gates on its middle stages (`app.classifiers.attending.gated`): places of slices are weighed."""

    def __init__(self, widths: Sequence[int], strides: Sequence[int], blocks: int = 2, channels: int = 1) -> None:
        super().__init__()
        plain = Compact(widths, strides, blocks, channels)
        self.stem, self.features = plain.stem, GatedStages(plain.features, widths, blocks)
        self.width = sum(widths[1:])

    def forward(self, x: Tensor) -> Tensor:
        """(slices, 1, h, w) → (slices, width, h', w') at the size of the finest gated map."""
        return self.features(self.stem(x))  # type: ignore[no-any-return]


class ResNet18(nn.Module):
    """The stages of a ResNet-18 (He 2016), without pooling and head."""

    width = 512

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        whole = ResNet(1, Basic, (2, 2, 2, 2), channels)
        self.conv1, self.bn1, self.relu, self.maxpool = whole.conv1, whole.bn1, whole.relu, whole.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = whole.layer1, whole.layer2, whole.layer3, whole.layer4

    def forward(self, x: Tensor) -> Tensor:
        """(slices, channels, h, w) → (slices, 512, h/32, w/32)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))  # type: ignore[no-any-return, operator]


class AlexNet(nn.Module):
    """AlexNet's convolutions (Krizhevsky 2014, "one weird trick"), numbered as torchvision numbers them: MRNet's encoder."""

    width = 256

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(slices, channels, h, w) → (slices, 256, h/32, w/32), a cell less than that at the border."""
        return self.features(x)  # type: ignore[no-any-return]


ENCODERS: dict[str, Callable[..., nn.Module]] = {
    "compact": Compact,
    "compact-gated": CompactGated,
    "resnet-18": ResNet18,
    "alexnet": AlexNet,
}
"""Name on the card → a module with ``width``, the channels of the map that it makes."""


class StackNetwork(nn.Module):
    """One plane's network: ``encoder`` by name with its ``parameters``, and one output per finding."""

    def __init__(self, findings: int, encoder: str = "compact", channels: int = 1, **parameters: Any) -> None:
        super().__init__()
        if encoder not in ENCODERS:
            raise ValueError(f"encoder {encoder!r} is none of {', '.join(sorted(ENCODERS))}")
        self.encoder = ENCODERS[encoder](channels=channels, **parameters)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(int(self.encoder.width), findings)  # type: ignore[arg-type]

    def pooled(self, x: Tensor) -> Tensor:
        """Slices (slices, channels, h, w) → the mean of every channel in every slice, (slices, width)."""
        return self.flatten(self.pool(self.encoder(x)))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        """A stack (slices, channels, h, w) → logits (1, findings)."""
        return self.answer(self.pooled(x))

    def answer(self, pooled: Tensor) -> Tensor:
        """Logits (1, findings) from all slices' pooled channels (slices, width)."""
        # Not amax: its gradient goes to all slices that are equally high, and the first of them is to take it alone.
        return self.head(pooled.max(0, keepdim=True)[0])  # type: ignore[no-any-return]

    def factors(self, pooled: Tensor) -> Tensor:
        """What each pooled channel of each slice is multiplied with for the logits less their bias, (findings, slices, width):
        its weight in the slice where it is largest, the first of equals, and 0 elsewhere."""
        return winners(pooled)[None] * self.head.weight[:, None]

    def weights(self, pooled: Tensor) -> Tensor | None:  # noqa: ARG002 - for networks that weigh their slices
        """How much each slice weighs for each finding, (findings, slices); None where only the maximum counts."""
        return None

    @property
    def alone(self) -> Tensor:
        """The factors of a slice that is the whole stack, (findings, width)."""
        return self.head.weight

    def ways(self, pooled: Tensor) -> list[Tensor]:  # noqa: ARG002 - as above
        """What each of several ways to the answer would say by itself, logits (1, findings) each; [] where there is one."""
        return []


def winners(pooled: Tensor) -> Tensor:
    """1 where a channel is largest of all slices, the first of equals, else 0: (slices, width), as ``pooled``."""
    return torch.zeros_like(pooled).scatter_(0, pooled.max(0, keepdim=True)[1], 1.0)
