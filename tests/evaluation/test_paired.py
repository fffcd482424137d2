"""Two networks on the same films: DeLong against its definition, pair by pair, and against drawing films anew."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.evaluation.paired import bootstrapped, delong
from app.evaluation.predictions import auroc, auroc_draws

Scores = NDArray[np.float64]


def drawn(seed: int, count: int = 120, apart: float = 0.6, *, ties: bool = True) -> tuple[Scores, Scores, NDArray[np.bool_]]:
    """Two correlated networks and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random(count) < 0.35
    shared = rng.normal(size=count)
    first = np.asarray(shared + rng.normal(size=count) * 0.7 + (0.8 + apart) * truth, np.float64)
    second = np.asarray(shared + rng.normal(size=count) * 0.7 + 0.8 * truth, np.float64)
    return (first.round(1), second.round(1), truth) if ties else (first, second, truth)


def by_definition(first: Scores, second: Scores, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """The difference and its variance as DeLong (1988) writes them: ψ of every pair, components, their covariances."""
    components = []
    for scores in (first, second):
        x, y = scores[truth], scores[~truth]
        psi = np.array([[1.0 if a > b else 0.5 if a == b else 0.0 for b in y] for a in x])
        components.append((psi.mean(1), psi.mean(0), psi.mean()))
    m, n = int(truth.sum()), int((~truth).sum())
    (v10, v01, one), (w10, w01, two) = components
    s10 = np.array([[((p - p.mean()) * (q - q.mean())).sum() / (m - 1) for q in (v10, w10)] for p in (v10, w10)])
    s01 = np.array([[((p - p.mean()) * (q - q.mean())).sum() / (n - 1) for q in (v01, w01)] for p in (v01, w01)])
    s = s10 / m + s01 / n
    contrast = np.array([1.0, -1.0])
    return float(one - two), float(contrast @ s @ contrast)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ties", [False, True])
def test_delong_is_its_definition(seed: int, ties: bool) -> None:
    first, second, truth = drawn(seed, ties=ties)
    value, variance = by_definition(first, second, truth)
    found = delong(first, second, truth)
    sd = math.sqrt(variance)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((value - 1.959964 * sd, value + 1.959964 * sd), abs=1e-6)
    assert found.p == pytest.approx(math.erfc(abs(value) / sd / math.sqrt(2)), abs=1e-12)
    assert (found.first, found.second) == pytest.approx((auroc(first, truth), auroc(second, truth)))


def test_the_areas_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="pip install --no-deps -r requirements-oracles.txt")
    first, second, truth = drawn(5)
    found = delong(first, second, truth)
    assert found.first == pytest.approx(metrics.roc_auc_score(truth, first), abs=1e-12)
    assert found.second == pytest.approx(metrics.roc_auc_score(truth, second), abs=1e-12)


def test_four_films_by_hand() -> None:
    """One network has all four pairs right, the other three: ψ̄ of the films with the finding 1 and 1 against ½ and 1, of those
    without 1 and 1 against ½ and 1. The differences ½, 0 vary by ⅛ in both classes, so the variance is ⅛/2 + ⅛/2 = ⅛."""
    truth = np.array([True, True, False, False])
    found = delong(np.array([4.0, 3, 2, 1]), np.array([2.0, 4, 3, 1]), truth)
    assert (found.first, found.second, found.value) == (1.0, 0.75, 0.25)
    assert found.high - found.value == pytest.approx(1.959964 * math.sqrt(1 / 8), abs=1e-6)


def test_the_bootstrap_over_independent_films_agrees_with_delong() -> None:
    first, second, truth = drawn(1, 600, ties=False)
    one, other = delong(first, second, truth), bootstrapped(first, second, truth, np.arange(600), rounds=2000)
    assert other.value == pytest.approx(one.value, abs=1e-12)
    assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=0.01)


def test_several_films_of_a_patient_make_the_interval_wider() -> None:
    once = drawn(2, 100)
    first, second, truth = np.repeat(once[0], 6), np.repeat(once[1], 6), np.repeat(once[2], 6)
    alone = bootstrapped(first, second, truth, np.arange(600))
    whose = bootstrapped(first, second, truth, np.repeat(np.arange(100), 6))
    assert whose.high - whose.low > 1.8 * (alone.high - alone.low)
    assert whose.p >= alone.p


def test_networks_that_are_the_same_do_not_differ() -> None:
    first, _, truth = drawn(3)
    for found in (delong(first, first, truth), bootstrapped(first, first, truth, np.arange(len(truth)))):
        assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_no_difference_is_told_where_none_can_be() -> None:
    scores = np.array([0.1, 0.5, 0.7])
    one_film = delong(scores, scores[::-1], np.array([True, False, False]))
    assert (one_film.first, one_film.second) == (0.0, 1.0)
    assert np.isnan([one_film.low, one_film.p]).all()
    none = bootstrapped(scores, scores, np.zeros(3, bool), np.arange(3))
    assert np.isnan([none.first, none.value, none.low, none.p]).all()


def test_draws_are_what_copies_of_films_give() -> None:
    rng = np.random.default_rng(8)
    truth, patients = rng.random(90) < 0.3, rng.integers(0, 30, 90)
    scores = np.round(rng.normal(size=90) + truth, 1)
    found = auroc_draws(scores, truth, patients, rounds=50, seed=4)
    again, names = np.random.default_rng(4), np.unique(patients)
    for value in found:
        chosen = again.integers(0, len(names), len(names))
        films = np.concatenate([np.flatnonzero(patients == names[one]) for one in chosen])
        assert value == pytest.approx(auroc(scores[films], truth[films]), abs=1e-12, nan_ok=True)
