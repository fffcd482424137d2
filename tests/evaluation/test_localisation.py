"""Each measure against a case that can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation import localisation as measure
from app.evaluation.intervals import crossed, mean, median

TRUTH = np.zeros((10, 10), bool)
TRUTH[2:4, 2:4] = True
EMPTY = np.zeros((10, 10), bool)


def heat_at(*places: tuple[int, int, float]) -> measure.Map:
    heat = np.zeros((10, 10), np.float32)
    for row, column, value in places:
        heat[row, column] = value
    return heat


def test_pointing() -> None:
    assert measure.pointing(heat_at((2, 3, 1.0)), TRUTH) == 1
    assert measure.pointing(heat_at((5, 5, 1.0), (2, 2, 0.9)), TRUTH) == 0
    assert measure.pointing(np.ones((10, 10), np.float32), TRUTH) == 0
    assert measure.pointing(heat_at((2, 2, 1.0), (2, 4, 1.0)), TRUTH) == 0  # tied: it points at two places
    assert measure.pointing(heat_at((2, 2, 1.0), (3, 3, 1.0)), TRUTH) == 0  # a corner does not hold them together
    assert measure.pointing(heat_at((2, 2, 1.0), (2, 3, 1.0)), TRUTH) == 1  # a plateau, its middle between them
    assert measure.pointing(heat_at((2, 3, 1.0), (2, 4, 1.0), (2, 5, 1.0), (2, 6, 1.0)), TRUTH) == 0  # its middle is beside
    assert measure.pointing(-heat_at((5, 5, 1.0)), TRUTH) == 0  # nothing positive
    assert np.isnan(measure.pointing(heat_at((2, 2, 1.0)), EMPTY))


def test_outside_inside() -> None:
    heat = np.where(TRUTH, 2.0, 0.5).astype(np.float32)
    assert measure.outside_inside(heat, TRUTH) == pytest.approx(0.25)
    assert measure.outside_inside(heat_at((9, 9, 1)), TRUTH) == float("inf")
    assert np.isnan(measure.outside_inside(-heat, TRUTH))
    assert np.isnan(measure.outside_inside(heat, ~EMPTY))


def test_mass_and_rank() -> None:
    heat = heat_at((2, 2, 3.0), (9, 9, 1.0), (8, 8, -5.0))
    assert measure.mass(heat, TRUTH) == pytest.approx(0.75)
    assert measure.mass(-np.ones((10, 10), np.float32), TRUTH) == 0
    perfect = TRUTH.astype(np.float32)
    assert measure.rank(perfect, TRUTH) == 1.0
    assert measure.rank(np.ones((10, 10), np.float32), TRUTH) == pytest.approx(0.04)
    assert measure.rank(heat_at((9, 9, 4), (9, 8, 3), (2, 2, 2), (2, 3, 1)), TRUTH) == pytest.approx(0.5)


def test_iou_and_iobb() -> None:
    assert measure.iou(TRUTH.astype(np.float32), TRUTH) == 1.0
    wide = np.zeros((10, 10), np.float32)
    wide[2:4, 2:6] = 1.0
    assert measure.iou(wide, TRUTH) == pytest.approx(0.5)
    assert measure.iobb(wide, TRUTH) == pytest.approx(0.5)
    assert measure.iobb_at(0.5)(wide, TRUTH) == 1
    assert measure.iobb_at(0.6)(wide, TRUTH) == 0
    assert measure.iobb(np.zeros((10, 10), np.float32), TRUTH) == 0
    assert measure.iou(np.zeros((10, 10), np.float32), TRUTH) == 0


def test_the_box_is_that_of_the_highest_region() -> None:
    heat = np.zeros((10, 10), np.float32)
    heat[0:5, 0:5] = 1.0
    heat[7:9, 7:9] = 1.5
    assert measure.box_of(heat) == (slice(7, 9), slice(7, 9))


def test_otsu_cuts_between_two_levels() -> None:
    heat = np.concatenate([np.full(50, 1.0), np.full(50, 9.0)]).astype(np.float32).reshape(10, 10)
    assert 1.0 < measure.otsu(heat) <= 9.0
    assert measure.otsu(np.zeros((3, 3), np.float32)) == float("inf")


def test_a_box_becomes_the_pixels_it_touches() -> None:
    truth = measure.box_mask((10, 10), [(2, 3, 4, 2), (-5, -5, 6, 6)])
    assert truth.sum() == 8 + 1
    assert truth[3:5, 2:6].all()
    assert truth[0, 0]


def test_controls_know_nothing() -> None:
    """Random maps hit by area; the centre prior's maximum is one pixel in the middle."""
    truth = np.zeros((60, 60), bool)
    truth[10:30, 30:50] = True
    rng = np.random.default_rng(0)
    hits = mean(np.array([measure.pointing(measure.random_map((60, 60), rng), truth) for _ in range(600)]))
    assert hits.low < truth.mean() < hits.high
    centre = measure.centre_prior((60, 80))
    assert np.count_nonzero(centre == centre.max()) == 1
    assert divmod(int(centre.argmax()), 80) == (29, 39)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_measures_do_not_depend_on_the_scale_and_stay_in_their_range(seed: int, scale: float) -> None:
    heat = np.random.default_rng(seed).normal(size=(10, 10)).astype(np.float32)
    for name, each in measure.MEASURES.items():
        value = each(heat, TRUTH)
        assert value == pytest.approx(each((heat * np.float32(scale)), TRUTH), rel=0.02, abs=1e-3), name
        assert np.isnan(each(heat, EMPTY)), name
        if name not in measure.LOWER_IS_BETTER:
            assert 0 <= value <= 1, name


