"""The networks there are, and what each card says. Knows cards and pages; no weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.classifiers.card import Card, Figure
from app.web import pages

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """templates/models.html: every network's card, the ones that are chosen by themselves first."""

    template: ClassVar[str] = "models.html"

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The figures of one metric on one part of one source, in the card's order. ``start`` is where the pictures' scale begins:
    at one half, a coin's toss for an AUROC, or at the tenth that the lowest interval reaches below it."""

    source: str
    metric: str
    rows: tuple[Figure, ...]

    @property
    def start(self) -> float:
        """The lowest value of the scale; the highest is 1."""
        return min(0.5, math.floor(10 * min(figure.low for figure in self.rows)) / 10)

    def place(self, value: float) -> float:
        """Where a value lies on the scale, 0 to 100."""
        return round(100 * (min(max(value, self.start), 1.0) - self.start) / (1.0 - self.start), 2)


@dataclass(frozen=True, slots=True)
class ModelPage:
    """templates/model.html: one card in full."""

    template: ClassVar[str] = "model.html"

    card: Card
    figures: tuple[FigureTable, ...]
    megabytes: float | None


def tables(figures: Sequence[Figure]) -> tuple[FigureTable, ...]:
    """The card's figures, one table per source and metric."""
    keys = dict.fromkeys((figure.source, figure.metric) for figure in figures)
    return tuple(
        FigureTable(source, metric, tuple(f for f in figures if (f.source, f.metric) == (source, metric)))
        for source, metric in keys
    )


@router.get("/models")
def models(request: Request) -> Response:
    """The list of networks."""
    registry = pages.of(request).registry
    cards = sorted(registry.cards(), key=lambda card: (card.phantom, not card.default, card.name)) + list(registry.guards())
    return pages.render(request, ModelsPage(cards=tuple(cards)))


@router.get("/models/{name}")
def model(request: Request, name: str) -> Response:
    """One network's card; 404 in words for a name that is none."""
    registry = pages.of(request).registry
    card = next((guard for guard in registry.guards() if guard.name == name), None) or registry.card(name)
    size = card.weights.stat().st_size / 1e6 if card.weights.is_file() else None
    return pages.render(request, ModelPage(card=card, figures=tables(card.figures), megabytes=size))
