"""What grey values alone tell of drawn examinations: a control for everything that is claimed for their lesions.

Knows the phantoms and the figures about predictions, no network. If a logistic regression on histograms tells the findings, a
network may have learned how much of an image is bright and not what a lesion looks like; a map that lies on the lesion would
then be luck.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from app.evaluation.predictions import Interval, auroc, auroc_interval
from app.phantoms import knee

BINS = 48
"""Equal steps between a stack's 0.5th and 99.5th percentile."""
FOLDS = 5
PENALTIES = (0.003, 0.03, 0.3, 3.0)
"""Of the squared weights, per examination; the one that tells most is what is told."""
BOUND = 0.65
"""The AUROC that the control may not reach on any finding."""
SIZE = 128
"""Pixels of a slice's side, as the network reads it."""
FIRST = 900_000
"""The first of the control's seeds: none that a network is trained on."""


@dataclass(frozen=True, slots=True)
class Told:
    """How well histograms tell one finding: AUROC with its 95% interval, over examinations that the fit had not seen."""

    finding: str
    interval: Interval


def features(exam: knee.KneePhantom) -> NDArray[np.float32]:
    """The histograms of an examination's three stacks, each of shares that sum to 1: float32 (3 · `BINS`,)."""
    rows = []
    for stack in exam.stacks:
        low, high = np.percentile(stack.pixels, (0.5, 99.5))
        place = np.clip((stack.pixels - low) / max(high - low, 1e-6), 0, 1) * (BINS - 1e-3)
        rows.append(np.bincount(place.astype(np.intp).ravel(), minlength=BINS) / stack.pixels.size)
    return np.concatenate(rows).astype(np.float32)


def drawn(count: int, size: int, say: Callable[[str], object]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Histograms (n, features) and labels (n, findings) of ``count`` examinations."""
    rows, labels = [], []
    for number in range(count):
        exam = knee.draw(FIRST + number, size=size)
        rows.append(features(exam))
        labels.append([finding in exam.findings for finding in knee.FINDINGS])
        if (number + 1) % 100 == 0:
            say(f"{number + 1} of {count} examinations drawn")
    return np.array(rows), np.array(labels)


def logistic(rows: NDArray[np.float64], truth: NDArray[np.bool_], penalty: float) -> NDArray[np.float64]:
    """Weights (features + 1, the constant last) of a logistic regression with a ridge ``penalty`` per row."""
    table = np.column_stack([rows, np.ones(len(rows))])
    sign = np.where(truth, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (table @ weights)
        slope = -(sign * expit(-margin)) @ table / len(rows)
        held = np.append(weights[:-1], 0.0)
        return float(np.logaddexp(0, -margin).mean() + penalty / 2 * held @ held), slope + penalty * held

    return np.asarray(minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x, float)


def control(rows: NDArray[np.float32], labels: NDArray[np.bool_]) -> list[Told]:
    """Fit on four fifths of the examinations, score the last fifth, five times over; one `Told` a finding."""
    folds = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    told = []
    for finding, truth in zip(knee.FINDINGS, labels.T, strict=True):
        tries = [_scores(rows, truth, folds, penalty) for penalty in PENALTIES]
        best = max(tries, key=lambda scores: auroc(scores, truth))
        told.append(Told(finding, auroc_interval(best, truth, np.arange(len(truth)))))
    return told


def _scores(
    rows: NDArray[np.float32], truth: NDArray[np.bool_], folds: NDArray[np.intp], penalty: float
) -> NDArray[np.float64]:
    """Every examination's score by the fit that had not seen it, as its rank among its fold's."""
    scores = np.zeros(len(rows))
    for fold in range(FOLDS):
        held = folds == fold
        seen = np.log(rows[~held] + 1e-4).astype(float)
        mean, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-6)
        weights = logistic((seen - mean) / spread, truth[~held], penalty)
        new = (np.log(rows[held] + 1e-4) - mean) / spread
        scores[held] = np.column_stack([new, np.ones(held.sum())]) @ weights
    return scores


def lines(told: Iterable[Told]) -> Iterable[str]:
    """What the command prints: a line a finding."""
    for each in told:
        at = each.interval
        verdict = "below" if at.value < BOUND else "NOT BELOW"
        yield (
            f"{each.finding}: AUROC {at.value:.3f} [{at.low:.3f}, {at.high:.3f}] on {at.positives + at.negatives} examinations "
            f"({at.positives} with it), {verdict} {BOUND}"
        )
