"""Counterfactuals for scripts: what would have to change on a film for another answer. The same doors as the page's."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.desk.opening import MOST_HALVED
from app.web import counterfactuals
from app.web.addresses import in_api
from app.web.api.objects import Frozen
from app.web.api.refusals import NAMED, OCTETS, SENT
from app.web.api.what_ifs import ChangeOut

router = APIRouter(tags=["counterfactuals"], responses=NAMED)


class SaidOut(Frozen):
    """What a network said of the finding at every strength."""

    model: str = Field(description="The network.")
    title: str = Field(description="What people call it.")
    referee: bool = Field(description="It guided nobody, and judges.")
    shared: bool = Field(description="It learned from patients whom the explained network learned from too.")
    probabilities: tuple[float, ...] = Field(description="One per strength.")
    moved: tuple[float | None, ...] = Field(
        description="By how many of its gaps, between called and normal films, its logit has moved; null: not measured."
    )
    follows: str = Field(
        description="How a referee does at strength 1: follows, alone (hardly does), elsewhere (moves far more), or empty."
    )


class DoubtOut(Frozen):
    """Why it may not convince."""

    name: str = Field(description="no flip, alone, something else, much, outside, reconstruction or not reached.")
    sentence: str = Field(description="In the reader's language.")


class PlaneOut(Frozen):
    """One array of the values."""

    name: str = Field(
        description="flow, attention and residual of a generator, the last two per slice of a stack; frames of a shift."
    )
    shape: tuple[int, ...]
    offset: int = Field(description="How many values lie before it.")


class CounterfactualOut(Frozen):
    """What would have to change."""

    id: str = Field(description="The answer's id; it is kept for a while.")
    stack: str = Field(description="The film's stack.")
    image: str = Field(description="The film, or the slice that changes most.")
    images: tuple[str, ...] = Field(description="What changes: the film, or slices of the stack.")
    plane: str = Field(description="Of an exam, the plane whose stack is changed, in the reader's language; the others stay.")
    model: str = Field(description="The explained network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    way: Literal["generator", "shift"]
    finding: str = Field(description="The finding whose answer was to change.")
    direction: Literal[-1, 1] = Field(description="Less or more of it.")
    strengths: tuple[float, ...] = Field(description="At which the networks were asked; 1 is what was made.")
    said: tuple[SaidOut, ...] = Field(description="The explained network first.")
    changes: tuple[ChangeOut, ...] = Field(description="Per finding at strength 1, the biggest change first.")
    pixels: float = Field(description="The share of pixels that changed by more than 2 % of the range.")
    inside: float | None = Field(description="How much of the change lies within the finding's limit; null: it has none.")
    ratio: tuple[float, float, float] | None = Field(
        description="The cardiothoracic ratio of the film, of the counterfactual and after a control edit; null: not told."
    )
    recess: tuple[float, float, float] | None = Field(
        description="Of effusion, likewise: how white the costophrenic recess is, 0 as dark as lung, 1 as white as the heart."
    )
    doubts: tuple[DoubtOut, ...]
    extent: tuple[float, float, float, float] = Field(description="Left, top, right, bottom of the planes, in image pixels.")
    black: float = Field(
        description="What is black to what made it, in grey, of a stack modality values; residuals are shares of white − black."
    )
    white: float
    one: int = Field(description="Of a shift: which frame is strength 1.")
    planes: tuple[PlaneOut, ...]
    device: str = Field(description="What it ran on.")
    seconds: float = Field(description="How long it took.")
    values: str = Field(description="Where the planes' values are: little-endian float32, one after the other.")
    pixels_at: str = Field(description="Where the film is at a strength, which takes the place of {strength}.")


@router.post("/studies/{study_id}/counterfactual", responses=SENT, summary="Ask for a counterfactual")
def ask_counterfactual(request: Request, study_id: str, asked: Annotated[counterfactuals.Asked, Body()]) -> CounterfactualOut:
    """What would have to change on a film for another answer, and what everybody says of it. Answered at once."""
    told = asdict(counterfactuals.answer(request, study_id, asked))
    values, at = (in_api(told.pop(name)) for name in ("values_url", "pixels_url"))
    return CounterfactualOut(**told, values=values, pixels_at=f"{at}/{{strength}}/pixels")


class KeptOut(Frozen):
    """What was kept."""

    layers: tuple[str, ...] = Field(
        description="Layers of the case: the changed film (image), what is brighter and darker on it (change), and of a "
        "generator where it may add or take away and how far it moves (attention)."
    )


@router.post(
    "/counterfactuals/{answer_id}/kept", status_code=201, responses=SENT, summary="Keep a counterfactual with its case"
)
def keep_counterfactual(request: Request, answer_id: str, asked: Annotated[counterfactuals.Kept, Body()]) -> KeptOut:
    """Keep it at a strength, as layers that are judged and exported like any other; another strength stands beside it."""
    return KeptOut(layers=counterfactuals.kept(request, answer_id, asked))


@router.get("/counterfactuals/{answer_id}/film.webp", response_class=Response, summary="See the film change")
def read_counterfactual_film(request: Request, answer_id: str) -> Response:
    """The film from strength 0 to 1 and back, as an animated WebP."""
    return counterfactuals.moving(request, answer_id)


@router.get("/counterfactuals/{answer_id}/values", response_class=Response, responses=OCTETS, summary="Read an edit")
def read_counterfactual_values(request: Request, answer_id: str) -> Response:
    """The planes of the edit; shapes and offsets are in the answer."""
    return counterfactuals.values(request, answer_id)


@router.get(
    "/counterfactuals/{answer_id}/{strength}/pixels",
    response_class=Response,
    responses=OCTETS,
    summary="Read a changed film",
)
def read_counterfactual_pixels(
    request: Request,
    answer_id: str,
    strength: counterfactuals.Strength,
    halved: Annotated[int, Query(ge=0, le=MOST_HALVED, description="How often both sides are halved; of a film.")] = 0,
    image: Annotated[str, Query(max_length=64, description="Of a stack, the slice.")] = "",
) -> Response:
    """The film, or a slice of the stack, at a strength, in its own stored values, as those of an image."""
    return counterfactuals.pixels(request, answer_id, strength, halved, image)
