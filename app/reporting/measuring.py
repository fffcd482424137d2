"""Every method on every case: localisation beside controls, perturbation, sensitivity, randomisation, findings compared.

Knows the explainers, the classifiers and the measures; writes nothing.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app import explainers
from app.classifiers.classifier import Classifier
from app.domain import Extent, Image, Layer, Series, frozen
from app.errors import InputError
from app.evaluation import agreement, localisation, perturbation
from app.evaluation.intervals import Mean, crossed, mean, median
from app.explainers import twins
from app.explainers.trace import Trace
from app.grey import resample
from app.reporting.cases import Case
from app.reporting.kept import NOTHING, Kept, Value

MEDIANS = frozenset({"outside_inside"})
"""A ratio may be infinite, where nothing positive lies inside: its median is told, not its mean."""
CONTROLS = ("random map", "centre prior", "mean box")
ORDERS: dict[str, perturbation.Order] = {"negative_perturbation": "least", "positive_perturbation": "most"}
"""Measure → which pixels are removed first."""
NOISE = 0.02
"""Radius of the noise for max-sensitivity, as a share of the film's own range."""
RANDOMISED = "randomised_"
"""Begins the names of the measures of model randomisation."""
RANDOM_SHARES = (0.05, 0.25, 0.5, 0.75, 1.0)
"""Which shares of the layers are drawn anew, from the top down."""
RANDOM_DRAWS = 5
"""How many random networks a map is compared with: on one alone a method may stand anywhere."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one method (or control) over the cases of one source and finding ("all" for all findings)."""

    source: str
    finding: str
    method: str
    measure: str
    mean: Mean


def asked(method: str) -> tuple[str, dict[str, Any]]:
    """A method as it was asked for: its name, and parameters behind a colon, "lrp:composite=Epsilon,epsilon=0.01".

    NotFound for an unknown method, InputError for parameters that are none; a number is taken for a number.
    """
    name, _, rest = method.partition(":")
    explainers.describe(name)
    parameters: dict[str, Any] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError("“%(pair)s” is no parameter: write name=value.", {"pair": pair})
        parameters[key] = _read(value)
    explainers.load(name).with_parameters(parameters)
    return name, parameters


def _read(value: str) -> str | float | int:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def explain(method: str, classifier: Classifier, trace: Trace, findings: Sequence[str]) -> list[Layer]:
    """The layers of a method as it was asked for."""
    name, parameters = asked(method)
    return explainers.load(name).explain(classifier, trace, findings, **parameters)


def localise(
    classifier: Classifier,
    cases: Sequence[Case],
    methods: Sequence[str],
    progress: Callable[[str], None],
    kept: Kept = NOTHING,
) -> list[Value]:
    """Each localisation measure of each method and control on each case, on the image's own grid; pointing also at a scale that
    is common to all of them, ``pointing_common``."""
    values = []
    prior = mean_boxes(cases)
    for index, case in enumerate(cases):
        values += kept.take(f"localised {case.name}", partial(_localised, classifier, case, index, prior, methods))
        if index % 20 == 19:
            progress(f"{index + 1} of {len(cases)} cases localised")
    return values


def _localised(
    classifier: Classifier,
    case: Case,
    index: int,
    prior: dict[tuple[str, str], NDArray[np.float32]],
    methods: Sequence[str],
) -> Iterator[Value]:
    image = case.series.images[0]
    trace = explainers.record(classifier, case.series)
    maps: dict[str, tuple[NDArray[np.float32], float | None]] = {}
    for method in methods:
        (layer,) = explain(method, classifier, trace, [case.finding])
        maps[method] = (on_image(layer, image), pointing(layer, case.truth))
    # A random map of this case's own: it is the same when the cases before it were measured in another run.
    for control, heat in zip(CONTROLS, controls(case, index, prior, np.random.default_rng((0, index))), strict=True):
        maps[control] = (heat, None)
    sources = [case.source, f"{case.source}, called"] if called(trace, case.finding) else [case.source]
    scale = stride(trace, image)
    for method, (heat, hit) in maps.items():
        told = {name: measure(heat, case.truth) for name, measure in localisation.MEASURES.items()}
        told["pointing"] = told["pointing"] if hit is None else hit
        told[localisation.COMMON] = localisation.pointing(localisation.smoothed(heat, scale), case.truth)
        for name, value in told.items():
            yield from (Value(source, case.finding, case.owner, method, name, value) for source in sources)


def called(trace: Trace, finding: str) -> bool:
    """Whether the network calls the finding on the trace's first image, by its card's point; those cases are told apart: a map
    of what was not seen shows nothing."""
    score = trace.classifier.predictions(trace.logits, trace.series, 0.0)[0].score(finding)
    return score is not None and score.probability >= trace.classifier.card.point(finding)


