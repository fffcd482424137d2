"""How alike two maps are: rank correlation between methods, between findings, and between a network and its randomised twin.

Maps of several methods have several resolutions. `gathered` brings them onto the coarsest one's cells by area, because finer
cells would compare one map's guesses between its own pixels; `compared` then tells how far the methods agree on one finding of
one film, or of one stack, whose slices are compared together. static/js/agreement.js does the same arithmetic, and both are
held to the cases in tests/evaluation/shared. Definitions: `docs/reference/metrics.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Extent, frozen
from app.evaluation.ranks import ranked

SHARE = 0.1
"""The top area: the tenth of the cells that a map puts highest."""
SAME = 0.9999
"""Maps with a rank correlation from here on are one map, and count once."""
DISAGREE = 0.75
"""Methods are said to disagree from this disagreement on: a mean rank correlation of a quarter or less."""
UNLIKELY = 0.5
"""A finding is unlikely below this share of the probability that it is called from; then it does not count in lists that
methods disagree on it, because maps scatter where there is little to explain."""


def weight(probability: float, point: float) -> float:
    """How much a disagreement on a finding weighs: the finding's probability, 0 where it is unlikely. ``point``: from which
    probability on it is called."""
    return probability if probability >= UNLIKELY * point else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Positive evidence of several methods on one grid: float32 (methods, cells), the cells slice by slice, row by row.

    The grid is that of the coarsest map, ``shape`` (rows, columns) over ``extent``, the same for every one of ``slices``.
    ``on_film`` says which of its cells have their centre on the film; ``cells`` holds those only.
    """

    methods: tuple[str, ...]
    cells: NDArray[np.float32]
    shape: tuple[int, int]
    extent: Extent
    on_film: NDArray[np.bool_]
    slices: int = 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far methods agree: means over all pairs. ``rank`` is Spearman's correlation, ``overlap`` the IoU of the top areas.

    Both are None below two methods that differ and have positive evidence on the film; ``methods`` are those that count.
    """

    methods: tuple[str, ...]
    rank: float | None
    overlap: float | None

    @property
    def disagreement(self) -> float | None:
        """1 − the mean rank correlation, in [0, 1]: 0 all maps rank the film's places alike, 1 they have nothing in common."""
        return None if self.rank is None else min(1.0, max(0.0, 1.0 - self.rank))


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """One map for `gathered`: float (slices, height, width), or (height, width) of a film; every slice's values lie over
    ``extent`` in image pixels."""

    values: NDArray[np.floating]
    extent: Extent

    @property
    def stack(self) -> NDArray[np.floating]:
        """The values slice by slice, (slices, height, width)."""
        return self.values.reshape(-1, *self.values.shape[-2:])


def gathered(maps: Mapping[str, Heat], image: tuple[int, int]) -> Gathered | None:
    """Every map's positive part on the cells of the coarsest map: the mean over each cell's area as it is drawn, 0 where a map
    does not reach.

    ``image`` is the (rows, columns) of the film, or of every slice; all maps have as many slices. Of several equally coarse
    maps the first gives the grid. Maps without positive evidence on the film, or with the same everywhere in the whole stack,
    have no order and are left out; None when none is left. ValueError for maps of different numbers of slices.
    """
    if not maps:
        return None
    coarsest = min(maps.values(), key=lambda heat: heat.values.size)
    (slices, *shape), extent = coarsest.stack.shape, coarsest.extent
    if any(len(heat.stack) != slices for heat in maps.values()):
        raise ValueError("maps of one stack have as many slices")
    rows, columns = image
    y, x = extent.edges(shape[0], shape[1])
    middle_y, middle_x = (y[:-1] + y[1:]) / 2, (x[:-1] + x[1:]) / 2
    on_film = np.outer((middle_y >= 0) & (middle_y < rows), (middle_x >= 0) & (middle_x < columns))
    found = {}
    for method, heat in maps.items():
        _, height, width = heat.stack.shape
        own_y, own_x = heat.extent.edges(height, width)
        down, across = _shares(y, own_y), _shares(x, own_x)
        evidence = (np.maximum(values, 0).astype(np.float64) for values in heat.stack)
        # float32 at the end: what the order of additions leaves behind must not part cells that are equal
        cells = np.concatenate([(down @ each @ across.T).astype(np.float32)[on_film] for each in evidence])
        if cells.size and cells.max() > cells.min():
            found[method] = cells
    if not found:
        return None
    return Gathered(
        methods=tuple(found),
        cells=frozen(np.stack(list(found.values()))),
        shape=(shape[0], shape[1]),
        extent=extent,
        on_film=frozen(on_film),
        slices=slices,
    )


