"""Octets and pictures of stacks' maps, as `app.web.images` has them of films' maps."""

import io
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app import render
from app.domain import Region
from app.errors import NotFound
from app.stacks import stacks
from app.store import StackExplanationRow
from app.web import images, pages
from app.web.pages import Web

router = APIRouter(include_in_schema=False)


@router.get("/stack-explanations/{explanation_id}/values")
def values(request: Request, explanation_id: str) -> Response:
    """The raw maps of all slices: ``slices * height * width`` little-endian float32; their place on a slice in ``X-Extent``."""
    web, row = _explanation(request, explanation_id)
    headers = {"X-Shape": f"{row.slices},{row.height},{row.width}", "X-Dtype": "<f4", "X-Extent": images.extent(row)}
    return images.octets(request, row.values_sha256, lambda: web.store.blobs.read(row.values_sha256), headers)


def npy(request: Request, explanation_id: str) -> Response:
    """The raw maps as NumPy's own file: float32 (slices, height, width)."""
    web, row = _explanation(request, explanation_id)

    def made() -> bytes:
        with web.store.view() as tx:
            array = tx.exams.values(row.id)
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        return file.getvalue()

    name = f"{row.method}-{row.id}.npy"
    headers = {"X-Extent": images.extent(row), "Content-Disposition": f'attachment; filename="{name}"'}
    return images.octets(request, f"npy-{row.values_sha256}", made, headers)


@router.get("/stack-explanations/{explanation_id}/overlay.png")
def overlay(
    request: Request,
    explanation_id: str,
    number: Annotated[int, Query(alias="slice", ge=1, le=100_000, description="The slice, from 1.")] = 1,
) -> Response:
    """One slice's map over the slice, in the colours of the stack, with its colour bar."""
    web, row = _explanation(request, explanation_id)
    identity = f"stack overlay {row.id} {row.values_sha256} {number}"
    return images.png(request, identity, lambda: _overlay(web, row, number - 1, None, None))


@router.get("/exam-reviews/{review_id}/thumbnail.png")
def flag(request: Request, review_id: str) -> Response:
    """What a verdict on a stack is about, small: the slice that stands for it under its map, with the region; the slice alone
    where the map is gone."""
    web = pages.of(request)
    with web.store.view() as tx:
        found = tx.exam_reviews.get(review_id)
        told = found.review
        rows = tx.exams.explanations(found.study_id, model_sha256=told.model_sha256, finding=told.finding)
        series = next(one for one in tx.studies.get(found.study_id).series if one.id == found.series_id)
    stack = next((one for one in stacks(series) if one.key == told.stack), None)
    place = next((at for at, image in enumerate(stack.images) if image.id == told.shown), None) if stack else None
    wanted = (told.model, found.series_id, told.stack.number, told.method)
    row = next((row for row in rows if (row.model, row.series_id, row.stack, row.method) == wanted), None)
    if row is None or place is None or place >= row.slices:
        return images.png(request, f"film {told.shown} {images.FLAG}", lambda: images.film(web, told.shown, images.FLAG))
    region = (told.region or {}).get(told.shown)
    identity = f"stack flag {found.id} {row.values_sha256} {place} {region}"
    return images.png(request, identity, lambda: _overlay(web, row, place, images.FLAG, region))


def _explanation(request: Request, explanation_id: str) -> tuple[Web, StackExplanationRow]:
    web = pages.of(request)
    with web.store.view() as tx:
        return web, tx.exams.explanation(explanation_id)


def _overlay(web: Web, row: StackExplanationRow, place: int, longest: int | None, region: Region | None) -> bytes:
    with web.store.view() as tx:
        maps = tx.exams.load(row.id)
        series = next(one for one in tx.studies.get(row.study_id).series if one.id == row.series_id)
        stack = next((one for one in stacks(series) if one.key == maps.stack), None)
        if stack is None or not place < min(row.slices, len(stack.images)):
            raise NotFound("The stack has no such slice.")
        image = tx.studies.load_image(stack.images[place].id)
    one = maps.of_slice(place, image.sop_instance_uid, image.frame)
    return render.overlay_png(image, one, longest=longest, region=region, span=render.ends(maps))
