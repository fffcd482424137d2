"""Layers for scripts: every picture that lies over a film or a stack, whoever made it, without and with its values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Response as Answer
from pydantic import Field
from starlette.responses import Response

from app.desk import drawn
from app.domain import LayerKind, ProducerKind, Scale
from app.store import LayerRow, StackRow
from app.web import calling, images, pages
from app.web.addresses import served
from app.web.api.answers import stacks_of
from app.web.api.objects import EvidenceOut, ExtentOut, Frozen
from app.web.api.paging import HEADERS, Parts
from app.web.api.refusals import NAMED, OCTETS, PNG

router = APIRouter(tags=["layers"], responses=NAMED)

SliceNumber = Annotated[int, Query(alias="slice", ge=1, le=100_000, description="The slice, from 1.")]


Aligned = Annotated[bool, Query(description="Over the aligned film: 404 where the pose is not known.")]


class ProducerOut(Frozen):
    """Who made a layer."""

    kind: ProducerKind = Field(description="A method of ours, a network by itself, a reader, or somebody else's software.")
    name: str = Field(description="What tells the layers of one finding apart, such as lrp.")
    title: str = Field(description="What people call it; empty where the methods' list says.")
    version: str = Field(description="The producer's own; empty where it goes with this software's.")
    parameters: dict[str, str | float | int | bool] = Field(description="With what it was made.")


class LayerOut(Frozen):
    """A picture of one stack, without its values. A film is a stack of one slice."""

    id: str = Field(description="The layer's id.")
    study: str = Field(description="The study.")
    stack: str = Field(description="The stack it lies over.")
    image: str | None = Field(description="The film; null for a stack of several slices.")
    current: bool = Field(description="Whether the stack is what its series is now.")
    kind: LayerKind = Field(description="What it is.")
    scale: Scale = Field(description="How its values are to be read.")
    unit: str = Field(description="Of its values; empty where they have none.")
    finding: str = Field(description="What it is about; empty where it is about none.")
    producer: ProducerOut = Field(description="Who made it.")
    method: str = Field(description="The producer's name.")
    model: str = Field(description="The network that it comes from or explains.")
    model_sha256: str = Field(description="The checksum of its weights.")
    state: str = Field(description="“ok”, or in words why there is no picture.")
    signed: bool = Field(description="Whether its values have two sides of zero.")
    ends: tuple[str, str] = Field(
        description="What the upper and the lower end of its colours mean, e.g. “for”, “against”; empty where it needs no word."
    )
    shape: tuple[int, int, int] = Field(description="Slices, rows and columns of the raw values.")
    extent: ExtentOut = Field(description="Where the cells of every slice lie on its image.")
    reach: ExtentOut = Field(description="How far it is drawn: its outermost cells are held up to there.")
    minimum: float = Field(description="The lowest raw value of the stack.")
    maximum: float = Field(description="The highest raw value of the stack.")
    mass: tuple[float, ...] = Field(description="The positive part of every slice, summed.")
    names: dict[int, str] = Field(description="What the classes of a layer of classes are called, by their numbers.")
    device: str = Field(description="What it ran on.")
    versions: dict[str, str] = Field(description="Of the libraries it ran with.")
    seconds: float = Field(description="How long it took.")
    conservation_error: float | None = Field(description="The share of relevance that was lost (LRP, RAP), or null.")
    padding: float | None = Field(
        description="The share of its values, by size, that lies outside the image, in padding; null: not known."
    )
    notes: tuple[str, ...] = Field(description="What else to know.")
    evidence: EvidenceOut | None = Field(description="Where its positive part lies on the film; null where nobody told.")
    figures: dict[str, float] = Field(
        description="What was measured on it, in pixels of the image and degrees: a cardiothoracic ratio, areas, a pose."
    )
    created_at: datetime = Field(description="UTC.")
    values: str | None = Field(
        description="Where the raw values are, as octets: little-endian float32; null: no longer stored."
    )
    npy: str | None = Field(description="Where the raw values are, as a NumPy file; null: no longer stored.")
    png: str | None = Field(description="Where a slice of it over its image is; ?slice= counts from 1; null: no longer stored.")

    @classmethod
    def of(cls, row: LayerRow, stack: StackRow) -> "LayerOut":
        """From the store's row and its stack's."""
        here = served(f"/api/v1/layers/{row.id}")
        there = row.values_sha256 is not None
        maker = row.producer
        return cls(
            id=row.id,
            study=row.study_id,
            stack=row.stack_id,
            image=stack.images[0] if len(stack.images) == 1 else None,
            current=stack.current,
            kind=row.kind,
            scale=row.scale,
            unit=row.unit,
            finding=row.finding,
            producer=ProducerOut(
                kind=maker.kind,
                name=maker.name,
                title=maker.title,
                version=maker.version,
                parameters=dict(maker.parameters),
            ),
            method=row.method,
            model=row.model,
            model_sha256=row.model_sha256,
            state=row.state,
            signed=row.signed,
            ends=drawn.known(row, row.width, None, None).words,
            shape=(row.slices, row.height, row.width),
            extent=ExtentOut.of(row.extent),
            reach=ExtentOut.of(row.extent.drawn),
            minimum=row.minimum,
            maximum=row.maximum,
            mass=row.mass,
            names=dict(row.names),
            device=row.device,
            versions=dict(row.versions),
            seconds=row.seconds,
            conservation_error=row.conservation_error,
            padding=row.padding,
            notes=row.notes,
            evidence=EvidenceOut.of(row.evidence),
            figures=dict(row.figures),
            created_at=row.created_at,
            values=f"{here}/values" if there else None,
            npy=f"{here}/values.npy" if there else None,
            png=f"{here}/overlay.png" if there else None,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which layers to list."""

    finding: Annotated[str, Query(description="Only about this finding.")] = ""
    method: Annotated[str, Query(description="Only by the producer of this name.")] = ""
    model: Annotated[str, Query(description="Only of this network.")] = ""
    kind: Annotated[LayerKind | None, Query(description="Only of this kind.")] = None
    stack: Annotated[str, Query(description="Only over this stack.")] = ""

    def takes(self, row: LayerRow) -> bool:
        """Whether a layer is among them, as far as its own row says: stored, and of what was asked for."""
        named = self.method in {"", row.method} and self.model in {"", row.model}
        return row.values_sha256 is not None and named and self.kind in {None, row.kind}


