"""A cohort's report to take along: a page to print, PDF, CSV and JSON."""

import json
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.cohorts import writing
from app.cohorts.report import Report
from app.desk import cohorts
from app.store import CohortRow
from app.web import exports, pages
from app.web.addresses import served
from app.web.cohorts import listing, maps, pdf, view

router = APIRouter(include_in_schema=False)


def read(request: Request, cohort_id: str) -> tuple[CohortRow, Report]:
    """A cohort and its figures; NotFound where there are none."""
    with pages.of(request).store.view() as tx:
        row = tx.cohorts.get(cohort_id)
    return row, cohorts.report_of(row)


def page(request: Request, cohort_id: str) -> view.ReportPage:
    """The report in full."""
    row, report = read(request, cohort_id)
    judged = view.judged(served(f"/cohorts/{cohort_id}"), report)
    with pages.of(request).store.view() as tx:
        mapped = tuple(one for one in maps.shown(tx, cohort_id) if one.made is not None)
    exams = listing.of_exams(request, row)
    titles = view.titles(report, mapped, pages.gettext(request))
    return view.ReportPage(row, report, judged, view.start(report), datetime.now(UTC), titles, mapped=mapped, exams=exams)


@router.get("/cohorts/{cohort_id}/report")
def as_page(request: Request, cohort_id: str) -> Response:
    """The report as a page to print."""
    return pages.render(request, page(request, cohort_id))


@router.get("/cohorts/{cohort_id}/report.pdf")
def as_pdf(request: Request, cohort_id: str) -> Response:
    """The report as PDF."""
    octets = pdf.write(page(request, cohort_id), pages.language(request), pages.gettext(request))
    headers = {"Content-Disposition": f'attachment; filename="whylight-cohort-{cohort_id}.pdf"'}
    return Response(octets, media_type="application/pdf", headers=headers)


@router.get("/cohorts/{cohort_id}/report.json")
def as_json(request: Request, cohort_id: str) -> Response:
    """The report as the `validate` command writes it."""
    _, report = read(request, cohort_id)
    octets = json.dumps(report.plain(), ensure_ascii=False, indent=1, allow_nan=False).encode()
    return Response(octets, media_type="application/json", headers=exports.attached("cohort", "json"))


@router.get("/cohorts/{cohort_id}/figures.csv")
def figures(request: Request, cohort_id: str) -> Response:
    """Every figure as a row."""
    _, report = read(request, cohort_id)
    return exports.csv_file("cohort-figures", writing.FIGURES, writing.figure_lines(report))


@router.get("/cohorts/{cohort_id}/cases.csv")
def cases(request: Request, cohort_id: str) -> Response:
    """Every film or exam as a row: its labels, and what the networks said."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        rows = tx.cohorts.cases(cohort_id)
    report, networks = cohorts.report_of(row), cohorts.networks_of(web.registry, row)
    lines = writing.case_lines((cohorts.case_of(one, len(networks)) for one in rows), report.table, networks)
    return exports.csv_file("cohort-cases", writing.case_heading(report.table, networks), lines)