def _shares(coarse: NDArray[np.float64], fine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which share of each coarse cell each fine cell covers, (coarse, fine), from their edges; none of a cell without area."""
    low = np.maximum(coarse[:-1, None], fine[None, :-1])
    high = np.minimum(coarse[1:, None], fine[None, 1:])
    return np.asarray(np.maximum(high - low, 0) / np.maximum(np.diff(coarse), 1e-12)[:, None], dtype=np.float64)


def top_area(cells: NDArray[np.floating], share: float = SHARE) -> NDArray[np.bool_]:
    """The highest ``share`` of the cells, at least one, as far as they are above 0; cells equal to the last one come in too."""
    count = max(1, int(share * cells.size + 0.5))
    last = np.sort(cells)[cells.size - count]
    return np.asarray((cells >= last) & (cells > 0))


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union of two areas; NaN when both are empty."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else float("nan")


def ranks(cells: NDArray[np.floating]) -> NDArray[np.float64]:
    """Spearman's correlation of every pair of methods, (methods, methods); `cells` as in `Gathered`."""
    return _pairs(tuple(cells), spearman)


def overlaps(cells: NDArray[np.floating], share: float = SHARE) -> NDArray[np.float64]:
    """The IoU of the top areas of every pair of methods, (methods, methods); `cells` as in `Gathered`."""
    return _pairs([top_area(one, share) for one in cells], iou)


def counts(cells: NDArray[np.floating], share: float = SHARE) -> NDArray[np.int64]:
    """How many methods have each cell in their top area, (cells,)."""
    return np.asarray(sum(top_area(one, share).astype(np.int64) for one in cells))


def _pairs(of: Sequence[NDArray[Any]], measure: Callable[[Any, Any], float]) -> NDArray[np.float64]:
    table = np.eye(len(of))
    for i in range(len(of)):
        for j in range(i):
            table[i, j] = table[j, i] = measure(of[i], of[j])
    return table


def distinct(table: NDArray[np.float64]) -> list[int]:
    """Which methods count, from `ranks`: of methods that rank all cells alike the first, so that none has two votes.

    A network that ends in pooling and one linear layer has a Grad-CAM that is its CAM, by their definitions.
    """
    kept: list[int] = []
    for place in range(len(table)):
        if all(table[place, other] < SAME for other in kept):
            kept.append(place)
    return kept


def compared(maps: Mapping[str, Heat], image: tuple[int, int]) -> Agreement:
    """How far these methods agree on one finding of a film, or of a stack whose slices each have (rows, columns). Cells of all
    slices are ranked together, and the top area is that of the whole stack."""
    found = gathered(maps, image)
    if found is None:
        return Agreement((), None, None)
    table = ranks(found.cells)
    kept = distinct(table)
    methods = tuple(found.methods[place] for place in kept)
    if len(kept) < 2:
        return Agreement(methods, None, None)
    pairs = np.triu_indices(len(kept), 1)
    return Agreement(methods, float(table[np.ix_(kept, kept)][pairs].mean()), float(overlaps(found.cells[kept])[pairs].mean()))


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two maps of one shape, ties averaged; NaN when one of them is constant."""
    x, y = (ranked(value.ravel()) for value in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


def between(maps: NDArray[np.float32]) -> float:
    """Mean rank correlation over all pairs of maps (n, height, width), e.g. of one method for n findings of one film.

    Near 1 the method draws the same map whatever it is asked: it explains the film, not the finding. NaN below two maps.
    """
    order = np.stack([ranked(value.ravel()) for value in maps])
    order -= order.mean(1, keepdims=True)
    norms = np.linalg.norm(order, axis=1)
    order = order[norms > 0] / norms[norms > 0, None]
    if len(order) < 2:
        return float("nan")
    table = order @ order.T
    return float(table[np.triu_indices(len(order), 1)].mean())


def relative_change(before: NDArray[np.floating], after: NDArray[np.floating]) -> float:
    """‖after − before‖ ÷ ‖before‖, whose maximum over small noise is max-sensitivity (Yeh 2019); inf from a zero map."""
    norm = float(np.linalg.norm(before))
    change = float(np.linalg.norm(after - before))
    if norm == 0:
        return float("inf") if change > 0 else 0.0
    return change / norm
