"""Perturbation curves: remove pixels in a map's order and watch the answer (Samek 2017; RAP paper).

The network comes in as a function from films to answers, so this module knows arrays only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Order = Literal["least", "most"]
Answer = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Films float32 (n, height, width) → one logit or probability per film (n,)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The answer after each share of removed pixels."""

    removed: tuple[float, ...]
    answers: tuple[float, ...]

    @property
    def area(self) -> float:
        """Area under the curve by the trapezoid rule over the removed share, divided by the share's range: a mean answer."""
        x, y = np.array(self.removed), np.array(self.answers)
        return float(np.sum((y[1:] + y[:-1]) / 2 * np.diff(x)) / (x[-1] - x[0]))


def curve(
    film: NDArray[np.float32],
    heat: NDArray[np.float32],
    answer: Answer,
    first: Order,
    *,
    removed: tuple[float, ...] = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    fill: float | None = None,
) -> Curve:
    """Follow the answer while pixels are removed, the least relevant first (negative perturbation) or the most (deletion).

    ``film`` and ``heat`` are (height, width) of the network's input. A removed pixel becomes ``fill``, by default the
    film's mean. Least first: a flatter curve (larger area) is better; most first: a smaller area. Ties go by position.
    """
    order = np.argsort(heat.ravel() if first == "least" else -heat.ravel(), kind="stable")
    value = float(film.mean()) if fill is None else fill
    films = np.repeat(film[None], len(removed), 0)
    for index, share in enumerate(removed):
        films[index].reshape(-1)[order[: round(share * order.size)]] = value
    return Curve(removed, tuple(float(a) for a in answer(films)))
