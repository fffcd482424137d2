"""The pages of cohorts: the list, one cohort, the films behind its figures."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.classifiers.card import Card
from app.cohorts.columns import Columns, guess
from app.desk import cohorts
from app.domain import HALF
from app.errors import InputError
from app.stacks import STACKED
from app.store import CohortRow, JobRow, Transaction
from app.web import pages, tables
from app.web.case.filling import doing
from app.web.cohorts import maps, taking, view
from app.web.upload import told

router = APIRouter(include_in_schema=False)

NONE = "–"


@router.get("/cohorts")
def every(request: Request) -> Response:
    """The cohorts, and the form for a new one."""
    return pages.render(request, _list(request))


@router.post("/cohorts")
async def take_form(request: Request) -> Response:
    """Take a cohort in, and go to where its table is explained; 422 in words when it cannot be used. Async: see `taking`."""
    try:
        row, upload = await taking.take(request)
    except InputError as error:
        return await run_in_threadpool(_refused, request, error)
    target = f"/cohorts/{row.id}?upload={upload.id}"
    if pages.is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


def _refused(request: Request, error: InputError) -> Response:
    sentence = pages.gettext(request)(error.template, **error.values)
    page = replace(_list(request), problem=sentence)
    fragment = "partials/cohort_problem.html" if pages.is_htmx(request) else None
    return pages.render(request, page, error.status, None, fragment)


def _list(request: Request) -> view.CohortsPage:
    web = pages.of(request)
    with web.store.view() as tx:
        rows = tuple(view.Listed(row, tx.jobs.of_cohort(row.id)) for row in tx.cohorts.every())
    settings = web.settings
    return view.CohortsPage(rows, settings.max_files, settings.max_file_mb, settings.max_upload_mb)


class Asked(BaseModel):
    """What a cohort's address may say: networks to choose columns for, that the table is to be explained anew, the upload."""

    model: str = ""
    second: str = ""
    columns: str = ""
    upload: str = ""


