"""Cases that hold Python and the browser to one arithmetic: agreement and localisation, on films and on stacks.

``python -m tests.evaluation.shared_cases`` writes ``shared/*.json``, one case a line. The inputs are drawn (`drawn_cases`);
what is expected is worked out here, the long way round and with none of the product's code: cell by cell, pixel by pixel, with
scipy for ranks. `test_shared_cases` holds ``app/evaluation`` to the files, and the tests of the scripts read the same files.

Values are raw and go slice by slice, row by row; an extent is left, top, right, bottom in image pixels; a region is a list of
shapes under the place of its slice. What is not defined is null, an infinite ratio "infinite".
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

FOLDER = Path(__file__).with_name("shared")
SHARES = (0.1, 0.25)
"""The top areas that are expected of every agreement case."""
SAME = 0.9999

Values = NDArray[np.float64]
Extent = tuple[float, float, float, float]
Shape = tuple[str, list[list[float]]]


@dataclass(frozen=True)
class Map:
    """A map as a case has it: ``values`` (slices, height, width)."""

    values: Values
    extent: Extent
    reach: Extent | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        slices, height, width = self.values.shape
        return {
            "slices": slices,
            "height": height,
            "width": width,
            "extent": list(self.extent),
            **({} if self.reach is None else {"reach": list(self.reach)}),
            "values": [_short(value) for value in self.values.ravel().tolist()],
        }

    def edges(self, place: tuple[int, int]) -> Extent:
        """Where a cell (row, column) lies by the extent."""
        left, top, right, bottom = self.extent
        _, height, width = self.values.shape
        down, across = (bottom - top) / height, (right - left) / width
        return (
            left + place[1] * across, top + place[0] * down, left + (place[1] + 1) * across, top + (place[0] + 1) * down,
        )  # fmt: skip

    def drawn(self, place: tuple[int, int]) -> Extent:
        """Where a cell (row, column) is drawn: no further than the reach, and those at the border up to it."""
        if self.reach is None:
            return self.edges(place)
        _, height, width = self.values.shape
        bounds, found = self.reach, list(self.edges(place))
        for side, (at, last) in enumerate([(place[1], 0), (place[0], 0), (place[1], width - 1), (place[0], height - 1)]):
            low, high = bounds[side % 2], bounds[side % 2 + 2]
            found[side] = bounds[side] if at == last else min(max(found[side], low), high)
        return found[0], found[1], found[2], found[3]


@dataclass(frozen=True)
class Comparison:
    """An agreement case: maps by method, over images of (rows, columns)."""

    name: str
    image: tuple[int, int]
    maps: Mapping[str, Map]

    def plain(self) -> dict[str, Any]:
        """As JSON has it, with what is expected."""
        maps = [{"method": method, **one.plain()} for method, one in self.maps.items()]
        rows, columns = self.image
        return {"name": self.name, "image": {"rows": rows, "columns": columns}, "maps": maps, "expected": self.expected()}

    def expected(self) -> dict[str, Any] | None:
        """The tables and figures of the maps that have an order; None where none has."""
        least = min(self.maps.values(), key=lambda one: one.values.size)
        _, height, width = least.values.shape
        kept = [place for place in np.ndindex(height, width) if self._inside(least.drawn(place))]
        cells = {method: _gathered(one, least, kept) for method, one in self.maps.items()}
        cells = {method: one for method, one in cells.items() if len(set(one)) > 1}
        if not cells:
            return None
        methods, table = list(cells), np.array([list(one) for one in cells.values()])
        ranks = np.array([[1.0 if a is b else float(spearmanr(a, b).statistic) for a in table] for b in table])
        counting: list[int] = []
        for at in range(len(methods)):
            if all(ranks[at, other] < SAME for other in counting):
                counting.append(at)
        areas = {share: [_top(one, share) for one in table] for share in SHARES}
        pairs = [(a, b) for a in counting for b in counting if a < b]
        rank = float(np.mean([ranks[pair] for pair in pairs])) if pairs else None
        overlaps = {share: [[_iou(a, b) for a in own] for b in own] for share, own in areas.items()}
        return {
            "methods": methods,
            "shape": [height, width],
            "places": [row * width + column for row, column in kept],
            "cells": [[_short(value) for value in one] for one in table.tolist()],
            "ranks": ranks.tolist(),
            "counting": [methods[at] for at in counting],
            "rank": rank,
            "disagreement": None if rank is None else min(1.0, max(0.0, 1 - rank)),
            "areas": [
                {
                    "share": share,
                    "cells": [sorted(one) for one in areas[share]],
                    "overlaps": overlaps[share],
                    "overlap": float(np.mean([overlaps[share][a][b] for a, b in pairs])) if pairs else None,
                }
                for share in SHARES
            ],
        }

    def _inside(self, edges: Extent) -> bool:
        left, top, right, bottom = edges
        rows, columns = self.image
        return 0 <= (left + right) / 2 < columns and 0 <= (top + bottom) / 2 < rows


def _gathered(one: Map, coarse: Map, kept: Iterable[tuple[int, ...]]) -> list[float]:
    """The mean positive value over each of the coarse cells that are kept, slice by slice, float32."""
    found = []
    _, height, width = one.values.shape
    shares = []
    for place in kept:
        left, top, right, bottom = coarse.drawn((place[0], place[1]))
        down = [_shared((top, bottom), one.drawn((row, 0))[1::2]) / (bottom - top) for row in range(height)]
        across = [_shared((left, right), one.drawn((0, column))[::2]) / (right - left) for column in range(width)]
        shares.append([(r, c, d * a) for r, d in enumerate(down) if d for c, a in enumerate(across) if a])
    for values in one.values:
        found += [float(np.float32(math.fsum(share * max(float(values[r, c]), 0) for r, c, share in own))) for own in shares]
    return found


def _shared(one: Sequence[float], other: Sequence[float]) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _top(cells: Values, share: float) -> set[int]:
    count = max(1, math.floor(share * len(cells) + 0.5))
    last = sorted(cells.tolist(), reverse=True)[count - 1]
    return {at for at, value in enumerate(cells.tolist()) if value >= last and value > 0}


def _iou(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)


@dataclass(frozen=True)
class Localised:
    """A localisation case: a map against true regions, over images of (rows, columns)."""

    name: str
    image: tuple[int, int]
    map: Map
    regions: Mapping[int, Sequence[Shape]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it, with what is expected."""
        rows, columns = self.image
        regions = {
            str(place): [{"kind": kind, "points": points} for kind, points in shapes] for place, shapes in self.regions.items()
        }
        about = {"name": self.name, "image": {"rows": rows, "columns": columns}, "map": self.map.plain(), "regions": regions}
        return {**about, "expected": self.expected()}

    def expected(self) -> dict[str, float | str | None]:
        """Pointing, IoU, outside–inside ratio and mass."""
        heat, covered = self._film() if len(self.map.values) == 1 else self._stack()
        if not covered.any():
            return dict.fromkeys(("pointing", "iou", "outside_inside", "mass"))
        evidence = np.maximum(heat, 0)
        found = heat >= otsu(heat)
        total, inside = math.fsum(evidence.ravel().tolist()), math.fsum(evidence[covered].tolist())
        ratio: float | str | None = None
        if not covered.all() and total > 0:
            within, beyond = inside / covered.sum(), (total - inside) / (~covered).sum()
            ratio = beyond / within if within > 0 else "infinite"
        return {
            "pointing": self._pointing(),
            "iou": float((found & covered).sum() / (found | covered).sum()),
            "outside_inside": ratio,
            "mass": inside / total if total > 0 else 0.0,
        }

    def _film(self) -> tuple[Values, NDArray[np.bool_]]:
        """The map and the region on the film's grid: its own pixels, or the longer side is 512."""
        rows, columns = self.image
        scale = min(1.0, 512 / max(rows, columns))
        shape = tuple(max(1, math.floor(length * scale + 0.5)) for length in (rows, columns))
        at = [[((c + 0.5) * columns / shape[1], (r + 0.5) * rows / shape[0]) for c in range(shape[1])] for r in range(shape[0])]
        heat = [[self._between(x, y) for x, y in line] for line in at]
        covered = [[self._holds(0, x, y) for x, y in line] for line in at]
        return np.asarray(heat), np.asarray(covered)

    def _stack(self) -> tuple[Values, NDArray[np.bool_]]:
        """The map and the regions on the map's own cells."""
        covered = np.zeros(self.map.values.shape, bool)
        for place, row, column in np.ndindex(covered.shape):
            covered[place, row, column] = self._holds(place, *self._centre(row, column))
        return self.map.values, covered

    def _centre(self, row: float, column: float) -> tuple[float, float]:
        left, top, right, bottom = self.map.extent
        _, height, width = self.map.values.shape
        return left + (column + 0.5) * (right - left) / width, top + (row + 0.5) * (bottom - top) / height

    def _pointing(self) -> float:
        values = self.map.values
        highest = {tuple(at) for at in np.argwhere(values == values.max()).tolist()}
        together = {min(highest)}
        for _ in highest:  # as often as the longest way through them has steps
            together |= {at for at in highest if any(sum(map(abs, np.subtract(at, other))) == 1 for other in together)}
        if values.max() <= 0 or together != highest or 1 < values.size == len(highest):
            return 0.0
        place, row, column = (sum(axis) / len(highest) for axis in zip(*highest, strict=True))
        return float(self._holds(math.floor(place + 0.5), *self._centre(row, column)))

    def _holds(self, place: int, x: float, y: float) -> bool:
        return any(holds(kind, points, x, y) for kind, points in self.regions.get(place, ()))

    def _between(self, x: float, y: float) -> float:
        """The film's one map at a point, bilinear between the centres of cells; 0 where it is not drawn."""
        left, top, right, bottom = self.map.extent
        (values,) = self.map.values
        height, width = values.shape
        first, upper_edge, last, lower_edge = self.map.reach or self.map.extent
        if not (first <= x <= last and upper_edge <= y <= lower_edge):
            return 0.0
        row = min(max((y - top) * height / (bottom - top) - 0.5, 0), height - 1)
        column = min(max((x - left) * width / (right - left) - 0.5, 0), width - 1)
        r, c = min(int(row), max(height - 2, 0)), min(int(column), max(width - 2, 0))
        v, u = row - r, column - c
        below, beside = min(r + 1, height - 1), min(c + 1, width - 1)
        upper = values[r, c] * (1 - u) + values[r, beside] * u
        lower = values[below, c] * (1 - u) + values[below, beside] * u
        return float(upper * (1 - v) + lower * v)


