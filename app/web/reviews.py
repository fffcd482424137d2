"""Verdicts from the case page: given at once, taken back at once. Knows the store's doors and the case page's payload.

The store only ever adds: a new verdict on the same map replaces the one in force, and taking one back puts the one before in
force again. Which network version the verdict is about comes from the page, so that a network that changed meanwhile does not
get the blame. What the reader saw comes along too, so that two pages that judge one map apart both get to know.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.domain import REASONS, Measures, Region, Review, Verdict
from app.errors import Conflict, InputError, NotFound
from app.evaluation import truth
from app.store import ExplanationRow, ImageRow, ReviewRow, Transaction
from app.web import filling, pages, regions
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

Body = TypeVar("Body", bound=BaseModel)

READER = "reader"
"""Who judges, until accounts exist: one reader per installation."""


class Judgement(BaseModel):
    """One verdict as it comes in, as JSON or as a form.

    ``token`` is the sender's own name for it: what is sent again after a lost answer is kept once. ``expected`` is the id of
    the verdict that the reader saw in force on the map, "" for none; None: whatever is there is replaced.
    """

    model_config = ConfigDict(extra="forbid")

    image: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: Verdict
    reason: str = ""
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
def give(request: Request, study_id: str, given: Annotated[Judgement, Depends(judgement)]) -> Response:
    """Store one verdict: 201 with it as stored. To a browser without scripts: back to the case.

    409 with the verdict in force (or null) when that is not the one the reader saw.
    """
    try:
        row = keep(pages.of(request), study_id, given)
    except Overtaken as error:
        return overtaken(request, error)
    if not pages.wants_json(request):
        address = f"/studies/{study_id}?image={given.image}&model={given.model}&finding={given.finding}"
        return RedirectResponse(address, status_code=303)
    return JSONResponse({"review": asdict(filling.review_data(row))}, 201)


class Overtaken(Conflict):
    """Another verdict came in between; ``row`` is the one in force now, or None."""

    def __init__(self, template: str, row: ReviewRow | None) -> None:
        super().__init__(template)
        self.row = row


def overtaken(request: Request, error: Overtaken) -> Response:
    """409: the sentence, and the verdict that is in force."""
    said = {"error": pages.gettext(request)(error.template), "code": "Conflict"}
    return JSONResponse({**said, "review": asdict(filling.review_data(error.row)) if error.row else None}, error.status)


def keep(web: Web, study_id: str, given: Judgement, reader: str = READER) -> ReviewRow:
    """Store one verdict; the page and the API both come through here.

    NotFound where the study, the image or the map is not there; InputError for a reason there is not, or a region off the film;
    Overtaken when another verdict than the expected one is in force.
    """
    if given.reason and given.reason not in REASONS:
        raise InputError("There is no such reason.")
    with web.store.view() as tx:
        image = image_of(tx, study_id, given.image)
        maps = tx.explanations.of_image(image.id, model_sha256=given.model_sha256, finding=given.finding)
        maps = tuple(row for row in maps if row.model == given.model)
        if not any(row.method == given.method for row in maps):
            raise NotFound(
                "The map that was judged is not stored. If it was just asked for, wait for its job to end; else load the page "
                "again."
            )
        region = regions.within(given.region, image) if given.region else None
        measures = measure(tx, image, maps, region) if region else {}
    review = Review(
        sop_instance_uid=image.sop_instance_uid,
        frame=image.frame,
        model=given.model,
        model_sha256=given.model_sha256,
        method=given.method,
        finding=given.finding,
        verdict=given.verdict,
        reason=given.reason,
        comment=given.comment.strip(),
        region=region,
        reader=reader,
        created_at=datetime.now(UTC),
        measures=measures,
    )
    with web.store.begin() as tx:
        if given.token and (before := tx.reviews.sent(given.token)):
            return before
        there = tx.reviews.in_force(image.id, review)
        if given.expected is not None and (there.id if there else "") != given.expected:
            raise Overtaken("This map was judged elsewhere in the meantime.", there)
        return tx.reviews.add(review, sent_as=given.token or None)


def measure(tx: Transaction, image: ImageRow, maps: Sequence[ExplanationRow], region: Region) -> dict[str, Measures]:
    """Every map of the finding against the region, by method."""
    film = (image.rows, image.columns)
    return {row.method: truth.measure(tx.explanations.values(row.id), row.extent, region, film) for row in maps}


@router.delete("/reviews/{review_id}")
def take_back(request: Request, review_id: str) -> Response:
    """Take a verdict back: 200 with the verdict that is in force on the same map now, or null. NotFound.

    409 with the verdict in force when that is a newer one: the reader has not seen it. Once more changes nothing.
    """
    with pages.of(request).store.begin() as tx:
        row = tx.reviews.get(review_id)
        now = tx.reviews.in_force(row.image_id, row.review)
        if row.withdrawn_at is None and now is not None and now.id != review_id:
            return overtaken(request, Overtaken("This map was judged elsewhere in the meantime.", now))
        tx.reviews.withdraw(review_id)
        before = tx.reviews.in_force(row.image_id, row.review)
    return JSONResponse({"review": asdict(filling.review_data(before)) if before else None})


def image_of(tx: Transaction, study_id: str, image_id: str) -> ImageRow:
    """An image of this study; NotFound for one of another."""
    image = tx.studies.image(image_id)
    if image.study_id != study_id:
        raise NotFound("This study has no such image.")
    return image
