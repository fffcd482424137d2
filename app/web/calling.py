"""From which probability on findings are called for whoever reads: by a network's card, or where the reader moved that to.

Knows the registry, the store's moved points, and the words for both.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fastapi import Request

from app.classifiers.card import Card
from app.classifiers.curves import Calls, Curves
from app.classifiers.measured import Operating
from app.classifiers.registry import Registry
from app.domain import NO_FINDING, Evidence, OperatingPoint
from app.errors import ModelError, NotFound
from app.evaluation.intervals import wilson
from app.store import LayerRow, Transaction
from app.web import estimates, pages
from app.web.wording import Translate

VALIDATION = "validation"
"""The source that points are chosen on."""
PHANTOMS = "phantoms"
"""The source of drawn films and exams, which are nobody's."""


@dataclass(frozen=True)
class Calling:
    """The points of a reader: what networks' cards say, and what the reader moved."""

    registry: Registry
    moved: Mapping[tuple[str, str, str], float]
    _cards: dict[str, Card | None] = field(default_factory=dict)

    def point(self, model: str, sha256: str, finding: str) -> OperatingPoint:
        """The point of a finding of a network's version; of one that has no card here: what the reader moved, else one half."""
        moved = self.moved.get((model, sha256, finding))
        card = self._card(model)
        return card.operating_point(finding, sha256, moved) if card else OperatingPoint(None, moved)

    def of(self, model: str, sha256: str) -> Callable[[str], OperatingPoint]:
        """The points of a network's version, by finding."""
        return lambda finding: self.point(model, sha256, finding)

    def called(self, model: str, sha256: str, finding: str, probability: float | None) -> bool:
        """Whether a finding is called at a probability; that nothing is found never is, nor what nobody said anything of."""
        if probability is None or finding == NO_FINDING:
            return False
        return self.point(model, sha256, finding).calls(probability)

    def lies(self, row: LayerRow, probability: float | None) -> Evidence | None:
        """Where a layer's evidence lies; the sign that it looks elsewhere stands only where its finding is called at what its
        network said, ``probability``: what the sign is worth was measured on such maps alone."""
        if row.evidence is None:
            return None
        return row.evidence.told(called=self.called(row.model, row.model_sha256, row.finding, probability))

    def _card(self, model: str) -> Card | None:
        if model not in self._cards:
            try:
                self._cards[model] = self.registry.remembered(model)
            except NotFound:
                self._cards[model] = None
        return self._cards[model]


def of(request: Request, tx: Transaction) -> Calling:
    """The points for whoever asks."""
    return Calling(pages.of(request).registry, tx.points.moved(pages.reader(request)))


def lying(tx: Transaction, points: Calling, rows: Iterable[LayerRow]) -> tuple[LayerRow, ...]:
    """Layers with the sign that they look elsewhere where it stands (`Calling.lies`)."""
    every = tuple(rows)
    said = tx.layers.said([row.id for row in every if row.evidence and row.evidence.odd])
    return tuple(replace(row, evidence=points.lies(row, said.get(row.id))) if row.evidence else row for row in every)


def sentence(point: OperatingPoint, _: Translate) -> str:
    """From where on a finding is called, and who says so."""
    if point.moved is not None and point.card is None:
        return _("Called from %(at)s on: moved by the reader (no operating point on the card).", at=estimates.point(point.at))
    if point.moved is not None and point.card is not None:
        told = {"at": estimates.point(point.moved), "card": estimates.point(point.card)}
        return _("Called from %(at)s on: moved by the reader (card: %(card)s).", **told)
    if point.card is None:
        return _("No operating point on the card: called from 0.5 on.")
    return _("Called from %(at)s on, by the card.", at=estimates.point(point.at))


@dataclass(frozen=True, slots=True)
class Does:
    """What calling from a point on does on the films of one source: sensitivity and specificity with their 95 % intervals."""

    source: str
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]
    positives: int
    negatives: int

    @property
    def chosen(self) -> bool:
        """Whether the card's point was chosen on these films, so that it may look too good on them."""
        return self.source == VALIDATION


def does(card: Card, curves: Curves, finding: str, point: OperatingPoint) -> tuple[Does, ...]:
    """What a point does on every source that is known: of the card's own point as the card tells it, of a moved one by its
    curves. Other patients come first, and of these whom there are most films of. Nothing where neither says anything."""
    if point.moved is None:
        rows = [_of_card(row) for row in card.operating if row.finding == finding and point.card is not None]
    else:
        rows = [_of_curve(one, point.at) for one in curves.of(finding)]
    return tuple(sorted(rows, key=lambda row: (row.chosen, -row.positives - row.negatives)))


def _of_card(row: Operating) -> Does:
    return Does(
        row.source,
        (row.sensitivity, row.sensitivity_low, row.sensitivity_high),
        (row.specificity, row.specificity_low, row.specificity_high),
        row.positives,
        row.negatives,
    )


def _of_curve(one: Calls, at: float) -> Does:
    counts = (one.positives, one.negatives)
    sensitivity, specificity = (
        (share, *wilson(round(share * count), count)) for share, count in zip(one.at(at), counts, strict=True)
    )
    return Does(one.source, sensitivity, specificity, *counts)


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding's point for a page: ``sentence`` says where it is and who says so, ``percent`` what its field holds, ``card``
    where the card has it ("" where it has none), ``worth`` sentences about what it does."""

    sentence: str
    percent: str
    card: str
    moved: bool
    worth: tuple[str, ...]


def shown(card: Card, sha256: str, point: OperatingPoint, finding: str, curves: Curves, _: Translate) -> Shown:
    """The point of a finding of a network's version, in words."""
    known = does(card, curves, finding, point) if sha256 == card.sha256 else ()
    return Shown(
        sentence=sentence(point, _),
        percent=estimates.per_cent(point.at),
        card="" if point.card is None else estimates.point(point.card),
        moved=point.moved is not None,
        worth=tuple(worth(row, _) for row in known[:1]) or _unknown(point, _),
    )


def _unknown(point: OperatingPoint, _: Translate) -> tuple[str, ...]:
    """That nobody knows what a moved point does: the network came without the curves that would tell."""
    if point.moved is None:
        return ()
    return (_("What calling from there does is not known: the network’s card has no curves of its calls."),)


def worth(row: Does, _: Translate) -> str:
    """What a point does on one source, in a sentence."""
    figures = {
        "sensitivity": share(row.sensitivity),
        "specificity": share(row.specificity),
        "positives": row.positives,
        "negatives": row.negatives,
    }
    if row.source == PHANTOMS:
        return _(
            "On other phantoms: sensitivity %(sensitivity)s, specificity %(specificity)s; %(positives)s with it, %(negatives)s "
            "without.",
            **figures,
        )
    if row.chosen:
        return _(
            "Where it was chosen: sensitivity %(sensitivity)s, specificity %(specificity)s; %(positives)s films with it, "
            "%(negatives)s without.",
            **figures,
        )
    return _(
        "On other patients (%(source)s): sensitivity %(sensitivity)s, specificity %(specificity)s; %(positives)s films with "
        "it, %(negatives)s without.",
        source=_(row.source),
        **figures,
    )


def share(told: tuple[float, float, float]) -> str:
    """A share with its interval, in whole per cent."""
    value, low, high = told
    return f"{100 * value:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def curves(card: Card) -> Curves:
    """A card's curves; none where they cannot be read or are of other weights."""
    try:
        return Curves.read(card) or Curves((), ())
    except ModelError:
        return Curves((), ())
