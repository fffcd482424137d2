"""How alike two maps are: rank correlation between methods, between findings, and between a network and its randomised twin."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two maps of one shape, ties averaged; NaN when one of them is constant."""
    x, y = (rankdata(value.ravel()) for value in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


def between(maps: NDArray[np.float32]) -> float:
    """Mean rank correlation over all pairs of maps (n, height, width), e.g. of one method for n findings of one film.

    Near 1 the method draws the same map whatever it is asked: it explains the film, not the finding. NaN below two maps.
    """
    ranked = np.stack([rankdata(value.ravel()) for value in maps])
    ranked -= ranked.mean(1, keepdims=True)
    norms = np.linalg.norm(ranked, axis=1)
    ranked = ranked[norms > 0] / norms[norms > 0, None]
    if len(ranked) < 2:
        return float("nan")
    table = ranked @ ranked.T
    return float(table[np.triu_indices(len(ranked), 1)].mean())


def relative_change(before: NDArray[np.floating], after: NDArray[np.floating]) -> float:
    """‖after − before‖ ÷ ‖before‖, whose maximum over small noise is max-sensitivity (Yeh 2019); inf from a zero map."""
    norm = float(np.linalg.norm(before))
    change = float(np.linalg.norm(after - before))
    if norm == 0:
        return float("inf") if change > 0 else 0.0
    return change / norm
