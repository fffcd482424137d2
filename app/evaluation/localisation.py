"""Does a map lie where the finding lies? One map against one truth region, both (rows, columns); and maps that know nothing.

A truth region is a bool array; an empty one makes every figure NaN (excluded, neither hit nor miss). Only positive evidence
counts: negative values are cut to 0 first. Definitions: `docs/reference/metrics.md`. Knows numbers only.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Map = NDArray[np.float32]
Truth = NDArray[np.bool_]
Measure = Callable[[Map, Truth], float]


def positive(heat: Map) -> Map:
    """The positive part of a map."""
    return np.maximum(heat, 0)


def peak(heat: Map) -> tuple[float, ...] | None:
    """Where a map points: its maximum, in cells from 0 along every axis, their centres being whole numbers.

    Cells that share the maximum and hang together by their sides (in a stack by their faces) are one plateau, and count by
    their centroid, wherever that lies: a ring points at what it surrounds. None where it points nowhere: nothing is positive,
    two places that do not hang together are equally high, or the whole map is one plateau.
    """
    top = heat.max()
    at = heat == top
    count = np.count_nonzero(at)
    if not top > 0 or (count > 1 and (count == heat.size or ndimage.label(at)[1] != 1)):
        return None
    return tuple(np.argwhere(at).mean(0).tolist())


def cell(found: float) -> int:
    """The cell that a place of `peak` lies in; between two it is the latter."""
    return math.floor(found + 0.5)


def pointing(heat: Map, truth: Truth) -> float:
    """Pointing game (Zhang 2016): 1 when the map's `peak` lies in the truth, else 0. A map that points nowhere is a miss."""
    if not truth.any():
        return float("nan")
    found = peak(heat)
    return 0.0 if found is None else float(truth[tuple(map(cell, found))])


def smoothed(heat: Map, sigma: float) -> Map:
    """A map, its signs kept, under a Gaussian of ``sigma`` pixels; beyond its edges there is nothing."""
    return np.asarray(ndimage.gaussian_filter(heat, sigma, mode="constant"), np.float32)


def outside_inside(heat: Map, truth: Truth) -> float:
    """Outside–inside ratio (Lapuschkin 2016; RAP paper): mean positive relevance per pixel outside ÷ inside; lower is better.

    Infinite when nothing positive lies inside, NaN when the map has no positive evidence at all or the truth covers everything.
    """
    if not truth.any() or truth.all():
        return float("nan")
    evidence = positive(heat)
    inside, outside = float(evidence[truth].mean()), float(evidence[~truth].mean())
    if inside == 0:
        return float("inf") if outside > 0 else float("nan")
    return outside / inside


def mass(heat: Map, truth: Truth) -> float:
    """Relevance mass accuracy (Arras 2022): the share of positive relevance that lies inside; 0 for a map without any."""
    if not truth.any():
        return float("nan")
    evidence = positive(heat)
    total = float(evidence.sum(dtype=np.float64))
    return float(evidence[truth].sum(dtype=np.float64)) / total if total > 0 else 0.0


def rank(heat: Map, truth: Truth) -> float:
    """Relevance rank accuracy (Arras 2022): the share of the K highest pixels inside, K = size of the truth.

    Ties at the K-th place count with the share of them that lies inside, so that a constant map scores by area.
    """
    size = int(truth.sum())
    if size == 0:
        return float("nan")
    edge = np.partition(heat.ravel(), heat.size - size)[heat.size - size]
    above, tied = heat > edge, heat == edge
    left = size - int(above.sum())
    return (float(truth[above].sum()) + left * float(truth[tied].mean())) / size


def otsu(heat: Map, bins: int = 256) -> float:
    """Otsu's threshold (1979) of the positive part: the largest variance between both classes; inf without evidence."""
    evidence = positive(heat)
    top = float(evidence.max())
    if top <= 0:
        return float("inf")
    counts, edges = np.histogram(evidence, bins=bins, range=(0, top))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * middles)
    valid = (below > 0) & (above > 0)
    if not valid.any():
        return top / 2
    means = np.where(valid, sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1), 0)
    return float(edges[1:-1][np.argmax(below * above * means**2)])


