"""Verdicts for scripts: keep, list, take back."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.domain import Verdict
from app.errors import NotFound
from app.store import ReviewRow
from app.web import pages, regions, reviews
from app.web.api.schemas import NOT_FOUND, Frozen
from app.web.pages import Web

router = APIRouter(responses=NOT_FOUND)


class ReviewIn(BaseModel):
    """A verdict to keep."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    method: str = Field(description="The explaining method.", max_length=64)
    finding: str = Field(description="The finding.", max_length=64)
    verdict: Verdict = Field(description="Whether the map lies in the right region.")
    image: str = Field("", description="The image; empty: the study's first.", max_length=64)
    reason: str = Field("", description="What the map shows instead; one of the known reasons, or empty.", max_length=64)
    comment: str = Field("", description="In the reader's words.", max_length=4000)
    region: regions.RegionIn | None = Field(None, description="The true region, in image pixels: shapes, or one rectangle.")
    reader: str = Field(reviews.READER, description="Who read.", max_length=64)
    model_sha256: str = Field("", description="The version of the network; empty: of its newest answer.", max_length=64)
    token: str = Field("", description="Your own name for this verdict: sent twice, it is kept once.", max_length=64)
    expected: str | None = Field(
        None, description="The verdict you take to be in force, empty for none: 409 if it is another.", max_length=64
    )


class ReviewOut(Frozen):
    """A kept verdict."""

    id: str = Field(description="The verdict's id.")
    study: str = Field(description="The study.")
    image: str = Field(description="The image.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The version of the network that the verdict is about.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding.")
    verdict: Verdict = Field(description="Whether the map lies in the right region.")
    reason: str = Field(description="What the map shows instead.")
    comment: str = Field(description="In the reader's words.")
    region: regions.RegionData | None = Field(description="The true region, in image pixels, and the rectangle around it.")
    measures: dict[str, regions.MeasureData] = Field(description="Every method's map against the region, by method.")
    reader: str = Field(description="Who read.")
    created_at: datetime = Field(description="UTC.")
    withdrawn_at: datetime | None = Field(description="When its reader took it back.")

    @classmethod
    def of(cls, row: ReviewRow) -> "ReviewOut":
        """From the store's row."""
        told = row.review
        return cls(
            id=row.id,
            study=row.study_id,
            image=row.image_id,
            model=told.model,
            model_sha256=told.model_sha256,
            method=told.method,
            finding=told.finding,
            verdict=told.verdict,
            reason=told.reason,
            comment=told.comment,
            region=regions.data(told.region),
            measures={method: regions.measured(found) for method, found in told.measures.items()},
            reader=told.reader,
            created_at=told.created_at,
            withdrawn_at=row.withdrawn_at,
        )


@router.get("/studies/{study_id}/reviews", summary="List a study's verdicts")
def listed(request: Request, study_id: str) -> list[ReviewOut]:
    """The verdicts in force, the oldest first. Those of all studies: `/flagged.json`."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        return [ReviewOut.of(row) for row in tx.reviews.of_study(study_id)]


@router.post("/studies/{study_id}/reviews", status_code=201, summary="Keep a verdict")
def add(request: Request, study_id: str, asked: ReviewIn) -> ReviewOut:
    """Keep a verdict about one method's map for one finding, with the version of the network it is about."""
    web = pages.of(request)
    return ReviewOut.of(reviews.keep(web, study_id, _whole(web, study_id, asked), asked.reader))


def _whole(web: Web, study_id: str, asked: ReviewIn) -> reviews.Judgement:
    """The verdict with what the script left out: the study's first image, the version that answered last."""
    with web.store.view() as tx:
        image = asked.image or tx.studies.get(study_id).images[0].id
        answers = [row.prediction for row in tx.predictions.of_image(image)]
    sha256 = asked.model_sha256 or next((found.model_sha256 for found in answers if found.model == asked.model), "")
    if not sha256:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": asked.model})
    return reviews.Judgement(
        image=image,
        model=asked.model,
        model_sha256=sha256,
        method=asked.method,
        finding=asked.finding,
        verdict=asked.verdict,
        reason=asked.reason,
        comment=asked.comment,
        region=asked.region,
        token=asked.token,
        expected=asked.expected,
    )


@router.get("/reviews/{review_id}", summary="Read a verdict")
def read(request: Request, review_id: str) -> ReviewOut:
    """One verdict, taken back or not."""
    with pages.of(request).store.view() as tx:
        return ReviewOut.of(tx.reviews.get(review_id))


@router.delete("/reviews/{review_id}", summary="Take a verdict back")
def withdraw(request: Request, review_id: str) -> ReviewOut:
    """It stays stored, marked as taken back."""
    with pages.of(request).store.begin() as tx:
        return ReviewOut.of(tx.reviews.withdraw(review_id))
