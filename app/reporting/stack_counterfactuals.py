"""`evaluate --counterfactual` of a generator of stacks: what its slices are worth, on drawn knees of seeds that nobody learned
from.

Everything goes the way that the page goes: stacks in their stored values, changed, and read anew as a whole. The truth is
known. Nobody else judges: there are no networks of stacks that guided nobody.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.counterfactuals.generating import Generating
from app.domain import Image, Plane, Series, frozen
from app.errors import InputError, NotFound
from app.evaluation import counterfactual as figures
from app.evaluation.intervals import wilson
from app.evaluation.localisation import centre_prior, pointing
from app.evaluation.predictions import Interval
from app.grey import resample
from app.reading.stack_counterfactuals import DIRECTION, measured
from app.reporting.offering import Bounds, Found
from app.segmentation.stacks import codes
from app.training.counterfactual import knees
from app.training.counterfactual.knees import KneePair
from app.training.counterfactual.stacks import ExplainedPlane
from app.training.progress import Progress

MEASURED_ON = 9_000_000
"""The first seed of knees that a generator is measured on: nothing was learned from these."""
MOST = 50
"""Pairs: a knee takes seconds to draw."""
FEWEST = 8
"""Called and normal stacks that are needed."""

Volume = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Changed:
    """One stack: what the network said of its plane before and after, the change on every slice, signed, in the grey that the
    network reads, and where it could be changed, all (slices, rows, columns); ``pixels`` and ``inside`` as the page tells."""

    before: float
    after: float
    change: Volume
    limit: Volume
    pixels: float
    inside: float


@dataclass(frozen=True, eq=False)
class StackTrial:
    """A generator, the network that it explains, and who tells what lies where."""

    card: Card
    generating: Generating
    explained: ExplainedPlane
    anatomy: Classifier

    @classmethod
    def of(cls, loaded: Loaded, card: Card) -> "StackTrial":
        """Of a generator's card. NotFound where the network that it explains is not there as it knows it; InputError where no
        network tells what lies where on its slices."""
        registry = loaded.registry
        own = next((one for one in registry.cards() if (one.name, one.sha256) == (card.explains, card.explains_sha256)), None)
        if own is None:
            raise NotFound("The network that “%(name)s” explains is not there in that version.", {"name": card.name})
        beside = registry.segmentation(own)
        if beside is None:
            raise InputError("No network here tells what lies where on the slices of “%(name)s”.", {"name": own.name})
        explained = ExplainedPlane(loaded.exam(own), cast(Plane, card.plane), card.findings[0])
        return cls(card, Generating.of(loaded.get(card)), explained, loaded.get(beside))

    def said(self, series: Series) -> float:
        """The plane's logit of a stack."""
        answer = self.explained.exam.predict({self.explained.plane: series})
        return next(score.logit for score in answer.parts[0].scores if score.finding == self.explained.finding)

    def changed(self, series: Series, before: float) -> Changed:
        """A stack, changed at strength 1."""
        found = codes(self.anatomy, self.anatomy.planes(series))
        finding, read = self.explained.finding, self.explained.member
        edit = self.generating.stack_edit(read, series, finding, direction=DIRECTION, logit=before, codes=found)
        after = self.said(replace(series, images=edit.apply(series.images)))
        shape = series.images[0].stored.shape
        planes, lies = self.generating.stack_limit(finding, found), self.anatomy.extent(series.images[0])
        limit = np.stack([resample(plane, lies, shape) for plane in planes])
        change = np.zeros(limit.shape, np.float32)
        rows = list(edit.changes(series.images))
        for place, row in zip(edit.places, rows, strict=True):
            change[place] = row
        pixels, inside = measured(rows, [limit[place] for place in edit.places])
        return Changed(before, after, change, limit, pixels, inside)


