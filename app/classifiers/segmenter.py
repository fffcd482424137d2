"""A segmentation network with its card, and what it makes of one film: shares of the structures, labels, α of its gates."""

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from app.anatomy import HEART, Labels, NoPose, NotMeasurable, Pose, Ratio, areas, cleaned, measure, unsure
from app.anatomy.reasons import UNSURE
from app.anatomy.regions import around
from app.classifiers.attention_unet import STRUCTURES, AnatomyNetwork
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.domain import Extent, Image, Series, frozen
from app.errors import ModelError

FINE = 256
"""Side of the map of labels: shares are brought to it bilinearly before the largest wins, so that borders run smoothly."""


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """One film. ``shares`` float32 (4, side, side) by the codes of `app.anatomy` and ``markers`` float32 (side, side), both in
    [0, 1], as the network gave them; ``labels`` cleaned, (256, 256); all over ``extent``, which may reach beyond the film.
    ``gates`` are α, float32 (h, w) in [0, 1], from fine to coarse; ``film`` is what was exposed. ``seconds`` it took."""

    shares: NDArray[np.float32]
    markers: NDArray[np.float32]
    labels: Labels
    gates: tuple[NDArray[np.float32], ...]
    extent: Extent
    film: Extent
    seconds: float

    @property
    def ratio(self) -> Ratio | NotMeasurable:
        """The cardiothoracic ratio, or why there is none."""
        return measure(self.shares, self.extent, self.film)

    @property
    def pose(self) -> Pose | NoPose:
        """How the chest lies, or why that cannot be told."""
        return NoPose(UNSURE) if unsure(self.shares) else Pose.fit(self.labels, self.extent)

    @property
    def heart(self) -> Extent | None:
        """The rectangle around the heart, in pixels of the image; None where there is none."""
        return around(self.labels == HEART, self.extent)

    def told(self, image: Image) -> Image:
        """The film, saying how its chest lies and where the heart is, where that could be measured."""
        pose, heart = self.pose, self.heart
        if not isinstance(pose, Pose):
            return image
        box = None if heart is None else (heart.left, heart.top, heart.right, heart.bottom)
        return replace(image, pose=pose.numbers(), heart=box)

    @property
    def areas(self) -> dict[int, float]:
        """The areas of the structures, pixels of the image, by code."""
        return areas(self.labels, self.extent)


@dataclass(frozen=True, eq=False)
class Segmenter:
    """The card of a segmentation network with the network, in eval mode."""

    card: Card
    network: AnatomyNetwork
    loaded: Classifier

    @classmethod
    def of(cls, loaded: Classifier) -> "Segmenter":
        """The one in a loaded network; ModelError when it is none."""
        if not isinstance(loaded.network, AnatomyNetwork):
            raise ModelError("“%(name)s” is no segmentation network.", {"name": loaded.card.name})
        return cls(loaded.card, loaded.network, loaded)

    def read(self, image: Image) -> Segmented:
        """What it makes of a film, of its exposed field where the card says so."""
        started = time.perf_counter()
        series = Series("", "", (self.loaded.held(Series("", "", (image,))).images[0],))
        image = series.images[0]
        shares, markers, fine, gates = self.look(self.loaded.prepare(series))
        return Segmented(
            shares=frozen(shares[0]),
            markers=frozen(markers[0]),
            labels=cleaned(fine[0]),
            gates=tuple(frozen(gate[0]) for gate in gates),
            extent=self.loaded.extent(image),
            film=_exposed(self.loaded, image),
            seconds=time.perf_counter() - started,
        )

    @torch.inference_mode()
    def look(
        self, planes: torch.Tensor
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], list[NDArray[np.float32]]]:
        """Shares (n, 4, side, side), markers (n, side, side), labels uint8 (n, 256, 256) and α per gate (n, h, w) of prepared
        planes (n, 1, side, side)."""
        logits, alphas = self.network.looked(planes.to(self.loaded.device))
        shares = torch.softmax(logits[:, :STRUCTURES].float(), 1)
        fine = F.interpolate(shares, FINE, mode="bilinear", align_corners=False).argmax(1).to(torch.uint8)
        markers = torch.sigmoid(logits[:, STRUCTURES].float())
        return (
            shares.cpu().numpy(),
            markers.cpu().numpy(),
            fine.cpu().numpy(),
            [alpha[:, 0].float().cpu().numpy() for alpha in alphas],
        )


def _exposed(loaded: Classifier, image: Image) -> Extent:
    """What was exposed of a film, or all of it."""
    if loaded.card.preprocessing.field == "exposed" and image.field is not None:
        top, left, bottom, right = image.field
        return Extent(left, top, right, bottom)
    return Extent(0, 0, image.columns, image.rows)
