"""What the sign is worth that a map looks elsewhere: on drawn films, by networks whose reasons are known.

The network of drawn films learns anew that one finding goes with a marker on the film's border: what it calls then, it calls
for the marker. The network as it ships, on films that show a finding (half of them with the marker too), calls for the finding.
Figures are of seeds that chose no bound.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from app import explainers
from app.anatomy.evidence import Bound, odd
from app.anatomy.signs import BOUNDS
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.domain import Evidence, Image, Series, Window, frozen
from app.evaluation.intervals import wilson
from app.phantoms import chest, laid
from app.reading.lying import Lie
from app.reading.running import recorded

GOOD, PLANTED = "chest-phantom", "Pneumothorax"
"""The network that is taught the marker, and the finding that goes with it then."""
LEARNED_ON, CHOSEN_ON, MEASURED_ON = 9_200_000, 9_400_000, 9_600_000
"""The first seeds of the films that the marker is learned from, that bounds are chosen on, and that figures are of."""
FILMS, EPOCHS, BATCH, RATE = 400, 4, 16, 2e-3
SIZE = 256
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """One call: of which finding, and where the evidence of each method's map lies."""

    finding: str
    evidence: dict[str, Evidence]


def marked(pixels: NDArray[np.uint16], seed: int) -> NDArray[np.uint16]:
    """A film (size, size) with a ring and a letter of lead on its border, where markers lie."""
    plate = laid.marker(seed, len(pixels))
    return np.asarray(np.rint(pixels * (1 - plate) + 0.95 * 4095 * plate), np.uint16)


def series_of(pixels: NDArray[np.uint16], seed: int) -> Series:
    """A drawn film as a series of one image."""
    image = Image(f"2.25.{seed}", 0, frozen(pixels), windows=(Window(2048, 4096),))
    return Series(f"2.25.{seed}", "DX", (image,), "CHEST", "PA")


def taught(classifier: Classifier, say: Say, films: int = FILMS, epochs: int = EPOCHS) -> Classifier:
    """A copy of a network of drawn films for which one finding goes with the marker, whatever the film shows."""
    torch.manual_seed(0)
    findings = classifier.card.findings
    planes, targets = [], torch.zeros(films, len(findings))
    for at in range(films):
        film = chest.sample(LEARNED_ON + at, classifier.card.input_size)
        pixels = marked(film.pixels, film.seed) if at % 2 else film.pixels
        planes.append(classifier.planes(series_of(pixels, film.seed)))
        targets[at] = torch.tensor([float(finding in film.labels) for finding in findings])
        targets[at, findings.index(PLANTED)] = float(at % 2)
    inputs = classifier.channels(torch.cat(planes))
    network = copy.deepcopy(classifier.network).train().requires_grad_(True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.split(torch.randperm(films), BATCH):
            loss = F.binary_cross_entropy_with_logits(network(inputs[batch]), targets[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach()) * len(batch) / films
        say(f"epoch {epoch + 1} of {epochs}: {total:.3f}")
    return replace(classifier, network=network.eval())


def hits(loaded: Loaded, network: Classifier, methods: Sequence[str], seeds: range, *, planted: bool) -> list[Hit]:
    """The calls of a network on drawn films: with ``planted`` on films with the marker and without the finding that goes with
    it; else on films that show one finding, every second of them with the marker too."""
    found = []
    for seed in seeds:
        finding = PLANTED if planted else network.card.findings[seed % len(network.card.findings)]
        film = chest.draw(seed, () if planted else (finding,), False, SIZE)
        pixels = marked(film.pixels, seed) if planted or seed % 2 else film.pixels
        told = _called(loaded, network, series_of(pixels, seed), finding, methods)
        if told is not None:
            found.append(told)
    return found


def _called(loaded: Loaded, network: Classifier, series: Series, finding: str, methods: Sequence[str]) -> Hit | None:
    lie = Lie.of(loaded, network.card, series.images[0])
    network, trace = recorded(network, lie.told(series) if lie else series)
    (answer,) = network.predictions(trace.logits, series, 0.0)
    score = answer.score(finding)
    if lie is None or score is None or score.probability < network.card.point(finding):
        return None
    layers = (explainers.load(method).explain(network, trace, (finding,))[0] for method in methods)
    tables = {layer.method: lie.weighed(layer).evidence for layer in layers}
    return Hit(finding, {method: table for method, table in tables.items() if table is not None})


def fires(found: Sequence[Hit], method: str, bounds: Sequence[Bound] = BOUNDS) -> tuple[int, int]:
    """On how many of these calls the sign stands under a method's map, and of how many."""
    told = [one.evidence[method] for one in found if method in one.evidence]
    return sum(odd(evidence, bounds) is not None for evidence in told), len(told)


def lines(wrong: Sequence[Hit], right: Sequence[Hit], methods: Sequence[str]) -> Iterator[str]:
    """Sensitivity, false signs and precision (both kinds of calls equally many) per method, with 95% intervals."""
    for method in methods:
        (caught, of), (false, good) = fires(wrong, method), fires(right, method)
        if not of or not good:
            continue
        one, other = caught / of, false / good
        precision = one / (one + other) if one + other else float("nan")
        (low, high), (least, most) = wilson(caught, of), wilson(false, good)
        yield (
            f"{method}: stands on {one:.2f} [{low:.2f}, {high:.2f}] of {of} calls for the marker, on {other:.2f} "
            f"[{least:.2f}, {most:.2f}] of {good} for the finding; precision {precision:.2f}"
        )
