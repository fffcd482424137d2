"""Exports for scripts: verdicts, predictions and layers of all studies, whole as CSV, in pages as JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.domain import LayerKind, Verdict
from app.store import FLAG_SORTS, ExportQuery, FlagQuery
from app.web import calling, exports, pages, tables
from app.web.api.objects import Frozen
from app.web.api.refusals import Responses
from app.web.exports import NOTICE, FlagLine, LayerLine, PredictionLine

router = APIRouter(tags=["exports"])

CSV: Responses = {
    200: {"content": {"text/csv": {}}, "description": "The file: UTF-8 with a byte order mark, a heading, a row per line."}
}
Row = TypeVar("Row")


class PageOut(Frozen, Generic[Row]):
    """One page of an export."""

    use: str = Field(description="Research use only — not for clinical use.")
    exported_at: datetime = Field(description="UTC.")
    total: int = Field(description="How many there are in all.")
    page: int = Field(description="This page's number, from 1.")
    pages: int = Field(description="How many pages there are.")
    rows: tuple[Row, ...] = Field(description="The rows, as in the CSV.")


class FlagsOut(PageOut[FlagLine]):
    """One page of the verdicts in force; `total` counts verdicts."""


class PredictionsOut(PageOut[PredictionLine]):
    """One page of what networks said; `total` counts stacks that were read, each with a row per finding."""


class LayersOut(PageOut[LayerLine]):
    """One page of the layers; `total` counts layers."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """Which verdicts to export."""

    study: Annotated[str, Query(max_length=64, description="Only of this study.")] = ""
    verdict: Annotated[Verdict | None, Query(description="Only this verdict.")] = None
    method: Annotated[str, Query(max_length=64, description="Only on layers of this producer.")] = ""
    finding: Annotated[str, Query(max_length=64, description="Only on this finding.")] = ""
    model: Annotated[str, Query(max_length=64, description="Only on this network.")] = ""
    reader: Annotated[str, Query(max_length=64, description="Only by this reader.")] = ""
    reason: Annotated[str, Query(max_length=64, description="Only with this reason.")] = ""
    order: Annotated[
        str,
        Query(
            max_length=32, description=f"What to sort by, with a hyphen before it the largest first: {', '.join(FLAG_SORTS)}."
        ),
    ] = ""

    def query(self, number: int = 1, size: int = 25) -> FlagQuery:
        """As the store asks it."""
        sort, descending = tables.ordering(self.order, FLAG_SORTS, "created")
        return FlagQuery(
            study=self.study,
            verdict=self.verdict or "",
            method=self.method,
            finding=self.finding,
            model=self.model,
            reader=self.reader,
            reason=self.reason,
            sort=sort,  # type: ignore[arg-type]  # `tables.ordering` gives one of those that are allowed
            descending=descending,
            number=number,
            size=size,
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """Which predictions to export."""

    study: Annotated[str, Query(max_length=64, description="Only of this study.")] = ""
    model: Annotated[str, Query(max_length=64, description="Only of this network.")] = ""
    finding: Annotated[str, Query(max_length=64, description="Only of this finding.")] = ""

    def query(self) -> ExportQuery:
        """As the store asks it."""
        return ExportQuery(study=self.study, model=self.model, finding=self.finding)


@dataclass(frozen=True, slots=True)
class Layered:
    """Which layers to export."""

    study: Annotated[str, Query(max_length=64, description="Only of this study.")] = ""
    model: Annotated[str, Query(max_length=64, description="Only of this network.")] = ""
    finding: Annotated[str, Query(max_length=64, description="Only about this finding.")] = ""
    method: Annotated[str, Query(max_length=64, description="Only by the producer of this name.")] = ""
    kind: Annotated[LayerKind | None, Query(description="Only of this kind.")] = None

    def query(self) -> ExportQuery:
        """As the store asks it."""
        return ExportQuery(self.study, self.model, self.finding, self.method, self.kind or "")


Number = Annotated[int, Query(ge=1, le=999_999, description="The page, from 1.")]
Size = Annotated[int, Query(ge=1, le=200, description="How many of what `total` counts come on a page.")]


@router.get("/exports/flags.csv", response_class=Response, responses=CSV, summary="Export verdicts as CSV")
def export_flags_csv(request: Request, asked: Annotated[Flagged, Depends()]) -> Response:
    """Every verdict in force, one row each."""
    with pages.of(request).store.view() as tx:
        points = calling.of(request, tx)
        lines = (FlagLine.of(row, points) for row in tx.flags.export(asked.query()))
        return exports.csv_file("flags", exports.heading(FlagLine), (line.model_dump().values() for line in lines))


@router.get("/exports/flags.json", summary="Export verdicts")
def export_flags_json(request: Request, asked: Annotated[Flagged, Depends()], page: Number = 1, size: Size = 100) -> FlagsOut:
    """The verdicts in force, one row each, the newest first."""
    with pages.of(request).store.view() as tx:
        found = tx.flags.page(asked.query(page, size))
        points = calling.of(request, tx)
    rows = tuple(FlagLine.of(row, points) for row in found.rows)
    return FlagsOut(use=NOTICE, exported_at=_now(), total=found.total, page=found.number, pages=found.pages, rows=rows)


@router.get("/exports/predictions.csv", response_class=Response, responses=CSV, summary="Export predictions as CSV")
def export_predictions_csv(request: Request, asked: Annotated[Answered, Depends()]) -> Response:
    """What networks said, a row per finding of a film; of an exam a row per finding and stack. The oldest first."""
    with pages.of(request).store.view() as tx:
        return exports.predictions("predictions", tx.exports.answers(asked.query()), calling.of(request, tx))


@router.get("/exports/predictions.json", summary="Export predictions")
def export_predictions_json(
    request: Request, asked: Annotated[Answered, Depends()], page: Number = 1, size: Size = 100
) -> PredictionsOut:
    """What networks said, a row per finding of a film; of an exam a row per finding and stack. The oldest first."""
    with pages.of(request).store.view() as tx:
        found = tx.exports.answers_page(asked.query(), page, size)
        points = calling.of(request, tx)
    rows = tuple(PredictionLine.of(row, points) for row in found.rows)
    return PredictionsOut(use=NOTICE, exported_at=_now(), total=found.total, page=found.number, pages=found.pages, rows=rows)


@router.get("/exports/layers.csv", response_class=Response, responses=CSV, summary="Export layers as CSV")
def export_layers_csv(request: Request, asked: Annotated[Layered, Depends()]) -> Response:
    """Every layer, one row each, without its values. The oldest first."""
    with pages.of(request).store.view() as tx:
        points = calling.of(request, tx)
        lines = (LayerLine.of(row, points) for row in tx.exports.layers(asked.query()))
        return exports.csv_file("layers", exports.heading(LayerLine), (line.model_dump().values() for line in lines))


@router.get("/exports/layers.json", summary="Export layers")
def export_layers_json(request: Request, asked: Annotated[Layered, Depends()], page: Number = 1, size: Size = 100) -> LayersOut:
    """The layers, one row each, without their values. The oldest first."""
    with pages.of(request).store.view() as tx:
        found = tx.exports.layers_page(asked.query(), page, size)
        points = calling.of(request, tx)
    rows = tuple(LayerLine.of(row, points) for row in found.rows)
    return LayersOut(use=NOTICE, exported_at=_now(), total=found.total, page=found.number, pages=found.pages, rows=rows)


def _now() -> datetime:
    return datetime.now(UTC)
