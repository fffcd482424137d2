"""Shortcuts, against cases that can be worked out by hand and against films drawn with a known one."""

import numpy as np
import pytest

from app.evaluation.predictions import auroc
from app.evaluation.shortcuts import shortcuts, within


def test_only_pairs_of_one_group_count() -> None:
    scores = np.array([0.9, 0.8, 0.2, 0.1, 0.15])
    truth = np.array([True, False, True, False, False])
    groups = np.array(["AP", "AP", "PA", "PA", "PA"])
    assert within(scores, truth, groups) == 1.0  # 0.9 > 0.8; 0.2 > 0.1; 0.2 > 0.15
    assert auroc(scores, truth) == pytest.approx(5 / 6)  # 0.2 < 0.8 as well
    assert within(-scores, truth, groups) == 0.0
    assert np.isnan(within(scores, truth, np.arange(5)))
    assert within(np.array([1.0, 1, 2, 3, 0]), truth, groups) == pytest.approx((0.5 + 0 + 1) / 3)


def test_pairs_weigh_alike_whatever_group_they_are_of() -> None:
    rng = np.random.default_rng(1)
    groups, truth, scores = rng.integers(0, 3, 300), rng.random(300) < 0.3, rng.normal(size=300)
    right, pairs = 0, 0
    for i in np.flatnonzero(truth):
        for j in np.flatnonzero(~truth & (groups == groups[i])):
            right, pairs = right + int(scores[i] > scores[j]), pairs + 1
    assert within(scores, truth, groups) == pytest.approx(right / pairs)


def test_a_network_that_reads_the_projection_is_found_out_and_one_that_does_not_is_not() -> None:
    rng = np.random.default_rng(2)
    bed = rng.random(2000) < 0.5
    sick = rng.random(2000) < np.where(bed, 0.4, 0.05)
    logits = np.stack([3.0 * bed + rng.normal(size=2000), 2.0 * sick + rng.normal(size=2000)], 1)
    labels = np.stack([sick, sick], 1).astype(float)
    aspects = {"projection": bed.astype(float), "nothing": rng.integers(0, 2, 2000).astype(float)}
    found = {(s.finding, s.aspect): s for s in shortcuts(logits, labels, aspects, np.arange(2000), ["bed", "film"], rounds=50)}
    assert found["bed", "projection"].told.value > 0.95
    assert found["bed", "projection"].plain > 0.7
    assert found["bed", "projection"].within == pytest.approx(0.5, abs=0.06)
    assert found["film", "projection"].told.value == pytest.approx(0.5, abs=0.04)
    assert found["film", "projection"].within == pytest.approx(found["film", "projection"].plain, abs=0.02)
    assert found["bed", "nothing"].told.value == pytest.approx(0.5, abs=0.04)
    assert found["bed", "projection"].told.positives == int((bed & ~sick).sum())
    assert found["bed", "projection"].told.low < found["bed", "projection"].told.value < found["bed", "projection"].told.high


def test_what_is_not_known_or_too_rare_is_left_out() -> None:
    rng = np.random.default_rng(3)
    labels = np.zeros((40, 1))
    labels[:3] = 1
    labels[3:8] = np.nan
    aspect = np.array([1.0, 0] * 20)
    aspect[8:10] = np.nan
    (one,) = shortcuts(rng.normal(size=(40, 1)), labels, {"a": aspect, "b": np.ones(40)}, np.arange(40), ["rare"], rounds=20)
    assert (one.told.positives, one.told.negatives) == (15, 15)
    assert np.isnan(one.within)
    assert np.isnan(one.plain)
