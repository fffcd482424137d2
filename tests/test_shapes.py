"""Which cells shapes cover: against the definition, and alike for drawn regions and edited areas."""

import numpy as np
import pytest

from app import shapes
from app.domain import Area, Edit, Region, Shape, ShapeKind
from app.edits import area
from app.evaluation import truth

SIZE = (37, 53)
STAR = ((5.3, 4.1), (47.2, 30.5), (8.8, 33.3), (40.1, 2.7), (26.5, 36.2))


def test_a_line_that_crosses_itself_encloses_what_it_runs_around() -> None:
    square = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))
    assert shapes.outline(square * 2, SIZE, SIZE).sum() == 400
    assert (shapes.outline(square, SIZE, SIZE) == shapes.outline(square[::-1], SIZE, SIZE)).all()


def test_a_coarser_grid_looks_at_its_own_centres() -> None:
    corners = shapes.corners((8.0, 4.0, 40.0, 24.0))
    found = shapes.outline(corners, (40, 80), (10, 20))
    assert [int(place.min()) for place in found.nonzero()] == [1, 2]
    assert [int(place.max()) for place in found.nonzero()] == [5, 9]


def test_a_box_without_size_covers_nothing() -> None:
    assert not shapes.ellipse((5.0, 5.0, 5.0, 9.0), SIZE, SIZE).any()
    assert not shapes.outline(shapes.corners((5.0, 5.0, 5.0, 9.0)), SIZE, SIZE).any()


@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "polygon", "freehand"])
def test_a_region_and_an_area_of_one_shape_cover_the_same_pixels(kind: ShapeKind) -> None:
    points = STAR if kind in ("polygon", "freehand") else STAR[:2]
    drawn = truth.mask(Region((Shape(kind, points),)), SIZE, SIZE)
    np.testing.assert_array_equal(drawn, area.mask(Edit((Area(kind, points),), "mean"), SIZE, {})[0])
    assert drawn.any()
