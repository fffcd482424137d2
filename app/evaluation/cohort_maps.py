"""The maps of many films at once: their mean in one pose, and groups of films on which a network looks at the same place.

The pose is the rectangle of the film that was read (of a framed film its exposed field), stretched to a unit square. Every map
counts alike there: it is divided by the sum of its sizes first. The groups are found as by SpRAy (Lapuschkin et al.: Unmasking
Clever Hans predictors, Nature Communications 2019): small normalised maps, compared by Hellinger's distance; a graph of nearest
neighbours, its normalised Laplacian; as many groups as the largest gap between its eigenvalues says; k-means among the
eigenvectors. Knows numbers only.
Definitions: `docs/reference/metrics.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.spatial.distance import cdist

from app.domain import Extent, frozen

SIDE = 16
"""Cells of a map along each side while films are grouped: coarser than most maps, finer than most places."""
DRAWN = 64
"""Cells of a mean map along each side."""
LEAST, MOST = 4, 12
"""So many groups at least, and at most: a group too many is two that look alike, a group too few hides one in another."""
NEIGHBOURS = 4
"""Whom a film is joined to: few, so that what only a handful of films has hangs together with nothing else."""
MANY = 40
"""Below so many films there may be fewer than `LEAST` groups."""
FEWEST = 6
"""Films that groups are looked for among, at least."""
FLOOR = 0.01
"""Added to eigenvalues before they are compared: what is smaller than this is as good as 0, a group that hangs together with no
other."""
BEGINNINGS = 8
"""How often k-means begins anew; the tightest outcome counts."""

Map = NDArray[np.float32]
Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Films on which a network looks at the same place. ``members`` are positions in the sequence that was handed in, the most
    typical first (nearest to the group's mean); ``mean`` is the mean of their maps, float32 (rows, columns), its sizes summing
    to 1; ``share`` is the part of all maps that were grouped."""

    members: tuple[int, ...]
    mean: Map
    share: float

    @property
    def size(self) -> int:
        """How many films are in it."""
        return len(self.members)

    def typical(self, count: int = 6) -> tuple[int, ...]:
        """The most typical films."""
        return self.members[:count]


def posed(values: NDArray[np.floating], extent: Extent, field: Extent | None = None, side: int = DRAWN) -> Map:
    """One film's map (rows, columns), which lies on its image by ``extent``, as (side, side) cells over ``field``: what lies in
    a cell is added up, so that sums stay; what lies outside of the field is left out. Without ``field`` it is all that is drawn
    of the map, as a rule the square that the network read."""
    over = field or extent.drawn
    down, across = extent.edges(*values.shape)
    rows = _shares(down, over.top, over.bottom, side)
    columns = _shares(across, over.left, over.right, side)
    return np.asarray(rows @ np.asarray(values, np.float64) @ columns.T, np.float32)


def _shares(edges: Places, low: float, high: float, side: int) -> Places:
    """Which share of each cell between ``edges`` (n + 1,) lies in each of ``side`` equal parts of low … high: (side, n)."""
    cuts = np.linspace(low, high, side + 1)
    inner = np.minimum(cuts[1:, None], edges[None, 1:]) - np.maximum(cuts[:-1, None], edges[None, :-1])
    return np.asarray(inner.clip(0) / np.maximum(np.diff(edges), 1e-12), np.float64)


def mean_map(
    maps: Sequence[NDArray[np.floating]],
    extents: Sequence[Extent],
    fields: Sequence[Extent | None] | None = None,
    side: int = DRAWN,
) -> Map:
    """The mean of films' maps of one method in one pose, float32 (side, side), signs kept: every map is divided by the sum of
    its sizes first, and empty ones are left out. ``extents`` and ``fields`` as in `posed`, one per map. All zero where there
    is no map with anything on it."""
    total, count = np.zeros((side, side), np.float64), 0
    for values, extent, field in zip(maps, extents, fields or [None] * len(maps), strict=True):
        laid = posed(values, extent, field, side)
        size = float(np.abs(laid).sum())
        if size > 0 and np.isfinite(size):
            total += laid / size
            count += 1
    return frozen((total / max(count, 1)).astype(np.float32))


