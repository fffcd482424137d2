"""From which side slices are gone through: as they are stored, or as a reader wants them."""

from collections.abc import Sequence

import pytest

from app.domain import Image, Plane
from app.stacks import Side, begins, turned
from app.stacks.slices import Axes
from tests.store.films import image

SAGITTAL: Axes = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
"""Rows to the back, columns to the feet: their normal points to the right."""
MIRRORED: Axes = (0.0, -1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL: Axes = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
AXIAL: Axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
TILTED: Axes = (1.0, 0.0, 0.0, 0.0, 0.9397, 0.342)
"""Axial, its front end 20 degrees down."""


def slices(axes: Axes | None, step: Sequence[float] | None = (0.0, 0.0, 0.0), count: int = 3) -> list[Image]:
    """Slices of one orientation, one ``step`` further each."""
    return [
        image(f"1.{n}", axes=axes, position=None if step is None else tuple(n * part for part in step), shape=(2, 2))
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("axes", "plane", "first"),
    [
        (SAGITTAL, "sagittal", "left"),
        (MIRRORED, "sagittal", "right"),
        (CORONAL, "coronal", "front"),
        (AXIAL, "axial", "feet"),
        (TILTED, "axial", "feet"),
    ],
)
def test_the_side_where_the_first_stored_slice_lies(axes: Axes, plane: Plane, first: Side) -> None:
    assert begins(slices(axes), plane, 4.0) == first


def test_slices_are_turned_only_to_the_side_that_is_wanted_of_their_plane() -> None:
    stored = slices(SAGITTAL)
    assert turned(stored, "sagittal", 4.0, {"sagittal": "right"}) == tuple(reversed(stored))
    assert turned(stored, "sagittal", 4.0, {"sagittal": "left"}) == tuple(stored)
    assert turned(stored, "sagittal", 4.0, {"axial": "head"}) == tuple(stored)
    assert begins(turned(stored, "sagittal", 4.0, {"sagittal": "right"}), "sagittal", 4.0, along=False) == "right"


@pytest.mark.parametrize(
    ("stored", "plane", "between"),
    [
        (slices(SAGITTAL), "sagittal", 0.0),  # all in one place: their order is that of time
        (slices(SAGITTAL), "sagittal", None),
        (slices(SAGITTAL, count=1), "sagittal", 4.0),
        (slices(SAGITTAL, step=None), "sagittal", 4.0),  # by Slice Location, whose sign means nothing
        (slices(None), "sagittal", 4.0),
        (slices(CORONAL), "sagittal", 4.0),  # a reader calls them so; they do not run from side to side
        (slices(AXIAL), "oblique", 4.0),
        (slices(AXIAL), "", 4.0),
    ],
)
def test_what_does_not_run_through_the_body_stays_as_it_is_stored(
    stored: list[Image], plane: Plane, between: float | None
) -> None:
    assert begins(stored, plane, between) is None
    assert turned(stored, plane, between, {"sagittal": "right"}) == tuple(stored)
