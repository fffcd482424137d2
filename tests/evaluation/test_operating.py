"""Operating points: the crossing of sensitivity and specificity, and what it does on other films."""

import numpy as np
import pytest

from app.evaluation.intervals import wilson
from app.evaluation.operating import FLOOR, curve, lowest, operating_point, reached


def test_the_point_is_where_sensitivity_and_specificity_cross() -> None:
    probabilities = np.linspace(0.0005, 0.9995, 1000)
    truth = np.zeros(1000, bool)
    truth[600:] = True
    truth[400:600:15] = True  # 440 sick: 40 of them low
    truth[700:950:5] = False
    point = operating_point(probabilities, truth)
    every = [
        (abs((probabilities[truth] >= cut).mean() - (probabilities[~truth] < cut).mean()))
        for cut in np.arange(0.001, 1, 0.001)  # between any two films
    ]
    found = reached(probabilities, truth, np.arange(1000), point)
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


def test_a_weak_network_is_held_to_specificity_with_its_interval() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(3000) < 0.1
    probabilities = 1 / (1 + np.exp(-(rng.normal(0, 1, 3000) + 0.8 * truth - 2)))  # both cross near .66
    found = reached(probabilities, truth, np.arange(3000), operating_point(probabilities, truth))
    called = round((1 - found.specificity.value) * found.specificity.count)
    assert wilson(found.specificity.count - called, found.specificity.count)[0] >= FLOOR
    assert found.specificity.value < FLOOR + 0.03, "no more than that needs"
    assert found.sensitivity.value < found.specificity.value


def test_where_films_weigh_unlike_they_are_worth_fewer() -> None:
    truth = np.arange(400) < 100
    probabilities = np.linspace(0.01, 0.99, 400)[::-1] * 0.5 + 0.3 * np.random.default_rng(2).random(400)
    weights = np.where(np.arange(400) % 10 == 0, 3.0, 0.5)
    plain, weighed = operating_point(probabilities, truth), operating_point(probabilities, truth, weights)
    assert weighed > plain
    assert lowest(np.array([0.9]), 50)[0] == pytest.approx(wilson(45, 50)[0])


def test_a_curve_tells_what_every_point_does() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(500) < 0.3
    probabilities = np.round(np.clip(0.3 + 0.2 * truth + rng.normal(0, 0.15, 500), 0.01, 0.99), 2)
    rows = curve(probabilities, truth, 20)
    assert len(rows) <= 20
    assert rows[0].tolist() == [0, 1, 0]
    assert rows[-1].tolist() == [1, 0, 1]
    for point, sensitivity, specificity in rows[1:-1]:
        assert sensitivity == pytest.approx((probabilities[truth] >= point).mean())
        assert specificity == pytest.approx((probabilities[~truth] < point).mean())
    assert np.abs(np.diff(rows[:, 1])).max() < 0.25


def test_where_nothing_can_be_chosen_nothing_is() -> None:
    assert np.isnan(operating_point(np.linspace(0, 1, 30), np.arange(30) < 9))
    assert np.isnan(operating_point(np.full(40, 0.3), np.arange(40) < 20))
    assert np.isnan(operating_point(np.linspace(0, 1, 24), np.arange(24) < 13)), "eleven negatives vouch for no such share"
    nothing = reached(np.linspace(0, 1, 30), np.ones(30, bool), np.arange(30), 0.5)
    assert nothing.sensitivity.value == pytest.approx(0.5)
    assert np.isnan(nothing.specificity.value)
