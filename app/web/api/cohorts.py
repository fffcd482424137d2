"""Cohorts for scripts: sent with their table, measured, their figures and the cases behind them read."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Response as Answer
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.cohorts.columns import Uncertain
from app.cohorts.report import Report
from app.desk import cohorts
from app.store import CohortRow, Transaction, UploadRow
from app.web import pages
from app.web.api.description import sent_files
from app.web.api.jobs import JobOut
from app.web.api.objects import Frozen, Translate
from app.web.api.paging import HEADERS, Parts, Whole
from app.web.api.refusals import NAMED, SENT
from app.web.cohorts import taking
from app.web.upload import told

router = APIRouter(tags=["cohorts"])


class ColumnsOut(Frozen):
    """Which column of a table is what."""

    image: str = Field("", description="Names the image: its file, SOP Instance UID; of an exam folder, UID, accession.")
    patient: str = Field("", description="Whose it is; empty: every row is a patient of its own.")
    groups: tuple[str, ...] = Field((), description="Subgroups.")
    labels: dict[str, str] = Field({}, description="The column with the labels of each finding.")
    listed: str = Field("", description="Or one that lists what is there, parted by “|”.")
    uncertain: Uncertain = Field("unknown", description="What labels of -1 count as.")
    boxes: str = Field(
        "", description="Where findings lie: “Effusion 10 20 30 40; Mass …”; of a table of boxes that was sent: boxes."
    )


class MeasureIn(Frozen):
    """What to measure."""

    models: tuple[str, ...] = Field(min_length=1, max_length=2, description="One network, or two to compare.")
    columns: ColumnsOut | None = Field(None, description="Which column is what; by their names, where it is not said.")


class CohortOut(Frozen):
    """A cohort: a table of labels, and the films or exams that it is about."""

    id: str = Field(description="The cohort's id.")
    name: str = Field(description="What its folder or its table is called.")
    table: str = Field(description="The name of its table.")
    header: tuple[str, ...] = Field(description="The columns of its table.")
    files: int = Field(description="How many of its files were read.")
    cases: int = Field(description="Films or exams that a row is about; 0 until it is measured.")
    models: tuple[str, ...] = Field(description="The networks that are measured.")
    columns: ColumnsOut | None = Field(description="Which column is what, as it was said; null before.")
    measured: bool = Field(description="Whether its figures are there.")
    job: JobOut | None = Field(description="The job that measures it, or did.")
    created_at: datetime = Field(description="When it came, UTC.")

    @classmethod
    def of(cls, tx: Transaction, row: CohortRow, _: Translate) -> "CohortOut":
        """From the store's row."""
        job = tx.jobs.of_cohort(row.id)
        return cls(
            id=row.id,
            name=row.name,
            table=row.table_name,
            header=row.header,
            files=len(row.files),
            cases=row.cases,
            models=row.models,
            columns=ColumnsOut(**row.columns) if row.columns is not None else None,
            measured=row.report is not None,
            job=JobOut.of_row(tx, job, _) if job else None,
            created_at=row.created_at,
        )


class CaseOut(Frozen):
    """A film or an exam behind a figure."""

    name: str = Field(description="As the table calls it.")
    patient: str = Field(description="Whose it is.")
    study: str | None = Field(description="The study's id; null where it was removed.")
    image: str | None = Field(description="The film's id; null of an exam.")
    label: bool = Field(description="Whether the table says that the finding is there.")
    probability: float = Field(description="What the network says of it.")
    called: bool = Field(description="Whether that is at least the threshold.")
    groups: dict[str, str] = Field(description="Its subgroups, by column.")


@router.post(
    "/cohorts",
    status_code=201,
    response_model=CohortOut,
    openapi_extra=sent_files("Films or exams as for an upload, and one CSV file, beside them or in their archive."),
    responses=SENT,
    summary="Send a cohort",
)
async def upload_cohort(request: Request) -> Response:
    """Take a cohort in: its films or exams are stored as studies, its table is kept. Nothing is measured yet."""
    # async, because the body is streamed to disk while it arrives
    row, upload = await taking.take(request)
    return await run_in_threadpool(_sent, request, row, upload)


