"""What if, for scripts: the same doors as the page's."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from fastapi import Response as Answer
from pydantic import Field
from starlette.responses import Response

from app.domain import AreaKind, Fill
from app.errors import NotFound
from app.store import WhatIfRow
from app.web import images, pages, what_if
from app.web.addresses import in_api, served
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, OCTETS, SENT

router = APIRouter(tags=["what-ifs"], responses=NAMED)

Edited = Annotated[str, Query(max_length=64, description="Which image of the stack; empty: the one of which most was covered.")]


class AreaOut(Frozen):
    """One area in image pixels."""

    kind: AreaKind
    points: tuple[tuple[float, float], ...] = Field(description="Points (x, y).")
    radius: float = Field(description="Of a brush, in pixels.")
    explanation: str = Field(description="The map of a hot area.")
    threshold: float = Field(description="Of a hot area: a share of the upper end of the map's colours.")
    images: tuple[str, ...] = Field(description="The slices that it covers; none on a film, nor where it is hot on every one.")


class EditOut(Frozen):
    """One edit."""

    areas: tuple[AreaOut, ...]
    fill: Fill
    outside: bool = Field(description="All of the film, or of every slice, but the areas was filled.")


class ChangeOut(Frozen):
    """One finding before and after."""

    finding: str = Field(description="The finding by NIH's name.")
    label: str = Field(description="The finding in the reader's language.")
    before: float = Field(description="The probability for the film as it is.")
    after: float = Field(description="The probability for the edited film.")
    change: float = Field(description="After − before.")
    logit_before: float = Field(description="The network's raw output for the film as it is.")
    logit_after: float = Field(description="The network's raw output for the edited film.")


class EditedOut(Frozen):
    """An image that was edited."""

    image: str = Field(description="The film, or the slice.")
    covered: float = Field(description="The share of its pixels that were covered.")
    pixels: str = Field(description="Where its stored values are, edited.")


class WhatIfOut(Frozen):
    """What a network says of the edited film or exam."""

    id: str = Field(description="The answer's id; it is kept for a while.")
    stack: str = Field(description="The stack, of which a film is one too.")
    image: str = Field(description="The image that was edited; of several slices the one of which most was covered.")
    images: tuple[EditedOut, ...] = Field(description="Every image that was edited, in the order of the stack.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    changes: tuple[ChangeOut, ...] = Field(description="Per finding, the biggest change first.")
    device: str = Field(description="What it ran on.")
    seconds: float = Field(description="How long the network took.")
    pixels: str = Field(description="Where the stored values of `image` are, edited.")


class KeptOut(Frozen):
    """A what-if that is kept with its case."""

    id: str = Field(description="The what-if's id.")
    study: str = Field(description="The study.")
    stack: str = Field(description="The stack, of which a film is one too.")
    image: str = Field(description="The image; of several slices the one of which most was covered.")
    images: tuple[str, ...] = Field(description="Every image of which something was covered, in the order of the stack.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    edits: tuple[EditOut, ...] = Field(description="One after the other.")
    covered: float = Field(description="The share of the film's, or of the whole stack's, pixels that were covered.")
    changes: tuple[ChangeOut, ...] = Field(description="Per finding, the biggest change first.")
    comment: str = Field(description="In the reader's words.")
    reader: str = Field(description="Who asked.")
    created_at: str = Field(description="UTC.")
    mask: str = Field(description="Where the covered pixels of `image` are; `?image=` names another.")


@router.post("/studies/{study_id}/what-if", responses=SENT, summary="Ask what if")
def ask_what_if(request: Request, study_id: str, asked: Annotated[what_if.Asked, Body()]) -> WhatIfOut:
    """What the network says of the film with these areas filled; or of the whole exam, with areas of one of its stacks filled.
    Answered at once; nothing is kept with the case."""
    told = asdict(what_if.answer(request, study_id, asked))
    edited = [EditedOut(**one, pixels=in_api(one["pixels_url"])) for one in told.pop("images")]
    return WhatIfOut(**told, images=tuple(edited), pixels=in_api(told["pixels_url"]))


@router.get("/what-if/{answer_id}/pixels", response_class=Response, responses=OCTETS, summary="Read an edited image")
def read_what_if_pixels(request: Request, answer_id: str, image: Edited = "") -> Response:
    """The edited image's stored values, as those of an image."""
    return what_if.pixels(request, answer_id, image)


@router.get("/studies/{study_id}/what-ifs", responses=HEADERS, summary="List kept what-ifs")
def list_what_ifs(request: Request, response: Answer, study_id: str, paging: Whole) -> list[KeptOut]:
    """Those that were not taken back, the oldest first."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.what_ifs.of_study(study_id)
    return [kept(request, row) for row in paging.cut(response, rows)]


@router.post("/studies/{study_id}/what-ifs", status_code=201, responses=SENT, summary="Keep a what-if")
def keep_what_if(request: Request, study_id: str, asked: Annotated[what_if.KeepIn, Body()]) -> KeptOut:
    """Ask, and keep edits, covered pixels and both answers with the case."""
    return kept(request, what_if.store(request, study_id, asked))


@router.delete("/what-ifs/{what_if_id}", summary="Take a kept what-if back")
def withdraw_what_if(request: Request, what_if_id: str) -> KeptOut:
    """It stays stored, marked as taken back."""
    with pages.of(request).store.begin() as tx:
        row = tx.what_ifs.withdraw(what_if_id)
    return kept(request, row)


@router.get("/what-ifs/{what_if_id}/mask", response_class=Response, responses=OCTETS, summary="Read the covered pixels")
def read_what_if_mask(request: Request, what_if_id: str, image: Edited = "") -> Response:
    """One octet per pixel, 1 where it was covered; `X-Shape` has rows and columns."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.what_ifs.get(what_if_id)
        chosen = image or row.image_id
        if chosen not in row.images:
            raise NotFound("The stack has no such slice.")
        covered = tx.what_ifs.mask(what_if_id)[row.images.index(chosen)]
    headers = {"X-Shape": f"{row.rows},{row.columns}", "X-Dtype": "|u1"}
    return images.octets(request, row.mask_sha256, lambda: covered.astype("u1").tobytes(), headers)


def kept(request: Request, row: WhatIfRow) -> KeptOut:
    """From the store's row."""
    told = asdict(what_if.kept_data(row, pages.gettext(request)))
    return KeptOut(**told, study=row.study_id, mask=served(f"/api/v1/what-ifs/{row.id}/mask"))
