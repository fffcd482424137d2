"""Drawn regions as masks, against winding numbers by angles; and a map against a region, against `localisation` on pixels."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import Extent, Region, Shape, ShapeKind
from app.evaluation import localisation, truth
from app.grey import resample

STAR = ((20.01, 2.02), (31.03, 37.0), (2.04, 15.01), (38.02, 15.53), (8.01, 37.57))
"""A pentagram: it crosses itself, and its middle is run around twice."""


def by_angles(shape: Shape, x: float, y: float) -> bool:
    """Whether a point lies in a shape, by the angle that the outline turns around it; for an ellipse by its foci."""
    edge = shape.bounds()
    if shape.kind == "ellipse":
        a, b = (edge.right - edge.left) / 2, (edge.bottom - edge.top) / 2
        cx, cy = edge.left + a, edge.top + b
        far = math.sqrt(abs(a * a - b * b))
        dx, dy = (far, 0.0) if a >= b else (0.0, far)
        return math.dist((x, y), (cx + dx, cy + dy)) + math.dist((x, y), (cx - dx, cy - dy)) <= 2 * max(a, b)
    points = shape.points
    if shape.kind == "rectangle":
        points = ((edge.left, edge.top), (edge.right, edge.top), (edge.right, edge.bottom), (edge.left, edge.bottom))
    turned = 0.0
    for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
        angle = math.atan2(by - y, bx - x) - math.atan2(ay - y, ax - x)
        turned += (angle + math.pi) % (2 * math.pi) - math.pi
    return round(turned / (2 * math.pi)) != 0


def scribble(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """A freehand line somewhere over and beyond a film of 40 × 30."""
    return tuple((float(x), float(y)) for x, y in rng.uniform((-8, -8), (38, 48), (int(rng.integers(3, 40)), 2)))


@pytest.mark.parametrize("size", [(40, 30), (13, 17), (80, 60)])
@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("rectangle", ((3.3, 29.7), (21.2, 4.1))),
        ("ellipse", ((2.2, 3.1), (27.4, 36.9))),
        ("ellipse", ((-9.0, 10.0), (12.0, 60.0))),
        ("polygon", STAR),
        ("polygon", STAR[::-1]),
        *(("freehand", scribble(np.random.default_rng(seed))) for seed in range(6)),
    ],
)
def test_a_mask_is_what_angles_say_of_every_centre(
    kind: ShapeKind, points: tuple[tuple[float, float], ...], size: tuple[int, int]
) -> None:
    shape = Shape(kind, points)
    expected = np.array(
        [
            [by_angles(shape, (column + 0.5) * 30 / size[1], (row + 0.5) * 40 / size[0]) for column in range(size[1])]
            for row in range(size[0])
        ]
    )
    np.testing.assert_array_equal(truth.mask(Region((shape,)), (40, 30), size), expected)
    assert expected.any()
    assert not expected.all()


def test_several_shapes_are_one_region_and_a_point_lies_in_it_as_a_centre_does() -> None:
    region = Region((Shape("rectangle", ((1, 2), (8, 9))), Shape("ellipse", ((5, 5), (25, 35))), Shape("freehand", STAR)))
    each = [truth.mask(Region((shape,)), (40, 30), (40, 30)) for shape in region.shapes]
    whole = truth.mask(region, (40, 30), (40, 30))
    np.testing.assert_array_equal(whole, each[0] | each[1] | each[2])
    points = np.array([[truth.contains(region, column + 0.5, row + 0.5) for column in range(30)] for row in range(40)])
    np.testing.assert_array_equal(points, whole)


def test_a_rectangle_on_pixel_edges_is_the_box_that_evaluation_uses_and_neighbours_share_nothing() -> None:
    left, right = Region.rectangle(3, 4, 9.5, 20), Region.rectangle(9.5, 4, 15, 20)
    a, b = (truth.mask(region, (40, 30), (40, 30)) for region in (left, right))
    np.testing.assert_array_equal(a | b, localisation.box_mask((40, 30), [(3, 4, 12, 16)]))
    assert not (a & b).any()
    assert not truth.mask(Region((Shape("ellipse", ((3, 3), (3, 9))),)), (9, 9), (9, 9)).any()


@pytest.mark.parametrize(
    ("rows", "columns", "expected"), [(40, 30, (40, 30)), (3000, 2500, (512, 427)), (9, 9000, (1, 512)), (512, 512, (512, 512))]
)
def test_the_grid(rows: int, columns: int, expected: tuple[int, int]) -> None:
    assert truth.grid(rows, columns) == expected


def heat(seed: int = 0) -> NDArray[np.float32]:
    """A raw map with values on both sides of zero."""
    return np.random.default_rng(seed).normal(size=(7, 6)).astype(np.float32)


def test_figures_are_those_of_evaluation_on_the_films_own_pixels() -> None:
    region = Region((Shape("ellipse", ((4, 6), (26, 30))),))
    extent = Extent(-2, 3, 33, 38)
    covered = truth.mask(region, (40, 30), (40, 30))
    shown = resample(heat(), extent, (40, 30))
    found = truth.localise(heat()[None], extent, {0: region}, (40, 30))
    assert found.iou == localisation.iou(shown, covered)
    assert found.outside_inside == localisation.outside_inside(shown, covered)
    assert found.mass == localisation.mass(shown, covered)
    row, column = np.unravel_index(int(heat().argmax()), heat().shape)
    x, y = extent.left + (column + 0.5) * 35 / 6, extent.top + (row + 0.5) * 35 / 7
    assert found.pointing == float(truth.contains(region, x, y))


def test_on_a_large_film_the_grid_hardly_changes_a_figure() -> None:
    region = Region((Shape("ellipse", ((700, 900), (1500, 1400))),))
    film, extent = (2000, 1800), Extent(0, 0, 1800, 2000)
    covered = truth.mask(region, film, film)
    shown = resample(heat(3), extent, film)
    found = truth.localise(heat(3)[None], extent, {0: region}, film)
    assert found.iou == pytest.approx(localisation.iou(shown, covered), abs=0.01)
    assert found.mass == pytest.approx(localisation.mass(shown, covered), abs=0.005)
    assert found.outside_inside == pytest.approx(localisation.outside_inside(shown, covered), rel=0.02)


def test_the_highest_cell_points_and_a_tie_or_nothing_positive_is_a_miss() -> None:
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = 1
    extent, film = Extent(0, 0, 40, 40), (40, 40)
    around = Region.rectangle(24, 14, 26, 16)
    assert truth.localise(values[None], extent, {0: around}, film).pointing == 1
    assert truth.localise(values[None], extent, {0: Region.rectangle(0, 0, 24, 40)}, film).pointing == 0
    values[2, 2] = 1
    assert truth.localise(values[None], extent, {0: around}, film).pointing == 0
    for flat in (np.zeros((4, 4), np.float32), np.full((4, 4), -1, np.float32)):
        found = truth.localise(flat[None], extent, {0: around}, film)
        assert (found.pointing, found.iou, found.outside_inside, found.mass) == (0, 0, None, 0)
    ones = truth.localise(np.ones((1, 4, 4), np.float32), extent, {0: around}, film)
    assert (ones.pointing, ones.outside_inside, ones.mass) == (0, 1, 4 / 1600)


def test_evidence_outside_only_is_an_infinite_ratio_and_too_small_a_region_has_no_figures() -> None:
    values = np.zeros((4, 4), np.float32)
    values[0, 0] = 1
    far = truth.localise(values[None], Extent(0, 0, 40, 40), {0: Region.rectangle(30, 30, 38, 38)}, (40, 40))
    assert (far.pointing, far.outside_inside, far.mass) == (0, math.inf, 0)
    none = truth.localise(values[None], Extent(0, 0, 40, 40), {0: Region.rectangle(30.6, 30.6, 31.4, 31.4)}, (40, 40))
    assert (none.pointing, none.iou, none.outside_inside, none.mass) == (None, None, None, None)


def test_several_slices_are_measured_together_on_their_own_grid() -> None:
    """One highest cell, one threshold and one sum over the stack; a slice without a region counts as outside."""
    values = np.random.default_rng(4).normal(size=(3, 8, 6)).astype(np.float32)
    extent, film = Extent(-6, 0, 54, 80), (80, 48)
    regions = {0: Region.rectangle(4, 10, 24, 60), 2: Region((Shape("ellipse", ((10, 10), (40, 70))),))}
    covered = np.zeros(values.shape, bool)
    for place, region in regions.items():
        for row, column in np.ndindex(8, 6):
            covered[place, row, column] = truth.contains(region, -6 + (column + 0.5) * 10, (row + 0.5) * 10)
    assert covered[0].any()
    assert covered[2].any()
    found = truth.localise(values, extent, regions, film)
    assert found.pointing == float(covered[np.unravel_index(int(values.argmax()), values.shape)])
    assert found.iou == localisation.iou(values, covered)
    assert found.outside_inside == localisation.outside_inside(values, covered)
    assert found.mass == pytest.approx(np.maximum(values, 0)[covered].sum() / np.maximum(values, 0).sum())


def test_without_a_region_no_figure_is_defined() -> None:
    for slices in (1, 3):
        found = truth.localise(np.ones((slices, 4, 4), np.float32), Extent(0, 0, 40, 40), {}, (40, 40))
        assert (found.pointing, found.iou, found.outside_inside, found.mass) == (None, None, None, None)
