"""Which pixels an edit covers, of a film and of a stack's slices, against the definition: pixel by pixel, by its centre."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import Area, Edit, Extent, Layer, Producer, Scale, frozen
from app.edits.area import checked, hot, mask, upper
from app.errors import InputError, NotFound
from app.grey import resample
from app.render.colours import ends

SHAPE = (40, 56)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5


def covered(*areas: Area, outside: bool = False) -> NDArray[np.bool_]:
    (one,) = checked(mask(Edit(areas, "mean", outside), SHAPE, {}))
    return np.asarray(one)


def of_stack(*areas: Area, slices: int = 4, outside: bool = False) -> NDArray[np.bool_]:
    return checked(mask(Edit(areas, "mean", outside), SHAPE, {"m": layer(True, slices)}, range(slices)))


def layer(signed: bool, slices: int = 1) -> Layer:
    values = np.random.default_rng(3).normal(size=(slices, 5, 7)).astype(np.float32)
    scale: Scale = "signed" if signed else "positive"
    return Layer(
        "1", "relevance", scale, Producer("method", "cam"), "net", "ab" * 32, "Mass", values, Extent(-4, 0, 60, 40)
    )  # fmt: skip


def test_a_rectangle_covers_the_centres_between_its_corners() -> None:
    found = covered(Area("rectangle", ((30.2, 9.7), (12.5, 20.5))))
    np.testing.assert_array_equal(found, (X >= 12.5) & (X < 30.2) & (Y >= 9.7) & (Y < 20.5))


def test_an_ellipse_fills_its_box() -> None:
    found = covered(Area("ellipse", ((10, 8), (42, 30))))
    np.testing.assert_array_equal(found, ((X - 26) / 16) ** 2 + ((Y - 19) / 11) ** 2 <= 1)


def test_a_polygon_holds_what_lies_to_one_side_of_all_its_edges() -> None:
    a, b, c = np.array([8.2, 33.1]), np.array([25.4, 4.3]), np.array([50.7, 30.9])

    def side(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray((q[0] - p[0]) * (Y - p[1]) - (q[1] - p[1]) * (X - p[0]) > 0)

    expected = side(a, b) & side(b, c) & side(c, a)
    for kind in ("polygon", "freehand"):
        np.testing.assert_array_equal(covered(Area(kind, tuple((float(x), float(y)) for x, y in (a, b, c)))), expected)


def test_a_line_that_crosses_itself_encloses_all_it_runs_around() -> None:
    star = tuple((28 + 18 * np.sin(t), 20 - 18 * np.cos(t)) for t in np.arange(5) * 4 * np.pi / 5)
    assert covered(Area("polygon", star))[20, 28]


def test_a_brush_covers_what_is_near_its_line() -> None:
    points = ((10.0, 10.0), (30.0, 25.0), (31.0, 25.0))
    distance = np.full(SHAPE, np.inf)
    for t in np.linspace(0, 1, 4001):
        for (x0, y0), (x1, y1) in pairwise(points):
            distance = np.minimum(distance, np.hypot(X - x0 - t * (x1 - x0), Y - y0 - t * (y1 - y0)))
    found = covered(Area("brush", points, radius=4.3))
    sure = np.abs(distance - 4.3) > 0.01
    np.testing.assert_array_equal(found[sure], (distance <= 4.3)[sure])
    np.testing.assert_array_equal(covered(Area("brush", ((20.0, 9.0),), radius=3)), np.hypot(X - 20, Y - 9) <= 3)


def test_areas_are_taken_together_and_outside_is_all_but_them() -> None:
    box, dot = Area("rectangle", ((2, 2), (9, 9))), Area("brush", ((30.0, 20.0),), radius=5)
    both = covered(box, dot)
    np.testing.assert_array_equal(both, covered(box) | covered(dot))
    np.testing.assert_array_equal(covered(box, dot, outside=True), ~both)


@pytest.mark.parametrize("signed", [True, False])
def test_a_hot_area_is_what_the_colours_show_above_zero(signed: bool) -> None:
    told = layer(signed)
    sizes = np.abs(told.values) if signed else told.values[told.values > 0]
    expected = resample(told.values[0], told.extent, SHAPE) >= 0.4 * np.percentile(sizes, 99.5)
    assert 20 < expected.sum() < expected.size / 2
    np.testing.assert_array_equal(hot(told, 0.4, SHAPE), expected)
    area = Area("hot", explanation="m", threshold=0.4)
    np.testing.assert_array_equal(mask(Edit((area,), "blur"), SHAPE, {"m": told}), expected[None])
    assert (resample(told.values[0], told.extent, SHAPE)[hot(told, 0.0, SHAPE)] > 0).all()


def test_a_hot_area_of_what_lies_in_0_to_1_is_above_the_threshold_itself() -> None:
    told = replace(layer(False), scale="unit", values=frozen((np.abs(layer(False).values) / 9).astype(np.float32)))
    laid = resample(told.values[0], told.extent, SHAPE)
    expected = (laid > 0) & (laid >= 0.15)
    assert 20 < expected.sum() < expected.size / 2
    np.testing.assert_array_equal(hot(told, 0.15, SHAPE), expected)


def test_what_covers_nothing_or_all_or_names_an_unknown_map_is_refused() -> None:
    with pytest.raises(InputError, match="no pixel"):
        covered(Area("rectangle", ((-9, -9), (-2, -2))))
    with pytest.raises(InputError, match="whole film"):
        covered(Area("rectangle", ((0, 0), (56, 40))))
    with pytest.raises(NotFound, match="map of this hot area"):
        covered(Area("hot", explanation="gone", threshold=0.5))


def test_an_area_lies_on_the_slices_that_it_names_and_without_any_on_every_one() -> None:
    box, dot = Area("rectangle", ((2, 2), (9, 9)), slices=(1, 3)), Area("brush", ((30.0, 20.0),), radius=5)
    found = of_stack(box, dot)
    drawn, everywhere = covered(replace(box, slices=())), covered(dot)
    for place, one in enumerate(found):
        np.testing.assert_array_equal(one, everywhere | drawn if place in box.slices else everywhere)
    np.testing.assert_array_equal(of_stack(box, outside=True), ~of_stack(box))
    (alone,) = mask(Edit((box, dot), "mean"), SHAPE, {}, (3,))
    np.testing.assert_array_equal(alone, found[3])


def test_a_hot_area_of_a_stack_is_above_a_share_of_the_stacks_own_colours() -> None:
    """The upper end is that of the slice where it is largest, as the colours have it: most slices are hardly hot."""
    told = layer(True, 4)
    told = replace(told, values=frozen(told.values * np.array([0.05, 1.0, 0.6, 0.0], np.float32)[:, None, None]))
    high = np.percentile(np.abs(told.values[1]), 99.5)
    assert upper(told) == pytest.approx(high)
    assert ends(told) == pytest.approx((-high, high))
    area = Area("hot", explanation="m", threshold=0.2)
    found = mask(Edit((area,), "blur"), SHAPE, {"m": told}, range(4))
    for values, one in zip(told.values, found, strict=True):
        laid = resample(values, told.extent, SHAPE)
        np.testing.assert_array_equal(one, (laid > 0) & (laid >= 0.2 * np.float32(high)))
    assert [bool(one.any()) for one in found] == [False, True, True, False]
    on = mask(Edit((replace(area, slices=(2, 3)),), "blur"), SHAPE, {"m": told}, range(4))
    assert [bool(one.any()) for one in on] == [False, False, True, False]


def test_of_a_stack_nothing_and_all_are_refused_a_whole_slice_is_not() -> None:
    whole = Area("rectangle", ((0, 0), (56, 40)))
    with pytest.raises(InputError, match="covers no pixel of the stack"):
        of_stack(Area("rectangle", ((-9, -9), (-2, -2)), slices=(0,)))
    with pytest.raises(InputError, match="covers the whole stack"):
        of_stack(whole)
    with pytest.raises(InputError, match="covers no pixel of the stack"):
        of_stack(whole, outside=True)
    assert [bool(one.all()) for one in of_stack(replace(whole, slices=(1, 2)))] == [False, True, True, False]


def test_an_edit_survives_json() -> None:
    areas = (Area("brush", ((1.5, 2.5), (3.0, 4.0)), radius=2.0), Area("hot", explanation="m", threshold=0.3, slices=(2, 5)))
    edit = Edit(areas, "blur", outside=True)
    assert Edit.of(json.loads(json.dumps(edit.plain()))) == edit
    assert "slices" not in edit.plain()["areas"][0], "what is kept of films reads as it did before there were stacks"
