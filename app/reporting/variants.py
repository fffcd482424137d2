"""Variants of a method side by side, on films with known truth: the figures that the choice of a default rests on.

Knows the explainers and the measures; what varies is its caller's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app import explainers
from app.classifiers.classifier import Classifier
from app.domain import Layer, Producer, frozen
from app.evaluation import agreement
from app.evaluation.intervals import Mean, mean, median
from app.explainers import twins
from app.explainers.base import Relevance
from app.explainers.trace import Trace
from app.reporting import measuring
from app.reporting.cases import Case
from app.reporting.kept import NOTHING, Kept, Value

Walk = Callable[[Trace, Sequence[int]], Relevance]
"""Maps of targets (positions in the network's logits) for one film."""
TOP = 0.05
"""The share of the layers, from the answer down, that randomisation draws anew."""
DRAWS = 5


@dataclass(frozen=True, slots=True)
class Variant:
    """``name`` as the table has it."""

    name: str
    walk: Walk = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """One figure of one variant, over the cases of one source."""

    source: str
    variant: str
    measure: str
    mean: Mean


def pointing(
    classifier: Classifier, cases: Sequence[Case], variants: Sequence[Variant], kept: Kept = NOTHING
) -> Iterator[Value]:
    """Where each map points, as it is and smoothed by half the stride of the network's explained layer; how alike the maps of
    all findings are, and how alike a map is to that of the last variant; what was lost and kept on the way."""
    for case in cases:
        yield from kept.take(f"pointed {case.name}", partial(_pointed, classifier, case, variants))


def _pointed(classifier: Classifier, case: Case, variants: Sequence[Variant]) -> Iterator[Value]:
    trace = explainers.record(classifier, case.series)
    target = classifier.card.findings.index(case.finding)
    sigma = trace.input.shape[-1] / trace.layer(classifier.card.explained_layer).shape[-1] / 2
    found = [variant.walk(trace, range(len(classifier.card.findings))) for variant in variants]
    against = _array(found[-1])[target]
    for variant, relevance in zip(variants, found, strict=True):
        maps = _array(relevance)
        own = maps[target]
        told = {
            "pointing": _hit(classifier, case, own),
            "pointing, smoothed": _hit(classifier, case, ndimage.gaussian_filter(own, sigma)),
            "between findings": agreement.between(maps),
            "like the last": agreement.spearman(own, against),
        }
        if relevance.total is not None:
            seed = abs(float(relevance.total[target, 0]))
            told["Σ|R| ÷ seed"] = float(np.abs(own).sum(dtype=np.float64)) / max(seed, 1e-12)
            if relevance.absorbed is not None:
                told["absorbed"] = float(relevance.absorbed[target, 0]) / max(seed, 1e-12)
        if relevance.conservation_error is not None:
            told["lost"] = float(relevance.conservation_error[target, 0])
        for name, value in told.items():
            yield Value(case.source, case.finding, case.owner, variant.name, name, value)


def randomised(
    classifier: Classifier, cases: Sequence[Case], variants: Sequence[Variant], kept: Kept = NOTHING
) -> Iterator[Value]:
    """Rank correlation of a map with that of the same network after its upper layers (`TOP`) were drawn anew, `DRAWS` times."""

    @cache
    def networks() -> list[Classifier]:
        return [twins.randomised(classifier, TOP, draw) for draw in range(DRAWS)]

    for case in cases:
        yield from kept.take(f"randomised {case.name}", partial(_random, classifier, case, variants, networks))


def _random(
    classifier: Classifier, case: Case, variants: Sequence[Variant], networks: Callable[[], Sequence[Classifier]]
) -> Iterator[Value]:
    target = classifier.card.findings.index(case.finding)
    before = explainers.record(classifier, case.series)
    found = [_array(variant.walk(before, [target]))[0] for variant in variants]
    for other in networks():
        trace = explainers.record(other, case.series)
        for variant, heat in zip(variants, found, strict=True):
            value = agreement.spearman(heat, _array(variant.walk(trace, [target]))[0])
            name = f"randomised {TOP:.0%}"
            yield Value(case.source, case.finding, case.owner, variant.name, name, 0.0 if np.isnan(value) else value)


def summarised(values: Sequence[Value]) -> list[Told]:
    """Means with intervals over owners; medians of what may be of any size."""
    groups: dict[tuple[str, str, str], list[Value]] = {}
    for value in values:
        groups.setdefault((value.source, value.method, value.measure), []).append(value)
    return [
        Told(
            *key,
            (median if key[2] in ("Σ|R| ÷ seed", "absorbed", "lost") else mean)(
                np.array([v.value for v in members]), np.array([v.owner for v in members])
            ),
        )
        for key, members in groups.items()
    ]


def lines(told: Sequence[Told], measures: Sequence[str]) -> Iterator[str]:
    """A table per source, for reading: a row per variant, a column per measure."""
    for source in dict.fromkeys(one.source for one in told):
        own = {(one.variant, one.measure): one.mean for one in told if one.source == source}
        count = next(mean.count for (_, measure), mean in own.items() if measure == measures[0])
        yield f"{source}, {count} films"
        table = [["", *measures]]
        for variant in dict.fromkeys(variant for variant, _ in own):
            table.append([variant, *(_shown(own.get((variant, measure))) for measure in measures)])
        wide = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        for row in table:
            yield "  " + "  ".join(f"{text:<{width}}" for text, width in zip(row, wide, strict=True)).rstrip()


def _shown(value: Mean | None) -> str:
    if value is None or np.isnan(value.value):
        return "–"
    return "{} [{}, {}]".format(*(f"{number:.3g}" if abs(number) >= 10 else f"{number:.3f}" for number in _three(value)))


def _three(value: Mean) -> tuple[float, float, float]:
    return value.value, value.low, value.high


def _array(relevance: Relevance) -> NDArray[np.float32]:
    """The film's maps, (targets, h, w)."""
    return relevance.maps[:, 0].detach().float().cpu().numpy()


def _hit(classifier: Classifier, case: Case, heat: NDArray[np.float32]) -> float:
    """The pointing game, as every report plays it."""
    image = classifier.held(case.series).images[0]
    values, lies = classifier.on_film(image, heat, classifier.frame(image))
    layer = Layer(
        stack=image.stack,
        kind="relevance",
        scale="signed",
        producer=Producer("method", "variant"),
        model=classifier.card.name,
        model_sha256=classifier.card.sha256,
        finding=case.finding,
        values=frozen(np.ascontiguousarray(values[None], np.float32)),
        extent=lies,
    )
    return measuring.pointing(layer, case.truth)
