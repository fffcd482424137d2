"""Verdicts from the case page, on films and on stacks: given at once, taken back at once.

Which network version the verdict is about comes from the page, so that a network that changed meanwhile does not get the blame.
What is kept, and by which rules, is the desk's.
"""

import json
from dataclasses import asdict, replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import explainers
from app.desk import verdicts
from app.domain import Verdict
from app.errors import InputError, NotFound
from app.store import ReviewRow, StackRow, Transaction
from app.web import errors, pages, regions, standing
from app.web.case import filling, layers
from app.web.case.payload import address
from app.web.case.payload_results import ReviewData
from app.web.pages import Web
from app.web.regions import BySlice, RegionIn

router = APIRouter(include_in_schema=False)

Body = TypeVar("Body", bound=BaseModel)


class Judgement(BaseModel):
    """One verdict as it comes in, as JSON or, without a region, as a form: on the stack ``stack``, or on the film ``image``.

    ``regions`` are what the reader drew, by the image; ``region`` is the same of a film alone. ``method`` is the name that the
    layer has on the page. ``token`` and ``expected`` are as in `app.desk.verdicts.Judgement`.
    """

    model_config = ConfigDict(extra="forbid")

    image: str = Field("", max_length=64)
    stack: str = Field("", max_length=64)
    model: str = Field(max_length=64)
    model_sha256: str = Field(max_length=64)
    method: str = Field(max_length=80)
    finding: str = Field(max_length=64)
    verdict: Verdict
    reason: str = Field("", max_length=64)
    comment: str = Field("", max_length=4000)
    region: RegionIn | None = None
    regions: BySlice | None = None
    token: str = Field("", max_length=64)
    expected: str | None = Field(None, max_length=64)


async def judgement(request: Request) -> Judgement:
    """The body, JSON or form. Async because bodies are read so."""
    return await body(request, Judgement)


async def body(request: Request, kind: type[Body]) -> Body:
    """What came in, as JSON or as a form; a missing or impossible field is named, its value never."""
    data: Any
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            data = json.loads(await request.body())
        else:
            data = dict(await request.form())
        return kind.model_validate(data)
    except ValidationError as error:
        raise RequestValidationError([{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("The request could not be understood.") from error


@router.post("/studies/{study_id}/reviews")
def give(request: Request, study_id: str, given: Annotated[Judgement, Depends(judgement)]) -> Response:
    """Store one verdict: 201 with it as stored. To a browser without scripts: back to the case.

    409 with the verdict in force (or null) when that is not the one the reader saw.
    """
    web = pages.of(request)
    with web.store.view() as tx:
        stack = place(tx, study_id, given.image, given.stack)
    try:
        row = keep(web, study_id, stack, given, pages.reader(request))
    except verdicts.Overtaken as error:
        return overtaken(request, error, given)
    if not pages.wants_json(request):
        film = stack.images[0] if len(stack.images) == 1 else ""
        back = address(study_id, image=film, model="" if row.imported else given.model, finding=given.finding)
        return RedirectResponse(standing.kept(request, back), status_code=303)
    return JSONResponse({"review": asdict(shown(web, row, given))}, 201)


def keep(web: Web, study_id: str, stack: StackRow, given: Judgement, reader: str) -> ReviewRow:
    """Store one verdict on the layer that it names. Errors are those of `app.desk.verdicts.keep`."""
    method, kind = layers.split(given.method)
    with web.store.view() as tx:
        layer = verdicts.layer_of(
            tx,
            stack,
            model=given.model,
            model_sha256=given.model_sha256,
            method=method,
            finding=given.finding,
            kind=kind,
        )
    drawn = given.regions if given.regions is not None else given.region
    whole = verdicts.Judgement(
        layer=layer.id,
        verdict=given.verdict,
        reason=given.reason,
        comment=given.comment,
        regions=regions.by_image(drawn, given.image or stack.images[0]),
        token=given.token,
        expected=given.expected,
    )
    return verdicts.keep(web.store, study_id, whole, reader)


def place(tx: Transaction, study_id: str, image: str, stack: str) -> StackRow:
    """The stack of a study that a stack's name or a film's image means; NotFound for one of another study."""
    if stack:
        return tx.stacks.find(study_id, stack)
    found = tx.studies.image(image)
    if found.study_id != study_id:
        raise NotFound("This study has no such image.")
    return tx.stacks.of_image(image)


def overtaken(request: Request, error: verdicts.Overtaken, given: Judgement | None = None) -> Response:
    """409: the sentence, and the verdict that is in force."""
    there = shown(pages.of(request), error.row, given) if error.row else None
    return errors.respond(request, error, {"review": asdict(there) if there else None})


@router.delete("/reviews/{review_id}")
def take_back(request: Request, review_id: str) -> Response:
    """Take a verdict back: 200 with the verdict that is in force on the same layer now, or null. NotFound.

    409 with the verdict in force when that is a newer one: the reader has not seen it. Once more changes nothing.
    """
    web = pages.of(request)
    try:
        before = verdicts.take_back(web.store, review_id)
    except verdicts.Overtaken as error:
        return overtaken(request, error)
    return JSONResponse({"review": asdict(shown(web, before)) if before else None})


def shown(web: Web, row: ReviewRow, given: Judgement | None = None) -> ReviewData:
    """A verdict for the page, under the names by which the page has just called its layer."""
    with web.store.view() as tx:
        stack = tx.stacks.get(row.stack_id)
        beside = tx.layers.of_stack(row.stack_id, finding=row.finding, general=True)
    told = filling.review_data(row, stack, given.finding if given else "")
    names = layers.called((one for one in beside if one.producer.kind != "method"), taken=explainers.names())
    return replace(told, method=given.method if given else names.get((row.method, row.kind), row.method))
