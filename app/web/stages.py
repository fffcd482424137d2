"""The layer filmstrip: how relevance stands at every stage of a network. Asked for one map at a time, answered by a worker,
kept for a while under all that it depends on. Knows the store's doors; no network.
"""

from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from app import explainers
from app.errors import InputError, NotFound
from app.store import Question
from app.web import images, pages, what_if
from app.web.asking import ask

router = APIRouter(include_in_schema=False)


class StagesIn(BaseModel):
    """Which map's stages."""

    model: str = Field(description="The network; it must have read the image.", max_length=64)
    finding: str = Field(description="The finding.", max_length=64)
    method: str = Field(description="lrp or rap.", max_length=64)
    image: str = Field("", description="The image; empty: the study's first.", max_length=64)


@dataclass(frozen=True, slots=True)
class StageData:
    """One stage: ``height`` × ``width`` float32 from value number ``offset`` of the octets on, over the strip's extent.

    ``total`` is the sum that conservation keeps, as the engine counts it; ``spatial`` False: neurons without a place.
    """

    name: str
    height: int
    width: int
    offset: int
    total: float
    spatial: bool
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Every stage from the decision back to the film; ``extent`` (left, top, right, bottom) is in image pixels."""

    id: str
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
    return images.octets(request, sha256, lambda: web.store.blobs.read(sha256), {"X-Dtype": "<f4"})


def strip(request: Request, study_id: str, asked: StagesIn) -> Strip:
    """Ask a worker; the page and the API both come through here.

    NotFound where the study or the image is not there, or the network has not read it; InputError for a finding there is not
    or a method without stages; NotExplainable where the method is not defined for this network; Unavailable when no worker
    answers.
    """
    web = pages.of(request)
    if not explainers.describe(asked.method).layers:
        raise InputError(
            "The method “%(method)s” does not go through the network layer by layer. LRP and RAP do.", {"method": asked.method}
        )
    with web.store.view() as tx:
        image = what_if.image_of(tx, study_id, asked.image)
        said = [row.prediction for row in tx.predictions.of_image(image.id)]
    before = next((one for one in said if one.model == asked.model), None)
    if before is None:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": asked.model})
    if asked.finding not in {score.finding for score in before.scores}:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": asked.model, "finding": asked.finding}
        )
    plain = {"method": asked.method, "finding": asked.finding}
    row = ask(web, Question("stages", study_id, image.id, asked.model, before.model_sha256, plain))
    told = row.answer["stages"]
    offsets = accumulate((one["height"] * one["width"] for one in told), initial=0)
    left, top, right, bottom = row.answer["extent"]
    return Strip(
        id=row.id,
        image=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=asked.method,
        finding=asked.finding,
        extent=(left, top, right, bottom),
        stages=tuple(StageData(**one, offset=offset) for one, offset in zip(told, offsets, strict=False)),
        values_url=f"/stages/{row.id}/values",
    )
