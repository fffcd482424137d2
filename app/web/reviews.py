"""Verdicts from the case page: given at once, taken back at once. Knows the store's doors and the case page's payload.

The store only ever adds: a new verdict on the same map replaces the one in force, and taking one back puts the one before in
force again. Which network version the verdict is about comes from the page, so that a network that changed meanwhile does not
get the blame.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.domain import REASONS, Region, Review, Verdict
from app.errors import InputError, NotFound
from app.store import ImageRow, ReviewRow, Transaction
from app.web import filling, pages
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

READER = "reader"
"""Who judges, until accounts exist: one reader per installation."""


class Rectangle(BaseModel):
    """A drawn region in image pixels, columns ``left`` to ``right`` and rows ``top`` to ``bottom``."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    left: float
    top: float
    right: float
    bottom: float

    def within(self, image: ImageRow) -> Region:
        """The region cut to the image; InputError when nothing is left."""
        region = Region(
            left=min(max(self.left, 0.0), image.columns),
            top=min(max(self.top, 0.0), image.rows),
            right=min(max(self.right, 0.0), image.columns),
            bottom=min(max(self.bottom, 0.0), image.rows),
        )
        if region.right <= region.left or region.bottom <= region.top:
            raise InputError("The drawn region lies outside the film, or has no size.")
        return region


class Judgement(BaseModel):
    """One verdict as it comes in, as JSON or as a form."""

    model_config = ConfigDict(extra="forbid")

    image: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: Verdict
    reason: str = ""
    comment: str = Field("", max_length=4000)
    region: Rectangle | None = None


async def judgement(request: Request) -> Judgement:
    """The body, JSON or form; a missing or impossible field is named, its value never. Async because bodies are read so."""
    data: Any
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            data = json.loads(await request.body())
        else:
            data = dict(await request.form())
        return Judgement.model_validate(data)
    except ValidationError as error:
        raise RequestValidationError([{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("The request could not be understood.") from error


@router.post("/studies/{study_id}/reviews")
def give(request: Request, study_id: str, given: Annotated[Judgement, Depends(judgement)]) -> Response:
    """Store one verdict: 201 with it as stored. To a browser without scripts: back to the case."""
    row = keep(pages.of(request), study_id, given)
    if not pages.wants_json(request):
        address = f"/studies/{study_id}?image={given.image}&model={given.model}&finding={given.finding}"
        return RedirectResponse(address, status_code=303)
    return JSONResponse({"review": asdict(filling.review_data(row))}, 201)


def keep(web: Web, study_id: str, given: Judgement, reader: str = READER) -> ReviewRow:
    """Store one verdict; the page and the API both come through here.

    NotFound where the study, the image or the map is not there; InputError for a reason there is not, or a region off the film.
    """
    if given.reason and given.reason not in REASONS:
        raise InputError("There is no such reason.")
    with web.store.begin() as tx:
        image = image_of(tx, study_id, given.image)
        maps = tx.explanations.of_image(image.id, model_sha256=given.model_sha256, finding=given.finding)
        if not any((row.model, row.method) == (given.model, given.method) for row in maps):
            raise NotFound(
                "The map that was judged is not stored. If it was just asked for, wait for its job to end; else load the page "
                "again."
            )
        return tx.reviews.add(
            Review(
                sop_instance_uid=image.sop_instance_uid,
                frame=image.frame,
                model=given.model,
                model_sha256=given.model_sha256,
                method=given.method,
                finding=given.finding,
                verdict=given.verdict,
                reason=given.reason,
                comment=given.comment.strip(),
                region=given.region.within(image) if given.region else None,
                reader=reader,
                created_at=datetime.now(UTC),
            )
        )


@router.delete("/reviews/{review_id}")
def take_back(request: Request, review_id: str) -> Response:
    """Take a verdict back: 200 with the verdict that is in force on the same map now, or null. NotFound."""
    with pages.of(request).store.begin() as tx:
        withdrawn = tx.reviews.withdraw(review_id)
        others = tx.reviews.of_study(withdrawn.study_id)
    before = next((row for row in others if about(row) == about(withdrawn)), None)
    return JSONResponse({"review": asdict(filling.review_data(before)) if before else None})


def about(row: ReviewRow) -> tuple[str, str, str, str, str]:
    """What a verdict is about and whose it is."""
    review = row.review
    return (row.image_id, review.model_sha256, review.method, review.finding, review.reader)


def image_of(tx: Transaction, study_id: str, image_id: str) -> ImageRow:
    """An image of this study; NotFound for one of another."""
    image = tx.studies.image(image_id)
    if image.study_id != study_id:
        raise NotFound("This study has no such image.")
    return image
