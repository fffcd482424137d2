"""The networks that come with the product: compact residual networks, alone or several side by side.

Only modules that the relevance engine has a rule for are used, and no in-place ReLU: an in-place ReLU would overwrite the
activation an explainer reads.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """A residual block of two 3×3 convolutions (He 2016, basic block)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, h, w) → (batch, outputs, h/stride, w/stride)."""
        main = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(main + self.shortcut(x))  # type: ignore[no-any-return]


def total_stride(strides: Sequence[int]) -> int:
    """The stride of the last feature map in pixels of the input: the stem's 4 times those of the stages."""
    return 4 * math.prod(strides)


class CompactResidual(nn.Module):
    """A compact residual network with global average pooling and one linear layer, so that CAM is exact.

    ``widths`` are the channels of the stages; ``strides`` their strides (a last stride of 1 keeps the map at 1/16 of the input
    instead of 1/32, twice as fine); ``blocks`` the blocks per stage.
    """

    def __init__(self, findings: int, widths: Sequence[int], strides: Sequence[int], blocks: int = 2) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 7, 2, 3, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        stages: list[nn.Module] = []
        inputs = widths[0]
        for width, stride in zip(widths, strides, strict=True):
            for index in range(blocks):
                stages.append(Block(inputs, width, stride if index == 0 else 1))
                inputs = width
        self.features = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(inputs, findings)

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings)."""
        return self.head(self.dropout(self.flatten(self.pool(self.features(self.stem(x))))))  # type: ignore[no-any-return]


class Trunk(nn.Module):
    """The stem and stages of a compact residual network: a film in, its last feature map out."""

    def __init__(self, widths: Sequence[int], strides: Sequence[int], blocks: int) -> None:
        super().__init__()
        whole = CompactResidual(1, widths, strides, blocks)
        self.stem, self.features = whole.stem, whole.features

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, h, w) → (batch, widths[-1], h/16, w/16) with the shipped strides."""
        return self.features(self.stem(x))  # type: ignore[no-any-return]


class Side(nn.Module):
    """Trunks side by side: their feature maps as one, channel behind channel."""

    def __init__(self, trunks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.trunks = nn.ModuleList(trunks)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, h, w) → (batch, all trunks' channels, h', w')."""
        return torch.cat([trunk(x) for trunk in self.trunks], 1)


class CompactTwin(nn.Module):
    """Compact residual trunks that were trained apart and answer together (an ensemble, Lakshminarayanan 2017).

    Pooling and one linear layer over all their channels, so that the logit is the mean of the trunks' logits and
    CAM stays exact.
    """

    def __init__(self, findings: int, widths: Sequence[int], strides: Sequence[int], blocks: int = 2, trunks: int = 2) -> None:
        super().__init__()
        self.features = Side([Trunk(widths, strides, blocks) for _ in range(trunks)])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(trunks * widths[-1], findings)

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings)."""
        return self.head(self.flatten(self.pool(self.features(x))))  # type: ignore[no-any-return]

    def alone(self) -> tuple["CompactTwin", ...]:
        """Each trunk by itself, with its part of the head: the logit is the mean of theirs. They share the trunks' weights."""
        count = len(self.features.trunks)
        width = self.head.in_features // count
        found = []
        for place, trunk in enumerate(self.features.trunks):
            one = CompactTwin(self.head.out_features, [1], [1], 1, 1)
            one.features = Side([trunk])
            one.head = nn.Linear(width, self.head.out_features).to(self.head.weight)
            with torch.no_grad():
                one.head.weight.copy_(self.head.weight[:, place * width : (place + 1) * width] * count)
                one.head.bias.copy_(self.head.bias)
            found.append(one.requires_grad_(False).eval())
        return tuple(found)


def joined(members: Sequence[CompactResidual]) -> CompactTwin:
    """One network that answers with the mean of the members' logits; all of the same widths, strides and findings."""
    first = members[0].head
    twin = CompactTwin(first.out_features, [1], [1], 1, len(members))
    for trunk, member in zip(twin.features.trunks, members, strict=True):
        trunk.stem, trunk.features = member.stem, member.features
    twin.head = nn.Linear(len(members) * first.in_features, first.out_features)
    with torch.no_grad():
        twin.head.weight.copy_(torch.cat([member.head.weight for member in members], 1) / len(members))
        twin.head.bias.copy_(torch.stack([member.head.bias for member in members]).mean(0))
    return twin.eval()
