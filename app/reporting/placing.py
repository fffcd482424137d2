"""What it is worth that a map lies where its cells look: the pointing game before and after, on the same maps.

Before: stretched over all that the network read, as libraries draw it. After: every cell in the middle of what it looks at
(`app.explainers.geometry`). The values are the same; only their place differs. Beside them the controls of `measuring`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app import explainers
from app.classifiers.classifier import Classifier
from app.evaluation import localisation
from app.evaluation.intervals import Mean, mean
from app.reporting import measuring
from app.reporting.cases import Case

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Told:
    """The hits of one source by row: (method, before or after), or (control, ""); and whose cases they are."""

    source: str
    hits: dict[tuple[str, str], list[float]]
    owners: list[str]


def measure(
    classifier: Classifier, cases: Sequence[Case], methods: Sequence[str], progress: Callable[[str], None]
) -> list[Told]:
    """The pointing game of every case: the methods in both ways, and the controls."""
    told: dict[str, Told] = {}
    rng = np.random.default_rng(0)
    prior = measuring.mean_boxes(cases)
    for index, case in enumerate(cases):
        own = told.setdefault(case.source, Told(case.source, {}, []))
        own.owners.append(case.owner)
        trace = explainers.record(classifier, case.series)
        for method in methods:
            (layer,) = measuring.explain(method, classifier, trace, [case.finding])
            stretched = replace(layer, extent=classifier.extent(case.series.images[0]))
            for way, one in ((BEFORE, stretched), (AFTER, layer)):
                own.hits.setdefault((method, way), []).append(measuring.pointing(one, case.truth))
        for control, heat in zip(measuring.CONTROLS, measuring.controls(case, index, prior, rng), strict=True):
            own.hits.setdefault((control, ""), []).append(localisation.pointing(heat, case.truth))
        if index % 20 == 19:
            progress(f"{index + 1} of {len(cases)} cases")
    return list(told.values())


def lines(told: Sequence[Told]) -> Iterator[str]:
    """The figures with their 95% intervals over patients, and after each method what its cells' places change, case by case."""
    for source in told:
        owners = np.array(source.owners)
        yield f"{source.source}: {len(owners)} cases of {len(set(source.owners))} owners"
        for (name, way), hits in source.hits.items():
            values = np.array(hits)
            yield f"  {name:14} {way:7} {_shown(mean(values, owners))}"
            if way == AFTER:
                change = values - np.array(source.hits[name, BEFORE])
                yield f"  {name:14} change  {_shown(mean(change, owners), signed=True)}"


def _shown(of: Mean, *, signed: bool = False) -> str:
    form = "+.3f" if signed else ".3f"
    return f"{of.value:{form}} [{of.low:{form}}, {of.high:{form}}]"
