"""Which findings a generator may offer: the figures of its films, what is wanted of them, as lines and on its card.

The figures block: a finding that misses one of them is not offered, and the card says so. Definitions:
`docs/reference/counterfactuals.md`.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.classifiers.card import Card
from app.counterfactuals import seeing
from app.counterfactuals.seeing import Seeing
from app.evaluation.counterfactual import ALONE, OTHER, most_pixels
from app.evaluation.predictions import Interval
from app.reporting.widths import Widths
from app.training import cards
from app.training.rewriting import rewrite, with_entry, without


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a finding has to reach: a ``flip`` of at least so much on the explained network, ``others`` on each referee (None:
    a ratio of gaps within `ALONE` … `OTHER` instead), ``pointing``; and at most the rest. ``judged``: whether referees are to
    follow at all."""

    flip: float
    others: float | None = None
    kept: float = 0.3
    alike: float | None = None
    critic: float | None = None
    pointing: float | None = None
    judged: bool = True

    @classmethod
    def of(cls, card: Card) -> "Bounds":
        """Of a generator's films."""
        return SHORTCUT if card.shortcut else PHANTOMS if card.phantom else FILMS


FILMS = Bounds(flip=0.8, alike=0.35, critic=0.15)
PHANTOMS = Bounds(flip=0.9, others=0.7, pointing=0.8)
SHORTCUT = Bounds(flip=0.9, pointing=0.8, judged=False)
"""Of a network that was taught a shortcut the change has to lie on that; that no referee follows is the point of it."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was measured of one finding on ``count`` films: the share of called films that ``flip`` on the explained network and
    of ``others``, the referees, by their name, as are the ``ratios`` of their gaps; ``values`` by name; on films of people how
    well a fresh ``critic`` tells them from healthy ones, and unedited ill ones, the ``floor``; of a large heart how its width
    changes; the critic that ships, ``seeing``; on phantoms the pointing of maps that know nothing, ``beside``."""

    finding: str
    count: int
    flip: Interval
    others: Mapping[str, Interval]
    ratios: Mapping[str, float]
    values: Mapping[str, float]
    critic: Interval | None = None
    floor: Interval | None = None
    widths: Widths | None = None
    seeing: Seeing | None = None
    beside: Mapping[str, float] = field(default_factory=dict)

    def misses(self, bounds: Bounds) -> list[str]:
        """The figures that keep it from being offered, each with what was wanted; one that is not defined is missed."""
        least = [("flip", self.flip.value, bounds.flip)]
        most = [("kept", self.values["kept"], bounds.kept)]
        most.append(("pixels", self.values["pixels"], most_pixels(self.finding, phantom=bounds is not FILMS)))
        if bounds.others is not None:
            least += [(f"flip of {name}", told.value, bounds.others) for name, told in self.others.items()]
        if bounds.pointing is not None:
            least.append(("pointing", self.values.get("pointing", float("nan")), bounds.pointing))
        if bounds.alike is not None:
            most.append(("between films", self.values["between films"], bounds.alike))
        if bounds.critic is not None:
            told, floor = (one.value if one else float("nan") for one in (self.critic, self.floor))
            most.append(("fresh critic", told, floor + bounds.critic))
        missed = [f"{name} {value:.2f}, wanted at least {wanted:.2f}" for name, value, wanted in least if not value >= wanted]
        missed += [f"{name} {value:.2f}, wanted at most {wanted:.2f}" for name, value, wanted in most if not value <= wanted]
        if bounds.others is None and bounds.judged:
            out = [(name, ratio) for name, ratio in self.ratios.items() if not ALONE <= ratio <= OTHER]
            missed += [f"gap ratio of {name} {ratio:.2f}, wanted {ALONE} to {OTHER}" for name, ratio in out]
        return missed

    def lines(self, bounds: Bounds) -> Iterator[str]:
        """In words."""
        yield f"{self.finding}: {self.count} called films"
        for name, told in {"flip": self.flip, **{f"flip of {name}": told for name, told in self.others.items()}}.items():
            yield f"  {name}: {told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"
        for name, value in {**self.values, **{f"gap ratio of {name}": ratio for name, ratio in self.ratios.items()}}.items():
            yield f"  {name}: {value:.3f}"
        for name, value in self.beside.items():
            yield f"  pointing of {name}: {value:.3f}"
        for name, told in self._more():
            yield f"  {name}: {told.value:.3f} [{told.low:.3f}, {told.high:.3f}]"
        missed = self.misses(bounds)
        yield f"  misses: {'; '.join(missed)}" if missed else "  offered"

    def rows(self, source: str) -> Iterator[dict[str, Any]]:
        """As figures of the card; what is not defined, as the flip of a network that called none, is left out."""
        yield cards.figure(source, self.finding, self.flip, metric="flip")
        for name, told in self.others.items():
            if np.isfinite(told.value):
                yield cards.figure(source, self.finding, told, metric=f"flip of {name}")
        for name, value in {**self.values, **{f"gap ratio of {name}": ratio for name, ratio in self.ratios.items()}}.items():
            if np.isfinite(value):
                yield cards.figure(source, self.finding, Interval(value, value, value, self.count, 0), metric=name)
        for name, told in self._more():
            yield cards.figure(source, self.finding, told, metric=name)

    def _more(self) -> Iterator[tuple[str, Interval]]:
        """What is not measured of every finding, by name."""
        told = {"fresh critic": self.critic, "fresh critic of unedited films": self.floor}
        if self.widths is not None:
            told |= {"cardiothoracic ratio": self.widths.edit, "cardiothoracic ratio, upside down": self.widths.control}
        yield from ((name, one) for name, one in told.items() if one is not None and np.isfinite(one.value))


def onto(card: Card, found: Sequence[Found], gaps: Sequence[Mapping[str, Any]]) -> None:
    """Write it all onto the generator's card: the figures in place of earlier ones of the same films, the gaps of the networks
    that judged, and which findings are offered; the critics into its folder. ModelError where the card cannot be written."""
    source = "phantoms that nobody learned from" if card.phantom else "films of unseen patients"
    offered = [one.finding for one in found if not one.misses(Bounds.of(card))]

    def change(text: str) -> str:
        kept = [row for row in tomllib.loads(text).get("figures", []) if row["source"] != source]
        figures = [*kept, *(row for one in found for row in one.rows(source))]
        text = with_entry(without(without(text, "figures"), "gaps"), "offers", f"offers = {cards.toml(offered)}")
        for key, rows in (("figures", figures), ("gaps", gaps)):
            for row in rows:
                text += f"\n[[{key}]]\n" + "".join(f"{name} = {cards.toml(value)}\n" for name, value in row.items())
        return text

    rewrite(card, change)
    critics = {one.finding: one.seeing for one in found if one.seeing is not None}
    if critics:
        seeing.write(card, critics)
