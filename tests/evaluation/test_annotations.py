"""Lengths, angles and grey values against what can be said by hand, and against masks made another way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import AnnotationKind, Image, frozen
from app.evaluation.annotations import inside, measured

SHAPE = (40, 30)
STORED = np.random.default_rng(5).integers(-2000, 3000, SHAPE).astype(np.int16)


def film(**fields: object) -> Image:
    """A film of random signed values, 2 mm between rows and 0.5 mm between columns."""
    told = {"pixel_spacing": (2.0, 0.5), "spacing_kind": "calibrated", "slope": 0.5, "intercept": -100.0} | fields
    return Image(sop_instance_uid="1", frame=1, stored=frozen(STORED), **told)  # type: ignore[arg-type]


def test_a_length_follows_the_spacing_of_each_direction() -> None:
    assert measured("length", ((0, 0), (6, 0)), film()).length == pytest.approx(3.0)
    assert measured("length", ((0, 0), (0, 2)), film()).length == pytest.approx(4.0)
    both = measured("length", ((2, 1), (8, 3)), film())
    assert both.length == pytest.approx(5.0)
    assert both.unit == "mm"
    bare = measured("length", ((0, 0), (3, 4)), film(pixel_spacing=None, spacing_kind="unknown"))
    assert bare.length == pytest.approx(5.0)
    assert bare.unit == "px"


@pytest.mark.parametrize(
    ("points", "degrees"),
    [
        (((4, 0), (0, 0), (0, 1)), 90),
        (((4, 0), (0, 0), (8, 0)), 0),
        (((4, 0), (0, 0), (-4, 0)), 180),
        (((4, 0), (0, 0), (4, 1)), 45),
    ],
)
def test_an_angle_is_that_of_the_body_not_of_the_pixels(points: tuple[tuple[float, float], ...], degrees: float) -> None:
    assert measured("angle", points, film()).angle == pytest.approx(degrees)


def test_grey_values_are_the_units_of_the_film() -> None:
    found = measured("rectangle", ((2, 3), (6, 5)), film())
    values = STORED[3:5, 2:6] * 0.5 - 100.0
    assert found.pixels == 8
    assert found.area == pytest.approx(4 * 0.5 * 2 * 2)
    told = (found.mean, found.sd, found.least, found.most)
    assert told == pytest.approx((values.mean(), values.std(), values.min(), values.max()))
    falling = measured("rectangle", ((2, 3), (6, 5)), film(slope=-0.5))
    assert (falling.least, falling.most) == pytest.approx(
        (-STORED[3:5, 2:6].max() / 2 - 100, -STORED[3:5, 2:6].min() / 2 - 100)
    )


def test_an_ellipse_has_its_area_and_its_pixels() -> None:
    found = measured("ellipse", ((0, 0), (30, 40)), film(pixel_spacing=None))
    assert found.area == pytest.approx(math.pi * 15 * 20)
    assert found.pixels == pytest.approx(math.pi * 15 * 20, rel=0.02)


def test_where_no_pixel_lies_inside_there_are_no_values() -> None:
    found = measured("rectangle", ((2.6, 3.6), (3.4, 4.4)), film())
    assert (found.pixels, found.mean, found.least) == (0, None, None)
    assert found.area == pytest.approx(0.8 * 0.5 * 0.8 * 2)


COLUMN, ROW = st.floats(0, SHAPE[1]), st.floats(0, SHAPE[0])


@given(st.sampled_from(["rectangle", "ellipse"]), COLUMN, ROW, COLUMN, ROW)
def test_any_corners_give_the_pixels_whose_centre_lies_inside(
    kind: AnnotationKind, xa: float, ya: float, xb: float, yb: float
) -> None:
    if abs(xa - xb) < 1e-3 or abs(ya - yb) < 1e-3:
        return
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] + 0.5
    left, right, top, bottom = min(xa, xb), max(xa, xb), min(ya, yb), max(ya, yb)
    mask = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    if kind == "ellipse":
        dx, dy = (x - (left + right) / 2) / ((right - left) / 2), (y - (top + bottom) / 2) / ((bottom - top) / 2)
        mask &= dx * dx + dy * dy <= 1
    assert sorted(inside(kind, ((xa, ya), (xb, yb)), STORED)) == sorted(STORED[mask].astype(float))
