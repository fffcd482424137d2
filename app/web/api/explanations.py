"""The maps of methods under their old addresses: of films in two dimensions, of stacks in three. Layers are both alike."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Response as Answer
from pydantic import Field
from starlette.responses import Response

from app.domain import Plane
from app.store import LayerRow, StackRow
from app.web import calling, images, pages
from app.web.addresses import served
from app.web.api.answers import stacks_of
from app.web.api.layers import SliceNumber
from app.web.api.objects import EvidenceOut, ExtentOut, Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, OCTETS, PNG

router = APIRouter(tags=["explanations"], responses=NAMED, deprecated=True)


class ExplanationOut(Frozen):
    """One method's map for one finding of one film or stack, without its values."""

    id: str = Field(description="The explanation's id: that of the layer.")
    image: str | None = Field(description="The film; null for a stack of several slices.")
    stack: str = Field(description="The stack.")
    plane: Plane = Field(description="The stack's plane; empty on a film.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding it explains.")
    state: str = Field(description="“ok”, or in words why there is no picture.")
    signed: bool = Field(description="Whether its values have two sides of zero.")
    shape: tuple[int, ...] = Field(description="Rows and columns of the raw map; of a stack slices, rows and columns.")
    extent: ExtentOut = Field(description="Where the map's cells lie on the image.")
    reach: ExtentOut = Field(description="How far it is drawn: its outermost cells are held up to there.")
    minimum: float = Field(description="The lowest raw value.")
    maximum: float = Field(description="The highest raw value.")
    mass: tuple[float, ...] = Field(description="The positive part of every slice's map, summed.")
    parameters: dict[str, str | float | int | bool] = Field(description="The method's parameters.")
    device: str = Field(description="What it ran on.")
    conservation_error: float | None = Field(description="The share of relevance that was lost (LRP, RAP), or null.")
    padding: float | None = Field(
        description="The share of its values, by size, that lies outside the image, in padding; null: not known."
    )
    notes: tuple[str, ...] = Field(description="What else to know.")
    evidence: EvidenceOut | None = Field(description="Where its positive part lies on the film; null where nobody told.")
    values: str = Field(description="Where the raw map is, as octets: little-endian float32.")
    npy: str = Field(description="Where the raw map is, as a NumPy file.")
    png: str = Field(description="Where the map over the film is; of a stack ?slice= counts from 1.")

    @classmethod
    def of(cls, row: LayerRow, stack: StackRow, *, film: bool) -> "ExplanationOut":
        """From the store's row and its stack's; ``film``: told as a film's."""
        here = served(f"/api/v1/{'explanations' if film else 'stack-explanations'}/{row.id}")
        return cls(
            id=row.id,
            image=stack.images[0] if len(stack.images) == 1 else None,
            stack=row.stack_id,
            plane=stack.plane,
            model=row.model,
            model_sha256=row.model_sha256,
            method=row.method,
            finding=row.finding,
            state=row.state,
            signed=row.signed,
            shape=(row.height, row.width) if film else (row.slices, row.height, row.width),
            extent=ExtentOut.of(row.extent),
            reach=ExtentOut.of(row.extent.drawn),
            minimum=row.minimum,
            maximum=row.maximum,
            mass=row.mass,
            parameters=dict(row.producer.parameters),
            device=row.device,
            conservation_error=row.conservation_error,
            padding=row.padding,
            notes=row.notes,
            evidence=EvidenceOut.of(row.evidence),
            values=f"{here}/values",
            npy=f"{here}/values.npy",
            png=f"{here}/overlay.png",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which maps to list."""

    finding: Annotated[str, Query(description="Only maps of this finding.")] = ""
    method: Annotated[str, Query(description="Only maps by this method.")] = ""
    model: Annotated[str, Query(description="Only maps of this network.")] = ""


@router.get("/studies/{study_id}/explanations", responses=HEADERS, summary="List explanations")
def list_explanations(
    request: Request,
    response: Answer,
    study_id: str,
    paging: Whole,
    wanted: Annotated[Wanted, Depends()],
) -> list[ExplanationOut]:
    """The maps of relevance there are, of films and exams alike, in the order of the study's stacks."""
    with pages.of(request).store.view() as tx:
        stacks = stacks_of(tx, study_id)
        every = [row for row in tx.layers.of_study(study_id, finding=wanted.finding) if shown(row)]
        rows = calling.lying(tx, calling.of(request, tx), every)
    fitting = [row for row in rows if wanted.method in {"", row.method} and wanted.model in {"", row.model}]
    return [ExplanationOut.of(row, stacks[row.stack_id], film=row.slices == 1) for row in paging.cut(response, fitting)]


def shown(row: LayerRow) -> bool:
    """Whether the old addresses know a layer: maps of relevance that are stored."""
    return row.kind == "relevance" and row.values_sha256 is not None


@router.get("/explanations/{explanation_id}", summary="Read an explanation")
def read_explanation(request: Request, explanation_id: str) -> ExplanationOut:
    """One map, without its values."""
    with pages.of(request).store.view() as tx:
        (row,) = calling.lying(tx, calling.of(request, tx), [tx.layers.get(explanation_id)])
        return ExplanationOut.of(row, tx.stacks.get(row.stack_id), film=row.slices == 1)


@router.get("/explanations/{explanation_id}/values", response_class=Response, responses=OCTETS, summary="Read a raw map")
def read_explanation_values(request: Request, explanation_id: str) -> Response:
    """`height * width` little-endian float32; `X-Shape` and `X-Extent` say where they lie."""
    return images.raw(request, explanation_id, film=True)


@router.get(
    "/explanations/{explanation_id}/values.npy",
    response_class=Response,
    responses=OCTETS,
    summary="Read a raw map as .npy",
)
def read_explanation_npy(request: Request, explanation_id: str) -> Response:
    """float32 (height, width), for `numpy.load`."""
    return images.npy(request, explanation_id, film=True)


@router.get("/explanations/{explanation_id}/overlay.png", response_class=Response, responses=PNG, summary="Read a map as PNG")
def read_explanation_overlay(request: Request, explanation_id: str) -> Response:
    """The map over the film, with its colour bar and the words "research use only"."""
    return images.overlay(request, explanation_id)


@router.get("/stack-explanations/{explanation_id}", summary="Read an explanation of a stack")
def read_stack_explanation(request: Request, explanation_id: str) -> ExplanationOut:
    """One stack's maps, without their values."""
    with pages.of(request).store.view() as tx:
        (row,) = calling.lying(tx, calling.of(request, tx), [tx.layers.get(explanation_id)])
        return ExplanationOut.of(row, tx.stacks.get(row.stack_id), film=False)


@router.get(
    "/stack-explanations/{explanation_id}/values", response_class=Response, responses=OCTETS, summary="Read a stack's raw maps"
)
def read_stack_explanation_values(request: Request, explanation_id: str) -> Response:
    """`slices * height * width` little-endian float32; `X-Shape` and `X-Extent` say where they lie."""
    return images.raw(request, explanation_id)


@router.get(
    "/stack-explanations/{explanation_id}/values.npy",
    response_class=Response,
    responses=OCTETS,
    summary="Read a stack's raw maps as .npy",
)
def read_stack_explanation_npy(request: Request, explanation_id: str) -> Response:
    """float32 (slices, height, width), for `numpy.load`."""
    return images.npy(request, explanation_id)


@router.get(
    "/stack-explanations/{explanation_id}/overlay.png",
    response_class=Response,
    responses=PNG,
    summary="Read a slice's map as PNG",
)
def read_stack_explanation_overlay(request: Request, explanation_id: str, number: SliceNumber = 1) -> Response:
    """One slice's map over the slice, in the colours of its stack."""
    return images.overlay(request, explanation_id, number)
