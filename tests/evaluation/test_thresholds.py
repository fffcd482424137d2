"""Thresholds, their curves and the confusion at one of them: against scikit-learn, and against what can be counted by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.evaluation.predictions import auroc
from app.evaluation.thresholds import confusion, thresholds

NO_ORACLE = "scikit-learn is not installed: pip install --no-deps -r requirements-oracles.txt"
Cohort = tuple[NDArray[np.float64], NDArray[np.bool_]]


@pytest.fixture(params=["distinct", "ties"])
def cohort(request: pytest.FixtureRequest) -> Cohort:
    """Probabilities and truth of 400 films, one in five with the finding."""
    rng = np.random.default_rng(11)
    truth = rng.random(400) < 0.2
    scores = 1 / (1 + np.exp(-(rng.normal(size=400) + 1.2 * truth - 1)))
    return (np.round(scores, 2) if request.param == "ties" else scores), truth


def test_the_curves_are_those_of_scikit_learn(cohort: Cohort) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason=NO_ORACLE)
    scores, truth = cohort
    found = thresholds(scores, truth)
    assert found is not None
    fpr, tpr, at = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.roc(), np.stack((fpr, tpr), 1), atol=1e-12)
    np.testing.assert_allclose(found.values[1:], at[1:])
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    np.testing.assert_allclose(found.precision_recall(), np.stack((recall, precision), 1)[::-1], atol=1e-12)
    assert found.average_precision() == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)
    assert auroc(scores, truth) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)


def test_the_confusion_is_that_of_scikit_learn(cohort: Cohort) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason=NO_ORACLE)
    scores, truth = cohort
    point = float(np.sort(scores)[300])  # a probability that occurs: it is called
    found = confusion(scores, truth, point)
    called = scores >= point
    assert [[found.rejections, found.alarms], [found.misses, found.hits]] == metrics.confusion_matrix(truth, called).tolist()
    assert found.sensitivity == pytest.approx(metrics.recall_score(truth, called))
    assert found.specificity == pytest.approx(metrics.recall_score(~truth, ~called))
    assert found.precision == pytest.approx(metrics.precision_score(truth, called))
    assert found.negative_value == pytest.approx(metrics.precision_score(~truth, ~called))
    assert found.f1 == pytest.approx(metrics.f1_score(truth, called))


def test_a_thinned_curve_has_points_of_the_whole_one() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(5000) < 0.03
    scores = rng.normal(size=5000) + 2 * truth
    whole = thresholds(scores, truth)
    assert whole is not None
    thin = whole.thinned(80)
    assert len(thin.values) <= 80
    assert {tuple(point) for point in thin.roc()} <= {tuple(point) for point in whole.roc()}
    assert thin.roc()[0].tolist() == [0, 0]
    assert thin.roc()[-1].tolist() == [1, 1]
    assert np.trapezoid(thin.roc()[:, 1], thin.roc()[:, 0]) == pytest.approx(auroc(scores, truth), abs=0.01)
    assert np.diff(thin.precision_recall()[:, 0]).max() < 0.06, "a point at every few of the films with the finding"
    assert whole.thinned(10_000) is whole


def test_by_hand() -> None:
    scores, truth = np.array([0.9, 0.8, 0.8, 0.3]), np.array([True, False, True, False])
    found = thresholds(scores, truth)
    assert found is not None
    assert found.values.tolist() == [np.inf, 0.9, 0.8, 0.3]
    assert (found.hits.tolist(), found.alarms.tolist()) == ([0, 1, 2, 2], [0, 0, 1, 2])
    assert found.average_precision() == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert not found.values.flags.writeable
    counted = confusion(scores, truth, 0.85)
    assert (counted.hits, counted.misses, counted.alarms, counted.rejections) == (1, 1, 0, 2)


def test_where_a_class_is_missing_there_is_no_curve_and_no_share() -> None:
    scores = np.array([0.2, 0.7])
    assert thresholds(scores, np.array([True, True])) is None
    assert thresholds(scores, np.array([False, False])) is None
    counted = confusion(scores, np.array([False, False]), 0.9)
    assert np.isnan([counted.sensitivity, counted.precision, counted.f1]).all()
    assert counted.specificity == 1
