"""Layers from other software for scripts: a manifest and its rasters, sent as one form."""

from contextlib import ExitStack

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.desk import imports, rasters
from app.desk.folders import folder
from app.desk.imports import Imported
from app.desk.intake import Arrived
from app.errors import InputError
from app.web import calling, pages, receiving
from app.web.api.answers import stacks_of
from app.web.api.description import sent_files
from app.web.api.layers import LayerOut
from app.web.api.objects import Frozen
from app.web.api.refusals import NAMED, SENT
from app.web.pages import Web

router = APIRouter(tags=["layers"], responses=NAMED | SENT)

MANIFEST = "manifest.json"
MOST_OCTETS = 4 * 1024 * 1024
"""How large a manifest may be: twenty layers of an exam of 3,000 slices, each slice named by its UID."""


class ImportedOut(Frozen):
    """What was taken in."""

    study: str = Field(description="The study.")
    layers: tuple[LayerOut, ...] = Field(description="Its new layers, in the manifest's order.")
    answers: int = Field(description="Of how many stacks a probability was given.")


@router.post(
    "/studies/{study_id}/layers",
    status_code=201,
    response_model=ImportedOut,
    openapi_extra=sent_files("manifest.json (docs/reference/layers.md), and the .npy and PNG files it names."),
    summary="Import layers",
)
async def import_layers(request: Request, study_id: str) -> Response:
    """Keep what other software says of a study: maps, masks, probabilities, outlines, pictures. All of it is kept, or nothing.

    What the same software, in the same version, said before of the same finding under the same name is replaced.
    """
    # async, because the body is streamed to disk while it arrives
    web = pages.of(request)
    lanes = web.lanes
    held = ExitStack()
    into = await lanes.arriving.run(lambda: held.enter_context(folder(web.settings)))
    try:
        files = await receiving.receive(request, into, web.settings, lanes.arriving)
        found = await lanes.storing.run(lambda: _taken(web, study_id, files))
    finally:
        await lanes.arriving.run(held.close)
    return await run_in_threadpool(_answer, request, found)


def _taken(web: Web, study_id: str, files: list[Arrived]) -> Imported:
    for file in files:
        if file.error is not None:
            raise file.error
    named = {file.name: file.path for file in files}
    manifest = named.get(MANIFEST)
    if manifest is None or manifest.stat().st_size > MOST_OCTETS:
        raise InputError("What is sent has a file called manifest.json of at most 4 MB, and the files that it names.")
    return imports.take(web.store, web.registry, study_id, imports.read(manifest.read_bytes()), rasters.among(named))


def _answer(request: Request, found: Imported) -> Response:
    with pages.of(request).store.view() as tx:
        stacks = stacks_of(tx, found.study_id)
        rows = calling.lying(tx, calling.of(request, tx), found.layers)
    layers = tuple(LayerOut.of(row, stacks[row.stack_id]) for row in rows)
    return JSONResponse(ImportedOut(study=found.study_id, layers=layers, answers=found.answers).model_dump(mode="json"), 201)
