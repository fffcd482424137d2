"""What if: areas of a film or of the slices of a stack, and what they are filled with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

AreaKind = Literal["rectangle", "ellipse", "polygon", "freehand", "brush", "hot"]
AREAS: tuple[AreaKind, ...] = ("rectangle", "ellipse", "polygon", "freehand", "brush", "hot")
Fill = Literal["blur", "mean", "inpaint"]
FILLS: tuple[Fill, ...] = ("blur", "mean", "inpaint")
"""How a what-if fills an area: the film blurred, the mean of what lies around, or what diffuses in from its rim."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """One area of a film or of a stack's slices, in image pixels; a point is (x, y): columns from the left, rows from the top.

    Two opposite corners make a "rectangle", or the "ellipse" that fills it; the points of a "polygon" and of a "freehand" line
    are joined in their order, and the last with the first. A "brush" of ``radius`` pixels went along its points. "hot" is where
    the map ``explanation`` (an id) is at least ``threshold`` times the value at the upper end of its colours. ``slices`` are
    the places in the stack that it covers, from 0, in order; empty: every one of them, on a film the film.
    """

    kind: AreaKind
    points: tuple[Point, ...] = ()
    radius: float = 0.0
    explanation: str = ""
    threshold: float = 0.0
    slices: tuple[int, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The area as JSON has it; where it covers every slice it names none."""
        told = asdict(self)
        return told if self.slices else {name: value for name, value in told.items() if name != "slices"}


@dataclass(frozen=True, slots=True)
class Edit:
    """What if: the areas together, or with ``outside`` all of the film or of every slice but them, filled in one way."""

    areas: tuple[Area, ...]
    fill: Fill
    outside: bool = False

    def plain(self) -> dict[str, Any]:
        """The edit as JSON has it."""
        return {"areas": [area.plain() for area in self.areas], "fill": self.fill, "outside": self.outside}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Edit":
        """The edit that `plain` wrote."""
        return cls(tuple(_area(area) for area in plain["areas"]), plain["fill"], plain["outside"])


def _area(plain: Mapping[str, Any]) -> Area:
    points, slices = tuple((x, y) for x, y in plain["points"]), tuple(plain.get("slices", ()))
    return Area(**{**plain, "points": points, "slices": slices})
