"""Channel attention: a compact residual network whose channels are weighed, stage by stage, by what the whole film shows.

Hu et al.: Squeeze-and-Excitation Networks (2018): ``s = σ(W₂ ReLU(W₁ GAP(x)))``, ``x̂ = s · x``. With ``spatial`` places are
weighed beside the channels, as in Guha Roy et al.: Concurrent Spatial and Channel Squeeze and Excitation (scSE, 2018):
``x̂ = s · x + σ(w ∗ x) · x``. The last stage is weighed too, so that gate × weight × pooled channel adds up to the answer.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from app.classifiers.attending import columns
from app.classifiers.compact import CompactResidual

OPEN = 2.0
"""What a channel's gate begins with before its sigmoid: .88, so that a network that begins with its twin's weights still works.
Beside a gate of places both begin at one half, whose sum changes nothing."""


class Channels(nn.Module):
    """The channels' weights: (batch, channels, h, w) → (batch, channels, 1, 1) in [0, 1]."""

    def __init__(self, channels: int, reduction: int, begins: float) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, max(4, channels // reduction))
        self.excite = nn.Linear(self.squeeze.out_features, channels)
        nn.init.normal_(self.excite.weight, std=0.01)
        nn.init.constant_(self.excite.bias, begins)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean((2, 3))))))
        return gates[:, :, None, None]


class Places(nn.Module):
    """The places' weights: (batch, channels, h, w) → (batch, 1, h, w) in [0, 1]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, 1, 1)
        nn.init.normal_(self.weigh.weight, std=0.01)
        nn.init.zeros_(self.weigh.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.sigmoid(self.weigh(x))


class Weighed(nn.Module):
    """A stage's map with its channels weighed, and its places where ``spatial``."""

    def __init__(self, channels: int, reduction: int, spatial: bool) -> None:
        super().__init__()
        self.channels = Channels(channels, reduction, 0.0 if spatial else OPEN)
        self.places = Places(channels) if spatial else None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, h, w), the same shape out."""
        weighed: Tensor = x * self.channels(x)
        return weighed if self.places is None else weighed + x * self.places(x)


class CompactSqueezed(nn.Module):
    """See the module. ``widths``, ``strides`` and ``blocks`` as of `CompactResidual`; a gate's inner layer has the channels
    over ``reduction``, at least four."""

    def __init__(
        self,
        findings: int,
        widths: Sequence[int],
        strides: Sequence[int],
        blocks: int = 2,
        *,
        reduction: int = 8,
        spatial: bool = False,
    ) -> None:
        super().__init__()
        plain = CompactResidual(1, widths, strides, blocks)
        self.stem, self.blocks = plain.stem, blocks
        parts: list[nn.Module] = []
        for place, block in enumerate(plain.features, start=1):
            parts.append(block)
            if place % blocks == 0:
                parts.append(Weighed(widths[place // blocks - 1], reduction, spatial))
        self.features = nn.Sequential(*parts)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(widths[-1], findings)

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings)."""
        return self.head(self.dropout(self.flatten(self.pool(self.features(self.stem(x))))))  # type: ignore[no-any-return]

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See `app.classifiers.attending.Begins`."""
        columns(self.head, weights)
        renamed = {}
        for name, value in weights.items():
            first, _, rest = name.partition(".")
            if first == "features":
                place, _, own = rest.partition(".")
                renamed[f"features.{int(place) + int(place) // self.blocks}.{own}"] = value
            elif first != "head":
                renamed[name] = value
        return renamed
