"""Calibration, against plain loops, scipy and cases that can be worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import binomtest

from app.evaluation.calibration import Slope, calibration_slope, expected_error, logistic, reliability
from app.evaluation.intervals import wilson


def answers(
    slope: float = 1.0, intercept: float = 0.0, n: int = 4000, seed: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Logits, and truth drawn so that slope and intercept are the ones named."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1, 1.5, n)
    return z, rng.random(n) < 1 / (1 + np.exp(-(intercept + slope * z)))


@pytest.mark.parametrize(("true", "count"), [(0, 12), (3, 17), (50, 100), (9, 9), (1, 2000)])
def test_wilson_is_scipys(true: int, count: int) -> None:
    theirs = binomtest(true, count).proportion_ci(0.95, "wilson")
    assert wilson(true, count) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_seen_tells_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert reliability(np.zeros(0), np.zeros(0, bool)) == ()
    assert np.isnan(expected_error(()))


def test_bins_are_those_of_a_plain_loop() -> None:
    z, truth = answers(n=1000)
    p = 1 / (1 + np.exp(-z))
    found = reliability(p, truth, 10)
    ranked = sorted(zip(p.tolist(), truth.tolist(), strict=True))
    assert [b.count for b in found] == [100] * 10
    error = 0.0
    for index, b in enumerate(found):
        part = ranked[100 * index : 100 * index + 100]
        predicted, observed = sum(v for v, _ in part) / 100, sum(t for _, t in part) / 100
        assert (b.predicted, b.observed) == pytest.approx((predicted, observed))
        assert b.low < b.observed < b.high
        error += abs(predicted - observed) / 10
    assert expected_error(found) == pytest.approx(error)


def test_equal_probabilities_stay_together() -> None:
    p = np.array([0.1] * 70 + [0.9] * 30)
    truth = np.arange(100) % 10 == 0
    for order in (np.arange(100), np.argsort(truth), np.argsort(~truth)):
        found = reliability(p[order], truth[order], 10)
        assert [(b.count, b.observed) for b in found] == [(70, 0.1), (30, 0.1)]
    assert [b.count for b in reliability(np.full(8, 0.5), truth[:8])] == [8]


def test_the_regression_is_scipys() -> None:
    z, truth = answers(0.6, -0.4, 800)
    weights = np.random.default_rng(2).integers(0, 4, z.size).astype(float)

    def loss(theta: NDArray[np.float64]) -> float:
        value = theta[0] + theta[1] * z
        return float((weights * (np.logaddexp(0, value) - truth * value)).sum())

    best = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}).x
    assert logistic(z, truth, weights) == pytest.approx(tuple(best), abs=1e-5)
    assert logistic(z, truth, weights, (5.0, 9.0)) == pytest.approx(tuple(best), abs=1e-5)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (1.8, 0.3)])
def test_the_slope_is_found_back_within_its_interval(slope: float, intercept: float) -> None:
    z, truth = answers(slope, intercept)
    found = calibration_slope(z, truth, np.arange(z.size), rounds=200)
    assert found.low < slope < found.high
    assert found.low < found.slope < found.high
    assert found.high - found.low < 0.4
    assert found.intercept == pytest.approx(intercept, abs=0.2)


def test_the_interval_resamples_patients_not_films() -> None:
    z, truth = answers(n=300)
    six = np.repeat(np.arange(300), 6)
    together = calibration_slope(z[six], truth[six], six, rounds=200)
    apart = calibration_slope(z[six], truth[six], np.arange(six.size), rounds=200)
    assert together.slope == pytest.approx(apart.slope)
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def test_where_no_slope_is_best_none_is_told() -> None:
    z = np.array([-2.0, -1.0, 1.0, 2.0])
    up = np.array([False, False, True, True])
    assert logistic(z, up, np.ones(4))[1] == np.inf
    assert logistic(z, ~up, np.ones(4))[1] == -np.inf
    for values, truth in ((z, np.zeros(4, bool)), (z, np.ones(4, bool)), (np.ones(4), up)):
        assert np.isnan(logistic(values, truth, np.ones(4))).all()
    found = calibration_slope(z, up, np.arange(4), rounds=50)
    assert (found.slope, found.low, found.high) == (np.inf, np.inf, np.inf)
    nothing = calibration_slope(z[:0], up[:0], np.arange(0))
    assert isinstance(nothing, Slope)
    assert np.isnan([nothing.slope, nothing.low, nothing.high, nothing.intercept]).all()
