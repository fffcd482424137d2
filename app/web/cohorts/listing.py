"""The films behind a figure of a cohort, behind what its guard said, or in a group of maps: which are asked for, their list."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.classifiers.reasons import FRAMED, MIRRORED
from app.desk import cohorts
from app.domain import HALF
from app.errors import NotFound
from app.store import CohortCaseRow, CohortRow, Entry, Transaction
from app.web import estimates, pages, tables
from app.web.addresses import inside, served
from app.web.cohorts import maps, view

router = APIRouter(include_in_schema=False)

REMARKS = {"mirrored": MIRRORED, "framed": FRAMED}
"""What guards remark, as addresses call it."""


class Behind(BaseModel):
    """Which films are asked for. ``truth`` and ``called`` are "yes", "no" or "" for both; ``go`` is the page. ``threshold`` is
    of the network and the finding that ``about`` names, or of those that are asked for; without one it is their operating
    point. ``percent`` is what a reader typed in its place. ``guard``: those of which a guard said so (warned, refused,
    insisted, mirrored, framed), of any finding where none is named; ``looks``: those of a group of maps of the finding, from
    0."""

    network: str = ""
    finding: str = ""
    threshold: float | None = Field(None, ge=0, le=1)
    percent: float | None = Field(None, ge=0, le=100)
    about: str = ""
    truth: str = ""
    called: str = ""
    column: str = ""
    value: str = ""
    guard: str = ""
    looks: int | None = Field(None, ge=0, le=99)
    go: str = ""


@router.get("/cohorts/{cohort_id}/films")
def films(request: Request, cohort_id: str, asked: Annotated[Behind, Query()]) -> Response:
    """The films behind a figure."""
    with pages.of(request).store.view() as tx:
        row, threshold, found = _behind(tx, cohort_id, asked)
        shown = view.cut(found, tables.number(asked.go))
        shown = replace(shown, rows=tuple(_linked(tx, film, asked) for film in shown.rows))
        name = _name(tx, row, asked)
    given = asked.model_dump(exclude={"go", "about", "percent"}, exclude_none=True) | {"threshold": threshold}
    page = view.FilmsPage(
        row=row,
        films=shown,
        **({"looks": None} | given),
        looks_at=name,
        findings=tuple((row.matched or {})["findings"]),
        addresses={
            name: served(f"/cohorts/{cohort_id}/films?{urlencode(given | {'go': number})}")
            for name, number in (("before", shown.number - 1), ("after", shown.number + 1))
        },
        address=inside(f"/cohorts/{cohort_id}/films?{urlencode(given | {'go': shown.number})}"),
        exams=of_exams(request, row),
    )
    return pages.render(request, page)


def _behind(tx: Transaction, cohort_id: str, asked: Behind) -> tuple[CohortRow, float, list[view.Film]]:
    """The cohort, from where on its films are called, and all films that are asked for."""
    which = {"yes": True, "no": False}
    row = tx.cohorts.get(cohort_id)
    threshold = _threshold(row, asked)
    cases = tx.cohorts.cases(cohort_id)
    only = _only(tx, row, asked)
    if asked.guard and not asked.finding:
        found = [view.Film(one, None, None, None, one.image_id, "") for one in cases if only and one.number in only]
    else:
        wanted = cohorts.Behind(
            asked.network,
            asked.finding,
            threshold,
            which.get(asked.truth),
            which.get(asked.called),
            asked.column,
            asked.value,
            only,
        )
        found = list(_told(row, cases, wanted))
    return row, threshold, found


def entries(request: Request, cohort_id: str, query: Mapping[str, str]) -> tuple[Entry, ...]:
    """Every film of the list whose address has this query, as a queue takes them, but for those whose study was removed."""
    asked = Behind.model_validate(query)
    with pages.of(request).store.view() as tx:
        _row, _threshold, found = _behind(tx, cohort_id, asked)
    there = ((film, film.row.study_id) for film in found)
    return tuple(Entry(study, urlencode(_shown(film, asked)), f"case-{film.row.number}") for film, study in there if study)


def of_exams(request: Request, row: CohortRow) -> bool:
    """Whether a cohort's cases are exams: its network reads those."""
    return bool(row.models) and pages.of(request).registry.remembered(row.models[0]).kind == "exam"


def _told(row: CohortRow, cases: tuple[CohortCaseRow, ...], wanted: cohorts.Behind) -> list[view.Film]:
    found = cohorts.behind(row, cases, wanted)
    at = list((row.matched or {}).get("findings", ())).index(wanted.finding)
    return [
        view.Film(case, probability, case.labels[at] == 1, probability >= wanted.threshold, case.image_id, "")
        for case, probability in found
    ]


def _only(tx: Transaction, row: CohortRow, asked: Behind) -> frozenset[int] | None:
    """The numbers of the films that a guard's word or a group of maps leaves; None where neither is asked for."""
    found: frozenset[int] | None = None
    if asked.guard:
        told = tx.cohorts.inspected(row.id, asked.network)
        remark = REMARKS.get(asked.guard)
        found = frozenset(number for number, mark, remarks in told if (remark in remarks if remark else mark == asked.guard))
    if asked.looks is not None:
        groups = maps.made_of(tx, row.id, asked.network, asked.finding).groups
        if asked.looks >= len(groups):
            raise NotFound("There is no such group of films.")
        mine = frozenset(groups[asked.looks].cases)
        found = mine if found is None else found & mine
    return found


def _name(tx: Transaction, row: CohortRow, asked: Behind) -> str:
    """What a reader calls the group of maps."""
    if asked.looks is None:
        return ""
    return maps.made_of(tx, row.id, asked.network, asked.finding).groups[asked.looks].name


def _threshold(row: CohortRow, asked: Behind) -> float:
    """From where on the films are called: as asked, else the network's point for the finding."""
    if asked.threshold is not None and asked.about in ("", f"{asked.network} {asked.finding}"):
        typed = asked.percent is not None and f"{asked.percent:g}" != f"{float(estimates.per_cent(asked.threshold)):g}"
        return asked.percent / 100 if typed and asked.percent is not None else asked.threshold
    judged = cohorts.report_of(row).findings if row.report else ()
    mine = (one.point for one in judged if (one.network, one.finding) == (asked.network, asked.finding))
    return next(mine, HALF)


def _linked(tx: Transaction, film: view.Film, asked: Behind) -> view.Film:
    """A film with the address of its case, and an image that stands for an exam."""
    if film.row.study_id is None:
        return film
    image = film.image or tx.worklist.thumbnail(film.row.study_id)
    return replace(film, image=image, href=served(f"/studies/{film.row.study_id}?{urlencode(_shown(film, asked))}"))


def _shown(film: view.Film, asked: Behind) -> dict[str, str]:
    """What of a film's study is shown, as its address says it."""
    query = {"image": film.row.image_id or "", "model": asked.network, "finding": asked.finding}
    return {key: value for key, value in query.items() if value}


def guarded(tx: Transaction, row: CohortRow) -> dict[str, tuple[view.Guarded, ...]]:
    """How many films each network's guard warned of, refused, or remarked something about, with their lists' addresses."""
    found = {}
    for network in row.models:
        counts: Counter[str] = Counter()
        for _number, mark, remarks in tx.cohorts.inspected(row.id, network):
            counts.update([mark, *(name for name, remark in REMARKS.items() if remark in remarks)])
        address = served(f"/cohorts/{row.id}/films?{urlencode({'network': network})}&guard=")
        kinds = ("warned", "refused", "insisted", *REMARKS)
        found[network] = tuple(view.Guarded(kind, counts[kind], address + kind) for kind in kinds if counts[kind])
    return found
