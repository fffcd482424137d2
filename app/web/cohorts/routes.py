"""The pages of cohorts: the list, one cohort, the films behind its figures."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, ImmutableMultiDict
from starlette.responses import RedirectResponse, Response

from app.desk import cohorts
from app.errors import InputError
from app.store import JobRow
from app.web import pages
from app.web.addresses import served
from app.web.case.filling import doing
from app.web.cohorts import listing, maps, taking, view
from app.web.cohorts.choosing import Asked, Form, choice, columns_of, moved_points
from app.web.upload import told

router = APIRouter(include_in_schema=False)

NOTHING: Form = ImmutableMultiDict()


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
    target = served(f"/cohorts/{row.id}?upload={upload.id}")
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


@router.get("/cohorts/{cohort_id}")
def one(request: Request, cohort_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """One cohort: what its table means, how far it is, or its figures."""
    return pages.render(request, _page(request, cohort_id, asked, request.query_params))


@router.post("/cohorts/{cohort_id}")
async def measure(request: Request, cohort_id: str) -> Response:
    """Take what the form says of the table and have the cohort measured. Async, because forms are read so."""
    form = await request.form()
    return await run_in_threadpool(_measured, request, cohort_id, form)


def _measured(request: Request, cohort_id: str, form: FormData) -> Response:
    web = pages.of(request)
    models = [str(form.get(name, "")) for name in ("model", "second") if form.get(name)]
    try:
        with web.store.view() as tx:
            row = tx.cohorts.get(cohort_id)
            cards = [web.registry.card(name) for name in models]
            points = moved_points(request, tx, cards) if form.get("moved") else {}
        cohorts.measure(web.store, web.registry, cohort_id, columns_of(row, cards, form), models, points=points)
    except InputError as error:
        sentence = pages.gettext(request)(error.template, **error.values)
        asked = Asked(model=models[0] if models else "", second=models[1] if len(models) > 1 else "", columns="yes")
        return pages.render(request, replace(_page(request, cohort_id, asked, form), problem=sentence), error.status)
    web.wake()
    return RedirectResponse(served(f"/cohorts/{cohort_id}"), status_code=303)


@router.post("/cohorts/{cohort_id}/table")
async def another_table(request: Request, cohort_id: str) -> Response:
    """Put another table in place of a cohort's, and go to where it is explained; 422 in words for what is none. Async: see
    `taking`."""
    try:
        await taking.replace_table(request, cohort_id)
    except InputError as error:
        return await run_in_threadpool(_kept, request, cohort_id, error)
    return RedirectResponse(served(f"/cohorts/{cohort_id}?columns=yes"), status_code=303)


def _kept(request: Request, cohort_id: str, error: InputError) -> Response:
    sentence = pages.gettext(request)(error.template, **error.values)
    return pages.render(request, replace(_page(request, cohort_id, Asked()), problem=sentence), error.status)


@router.get("/cohorts/{cohort_id}/job")
def job(request: Request, cohort_id: str, figures: str = "") -> Response:
    """How far a cohort's job is; when there are figures that the page does not have yet (``figures``), and at the job's end,
    htmx is told to load the page."""
    with pages.of(request).store.view() as tx:
        row = tx.jobs.of_cohort(cohort_id)
        measured = tx.cohorts.measured(cohort_id)
    if row is None or not row.open or (measured and not figures):
        return Response(status_code=200, headers={"HX-Redirect": served(f"/cohorts/{cohort_id}")})
    return pages.render(request, view.JobFragment(served(f"/cohorts/{cohort_id}"), _progress(request, row), figures))


@router.post("/cohorts/{cohort_id}/removal")
def remove(request: Request, cohort_id: str) -> Response:
    """Remove a cohort; its studies stay."""
    with pages.of(request).store.begin() as tx:
        tx.cohorts.remove(cohort_id)
    return RedirectResponse(served("/cohorts"), status_code=303)


def _page(request: Request, cohort_id: str, asked: Asked, form: Form = NOTHING) -> view.CohortPage:
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        last = tx.jobs.of_cohort(cohort_id)
        upload = told(request, tx.uploads.get(asked.upload)) if asked.upload else None
        mapped = maps.shown(tx, cohort_id)
        guarded = listing.guarded(tx, row)
        cards = [web.registry.remembered(name) for name in row.models]
        moved = moved_points(request, tx, cards)
    explained = row.columns is not None and not asked.columns and not asked.model
    report = cohorts.report_of(row) if row.report is not None and explained else None
    return view.CohortPage(
        row=row,
        choice=None if explained else choice(request, row, asked, form),
        job=_progress(request, last) if last is not None and explained and not (report and last.state == "done") else None,
        report=report,
        judged=view.judged(served(f"/cohorts/{cohort_id}"), report) if report else (),
        start=view.start(report) if report else 0.5,
        mapped=mapped,
        exams=listing.of_exams(request, row),
        titles=view.titles(report, mapped, pages.gettext(request)) if report else {},
        guarded=guarded,
        moved=report is not None and moved != {one: by for one, by in (row.columns or {}).get("points", {}).items() if by},
        rejected=tuple(line for line in upload.lines if line.state == "rejected" and not cohorts.is_table(line.name))
        if upload
        else (),
    )


def _progress(request: Request, row: JobRow) -> view.Progress:
    _ = pages.gettext(request)
    sentence = _(row.error_template, **row.error_values) if row.state == "failed" else doing(row, _)
    return view.Progress(row.state, sentence, row.step, row.of)