def holds(kind: str, points: Sequence[Sequence[float]], x: float, y: float) -> bool:
    """Whether a point lies in a shape: by the foci of an ellipse, by the angle that an outline turns around the point."""
    xs, ys = [one[0] for one in points], [one[1] for one in points]
    if kind == "rectangle":
        return min(xs) <= x < max(xs) and min(ys) <= y < max(ys)
    if kind == "ellipse":
        a, b = (max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2
        far = math.sqrt(abs(a * a - b * b))
        dx, dy = (far, 0.0) if a >= b else (0.0, far)
        cx, cy = min(xs) + a, min(ys) + b
        return math.dist((x, y), (cx + dx, cy + dy)) + math.dist((x, y), (cx - dx, cy - dy)) <= 2 * max(a, b)
    turned = 0.0
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        angle = math.atan2(by - y, bx - x) - math.atan2(ay - y, ax - x)
        turned += (angle + math.pi) % (2 * math.pi) - math.pi
    return round(turned / (2 * math.pi)) != 0


def otsu(heat: Values) -> float:
    """The edge of 256 bins from 0 to the maximum that parts the positive part into the two classes that lie farthest apart."""
    evidence = np.maximum(heat, 0).ravel()
    top = float(evidence.max())
    if top <= 0:
        return math.inf
    place = np.minimum(np.floor(evidence / top * 256).astype(int), 255)
    middles = (np.arange(256) + 0.5) * top / 256
    best, at = -1.0, top / 2
    for edge in range(1, 256):
        below, above = place < edge, place >= edge
        if below.any() and above.any():
            apart = middles[place[below]].mean() - middles[place[above]].mean()
            variance = float(below.sum()) * float(above.sum()) * apart**2
            if variance > best * (1 + 1e-12):
                best, at = variance, edge * top / 256
    return at


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else value


def written(cases: Iterable[Comparison | Localised]) -> str:
    """A file of cases: one a line, so that a change shows where it is."""
    lines = ",\n".join(json.dumps(case.plain(), separators=(",", ":")) for case in cases)
    return f"[\n{lines}\n]\n"


def main() -> None:
    """Write the files."""
    from tests.evaluation import drawn_cases

    for name, cases in (("agreement", drawn_cases.comparisons()), ("localisation", drawn_cases.localised())):
        (FOLDER / f"{name}.json").write_text(written(cases), encoding="utf-8")


if __name__ == "__main__":
    main()
