"""What an exam network's maps are worth on phantoms of new seeds: AUROC, and the pointing game in three dimensions; of one with
attention, how much of that lies on what was drawn; beside another network, the paired difference of their AUROCs.

The pointing game asks of every finding that is there and was found (a hit): does the highest point of the maps lie on it?
The plane is the one that adds most to the exam's logit, the slice may be one off, and within the slice the point may miss by
15 of 224 parts of the side, the tolerance of Zhang et al. (2018) at the size that their networks read. The same is told of
maps smoothed, slice by slice, to the scale of the networks' own cells. Beside it stand a point chosen at random in the same
stack and the middle of its middle slice, by the same rule.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from app import explainers
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier
from app.domain import Answer, Extent, Image, Layer, Plane, Series, frozen, joined
from app.evaluation import localisation
from app.evaluation.intervals import mean, wilson
from app.evaluation.paired import bootstrapped
from app.evaluation.predictions import auroc_interval
from app.explainers.trace import Trace
from app.grey import resample
from app.phantoms import knee
from app.reporting import weighing

FIRST_SEED = 9_000_000
"""Far from the seeds that networks are trained on."""
SIZE = 256
"""Of the drawn exams, in pixels: what MRNet's have."""
TOLERANCE = 15 / 224
"""Of a slice's side."""


@dataclass
class Told:
    """What was measured. ``logits`` and ``labels`` one row per exam; ``points[control or method]`` the hits and misses, 0 to 1,
    of every finding that was there and found; ``found`` how many of those that were there. ``looks``: what is told of
    attention, by name (`app.reporting.weighing`). ``others``: the logits of the network beside which it stands."""

    logits: list[list[float]] = field(default_factory=list)
    labels: list[list[bool]] = field(default_factory=list)
    points: dict[str, list[float]] = field(default_factory=dict)
    there: int = 0
    found: int = 0
    looks: dict[str, list[float]] = field(default_factory=dict)
    others: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class Drawn:
    """An exam with its truth, as the network read it, and what that said."""

    phantom: knee.KneePhantom
    stacks: Mapping[Plane, Series]
    answer: Answer


def series_of(stack: knee.KneeStack, uid: str) -> Series:
    """A drawn stack as the network sees it."""
    images = tuple(Image(f"{uid}.{number}", 1, frozen(pixels)) for number, pixels in enumerate(stack.pixels, start=1))
    return Series(uid, "MR", images, body_part="KNEE")


def measure(
    classifier: ExamClassifier,
    count: int,
    methods: Sequence[str],
    say: Callable[[str], None],
    against: ExamClassifier | None = None,
) -> Told:
    """Draw ``count`` exams of new seeds, ask the network, explain what it found; the one ``against`` is asked alone."""
    told = Told()
    for number in range(count):
        phantom = knee.draw(FIRST_SEED + number, size=SIZE)
        stacks = {stack.plane: series_of(stack, f"1.{i}") for i, stack in enumerate(phantom.stacks, 1)}
        answer = classifier.predict(stacks)
        told.logits.append([score.logit for score in answer.scores])
        if against is not None:
            others = {score.finding: score.logit for score in against.predict(stacks).scores}
            told.others.append([others.get(finding, math.nan) for finding in classifier.card.findings])
        told.labels.append([finding in phantom.findings for finding in classifier.card.findings])
        for finding, score in zip(classifier.card.findings, answer.scores, strict=True):
            told.there += finding in phantom.findings
            if finding in phantom.findings and score.probability >= classifier.card.point(finding):
                told.found += 1
                drawn = Drawn(phantom, stacks, answer)
                for name, hit in points(classifier, drawn, finding, methods):
                    told.points.setdefault(name, []).append(hit)
                for name, value in attention(classifier, drawn, finding):
                    told.looks.setdefault(name, []).append(value)
        if (number + 1) % 10 == 0:
            say(f"{number + 1} of {count} exams")
    return told


