"""Readers' verdicts on layers, the true regions they draw, and how a layer lies to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.domain.extent import Extent

Verdict = Literal["right", "partly", "wrong", "artefact", "uninformative"]
VERDICTS: tuple[Verdict, ...] = ("right", "partly", "wrong", "artefact", "uninformative")
REASONS = ("support device", "text marker", "outside the body", "other anatomy", "image border", "noise", "other")
"""Why a map on a film is called wrong; the empty string stands for "not said"."""
EXAM_REASONS = (
    "joint fluid",
    "motion artefact",
    "metal artefact",
    "outside the joint",
    "other anatomy",
    "image border",
    "other",
)
"""The same on an exam of stacks, whose maps go wrong in ways of their own."""
EVERY_REASON = tuple(dict.fromkeys((*REASONS, *EXAM_REASONS)))

ShapeKind = Literal["rectangle", "ellipse", "polygon", "freehand"]
SHAPES: tuple[ShapeKind, ...] = ("rectangle", "ellipse", "polygon", "freehand")


@dataclass(frozen=True, slots=True)
class Shape:
    """One drawn shape in image pixels; a point is (x, y): columns from the left, rows from the top.

    Two opposite corners make a "rectangle", or the "ellipse" that fills it; the points of a "polygon" and of a "freehand" line
    are joined in their order, and the last with the first.
    """

    kind: ShapeKind
    points: tuple[tuple[float, float], ...]

    def bounds(self) -> Extent:
        """The smallest rectangle around the shape."""
        across, down = zip(*self.points, strict=True)
        return Extent(min(across), min(down), max(across), max(down))


@dataclass(frozen=True, slots=True)
class Region:
    """The true region as a reader drew it: everything that lies in one or more of its shapes."""

    shapes: tuple[Shape, ...]

    @classmethod
    def rectangle(cls, left: float, top: float, right: float, bottom: float) -> "Region":
        """A region of one rectangle."""
        return cls((Shape("rectangle", ((left, top), (right, bottom))),))

    def bounds(self) -> Extent:
        """The smallest rectangle around all shapes."""
        each = [shape.bounds() for shape in self.shapes]
        return Extent(
            min(edge.left for edge in each),
            min(edge.top for edge in each),
            max(edge.right for edge in each),
            max(edge.bottom for edge in each),
        )


@dataclass(frozen=True, slots=True)
class Localisation:
    """How one layer lies to a drawn region, by `app.evaluation.truth`; None where a figure is not defined.

    ``pointing`` is 1 or 0; ``iou`` and ``mass`` lie in [0, 1]; ``outside_inside`` is infinite when nothing positive lies
    inside.
    """

    pointing: float | None
    iou: float | None
    outside_inside: float | None
    mass: float | None


@dataclass(frozen=True, slots=True)
class Review:
    """One reader's verdict on one layer: for a film and for a stack alike.

    ``regions`` is the true region, slice by slice, under the places of the slices in the stack, from 0; empty without one.
    ``shown`` is the place of the slice that stands for the stack: one of the region, or the one at which the stack opens; 0 on
    a film. ``localisations`` has every layer of the finding that was there when the region was stored, by the name of its
    method, each over the whole stack.
    """

    verdict: Verdict
    reason: str
    comment: str
    regions: Mapping[int, Region] = field(hash=False)
    reader: str
    created_at: datetime
    shown: int = 0
    localisations: Mapping[str, Localisation] = field(default_factory=dict, hash=False)
