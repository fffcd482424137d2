"""Operating points: the crossing of sensitivity and specificity, and what it does on other films."""

import numpy as np
import pytest

from app.evaluation.operating import operating_point, reached


def test_the_point_is_where_sensitivity_and_specificity_cross() -> None:
    probabilities = np.linspace(0.005, 0.995, 100)
    truth = np.zeros(100, bool)
    truth[60:] = True
    truth[[40, 45, 50, 55]] = True  # 44 sick: 4 of them low
    truth[[70, 75, 80, 85, 90]] = False
    point = operating_point(probabilities, truth)
    every = [
        (abs((probabilities[truth] >= cut).mean() - (probabilities[~truth] < cut).mean()))
        for cut in np.arange(0.01, 1, 0.01)  # between any two films
    ]
    found = reached(probabilities, truth, np.arange(100), point)
    assert abs(found.sensitivity.value - found.specificity.value) == pytest.approx(min(every), abs=1e-9)
    assert (found.sensitivity.count, found.specificity.count) == (truth.sum(), (~truth).sum())
    assert found.sensitivity.low <= found.sensitivity.value <= found.sensitivity.high
    assert not np.isin(point, probabilities)


def test_a_group_with_more_films_does_not_decide_alone_when_groups_weigh_the_same() -> None:
    rng = np.random.default_rng(0)
    truth = np.concatenate([rng.random(1000) < 0.5, rng.random(100) < 0.5])
    probabilities = np.concatenate([0.2 + 0.05 * truth[:1000], 0.6 + 0.05 * truth[1000:]]) + rng.normal(0, 0.05, 1100)
    weights = np.concatenate([np.full(1000, 1 / 1000), np.full(100, 1 / 100)])
    plain, weighed = operating_point(probabilities, truth), operating_point(probabilities, truth, weights)
    assert plain < 0.3 < weighed


def test_where_nothing_can_be_chosen_nothing_is() -> None:
    assert np.isnan(operating_point(np.linspace(0, 1, 30), np.arange(30) < 9))
    assert np.isnan(operating_point(np.full(40, 0.3), np.arange(40) < 20))
    nothing = reached(np.linspace(0, 1, 30), np.ones(30, bool), np.arange(30), 0.5)
    assert nothing.sensitivity.value == pytest.approx(0.5)
    assert np.isnan(nothing.specificity.value)
