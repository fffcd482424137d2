"""Where a network looks on a cohort's films, on its page: asking for it, naming groups, the pictures of mean maps."""

import hashlib
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app import render
from app.cohorts.maps import Maps
from app.errors import Conflict, NotFound
from app.store import Transaction
from app.web import images, pages
from app.web.addresses import served
from app.web.cohorts import view

router = APIRouter(include_in_schema=False)


@router.post("/cohorts/{cohort_id}/maps")
def ask(request: Request, cohort_id: str, network: Annotated[str, Form()], finding: Annotated[str, Form()]) -> Response:
    """Ask for the maps of a finding by a network, on the films that it called, missed or called wrongly."""
    web = pages.of(request)
    with web.store.begin() as tx:
        row = tx.cohorts.get(cohort_id)
        if row.earlier_table:
            raise Conflict("These figures are of an earlier table. Measure the cohort with the new one first.")
        if row.report is None or network not in row.models or finding not in (row.matched or {}).get("findings", ()):
            raise NotFound("There is no such figure in this cohort.")
        tx.cohorts.keep_maps(cohort_id, network, finding, None)
        tx.jobs.measure(cohort_id)
    web.wake()
    return RedirectResponse(served(f"/cohorts/{cohort_id}#{view.anchored(finding)}"), status_code=303)


class Named(BaseModel):
    """A group, from 0, of what was made of a finding's maps, and what a reader calls it."""

    network: str
    finding: str
    group: int
    called: str = ""


@router.post("/cohorts/{cohort_id}/maps/name")
def name(request: Request, cohort_id: str, given: Annotated[Named, Form()]) -> Response:
    """Name a group of films as a reader calls what the network looks at there."""
    with pages.of(request).store.begin() as tx:
        made = made_of(tx, cohort_id, given.network, given.finding).named(given.group, given.called.strip())
        tx.cohorts.keep_maps(cohort_id, given.network, given.finding, made.plain())
    return RedirectResponse(served(f"/cohorts/{cohort_id}#{view.anchored(given.finding)}-maps"), status_code=303)


class Which(BaseModel):
    """A mean map: of a group, from 0, or where one is named, of an outcome."""

    network: str
    finding: str
    group: int = Field(0, ge=0, le=99)
    outcome: str = ""


@router.get("/cohorts/{cohort_id}/maps/mean.png")
def mean(request: Request, cohort_id: str, asked: Annotated[Which, Query()]) -> Response:
    """The mean map of a group, or of the films of an outcome: black is none, bright the most."""
    with pages.of(request).store.view() as tx:
        made = made_of(tx, cohort_id, asked.network, asked.finding)
    of_outcome = [one.mean for one in made.averages if one.outcome == asked.outcome]
    means = of_outcome if asked.outcome else [one.mean for one in made.groups]
    place = 0 if asked.outcome else asked.group
    if place >= len(means):
        raise NotFound("There is no such group of films.")
    values = np.asarray(means[place], np.float32)
    around = [np.asarray(one, np.float32) for one in made.parts] if asked.outcome else []
    octets = b"".join(one.tobytes() for one in (values, *around))
    identity = f"mean map {hashlib.sha256(octets).hexdigest()}"
    return images.png(request, identity, lambda: render.plain_png(values, around=around))


def made_of(tx: Transaction, cohort_id: str, network: str, finding: str) -> Maps:
    """What was made of the maps of a finding by a network; NotFound before."""
    for by, about, values in tx.cohorts.maps(cohort_id):
        if (by, about) == (network, finding) and values is not None:
            return Maps.of(values)
    raise NotFound("The maps of this finding have not been made yet.")


def shown(tx: Transaction, cohort_id: str) -> tuple[view.Mapped, ...]:
    """All that was made of a cohort's maps, or was asked for, with the addresses of pictures and films."""
    return tuple(
        view.Mapped(
            by, about, None if values is None else Maps.of(values), () if values is None else _groups(tx, Maps.of(values))
        )
        for by, about, values in tx.cohorts.maps(cohort_id)
    )


def _groups(tx: Transaction, made: Maps) -> tuple[tuple[view.Typical, ...], ...]:
    return tuple(tuple(_typical(tx, made, one.layers)) for one in made.groups)


def _typical(tx: Transaction, made: Maps, layers: tuple[str, ...]) -> list[view.Typical]:
    """The films that stand for a group, those that are still there."""
    found = []
    for layer_id in layers:
        with suppress(NotFound):
            row = tx.layers.get(layer_id)
            if row.values_sha256 is not None:
                query = {"image": tx.stacks.get(row.stack_id).images[0], "model": made.network, "finding": made.finding}
                found.append(
                    view.Typical(
                        served(f"/layers/{layer_id}/thumbnail.png"), served(f"/studies/{row.study_id}?{urlencode(query)}")
                    )
                )
    return found
