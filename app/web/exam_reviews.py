"""Verdicts on stacks from the exam page: as `app.web.reviews` with films, by the same rules.

A verdict belongs to method × finding × stack; the true region is drawn on one slice of it or several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.domain import REASONS, Measures, Region, Verdict
from app.errors import Conflict, InputError, NotFound
from app.evaluation import truth
from app.exam import ExamReview
from app.stacks import Stack
from app.store import ExamReviewRow, ImageRow, StackExplanationRow, Transaction
from app.web import pages, regions, reviews, stack_names
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

MOST_SLICES = 512
"""On how many slices of a stack a region may lie."""

ShapesIn = Annotated[tuple[regions.ShapeIn, ...], Field(min_length=1, max_length=64)]
RegionIn = dict[Annotated[str, Field(max_length=64)], ShapesIn]
"""A region as it comes in: shapes by the id of the slice's image."""


class Judgement(BaseModel):
    """One verdict as it comes in, as JSON or, without a region, as a form; ``token`` and ``expected`` are as in
    `app.web.reviews.Judgement`."""

    model_config = ConfigDict(extra="forbid")

    stack: str = Field(max_length=64)
    model: str = Field(max_length=64)
    model_sha256: str = Field(max_length=64)
    method: str = Field(max_length=64)
    finding: str = Field(max_length=64)
    verdict: Verdict
    reason: str = Field("", max_length=64)
    comment: str = Field("", max_length=4000)
    region: RegionIn | None = Field(None, max_length=MOST_SLICES)
    token: str = Field("", max_length=64)
    expected: str | None = Field(None, max_length=64)


async def judgement(request: Request) -> Judgement:
    """The body, JSON or form. Async because bodies are read so."""
    return await reviews.body(request, Judgement)


@router.post("/studies/{study_id}/exam/reviews")
def give(request: Request, study_id: str, given: Annotated[Judgement, Depends(judgement)]) -> Response:
    """Store one verdict: 201 with it as stored. To a browser without scripts: back to the exam.

    409 with the verdict in force (or null) when that is not the one the reader saw.
    """
    try:
        row = keep(pages.of(request), study_id, given)
    except Overtaken as error:
        return overtaken(request, error)
    if not pages.wants_json(request):
        return RedirectResponse(f"/studies/{study_id}?model={given.model}&finding={given.finding}", status_code=303)
    return JSONResponse({"review": data(row)}, 201)


class Overtaken(Conflict):
    """Another verdict came in between; ``row`` is the one in force now, or None."""

    def __init__(self, row: ExamReviewRow | None) -> None:
        super().__init__("This map was judged elsewhere in the meantime.")
        self.row = row


def overtaken(request: Request, error: Overtaken) -> Response:
    """409: the sentence, and the verdict that is in force."""
    said = {"error": pages.gettext(request)(error.template), "code": "Conflict"}
    return JSONResponse({**said, "review": data(error.row) if error.row else None}, error.status)


def keep(web: Web, study_id: str, given: Judgement, reader: str = reviews.READER) -> ExamReviewRow:
    """Store one verdict; the page and the API both come through here.

    NotFound where the study, the stack or its maps are not there; InputError for a reason there is not, or a region off its
    slice; Overtaken when another verdict than the expected one is in force.
    """
    if given.reason and given.reason not in REASONS:
        raise InputError("There is no such reason.")
    with web.store.view() as tx:
        review = _review(tx, study_id, given, reader)
    with web.store.begin() as tx:
        if given.token and (before := tx.exam_reviews.sent(given.token)):
            return before
        there = tx.exam_reviews.in_force(study_id, review)
        if given.expected is not None and (there.id if there else "") != given.expected:
            raise Overtaken(there)
        return tx.exam_reviews.add(study_id, review, sent_as=given.token or None)


def _review(tx: Transaction, study_id: str, given: Judgement, reader: str) -> ExamReview:
    """The verdict with all that follows from it: which slice stands for the stack, and every map against the region."""
    series, stack = stack_names.find(tx, study_id, given.stack)
    rows = tx.exams.explanations(study_id, model_sha256=given.model_sha256, finding=given.finding)
    maps = {
        row.method: row
        for row in rows
        if row.model == given.model
        and (row.series_id, row.stack, row.slices) == (series.id, stack.key.number, len(stack.images))
    }
    if given.method not in maps:
        raise NotFound(
            "The map that was judged is not stored. If it was just asked for, wait for its job to end; else load the page "
            "again."
        )
    region = drawn(given.region, stack) if given.region else None
    return ExamReview(
        study_uid=tx.studies.get(study_id).study_uid,
        stack=stack.key,
        plane=stack.plane,
        shown=shown(stack, maps[given.method].mass, region, opens_at(tx, study_id, given, stack)),
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
        measures=measure(tx, stack, maps, region) if region else {},
    )


