"""The comparison's addresses: the page, its payload, how far its jobs are, and asking for what is missing.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.desk import wishes
from app.domain import Plane
from app.errors import InputError
from app.web import pages
from app.web.networks import reading
from app.web.networks.page import NetworksPage, RowData, Wanted, address

router = APIRouter(include_in_schema=False)

MANY = 100
MOST = 8
"""How many networks, and how many methods, stand beside each other at most."""
Named = Annotated[str, Field(max_length=64)]


class Asked(BaseModel):
    """What the comparison's address may say: image, finding, plane of an exam, the networks, the methods, and the two networks
    whose maps are subtracted; and how often a page has asked how far its jobs are."""

    image: Named = ""
    finding: Named = ""
    plane: Plane = ""
    network: list[Named] = Field([], max_length=MANY)
    method: list[Named] = Field([], max_length=MANY)
    minus: list[Named] = Field([], max_length=2)
    again: int = Field(0, ge=0, le=1_000_000)

    @property
    def wanted(self) -> Wanted:
        """The comparison that is asked for. InputError for more than a page has room for."""
        if max(len(self.network), len(self.method)) > MOST:
            raise InputError(
                "A comparison has room for %(most)s networks and as many methods: go back and choose fewer.", {"most": MOST}
            )
        return Wanted(self.image, self.finding, tuple(self.network), tuple(self.method), tuple(self.minus), self.plane)


class Wish(BaseModel):
    """Which network is to read, or to be explained; "": all maps that are missing."""

    model: str = Field("", max_length=64)


@router.get("/studies/{study_id}/networks")
def networks(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The page that compares networks."""
    return pages.render(request, reading.read(request, study_id, asked.wanted))


@router.get("/studies/{study_id}/networks.json")
def networks_json(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(reading.read(request, study_id, asked.wanted).data))


@router.get("/studies/{study_id}/networks/update")
def update(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """What the networks say now, and how far their jobs are."""
    return fragment(request, reading.read(request, study_id, asked.wanted, asked.again))


@router.post("/studies/{study_id}/networks")
def wish(request: Request, study_id: str, asked: Annotated[Asked, Query()], wish: Annotated[Wish, Form()]) -> Response:
    """Let a network read what is shown, or ask for the maps that are missing, of one network or of all that have read.

    To htmx what the networks say now; to a browser without scripts: back to the page. InputError for a network that is not
    compared, or that does not read what is shown.
    """
    page = reading.read(request, study_id, asked.wanted)
    due = [ask(request, page, row, named=bool(wish.model)) for row in reading.asked(page, wish.model)]
    if any(due):
        pages.of(request).wake()
    if not pages.is_htmx(request):
        return RedirectResponse(address(study_id, page.wanted), status_code=303)
    return fragment(request, reading.read(request, study_id, asked.wanted))


def ask(request: Request, page: NetworksPage, row: RowData, *, named: bool) -> bool:
    """Ask for what is missing of a row; whether anything is. Only a network that was ``named`` is asked to read."""
    web, study = pages.of(request), page.study.id
    if row.said == "unread" and row.askable and named:
        return wishes.analysis(web.store, web.registry, study, model=row.model).due
    if row.said == "read" and row.lacking:
        stack = row.stack
        made = wishes.maps(
            web.store,
            web.registry,
            study,
            model=row.model,
            finding=page.wanted.finding,
            stack_id="" if page.data.arrangement == "planes" else stack,
            methods=row.lacking,
        )
        return made.due
    return False


def fragment(request: Request, page: NetworksPage) -> Response:
    """What changes on the page while jobs run."""
    return pages.render(request, page, template="partials/networks_update.html")
