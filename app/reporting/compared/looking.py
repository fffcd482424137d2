"""Whether attention lies where a finding lies: gates, crops and glimpses, each beside what knows nothing.

Only cases with a known place that the network calls count: where it looked when it was right. Knows cases, networks and their
attention.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app import explainers
from app.classifiers.attending import Begins
from app.classifiers.attending.gated import CompactGated
from app.classifiers.attending.glimpsed import GlimpseNetwork
from app.classifiers.attending.guided import CompactGuided
from app.classifiers.classifier import Classifier
from app.classifiers.networks import build
from app.domain import Extent, Image, Layer
from app.domain.looking import frame_in, path_in
from app.evaluation.intervals import Mean, mean
from app.grey import resample
from app.reporting.cases import Case
from app.reporting.measuring import called

Truth = NDArray[np.bool_]
HELD = 0.9
"""A crop holds a finding when so much of it lies inside."""


@dataclass(frozen=True, slots=True)
class Look:
    """One figure of a network's attention: what was measured of which ``map`` (a control among them), of ``finding`` or all."""

    map: str
    finding: str
    measure: str
    value: Mean


def looks(network: Classifier, cases: Sequence[Case]) -> list[Look]:
    """The figures that fit a network's kind of attention, per finding and over all; [] for a network without any."""
    kinds = ((CompactGated, _gates), (CompactGuided, _crops), (GlimpseNetwork, _ends))
    measure = next((one for kind, one in kinds if isinstance(network.network, kind)), None)
    if measure is None:
        return []
    values: list[tuple[str, str, str, float, str]] = []
    for index, case in enumerate(cases):
        trace = explainers.record(network, case.series)
        if called(trace, case.finding):
            rng = np.random.default_rng((0, index))
            values += [(name, case.finding, told, value, case.owner) for name, told, value in measure(network, case, rng)]
    found = []
    for name, told in dict.fromkeys((name, told) for name, _, told, _, _ in values):
        mine = [(finding, value, owner) for each, finding, what, value, owner in values if (each, what) == (name, told)]
        for finding in ("all", *dict.fromkeys(one[0] for one in mine)):
            own = [(value, owner) for each, value, owner in mine if finding in ("all", each)]
            numbers, owners = np.array([one[0] for one in own]), np.array([one[1] for one in own])
            found.append(Look(name, finding, told, mean(numbers, owners)))
    return found


def _gates(network: Classifier, case: Case, _rng: np.random.Generator) -> Iterator[tuple[str, str, float]]:
    """The share of α's mass in the finding over the finding's share of the film; beside it the gates before training."""
    for title, reader in (("", network), ("untrained ", untrained(network))):
        for method in ("gate_fine", "gate_coarse"):
            yield title + method, "mass over area", enrichment(_layer(method, reader, case), case.series.images[0], case.truth)


def enrichment(layer: Layer, image: Image, truth: Truth) -> float:
    """How many times as much of a map's mass lies in the truth as of an even one's."""
    heat = np.maximum(resample(layer.values[0], layer.extent, image.stored.shape), 0)
    total = float(heat.sum(dtype=np.float64))
    return float(heat[truth].sum(dtype=np.float64)) / total / float(truth.mean()) if total > 0 else float("nan")


def untrained(network: Classifier) -> Classifier:
    """The same network with gates as they are before training: its trunk as it stands, its gates drawn anew."""
    card = network.card
    torch.manual_seed(0)
    fresh = build(card.architecture, len(card.findings), card.parameters)
    assert isinstance(fresh, Begins)  # noqa: S101 - it is of the architecture of a network with gates
    own = network.network.state_dict()
    fresh.load_state_dict({name: value for name, value in own.items() if ".gates." not in name}, strict=False)
    return Classifier(card, fresh.eval(), network.device)


def _crops(network: Classifier, case: Case, rng: np.random.Generator) -> Iterator[tuple[str, str, float]]:
    """Whether the crop holds the finding; beside it crops of the same size anywhere and in the middle."""
    image = case.series.images[0]
    frame = frame_in(_layer("heat", network, case).figures)
    if frame is None:
        return
    wide, high = frame.right - frame.left, frame.bottom - frame.top
    square = network.frame(image)
    left = float(rng.uniform(square.left, max(square.left, square.right - wide)))
    top = float(rng.uniform(square.top, max(square.top, square.bottom - high)))
    across, down = (square.left + square.right) / 2, (square.top + square.bottom) / 2
    frames = {
        "crop": frame,
        "random crop": Extent(left, top, left + wide, top + high),
        "middle crop": Extent(across - wide / 2, down - high / 2, across + wide / 2, down + high / 2),
    }
    for name, one in frames.items():
        yield name, "holds the finding", float(held(one, case.truth) >= HELD)
    yield "crop", "share of the film", wide * high / ((square.right - square.left) * (square.bottom - square.top))


def held(frame: Extent, truth: Truth) -> float:
    """Which share of a region lies inside a rectangle, both in pixels of the image."""
    rows, columns = np.nonzero(truth)
    inside = (columns + 0.5 > frame.left) & (columns + 0.5 < frame.right)
    inside &= (rows + 0.5 > frame.top) & (rows + 0.5 < frame.bottom)
    return float(inside.mean()) if len(rows) else float("nan")


def _ends(network: Classifier, case: Case, rng: np.random.Generator) -> Iterator[tuple[str, str, float]]:
    """Whether the last sharp window, and any, touches the finding; beside them a window anywhere and one in the middle."""
    image = case.series.images[0]
    path = path_in(_layer("glimpses", network, case).figures)
    if path is None:
        return
    half, square = path.fine / 2, network.frame(image)
    at = [(one.x, one.y) for one in path.glimpses]
    windows = {
        "last glimpse": [at[-1]],
        "any glimpse": at,
        "random window": [(float(rng.uniform(square.left, square.right)), float(rng.uniform(square.top, square.bottom)))],
        "middle window": [((square.left + square.right) / 2, (square.top + square.bottom) / 2)],
    }
    for name, places in windows.items():
        frames = [Extent(x - half, y - half, x + half, y + half) for x, y in places]
        yield name, "on the finding", float(any(held(one, case.truth) > 0 for one in frames))


def _layer(method: str, network: Classifier, case: Case) -> Layer:
    (layer,) = explainers.load(method).explain(network, explainers.record(network, case.series), [case.finding])
    return layer
