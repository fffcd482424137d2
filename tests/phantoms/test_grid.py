"""The drawing tools: volume is kept at every resolution, curves pass through their points, lettering is legible."""

import numpy as np
import pytest

from app.phantoms.devices import lettering
from app.phantoms.film import spread
from app.phantoms.grid import STREAMS, Grid, Profile, chord, curve, smoothstep, stream


@pytest.mark.parametrize("size", [64, 256])
def test_a_splat_keeps_its_volume(size: int) -> None:
    grid = Grid.make(size, 300.0, (0.0, 0.0), 0.1)
    layer = grid.splat(np.array([[0.0, 0.0], [40.0, -30.0]]), [5.0, 7.0], 2.0)
    assert layer.sum() * grid.pixel**2 == pytest.approx(12.0, rel=0.02)


def test_a_splat_outside_the_film_leaves_it_empty() -> None:
    grid = Grid.make(32, 100.0, (0.0, 0.0), 0.0)
    assert not grid.splat(np.array([[500.0, 0.0]]), 1.0, 1.0).any()


def test_a_point_lands_where_the_grid_says_it_is() -> None:
    grid = Grid.make(101, 202.0, (10.0, 20.0), 0.2)
    layer = grid.splat(np.array([[35.0, -5.0]]), 4.0)
    row, column = np.unravel_index(layer.argmax(), layer.shape)
    assert abs(grid.x[row, column] - 35.0) < grid.pixel
    assert abs(grid.y[row, column] + 5.0) < grid.pixel


@pytest.mark.parametrize("size", [64, 256])
def test_a_tube_is_as_thick_as_it_is_wide(size: int) -> None:
    grid = Grid.make(size, 128.0, (0.0, 0.0), 0.0)
    solid = grid.tube([(-200.0, 0.0), (200.0, 0.0)], 8.0)
    middle = solid[:, size // 2]
    assert middle.sum() * grid.pixel == pytest.approx(np.pi * 64, rel=0.05)  # its cross-section
    hollow = grid.tube([(-200.0, 0.0), (200.0, 0.0)], 8.0, wall=2.0)
    assert hollow[:, size // 2].sum() * grid.pixel == pytest.approx(np.pi * (64 - 36), rel=0.1)


def test_a_curve_passes_through_its_points() -> None:
    points = np.array([[0.0, 0.0], [10.0, 5.0], [20.0, 0.0], [40.0, -10.0]])
    line = curve(points, 0.1)
    for point in points:
        assert np.linalg.norm(line - point, axis=1).min() < 0.1


def test_a_profile_interpolates_and_stays_constant_beyond_its_ends() -> None:
    profile = Profile([0, 10, 20], [1, 3, 2])
    assert profile([-5, 0, 10, 20, 99]) == pytest.approx([1, 1, 3, 2, 2], abs=0.02)


def test_steps_and_chords() -> None:
    assert smoothstep(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 0, 1) == pytest.approx([0, 0, 0.5, 1, 1])
    assert chord(np.array([0.0, 0.75, 1.0, 4.0])) == pytest.approx([1, 0.5, 0, 0])


def test_every_part_has_its_own_stream() -> None:
    first = {float(stream(3, name).random()) for name in STREAMS}
    assert len(first) == len(STREAMS)
    assert stream(3, "film").random() == stream(3, "film").random()


@pytest.mark.parametrize("size", [50, 128])
def test_a_wide_blur_keeps_the_mean_and_loses_the_detail(size: int) -> None:
    grid = Grid.make(size, 400.0, (0.0, 0.0), 0.0)
    noise = np.random.default_rng(1).random((size, size), dtype=np.float32)
    blurred = spread(noise, grid, 40)
    assert blurred.shape == noise.shape
    assert blurred.mean() == pytest.approx(noise.mean(), abs=0.02)
    assert blurred.std() < 0.2 * noise.std()


def test_lettering_is_drawn_where_it_was_asked_for() -> None:
    words = lettering(128, "L", 0.1, (0.8, 0.2))
    rows, columns = np.nonzero(words > 0.5)
    assert abs(rows.mean() / 128 - 0.2) < 0.05
    assert abs(columns.mean() / 128 - 0.8) < 0.05
    assert lettering(128, "R", 0.1, (0.5, 0.5), ring=True, turn=20).sum() > lettering(128, "R", 0.1, (0.5, 0.5)).sum()