def points(classifier: ExamClassifier, exam: Drawn, finding: str, methods: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Per method and control: 1 for a hit, 0 for a miss, and for the control by chance how likely a hit is."""
    row = classifier.card.findings.index(finding)
    most = max(exam.answer.parts, key=lambda part: part.contributions[row])
    stack = next(stack for stack in exam.phantom.stacks if stack.plane == most.plane)
    right = allowed(stack.masks[finding])
    part = classifier.member(most.plane, finding)
    series = exam.stacks[most.plane]
    trace = explainers.record(part, series)
    for method in methods:
        maps = explainers.load(method).explain(part, trace, (finding,))
        whole = joined("", maps)
        yield method, pointing(whole, right)
        yield f"{method}, common scale", pointing(at_one_scale(whole, part, trace), right)
    yield "random", float(right.mean())
    middle = tuple(length // 2 for length in right.shape)
    yield "centre", float(right[middle])


def attention(classifier: ExamClassifier, exam: Drawn, finding: str) -> Iterator[tuple[str, float]]:
    """What is told of attention in every plane that shows the finding; nothing for a network without any."""
    for part in exam.answer.parts:
        mask = next(stack for stack in exam.phantom.stacks if stack.plane == part.plane).masks.get(finding)
        if mask is not None and part.of_slices(finding):
            member, series = classifier.member(part.plane, finding), exam.stacks[part.plane]
            yield from weighing.looks(member, series, mask, finding, part)


def at_one_scale(layer: Layer, part: Classifier, trace: Trace) -> Layer:
    """A stack's maps on the grid of its slices, each smoothed to the scale of the explained layer's cells."""
    cells = int(trace.layer(part.card.explained_layer).shape[-1])
    rows, columns = trace.series.images[0].stored.shape
    planes = [resample(plane, layer.extent, (rows, columns)) for plane in layer.values]
    fine = np.stack([localisation.smoothed(plane, max(rows, columns) / cells) for plane in planes])
    return replace(layer, values=frozen(fine), extent=Extent(0, 0, columns, rows))


def pointing(layer: Layer, right: NDArray[np.bool_]) -> float:
    """1 where the highest point of a stack's maps (`localisation.peak`) lies where it counts as a hit, else 0."""
    found = localisation.peak(layer.values)
    if found is None:
        return 0.0
    place, row, column = found
    extent, (_, height, width), (_, rows, columns) = layer.extent, layer.values.shape, right.shape
    y = math.floor(extent.top + (row + 0.5) * (extent.bottom - extent.top) / height)
    x = math.floor(extent.left + (column + 0.5) * (extent.right - extent.left) / width)
    return float(0 <= y < rows and 0 <= x < columns and right[localisation.cell(place), y, x])


def allowed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a point counts as a hit: the mask (slices, rows, columns), a slice more on either side, the tolerance around it."""
    radius = TOLERANCE * mask.shape[1]
    near = ndimage.distance_transform_edt(~mask, sampling=(1e6, 1.0, 1.0)) <= radius if mask.any() else mask
    return np.asarray(ndimage.binary_dilation(near, np.ones((3, 1, 1), bool)))


def lines(card: Card, told: Told) -> Iterator[str]:
    """The figures with their 95% intervals."""
    logits, labels = np.array(told.logits), np.array(told.labels)
    for row, finding in enumerate(card.findings):
        if 0 < labels[:, row].sum() < len(labels):
            each = auroc_interval(logits[:, row], labels[:, row], np.arange(len(labels)), rounds=1000)
            shown = _shown(each.value, each.low, each.high)
            yield f"AUROC {finding:15} {shown} on {len(labels)} exams ({int(labels[:, row].sum())} with it)"
            if told.others:
                others = np.array(told.others)[:, row]
                less = bootstrapped(logits[:, row], others, labels[:, row], np.arange(len(labels)))
                shown = _shown(less.value, less.low, less.high)
                yield f"AUROC {finding:15} {less.second:.3f} of the network beside it, difference {shown}"
    yield f"{told.found} of {told.there} findings that were there were found"
    for name, hits in told.points.items():
        yield f"pointing {name:24} {_share(hits)} on {len(hits)} findings"
    for name, values in told.looks.items():
        average = mean(np.array(values))
        yield f"attention {name:24} {_shown(average.value, average.low, average.high)} on {len(values)} findings"


def _share(hits: Sequence[float]) -> str:
    """A share of hits by Wilson's interval, a mean of chances by the bootstrap."""
    average = mean(np.array(hits))
    if set(hits) <= {0.0, 1.0}:
        return _shown(average.value, *wilson(int(sum(hits)), len(hits)))
    return _shown(average.value, average.low, average.high)


def _shown(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def run(
    classifier: ExamClassifier,
    count: int,
    methods: Sequence[str],
    say: Callable[[str], None],
    against: ExamClassifier | None = None,
) -> int:
    """Measure and print; returns the exit code."""
    with torch.no_grad():
        told = measure(classifier, count, methods, say, against)
    for line in lines(classifier.card, told):
        say(line)
    return 0
