"""What if: areas of a film, and what they are filled with."""

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
    """One area of a film, in image pixels; a point is (x, y): columns from the left, rows from the top.

    Two opposite corners make a "rectangle", or the "ellipse" that fills it; the points of a "polygon" and of a "freehand" line
    are joined in their order, and the last with the first. A "brush" of ``radius`` pixels went along its points. "hot" is where
    the map ``explanation`` (an id) is at least ``threshold`` times the value at the upper end of its colours.
    """

    kind: AreaKind
    points: tuple[Point, ...] = ()
    radius: float = 0.0
    explanation: str = ""
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Edit:
    """What if: the areas together, or with ``outside`` all of the film but them, filled in one way."""

    areas: tuple[Area, ...]
    fill: Fill
    outside: bool = False

    def plain(self) -> dict[str, Any]:
        """The edit as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Edit":
        """The edit that `plain` wrote."""
        areas = tuple(Area(**{**area, "points": tuple((x, y) for x, y in area["points"])}) for area in plain["areas"])
        return cls(areas, plain["fill"], plain["outside"])
