"""What each network is worth on the films that all of them are compared on: answers, what unsettles them, maps, and cost.

Differences are paired: the same draws of patients for the network and its plain twin. Knows networks and numbers.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.classifiers.classifier import Classifier
from app.evaluation.calibration import calibration_slope
from app.evaluation.intervals import Mean
from app.evaluation.predictions import auroc_draws
from app.reporting.compared.films import Films
from app.training.chest import aurocs
from app.training.fitting import logits_of, masked_loss

ROUNDS = 300
FEW = 400
"""So many films are disturbed: an attack takes a backward pass each."""
GREY = 4.0
"""From black to white at the networks' input."""
BATCH = 64

Logits = NDArray[np.float32]
Disturb = Callable[[Classifier, Tensor, Tensor, Tensor], Tensor]
"""(network, input, targets, weights) → the input disturbed."""


@dataclass(frozen=True, slots=True)
class Worth:
    """One network: the mean AUROC over the findings that count, its difference from the first network's, the calibration slope
    over all of them, how far the mean AUROC falls on disturbed films, ms per film on one batch of one, and its parameters."""

    auroc: Mean
    difference: Mean
    slope: Mean
    drops: dict[str, float]
    milliseconds: float
    parameters: int
    findings: dict[str, float]


def noise(_network: Classifier, x: Tensor, _targets: Tensor, _weights: Tensor) -> Tensor:
    """Gaussian noise with a deviation of a twentieth of the grey range."""
    return x + GREY / 20 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))


def contrast(_network: Classifier, x: Tensor, _targets: Tensor, _weights: Tensor) -> Tensor:
    """Seven tenths of the contrast, around the film's own mean."""
    mean = x.mean((2, 3), keepdim=True)
    return mean + 0.7 * (x - mean)


def fgsm(network: Classifier, x: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """The fast gradient sign attack (Goodfellow 2015): every pixel a 255th of the grey range up or down, whichever makes the
    answers worse."""
    leaf = x.clone().requires_grad_()
    loss = masked_loss(network.network(leaf), targets, weights)
    (slope,) = torch.autograd.grad(loss, leaf)
    return x + GREY / 255 * slope.sign()


DISTURBED: dict[str, Disturb] = {"FGSM 1/255": fgsm, "noise": noise, "contrast": contrast}


def worth(network: Classifier, films: Films, first: NDArray[np.float64] | None) -> tuple[Worth, NDArray[np.float64]]:
    """A network's figures, and its draws, which the next ones are compared with; ``first`` are those of the first network."""
    card = network.card
    columns = [card.findings.index(films.findings[place]) for place in films.counted if films.findings[place] in card.findings]
    places = [place for place in films.counted if films.findings[place] in card.findings]
    labels = films.labels[:, places]
    logits = logits_of(network.network, torch.from_numpy(np.array(films.pixels)), network.device)[:, columns]
    drawn = draws(logits, labels, films.patients)
    each = aurocs(logits, labels)
    value = float(np.mean(each))
    few = np.linspace(0, len(labels) - 1, min(FEW, len(labels))).round().astype(int)
    apart = drawn - first if first is not None else np.zeros(len(drawn))
    told = Worth(
        auroc=interval(value, drawn, len(labels)),
        difference=interval(float("nan") if first is None else float(np.mean(apart)), apart, len(labels)),
        slope=slope(logits / np.array(card.temperature)[columns], labels, films.patients),
        drops={name: fall(network, films.pixels[few], labels[few], columns, disturb) for name, disturb in DISTURBED.items()},
        milliseconds=clocked(network, films.pixels[:20]),
        parameters=sum(one.numel() for one in network.network.parameters()),
        findings={films.findings[place]: figure for place, figure in zip(places, each, strict=True)},
    )
    return told, drawn


def as_input(films: NDArray[np.uint8]) -> Tensor:
    """Films uint8 (n, size, size) as networks want them."""
    x = (torch.from_numpy(np.array(films))[:, None].float() / 255 - 0.5) * GREY
    return x.to(memory_format=torch.channels_last)


def fall(
    network: Classifier, films: NDArray[np.uint8], labels: NDArray[np.float32], columns: Sequence[int], disturb: Disturb
) -> float:
    """How far the mean AUROC falls when films are disturbed."""
    count = len(network.card.findings)
    before, after = [], []
    for at in range(0, len(films), BATCH):
        x = as_input(films[at : at + BATCH])
        truth = torch.from_numpy(labels[at : at + BATCH])
        targets, weights = torch.zeros(len(x), count), torch.zeros(len(x), count)
        targets[:, list(columns)], weights[:, list(columns)] = truth.nan_to_num(), (~truth.isnan()).float()
        with torch.enable_grad():
            changed = disturb(network, x, targets, weights)
        with torch.inference_mode():
            before.append(network.network(x).float().numpy())
            after.append(network.network(changed).float().numpy())
    sides = [np.concatenate(side)[:, list(columns)] for side in (before, after)]
    means = [np.nanmean(aurocs(side, labels)) for side in sides]
    return float(means[0] - means[1])


def draws(logits: Logits, labels: NDArray[np.float32], patients: NDArray[np.generic]) -> NDArray[np.float64]:
    """The mean AUROC of each draw of patients, the same draws for every network."""
    each = []
    for f in range(labels.shape[1]):
        without = labels[:, f] == 0
        each.append(auroc_draws(logits[:, f], labels[:, f] == 1, patients, ROUNDS, without=without))
    return np.asarray(np.nanmean(each, 0), np.float64)


def slope(logits: NDArray[np.floating], labels: NDArray[np.float32], patients: NDArray[np.generic]) -> Mean:
    """The calibration slope over all findings together."""
    known = ~np.isnan(labels)
    owners = np.repeat(np.asarray(patients)[:, None], labels.shape[1], 1)
    found = calibration_slope(logits[known], labels[known] == 1, owners[known], rounds=100)
    return Mean(found.slope, found.low, found.high, int(known.sum()))


def interval(value: float, drawn: NDArray[np.float64], count: int) -> Mean:
    """A figure with the middle 95 % of its draws."""
    kept = drawn[~np.isnan(drawn)]
    low, high = np.percentile(kept, (2.5, 97.5)) if kept.size else (float("nan"), float("nan"))
    return Mean(value, float(low), float(high), count)


@torch.inference_mode()
def clocked(network: Classifier, films: NDArray[np.uint8]) -> float:
    """Milliseconds that one film takes alone: the median."""
    taken = []
    for film in films:
        x = as_input(film[None])
        began = time.perf_counter()
        network.network(x)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))