def test_a_common_scale_takes_the_grain_and_keeps_the_place() -> None:
    """A lattice whose highest point lies elsewhere than its mass."""
    heat = np.zeros((64, 64), np.float32)
    heat[40:56:4, 8:24:4] = 1.0
    heat[5, 60] = 1.5
    truth = np.zeros((64, 64), bool)
    truth[38:58, 6:26] = True
    assert measure.pointing(heat, truth) == 0
    assert measure.pointing(measure.smoothed(heat, 6.0), truth) == 1
    signs = np.where(np.indices((64, 64)).sum(0) % 2, 1.0, -1.0).astype(np.float32)
    assert np.abs(measure.smoothed(signs, 4.0)[20:44, 20:44]).max() < 1e-3, "what cancels is no evidence"


def test_an_interval_over_owners_and_draws_is_wider_than_over_either() -> None:
    random = np.random.default_rng(0)
    owner, draw = (each.ravel() for each in np.indices((12, 5)))
    values = (random.normal(size=12)[:, None] * 0.2 + random.normal(size=5)[None] * 0.5).ravel()
    both = crossed(values, owner, draw)
    assert both.value == pytest.approx(float(values.mean()))
    assert both.count == 60
    for alone in (mean(values, owner), mean(values, draw)):
        assert both.high - both.low > alone.high - alone.low
    assert crossed(values, owner, np.zeros(60)).low == pytest.approx(mean(values, owner).low, abs=0.05)
    assert np.isnan(crossed(np.array([np.nan]), np.zeros(1), np.zeros(1)).value)


def test_a_mean_has_an_interval_over_owners() -> None:
    values = np.repeat(np.random.default_rng(0).random(40), 10)
    apart, together = mean(values), mean(values, np.repeat(np.arange(40), 10))
    assert together.value == pytest.approx(float(values.mean()))
    assert together.high - together.low > 2 * (apart.high - apart.low)
    assert np.isnan(mean(np.array([np.nan])).value)
    assert mean(np.array([np.nan, 0.5, 0.5])).count == 2
    ratios = median(np.array([0.2] * 30 + [np.inf] * 10))
    assert (ratios.value, ratios.low, ratios.high) == (0.2, 0.2, 0.2)
    assert median(np.array([0.2] * 10 + [np.inf] * 30)).value == np.inf