@router.get("/studies/{study_id}/layers", responses=HEADERS, summary="List layers")
def list_layers(
    request: Request,
    response: Answer,
    study_id: str,
    paging: Parts,
    wanted: Annotated[Wanted, Depends()],
) -> list[LayerOut]:
    """The layers whose values are stored, in the order of the study's stacks, then by finding and producer."""
    with pages.of(request).store.view() as tx:
        stacks = stacks_of(tx, study_id)
        over = tx.stacks.find(study_id, wanted.stack).id if wanted.stack else ""
        every = tx.layers.of_study(study_id, finding=wanted.finding)
        rows = [row for row in every if wanted.takes(row) and over in {"", row.stack_id}]
        fitting = calling.lying(tx, calling.of(request, tx), rows)
    return [LayerOut.of(row, stacks[row.stack_id]) for row in paging.cut(response, fitting)]


@router.get("/layers/{layer_id}", summary="Read a layer")
def read_layer(request: Request, layer_id: str) -> LayerOut:
    """One layer, without its values."""
    with pages.of(request).store.view() as tx:
        (row,) = calling.lying(tx, calling.of(request, tx), [tx.layers.get(layer_id)])
        return LayerOut.of(row, tx.stacks.get(row.stack_id))


@router.get("/layers/{layer_id}/values", response_class=Response, responses=OCTETS, summary="Read a layer's values")
def read_layer_values(request: Request, layer_id: str) -> Response:
    """`slices * height * width` little-endian float32; `X-Shape` and `X-Extent` say where they lie."""
    return images.raw(request, layer_id)


@router.get("/layers/{layer_id}/values.npy", response_class=Response, responses=OCTETS, summary="Read a layer's values as .npy")
def read_layer_npy(request: Request, layer_id: str) -> Response:
    """float32 (slices, height, width), for `numpy.load`."""
    return images.npy(request, layer_id)


@router.get("/layers/{layer_id}/overlay.png", response_class=Response, responses=PNG, summary="Read a layer as PNG")
def read_layer_overlay(request: Request, layer_id: str, number: SliceNumber = 1, aligned: Aligned = False) -> Response:
    """One slice of the layer over its image, or of a film's over the film aligned to the canonical pose, with its colour bar
    and the words "research use only"."""
    return images.overlay(request, layer_id, number, aligned)