def stride(trace: Trace, image: Image) -> float:
    """How far apart in an image's pixels the cells of the network's explained layer lie."""
    layer = trace.layer(trace.classifier.card.explained_layer)
    extent = trace.classifier.extent(image)
    return (extent.right - extent.left) / int(layer.shape[-1])


def on_image(layer: Layer, image: Image) -> NDArray[np.float32]:
    """A film's layer on its grid."""
    return resample(layer.values[0], layer.extent, image.stored.shape)


def on_input(layer: Layer, classifier: Classifier, image: Image) -> NDArray[np.float32]:
    """A film's layer on the grid of what the network read."""
    return classifier.on_input(image, layer.values[0], layer.extent)


def pointing(layer: Layer, truth: NDArray[np.bool_]) -> float:
    """The pointing game at the map's own resolution: where it is highest, by `localisation.peak`."""
    heat, extent = layer.values[0], layer.extent
    found = localisation.peak(heat)
    if found is None:
        return 0.0
    row = math.floor(extent.top + (found[0] + 0.5) * (extent.bottom - extent.top) / heat.shape[0])
    column = math.floor(extent.left + (found[1] + 0.5) * (extent.right - extent.left) / heat.shape[1])
    inside = 0 <= row < truth.shape[0] and 0 <= column < truth.shape[1]
    return float(inside and truth[row, column])


def mean_boxes(cases: Sequence[Case], side: int = 64) -> dict[tuple[str, str], NDArray[np.float32]]:
    """Per source and finding, the truths of all cases summed on a common grid, for the leave-one-out control."""
    sums: dict[tuple[str, str], NDArray[np.float32]] = {}
    for case in cases:
        key = (case.source, case.finding)
        sums[key] = sums.get(key, np.zeros((side, side), np.float32)) + common(case.truth, side)
    return sums


def common(truth: NDArray[np.bool_], side: int) -> NDArray[np.float32]:
    """A truth region on a common grid, (side, side)."""
    return resample(truth.astype(np.float32), Extent(0, 0, side, side), (side, side))


def controls(
    case: Case, index: int, prior: dict[tuple[str, str], NDArray[np.float32]], rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    """A random map, the centre prior, and where this finding lies in the other cases (leave-one-out mean of their truths)."""
    rows, columns = case.truth.shape
    others = prior[case.source, case.finding] - common(case.truth, 64)
    others = others / max(float(others.max()), 1e-6)
    tilt = 1e-3 * np.random.default_rng(index).random(others.shape).astype(np.float32)  # a tie points nowhere; break it
    box = resample(np.where(others > 0, others + tilt, 0).astype(np.float32), Extent(0, 0, columns, rows), (rows, columns))
    return localisation.random_map((rows, columns), rng), localisation.centre_prior((rows, columns)), box


def perturb(classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], kept: Kept = NOTHING) -> list[Value]:
    """The perturbation curves of the finding's probability and the area under each: least and most relevant pixels first.

    The points of a curve are measures of their own, ``negative_perturbation_at_0.10`` with a tenth of the pixels removed.
    """
    return [
        value
        for index, case in enumerate(cases)
        for value in kept.take(f"perturbed {case.name}", partial(_perturbed, classifier, case, index, methods))
    ]


def _perturbed(classifier: Classifier, case: Case, index: int, methods: Sequence[str]) -> Iterator[Value]:
    size = classifier.card.input_size
    film = classifier.planes(case.series)[0, 0].cpu().numpy()
    trace = explainers.record(classifier, case.series)
    answer = probability_of(classifier, case.finding)
    layers = {method: explain(method, classifier, trace, [case.finding])[0] for method in methods}
    maps = {method: on_input(layer, classifier, case.series.images[0]) for method, layer in layers.items()}
    maps["random map"] = localisation.random_map((size, size), np.random.default_rng((1, index)))
    maps["centre prior"] = localisation.centre_prior((size, size))
    for method, heat in maps.items():
        for name, first in ORDERS.items():
            drawn = perturbation.curve(film, heat, answer, first)
            yield Value(case.source, case.finding, case.owner, method, name, drawn.area)
            for share, probability in zip(drawn.removed, drawn.answers, strict=True):
                yield Value(case.source, "all", case.owner, method, f"{name}_at_{share:.2f}", probability)


