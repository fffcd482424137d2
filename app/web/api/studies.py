"""Studies for scripts: upload, list, read; and the networks that could read them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.store import WorklistQuery
from app.store.records import StudyState
from app.web import images, pages, receiving, upload
from app.web.api.schemas import NOT_FOUND, RejectedOut, StudiesOut, StudyOut, SummaryOut, UploadOut

router = APIRouter()

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                            "description": "DICOM files, PNG or JPEG films, or ZIP archives of them.",
                        }
                    },
                }
            }
        },
    }
}
OCTETS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The octets; their shape and type are in the headers."}
}


@router.post(
    "/studies",
    status_code=201,
    response_model=UploadOut,
    openapi_extra=FORM,
    responses={422: {"model": RejectedOut, "description": "Nothing could be used; each file with its reason."}},
    summary="Upload files",
)
async def add(request: Request) -> Response:
    """Take files in. Each is accepted, found already here, or listed with the reason why not; the good ones are kept.

    An analysis is asked for by itself: follow it at `/api/v1/studies/{id}/job`.
    """
    # async, because the body is streamed to disk while it arrives
    web = pages.of(request)
    with receiving.folder(web.settings) as into:
        files = await receiving.receive(request, into, web.settings)
        row = await run_in_threadpool(upload.take, web, files, into)
    found = UploadOut.of(upload.told(request, row))
    if found.studies:
        return JSONResponse(found.model_dump(mode="json"), 201)
    sentence = pages.gettext(request)("None of these files could be used.")
    return JSONResponse(RejectedOut(**found.model_dump(), error=sentence, code="InputError").model_dump(mode="json"), 422)


class ListQuery(BaseModel):
    """Which studies to list."""

    modality: str = Field("", description="Only this modality.")
    state: StudyState | None = Field(None, description="Only studies in this state.")
    refused: bool | None = Field(None, description="Only studies with, or without, an image that a guard kept from being read.")
    flagged: bool | None = Field(None, description="Only studies with, or without, verdicts.")
    disagreement: float | None = Field(None, ge=0, le=1, description="Only studies whose methods disagree at least so much.")
    page: int = Field(1, ge=1, le=999999, description="The page, from 1.")
    size: int = Field(50, ge=1, le=200, description="Studies per page.")


@router.get("/studies", response_model=StudiesOut, summary="List studies")
def listed(request: Request, asked: Annotated[ListQuery, Query()]) -> StudiesOut:
    """The studies, the last received first. There is no search for names here: an address is no place for one."""
    query = WorklistQuery(
        modality=asked.modality,
        state=asked.state,
        refused=asked.refused,
        flagged=asked.flagged,
        disagreement=asked.disagreement,
        number=asked.page,
        size=asked.size,
    )
    with pages.of(request).store.view() as tx:
        found = tx.worklist.page(query)
    return StudiesOut(
        studies=tuple(SummaryOut.of(row) for row in found.rows), total=found.total, page=found.number, pages=found.pages
    )


@router.get("/studies/{study_id}", response_model=StudyOut, responses=NOT_FOUND, summary="Read a study")
def read(request: Request, study_id: str) -> StudyOut:
    """One study with its images and its job."""
    with pages.of(request).store.view() as tx:
        row = tx.studies.get(study_id)
        job = tx.jobs.of_study(study_id)
    return StudyOut.of(row, job, pages.gettext(request))


@router.get(
    "/images/{image_id}/pixels", response_class=Response, responses=OCTETS | NOT_FOUND, summary="Read an image's pixels"
)
def pixels(request: Request, image_id: str) -> Response:
    """The stored values, `rows * columns` of them, little-endian; `X-Shape` and `X-Dtype` say how to read them."""
    return images.pixels(request, image_id)
