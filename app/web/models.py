"""The networks there are, and what each card says. Knows cards, curves and pages; no weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.classifiers import shown
from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.measured import DRAWN_DEVICE, LookedAt, Told
from app.errors import ModelError
from app.store import NetworkRow
from app.web import charts, growing, pages

router = APIRouter(include_in_schema=False)

WITHIN = ("AP", "wide heart")
"""The aspects of which it is shown what a finding's AUROC is among films that are alike in them."""


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """templates/models.html: every network's card, the ones that are chosen by themselves first; then the versions of somebody
    else's networks whose results were imported."""

    template: ClassVar[str] = "models.html"

    cards: tuple[Card, ...]
    imported: tuple[NetworkRow, ...]
    compared: bool


@dataclass(frozen=True, slots=True)
class ToldTable:
    """What a network's logits tell of films of one ``part``: a row per finding, in the order of the card's, and a column per
    aspect; ``within`` are the aspects of which it is known what a finding's AUROC is where they cannot help."""

    part: str
    aspects: tuple[str, ...]
    within: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, Told]], ...]

    def films(self, aspect: str) -> tuple[int, int]:
        """Of how many films that have an aspect its figures are: the fewest and the most of all findings."""
        counts = [cells[aspect].films for _, cells in self.rows if aspect in cells]
        return min(counts), max(counts)

    @property
    def rare(self) -> frozenset[str]:
        """The findings that fewer than ten films have, so that nobody knows how well they are told themselves."""
        return frozenset(finding for finding, cells in self.rows if all(row.plain is None for row in cells.values()))

    @property
    def drawn(self) -> bool:
        """Whether devices were drawn into films."""
        return DRAWN_DEVICE in self.aspects


def told_table(card: Card, part: str) -> ToldTable:
    """The table of a part of the films. Columns have the order in which they stand on the card, a drawn device last."""
    rows = [row for row in card.told if row.source == part]
    aspects = sorted(dict.fromkeys(row.aspect for row in rows), key=lambda aspect: aspect == DRAWN_DEVICE)
    within = tuple(aspect for aspect in WITHIN if any(row.aspect == aspect and row.within is not None for row in rows))
    each = {finding: {row.aspect: row for row in rows if row.finding == finding} for finding in card.findings}
    return ToldTable(part, tuple(aspects), within, tuple((finding, cells) for finding, cells in each.items() if cells))


@dataclass(frozen=True, slots=True)
class ModelPage:
    """templates/model.html: one card in full, and its curves.

    ``no_curves`` says why there are no curves; empty where there are.
    """

    template: ClassVar[str] = "model.html"

    card: Card
    figures: tuple[charts.FigureTable, ...]
    outside: charts.OutsideTable
    calibration: tuple[charts.Diagram, ...]
    roc: tuple[charts.Panels, ...]
    no_curves: str
    megabytes: float | None
    grown: tuple[growing.Grown, ...] = ()
    threshold: growing.Threshold | None = None

    @property
    def told(self) -> tuple[ToldTable, ...]:
        """What its logits tell that they were not asked for, by the part of the films; the test part first."""
        return tuple(told_table(self.card, part) for part in sorted({row.source for row in self.card.told}))

    @property
    def calls(self) -> tuple[tuple[bool, tuple[LookedAt, ...]], ...]:
        """The calls that were looked at, the right ones first."""
        return tuple((right, tuple(c for c in self.card.looked_at if c.right is right)) for right in (True, False))


@router.get("/models")
def models(request: Request) -> Response:
    """The list of networks."""
    web = pages.of(request)
    registry = web.registry
    cards = sorted(registry.cards(), key=lambda card: (card.phantom, not card.default, card.name)) + list(registry.beside())
    with web.store.view() as tx:
        imported = tx.parties.imported()
    return pages.render(request, ModelsPage(tuple(cards), imported, bool(shown.compared(web.settings.models))))


@router.get("/models/{name}")
def model(request: Request, name: str) -> Response:
    """One network's card; 404 in words for a name that is none."""
    registry = pages.of(request).registry
    card = next((one for one in registry.beside() if one.name == name), None) or registry.remembered(name)
    curves, why = curves_of(card, pages.gettext(request))
    page = ModelPage(
        card=card,
        figures=charts.tables(card.figures),
        outside=charts.OutsideTable(card.outside),
        calibration=charts.diagrams(card.calibration, curves.reliability),
        roc=charts.panels(curves.roc, card.figures),
        no_curves=why,
        grown=growing.grown(card),
        threshold=growing.threshold(card),
        megabytes=card.weights.stat().st_size / 1e6 if card.weights.is_file() else None,
    )
    return pages.render(request, page)


def curves_of(card: Card, _: Callable[..., str]) -> tuple[Curves, str]:
    """The curves of a card, or none and a sentence that says why: a card is worth reading without them."""
    try:
        found = Curves.read(card)
    except ModelError as error:
        return Curves((), ()), _(error.template, **error.values)
    return (found, "") if found else (Curves((), ()), _("This network comes without curves."))
