"""Attention over slices: a network of a stack that weighs its slices, finding by finding, beside the maximum over them.

Ilse et al.: Attention-based Deep Multiple Instance Learning (2018): ``a_s = softmax_s(uᵀ tanh(V x_s))``, here with a u per
finding; x_s are the pooled channels of a slice. ``y = Σ_k w_k (max_s x_sk + Σ_s a_s x_sk) / 2 + b``: half by the maximum of
Bien et al. (2018), as the plain network has it, half by the slices' mean by their weights, and both by the same w. With a v of
its own the mean learned from what lies on other slices, and the weights turned away from the finding. So a slice's part of the
answer, and a place's within it, stay sums. With the encoder "compact-gated" places are weighed within every slice besides.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.classifiers.stack import StackNetwork, winners

INNER = 32
"""Neurons between a slice's channels and its weights."""


class SliceWeights(nn.Module):
    """Pooled slices (slices, width) → weights (slices, findings), each finding's between 0 and 1 and together 1."""

    def __init__(self, width: int, findings: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, INNER)
        self.excite = nn.Linear(INNER, findings)
        nn.init.normal_(self.excite.weight, std=0.01)  # begins with all slices nearly alike
        nn.init.zeros_(self.excite.bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """See the class."""
        return torch.softmax(self.excite(torch.tanh(self.squeeze(pooled))), 0)


class SliceHead(nn.Module):
    """The linear layer that answers: it reads the maximum over slices, then the slices' mean by each finding's weights, of
    which a finding reads its own alone. ``own`` (findings, width) are the weights of both, half and half."""

    def __init__(self, width: int, findings: int) -> None:
        super().__init__()
        self.in_features, self.out_features = width * (1 + findings), findings
        self.own = nn.Parameter(torch.empty(findings, width))
        self.bias = nn.Parameter(torch.zeros(findings))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Random weights."""
        nn.init.normal_(self.own, std=self.own.shape[1] ** -0.5)
        nn.init.zeros_(self.bias)

    @property
    def weight(self) -> Tensor:
        """All weights, (findings, in_features); those of other findings' means are 0."""
        half = self.own / 2
        mine = torch.eye(self.out_features, dtype=half.dtype, device=half.device)
        return torch.cat([half, (mine[:, :, None] * half[:, None]).flatten(1)], 1)

    def forward(self, x: Tensor) -> Tensor:
        """(1, in_features) → logits (1, findings)."""
        return F.linear(x, self.weight, self.bias)


class AttendingStack(StackNetwork):
    """See the module. ``encoder`` and its ``parameters`` as of `StackNetwork`."""

    def __init__(self, findings: int, encoder: str = "compact-gated", channels: int = 1, **parameters: Any) -> None:
        super().__init__(findings, encoder, channels, **parameters)
        width = self.head.in_features
        self.slices = SliceWeights(width, findings)
        self.head: SliceHead = SliceHead(width, findings)  # type: ignore[assignment]

    def answer(self, pooled: Tensor) -> Tensor:
        """See `StackNetwork.answer`."""
        weights = self.slices(pooled)
        each = (pooled.unsqueeze(1) * weights.unsqueeze(2)).flatten(1)
        return self.head(torch.cat([pooled.max(0, keepdim=True)[0], each.sum(0, keepdim=True)], 1))  # type: ignore[no-any-return]

    def factors(self, pooled: Tensor) -> Tensor:
        """See `StackNetwork.factors`."""
        return (winners(pooled)[None] + self.slices(pooled).T[:, :, None]) * self.head.own[:, None] / 2  # type: ignore[no-any-return]

    def weights(self, pooled: Tensor) -> Tensor:
        """See `StackNetwork.weights`."""
        return self.slices(pooled).T  # type: ignore[no-any-return]

    @property
    def alone(self) -> Tensor:
        """See `StackNetwork.alone`."""
        return self.head.own

    def ways(self, pooled: Tensor) -> list[Tensor]:
        """What the maximum and the weighed mean would each answer by itself: logits (1, findings); their mean is the answer."""
        most = F.linear(pooled.max(0, keepdim=True)[0], self.head.own, self.head.bias)
        weighed = (self.slices(pooled) * F.linear(pooled, self.head.own)).sum(0, keepdim=True) + self.head.bias
        return [most, weighed]

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See `app.classifiers.attending.Begins`: so begun, it answers as the plain network does where all slices are alike."""
        plain = weights["head.weight"]
        with torch.no_grad():
            self.head.own.zero_()
            self.head.own[:, : plain.shape[1]] = plain
            self.head.bias.copy_(weights["head.bias"])
        stages = "encoder.features.stages." if hasattr(self.encoder.features, "stages") else "encoder.features."
        renamed = ((name.replace("encoder.features.", stages, 1), value) for name, value in weights.items())
        return {name: value for name, value in renamed if not name.startswith("head.")}
