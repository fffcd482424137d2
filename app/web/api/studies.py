"""Studies for scripts: uploaded, listed, read, deleted; their images and pixels."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Response as Answer
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.desk import deletion
from app.store import WORKLIST_SORTS, UploadRow, WorklistQuery
from app.store.records import StudyState
from app.web import calling, errors, images, pages, tables, upload
from app.web.api.description import sent_files
from app.web.api.paging import HEADERS, TOTAL, Parts
from app.web.api.refusals import NAMED, OCTETS, SENT
from app.web.api.study_objects import ImageOut, Known, RejectedOut, StudiesOut, StudyOut, SummaryOut, UploadOut

router = APIRouter(tags=["studies"])


@router.post(
    "/studies",
    status_code=201,
    response_model=UploadOut,
    openapi_extra=sent_files("DICOM files, PNG or JPEG films, or ZIP archives of them."),
    responses=SENT | {422: {"model": RejectedOut, "description": "Nothing could be used; each file with its reason."}},
    summary="Upload files",
)
async def upload_studies(request: Request) -> Response:
    """Take files in. Each is accepted, found already here, or listed with the reason why not; the good ones are kept.

    An analysis is asked for by itself: follow it at `/api/v1/studies/{id}/job`.
    """
    # async, because the body is streamed to disk while it arrives
    row = await upload.take(request)
    return await run_in_threadpool(_answer, request, row)


def _answer(request: Request, row: UploadRow) -> Response:
    found = UploadOut.of(upload.told(request, row)).model_dump(mode="json")
    if found["studies"]:
        return JSONResponse(found, 201)
    sentence = pages.gettext(request)("None of these files could be used.")
    return errors.problem(request, errors.Failure(422, "InputError", sentence), found)


class Filters(BaseModel):
    """Which studies are meant."""

    modality: str = Field("", description="Only this modality.")
    state: StudyState | None = Field(None, description="Only studies in this state.")
    refused: bool | None = Field(None, description="Only studies with, or without, an image that a guard kept from being read.")
    flagged: bool | None = Field(None, description="Only studies with, or without, verdicts.")
    disagreement: float | None = Field(
        None, ge=0, le=1, description="Only studies whose methods disagree at least so much on a finding that is not unlikely."
    )
    phantom: bool | None = Field(None, description="Only drawn phantoms, or only people.")

    def filters(self) -> WorklistQuery:
        """As the store asks it, in the usual order."""
        names = ("modality", "state", "refused", "flagged", "disagreement", "phantom")
        return WorklistQuery(**{name: getattr(self, name) for name in names})


class ListQuery(Filters):
    """Which studies to list."""

    order: str = Field(
        "",
        max_length=32,
        description=f"What to sort by, with a hyphen before it the largest first: {', '.join(WORKLIST_SORTS)}.",
    )
    page: int = Field(1, ge=1, le=999999, description="The page, from 1.")
    size: int = Field(50, ge=1, le=200, description="Studies per page.")

    def query(self) -> WorklistQuery:
        """As the store asks it."""
        sort, descending = tables.ordering(self.order, WORKLIST_SORTS, "received")
        return replace(
            self.filters(),
            sort=sort,  # type: ignore[arg-type]  # `tables.ordering` gives one of those that are allowed
            descending=descending,
            number=self.page,
            size=self.size,
        )


@router.get("/studies", responses=HEADERS, summary="List studies")
def list_studies(request: Request, response: Answer, asked: Annotated[ListQuery, Query()]) -> StudiesOut:
    """The studies, the last received first. There is no search for names here: an address is no place for one."""
    with pages.of(request).store.view() as tx:
        found = tx.worklist.page(asked.query())
        points = calling.of(request, tx)
    response.headers[TOTAL] = str(found.total)
    rows = tuple(SummaryOut.of(row, points) for row in found.rows)
    return StudiesOut(studies=rows, total=found.total, page=found.number, pages=found.pages)


@router.get("/studies/{study_id}", responses=NAMED, summary="Read a study")
def read_study(request: Request, study_id: str) -> StudyOut:
    """One study with its series, its stacks, its images and its job."""
    with pages.of(request).store.view() as tx:
        return StudyOut.of(tx, study_id, pages.gettext(request))


@router.delete("/studies/{study_id}", status_code=204, responses=NAMED, summary="Delete a study")
def delete_study(request: Request, study_id: str) -> Response:
    """Remove a study for good, at once: its images and files, what networks said of it, its layers, verdicts and annotations.
    A job that is at work on it stops at its next step. There is no undo here: the ten seconds in which a removal is taken back
    are those of the pages, where a hand slips; a script says what it means."""
    deletion.delete(pages.of(request).store, study_id)
    return Response(status_code=204)


@router.get("/studies/{study_id}/images", responses=NAMED | HEADERS, summary="List images")
def list_images(request: Request, response: Answer, study_id: str, paging: Parts) -> list[ImageOut]:
    """A study's images in reading order, each with where it comes from."""
    with pages.of(request).store.view() as tx:
        rows = paging.cut(response, tx.studies.get(study_id).images)
        known = Known.of(tx, study_id)
    return [ImageOut.of(row, known, pages.gettext(request)) for row in rows]


@router.get("/images/{image_id}", responses=NAMED, summary="Read an image")
def read_image(request: Request, image_id: str) -> ImageOut:
    """One image, without its pixels."""
    with pages.of(request).store.view() as tx:
        row = tx.studies.image(image_id)
        return ImageOut.of(row, Known.of(tx, row.study_id), pages.gettext(request))


@router.get("/images/{image_id}/pixels", response_class=Response, responses=OCTETS | NAMED, summary="Read an image's pixels")
def read_image_pixels(request: Request, image_id: str) -> Response:
    """The stored values, `rows * columns` of them, little-endian; `X-Shape` and `X-Dtype` say how to read them."""
    return images.pixels(request, image_id)
