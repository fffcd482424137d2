"""Figures about predictions, against cases that can be worked out by hand."""

import numpy as np
import pytest

from app.evaluation.predictions import auroc, auroc_interval, platt, roc


def test_auroc_counts_pairs() -> None:
    scores, labels = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    assert auroc(scores, labels) == pytest.approx(0.75)
    assert auroc(np.zeros(4), labels) == pytest.approx(0.5)
    assert auroc(labels.astype(float), labels) == 1.0
    assert np.isnan(auroc(scores, np.zeros(4, bool)))


@pytest.mark.parametrize("ties", [False, True])
def test_the_roc_curve_is_that_of_every_threshold(ties: bool) -> None:
    rng = np.random.default_rng(4)
    labels = rng.random(500) < 0.3
    scores = rng.normal(size=500) + labels
    scores = np.round(scores, 1) if ties else scores
    plain = {(0.0, 0.0)}
    for threshold in scores:
        called = scores >= threshold
        plain.add((float((called & ~labels).sum() / (~labels).sum()), float((called & labels).sum() / labels.sum())))
    whole, thinned = roc(scores, labels, 10_000), roc(scores, labels)
    for curve in (whole, thinned):
        assert {(round(x, 12), round(y, 12)) for x, y in curve} <= {(round(x, 12), round(y, 12)) for x, y in plain}
        assert curve[0].tolist() == [0, 0]
        assert curve[-1].tolist() == [1, 1]
        assert (np.diff(curve, axis=0) >= 0).all()
    assert np.trapezoid(whole[:, 1], whole[:, 0]) == pytest.approx(auroc(scores, labels))
    assert len(thinned) <= 60
    assert np.trapezoid(thinned[:, 1], thinned[:, 0]) == pytest.approx(auroc(scores, labels), abs=0.01)
    assert not thinned.flags.writeable


def test_a_roc_curve_has_corners_only() -> None:
    labels = np.array([True, True, False, False])
    assert roc(np.array([0.9, 0.8, 0.2, 0.1]), labels).tolist() == [[0, 0], [0, 1], [1, 1]]
    assert roc(np.zeros(4), labels).tolist() == [[0, 0], [1, 1]]
    assert roc(np.arange(4.0), np.ones(4, bool)).shape == (0, 2)


def test_the_interval_resamples_patients_not_films() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(rng.random(60) < 0.5, 5)
    scores = np.repeat(rng.normal(size=60), 5) + labels * 0.8
    together = auroc_interval(scores, labels, np.repeat(np.arange(60), 5), rounds=200)
    apart = auroc_interval(scores, labels, np.arange(300), rounds=200)
    assert together.low < together.value < together.high
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    assert (together.positives, together.negatives) == (int(labels.sum()), int((~labels).sum()))


def test_platt_finds_the_slope_and_intercept_back() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, 20_000)
    y = rng.random(z.size) < 1 / (1 + np.exp(-(0.5 * z - 1.0)))
    slope, intercept = platt(z, y)
    assert slope == pytest.approx(0.5, rel=0.05)
    assert intercept == pytest.approx(-1.0, abs=0.08)


def test_weights_count_as_copies() -> None:
    z, y = np.array([-1.0, 0.5, 2.0, 0.1] * 50), np.array([False, True, True, False] * 50)
    doubled = platt(np.repeat(z, 2), np.repeat(y, 2))
    assert platt(z, y, np.full(z.size, 2.0)) == pytest.approx(doubled, rel=1e-3)
