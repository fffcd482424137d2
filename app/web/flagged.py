"""The flagged maps: every verdict in force, filtered, sorted and paged by the store, and exported whole as CSV or JSON.

The search text may be a patient's name: like the worklist's it travels in the body of a POST.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from app import explainers
from app.store import FLAG_SORTS, Choices, FlagQuery, FlagRow, Page, Transaction
from app.store.records import FlagSort
from app.web import calling, exports, figures, pages, tables, what_if_export
from app.web.exports import FlagLine

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class FlaggedPage:
    """templates/flagged.html: one page of verdicts, the query it answers, and the values each filter offers.

    ``order`` is the query's order as the form sends it; ``methods`` gives each method's title, ``against`` by a verdict's id
    how the judged map lies to the true region; ``lines`` are the same verdicts as the exports have them.
    """

    template: ClassVar[str] = "flagged.html"

    query: FlagQuery
    flags: Page[FlagRow]
    choices: Choices
    columns: tuple[tables.Column, ...]
    order: str
    methods: Mapping[str, str]
    against: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, FlagLine]


class Named(BaseModel):
    """What the address of the flagged page may name. ``sort`` and ``go`` are the buttons: a new order, another page."""

    verdict: str = ""
    method: str = ""
    finding: str = ""
    model: str = ""
    order: str = ""
    sort: str = ""
    go: str = ""

    def query(self, text: str = "") -> FlagQuery:
        """As the store asks it."""
        sort, descending = tables.ordering(self.sort or self.order, FLAG_SORTS, "created")
        return FlagQuery(
            text=text.strip()[:200],
            verdict=self.verdict,
            method=self.method,
            finding=self.finding,
            model=self.model,
            sort=cast(FlagSort, sort),
            descending=descending,
            number=tables.number(self.go),
        )


class Asked(Named):
    """What the form of the flagged page sends: the same, and the text to search for."""

    text: str = ""


@router.get("/flagged")
def flagged(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """The flagged maps, with the filters that the address names."""
    return _answer(request, asked.query())


@router.post("/flagged")
def search(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """The flagged maps as the form asks for them: to htmx the table alone, to a browser without scripts the page."""
    return _answer(request, asked.query(asked.text))


def _answer(request: Request, query: FlagQuery) -> Response:
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        flags = tx.flags.page(query)
        choices = tx.flags.choices()
        titles = tx.layers.titles()
        points = calling.of(request, tx)
    page = FlaggedPage(
        query=query,
        flags=flags,
        choices=choices,
        columns=_columns(request, query),
        order=f"-{query.sort}" if query.descending else query.sort,
        against={row.row.id: figures.against(row.row.review.localisations.get(row.row.method), _) for row in flags.rows},
        lines={row.row.id: FlagLine.of(row, points) for row in flags.rows},
        methods={name: explainers.describe(name).titled(_) for name in _methods()} | titles,
    )
    return pages.render(request, page, template="partials/flagged_table.html" if pages.is_htmx(request) else None)


def _methods() -> Iterator[str]:
    for name in explainers.names():
        yield from (name, *explainers.variants(name))


def _columns(request: Request, query: FlagQuery) -> tuple[tables.Column, ...]:
    _ = pages.gettext(request)
    headings = (
        (_("Map"), "", False),
        (_("Patient"), "patient", False),
        (_("Study date"), "study date", False),
        (_("Finding"), "finding", False),
        (_("Method"), "method", False),
        (_("Verdict"), "verdict", False),
        (_("True region"), "", False),
        (_("Peak"), "", True),
        ("IoU", "", True),
        (_("Out/in"), "", True),
        (_("Inside"), "", True),
        (_("Comment"), "", False),
        (_("Judged"), "created", False),
    )
    return tables.columns(headings, query.sort, query.descending, ("created", "study date"))


@router.get("/flagged.csv")
def named_csv(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as CSV."""
    return _csv(request, asked.query())


@router.post("/flagged.csv")
def searched_csv(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as CSV."""
    return _csv(request, asked.query(asked.text))


@router.get("/flagged.json")
def named_json(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as JSON."""
    return _json(request, asked.query())


@router.post("/flagged.json")
def searched_json(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as JSON."""
    return _json(request, asked.query(asked.text))


def _lines(request: Request, tx: Transaction, query: FlagQuery) -> Iterator[dict[str, Any]]:
    points = calling.of(request, tx)
    return (FlagLine.of(row, points).model_dump() for row in tx.flags.export(query))


def _csv(request: Request, query: FlagQuery) -> Response:
    with pages.of(request).store.view() as tx:
        return exports.csv_file("flagged", exports.heading(FlagLine), (line.values() for line in _lines(request, tx, query)))


def _json(request: Request, query: FlagQuery) -> Response:
    with pages.of(request).store.view() as tx:
        flags = list(_lines(request, tx, query))
    body = {
        "use": exports.NOTICE,
        "exported_at": datetime.now(UTC).isoformat(),
        "flags": flags,
        "what_ifs": what_if_export.entries(request),
    }
    octets = json.dumps(body, ensure_ascii=False, indent=1).encode()
    return Response(octets, media_type="application/json", headers=exports.attached("flagged", "json"))
