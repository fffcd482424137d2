"""What filled pixels get, against the formulas worked out in another way; and the edited film as a whole."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from app.domain import FILLS, Area, Edit, Extent, Fill, Image, VoiLut, Window, frozen
from app.edits import apply
from app.edits.fill import UNKNOWNS, blocks, filled
from app.errors import InputError
from app.grey import grey, resample, window_for

BOX = Area("ellipse", ((30, 14), (55, 40)))


def film(shape: tuple[int, int] = (48, 80), seed: int = 0, signed: bool = False) -> Image:
    """Smooth and noisy, and as far from zero as films are."""
    noise = np.random.default_rng(seed).normal(size=shape)
    values = 2000 + 900 * ndimage.gaussian_filter(noise, 4) / 0.07 + 40 * noise
    kind = np.int16 if signed else np.uint16
    return Image("1", 1, frozen((values - (2200 if signed else 0)).astype(kind)))


def after(image: Image, fill: Fill, *areas: Area, outside: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    edited, covered = apply(image, [Edit(areas or (BOX,), fill, outside)], {})
    return edited.stored.astype(np.float64), covered


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("outside", [True, False])
@pytest.mark.parametrize("signed", [True, False])
def test_only_covered_pixels_change(fill: Fill, outside: bool, signed: bool) -> None:
    image = film(signed=signed)
    stored, covered = after(image, fill, outside=outside)
    np.testing.assert_array_equal(stored[~covered], image.stored[~covered])
    assert np.mean(stored[covered] != image.stored[covered]) > 0.9
    low, high = image.stored.min(), image.stored.max()
    assert low <= stored.min()
    assert stored.max() <= high


def test_blur_is_a_gaussian_of_a_sixteenth_of_the_longer_side() -> None:
    image = film()
    stored, covered = after(image, "blur")
    ones = np.ones(image.stored.shape)
    weigh = {"sigma": 80 / 16, "mode": "constant", "truncate": 20.0}
    expected = ndimage.gaussian_filter(image.stored.astype(float), **weigh) / ndimage.gaussian_filter(ones, **weigh)
    assert np.abs(stored - expected)[covered].max() <= 0.51  # rounded to whole stored values


def test_the_local_mean_is_that_of_the_kept_pixels_around() -> None:
    image = film()
    big = Area("rectangle", ((20, 10), (60, 40)))
    stored, covered = after(image, "mean", big)
    values = image.stored.astype(float)
    for row, column in [(12, 22), (25, 40), (39, 59), (30, 21)]:
        half = 5
        while True:
            window = (slice(max(row - half, 0), row + half + 1), slice(max(column - half, 0), column + half + 1))
            if (~covered[window]).any():
                break
            half *= 2
        assert stored[row, column] == pytest.approx(values[window][~covered[window]].mean(), abs=0.51)


def test_in_painting_solves_laplaces_equation_from_the_rim() -> None:
    image = film()
    edge = Area("rectangle", ((60, 20), (90, 60)))  # it touches the film's border, where nothing flows
    stored, covered = after(image, "inpaint", BOX, edge)
    expected = image.stored.astype(float)
    expected[covered] = expected[~covered].mean()
    for _ in range(20000):  # Jacobi's iteration: each covered pixel becomes the mean of its neighbours
        padded = np.pad(expected, 1, mode="edge")
        around = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        step = np.abs(around - expected)[covered].max()
        expected[covered] = around[covered]
        if step < 1e-4:
            break
    assert np.abs(stored - expected)[covered].max() <= 1.0


@pytest.mark.parametrize("fill", FILLS)
def test_a_large_film_is_worked_on_in_blocks(fill: Fill) -> None:
    """1300 pixels: blocks of three; what comes out is what the same film in blocks gives, laid over it bilinearly."""
    small = film((300, 434)).stored.astype(np.float32)
    large = np.kron(small, np.ones((3, 3), np.float32))
    area = Area("rectangle", ((300, 240), (660, 480)))
    covered = np.zeros(large.shape, bool)
    covered[240:480, 300:660] = True
    part, box = filled(large, covered, fill)
    assert box == (slice(240, 480), slice(300, 660))
    cells, inner = filled(small, covered[::3, ::3], fill)
    laid = resample(cells, Extent(0, 0, 360, 240), (240, 360))
    assert inner == (slice(80, 160), slice(100, 220))
    middle = (slice(3, -3), slice(3, -3))  # at the rim the blocks beside are neighbours too
    assert np.abs(part - laid)[middle].max() < 3
    assert area.kind == "rectangle"


def test_sums_over_blocks_hold_every_pixel_once() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (23, 31)).astype(np.float32)
    found = blocks(values, 4)
    assert found.shape == (6, 8)
    assert found[5, 7] == values[20:, 28:].sum()
    assert found[2, 3] == values[8:12, 12:16].astype(float).sum()


def test_in_painting_nearly_everything_stays_quick() -> None:
    image = film((400, 400))
    stored, covered = after(image, "inpaint", Area("rectangle", ((190, 190), (210, 210))), outside=True)
    assert covered.sum() > 4 * UNKNOWNS
    kept = image.stored[~covered]
    assert kept.min() <= stored.min()
    assert stored.max() <= kept.max()


def test_edits_follow_one_another_and_the_unedited_window_stays() -> None:
    image = film()
    first, second = Edit((BOX,), "mean"), Edit((Area("rectangle", ((40, 20), (70, 45))),), "inpaint")
    both, touched = apply(image, [first, second], {})
    step, one = apply(image, [first], {})
    again, two = apply(step, [second], {})
    np.testing.assert_array_equal(both.stored, again.stored)
    np.testing.assert_array_equal(touched, one | two)
    assert both.windows == (window_for(image),)
    np.testing.assert_array_equal(grey(both)[~touched], grey(image)[~touched])
    assert not both.stored.flags.writeable
    shown = film()
    for kept in (Window(2000, 900), VoiLut(0, 8, np.arange(256, dtype=np.uint16))):
        if isinstance(kept, Window):
            shown = Image("1", 1, shown.stored, windows=(kept,))
        else:
            shown = Image("1", 1, shown.stored, voi_lut=kept)
        assert apply(shown, [first], {})[0].windows == shown.windows


def test_nothing_is_edited_where_an_edit_is_refused() -> None:
    with pytest.raises(InputError):
        apply(film(), [Edit((BOX,), "blur"), Edit((Area("rectangle", ((200, 0), (300, 9))),), "blur")], {})
