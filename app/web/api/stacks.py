"""Stacks for scripts: which images a reader scrolls and a network reads at once, and what a reader says of them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import corrections
from app.domain import Plane
from app.store import CorrectionRow, StackRow
from app.web import pages
from app.web.api.objects import Frozen, Translate
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT

router = APIRouter(tags=["stacks"], responses=NAMED)

StackName = Annotated[
    str,
    Path(
        pattern="^[a-z2-7]{12}(-[0-9]{1,8})?$",
        description="The stack's id; or, as before stacks had ids, its series' id, a hyphen, and its number.",
    ),
]


class StackOut(Frozen):
    """A stack: parallel slices of one series, of one size and one echo, along their normal. A film is a stack of one image."""

    id: str = Field(description="The stack's id. It stands for these images in this order, for ever.")
    series: str = Field(description="Its series.")
    number: int = Field(description="Its number among the stacks of its series, from 0.")
    plane: Plane = Field(description="Sagittal, coronal, axial, oblique; empty on a film, or where nobody says.")
    weighting: str = Field(description="T1, T2, PD FS and the like, or empty.")
    localizer: bool = Field(description="Whether the series was made to plan others: networks do not read it.")
    used: bool | None = Field(description="A reader's word on whether networks read it; null: nobody said.")
    images: tuple[str, ...] = Field(description="The slices' images, in order.")
    between: float | None = Field(description="Distance of neighbouring slices, mm.")
    oddities: tuple[str, ...] = Field(description="What is odd about it.")
    current: bool = Field(description="False: an earlier state of its series, kept with what was said of it.")
    doubtful: bool = Field(
        description="What was said of it may have been said of other slices: it comes from an older version."
    )
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: StackRow, _: Translate) -> "StackOut":
        """From the store's row."""
        return cls(
            id=row.id,
            series=row.series_id,
            number=row.number,
            plane=row.plane,
            weighting=row.weighting,
            localizer=row.localizer,
            used=row.used,
            images=row.images,
            between=row.between,
            oddities=tuple(_(oddity.template, **oddity.values) for oddity in row.oddities),
            current=row.current,
            doubtful=row.doubtful,
            created_at=row.created_at,
        )


class CorrectionIn(BaseModel):
    """What a stack is, in place of what its header says; null: as the header says."""

    model_config = ConfigDict(extra="forbid")

    plane: Plane | None = Field(None, description="Its plane.")
    weighting: str | None = Field(None, description="Its weighting.", max_length=16)
    used: bool | None = Field(None, description="Whether networks read it.")


@router.get("/studies/{study_id}/stacks", responses=HEADERS, summary="List stacks")
def list_stacks(
    request: Request,
    response: Response,
    study_id: str,
    paging: Whole,
    earlier: Annotated[bool, Query(description="Also what its series were before more images came.")] = False,
) -> list[StackOut]:
    """A study's stacks in the order of its series; a film is a stack of one image."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.stacks.of_study(study_id, earlier=earlier)
    return [StackOut.of(row, pages.gettext(request)) for row in paging.cut(response, rows)]


@router.get("/studies/{study_id}/stacks/{stack}", summary="Read a stack")
def read_stack(request: Request, study_id: str, stack: StackName) -> StackOut:
    """One stack, also one that is an earlier state of its series."""
    with pages.of(request).store.view() as tx:
        return StackOut.of(tx.stacks.find(study_id, stack), pages.gettext(request))


@router.put("/studies/{study_id}/stacks/{stack}", responses=SENT, summary="Correct a stack")
def correct_stack(request: Request, study_id: str, stack: StackName, said: CorrectionIn) -> StackOut:
    """Say what a stack is where its header is wrong. The study is read again by itself when that changes anything."""
    web = pages.of(request)
    correction = CorrectionRow(said.plane, said.weighting, said.used)
    row, again = corrections.correct(web.store, web.registry, study_id, stack, correction)
    if again:
        web.wake()
    return StackOut.of(row, pages.gettext(request))
