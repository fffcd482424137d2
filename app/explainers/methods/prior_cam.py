"""Prior-weighted CAM: where the finding occurs, moved to where this network saw it.

``map = mask · exp(λ z)``: the mask is the finding's disease-probability mask (Kim, Jung, Lee: Weakly Supervised Thoracic
Disease Localization via Disease Masks, arXiv:2101.09915), laid over the film by the pose of its chest; z is CAM (Zhou 2016)
less its mean, divided by its standard deviation. λ = 0 is the mask, which knows nothing of the film but how the chest lies; a
large λ is CAM. What the map says beside the mask alone is the network's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from app.anatomy.masks import Masks, weighted
from app.anatomy.reasons import MEAN_POSE
from app.classifiers.likely import heart_of, masks, pose_of
from app.domain import Extent, Image
from app.errors import InputError, NotExplainable
from app.explainers.base import Explainer, Relevance
from app.explainers.methods.cam import CAM
from app.explainers.trace import Trace
from app.grey import resample

TITLE = "Prior-weighted CAM"
SIGNED = False
SUMMARY = "Where the finding occurs on films, moved to where this network saw it: CAM in the light of the finding's mask."
PAPER = "Kim 2021, arXiv:2101.09915; Zhou 2016, CVPR"
PANEL = 0
ENDS = ("likely place", "unlikely place")
PRIOR = True
CAUTION = (
    "Most of this map is the mask of where the finding occurs, which knows nothing of this film: look at the mask alone too "
    "(key -)."
)

Plane = NDArray[np.float32]
SIDE = 64
"""Cells along the square that the network read: finer than CAM, since the mask is."""
NO_MASK = "there is no mask of where this finding occurs: no reader drew boxes of it"


@dataclass(frozen=True)
class PriorCAM(Explainer):
    """``weight`` is λ, chosen on boxes of validation patients."""

    signed: ClassVar[bool] = SIGNED
    weight: float = 0.25

    def __post_init__(self) -> None:
        """Refuse weights that are none."""
        if not 0 <= self.weight <= 100:
            raise InputError("The weight must be between 0 and 100.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, 64, 64), over the square that the network read."""
        known = masks(trace.classifier.card)
        findings = [trace.classifier.card.findings[target] for target in targets]
        if known is None:
            raise NotExplainable("needs masks of where findings occur, and there are some for chest films only")
        cam = CAM().relevance(trace, targets)
        maps = torch.zeros(len(targets), trace.slices, SIDE, SIDE)
        for column, image in enumerate(trace.series.images):
            for row, finding in enumerate(findings):
                if finding in known.of:
                    fine = _finer(trace, image, cam, (row, column))
                    maps[row, column] = torch.from_numpy(self._map(trace, known, image, finding, fine))
        poses = [image.pose for image in trace.series.images]
        return Relevance(
            maps,
            notes=(MEAN_POSE,) if None in poses else (),
            refused=tuple("" if finding in known.of else NO_MASK for finding in findings),
        )

    def _map(self, trace: Trace, known: Masks, image: Image, finding: str, heat: Plane) -> Plane:
        pose, heart, square = pose_of(image), heart_of(image), _plain(trace.classifier.extent(image))
        mask = known.on_film(finding, pose, heart, square, (SIDE, SIDE))
        if trace.classifier.upright:  # it lies in the canonical frame already
            plane = known.plane(finding, pose, heart)
            mask = None if plane is None else resample(plane, Extent(0, 0, SIDE, SIDE), (SIDE, SIDE))
        return np.zeros((SIDE, SIDE), np.float32) if mask is None else weighted(mask, heat, self.weight)


def _finer(trace: Trace, image: Image, cam: Relevance, place: tuple[int, int]) -> Plane:
    """CAM of a target on an image, bilinear on the map's grid over the square that the network read."""
    square = trace.classifier.frame(image)
    heat = cam.maps[place].detach().float().cpu().numpy()
    lies = square if cam.field is None else cam.field.extent(heat.shape, trace.input.shape[2:], square)
    across, down = SIDE / (square.right - square.left), SIDE / (square.bottom - square.top)
    return resample(heat, lies.seen_from(square.left, square.top, across, down), (SIDE, SIDE))


def _plain(square: Extent) -> Extent:
    return Extent(square.left, square.top, square.right, square.bottom)