def drawn(given: RegionIn, stack: Stack[ImageRow]) -> dict[str, Region]:
    """The region by the id of the slice's image, in the order of the slices. NotFound for an image that is none of the stack's;
    InputError for shapes that lie off the slice, or have no size."""
    images = {image.id: image for image in stack.images}
    if not set(given) <= set(images):
        raise NotFound("The stack has no such slice.")
    return {
        image.id: regions.within(regions.Shapes(shapes=given[image.id]), image) for image in stack.images if image.id in given
    }


def shown(stack: Stack[ImageRow], mass: Sequence[float], region: Mapping[str, Region] | None, opening: int | None) -> str:
    """The image that stands for the stack: of the region's slices the one where the map weighs most; without a region the slice
    at which the network's answer opens the stack, else the heaviest of all."""
    places = {image.id: place for place, image in enumerate(stack.images)}
    if not region and opening is not None:
        return stack.images[opening].id
    return max(region or places, key=lambda image: mass[places[image]])


def opens_at(tx: Transaction, study_id: str, given: Judgement, stack: Stack[ImageRow]) -> int | None:
    """The slice with the largest score by the network version that is judged; None where it said nothing of the stack."""
    version = (given.model, given.model_sha256)
    for prediction in (row.prediction for row in tx.exams.predictions(study_id)):
        for answer in prediction.planes if (prediction.model, prediction.model_sha256) == version else ():
            findings = [score.finding for score in answer.scores]
            if answer.stack == stack.key and given.finding in findings:
                told = answer.slice_scores[findings.index(given.finding)]
                return answer.opens_at(given.finding) if len(told) == len(stack.images) else None
    return None


def measure(
    tx: Transaction, stack: Stack[ImageRow], maps: Mapping[str, StackExplanationRow], region: Mapping[str, Region]
) -> dict[str, Measures]:
    """The maps of the finding, every method's over the whole stack, against the region, by method."""
    by_slice = {place: region[image.id] for place, image in enumerate(stack.images) if image.id in region}
    return {method: truth.measure_stack(tx.exams.values(row.id), row.extent, by_slice) for method, row in maps.items()}


@router.delete("/exam-reviews/{review_id}")
def take_back(request: Request, review_id: str) -> Response:
    """Take a verdict back: 200 with the verdict that is in force on the same stack now, or null. NotFound.

    409 with the verdict in force when that is a newer one: the reader has not seen it. Once more changes nothing.
    """
    with pages.of(request).store.begin() as tx:
        row = tx.exam_reviews.get(review_id)
        now = tx.exam_reviews.in_force(row.study_id, row.review)
        if row.withdrawn_at is None and now is not None and now.id != review_id:
            return overtaken(request, Overtaken(now))
        tx.exam_reviews.withdraw(review_id)
        before = tx.exam_reviews.in_force(row.study_id, row.review)
    return JSONResponse({"review": data(before) if before else None})


def data(row: ExamReviewRow) -> dict[str, Any]:
    """A verdict for the page."""
    told = row.review
    return {
        "id": row.id,
        "stack": stack_names.name(row.series_id, told.stack.number),
        "plane": told.plane,
        "model": told.model,
        "model_sha256": told.model_sha256,
        "method": told.method,
        "finding": told.finding,
        "verdict": told.verdict,
        "reason": told.reason,
        "comment": told.comment,
        "region": region_data(told.region),
        "measures": {method: asdict(regions.measured(found)) for method, found in told.measures.items()},
        "created_at": told.created_at.isoformat(),
    }


def region_data(region: Mapping[str, Region] | None) -> dict[str, list[dict[str, Any]]] | None:
    """A region for the page and the API: shapes by image, to the hundredth of a pixel."""
    if region is None:
        return None
    told = {image: regions.data(part) for image, part in region.items()}
    return {image: [asdict(shape) for shape in part.shapes] for image, part in told.items() if part}
