"""`evaluate --counterfactual`: what a generator's films are worth, per finding, on films that nobody learned from.

Judged by the explained network, by the referees beside it, which guided nobody, by a critic that is fitted anew, and, on
phantoms, by the truth. Arithmetic: `app.evaluation.counterfactual`; what is wanted: `app.reporting.offering`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from app.anatomy.limits import LIMITS
from app.classifiers.card import Card
from app.classifiers.generator import Generator, applied, upside_down
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.counterfactuals.generating import Generating
from app.counterfactuals.seeing import Seeing
from app.errors import InputError, NotFound
from app.evaluation import counterfactual as figures
from app.evaluation.intervals import wilson
from app.evaluation.localisation import pointing
from app.evaluation.predictions import Interval
from app.reporting import seen
from app.reporting.offering import Bounds, Found
from app.reporting.widths import Widths, widths
from app.training.counterfactual import drawn, material
from app.training.counterfactual.fresh import judge
from app.training.counterfactual.stock import Explained, Stock, scales, side

MEASURED_ON = 9_000_000
"""The first seed of phantoms that a generator is measured on: nothing was learned from these."""
MOST = 200
"""Called films per finding, and as many that are to stay."""
BATCH = 32
FEWEST = 40
"""Films on each side that a fresh critic needs."""
SOURCES = ("nih", "nih_small", "paediatric")

Planes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Referee:
    """A network that says what changed: the explained one, or one that guided nobody. ``scales`` (findings, 3) of its own
    logits: that of the operating point, their spread, and the gap between called and normal films."""

    explained: Explained
    scales: Tensor

    @classmethod
    def of(cls, explained: Explained, stock: Stock) -> "Referee":
        """By what it says of the films of a stock."""
        return cls(explained, scales(explained, replace(stock, logits=explained.told(stock.films))))

    @property
    def name(self) -> str:
        """The network's."""
        return self.explained.loaded.card.name

    @torch.no_grad()
    def answers(self, films: Planes, number: int) -> NDArray[np.float32]:
        """Its logits (n,) of the generator's finding ``number`` for films (n, S, S) in [0, 1]."""
        explained, found = self.explained, [torch.empty(0)]
        for part in torch.split(torch.from_numpy(films)[:, None], BATCH):
            found.append(explained.logits(part.to(explained.loaded.device))[:, explained.columns[number]].cpu())
        return np.asarray(torch.cat(found).numpy(), np.float32)

    def gap(self, number: int) -> float:
        """Of a finding."""
        return float(self.scales[number, 2])

    def flip(self, number: int, before: NDArray[np.float32], after: NDArray[np.float32], direction: int) -> Interval:
        """The share of the films that it called, by logits (n,), which cross its point by half a spread."""
        point, spread, _ = (float(value) for value in self.scales[number])
        called = direction * (before - point) < 0
        crossed, many = int(figures.flipped(after[called], point, spread, direction).sum()), int(called.sum())
        return Interval(crossed / many if many else float("nan"), *wilson(crossed, many), crossed, many - crossed)

    def rows(self, findings: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Its scales, as the generator's card has them."""
        card = self.explained.loaded.card
        for finding, row in zip(findings, self.scales.tolist(), strict=True):
            point, spread, gap = (float(f"{value:.5g}") for value in row)
            yield {
                "network": card.name,
                "sha256": card.sha256,
                "finding": finding,
                "point": point,
                "spread": spread,
                "gap": gap,
            }


@dataclass(frozen=True, eq=False)
class Made:
    """Films of a stock at ``places``, as they are, as the generator makes them, and with the same change upside down, all
    (n, S, S) in [0, 1]."""

    places: Tensor
    before: Planes
    after: Planes
    control: Planes


@dataclass(frozen=True, eq=False)
class Trial:
    """A generator, films that nobody learned from, and who judges: the explained network first. Of phantoms the first films of
    the stock have a ``truth``, bool (n, S, S), and healthy ``twins``, uint8 (n, S, S). ``segmenter`` measures hearts; None
    where nobody does. ``others``: films of people that a critic is fitted on, of patients who are not in the stock."""

    generator: Generator
    stock: Stock
    referees: tuple[Referee, ...]
    truth: NDArray[np.bool_] | None = None
    twins: NDArray[np.uint8] | None = None
    segmenter: Segmenter | None = None
    others: Stock | None = None

    def measure(self, number: int, finding: str, count: int) -> Found:
        """One finding, on at most so many called films."""
        own, direction = self.referees[0], figures.HEALTHIER.get(finding, -1)
        ill, keep = self.both(number, finding, count)
        told = [(one.answers(ill.before, number), one.answers(ill.after, number)) for one in self.referees]
        moves = [(after - before) / one.gap(number) for one, (before, after) in zip(self.referees, told, strict=True)]
        flips = [one.flip(number, *pair, direction) for one, pair in zip(self.referees, told, strict=True)]
        regions = self.regions(ill.places, number, ill.before.shape[-1])
        changes, stays, stayed = ill.after - ill.before, own.answers(keep.before, number), own.answers(keep.after, number)
        values = {
            "kept": figures.moved(stays, stayed, own.gap(number)),
            "pixels": float(figures.pixels_changed(ill.before, ill.after).mean()),
            "between films": figures.between_films(changes),
            "inside": _mean([figures.share_inside(one, region) for one, region in zip(changes, regions, strict=True)]),
        }
        names = [one.name for one in self.referees[1:]]
        found = Found(
            finding=finding,
            count=len(ill.places),
            flip=flips[0],
            others=dict(zip(names, flips[1:], strict=True)),
            ratios={name: figures.gap_ratio(move, moves[0]) for name, move in zip(names, moves[1:], strict=True)},
            values=values,
            widths=self.hearts(ill) if finding == "Cardiomegaly" else None,
        )
        if self.truth is None or self.twins is None:
            critic, floor = self.critics(ill, keep)
            seeing = self.seeing(number, finding, count)
            if seeing is not None:
                values |= seen.shares(seeing, ill.before, ill.after, keep.before)
            return replace(found, critic=critic, floor=floor, values=values, seeing=seeing)
        values_true, beside = self.against_truth(ill, regions)
        return replace(found, values={**values, **values_true}, beside=beside)

    def both(self, number: int, finding: str, count: int) -> tuple[Made, Made]:
        """At most so many called films of a finding, and as many that are to stay, with what the generator makes of them."""
        own, direction = self.referees[0], figures.HEALTHIER.get(finding, -1)
        sides = side(self.stock, own.explained.columns[number], float(own.scales[number, 0]), direction, direction)
        change, keep = (self.made(_spread(places, count), number, direction) for places in (sides.change, sides.keep))
        return change, keep

    @torch.no_grad()
    def made(self, places: Tensor, number: int, direction: int) -> Made:
        """What the generator makes of films at some places of the stock."""
        column, device = self.referees[0].explained.columns[number], self.generator.scales.device
        films = [[torch.empty(0, *self.stock.films.shape[-2:])] for _ in range(3)]
        for part in torch.split(places, BATCH):
            plain, limits = self.stock.batch(part, device)
            needed = self.generator.needed(self.stock.logits[part, column].to(device), number, direction)
            parts = self.generator((plain - 0.5) * 4, limits, number, direction, needed)
            for kept, shown in zip(films, (plain, applied(plain, parts), applied(plain, upside_down(parts))), strict=True):
                kept.append(shown[:, 0].cpu())
        return Made(places, *(torch.cat(kept).numpy() for kept in films))

    def hearts(self, ill: Made) -> Widths | None:
        """By how much the cardiothoracic ratio changes; None where nobody measures it."""
        if self.segmenter is None or not len(ill.places):
            return None
        return widths(self.segmenter, ill.before, ill.after, ill.control, self.stock.patients[ill.places.numpy()])

    def regions(self, places: Tensor, number: int, size: int) -> Planes:
        """Where a finding may change films, soft planes (n, S, S)."""
        flowing = self.generator.ways[number] == "flow"
        plane = LIMITS.index("border") if flowing else self.generator.within[number]
        limits = self.stock.limits[places, plane].float()[:, None] / 255
        return np.asarray(F.interpolate(limits, size, mode="bilinear")[:, 0].numpy(), np.float32)

    def against_truth(self, ill: Made, regions: Planes) -> tuple[dict[str, float], dict[str, float]]:
        """On phantoms: how the change lies to what was drawn, beside maps that know nothing of the film; and how much nearer
        its healthy twin a film has come. Films that are called without the finding having been drawn have no truth."""
        assert self.truth is not None  # noqa: S101 - for the type
        assert self.twins is not None  # noqa: S101 - for the type
        drawn_here = np.array(
            [place < len(self.truth) and bool(self.truth[place].any()) for place in ill.places.tolist()], bool
        )
        places = ill.places.numpy()[drawn_here]
        before, after, truth = ill.before[drawn_here], ill.after[drawn_here], self.truth[places]
        twins = self.twins[places].astype(np.float32) / 255
        lies = [figures.overlap(np.abs(now - was), mask) for was, now, mask in zip(before, after, truth, strict=True)]
        threes = list(zip(before, after, twins, strict=True))
        masked = list(zip(before, after, truth, strict=True))
        values = {name: _mean([getattr(one, name) for one in lies]) for name in ("pointing", "iou", "mass")}
        values["nearer"] = _mean([figures.nearer(*three) for three in threes])
        values["SSIM outside"] = _mean([figures.ssim_outside(*one) for one in masked])
        rng, mean = np.random.default_rng(0), truth.mean(0, dtype=np.float32)
        hits: dict[str, list[float]] = {}
        for mask, region in zip(truth, regions[drawn_here], strict=True):
            for name, heat in figures.beside(mask.shape, rng, {"mean of the truths": mean, "limit alone": region}).items():
                hits.setdefault(name, []).append(pointing(heat, mask))
        return values, {name: _mean(found) for name, found in hits.items()}

    def seeing(self, number: int, finding: str, count: int) -> Seeing | None:
        """The critic that ships with the generator; None without other films, or with too few."""
        if self.others is None:
            return None
        ill, keep = replace(self, stock=self.others).both(number, finding, count)
        if min(len(ill.places), len(keep.places)) < FEWEST:
            return None
        owners = tuple(self.others.patients[one.places.numpy()] for one in (ill, keep))
        return seen.fit(ill.before, ill.after, keep.before, (owners[0], owners[1]))

    def critics(self, ill: Made, keep: Made) -> tuple[Interval | None, Interval | None]:
        """How well critics that are fitted anew tell edited films from healthy ones, and ill ones; None for too few films."""
        if min(len(ill.places), len(keep.places)) < FEWEST:
            return None, None
        theirs, others = (self.stock.patients[one.places.numpy()] for one in (ill, keep))
        told = [figures.fresh_critic(films, keep.before, theirs, others, judge()) for films in (ill.after, ill.before)]
        return told[0], told[1]


def trial(loaded: Loaded, card: Card, data: Path, runs: Path, count: int) -> Trial:
    """What a generator is measured with: phantoms of other seeds, or films of the test part. NotFound where the network that it
    explains is not there as it knows it; InputError where no network tells how the chest lies on films."""
    registry = loaded.registry
    own = next((one for one in registry.cards() if (one.name, one.sha256) == (card.explains, card.explains_sha256)), None)
    if own is None:
        raise NotFound("The network that “%(name)s” explains is not there in that version.", {"name": card.name})
    explained = Explained.of(loaded.get(own), card.findings)
    run: dict[str, Any] = {"pixels": card.input_size, "findings": [{"name": name} for name in card.findings]}
    truth = twins = others = None
    if card.phantom:
        pairs = count * len(card.findings)
        drains = card.shortcut == "drain"
        stock, _ = material.of_phantoms({**run, "drains": drains}, explained, MEASURED_ON, pairs, runs / "films")
        # What referees call normal and ill is told by films with the finding, also where the explained network goes by a drain.
        judged = material.of_phantoms(run, explained, MEASURED_ON, pairs, runs / "films")[0] if drains else stock
        kept = drawn.pairs(MEASURED_ON, pairs, card.input_size, card.findings, runs / "films", drains=drains)
        truth, twins = kept.masks, kept.well
    else:
        stocks = _films(registry, explained, {**run, "sources": SOURCES}, data, runs)
        stock, others = stocks["test"], stocks["validation"]
        judged = stock
    judges = [Explained.of(loaded.get(one), card.findings) for one in registry.referees(own)]
    referees = (Referee(explained, scales(explained, stock)), *(Referee.of(one, judged) for one in judges))
    beside = registry.segmentation(own)
    segmenter = Segmenter.of(loaded.get(beside)) if beside else None
    return Trial(Generating.of(loaded.get(card)).network, stock, referees, truth, twins, segmenter, others)


def _films(registry: Registry, explained: Explained, run: dict[str, Any], data: Path, runs: Path) -> dict[str, Stock]:
    own = explained.loaded.card
    beside = registry.segmentation(own)
    if beside is None:
        raise InputError("No network here tells how the chest lies on the films of “%(name)s”.", {"name": own.name})
    models = beside.folder.parent
    run = {**run, "anatomy": beside.name}
    parts = ("test", "validation")
    found = material.of_films(run, explained, data, runs, models, layout="ours", most=None, parts=parts)
    return {part: stock for part, (stock, _) in found.items()}


def measure(given: Trial, card: Card, count: int, say: Callable[[str], None]) -> list[Found]:
    """Every finding of a generator, one after the other."""
    say(f"{len(given.stock.films)} films, judged by {', '.join(one.name for one in given.referees)}")
    found = []
    for number, finding in enumerate(card.findings):
        found.append(given.measure(number, finding, count))
        for line in found[-1].lines(Bounds.of(card)):
            say(line)
    return found


def _spread(places: Tensor, count: int) -> Tensor:
    """At most so many of some places, evenly over all."""
    return places if len(places) <= count else places[torch.linspace(0, len(places) - 1, count).long()]


def _mean(values: Sequence[float]) -> float:
    """The mean of those that are defined; NaN where none is."""
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else float("nan")
