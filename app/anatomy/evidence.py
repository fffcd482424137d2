"""Where the evidence of a map lies: which share of its positive part is in each region of the film, beside the region's share
of the area. A share alone says nothing: half of a map that knows nothing lies on half of the film.

A map's cell is a share of an answer, and it is spread evenly over what it covers: how much of it lies in a region is how much
of its area does, exactly, however coarse the map is. Numpy only; knows no network and no method.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.anatomy.ground import REGIONS, Ground, Mask, cells, overlaps
from app.domain import Evidence, Extent, Share

MARKERS = "markers"
DEVICES = "tubes and wires"
DEVICE = 0.5
"""A place is a tube's or a wire's from this probability on."""
OFF_MASK = "outside the finding's mask"
ORDER = (*REGIONS[1:], REGIONS[0], MARKERS, DEVICES, OFF_MASK)
"""The regions as a table has them. The first six share the film among them; the others lie across."""


def evidence(values: NDArray[np.floating], extent: Extent, ground: Ground, likely: Mask | None = None) -> Evidence:
    """The table of a map (rows, columns) that lies over ``extent`` of a film. ``likely``: where the finding occurs, on the
    ground's grid; None where there is no mask of it.

    The area is that of the map, so that padding which the network read too is outside of the body. Without positive evidence
    there are no rows.
    """
    positive = np.maximum(np.asarray(values, np.float64), 0)
    total = float(positive.sum())
    if total <= 0:
        return Evidence(())
    down, across = extent.edges(*positive.shape)
    sizes = np.outer(np.diff(down), np.diff(across))
    density = np.divide(positive, sizes, out=np.zeros_like(positive), where=sizes > 0)
    total = float(positive[sizes > 0].sum())
    whole = float((down[-1] - down[0]) * (across[-1] - across[0]))
    if total <= 0 or whole <= 0:
        return Evidence(())
    rows, columns = ground.labels.shape
    tall, wide = overlaps(down, cells(rows, ground.film[0])), overlaps(across, cells(columns, ground.film[1]))
    mass = tall.T @ density @ wide / total
    area = np.outer(tall.sum(0), wide.sum(0)) / whole
    return Evidence(tuple(_rows(mass, area, ground, likely)))


def _rows(mass: NDArray[np.float64], area: NDArray[np.float64], ground: Ground, likely: Mask | None) -> list[Share]:
    count = len(REGIONS)
    held, covered = (np.bincount(ground.labels.ravel(), of.ravel(), count) for of in (mass, area))
    held[0], covered[0] = 1 - held[1:].sum(), 1 - covered[1:].sum()  # what lies off the film is no body either
    told: dict[str, tuple[float, float]] = {region: (held[at], covered[at]) for at, region in enumerate(REGIONS)}
    if ground.markers is not None:
        told[MARKERS] = (mass[ground.markers].sum(), area[ground.markers].sum())
    if ground.devices is not None:
        told[DEVICES] = (mass[ground.devices].sum(), area[ground.devices].sum())
    if likely is not None:
        told[OFF_MASK] = (1 - mass[likely].sum(), 1 - area[likely].sum())
    shown = [name for name in ORDER if name in told and (ground.measured or name in UNMEASURED)]
    return [Share(name, *(float(np.clip(one, 0, 1)) for one in told[name])) for name in shown]


UNMEASURED = frozenset({"rest of the body", "outside the body", MARKERS, DEVICES, OFF_MASK})
"""What can be told of a film whose lungs were not found."""


@dataclass(frozen=True, slots=True)
class Bound:
    """From where on a region is odd: at least ``share`` of the evidence lies there, and at least ``times`` as much as its area
    would have."""

    region: str
    share: float
    times: float


def odd(told: Evidence | None, bounds: Sequence[Bound]) -> Share | None:
    """The row that is odd, the most odd of several; None where none is."""
    found = [
        (row.ratio / bound.times, row)
        for row in (told.shares if told else ())
        for bound in bounds
        if bound.region == row.region and row.share >= bound.share and row.ratio >= bound.times
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None
