"""Splits and joins of stacks for scripts: what readers said of which slices are one stack."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import corrections
from app.stacks import RegroupingKind
from app.store import RegroupingRow
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT

router = APIRouter(tags=["stacks"], responses=NAMED)

Name = Annotated[str, Field(max_length=64)]


class RegroupingIn(BaseModel):
    """How stacks are to be."""

    model_config = ConfigDict(extra="forbid")

    kind: RegroupingKind = Field(
        description="split: the stack is parted before an image; join: the stacks are one; single: the slices of the stack, "
        "which came without a series identifier, or each with one of its own, lie apart as their headers have them."
    )
    stacks: tuple[Name, ...] = Field(description="The stacks' ids: one, or several to join.", min_length=1, max_length=2000)
    image: str = Field("", description="Of a split: the image that begins the second part in the stack's order.", max_length=64)


class RegroupingOut(Frozen):
    """What a reader said. It stays; what was taken back says so."""

    id: str = Field(description="Its id.")
    kind: RegroupingKind = Field(description="split, join or single.")
    images: tuple[str, ...] = Field(
        description="The images that stand for it: the one that the second part begins with; one of each stack that is joined."
    )
    reader: str = Field(description="Who said it.")
    created_at: datetime = Field(description="When, UTC.")
    withdrawn_by: str = Field(description="Who took it back; empty where it holds.")
    withdrawn_at: datetime | None = Field(description="When; null where it holds.")

    @classmethod
    def of(cls, row: RegroupingRow) -> "RegroupingOut":
        """From the store's row."""
        return cls(
            id=row.id,
            kind=row.kind,
            images=row.images,
            reader=row.reader,
            created_at=row.created_at,
            withdrawn_by=row.withdrawn_by,
            withdrawn_at=row.withdrawn_at,
        )


@router.get("/studies/{study_id}/regroupings", responses=HEADERS, summary="List splits and joins")
def list_regroupings(
    request: Request,
    response: Response,
    study_id: str,
    paging: Whole,
    withdrawn: Annotated[bool, Query(description="Also those that were taken back.")] = False,
) -> list[RegroupingOut]:
    """What readers said of which slices of a study are one stack, the oldest first: so it is applied."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.regroupings.of_study(study_id, withdrawn=withdrawn)
    return [RegroupingOut.of(row) for row in paging.cut(response, rows)]


@router.post("/studies/{study_id}/regroupings", status_code=201, responses=SENT, summary="Split or join stacks")
def keep_regrouping(request: Request, study_id: str, asked: RegroupingIn) -> RegroupingOut:
    """Split or join stacks for everybody. What was said of them stays with them, as earlier states of their series; the study
    is read again by itself. 422 with the reason for what cannot be split or joined."""
    web = pages.of(request)
    wish = corrections.Wish(asked.kind, asked.stacks, asked.image)
    row, again = corrections.regroup(web.store, web.registry, study_id, wish, pages.reader(request))
    if again:
        web.wake()
    return RegroupingOut.of(row)


@router.delete("/studies/{study_id}/regroupings/{regrouping_id}", summary="Take a split or a join back")
def withdraw_regrouping(request: Request, study_id: str, regrouping_id: str) -> RegroupingOut:
    """Stacks are what they were before, with all that was said of them. Once more changes nothing."""
    web = pages.of(request)
    row, again = corrections.take_back(web.store, web.registry, study_id, regrouping_id, pages.reader(request))
    if again:
        web.wake()
    return RegroupingOut.of(row)
