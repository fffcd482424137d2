"""What readers say of the findings of studies, whatever any map shows."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi import Response as Answer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.domain import Opinion
from app.store import OpinionRow
from app.web import exports, pages
from app.web.api.exports import CSV
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT
from app.web.case import opinions

router = APIRouter(tags=["opinions"])

Finding = Annotated[str, Path(max_length=64, description="The finding.")]


class OpinionIn(BaseModel):
    """What to say of a finding."""

    model_config = ConfigDict(extra="forbid")

    opinion: Opinion = Field(description="Whether the finding is there.")


class OpinionOut(Frozen):
    """What a reader says of a finding of a study."""

    study: str = Field(description="The study's id.")
    reader: str = Field(description="Who says so.")
    finding: str = Field(description="The finding.")
    opinion: Opinion = Field(description="Whether it is there.")
    changed_at: datetime = Field(description="When it was last said, UTC.")

    @classmethod
    def of(cls, row: OpinionRow) -> "OpinionOut":
        """From the store's row."""
        return cls(study=row.study_id, reader=row.reader, finding=row.finding, opinion=row.opinion, changed_at=row.changed_at)


@router.get("/studies/{study_id}/opinions", responses=HEADERS | NAMED, summary="List what readers say of a study")
def list_opinions(request: Request, response: Answer, study_id: str, paging: Whole) -> list[OpinionOut]:
    """Every reader's opinions on a study, by finding and reader."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.opinions.of_study(study_id)
    return [OpinionOut.of(row) for row in paging.cut(response, rows)]


@router.put("/studies/{study_id}/opinions/{finding}", responses=NAMED | SENT, summary="Say whether a finding is there")
def keep_opinion(request: Request, study_id: str, finding: Finding, asked: OpinionIn) -> OpinionOut:
    """Keep what this reader says of a finding of the whole study, in place of what they said before."""
    return OpinionOut.of(opinions.give(request, study_id, finding, asked.opinion))


@router.delete("/studies/{study_id}/opinions/{finding}", status_code=204, responses=NAMED, summary="Take it back")
def withdraw_opinion(request: Request, study_id: str, finding: Finding) -> Response:
    """Say nothing of a finding any more; where nothing was said nothing happens."""
    opinions.take_back(request, study_id, finding)
    return Response(status_code=204)


@router.get("/exports/opinions.csv", response_class=Response, responses=CSV, summary="Export opinions as CSV")
def export_opinions(request: Request) -> Response:
    """Every reader's opinion on every study, to be joined with exported predictions by study and finding."""
    with pages.of(request).store.view() as tx:
        rows = [OpinionOut.of(row).model_dump(mode="json") for row in tx.opinions.every()]
    return exports.csv_file("opinions", OpinionOut.model_fields, (row.values() for row in rows))
