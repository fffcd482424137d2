"""Disease-probability masks: how probable it is that a finding, where a film shows it, covers a place of the canonical chest.

From boxes that readers drew, carried into the canonical pose: at each place the share of boxes that cover it, under a Gaussian.
Kim, Jung, Lee: Weakly Supervised Thoracic Disease Localization via Disease Masks (arXiv:2101.09915). Numpy only; which boxes
there are, and on whose films, is somebody else's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy import ndimage

from app.anatomy.ground import cells, overlaps
from app.anatomy.pose import SIZE, Pose
from app.domain import Extent, frozen

ANCHORED = frozenset({"Cardiomegaly"})
"""Findings that lie where an organ does: their masks go with the heart of the film."""
SHARED: Mapping[str, str] = {"Nodule": "Mass"}
"""Findings of which there are so few boxes that they share one mask with another."""
BANDWIDTHS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
"""Standard deviations of the Gaussian that are tried, in cells of the canonical frame."""
ANYWHERE = 0.02
"""A finding lies anywhere at all with so much probability: no place is impossible."""
ROUNDS = 200
"""Draws of patients behind the interval of a mask."""
HELD = (0.1, 0.5, 0.9)
"""The contour lines of a mask enclose such shares of its mass."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placed:
    """A box in the canonical frame: of which finding, whose, and of which part."""

    finding: str
    patient: str
    part: str
    box: Extent


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """One finding's mask on the canonical frame, float32 (SIZE, SIZE) in [0, 1]: the share of boxes that cover each place, and
    its 95% interval over patients. ``bandwidth`` in cells; ``gain``: how much likelier validation boxes are under it than under
    no knowledge, in nats per place; NaN without any. ``shared`` names the finding that it shares its boxes with, ""."""

    finding: str
    covered: Plane
    low: Plane
    high: Plane
    bandwidth: float
    boxes: int
    patients: int
    gain: float
    shared: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """The masks of all findings. ``heart``: where the heart of a film lies that the masks of `ANCHORED` findings stand for, in
    the canonical frame. ``version`` is that of their file."""

    version: str
    of: Mapping[str, Mask] = field(hash=False)
    heart: Extent

    @classmethod
    def read(cls, file: Path, version: str, parameters: Mapping[str, Any]) -> "Masks":
        """From a safetensors file and what its card says of it; KeyError or ValueError where they do not fit."""
        planes = load_file(file)
        found = {}
        for finding, told in dict(parameters["masks"]).items():
            three = {name: frozen(planes[f"{finding}.{name}"].astype(np.float32)) for name in ("covered", "low", "high")}
            if any(plane.shape != (SIZE, SIZE) for plane in three.values()):
                raise ValueError(f"the mask of {finding} is not {SIZE} × {SIZE}")
            found[finding] = Mask(
                finding,
                **three,
                bandwidth=float(told["bandwidth"]),
                boxes=int(told["boxes"]),
                patients=int(told["patients"]),
                gain=float(told["gain"]),
                shared=str(told.get("shared", "")),
            )
        return cls(version, found, Extent.of(parameters["heart"]))

    def plane(self, finding: str, pose: Pose, heart: Extent | None = None) -> Plane | None:
        """A finding's mask on the canonical frame of a film with this pose; None where there is no mask of it. ``heart``: where
        the film's heart lies, in its pixels; the masks of `ANCHORED` findings go with it."""
        mask = self.of.get(finding)
        if mask is None:
            return None
        if finding in ANCHORED and heart is not None:
            return anchored(mask.covered, self.heart, pose.box(heart))
        return mask.covered

    def on_film(
        self, finding: str, pose: Pose, heart: Extent | None, extent: Extent, shape: tuple[int, int], *, levels: bool = False
    ) -> Plane | None:
        """The same on a grid over ``extent`` of the film, float32; with ``levels`` as `held` has it."""
        plane = self.plane(finding, pose, heart)
        if plane is None:
            return None
        return pose.carry_back(held(plane) if levels else plane, extent, shape)


def anchored(plane: Plane, drawn_for: Extent, lies: Extent) -> Plane:
    """A mask that was drawn for an organ in one rectangle of the canonical frame, for one that lies in another."""
    spans = (
        (drawn_for.top, drawn_for.bottom, lies.top, lies.bottom),
        (drawn_for.left, drawn_for.right, lies.left, lies.right),
    )
    place = np.arange(SIZE) + 0.5
    at = [start + (place - low) * (end - start) / max(high - low, 1e-6) - 0.5 for start, end, low, high in spans]
    grid = np.meshgrid(*at, indexing="ij")
    return np.asarray(ndimage.map_coordinates(plane, grid, order=1, mode="constant"), np.float32)


