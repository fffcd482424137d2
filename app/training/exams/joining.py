"""Logistic regression over planes: what an exam's answer is, from what its planes say, for every set of planes there may be."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.domain import READ_PLANES, Plane

RIDGE = 0.01
"""How strongly weights are held back, per exam: without it, exams that can be told apart entirely have no finite answer."""
STEPS = 50


def joins(logits: Mapping[Plane, NDArray[np.float32]], labels: NDArray[np.float32]) -> list[dict[str, object]]:
    """Rows of a card's ``[[joins]]`` from exams' logits (n, findings) by plane and labels (n, findings)."""
    planes = [plane for plane in READ_PLANES if plane in logits]
    rows = []
    for count in range(len(planes), 0, -1):
        for chosen in combinations(planes, count):
            fitted = [
                logistic(np.stack([logits[plane][:, f] for plane in chosen], 1), labels[:, f] == 1)
                for f in range(labels.shape[1])
            ]
            rows.append(
                {
                    "planes": list(chosen),
                    "weights": [[round(float(w), 5) for w in weights] for weights, _ in fitted],
                    "bias": [round(bias, 5) for _, bias in fitted],
                }
            )
    return rows


def joined(row: Mapping[str, object], logits: Mapping[Plane, NDArray[np.float32]]) -> NDArray[np.float64]:
    """The exams' logits (n, findings) by one of the rows."""
    stacked = np.stack([logits[plane] for plane in row["planes"]], 2).astype(np.float64)  # type: ignore[attr-defined]
    out: NDArray[np.float64] = np.einsum("nfp,fp->nf", stacked, np.array(row["weights"])) + np.array(row["bias"])
    return out


def logistic(x: NDArray[np.floating], y: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights (k,) ≥ 0 and bias of a ridge logistic regression of ``y`` (n,) on ``x`` (n, k).

    A plane that sees a finding cannot speak against it: where the fit wants a weight below zero, the plane knows nothing of the
    finding, and it is left out. Where all of ``y`` is the same: the mean of ``x``, without a bias.
    """
    if y.all() or not y.any():
        return np.full(x.shape[1], 1 / x.shape[1]), 0.0
    kept = np.arange(x.shape[1])
    while len(kept):
        weights, bias = _fit(x[:, kept], y)
        if (weights >= 0).all():
            whole = np.zeros(x.shape[1])
            whole[kept] = weights
            return whole, bias
        kept = np.delete(kept, int(np.argmin(weights)))
    share = float(np.mean(y))
    return np.zeros(x.shape[1]), float(np.log(share / (1 - share)))


def _fit(x: NDArray[np.floating], y: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """By Newton's method, weights of any sign."""
    centre, spread = x.mean(0), np.maximum(x.std(0), 1e-6)
    design = np.column_stack([(x - centre) / spread, np.ones(len(x))]).astype(np.float64)
    ridge = np.diag([RIDGE * len(x)] * x.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (p - y) + ridge @ beta
        hessian = (design * (p * (1 - p) + 1e-9)[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    weights = beta[:-1] / spread
    return weights, float(beta[-1] - weights @ centre)
