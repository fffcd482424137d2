"""Batches for scripts: a selection of studies that one network is to read, how far that is, and no longer wanted."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Response as Answer
from pydantic import ConfigDict, Field

from app.desk import batches
from app.store import Batch, BatchState
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Parts, Whole
from app.web.api.refusals import NAMED, SENT
from app.web.api.studies import Filters

router = APIRouter(tags=["batches"])


class BatchIn(Filters):
    """Which network is to read which studies."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    studies: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, max_length=batches.MOST, description="The studies' ids; null: every study that the filters take."
    )


class BatchOut(Frozen):
    """A batch: studies that one network is to read. It is kept for thirty days; what was read stays."""

    id: str = Field(description="The batch's id.")
    model: str = Field(description="The network.")
    created_at: datetime = Field(description="When it was asked for, UTC.")
    open: bool = Field(description="Whether some of its studies still wait or are being read.")
    total: int = Field(description="How many studies it has.")
    settled: int = Field(description="How many of them wait for nothing any more.")
    counts: dict[BatchState, int] = Field(description="How many are in each state.")

    @classmethod
    def of(cls, batch: Batch) -> "BatchOut":
        """From the store's batch."""
        names = ("id", "model", "created_at", "open", "total", "settled")
        return cls(**{name: getattr(batch, name) for name in names}, counts=dict(batch.counts))


class BatchStudyOut(Frozen):
    """A study of a batch."""

    study: str = Field(description="The study's id.")
    state: BatchState = Field(
        description="Its job's state; there: the network had read it before; unread: it does not read such studies."
    )
    job: str = Field(description="The job that reads it; empty where there is none.")
    error: str = Field(description="Why it failed, or is not read; empty otherwise.")


@router.post("/batches", status_code=202, responses=SENT, summary="Have studies read by a network")
def request_batch(request: Request, asked: BatchIn) -> BatchOut:
    """Ask for the predictions and the maps of the top finding of many studies by one network, as jobs. What it has read already
    is not read again; what it does not read says so, beside the others."""
    web = pages.of(request)
    with web.store.view() as tx:
        studies = tx.worklist.ids(asked.filters()) if asked.studies is None else asked.studies
    made = batches.ask(web.store, web.registry, asked.model, studies)
    web.wake()
    return BatchOut.of(made)


@router.get("/batches", responses=HEADERS, summary="List batches")
def list_batches(request: Request, response: Answer, paging: Whole) -> list[BatchOut]:
    """The fifty batches that were asked for last, the newest first."""
    with pages.of(request).store.view() as tx:
        rows = tx.batches.newest()
    return [BatchOut.of(row) for row in paging.cut(response, rows)]


@router.get("/batches/{batch_id}", responses=NAMED, summary="Read a batch")
def read_batch(request: Request, batch_id: str) -> BatchOut:
    """How far a batch is."""
    with pages.of(request).store.view() as tx:
        return BatchOut.of(tx.batches.get(batch_id))


@router.get("/batches/{batch_id}/studies", responses=NAMED | HEADERS, summary="List the studies of a batch")
def list_batch_studies(request: Request, response: Answer, batch_id: str, paging: Parts) -> list[BatchStudyOut]:
    """What became of each study: failures first, then as they were chosen. What was said of it is among its predictions."""
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        tx.batches.get(batch_id)
        rows = paging.cut(response, tx.batches.studies(batch_id))
    return [
        BatchStudyOut(
            study=row.study_id,
            state=row.state,
            job=row.job_id,
            error=_(row.error_template, **row.error_values) if row.error_template else "",
        )
        for row in rows
    ]


@router.delete("/batches/{batch_id}", responses=NAMED, summary="Stop a batch")
def cancel_batch(request: Request, batch_id: str) -> BatchOut:
    """Take back what still waits or runs, unless somebody else asked for it too. What was read stays, and so does the batch."""
    return BatchOut.of(batches.stop(pages.of(request).store, batch_id))