def held(plane: Plane) -> Plane:
    """A mask as shares of its mass: at each place how much of it lies in places that are less probable. What is at least 1 − q
    encloses q of the mass in the smallest area."""
    values, at = np.unique(plane, return_inverse=True)
    mass = np.bincount(at.ravel(), plane.ravel().astype(np.float64))
    total = float(mass.sum())
    if total <= 0:
        return np.zeros_like(plane)
    below = np.concatenate([[0.0], np.cumsum(mass)[:-1]]) / total
    below[values <= 0] = 0
    return np.asarray(below[at].reshape(plane.shape), np.float32)


def weighted(mask: Plane, heat: NDArray[np.floating], weight: float) -> Plane:
    """A map in the light of where its finding occurs: ``mask · exp(weight · z)``, z the map less its mean, by its standard
    deviation. Both on one grid; a map that is the same everywhere leaves the mask as it is."""
    values = np.asarray(heat, np.float64)
    spread = float(values.std())
    z = (values - values.mean()) / spread if spread > 1e-12 * max(float(np.abs(values).max()), 1e-30) else np.zeros_like(values)
    return np.asarray(mask * np.exp(weight * z), np.float32)


def covered(boxes: Sequence[Extent], bandwidth: float) -> Plane:
    """What each box covers of the canonical frame, float32 (n, SIZE, SIZE), under a Gaussian."""
    edges = cells(SIZE, SIZE)
    planes = np.zeros((len(boxes), SIZE, SIZE), np.float32)
    for place, box in enumerate(boxes):
        down = overlaps(np.array([box.top, box.bottom]), edges)[0]
        across = overlaps(np.array([box.left, box.right]), edges)[0]
        planes[place] = np.outer(down, across)
    return np.asarray(ndimage.gaussian_filter(planes, (0, bandwidth, bandwidth), mode="constant"), np.float32)


def likelihoods(plane: Plane, boxes: Sequence[Extent]) -> NDArray[np.float64]:
    """How much likelier the places of each box are under a mask than were all places alike: the mean over a box of
    log (p · cells), nats, (n,). A box beyond the frame is NaN."""
    total = float(plane.sum(dtype=np.float64))
    log = np.log((1 - ANYWHERE) * plane.astype(np.float64) / max(total, 1e-12) * plane.size + ANYWHERE)
    each = covered(boxes, 0.0)
    sizes = each.sum((1, 2), dtype=np.float64)
    return np.asarray(np.where(sizes > 0, (each * log).sum((1, 2)) / np.maximum(sizes, 1e-12), np.nan), np.float64)


def fit(finding: str, boxes: Sequence[Placed], *, rounds: int = ROUNDS, seed: int = 0) -> Mask:
    """A finding's mask from the boxes of training patients, its bandwidth by those of validation patients: the one under which
    they are likeliest. A finding of `SHARED` uses those of the other too. ValueError without a box of a training patient."""
    partner = SHARED.get(finding) or next((one for one, other in SHARED.items() if other == finding), "")
    mine = [one for one in boxes if one.finding in (finding, partner)]
    train, validation = ([one for one in mine if one.part == part] for part in ("train", "validation"))
    if not train:
        raise ValueError(f"there is no box of {finding}")
    places, against = [one.box for one in train], [one.box for one in validation]
    gains = [_gain(covered(places, bandwidth).mean(0), against) for bandwidth in BANDWIDTHS]
    best = int(np.nanargmax(gains)) if against else BANDWIDTHS.index(5.0)
    each = covered(places, BANDWIDTHS[best])
    owners, owner = np.unique([one.patient for one in train], return_inverse=True)
    sums = np.zeros((len(owners), SIZE * SIZE))
    np.add.at(sums, owner, each.reshape(len(each), -1))
    counts = np.bincount(owner, minlength=len(owners)).astype(np.float64)
    random = np.random.default_rng(seed)
    times = random.multinomial(len(owners), np.full(len(owners), 1 / len(owners)), rounds).astype(np.float64)
    draws = (times @ sums) / (times @ counts)[:, None]
    low, high = (np.asarray(plane, np.float32).reshape(SIZE, SIZE) for plane in np.percentile(draws, (2.5, 97.5), axis=0))
    return Mask(finding, each.mean(0), low, high, BANDWIDTHS[best], len(train), len(owners), gains[best], partner)


def _gain(plane: Plane, boxes: Sequence[Extent]) -> float:
    each = likelihoods(plane, boxes)
    return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")
