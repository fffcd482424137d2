"""Verdicts from the pages, on films and on stacks: given at once, taken back at once.

Which network version the verdict is about comes from the page, so that a network that changed meanwhile does not get the blame.
What is kept, and by which rules, is the desk's.
"""

import json
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.desk import verdicts
from app.domain import Verdict
from app.errors import InputError, NotFound
from app.store import ReviewRow, StackRow, Transaction
from app.web import errors, pages, regions
from app.web.pages import Web
from app.web.payload import ReviewData

router = APIRouter(include_in_schema=False)

Body = TypeVar("Body", bound=BaseModel)


class Judgement(BaseModel):
    """One verdict as it comes in, as JSON or, without a region, as a form: on the film ``image`` or on the stack ``stack``.

    ``token`` and ``expected`` are as in `app.desk.verdicts.Judgement`.
    """

    model_config = ConfigDict(extra="forbid")

    image: str = Field("", max_length=64)
    stack: str = Field("", max_length=64)
    model: str = Field(max_length=64)
    model_sha256: str = Field(max_length=64)
    method: str = Field(max_length=64)
    finding: str = Field(max_length=64)
    verdict: Verdict
    reason: str = Field("", max_length=64)
    comment: str = Field("", max_length=4000)
    region: regions.RegionIn | None = None
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
@router.post("/studies/{study_id}/exam/reviews")
def give(request: Request, study_id: str, given: Annotated[Judgement, Depends(judgement)]) -> Response:
    """Store one verdict: 201 with it as stored. To a browser without scripts: back to the case.

    409 with the verdict in force (or null) when that is not the one the reader saw.
    """
    web = pages.of(request)
    try:
        row = keep(web, study_id, given, pages.reader(request))
    except verdicts.Overtaken as error:
        return overtaken(request, error, by_slice=bool(given.stack))
    if not pages.wants_json(request):
        model = "" if row.imported else f"model={given.model}&"
        address = f"/studies/{study_id}?{place_of(given)}{model}finding={given.finding}"
        return RedirectResponse(address, status_code=303)
    return JSONResponse({"review": shown(web, row, by_slice=bool(given.stack))}, 201)


def keep(web: Web, study_id: str, given: Judgement, reader: str) -> ReviewRow:
    """Store one verdict on the layer that it names. Errors are those of `app.desk.verdicts.keep`."""
    with web.store.view() as tx:
        stack = place(tx, study_id, given.image, given.stack)
        layer = verdicts.layer_of(
            tx,
            stack,
            model=given.model,
            model_sha256=given.model_sha256,
            method=given.method,
            finding=given.finding,
        )
    whole = verdicts.Judgement(
        layer=layer.id,
        verdict=given.verdict,
        reason=given.reason,
        comment=given.comment,
        regions=regions.by_image(given.region, given.image or stack.images[0]),
        token=given.token,
        expected=given.expected,
    )
    return verdicts.keep(web.store, study_id, whole, reader)


def place_of(given: Judgement) -> str:
    """What an address says of a film; nothing of a stack."""
    return f"image={given.image}&" if given.image else ""


def place(tx: Transaction, study_id: str, image: str, stack: str) -> StackRow:
    """The stack of a study that a film's image or a stack's name means; NotFound for one of another study."""
    if stack:
        return tx.stacks.find(study_id, stack)
    found = tx.studies.image(image)
    if found.study_id != study_id:
        raise NotFound("This study has no such image.")
    return tx.stacks.of_image(image)


def overtaken(request: Request, error: verdicts.Overtaken, *, by_slice: bool) -> Response:
    """409: the sentence, and the verdict that is in force."""
    there = shown(pages.of(request), error.row, by_slice=by_slice) if error.row else None
    return errors.respond(request, error, {"review": there})


@router.delete("/reviews/{review_id}")
@router.delete("/exam-reviews/{review_id}")
def take_back(request: Request, review_id: str) -> Response:
    """Take a verdict back: 200 with the verdict that is in force on the same layer now, or null. NotFound.

    409 with the verdict in force when that is a newer one: the reader has not seen it. Once more changes nothing.
    """
    web, by_slice = pages.of(request), "/exam-reviews/" in request.url.path
    try:
        before = verdicts.take_back(web.store, review_id)
    except verdicts.Overtaken as error:
        return overtaken(request, error, by_slice=by_slice)
    return JSONResponse({"review": shown(web, before, by_slice=by_slice) if before else None})


def shown(web: Web, row: ReviewRow, *, by_slice: bool) -> dict[str, Any]:
    """A verdict for the page, as JSON has it; ``by_slice``: its region as the page of stacks reads it."""
    with web.store.view() as tx:
        stack = tx.stacks.get(row.stack_id)
    return sliced(row, stack) if by_slice else asdict(data(row, stack))


def data(row: ReviewRow, stack: StackRow) -> ReviewData:
    """A verdict's entry."""
    review = row.review
    return ReviewData(
        id=row.id,
        image=stack.images[review.shown],
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        verdict=review.verdict,
        reason=review.reason,
        comment=review.comment,
        region=regions.data(review.regions.get(review.shown)),
        measures={method: regions.localised(figures) for method, figures in review.localisations.items()},
        created_at=review.created_at.isoformat(),
    )


def sliced(row: ReviewRow, stack: StackRow) -> dict[str, Any]:
    """A verdict's entry as the page of stacks reads it: its region as shapes by the slice's image."""
    drawn = {stack.images[place]: regions.data(region) for place, region in row.review.regions.items()}
    shapes = {image: [asdict(shape) for shape in region.shapes] for image, region in drawn.items() if region}
    more = {"stack": row.stack_id, "plane": stack.plane, "doubtful": row.doubtful, "region": shapes or None}
    entry = asdict(data(row, stack))
    return {**{name: value for name, value in entry.items() if name != "image"}, **more}
