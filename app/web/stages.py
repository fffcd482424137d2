"""The layer filmstrip: how relevance stands at every stage of a network. Asked for one map at a time, answered by a worker,
kept for a while under all that it depends on. Knows the store's doors; no network.
"""

from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from app.desk import filmstrip
from app.errors import NotFound
from app.web import images, pages
from app.web.addresses import served

router = APIRouter(include_in_schema=False)


class StagesIn(BaseModel):
    """Which map's stages."""

    model: str = Field(description="The network; it must have read the image.", max_length=64)
    finding: str = Field(description="The finding.", max_length=64)
    method: str = Field(description="lrp, rap_contrastive or rap.", max_length=64)
    image: str = Field("", description="The film, or the slice of a stack; empty: the study's first.", max_length=64)


@dataclass(frozen=True, slots=True)
class StageData:
    """One stage: ``height`` × ``width`` float32 from value number ``offset`` of the octets on, its cells over ``extent`` (left,
    top, right, bottom) in image pixels, drawn over the strip's.

    ``total`` is the sum that conservation keeps, as the engine counts it; ``spatial`` False: neurons without a place.
    """

    name: str
    height: int
    width: int
    offset: int
    total: float
    spatial: bool
    extent: tuple[float, float, float, float]
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Every stage from the decision back to the film; of a slice of a stack, from where the slices part back to it. ``extent``
    (left, top, right, bottom) is in image pixels."""

    id: str
    stack: str
    image: str
    model: str
    model_sha256: str
    method: str
    finding: str
    extent: tuple[float, float, float, float]
    stages: tuple[StageData, ...]
    values_url: str


@router.get("/studies/{study_id}/stages.json")
def stages(request: Request, study_id: str, asked: Annotated[StagesIn, Query()]) -> Response:
    """The stages of one map."""
    return JSONResponse(asdict(strip(request, study_id, asked)))


@router.get("/stages/{question_id}/values")
def values(request: Request, question_id: str) -> Response:
    """All stages' values one after the other, little-endian float32."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.questions.get(question_id)
    sha256 = row.values_sha256
    if sha256 is None:
        raise NotFound("This answer is no longer kept. Ask again.")
    return images.octets(request, sha256, lambda: web.store.blobs.read(sha256, "map"), {"X-Dtype": "<f4"})


def strip(request: Request, study_id: str, asked: StagesIn) -> Strip:
    """Ask a worker; the page and the API both come through here. Errors are those of `app.desk.filmstrip.ask`."""
    web = pages.of(request)
    row = filmstrip.ask(
        web.store, web.wake, study_id, asked.image, model=asked.model, method=asked.method, finding=asked.finding
    )
    told = row.answer["stages"]
    offsets = accumulate((one["height"] * one["width"] for one in told), initial=0)
    whole = row.answer["extent"]
    left, top, right, bottom = whole
    return Strip(
        id=row.id,
        stack=row.stack_id,
        image=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=asked.method,
        finding=asked.finding,
        extent=(left, top, right, bottom),
        stages=tuple(
            StageData(**{**one, "extent": tuple(one.get("extent", whole))}, offset=offset)
            for one, offset in zip(told, offsets, strict=False)
        ),
        values_url=served(f"/stages/{row.id}/values"),
    )
