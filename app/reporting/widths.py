"""How much narrower a heart becomes by what a generator makes of a film: the cardiothoracic ratio before and after, beside the
same change upside down. A ratio may fall for any change near a heart, so that alone proves nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.anatomy import Ratio
from app.classifiers.segmenter import Segmenter
from app.domain import Image, Window, frozen
from app.evaluation.intervals import mean
from app.evaluation.predictions import Interval

TOP = 65535
"""A film is stored in so many steps of grey."""

Planes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Widths:
    """By how much the ratio changes on films where it could be measured each time: by the ``edit``, and by the same change
    upside down, the ``control``."""

    edit: Interval
    control: Interval


def widths(segmenter: Segmenter, before: Planes, after: Planes, control: Planes, patients: NDArray[np.str_]) -> Widths:
    """Of films (n, S, S) in [0, 1] and of the patients (n,) whose they are; means with intervals over patients."""
    told = np.array([[ratio(segmenter, film) for film in three] for three in zip(before, after, control, strict=True)])
    told = told.reshape(-1, 3)
    known = np.isfinite(told).all(1)
    first, changed, other = told[known].T
    return Widths(*(_interval(now - first, patients[known]) for now in (changed, other)))


def ratio(segmenter: Segmenter, film: NDArray[np.float32]) -> float:
    """The cardiothoracic ratio on a film (S, S) in [0, 1]; NaN where it cannot be measured."""
    stored = frozen(np.rint(film * TOP).astype(np.uint16))
    image = Image("", 0, stored, slope=1 / TOP, windows=(Window(0.5, 1.0, "LINEAR_EXACT"),))
    found = segmenter.read(image).ratio
    return found.value if isinstance(found, Ratio) else float("nan")


def _interval(values: NDArray[np.float64], owners: NDArray[np.str_]) -> Interval:
    found = mean(values, owners)
    return Interval(found.value, found.low, found.high, len(values), 0)
