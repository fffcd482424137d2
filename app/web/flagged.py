"""The flagged maps: every verdict in force, filtered, sorted and paged by the store, as a list, as counts or as a sheet of
pictures to print, and exported whole as CSV or JSON.

What it shows stands in its address, but for the text that is searched for (see `app.web.tables`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from app import explainers
from app.store import FIGURES, FLAG_SORTS, Choices, Entry, ExportQuery, FlagQuery, FlagRow, Page, Transaction
from app.store.records import FlagSort
from app.web import calling, exports, figures, pages, tables, what_if_export
from app.web.addresses import inside, served
from app.web.exports import FlagLine
from app.web.flag_counts import MethodCounts, counted

router = APIRouter(include_in_schema=False)

USUAL = "-created"
"""The order of a list that nobody sorted."""
SHOWN = ("", "counts", "sheet")
"""What the page shows of the verdicts that the filters take: the list, their counts, or a sheet of pictures."""
ON_A_SHEET = 60
FILTERS = ("verdict", "reason", "method", "finding", "model", "reader")


@dataclass(frozen=True, slots=True)
class FlaggedPage:
    """templates/flagged.html: one page of verdicts, the query it answers, and the values each filter offers.

    ``order`` is the query's order as the form sends it; ``methods`` gives each method's title, ``against`` by a verdict's id
    how the judged map lies to the true region; ``lines`` are the same verdicts as the exports have them.
    ``address`` is where this list is, ``views`` where the same verdicts are shown in each way; ``show`` is the way,
    ``counts`` are there for that one alone. ``forgotten``: the text that the address searched for is not kept any more.
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
    forgotten: bool
    address: str
    show: str
    views: Mapping[str, str]
    counts: tuple[MethodCounts, ...]


class Named(BaseModel):
    """What the address of the flagged page may name. ``search`` is the id of a text, ``show`` one of `SHOWN`, ``go`` the
    page."""

    search: str = ""
    verdict: str = ""
    method: str = ""
    finding: str = ""
    model: str = ""
    reader: str = ""
    reason: str = ""
    order: str = ""
    show: str = ""
    go: str = ""

    def query(self, text: str) -> FlagQuery:
        """As the store asks it."""
        sort, descending = tables.ordering(self.order, FLAG_SORTS, "created")
        return FlagQuery(
            text=text,
            verdict=self.verdict,
            method=self.method,
            finding=self.finding,
            model=self.model,
            reader=self.reader,
            reason=self.reason,
            sort=cast(FlagSort, sort),
            descending=descending,
            number=tables.number(self.go),
            size=ON_A_SHEET if self.show == "sheet" else 25,
        )


class Asked(Named):
    """What the form of the flagged page sends: the same, the text to search for, and a new order where a heading was chosen.
    Without a page chosen it is the first."""

    text: str = ""
    sort: str = ""

    def address(self) -> dict[str, str]:
        """What of it stands in the address."""
        named = self.model_dump(exclude={"text", "sort", "search"})
        return {**named, "order": tables.told(self.sort or self.order, USUAL)}


@router.get("/flagged")
def flagged(request: Request, named: Annotated[Named, Query()]) -> Response:
    """The flagged maps as the address says; to htmx the table alone, with the address for the browser to show."""
    page = _page(request, named)
    if not pages.is_htmx(request):
        return pages.render(request, page)
    return pages.render(request, page, headers={"HX-Replace-Url": served(page.address)}, template="partials/flagged_table.html")


@router.post("/flagged")
def search(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Where the flagged maps are that the form asks for."""
    return tables.found(request, inside("/flagged"), asked.address(), asked.text)


def entries(request: Request, query: Mapping[str, str]) -> tuple[Entry, ...]:
    """Every verdict of the list whose address has this query, as a queue takes them; NotFound where its search is not kept."""
    named = Named.model_validate(query)
    with pages.of(request).store.view() as tx:
        found = tx.flags.places(named.query(tables.known(request, named.search)))
    return tuple(Entry(study, urlencode({"flag": review}), f"flag-{review}") for review, study in found)


def _page(request: Request, named: Named) -> FlaggedPage:
    searched = tables.searched(request, named.search)
    query = named.query(searched.text)
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        flags = tx.flags.page(query)
        choices = tx.flags.choices()
        titles = tx.layers.titles()
        points = calling.of(request, tx)
        counts = tx.flags.counts(query) if named.show == "counts" else ()
    told = named.model_dump() | {"search": searched.id, "go": ""}
    views = {show: tables.address(inside("/flagged"), told | {"show": show}) for show in SHOWN}
    return FlaggedPage(
        query=query,
        flags=flags,
        choices=choices,
        columns=_columns(request, query),
        order=f"-{query.sort}" if query.descending else query.sort,
        against={row.row.id: figures.against(row.row.review.localisations.get(row.row.method), _) for row in flags.rows},
        lines={row.row.id: FlagLine.of(row, points) for row in flags.rows},
        methods={name: explainers.describe(name).titled(_) for name in _methods()} | titles,
        forgotten=searched.forgotten,
        address=tables.address(inside("/flagged"), told | {"go": tables.page(flags)}),
        show=named.show if named.show in SHOWN else "",
        views=views,
        counts=counted(counts, told | {"show": ""}),
    )


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
        (_("Probability"), "probability", True),
        (_("Disagreement"), "disagreement", True),
        (_("Method"), "method", False),
        (_("Verdict"), "verdict", False),
        (_("True region"), "", False),
        (_("Peak"), "pointing", True),
        ("IoU", "iou", True),
        (_("Out/in"), "outside_inside", True),
        (_("Inside"), "mass", True),
        (_("Comment"), "", False),
        (_("Judged"), "created", False),
    )
    return tables.columns(headings, query.sort, query.descending, ("created", "study date", *FIGURES))


@router.get("/flagged.csv")
def named_csv(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as CSV."""
    return _csv(request, asked.query(tables.known(request, asked.search)))


@router.post("/flagged.csv")
def searched_csv(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as CSV."""
    return _csv(request, asked.query(asked.text))


@router.get("/flagged.json")
def named_json(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as JSON."""
    return _json(request, asked.query(tables.known(request, asked.search)))


@router.post("/flagged.json")
def searched_json(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as JSON."""
    return _json(request, asked.query(asked.text))


@router.get("/flagged/predictions.csv")
def named_predictions(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """All that networks said of the studies whose flagged maps the address asks for, as CSV."""
    return _predictions(request, asked.query(tables.known(request, asked.search)))


@router.post("/flagged/predictions.csv")
def searched_predictions(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """All that networks said of the studies whose flagged maps the form asks for, as CSV."""
    return _predictions(request, asked.query(asked.text))


def _predictions(request: Request, query: FlagQuery) -> Response:
    with pages.of(request).store.view() as tx:
        found = tx.exports.answers(ExportQuery(studies=tx.flags.studies(query)))
        return exports.predictions("flagged-predictions", found, calling.of(request, tx))


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