def probability_of(classifier: Classifier, finding: str) -> perturbation.Answer:
    """Grey planes (n, size, size) in the card's scale → the finding's calibrated probability (n,)."""
    target = classifier.card.findings.index(finding)

    @torch.inference_mode()
    def answer(films: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = classifier.channels(torch.from_numpy(films)[:, None].to(classifier.device))
        probabilities = classifier.probabilities(classifier.network(batch).float().cpu())
        return np.asarray(probabilities[:, target].numpy(), np.float32)

    return answer


def sensitivity(classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], kept: Kept = NOTHING) -> list[Value]:
    """Max-sensitivity (Yeh 2019): the largest relative change of a map under noise of `NOISE` of the film's range."""
    return [
        value for case in cases for value in kept.take(f"noisy {case.name}", partial(_sensitive, classifier, case, methods))
    ]


def _sensitive(classifier: Classifier, case: Case, methods: Sequence[str], draws: int = 4) -> Iterator[Value]:
    rng = np.random.default_rng(int(np.abs(case.truth.sum())))
    films = [case.series, *(noisy(case.series, rng) for _ in range(draws))]
    traces = [explainers.record(classifier, film) for film in films]
    for method in methods:
        maps = [explain(method, classifier, trace, [case.finding])[0].values[0] for trace in traces]
        worst = max(agreement.relative_change(maps[0], changed) for changed in maps[1:])
        yield Value(case.source, case.finding, case.owner, method, "max_sensitivity", worst)


def noisy(series: Series, rng: np.random.Generator) -> Series:
    """The same series with uniform noise of `NOISE` of its range."""
    image = series.images[0]
    low, high = int(image.stored.min()), int(image.stored.max())
    noise = rng.uniform(-NOISE, NOISE, image.stored.shape) * (high - low)
    changed = np.clip(np.rint(image.stored + noise), low, high)
    stored = frozen(changed.astype(np.int16)) if image.stored.dtype == np.int16 else frozen(changed.astype(np.uint16))
    return replace(series, images=(replace(image, stored=stored),))


def between_findings(
    classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], kept: Kept = NOTHING
) -> list[Value]:
    """Mean rank correlation of a method's maps for different findings of one film."""
    return [
        value for case in cases for value in kept.take(f"between {case.name}", partial(_between, classifier, case, methods))
    ]


def _between(classifier: Classifier, case: Case, methods: Sequence[str]) -> Iterator[Value]:
    trace = explainers.record(classifier, case.series)
    for method in methods:
        maps = np.concatenate([layer.values for layer in explain(method, classifier, trace, classifier.card.findings)])
        yield Value(case.source, "all", case.owner, method, "between_findings", agreement.between(maps))


def randomisation(classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], kept: Kept = NOTHING) -> list[Value]:
    """Model randomisation (Adebayo 2018): weights drawn anew from the top down; rank correlation with the map before, for
    several random networks (`RANDOM_DRAWS`).

    The measure's name carries the share of the network's layers that are random: ``randomised_100`` is all of them.
    """
    which = " ".join(case.name for case in cases)
    return [
        value
        for draw in range(RANDOM_DRAWS)
        for value in kept.take(f"randomised {draw}: {which}", partial(_randomised, classifier, cases, methods, draw))
    ]


def _randomised(classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], draw: int) -> Iterator[Value]:
    originals = maps_of(classifier, cases, methods)
    for percent, twin in twins.steps(classifier, RANDOM_SHARES, draw):
        for key, heat in maps_of(twin, cases, methods).items():
            case, method = cases[key[0]], key[1]
            alike = agreement.spearman(originals[key], heat)
            value = 0.0 if np.isnan(alike) else alike
            yield Value(case.source, "all", case.owner, method, f"{RANDOMISED}{percent}", value, draw)


def maps_of(
    classifier: Classifier, cases: Sequence[Case], methods: Sequence[str]
) -> dict[tuple[int, str], NDArray[np.float32]]:
    """The native map per case and method."""
    maps = {}
    for index, case in enumerate(cases):
        trace: Trace = explainers.record(classifier, case.series)
        for method in methods:
            maps[index, method] = explain(method, classifier, trace, [case.finding])[0].values[0]
    return maps


def summarise(values: Iterable[Value]) -> list[Row]:
    """Means (ratios: medians) with intervals over owners, and of what random networks did over those too, per source and
    finding, and over all findings of a source."""
    groups: dict[tuple[str, str, str, str], list[Value]] = {}
    for value in values:
        for finding in {value.finding, "all"}:
            groups.setdefault((value.source, finding, value.method, value.measure), []).append(value)
    return [Row(*key, _mean(key[3], members)) for key, members in sorted(groups.items())]


def _mean(measure: str, members: Sequence[Value]) -> Mean:
    figures, owners = np.array([v.value for v in members]), np.array([v.owner for v in members])
    if measure.startswith(RANDOMISED):
        return crossed(figures, owners, np.array([v.draw for v in members]))
    return (median if measure in MEDIANS else mean)(figures, owners)
