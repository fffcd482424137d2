"""Rulers: what readers measure on an image."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AnnotationKind = Literal["length", "angle", "rectangle", "ellipse"]
ANNOTATIONS: tuple[AnnotationKind, ...] = ("length", "angle", "rectangle", "ellipse")


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one reader measures on one image: ``points`` are (x, y) in image pixels, pixel (r, c) covering [c, c+1) × [r, r+1).

    A length has two ends; an angle an end, its vertex and the other end; a rectangle and an ellipse two opposite corners.
    """

    sop_instance_uid: str
    frame: int
    kind: AnnotationKind
    points: tuple[tuple[float, float], ...]
    reader: str
    created_at: datetime
