"""Network architectures by name. Weights come from ``models/<name>/weights.safetensors``, never from here.

Every network takes float32 (batch, 1, height, width) and returns logits (batch, findings). Only modules that the relevance
engine has a rule for are used, and no in-place ReLU: an in-place ReLU would overwrite the activation an explainer reads.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from app.classifiers.film_guard import FilmGuard
from app.errors import ModelError


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


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {"compact-residual": CompactResidual, "film-guard": FilmGuard}
"""Name on the card → constructor, called with ``findings`` and the card's parameters."""


def build(architecture: str, findings: int, parameters: dict[str, Any]) -> nn.Module:
    """An untrained network in eval mode, channels-last; ModelError for an unknown name or parameters that do not fit."""
    if architecture not in ARCHITECTURES:
        raise ModelError(
            "The architecture “%(name)s” is not known. Known: %(known)s.",
            {"name": architecture, "known": ", ".join(sorted(ARCHITECTURES))},
        )
    try:
        network = ARCHITECTURES[architecture](findings=findings, **parameters)
    except (TypeError, ValueError) as error:
        raise ModelError(
            "The parameters of “%(name)s” do not fit: %(error)s.", {"name": architecture, "error": str(error)}
        ) from error
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