def measure(
    loaded: Loaded, card: Card, runs: Path, count: int, say: Callable[[str], None]
) -> tuple[list[Found], list[dict[str, Any]]]:
    """The one finding of a generator of stacks, and the gap of its network's answers, as the card has it."""
    trial = StackTrial.of(loaded, card)
    explained, seeds = trial.explained, range(MEASURED_ON, MEASURED_ON + count)
    pairs = list(knees.pairs(seeds, explained.plane, explained.finding, explained.size, runs / "films"))
    ill, well = ([stack(one, side) for one in pairs] for side in ("ill", "well"))
    said_ill, said_well = (np.array([trial.said(one) for one in stacks]) for stacks in (ill, well))
    called, normal = said_ill >= explained.point, said_well < explained.point
    if min(called.sum(), normal.sum()) < FEWEST:
        raise InputError(
            "“%(finding)s” is called on %(called)s films and not on %(normal)s healthy ones: too few to learn from.",
            {"finding": explained.finding, "called": int(called.sum()), "normal": int(normal.sum())},
        )
    spread = float(np.concatenate([said_ill, said_well]).std())
    gap = float(np.median(said_ill[called]) - np.median(said_well[normal]))
    own = explained.exam.card
    row: dict[str, Any] = {"network": own.name, "sha256": own.sha256, "finding": explained.finding}
    row |= {name: float(f"{value:.5g}") for name, value in (("point", explained.point), ("spread", spread), ("gap", gap))}
    say(f"{len(pairs)} pairs of drawn knees, {int(called.sum())} called with the finding, {int(normal.sum())} not without it")
    progress = Progress("stacks", float(called.sum() + normal.sum()))

    def made(stacks: Sequence[Series], said: NDArray[np.float64], which: NDArray[np.bool_]) -> Iterator[Changed]:
        for number in np.flatnonzero(which).tolist():
            yield trial.changed(stacks[number], float(said[number]))
            progress.advance(1)

    changed, kept = list(made(ill, said_ill, called)), list(made(well, said_well, normal))
    after = np.array([one.after for one in changed])
    crossed = int(figures.flipped(after, explained.point, spread, DIRECTION).sum())
    stays = [np.array([getattr(one, side) for one in kept]) for side in ("before", "after")]
    truth, beside = against_truth([pair for pair, mine in zip(pairs, called, strict=True) if mine], changed)
    found = Found(
        finding=explained.finding,
        count=len(changed),
        flip=Interval(crossed / len(after), *wilson(crossed, len(after)), crossed, len(after) - crossed),
        others={},
        ratios={},
        values={
            "kept": figures.moved(stays[0], stays[1], gap),
            "moved": float(np.median(after - said_ill[called]) / gap),
            "pixels": float(np.mean([one.pixels for one in changed])),
            "inside": _mean([one.inside for one in changed]),
            **truth,
        },
        beside=beside,
    )
    for line in found.lines(Bounds.of(card)):
        say(line)
    return [found], [row]


def against_truth(pairs: Sequence[KneePair], changed: Sequence[Changed]) -> tuple[dict[str, float], dict[str, float]]:
    """How the change lies to what was drawn, over all slices of a stack, beside maps that know nothing of it; how much nearer
    its healthy twin a stack has come; and whether neighbouring slices are changed alike."""
    rng, rows, hits = np.random.default_rng(0), [], []
    for pair, one in zip(pairs, changed, strict=True):
        before, twin = (side.astype(np.float32) / 255 for side in (pair.ill, pair.well))
        made, lies = before + one.change, figures.overlap(np.abs(one.change), pair.mask)
        slices = np.flatnonzero(np.abs(one.change).any((1, 2)))
        outside = [figures.ssim_outside(before[at], made[at], pair.mask[at]) for at in slices.tolist()]
        rows.append(
            {
                "pointing": lies.pointing,
                "iou": lies.iou,
                "mass": lies.mass,
                "nearer": figures.nearer(before, made, twin),
                "nearer within the limit": figures.nearer(*(whole * (one.limit > 0) for whole in (before, made, twin))),
                "SSIM outside": _mean(outside),
                "along slices": figures.along_slices(one.change, rng),
                "along slices, of the truth": figures.along_slices((twin - before) * one.limit, rng),
            }
        )
        known = {"random": rng.random(one.change.shape, np.float32), "centre": _centre(one.change.shape)}
        known["limit alone"] = one.limit
        hits.append({name: pointing(heat, pair.mask) for name, heat in known.items()})
    return (
        {name: _mean([row[name] for row in rows]) for name in (rows[0] if rows else {})},
        {name: _mean([hit[name] for hit in hits]) for name in (hits[0] if hits else {})},
    )


def stack(pair: KneePair, side: str) -> Series:
    """A side of a pair as a series of slices."""
    values = cast("NDArray[np.uint8]", getattr(pair, side)).astype(np.uint16)
    uid = f"1.2.{pair.seed}.{side == 'ill':d}"
    images = tuple(Image(f"{uid}.{at}", 1, frozen(slice_)) for at, slice_ in enumerate(values))
    return Series(series_uid=uid, modality="MR", images=images, body_part="KNEE")


def _centre(shape: tuple[int, ...]) -> Volume:
    """Highest in the middle of the middle slice."""
    deep = 1 - np.abs(np.linspace(-1, 1, shape[0], dtype=np.float32))
    return np.asarray(deep[:, None, None] * centre_prior((shape[1], shape[2])), np.float32)


def _mean(values: Sequence[float]) -> float:
    """The mean of those that are defined; NaN where none is."""
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else float("nan")