def clusters(maps: Sequence[Map], seed: int = 0) -> tuple[Cluster, ...]:
    """Groups of films on which a network looks at the same place, the largest first; the same maps and seed give the same
    groups.

    ``maps`` are of one method and one finding, in one pose and of one shape, as `posed` makes them. Only positive evidence
    counts: a map without any is in no group. One group where there are fewer than `FEWEST` maps with any; none without maps.
    """
    small = [_shrunk(one) for one in maps]
    with_any = [index for index, one in enumerate(small) if one.sum() > 0]
    if not with_any:
        return ()
    points = np.sqrt(np.stack([(small[index] / small[index].sum()).ravel() for index in with_any]))
    groups = np.zeros(len(points), np.intp) if len(points) < FEWEST else grouped(points, seed)
    found = []
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        away = np.linalg.norm(points[inside] - points[inside].mean(0), axis=1)
        members = tuple(with_any[at] for at in inside[np.argsort(away, kind="stable")])
        positive = [np.maximum(maps[index], 0) for index in members]
        mean = np.mean([one / one.sum() for one in positive], axis=0)
        found.append(Cluster(members, frozen(mean.astype(np.float32)), len(members) / len(points)))
    return tuple(sorted(found, key=lambda cluster: (-cluster.size, cluster.members)))


def _shrunk(values: Map) -> Places:
    """The positive part of a posed map on at most `SIDE` × `SIDE` cells."""
    rows, columns = values.shape
    whole = Extent(0, 0, columns, rows)
    positive = np.maximum(np.nan_to_num(values), 0)
    return np.asarray(posed(positive, whole, whole, min(SIDE, rows, columns)), np.float64)


def grouped(points: Places, seed: int = 0, most: int = MOST) -> NDArray[np.intp]:
    """The group of every point (n, features), (n,): spectral clustering of their graph of nearest neighbours. How many there
    are, `LEAST` to ``most``, say the eigenvalues of its normalised Laplacian by the largest gap between their logarithms. Plain
    gaps do not do here: among few neighbours one large group has many small eigenvalues of its own."""
    values, vectors = _spectrum(_graph(points), min(most + 1, len(points)))
    gaps = np.diff(np.log(np.maximum(values, 0) + FLOOR))
    least = LEAST if len(points) >= MANY else 1
    count = least + int(np.argmax(gaps[least - 1 :]))
    if count == 1:
        return np.zeros(len(points), np.intp)
    rows = vectors[:, :count]
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return _k_means(rows, count, np.random.default_rng(seed))


def _graph(points: Places) -> Places:
    """Who is among whose nearest `NEIGHBOURS`, either way: symmetric, 0 or 1, (n, n)."""
    away = cdist(points, points)
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :NEIGHBOURS]
    near = np.zeros(away.shape)
    np.put_along_axis(near, nearest, 1.0, axis=1)
    return np.maximum(near, near.T)


def _spectrum(near: Places, count: int) -> tuple[Places, Places]:
    """The smallest eigenvalues of the normalised Laplacian of a graph, (count,), and their vectors, (n, count)."""
    scale = 1 / np.sqrt(near.sum(1))
    laplacian = np.eye(len(near)) - scale[:, None] * near * scale
    values, vectors = linalg.eigh(laplacian, subset_by_index=(0, count - 1))
    return values, vectors


def _k_means(rows: Places, count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Lloyd's algorithm from k-means++ beginnings (Arthur and Vassilvitskii 2007): the group of each row, (n,)."""
    best = (np.inf, np.zeros(len(rows), np.intp))
    for _ in range(BEGINNINGS):
        centres = rows[[int(random.integers(len(rows)))]]
        while len(centres) < count:
            away = cdist(rows, centres, "sqeuclidean").min(1)
            chance = away / away.sum() if away.sum() > 0 else np.full(len(rows), 1 / len(rows))
            centres = np.concatenate([centres, rows[[int(random.choice(len(rows), p=chance))]]])
        groups = np.full(len(rows), -1, np.intp)
        for _ in range(100):
            now = cdist(rows, centres, "sqeuclidean").argmin(1)
            if (now == groups).all():
                break
            groups = now
            centres = np.stack([
                rows[groups == at].mean(0) if (groups == at).any() else centres[at] for at in range(count)
            ])  # fmt: skip
        loss = float(cdist(rows, centres, "sqeuclidean").min(1).sum())
        if loss < best[0] - 1e-12:
            best = loss, groups
    return best[1]
