"""What the sign is worth that a map looks elsewhere: on drawn films, by networks whose reasons are known.

The network of drawn films learns anew that one finding goes with a marker on the film's border: what it calls then, it calls
for the marker. The network as it ships, on films that show a finding (half of them with the marker too), calls for the finding.
So with a drain, which the shipped network with a shortcut calls for, and on films of people by `chest-shortcut`.
Figures are of seeds that chose no bound.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from app import explainers
from app.anatomy.evidence import Bound, odd
from app.anatomy.signs import BOUNDS
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.domain import FINDINGS, Evidence, Image, Series, Window, frozen
from app.evaluation.intervals import wilson
from app.phantoms import chest, laid
from app.reading.devices import Devices
from app.reading.lying import Lie
from app.reading.running import recorded
from app.training import films, shortcut
from app.training.guarding import film_of
from app.training.material import WHOLE

GOOD, PLANTED = "chest-phantom", "Pneumothorax"
"""The network that is taught the marker, and the finding that goes with it then."""
LEARNED_ON, CHOSEN_ON, MEASURED_ON = 9_200_000, 9_400_000, 9_600_000
"""The first seeds of the films that the marker is learned from, that bounds are chosen on, and that figures are of."""
FILMS, EPOCHS, BATCH, RATE = 400, 4, 16, 2e-3
SIZE = 256
DRAIN = "chest-phantom-shortcut"
"""The network of drawn films that learned that a drain means a pneumothorax."""
PEOPLE, PEOPLE_SEEDS = 120, 9_650_000
"""How many films of test patients are looked at, and the first seed of what is drawn into them."""
PEOPLES, HONEST = "chest-shortcut", "chest-compact"
"""The network for tests that calls for devices drawn into films of people, and the one that comes with the product."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """One call: of which finding, and where the evidence of each method's map lies."""

    finding: str
    evidence: dict[str, Evidence]


Case = tuple[Series, str]
"""A film, and the finding that is asked for."""


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
    return list(_hits(loaded, network, methods, _with_markers(network, seeds, planted)))


def with_drains(loaded: Loaded, network: Classifier, methods: Sequence[str], seeds: range, *, planted: bool) -> list[Hit]:
    """The same with a chest drain in place of the marker; it lies in the lung."""
    return list(_hits(loaded, network, methods, _with_drains(network, seeds, planted)))


def on_people(
    loaded: Loaded, network: Classifier, methods: Sequence[str], data: Path, *, device: str, finding: str = ""
) -> list[Hit]:
    """The calls on films of test patients that a device was drawn into: of ``finding``, which none of them has, or where none
    is named of every finding that they have."""
    records = [film for film in films.read(data, WHOLE) if film.part == "test"]
    return list(_hits(loaded, network, methods, _people(network, records, device, finding)))


def _with_markers(network: Classifier, seeds: range, planted: bool) -> Iterator[Case]:
    for seed in seeds:
        finding = PLANTED if planted else network.card.findings[seed % len(network.card.findings)]
        film = chest.draw(seed, () if planted else (finding,), False, SIZE)
        pixels = marked(film.pixels, seed) if planted or seed % 2 else film.pixels
        yield series_of(pixels, seed), finding


def _with_drains(network: Classifier, seeds: range, planted: bool) -> Iterator[Case]:
    for seed in seeds:
        finding = PLANTED if planted else network.card.findings[seed % len(network.card.findings)]
        yield series_of(chest.draw(seed, () if planted else (finding,), planted or seed % 2 == 1, SIZE).pixels, seed), finding


def _people(network: Classifier, records: Sequence[films.Film], device: str, finding: str) -> Iterator[Case]:
    known = [one for one in ((finding,) if finding else network.card.findings) if one in FINDINGS]
    for number, film in enumerate(shortcut.spread(records, PEOPLE)):
        has = [one for one in known if film.labels[FINDINGS.index(one)] == 1]
        asked = has if not finding else [] if has else [finding]
        if asked:
            image = shortcut.with_devices(film_of(film.path), PEOPLE_SEEDS + number, (device,))
            yield from ((Series("", "DX", (image,), "CHEST", "PA"), one) for one in asked)


def _hits(loaded: Loaded, network: Classifier, methods: Sequence[str], cases: Iterable[Case]) -> Iterator[Hit]:
    for series, finding in cases:
        told = _called(loaded, network, series, finding, methods)
        if told is not None:
            yield told


def _called(loaded: Loaded, network: Classifier, series: Series, finding: str, methods: Sequence[str]) -> Hit | None:
    series = network.held(series)
    network, trace = recorded(network, series)
    (answer,) = network.predictions(trace.logits, series, 0.0)
    score = answer.score(finding)
    if score is None or score.probability < network.card.point(finding):
        return None
    lie = Lie.of(loaded, network.card, series.images[0])
    if lie is None:
        return None
    devices = Devices.of(loaded, network.card, lie)
    lie = devices.seen(lie) if devices else lie
    network, trace = recorded(network, lie.told(series))  # masks are laid by how the chest lies
    layers = (explainers.load(method).explain(network, trace, (finding,))[0] for method in methods)
    tables = {layer.method: lie.weighed(layer).evidence for layer in layers}
    return Hit(finding, {method: table for method, table in tables.items() if table is not None})


def fires(found: Sequence[Hit], method: str, bounds: Sequence[Bound] = BOUNDS) -> tuple[int, int]:
    """On how many of these calls the sign stands under a method's map, and of how many."""
    told = [one.evidence[method] for one in found if method in one.evidence]
    return sum(odd(evidence, bounds) is not None for evidence in told), len(told)


def lines(wrong: Sequence[Hit], right: Sequence[Hit], methods: Sequence[str], reason: str = "the marker") -> Iterator[str]:
    """Sensitivity, false signs and precision (both kinds of calls equally many) per method, with 95% intervals; ``reason``:
    what the wrong calls were for."""
    for method in methods:
        (caught, of), (false, good) = fires(wrong, method), fires(right, method)
        if not of or not good:
            continue
        one, other = caught / of, false / good
        precision = one / (one + other) if one + other else float("nan")
        (low, high), (least, most) = wilson(caught, of), wilson(false, good)
        yield (
            f"{method}: stands on {one:.2f} [{low:.2f}, {high:.2f}] of {of} calls for {reason}, on {other:.2f} "
            f"[{least:.2f}, {most:.2f}] of {good} for the finding; precision {precision:.2f}"
        )


def of_people(loaded: Loaded, methods: Sequence[str], data: Path) -> Iterator[str]:
    """The same on films of people with a drain or a marker drawn in: calls for the device, by the network that was taught it,
    beside calls of findings that the films have, by the network that comes with the product. Nothing without films or that
    network."""
    cards = {card.name: card for card in loaded.registry.cards()}
    if PEOPLES not in cards or HONEST not in cards or not (data / "chest").is_dir():
        return
    taught_, honest = loaded.get(cards[PEOPLES]), loaded.get(cards[HONEST])
    for finding, device in (("Pneumothorax", "drain"), ("Consolidation", "marker")):
        wrong = on_people(loaded, taught_, methods, data, device=device, finding=finding)
        right = on_people(loaded, honest, methods, data, device=device)
        yield from (f"films of people: {line}" for line in lines(wrong, right, methods, f"the {device}"))
