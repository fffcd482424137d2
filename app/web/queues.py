"""Reading a list through: beginning at one of its rows or at the first that is not done, and being done with a case.

Every list whose address says what it shows can be read through; the order is frozen when a reader begins.
"""

import logging
import re
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.errors import NotFound, Unavailable
from app.store import Entry
from app.web import flagged, pages, worklist
from app.web.addresses import inside, served
from app.web.cohorts import listing
from app.web.preferences import own
from app.web.standing import address, listed, position

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

FILMS = re.compile(r"/cohorts/([a-z2-7]{12})/films")


class Begun(BaseModel):
    """Which list is read through: its address, and the row where it begins with its study; without a row it begins at the first
    that the reader is not done with."""

    list: str = Field("/", max_length=2000)
    row: str = Field("", max_length=64)
    study: str = Field("", pattern="^([a-z2-7]{12})?$")


class Settled(BaseModel):
    """A reader is done with a study, or (``done`` is "no") not after all; where it stands in which queue."""

    done: str = ""
    queue: str = ""
    place: str = ""


def entries(request: Request, origin: str) -> tuple[Entry, ...]:
    """What a list holds, by its address. NotFound for an address that is no list's."""
    parts = urlsplit(own(origin))
    query = dict(parse_qsl(parts.query))
    if films := FILMS.fullmatch(parts.path):
        return listing.entries(request, films[1], query)
    if parts.path == inside("/flagged"):
        return flagged.entries(request, query)
    if parts.path == "/":
        return worklist.entries(request, query)
    raise NotFound("There is no such list.")


@router.get("/read")
def begin(request: Request, begun: Annotated[Begun, Query()]) -> Response:
    """Go to a case of a list (303), with its place in the list as it is now. A row that is not in the list any more is opened
    alone, and an empty list leads back to itself."""
    store, origin = pages.of(request).store, own(begun.list)
    found = entries(request, origin)
    at = next((place for place, entry in enumerate(found) if entry.row == begun.row), None)
    if begun.row and at is None:
        if not begun.study:
            raise NotFound("There is no such row in this list.")
        return RedirectResponse(served(f"/studies/{begun.study}"), status_code=303)
    if not found:
        return RedirectResponse(served(origin), status_code=303)
    if at is None:
        with store.view() as tx:
            done = tx.readings.done(pages.reader(request))
        at = next((place for place, entry in enumerate(found) if entry.study not in done), 0)
    try:
        with store.begin() as tx:
            queue = tx.queues.begin(origin, found)
    except Unavailable:  # a case can be read without a place in a list
        log.warning("a queue could not be kept")
        told = f"?{found[at].query}" if found[at].query else ""
        return RedirectResponse(served(f"/studies/{found[at].study}{told}"), status_code=303)
    return RedirectResponse(address(queue, at, found[at]), status_code=303)


@router.post("/studies/{study_id}/reading")
def settle(request: Request, study_id: str, settled: Annotated[Settled, Form()]) -> Response:
    """Keep that the reader is done with a study and go on to the next of the queue that they are not done with; at the end of
    it back to the list. Or keep that they are not done, and stay. NotFound."""
    reader, done = pages.reader(request), settled.done != "no"
    with pages.of(request).store.begin(study_id) as tx:
        tx.studies.get(study_id)
        tx.readings.settle(study_id, reader, done=done)
        queue = tx.queues.get(settled.queue) if settled.queue else None
        at = None if queue is None else position(queue, study_id, settled.place)
        if queue is None or at is None:
            return RedirectResponse(served(f"/studies/{study_id}"), status_code=303)
        if not done:
            return RedirectResponse(address(queue.id, at, queue.entries[at]), status_code=303)
        through = tx.readings.done(reader)
        rest = [one for one in list(enumerate(queue.entries))[at + 1 :] if one[1].study not in through]
        after = tx.queues.there(rest)
    return RedirectResponse(address(queue.id, *after) if after else listed(queue, at), status_code=303)
