"""Octets and pictures: pixels and maps as they are stored, thumbnails and overlays as PNG.

They are patient data: ``private`` and asked for anew every time, but an unchanged one costs no more than a 304. What an id
stands for never changes, so the blob's sha256 is the whole identity.
"""

import gzip
import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app import __version__, render
from app.anatomy import Pose, aligning
from app.anatomy.figures import pose_in
from app.desk import drawn, opening
from app.desk.opening import MOST_HALVED
from app.domain import Region
from app.errors import InputError, NotFound
from app.store import LayerRow, Transaction
from app.web import pages
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

KEEP = "private, no-cache"
"""A browser may keep it but must ask each time whether it may still be shown."""
THUMBNAIL = 160
"""The longest side of a film's thumbnail, in pixels: twice what the worklist shows, for dense screens."""
FLAG = 240
"""The longest side of a flagged map's thumbnail, in pixels."""


@router.get("/images/{image_id}/pixels")
def pixels(request: Request, image_id: str, halved: Annotated[int, Query(ge=0, le=MOST_HALVED)] = 0) -> Response:
    """The stored values: ``rows * columns`` little-endian int16 or uint16, as ``X-Dtype`` says.

    ``halved``: averages over 2 × 2 values, so many times over, which a film can be shown with until all of it has arrived;
    their shape is in ``X-Shape``, and in ``X-Spread`` four stored values of the whole film: the least, the 0.5th and 99.5th
    percentile, the greatest.
    """
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.studies.image(image_id)
    dtype = "<i2" if row.signed else "<u2"
    headers = {"X-Shape": f"{row.rows >> halved},{row.columns >> halved}", "X-Dtype": dtype}

    if not halved:
        return octets(request, row.pixels_sha256, lambda: web.store.blobs.read(row.pixels_sha256), headers)
    if not min(row.rows, row.columns) >> halved:
        raise InputError("The film is too small to be halved so often.")
    small = opening.halved(web.store, row, halved)
    identity = hashlib.sha256(f"{row.pixels_sha256} {halved}".encode()).hexdigest()
    return octets(request, identity, lambda: gzip.decompress(small.packed), {**headers, "X-Spread": small.spread}, small.packed)


@router.get("/images/{image_id}/voi-lut")
def voi_lut(request: Request, image_id: str) -> Response:
    """The VOI LUT's data (0028,3006): little-endian uint16; its first value and depth are in the case's payload."""
    with pages.of(request).store.view() as tx:
        lut = tx.studies.image(image_id).voi_lut
    if lut is None:
        raise NotFound("This image has no VOI LUT.")
    data = lut.data.astype("<u2").tobytes()
    return octets(request, hashlib.sha256(data).hexdigest(), lambda: data, {"X-Shape": f"{lut.data.size}", "X-Dtype": "<u2"})


@router.get("/images/{image_id}/thumbnail.png")
def thumbnail(request: Request, image_id: str) -> Response:
    """The film as it opens, small."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.studies.image(image_id)
    return png(request, f"film {row.id} {row.pixels_sha256} {THUMBNAIL}", lambda: film(web, row.id))


@router.get("/images/{image_id}/preview.png")
def preview(request: Request, image_id: str) -> Response:
    """The film as it opens, at most 1280 pixels long: what its panes show before any script has run."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.studies.image(image_id)
    tag = hashlib.sha256(f"preview {row.id} {row.pixels_sha256} {opening.FORM}".encode()).hexdigest()[:32]
    return answer(request, f'"{tag}"', lambda: opening.picture(web.store, row), "image/png", {})


@router.get("/layers/{layer_id}/values")
@router.get("/explanations/{layer_id}/values")
@router.get("/stack-explanations/{layer_id}/values")
def values(request: Request, layer_id: str) -> Response:
    """The raw layer: ``slices * height * width`` little-endian float32; its place on every slice in ``X-Extent``."""
    return raw(request, layer_id, film=True)


def raw(request: Request, layer_id: str, *, film: bool = False) -> Response:
    """The raw layer; ``film``: the shape of a film's one slice is told without it."""
    web, row = _layer(request, layer_id)
    sha256 = row.values_sha256 or ""
    return octets(request, sha256, lambda: web.store.blobs.read(sha256, "map"), placed(row, film=film))


@router.get("/layers/{layer_id}/overlay.png")
@router.get("/explanations/{layer_id}/overlay.png")
@router.get("/stack-explanations/{layer_id}/overlay.png")
def overlay(
    request: Request,
    layer_id: str,
    number: Annotated[int, Query(alias="slice", ge=1, le=100_000, description="The slice, from 1.")] = 1,
    aligned: Annotated[bool, Query(description="Over the aligned film.")] = False,
) -> Response:
    """One slice of the layer over its image as a case shows it, with its colour bar and in words how it is drawn; ``aligned``:
    of a film over the aligned film. NotFound where its pose is not known."""
    web, row = _layer(request, layer_id)
    with web.store.view() as tx:
        told = drawn.stored(tx, web.registry, row)
        pose = _pose(tx, row) if aligned else None
    identity = f"overlay {row.id} {row.values_sha256} {number} {told} {pose}"
    return png(request, identity, lambda: _overlay(web, row, number - 1, told, pose=pose))


def _pose(tx: Transaction, row: LayerRow) -> Pose:
    """The pose of a layer's film, as the newest map of labels over it has it; NotFound where there is none."""
    beside = [one for one in tx.layers.of_stack(row.stack_id) if one.producer.kind == "network" and one.kind == "labels"]
    newest = max(beside, key=lambda one: one.created_at, default=None)
    pose = pose_in(newest.figures) if newest else None
    if pose is None or row.kind == "image":
        raise NotFound("The pose of this film is not known, so that nothing can be shown on the aligned film.")
    return pose


