"""ConvNeXt as checkpoints of it have it: the names and shapes of torchvision's state dict, our own code.

Liu et al.: A ConvNet for the 2020s (CVPR 2022). It normalises layers instead of batches, also between pooling and the linear
layer: CAM, LRP and RAP are not defined for it, and say so.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-6


class Norm(nn.LayerNorm):
    """Layer normalisation over the channels of (batch, channels, h, w)."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class Turn(nn.Module):
    """The axes in another order."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = tuple(order)

    def forward(self, x: Tensor) -> Tensor:
        """The same values."""
        return x.permute(self.order)


class Block(nn.Module):
    """A 7×7 convolution of each channel, layer normalisation, and two linear layers over the channels, beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(width, width, 7, padding=3, groups=width),
            Turn((0, 2, 3, 1)),
            nn.LayerNorm(width, eps=EPS),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
            Turn((0, 3, 1, 2)),
        )
        self.layer_scale = nn.Parameter(torch.full((width, 1, 1), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, h, w) → the same shape."""
        return self.layer_scale * self.block(x) + x  # type: ignore[no-any-return]


class ConvNeXt(nn.Module):
    """``blocks`` of them per stage, ``widths`` wide. ``features`` is the module whose output is pooled; 1/32 of the input."""

    def __init__(
        self,
        findings: int,
        channels: int = 1,
        blocks: Sequence[int] = (3, 3, 9, 3),
        widths: Sequence[int] = (96, 192, 384, 768),
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Sequential(nn.Conv2d(channels, widths[0], 4, 4), Norm(widths[0], eps=EPS))]
        for number, (count, width) in enumerate(zip(blocks, widths, strict=True)):
            if number:
                narrower = widths[number - 1]
                parts.append(nn.Sequential(Norm(narrower, eps=EPS), nn.Conv2d(narrower, width, 2, 2)))
            parts.append(nn.Sequential(*(Block(width) for _ in range(count))))
        self.features = nn.Sequential(*parts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(Norm(widths[-1], eps=EPS), nn.Flatten(1), nn.Linear(widths[-1], findings))

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, channels, h, w) → logits (batch, findings)."""
        return self.classifier(self.avgpool(self.features(x)))  # type: ignore[no-any-return]
