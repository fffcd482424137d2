"""`models calibrate`: a network's probabilities fitted anew on validation patients, and all that its card says of them.

Platt scaling (1999) per finding, on films as the product reads them, every source with the same weight: which of them the films
of a hospital are like is not known. The intercept goes into the last layer's bias, which no explainer uses, the slope onto the
card as a temperature; films are ranked as before. Figures, calibration and operating points are then told of the test part, on
which nothing is fitted.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from app.adoption import points
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.domain import HALF
from app.errors import InputError
from app.evaluation.predictions import platt
from app.training import cards, measuring

NEAR = 1e-9
"""Probabilities nearer to 0 or 1 than this are taken for this far off."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came out, per finding: ``shifts`` to add to the logits, ``temperatures`` that divide them then; and what that does:
    figures and calibration per source, and the points that are called from."""

    shifts: NDArray[np.float64]
    temperatures: list[float]
    measured: measuring.Measured
    points: measuring.Points


def fitted(classifier: Classifier, data: Path, say: points.Say, kept: Path | None = None) -> Fitted:
    """Fit and measure. InputError where the network was fitted to none of our collections, or where its last layer has no bias
    or its probabilities are moved once more afterwards, as those of networks from elsewhere are."""
    card = classifier.card
    if not isinstance(getattr(classifier.network, "head", None), nn.Linear) or set(card.operating_points) - {HALF}:
        raise InputError("“%(name)s” has no last layer whose probabilities could be fitted anew.", {"name": card.name})
    heard = points.heard(classifier, data, say, kept)
    logits = logit(heard.said) * np.asarray(card.temperature)
    validation = heard.parts == "validation"
    known = ~np.isnan(heard.labels[validation])
    sources = sorted(set(heard.sources.tolist()))
    weights = points.evenly(known, [heard.sources[validation] == source for source in sources])
    shifts, temperatures = np.zeros(len(card.findings)), list(card.temperature)
    for place in range(len(card.findings)):
        there = known[:, place]
        truth = heard.labels[validation][there, place] == 1
        if truth.any() and not truth.all():
            slope, intercept = platt(logits[validation][there, place], truth, weights[there, place])
            shifts[place], temperatures[place] = intercept / slope, round(1 / slope, 5)
    logits = logits + shifts
    measured = measuring.Measured()
    for source in sources:
        mine = (heard.parts == "test") & (heard.sources == source)
        published = None if np.isnan(heard.published[mine]).all() else heard.published[mine]
        answers = measuring.Answers(source, logits[mine], heard.labels[mine], heard.patients[mine], published)
        measured += measuring.measure(answers, temperatures, card.findings)
        opacities = measuring.opacities(answers, heard.opacity[mine], card.findings)
        if opacities is not None:
            measured += measuring.figures(opacities, card.findings, 1000)
    said = 1 / (1 + np.exp(-logits / np.asarray(temperatures)))
    return Fitted(shifts, temperatures, measured, points.chosen(card, heard.answered(said)))


def logit(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log odds of probabilities."""
    p = np.clip(probabilities, NEAR, 1 - NEAR)
    return np.asarray(np.log(p / (1 - p)), np.float64)


def write(classifier: Classifier, found: Fitted) -> None:
    """Write the weights with their new bias, the card and its curves; what else the card says stays."""
    card, network = classifier.card, classifier.network
    head: Any = network.head
    with torch.no_grad():
        head.bias += torch.from_numpy(found.shifts).to(head.bias)
    raw = tomllib.loads((card.folder / "card.toml").read_text(encoding="utf-8"))
    tables = {key: value for key, value in raw.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    entries = {key: value for key, value in raw.items() if key not in tables and key != "sha256"}
    tables |= {
        "figures": found.measured.figures,
        "calibration": found.measured.calibration,
        "operating": found.points.rows,
    }
    cards.write(card.folder, network, entries | {"temperature": found.temperatures}, tables)
    cards.curves(card.folder, found.measured.roc, found.measured.reliability, found.points.curves)


def told(card: Card, found: Fitted) -> Iterator[str]:
    """What came out, as lines."""
    for finding, shift, before, after in zip(card.findings, found.shifts, card.temperature, found.temperatures, strict=True):
        yield f"{finding:20} logits {shift:+.3f}, divided by {after:.3f} in place of {before:.3f}"
    yield from measuring.told(found.measured)
    yield from points.told(found.points)