@router.get("/layers/{layer_id}/thumbnail.png")
def small(request: Request, layer_id: str) -> Response:
    """The layer's first slice over its image, small and without words."""
    web, row = _layer(request, layer_id)
    with web.store.view() as tx:
        told = drawn.stored(tx, web.registry, row)
    identity = f"small {row.id} {row.values_sha256} {told}"
    return png(request, identity, lambda: _overlay(web, row, 0, told, longest=FLAG))


@router.get("/reviews/{review_id}/thumbnail.png")
@router.get("/exam-reviews/{review_id}/thumbnail.png")
def flag(request: Request, review_id: str) -> Response:
    """What a verdict is about, small: the slice that stands for the stack under its layer, with the region the reader drew; the
    image alone where the layer is gone."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.reviews.get(review_id)
        layer = tx.layers.get(row.layer_id)
        told = drawn.stored(tx, web.registry, layer)
    if layer.values_sha256 is None:
        return png(request, f"film {row.image_id} {FLAG}", lambda: film(web, row.image_id, FLAG))
    place = row.review.shown
    region = row.review.regions.get(place)
    identity = f"flag {row.id} {layer.values_sha256} {place} {region} {told}"
    return png(request, identity, lambda: _overlay(web, layer, place, told, longest=FLAG, region=region))


@router.get("/reviews/{review_id}/film.png")
def flagged_film(request: Request, review_id: str) -> Response:
    """The image that a verdict's picture lies over, without anything on it, as large."""
    web = pages.of(request)
    with web.store.view() as tx:
        image = tx.reviews.get(review_id).image_id
    return png(request, f"film {image} {FLAG}", lambda: film(web, image, FLAG))


def npy(request: Request, layer_id: str, *, film: bool = False) -> Response:
    """The raw layer as NumPy's own file: float32 (slices, height, width); ``film``: of a film's one slice (height, width)."""
    web, row = _layer(request, layer_id)

    def made() -> bytes:
        with web.store.view() as tx:
            array = tx.layers.values(row.id)
        file = io.BytesIO()
        np.save(file, array[0] if film and row.slices == 1 else array, allow_pickle=False)
        return file.getvalue()

    name = f"{row.method}-{row.id}.npy"
    headers = {"X-Extent": extent(row), "Content-Disposition": f'attachment; filename="{name}"'}
    return octets(request, f"npy-{int(film)}-{row.values_sha256}", made, headers)


def placed(row: LayerRow, *, film: bool = True) -> dict[str, str]:
    """What the octets of a layer are: their shape, with ``film`` a film's without its one slice, their type, and where they
    lie."""
    shape = (row.height, row.width) if film and row.slices == 1 else (row.slices, row.height, row.width)
    return {"X-Shape": ",".join(map(str, shape)), "X-Dtype": "<f4", "X-Extent": extent(row)}


def extent(row: LayerRow) -> str:
    """Where a layer lies on its image: left, top, right, bottom in image pixels."""
    return ",".join(f"{edge:g}" for edge in (row.extent.left, row.extent.top, row.extent.right, row.extent.bottom))


def _layer(request: Request, layer_id: str) -> tuple[Web, LayerRow]:
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.layers.get(layer_id)
    if row.values_sha256 is None:
        raise NotFound("This file is no longer stored.")
    return web, row


def film(web: Web, image_id: str, longest: int = THUMBNAIL) -> bytes:
    """A film as it opens, as PNG, its longer side at most so long."""
    with web.store.view() as tx:
        image = tx.studies.load_image(image_id)
    return render.film_png(image, longest=longest)


def _overlay(
    web: Web,
    row: LayerRow,
    place: int,
    known: render.Known,
    *,
    longest: int | None = None,
    region: Region | None = None,
    pose: Pose | None = None,
) -> bytes:
    with web.store.view() as tx:
        images = tx.stacks.get(row.stack_id).images
        if not place < min(row.slices, len(images)):
            raise NotFound("The stack has no such slice.")
        layer = tx.layers.load(row.id)
        image = tx.studies.load_image(images[place])
    if pose is not None:
        image, layer = aligning.film(image, pose), aligning.layer(layer, pose)
    return render.overlay_png(image, layer, place=place, longest=longest, region=region, known=known)


def png(request: Request, identity: str, made: Callable[[], bytes]) -> Response:
    """A picture, made once and kept in memory while there is room."""
    tag = hashlib.sha256(f"{identity} {__version__}".encode()).hexdigest()[:32]
    return answer(request, f'"{tag}"', lambda: pages.of(request).pictures.get(tag, made), "image/png", {})


def octets(
    request: Request, sha256: str, made: Callable[[], bytes], headers: Mapping[str, str], packed: bytes | None = None
) -> Response:
    """Raw octets, compressed for those who take gzip: stored pixels shrink to about a half. ``packed``: they are already."""
    taken = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{sha256[:36]}{"-gzip" if taken else ""}"'
    more = {**headers, "Vary": "Accept-Encoding", **({"Content-Encoding": "gzip"} if taken else {})}

    def sent() -> bytes:
        if not taken:
            return made()
        return packed if packed is not None else gzip.compress(made(), compresslevel=1, mtime=0)

    return answer(request, tag, sent, "application/octet-stream", more)


def answer(request: Request, tag: str, made: Callable[[], bytes], media_type: str, headers: Mapping[str, str]) -> Response:
    """The octets, or 304 when the browser has them still; nothing is read or drawn then."""
    more = {**headers, "ETag": tag, "Cache-Control": KEEP}
    known = {entry.strip().removeprefix("W/") for entry in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        more.pop("Content-Encoding", None)
        return Response(status_code=304, headers=more)
    return Response(made(), media_type=media_type, headers=more)
