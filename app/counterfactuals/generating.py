"""A trained generator with its card, and the edit that it makes of one film, or of the slices of a stack."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.anatomy.knee import Codes
from app.anatomy.knee_limits import knee_limits
from app.anatomy.limits import LIMITS, limits
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier, ends, stack_ends
from app.classifiers.generator import Generator
from app.classifiers.segmenter import Segmented
from app.counterfactuals.edit import Edit
from app.counterfactuals.slices import Bounds, with_beside
from app.counterfactuals.stacks import StackEdit
from app.domain import Image, Series, frozen
from app.errors import ModelError
from app.grey import grey, resample


@dataclass(frozen=True, eq=False)
class Generating:
    """The card of a generator with the generator, in eval mode."""

    card: Card
    network: Generator
    loaded: Classifier

    @classmethod
    def of(cls, loaded: Classifier) -> "Generating":
        """The one in a loaded network; ModelError when it is none."""
        if not isinstance(loaded.network, Generator):
            raise ModelError("“%(name)s” makes no counterfactuals.", {"name": loaded.card.name})
        return cls(loaded.card, loaded.network, loaded)

    @torch.inference_mode()
    def edit(self, image: Image, finding: str, direction: int, logit: float, anatomy: Segmented) -> Edit:
        """The edit of a film that the explained network gives ``logit`` for a finding of the card's; −1 for less of it, +1 for
        more. ``anatomy``: what the segmentation network says of the film, which bounds the edit; without lungs there it is
        bound to nothing, so nothing is changed."""
        number, device = self.card.findings.index(finding), self.loaded.device
        planes = self.loaded.prepare(Series("", "", (image,)))
        bounds = np.stack([self.loaded.on_input(image, plane, anatomy.extent) for plane in limits(anatomy.labels)])
        asked = self.network.needed(torch.tensor([logit], device=device), number, direction)
        parts = self.network(planes, torch.from_numpy(bounds)[None].to(device), number, direction, asked)
        black, white = self.span(image)
        return Edit(
            flow=_plane(parts.flow[0]),
            attention=_plane(parts.attention[0, 0]),
            residual=_plane(parts.residual[0, 0]),
            extent=self.loaded.extent(image),
            black=black,
            white=white,
        )

    @torch.inference_mode()
    def stack_edit(
        self, read: Classifier, series: Series, finding: str, *, direction: int, logit: float, codes: Codes
    ) -> StackEdit:
        """The edit of a stack of which the network that reads it says ``logit`` for a finding of the card's. ``codes``: what
        the segmentation network found on its slices, which bounds the edit; where it found nothing, nothing is changed."""
        number, planes = self.card.findings.index(finding), read.planes(series)[:, 0]
        bounds = Bounds.of(knee_limits(codes), self.network.within[number], self.card.input_size, planes.shape[-1])
        extent, ends_ = bounds.square.extent(read.extent(series.images[0])), stack_ends(series)
        if not bounds.places:
            nothing = np.zeros((0, 1, 1), np.float32)
            return StackEdit((), nothing, nothing, extent, *ends_)
        slices = bounds.square.cut(with_beside(planes, bounds.places, self.network.beside))
        asked = self.network.needed(torch.tensor([logit], device=planes.device), number, direction).expand(len(slices))
        parts = self.network(slices, bounds.limits.to(planes.device), number, direction, asked)
        return StackEdit(bounds.places, _plane(parts.attention[:, 0]), _plane(parts.residual[:, 0]), extent, *ends_)

    def stack_limit(self, finding: str, codes: Codes) -> NDArray[np.float32]:
        """Where an edit for a finding of the card's may change a stack, soft planes (slices, h, w) on the grid of its codes."""
        return np.asarray(knee_limits(codes)[self.network.within[self.card.findings.index(finding)]], np.float32)

    def limit(self, image: Image, finding: str, anatomy: Segmented) -> NDArray[np.float32]:
        """Where an edit for a finding of the card's may change a film, a soft plane over all of its pixels."""
        number = self.card.findings.index(finding)
        flowing = self.network.ways[number] == "flow"
        plane = limits(anatomy.labels)[LIMITS.index("border") if flowing else self.network.within[number]]
        return resample(plane, anatomy.extent, (image.rows, image.columns))

    def span(self, image: Image) -> tuple[float, float]:
        """The grey values of a film that are black and white to the generator."""
        return span(self.loaded, image)


def span(loaded: Classifier, image: Image) -> tuple[float, float]:
    """The grey values in [0, 1] of a film that a network reads as black and white."""
    if loaded.card.preprocessing.stretch != "percentiles":
        return 0.0, 1.0
    return ends(torch.from_numpy(np.array(grey(loaded.read_of(image)))), loaded.card.input_size)


def _plane(values: torch.Tensor) -> NDArray[np.float32]:
    return frozen(values.float().cpu().numpy())
