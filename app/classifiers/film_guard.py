"""The network of a guard: is this a frontal chest film at all, and how far from the films it was fitted to does it lie?

Two answers to one question. A small convolutional network tells films from what was shown to it as no film. A linear model of
thumbnails (principal components of films alone) measures what no film has, so that kinds of image which nobody thought of at
training are caught too. Knows torch; what follows from the answers is `app.classifiers.guard`'s business.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

THUMBNAIL = 16
"""Side of the thumbnails that the distance is measured on."""


class FilmGuard(nn.Module):
    """Planes in [0, 1], float32 (batch, 1, 64, 64), to logits of the kinds of image, (batch, findings); the first is "film".

    ``widths`` are the channels of the four stages, ``components`` how many the linear model of thumbnails has. ``refuse``,
    ``warn`` and ``far`` are the thresholds that `app.classifiers.guard` uses: they were chosen together with the weights, so
    they stand on the card among the network's parameters. ``sides`` are the channels of the network that tells a film from its
    mirror image, none where there is none, ``mirror`` the threshold of its logit.
    """

    mean: Tensor
    basis: Tensor
    spread: Tensor
    rest: Tensor
    unit: Tensor

    def __init__(
        self,
        findings: int,
        widths: Sequence[int],
        components: int,
        *,
        refuse: float = 0.05,
        warn: float = 0.5,
        far: Sequence[float] = (1.0, 2.0),
        sides: Sequence[int] = (),
        mirror: float = 1.0,
    ) -> None:
        super().__init__()
        self.refuse, self.warn, self.far, self.mirror = refuse, warn, tuple(far), mirror
        layers: list[nn.Module] = []
        inputs = 1
        for index, width in enumerate(widths):
            layers += [
                nn.Conv2d(inputs, width, 3 if index else 5, 2, 1 if index else 2, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            inputs = width
            if index == 2:
                layers += [nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.embed = nn.Sequential(nn.Flatten(1), nn.Dropout(0.3), nn.Linear(inputs * 16, 48), nn.ReLU())
        self.head = nn.Linear(48, findings)
        self.sides = _sides(sides) if sides else None
        self.register_buffer("mean", torch.zeros(THUMBNAIL**2))
        self.register_buffer("basis", torch.zeros(components, THUMBNAIL**2))
        self.register_buffer("spread", torch.ones(components))
        self.register_buffer("rest", torch.ones(()))
        self.register_buffer("unit", torch.ones(()))

    def forward(self, planes: Tensor) -> Tensor:
        """Logits (batch, findings)."""
        logits: Tensor = self.head(self.embed(self.features((stretch(planes) - 0.5) * 4)))
        return logits

    def mirrored(self, planes: Tensor) -> Tensor:
        """Logits (batch,) that planes show a mirrored film. What a plane and its mirror image say differs in sign alone, so
        that nothing that is alike on both sides has a say. Minus infinity where the guard cannot tell."""
        if self.sides is None:
            return planes.new_full((len(planes),), -float("inf"))
        stretched = (stretch(planes) - 0.5) * 4
        told: Tensor = self.sides(stretched)[:, 0] - self.sides(stretched.flip(3))[:, 0]
        return told

    def distance(self, planes: Tensor) -> Tensor:
        """How far each plane lies from the films, (batch,): the root of the mean square of its coordinates in the components
        (in standard deviations) and of what the components leave over; 1 is the distance that one film in a hundred has."""
        return self.raw(thumbnails(planes)) / self.unit

    def raw(self, small: Tensor) -> Tensor:
        """The distance of thumbnails (batch, 256) before it is divided by its unit."""
        away = small - self.mean
        inside = away @ self.basis.T
        left = (away - inside @ self.basis).square().mean(1) / self.rest
        inside = inside / self.spread
        return (inside.square().mean(1) + left).sqrt()

    def fit(self, small: Tensor) -> None:
        """Fit the linear model to thumbnails of films, (n, 256)."""
        components = len(self.spread)
        mean = small.mean(0)
        _, values, vectors = torch.linalg.svd(small - mean, full_matrices=False)
        basis, spread = vectors[:components], values[:components] / len(small) ** 0.5
        left = (small - mean) - (small - mean) @ basis.T @ basis
        for name, value in (("mean", mean), ("basis", basis), ("spread", spread), ("rest", left.square().mean())):
            getattr(self, name).copy_(value)
        self.unit.copy_(self.raw(small).quantile(0.99))


def _sides(widths: Sequence[int]) -> nn.Sequential:
    """Planes (batch, 1, 64, 64) to one number each, (batch, 1)."""
    layers: list[nn.Module] = []
    inputs = 1
    for width in widths:
        layers += [nn.Conv2d(inputs, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        inputs = width
    cells = (64 >> len(widths)) ** 2
    return nn.Sequential(*layers, nn.Flatten(1), nn.Dropout(0.4), nn.Linear(inputs * cells, 1))


def stretch(planes: Tensor) -> Tensor:
    """Each plane stretched between its own 1st and 99th percentile, as a network sees a film: (batch, 1, h, w), in [0, 1]."""
    values = planes[:, :, ::2, ::2].flatten(1).sort(1).values
    count = values.shape[1]
    low, high = (values[:, int(share * count)].view(-1, 1, 1, 1) for share in (0.01, 0.99))
    return ((planes - low) / (high - low).clamp(min=1e-3)).clamp(0, 1)


def thumbnails(planes: Tensor) -> Tensor:
    """Planes (batch, 1, h, w) as flat thumbnails without their mean grey and contrast, (batch, 256)."""
    small = F.adaptive_avg_pool2d(stretch(planes), THUMBNAIL).flatten(1)
    small = small - small.mean(1, keepdim=True)
    return small / small.std(1, keepdim=True).clamp(min=1e-3)
