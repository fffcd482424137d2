"""Layer filmstrips for scripts: how relevance stands at every stage of a network."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.web import stages
from app.web.addresses import in_api
from app.web.api.objects import Frozen
from app.web.api.refusals import NAMED, OCTETS

router = APIRouter(tags=["stages"], responses=NAMED)


class StageOut(Frozen):
    """All the relevance at one stage of the network."""

    name: str = Field(description="The stage's place in the network; film: the film.")
    height: int = Field(description="Rows of its values.")
    width: int = Field(description="Columns of its values.")
    offset: int = Field(description="Where its values begin among those of the strip.")
    total: float = Field(description="The sum that conservation keeps, as the engine counts it.")
    spatial: bool = Field(description="False: neurons without a place.")
    extent: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom of its cells, in image pixels; it is drawn over the strip's extent."
    )
    minimum: float = Field(description="The lowest value.")
    maximum: float = Field(description="The highest value.")


class StripOut(Frozen):
    """Every stage of one map, from the decision back to the film; of a slice, from what it contributes back to it."""

    id: str = Field(description="The strip's id; it is kept for a while.")
    stack: str = Field(description="The stack, of which a film is one too.")
    image: str = Field(description="The film, or the slice.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    method: str = Field(description="lrp, rap_contrastive or rap.")
    finding: str = Field(description="The finding.")
    extent: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom of what the network read, in image pixels."
    )
    stages: tuple[StageOut, ...]
    values: str = Field(description="Where the stages' values are: little-endian float32, one stage after the other.")


@router.get("/studies/{study_id}/stages", summary="Read a layer filmstrip")
def read_stages(request: Request, study_id: str, asked: Annotated[stages.StagesIn, Query()]) -> StripOut:
    """How relevance stands at every stage of the network, for LRP and RAP: of a film, or of one slice of a stack, whose sums
    are what it has of the whole stack's. Worked out on request, kept for a while."""
    told = asdict(stages.strip(request, study_id, asked))
    return StripOut(**told, values=in_api(told["values_url"]))


@router.get("/stages/{strip_id}/values", response_class=Response, responses=OCTETS, summary="Read a filmstrip's values")
def read_stage_values(request: Request, strip_id: str) -> Response:
    """All stages one after the other; their shapes and offsets are in the strip."""
    return stages.values(request, strip_id)
