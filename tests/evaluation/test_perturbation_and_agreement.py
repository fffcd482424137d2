"""Perturbation curves of a network that can be computed by hand, and correlations beside scipy's."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from app.evaluation.agreement import between, relative_change, spearman
from app.evaluation.perturbation import curve


def weighted_sum(films: NDArray[np.float32]) -> NDArray[np.float32]:
    """A "network" whose evidence is the upper left quarter."""
    return np.asarray(films[:, :4, :4].sum((1, 2)), np.float32)


def test_removing_what_matters_first_falls_faster() -> None:
    film = np.ones((8, 8), np.float32)
    right = np.zeros((8, 8), np.float32)
    right[:4, :4] = 1
    most = curve(film, right, weighted_sum, "most", removed=(0, 0.125, 0.25, 0.5), fill=0)
    least = curve(film, right, weighted_sum, "least", removed=(0, 0.125, 0.25, 0.5), fill=0)
    assert most.answers == pytest.approx((16, 8, 0, 0))
    assert least.answers == pytest.approx((16, 16, 16, 16))
    assert least.area == pytest.approx(16)
    assert most.area == pytest.approx((12 * 0.125 + 4 * 0.125) / 0.5)
    wrong = curve(film, 1 - right, weighted_sum, "most", removed=(0, 0.125, 0.25, 0.5), fill=0)
    assert wrong.area > most.area


def test_the_film_itself_is_left_alone() -> None:
    film = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    kept = film.copy()
    curve(film, film, weighted_sum, "most")
    assert (film == kept).all()


def test_spearman_is_scipys() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 9, 11))
    b = np.round(b + a, 1)  # ties
    assert spearman(a, b) == pytest.approx(float(spearmanr(a.ravel(), b.ravel()).statistic))
    assert spearman(a, -a) == pytest.approx(-1)
    assert np.isnan(spearman(a, np.zeros((9, 11))))


def test_between_findings_is_the_mean_over_pairs() -> None:
    maps = np.random.default_rng(2).normal(size=(3, 6, 6)).astype(np.float32)
    pairs = [spearman(maps[i], maps[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert between(maps) == pytest.approx(float(np.mean(pairs)), abs=1e-6)
    assert between(np.repeat(maps[:1], 3, 0)) == pytest.approx(1)
    assert np.isnan(between(maps[:1]))
    assert np.isnan(between(np.zeros((3, 4, 4), np.float32)))


def test_relative_change() -> None:
    a = np.ones((2, 2))
    assert relative_change(a, a * 1.5) == pytest.approx(0.5)
    assert relative_change(a * 0, a) == float("inf")
    assert relative_change(a * 0, a * 0) == 0
