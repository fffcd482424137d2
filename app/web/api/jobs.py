"""Jobs for scripts: what a study waits for, how far it is, and no longer wanted."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import Field

from app.store import JobRow, Transaction
from app.store.records import JobKind, JobState
from app.web import pages
from app.web.api.objects import Frozen, Translate
from app.web.api.refusals import NAMED
from app.web.case.filling import doing

router = APIRouter(tags=["jobs"], responses=NAMED)


class JobOut(Frozen):
    """A job: work that outlives the request that asked for it."""

    id: str = Field(description="The job's id.")
    kind: JobKind = Field(description="Analyse a study, explain one finding, or measure a cohort.")
    state: JobState = Field(description="How far it is.")
    study: str = Field(description="The study it is about; empty where it measures a cohort.")
    cohort: str = Field(description="The cohort it measures; else empty.")
    stack: str | None = Field(description="The stack, for an explanation of one.")
    image: str | None = Field(description="The film, for an explanation of one.")
    model: str | None = Field(description="The network that was asked for.")
    finding: str | None = Field(description="The finding, for an explanation.")
    methods: tuple[str, ...] = Field(description="The methods that were asked for; none: those that the network opens with.")
    step: int = Field(description="Steps done.")
    of: int = Field(description="Steps in all; 0 while unknown.")
    what: str = Field(description="What is being done, in words.")
    not_before: datetime | None = Field(description="When it is tried again, UTC: something that it needs was away. Else null.")
    error: str = Field(description="Why it failed; empty otherwise.")

    @classmethod
    def of_row(cls, tx: Transaction, row: JobRow, _: Translate) -> "JobOut":
        """From the store's row."""
        images = tx.stacks.get(row.stack_id).images if row.stack_id else ()
        return cls(
            id=row.id,
            kind=row.kind,
            state=row.state,
            study=row.study_id,
            cohort=row.cohort_id,
            stack=row.stack_id,
            image=images[0] if len(images) == 1 else None,
            model=row.model,
            finding=row.finding,
            methods=row.methods,
            step=row.step,
            of=row.of,
            what=doing(row, _),
            not_before=row.not_before,
            error=_(row.error_template, **row.error_values),
        )


@router.get("/studies/{study_id}/job", summary="Read a study's job")
def read_study_job(request: Request, study_id: str) -> JobOut | None:
    """The job that runs, else the next that waits, else the one that ended last; null when there was none."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        row = tx.jobs.of_study(study_id)
        return JobOut.of_row(tx, row, pages.gettext(request)) if row else None


@router.get("/jobs/{job_id}", summary="Read a job")
def read_job(request: Request, job_id: str) -> JobOut:
    """How far a job is."""
    with pages.of(request).store.view() as tx:
        return JobOut.of_row(tx, tx.jobs.get(job_id), pages.gettext(request))


@router.delete("/jobs/{job_id}", summary="Cancel a job")
def cancel_job(request: Request, job_id: str) -> JobOut:
    """Stop a job that waits or runs; one that has ended stays as it is."""
    with pages.of(request).store.begin() as tx:
        return JobOut.of_row(tx, tx.jobs.cancel(job_id), pages.gettext(request))
