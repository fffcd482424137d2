"""Whether the attention of an exam's network lies where a finding lies: how much the slices that hold it weigh, and how much of
α lies on it within them, each beside what knows nothing. Knows drawn exams, networks and their attention.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app import explainers
from app.classifiers.attending import attends
from app.classifiers.classifier import Classifier
from app.domain import Part, Series
from app.reporting.compared.looking import enrichment, untrained

GATES = ("gate_fine", "gate_coarse")


def looks(reader: Classifier, series: Series, mask: NDArray[np.bool_], finding: str, said: Part) -> Iterator[tuple[str, float]]:
    """Names and values for one plane of an exam that has the finding and is called: ``mask`` (slices, rows, columns) is where
    it was drawn, ``said`` what the plane was told. Nothing for a network without attention or a plane that shows nothing of it.

    "slices": their weight on slices that hold the finding, beside it what equal weights would give. "gate": over these slices,
    the mean of how many times as much of α's mass lies on the finding as of an even map's; beside it gates before training.
    """
    holding: NDArray[np.bool_] = np.asarray(mask.any((1, 2)))
    weights, plane = said.weights_of(finding), said.plane
    if not attends(reader.network) or not holding.any() or not weights:
        return
    yield f"slices, {plane}", float(np.array(weights)[holding].sum())
    yield f"slices alike, {plane}", float(holding.mean())
    for title, network in (("", reader), ("untrained ", untrained(reader))):
        trace = explainers.record(network, series)
        for method in GATES:
            layers = explainers.load(method).explain(network, trace, [finding])
            each = [
                enrichment(layer, series.images[place], mask[place])
                for place, layer in enumerate(layers)
                if holding[place] and layer.state == "ok"
            ]
            if each:
                yield f"{title}{method}, {plane}", float(np.mean(each))