@router.get("/cohorts/{cohort_id}")
def one(request: Request, cohort_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """One cohort: what its table means, how far it is, or its figures."""
    return pages.render(request, _page(request, cohort_id, asked))


@router.post("/cohorts/{cohort_id}")
async def measure(request: Request, cohort_id: str) -> Response:
    """Take what the form says of the table and have the cohort measured. Async, because forms are read so."""
    form = await request.form()
    return await run_in_threadpool(_measured, request, cohort_id, form)


def _measured(request: Request, cohort_id: str, form: FormData) -> Response:
    web = pages.of(request)
    columns = columns_of(form)
    models = [str(form.get(name, "")) for name in ("model", "second") if form.get(name)]
    try:
        cohorts.measure(web.store, web.registry, cohort_id, columns, models)
    except InputError as error:
        sentence = pages.gettext(request)(error.template, **error.values)
        asked = Asked(model=models[0] if models else "", second=models[1] if len(models) > 1 else "", columns="yes")
        page = _page(request, cohort_id, asked)
        choice = replace(page.choice, columns=columns) if page.choice else None
        return pages.render(request, replace(page, problem=sentence, choice=choice), error.status)
    web.wake()
    return RedirectResponse(f"/cohorts/{cohort_id}", status_code=303)


def columns_of(form: FormData) -> Columns:
    """What a form says of the columns: ``label:<finding>`` names each finding's."""
    labels = {name.removeprefix("label:"): str(value) for name, value in form.items() if name.startswith("label:") and value}
    return cohorts.columns_of(
        {
            "image": form.get("image", ""),
            "patient": form.get("patient", ""),
            "groups": [value for value in form.getlist("groups") if value],
            "labels": labels,
            "listed": "" if labels else form.get("listed", ""),
            "uncertain": form.get("uncertain", "unknown"),
            "boxes": form.get("boxes", ""),
        }
    )


@router.get("/cohorts/{cohort_id}/job")
def job(request: Request, cohort_id: str, figures: str = "") -> Response:
    """How far a cohort's job is; when there are figures that the page does not have yet (``figures``), and at the job's end,
    htmx is told to load the page."""
    with pages.of(request).store.view() as tx:
        row = tx.jobs.of_cohort(cohort_id)
        measured = tx.cohorts.measured(cohort_id)
    if row is None or not row.open or (measured and not figures):
        return Response(status_code=200, headers={"HX-Redirect": f"/cohorts/{cohort_id}"})
    return pages.render(request, view.JobFragment(f"/cohorts/{cohort_id}", _progress(request, row), figures))


@router.post("/cohorts/{cohort_id}/removal")
def remove(request: Request, cohort_id: str) -> Response:
    """Remove a cohort; its studies stay."""
    with pages.of(request).store.begin() as tx:
        tx.cohorts.remove(cohort_id)
    return RedirectResponse("/cohorts", status_code=303)


class Behind(BaseModel):
    """Which films are asked for. ``truth`` and ``called`` are "yes", "no" or "" for both; ``go`` is the page. ``threshold`` is
    of the network and the finding that ``about`` names, or of those that are asked for; without one it is their operating
    point."""

    network: str = ""
    finding: str = ""
    threshold: float | None = Field(None, ge=0, le=1)
    about: str = ""
    truth: str = ""
    called: str = ""
    column: str = ""
    value: str = ""
    go: str = ""


@router.get("/cohorts/{cohort_id}/films")
def films(request: Request, cohort_id: str, asked: Annotated[Behind, Query()]) -> Response:
    """The films behind a figure."""
    which = {"yes": True, "no": False}
    with pages.of(request).store.view() as tx:
        threshold = _threshold(tx.cohorts.get(cohort_id), asked)
    wanted = cohorts.Behind(
        asked.network,
        asked.finding,
        threshold,
        which.get(asked.truth),
        which.get(asked.called),
        asked.column,
        asked.value,
    )
    with pages.of(request).store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        found = cohorts.behind(row, tx.cohorts.cases(cohort_id), wanted)
        at = list((row.matched or {}).get("findings", ())).index(asked.finding)
        every_film = [
            view.Film(case, probability, case.labels[at] == 1, probability >= threshold, case.image_id, "")
            for case, probability in found
        ]
        shown = view.cut(every_film, tables.number(asked.go))
        shown = replace(shown, rows=tuple(_linked(tx, film, asked) for film in shown.rows))
    given = asked.model_dump(exclude={"go", "about"}) | {"threshold": threshold}
    page = view.FilmsPage(
        row=row,
        films=shown,
        **given,
        findings=tuple((row.matched or {})["findings"]),
        addresses={
            name: f"/cohorts/{cohort_id}/films?{urlencode(given | {'go': number})}"
            for name, number in (("before", shown.number - 1), ("after", shown.number + 1))
        },
    )
    return pages.render(request, page)


def _threshold(row: CohortRow, asked: Behind) -> float:
    """From where on the films are called: as asked, else the network's point for the finding."""
    if asked.threshold is not None and asked.about in ("", f"{asked.network} {asked.finding}"):
        return asked.threshold
    judged = cohorts.report_of(row).findings if row.report else ()
    mine = (one.point for one in judged if (one.network, one.finding) == (asked.network, asked.finding))
    return next(mine, HALF)


def _linked(tx: Transaction, film: view.Film, asked: Behind) -> view.Film:
    """A film with the address of its case, and an image that stands for an exam."""
    if film.row.study_id is None:
        return film
    query = {"model": asked.network, "finding": asked.finding}
    if film.row.image_id is not None:
        query = {"image": film.row.image_id, **query}
    image = film.image or tx.worklist.thumbnail(film.row.study_id)
    return replace(film, image=image, href=f"/studies/{film.row.study_id}?{urlencode(query)}")


def _page(request: Request, cohort_id: str, asked: Asked) -> view.CohortPage:
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        last = tx.jobs.of_cohort(cohort_id)
        upload = told(request, tx.uploads.get(asked.upload)) if asked.upload else None
        mapped = maps.shown(tx, cohort_id)
    explained = row.columns is not None and not asked.columns and not asked.model
    report = cohorts.report_of(row) if row.report is not None and explained else None
    return view.CohortPage(
        row=row,
        choice=None if explained else _choice(request, row, asked),
        job=_progress(request, last) if last is not None and explained and not (report and last.state == "done") else None,
        report=report,
        judged=view.judged(f"/cohorts/{cohort_id}", report) if report else (),
        start=view.start(report) if report else 0.5,
        mapped=mapped,
        films_only=report is not None and web.registry.remembered(row.models[0]).kind != "exam",
        titles=view.titles(report, pages.gettext(request)) if report else {},
        rejected=tuple(line for line in upload.lines if line.state == "rejected" and not cohorts.is_table(line.name))
        if upload
        else (),
    )


def _progress(request: Request, row: JobRow) -> view.Progress:
    _ = pages.gettext(request)
    sentence = _(row.error_template, **row.error_values) if row.state == "failed" else doing(row, _)
    return view.Progress(row.state, sentence, row.step, row.of)


def _choice(request: Request, row: CohortRow, asked: Asked) -> view.Choice:
    """What can be chosen: the networks of the kind that the images are of, and columns for what they answer for."""
    web = pages.of(request)
    cards, own = _cards(request, row)
    names = [card.name for card in cards]
    first = asked.model if asked.model in names else row.models[0] if row.models and row.models[0] in names else own
    second = asked.second if asked.model else row.models[1] if len(row.models) > 1 else ""
    second = second if second in names and second != first else ""
    chosen = [web.registry.card(name) for name in (first, second) if name]
    findings = cohorts.findings(chosen)
    kept = cohorts.columns_of(row.columns) if row.columns is not None and list(row.models) == [c.name for c in chosen] else None
    return view.Choice(cards, first, second, row.header, findings, kept or guess(row.header, findings))


def _cards(request: Request, row: CohortRow) -> tuple[tuple[Card, ...], str]:
    """The networks that may be measured on what is in a cohort, and the one that would read it by itself."""
    web = pages.of(request)
    with web.store.view() as tx:
        ids = tx.cohorts.study_ids([uid for _, uid in row.files[:1]])
        study = tx.studies.get(ids[0]) if ids else None
    series = study.series[0] if study else None
    kind = "exam" if series is not None and series.modality in STACKED else "network"
    cards = tuple(card for card in web.registry.cards() if card.kind == kind)
    if study is None or series is None:
        return cards, cards[0].name if cards else ""
    by_itself = web.registry.choose(study.outline(), series.outline())
    return cards, by_itself.name if by_itself else cards[0].name if cards else ""
