"""Soft attention: a compact residual network whose middle stages are weighed by attention gates before they are pooled.

Schlemper et al.: Attention Gated Networks (2019; "AG-Sononet"): ``α = σ(ψᵀ ReLU(W_x x + W_g g + b))``, g the last stage's map.
The gated maps are pooled beside the last stage's own, and one linear layer answers. A map is pooled by weights whose mean is 1,
``x̂ = x · α / mean(α)``: what counts is where a gate is wider open than elsewhere, not how wide it is open.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.classifiers.attending import columns
from app.classifiers.attention_unet import Gate
from app.classifiers.compact import CompactResidual


class GatedStages(nn.Module):
    """The stages, and a gate for each of them but the first and the last. What comes out has the size of the finest gated map:
    the last stage's channels, then those of the gated ones from fine to coarse."""

    def __init__(self, stages: nn.Sequential, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.stages, self.blocks = stages, blocks
        self.gates = nn.ModuleList(Gate(width, widths[-1]) for width in widths[1:-1])
        for gate in self.gates:
            nn.init.zeros_(gate.psi.bias)  # type: ignore[arg-type, union-attr]  # neither open nor closed: both can be learned from there

    def forward(self, x: Tensor) -> Tensor:
        """(batch, widths[0], h, w) → (batch, all pooled channels, h', w')."""
        kept: list[Tensor] = []
        for place, block in enumerate(self.stages, start=1):
            x = block(x)
            if place % self.blocks == 0:
                kept.append(x)
        size = kept[1].shape[-2:]
        parts = [_brought(x, size)]
        for gate, map_ in zip(self.gates, kept[1:-1], strict=True):
            coarse = F.interpolate(x, map_.shape[-2:], mode="bilinear")
            alpha = gate(map_, coarse)
            parts.append(_brought(map_ * (alpha / alpha.mean((2, 3), keepdim=True)), size))
        return torch.cat(parts, 1)


def _brought(x: Tensor, size: torch.Size) -> Tensor:
    """A map at a size that is a multiple of its own; its mean stays what it was."""
    return x if x.shape[-2:] == size else F.interpolate(x, size, mode="nearest")


class CompactGated(nn.Module):
    """See the module. ``widths``, ``strides`` and ``blocks`` as of `CompactResidual`; at least three stages."""

    def __init__(self, findings: int, widths: Sequence[int], strides: Sequence[int], blocks: int = 2) -> None:
        super().__init__()
        if len(widths) < 3:
            raise ValueError("gates need at least three stages")
        plain = CompactResidual(1, widths, strides, blocks)
        self.stem = plain.stem
        self.features = GatedStages(plain.features, widths, blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.dropout = nn.Dropout(0.2)
        self.scales = [widths[-1], *widths[1:-1]]
        self.head = nn.Linear(sum(self.scales), findings)

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings)."""
        return self.head(self.dropout(self.pooled(x)))  # type: ignore[no-any-return]

    def pooled(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → what the head reads, (batch, channels)."""
        return self.flatten(self.pool(self.features(self.stem(x))))  # type: ignore[no-any-return]

    def by_scale(self, pooled: Tensor) -> list[Tensor]:
        """What each scale would answer by itself, the last stage's first: logits (batch, findings) each."""
        pieces = zip(torch.split(pooled, self.scales, 1), torch.split(self.head.weight, self.scales, 1), strict=True)
        return [F.linear(own, weight, self.head.bias) for own, weight in pieces]

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See `app.classifiers.attending.Begins`: so begun, it answers what the plain twin does."""
        columns(self.head, weights)
        renamed = ((name.replace("features.", "features.stages.", 1), value) for name, value in weights.items())
        return {name: value for name, value in renamed if not name.startswith("head.")}
