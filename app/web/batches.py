"""Having a selection of the worklist read by another network: asked for in the list, followed on a page of its own."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.desk import batches
from app.domain import Score
from app.errors import NotFound
from app.store import BATCH_STATES, Batch, BatchState, BatchStudy, Transaction, WorklistQuery, WorklistRow
from app.web import calling, pages, tables, worklist
from app.web.addresses import inside, served
from app.web.calling import Calling
from app.web.preferences import own
from app.web.wording import Translate
from app.web.worklist import Findings

router = APIRouter(include_in_schema=False)

Said = Mapping[str, tuple[str, tuple[Score, ...]]]
"""By study: the version of the network's weights, and what it said."""

SIZE = 50
"""Studies per page."""
DETAIL = 200
"""Studies that the worklist's form may name one by one: a page of the list, at most."""


class Wish(BaseModel):
    """What the worklist's forms send: the network, and the studies that are ticked, or the address of the whole list."""

    model: str = Field(max_length=64)
    study: list[str] = Field(default=[], max_length=DETAIL)
    list: str = Field("", max_length=2000)


class Named(BaseModel):
    """What a batch's address may name: ``go`` the page, ``poll`` that the page asks by itself, ``seen`` what it shows."""

    go: str = ""
    poll: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A study of a batch: what became of it, ``error`` in words, what the batch's network says of it, and what the network says
    whose findings the worklist shows, where that is another. ``refused``: the network's guard kept it from being read."""

    study: WorklistRow
    state: BatchState
    error: str
    said: Findings
    shown: Findings
    refused: bool


@dataclass(frozen=True, slots=True)
class BatchPage:
    """templates/batch.html: how far a batch is, and a page of its studies. ``left``: how many it did not come to."""

    template: ClassVar[str] = "batch.html"

    batch: Batch
    lines: tuple[Line, ...]
    states: tuple[BatchState, ...]
    number: int
    pages: int
    address: str
    left: int
    here: bool
    polled: bool

    @property
    def digest(self) -> str:
        """A few letters that stand for what the page shows."""
        return hashlib.sha256(repr((self.batch, self.lines)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class BatchesPage:
    """templates/batches.html: the batches asked for last."""

    template: ClassVar[str] = "batches.html"

    batches: tuple[Batch, ...]


@router.post("/batches")
def ask(request: Request, wish: Annotated[Wish, Form()]) -> Response:
    """Have the chosen studies, or all of a list, read by a network, and go to where that is followed (303). NotFound for an
    address that is no worklist's."""
    web, origin = pages.of(request), own(wish.list) if wish.list else ""
    studies = _listed(request, origin) if origin else wish.study
    batch = batches.ask(web.store, web.registry, wish.model, studies, origin)
    web.wake()
    return RedirectResponse(served(f"/batches/{batch.id}"), status_code=303)


@router.get("/batches")
def every(request: Request) -> Response:
    """The batches that are kept."""
    with pages.of(request).store.view() as tx:
        return pages.render(request, BatchesPage(tx.batches.newest()))


@router.get("/batches/{batch_id}")
def batch(request: Request, batch_id: str, named: Annotated[Named, Query()]) -> Response:
    """How far a batch is; to a page that asks by itself nothing (204) while it shows what there is. NotFound."""
    page = _page(request, batch_id, named)
    if page.polled and named.seen == page.digest:
        return Response(status_code=204)
    return pages.render(request, page, template="partials/batch_studies.html" if pages.is_htmx(request) else None)


@router.post("/batches/{batch_id}/stop")
def stop(request: Request, batch_id: str) -> Response:
    """Take back what still waits, and stay. NotFound."""
    batches.stop(pages.of(request).store, batch_id)
    return RedirectResponse(served(f"/batches/{batch_id}"), status_code=303)


@router.post("/batches/{batch_id}/rest")
def rest(request: Request, batch_id: str) -> Response:
    """Ask once more for what failed or was stopped, as a batch of its own. NotFound."""
    web = pages.of(request)
    made = batches.rest(web.store, web.registry, batch_id)
    web.wake()
    return RedirectResponse(served(f"/batches/{made.id}"), status_code=303)


def _listed(request: Request, origin: str) -> list[str]:
    """Every study of the worklist at an address."""
    parts = urlsplit(origin)
    if parts.path != "/":
        raise NotFound("There is no such list.")
    return [entry.study for entry in worklist.entries(request, dict(parse_qsl(parts.query)))]


def _page(request: Request, batch_id: str, named: Named) -> BatchPage:
    _, registry = pages.gettext(request), pages.of(request).registry
    with pages.of(request).store.view() as tx:
        found = tx.batches.get(batch_id)
        count = max(1, -(-found.total // SIZE))
        number = min(tables.number(named.go), count)
        members = tx.batches.studies(batch_id, start=(number - 1) * SIZE, size=SIZE)
        lines = _lines(tx, found.model, members, calling.of(request, tx), _)
    return BatchPage(
        batch=found,
        lines=lines,
        states=BATCH_STATES,
        number=number,
        pages=count,
        address=tables.address(inside(f"/batches/{batch_id}"), {"go": str(number) if number > 1 else ""}),
        left=sum(found.counts[one] for one in ("failed", "cancelled")),
        here=found.model in {card.name for card in registry.cards()},
        polled=bool(named.poll),
    )


def _lines(tx: Transaction, model: str, members: Iterable[BatchStudy], points: Calling, _: Translate) -> tuple[Line, ...]:
    mine = {one.study_id: one for one in members}
    rows = {row.id: row for row in tx.worklist.page(WorklistQuery(only=frozenset(mine), size=SIZE)).rows}
    said = tx.worklist.said(list(mine), model)
    lines = []
    for study_id, one in mine.items():
        row = rows[study_id]
        about = _by(row, model, said, points, _)
        stopped = any(i.inspection.stopped and i.inspection.model == model for i in tx.inspections.of_study(study_id))
        lines.append(
            Line(
                study=row,
                state=one.state,
                error=_(one.error_template, **one.error_values) if one.error_template else "",
                said=about,
                shown=Findings((), 0) if row.network == model else worklist.findings(row, points, _),
                refused=stopped and not about.named,
            )
        )
    return tuple(lines)


def _by(row: WorklistRow, model: str, said: Said, points: Calling, _: Translate) -> Findings:
    """What a network says of a study, as the worklist tells it of the one that it shows."""
    if row.id not in said:
        return Findings((), 0)
    version, scores = said[row.id]
    return worklist.findings(
        replace(row, network=model, version=version, said=scores, apart={}, counted={}, elsewhere=()), points, _
    )
