"""Where something lies on an image: rectangles in its pixels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in image pixels: columns ``left`` to ``right``, rows ``top`` to ``bottom``.

    Pixel (r, c) covers [c, c+1) × [r, r+1).
    """

    left: float
    top: float
    right: float
    bottom: float