def _sent(request: Request, row: CohortRow, upload: UploadRow) -> Response:
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        found = CohortOut.of(tx, row, _).model_dump(mode="json")
    rejected = [line for line in told(request, upload).lines if line.state == "rejected" and not cohorts.is_table(line.name)]
    found["rejected"] = [{"file": line.name, "reason": line.reason} for line in rejected]
    return JSONResponse(found, 201)


@router.get("/cohorts", responses=HEADERS, summary="List cohorts")
def list_cohorts(request: Request, response: Answer, paging: Whole) -> list[CohortOut]:
    """The cohorts, the newest first."""
    with pages.of(request).store.view() as tx:
        rows = paging.cut(response, tx.cohorts.every())
        return [CohortOut.of(tx, row, pages.gettext(request)) for row in rows]


@router.get("/cohorts/{cohort_id}", responses=NAMED, summary="Read a cohort")
def read_cohort(request: Request, cohort_id: str) -> CohortOut:
    """One cohort, and how far the job is that measures it."""
    with pages.of(request).store.view() as tx:
        return CohortOut.of(tx, tx.cohorts.get(cohort_id), pages.gettext(request))


@router.post("/cohorts/{cohort_id}/measurement", status_code=202, responses=NAMED | SENT, summary="Measure a cohort")
def request_cohort_figures(request: Request, cohort_id: str, wanted: MeasureIn) -> CohortOut:
    """Say which networks and columns, and ask for the figures: its job says how far it is. What was measured before goes."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.cohorts.get(cohort_id)
    cards = [web.registry.card(name) for name in wanted.models]
    plain = wanted.columns.model_dump() if wanted.columns is not None else cohorts.guessed(row, cards).plain()
    cohorts.measure(web.store, web.registry, cohort_id, cohorts.columns_of(plain), wanted.models)
    web.wake()
    return read_cohort(request, cohort_id)


@router.get("/cohorts/{cohort_id}/report", responses=NAMED, summary="Read a cohort's figures")
def read_cohort_report(request: Request, cohort_id: str) -> Report:
    """Every figure with its interval, as the command `validate` writes it. Not found until it was measured."""
    with pages.of(request).store.view() as tx:
        return cohorts.report_of(tx.cohorts.get(cohort_id))


class BehindQuery(Frozen):
    """Which cases are asked for."""

    network: str = Field(description="By which network.")
    finding: str = Field(description="Of which finding.")
    threshold: float = Field(0.5, ge=0, le=1, description="From which probability on it is called.")
    truth: bool | None = Field(None, description="Only those whose label is so.")
    called: bool | None = Field(None, description="Only those that are called, or not.")
    group: str = Field("", description="Only those of a group, by its column …")
    value: str = Field("", description="… and its value.")


@router.get("/cohorts/{cohort_id}/cases", responses=NAMED | HEADERS, summary="List the cases behind a figure")
def list_cohort_cases(
    request: Request, response: Answer, cohort_id: str, asked: Annotated[BehindQuery, Query()], paging: Parts
) -> list[CaseOut]:
    """The films or exams in a cell of the confusion, or that a threshold calls: the surest first."""
    wanted = cohorts.Behind(
        asked.network, asked.finding, asked.threshold, truth=asked.truth, called=asked.called,
        column=asked.group, value=asked.value,
    )  # fmt: skip
    with pages.of(request).store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        found = cohorts.behind(row, tx.cohorts.cases(cohort_id), wanted)
    matched = row.matched or {}
    at = list(matched["findings"]).index(asked.finding)
    return [
        CaseOut(
            name=case.name,
            patient=case.patient,
            study=case.study_id,
            image=case.image_id,
            label=case.labels[at] == 1,
            probability=probability,
            called=probability >= asked.threshold,
            groups=dict(zip(matched["groups"], case.groups, strict=True)),
        )
        for case, probability in paging.cut(response, found)
    ]


@router.delete("/cohorts/{cohort_id}", status_code=204, responses=NAMED, summary="Remove a cohort")
def remove_cohort(request: Request, cohort_id: str) -> Response:
    """Remove a cohort with its labels and figures; its studies stay."""
    with pages.of(request).store.begin() as tx:
        tx.cohorts.remove(cohort_id)
    return Response(status_code=204)
