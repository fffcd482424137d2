"""Removing studies on the pages: chosen in the worklist or from a case, and undone for ten seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.desk import deletion
from app.errors import NotFound
from app.web import pages
from app.web.addresses import served

router = APIRouter(include_in_schema=False)

MOST = 200
"""Studies that one wish may remove: a page of the list, at most."""


class Chosen(BaseModel):
    """What the worklist's form sends."""

    study: list[str] = Field(min_length=1, max_length=MOST)


@dataclass(frozen=True, slots=True)
class RemovalPage:
    """templates/removal.html: how many studies go in how many seconds, and how to have them back; none where it is done."""

    template: ClassVar[str] = "removal.html"

    id: str
    studies: int
    seconds: int


@router.post("/removals")
def remove(request: Request, chosen: Annotated[Chosen, Form()]) -> Response:
    """Have the chosen studies removed in a moment, and say how that is undone. NotFound where one is not there."""
    return asked(request, chosen.study)


def asked(request: Request, studies: list[str]) -> Response:
    """Have studies removed in a moment, and go to where that can be undone."""
    removal = deletion.ask(pages.of(request).store, studies)
    return RedirectResponse(served(f"/removals/{removal.id}"), status_code=303)


@router.get("/removals/{removal_id}")
def removal(request: Request, removal_id: str) -> Response:
    """What will go and until when it can be undone. Comes again by itself when the time is up, also without scripts."""
    try:
        with pages.of(request).store.view() as tx:
            found = tx.removals.get(removal_id)
    except NotFound:
        return pages.render(request, RemovalPage(removal_id, 0, 0))
    seconds = max(0, ceil((found.at - datetime.now(UTC)).total_seconds()))
    page = RemovalPage(removal_id, len(found.studies), seconds)
    return pages.render(request, page, headers={"Refresh": str(seconds + 2)})


@router.post("/removals/{removal_id}/undo")
def undo(request: Request, removal_id: str) -> Response:
    """Bring the studies back, and go to where they are. NotFound when it is too late."""
    found = deletion.undo(pages.of(request).store, removal_id)
    there = served(f"/studies/{found.studies[0]}") if len(found.studies) == 1 else served("/")
    return RedirectResponse(there, status_code=303)