def iou(heat: Map, truth: Truth) -> float:
    """Intersection over union of the truth with the map cut at Otsu's threshold; its mean over films is mIoU."""
    if not truth.any():
        return float("nan")
    found = heat >= otsu(heat)
    return float((found & truth).sum() / (found | truth).sum())


def box_of(heat: Map) -> tuple[slice, slice] | None:
    """The bounding box of the region above Otsu's threshold that holds the highest value; None without evidence."""
    found = heat >= otsu(heat)
    if not found.any():
        return None
    regions, _ = ndimage.label(found)
    boxes = ndimage.find_objects(regions)
    rows, columns = boxes[int(regions[np.unravel_index(int(np.argmax(heat)), heat.shape)]) - 1]
    return rows, columns


def iobb(heat: Map, truth: Truth) -> float:
    """Intersection over the detected box (Wang 2017): truth's share of the map's own bounding box; 0 without a box."""
    if not truth.any():
        return float("nan")
    box = box_of(heat)
    return float(truth[box].mean()) if box is not None else 0.0


def iobb_at(threshold: float) -> Measure:
    """Whether IoBB reaches a threshold, 1 or 0: Wang's accuracy T(IoBB)."""

    def reached(heat: Map, truth: Truth) -> float:
        value = iobb(heat, truth)
        return value if np.isnan(value) else float(value >= threshold)

    return reached


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "pointing": pointing,
        "outside_inside": outside_inside,
        "iou": iou,
        "mass": mass,
        "rank": rank,
        "iobb_0.1": iobb_at(0.1),
        "iobb_0.25": iobb_at(0.25),
        "iobb_0.5": iobb_at(0.5),
    }
)
"""Every figure by name. Lower is better for `outside_inside`, higher for the others."""

COMMON = "pointing_common"
"""The pointing game on maps that were `smoothed` to one scale: what a fine map hits is then its evidence, not its grain."""

LOWER_IS_BETTER = frozenset({"outside_inside"})


def random_map(shape: tuple[int, int], rng: np.random.Generator, cells: int = 14) -> Map:
    """A control that knows nothing: noise as coarse as a map of ``cells`` × ``cells``, the same at every place, from 0 up."""
    sigma = (shape[0] / cells / 2, shape[1] / cells / 2)
    # Wrapped around, so that no border is louder than the middle: a maximum is as likely at one place as at another.
    noise = ndimage.gaussian_filter(rng.random(shape), sigma, mode="wrap")
    return np.asarray(noise - noise.min(), np.float32)


def centre_prior(shape: tuple[int, int]) -> Map:
    """A control that knows only that films are centred: a Gaussian around the middle, a fifth of each side wide."""
    rows = np.exp(-0.5 * ((np.arange(shape[0]) + 0.5) / shape[0] - 0.5) ** 2 / 0.2**2)
    columns = np.exp(-0.5 * ((np.arange(shape[1]) + 0.5) / shape[1] - 0.5) ** 2 / 0.2**2)
    # The middle of an even number of pixels is a tie of four; a hair of tilt makes the maximum unique.
    tilt = 1 - 1e-6 * np.add.outer(np.arange(shape[0]), np.arange(shape[1]))
    return np.asarray(np.outer(rows, columns) * tilt, np.float32)


def box_mask(shape: tuple[int, int], boxes: list[tuple[float, float, float, float]]) -> Truth:
    """The union of boxes (left, top, width, height) in pixels as a truth region."""
    truth = np.zeros(shape, bool)
    for left, top, width, height in boxes:
        rows = slice(max(0, int(np.floor(top))), min(shape[0], int(np.ceil(top + height))))
        columns = slice(max(0, int(np.floor(left))), min(shape[1], int(np.ceil(left + width))))
        truth[rows, columns] = True
    return truth
