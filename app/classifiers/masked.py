"""A compact residual network that weighs its last feature map by where each finding occurs, before it pools.

Kim, Jung, Lee: Weakly Supervised Thoracic Disease Localization via Disease Masks (2021): the disease-probability mask of a
finding is spatial attention, and its attended feature is joined with the feature of the whole film. On films in the canonical
pose ``y = Σ_k (w_k · GAP(m · F_k) + v_k · GAP(F_k)) + b``: m the finding's mask with a floor under it and mean 1. So nothing
that lies elsewhere is lost, and a mask that knows nothing is plain pooling.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.classifiers.compact import CompactResidual


class MaskedHead(nn.Module):
    """The end of the network: one linear layer over the cells of the feature map, whose weights are ``weight`` times the mask
    plus ``whole``, both (findings, channels), over the number of cells. ``masks`` (findings, cells, cells) have the mean 1."""

    masks: Tensor

    def __init__(self, channels: int, findings: int, cells: int) -> None:
        super().__init__()
        self.in_features, self.out_features = channels, findings
        self.weight, self.whole = (nn.Parameter(torch.empty(findings, channels)) for _ in range(2))
        self.bias = nn.Parameter(torch.zeros(findings))
        self.register_buffer("masks", torch.ones(findings, cells, cells))
        for part in (self.weight, self.whole):
            nn.init.normal_(part, std=(0.5 / channels) ** 0.5)

    def first(self, findings: int) -> "MaskedHead":
        """A head for the first ``findings`` alone."""
        head = MaskedHead(self.in_features, findings, self.masks.shape[1]).to(self.weight)
        with torch.no_grad():
            for name in ("weight", "whole", "bias", "masks"):
                getattr(head, name).copy_(getattr(self, name)[:findings])
        return head

    def terms(self, cells: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """What a cell of each channel is multiplied with by way of the mask, and by way of the whole film:
        (findings, channels, h, w) each. On a map of another size than the masks' they are brought to it, with the mean 1."""
        masks = self.masks
        if tuple(masks.shape[1:]) != cells:
            masks = F.interpolate(masks[:, None], cells, mode="bilinear", antialias=True)[:, 0]
            masks = masks / masks.mean((1, 2), keepdim=True)
        count = cells[0] * cells[1]
        attended = self.weight[:, :, None, None] * masks[:, None] / count
        return attended, (self.whole[:, :, None, None] / count).expand_as(attended)

    def forward(self, features: Tensor) -> Tensor:
        """Feature map (batch, channels, h, w) → logits (batch, findings)."""
        attended, whole = self.terms((features.shape[2], features.shape[3]))
        return F.linear(features.flatten(1), (attended + whole).flatten(1), self.bias)


class CompactMasked(nn.Module):
    """`CompactResidual` with a `MaskedHead`; ``cells``: the side of the masks, the feature map's at the size it is used at."""

    def __init__(self, findings: int, widths: Sequence[int], strides: Sequence[int], blocks: int = 2, cells: int = 14) -> None:
        super().__init__()
        plain = CompactResidual(1, widths, strides, blocks)
        self.stem, self.features = plain.stem, plain.features
        self.head = MaskedHead(widths[-1], findings, cells)

    def forward(self, x: Tensor) -> Tensor:
        """Film in the canonical pose (batch, 1, h, w) → logits (batch, findings)."""
        return self.head(self.features(self.stem(x)))  # type: ignore[no-any-return]


def floored(shares: Tensor, floor: float) -> Tensor:
    """Masks with a floor and the mean 1: (findings, h, w) ≥ 0, each of which may have any sum, in; the same shape out.

    ``floor`` in [0, 1] is what a cell has where the finding never occurs; a mask without anything becomes 1 everywhere."""
    means = shares.mean((1, 2), keepdim=True)
    scaled = torch.where(means > 0, shares / means.clamp(min=1e-12), torch.ones_like(shares))
    return floor + (1 - floor) * scaled
