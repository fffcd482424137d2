"""Verdicts for scripts: kept, listed, taken back, on films and on stacks. What is kept, and by which rules, is the desk's."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import verdicts
from app.desk.what_if import image_of
from app.domain import LayerKind, Plane, Verdict
from app.errors import InputError
from app.store import ReviewRow, StackRow, Transaction
from app.web import errors, pages, regions
from app.web.api.objects import Frozen, ShapeOut, shapes
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT, STORED

router = APIRouter(tags=["reviews"], responses=NAMED)


class ReviewIn(BaseModel):
    """A verdict to keep: on a layer by its id, or on what a method says of a finding of a film or a stack."""

    model_config = ConfigDict(extra="forbid")

    layer: str = Field("", description="The layer; empty: the one that the fields below name.", max_length=64)
    image: str = Field("", description="The film; empty, and without a stack: the study's first.", max_length=64)
    stack: str = Field("", description="The stack, in place of an image.", max_length=64)
    model: str = Field("", description="The network.", max_length=64)
    model_sha256: str = Field("", description="The version of the network; empty: of its newest answer.", max_length=64)
    method: str = Field("", description="The explaining method.", max_length=64)
    finding: str = Field("", description="The finding.", max_length=64)
    verdict: Verdict = Field(description="Whether the map lies in the right region.")
    reason: str = Field("", description="What the map shows instead; one of the known reasons, or empty.", max_length=64)
    comment: str = Field("", description="In the reader's words.", max_length=4000)
    region: regions.RegionIn | None = Field(
        None,
        description="The true region, in image pixels: of a film shapes, or one rectangle; of a stack shapes by the id of the "
        "slice's image.",
    )
    reader: str = Field("", description="Who read; empty: the reader that this browser has picked.", max_length=64)
    token: str = Field("", description="Your own name for this verdict: sent twice, it is kept once.", max_length=64)
    expected: str | None = Field(
        None, description="The verdict you take to be in force, empty for none: 409 if it is another.", max_length=64
    )


class Judged(Frozen):
    """What every kept verdict says."""

    id: str = Field(description="The verdict's id.")
    study: str = Field(description="The study.")
    layer: str = Field(description="The layer it is about.")
    stack: str = Field(description="The layer's stack; a film is one of one slice.")
    image: str = Field(description="The film, or the image of the slice that stands for the stack.")
    plane: Plane = Field(description="The stack's plane; empty on a film.")
    kind: LayerKind = Field(description="What the layer is.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The version of the network that the verdict is about.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding.")
    verdict: Verdict = Field(description="Whether the map lies in the right region.")
    reason: str = Field(description="What the map shows instead.")
    comment: str = Field(description="In the reader's words.")
    measures: dict[str, regions.LocalisationData] = Field(description="Every method's map against the region, by method.")
    doubtful: bool = Field(description="It was carried over from an older version, and may have been given on other slices.")
    reader: str = Field(description="Who read.")
    created_at: datetime = Field(description="UTC.")
    withdrawn_at: datetime | None = Field(description="When its reader took it back.")


class ReviewOut(Judged):
    """A kept verdict on a film or on a stack."""

    region: regions.RegionData | None = Field(
        description="The true region on `image`, in image pixels, and the rectangle around it."
    )
    regions: dict[str, tuple[ShapeOut, ...]] = Field(
        description="The whole true region: shapes by the id of the slice's image."
    )

    @classmethod
    def of(cls, row: ReviewRow, stack: StackRow) -> "ReviewOut":
        """From the store's row and its stack's."""
        region = regions.data(row.review.regions.get(row.review.shown))
        return cls(**fields(row, stack), region=region, regions=by_slice(row, stack))


class ExamReviewOut(Judged):
    """A kept verdict on a stack, as its old addresses tell it."""

    region: dict[str, tuple[ShapeOut, ...]] | None = Field(description="The true region: shapes by the image of the slice.")

    @classmethod
    def of(cls, row: ReviewRow, stack: StackRow) -> "ExamReviewOut":
        """From the store's row and its stack's."""
        return cls(**fields(row, stack), region=by_slice(row, stack) or None)


def fields(row: ReviewRow, stack: StackRow) -> dict[str, Any]:
    """What `Judged` has, from the store's row and its stack's."""
    told = row.review
    return {
        "id": row.id,
        "study": row.study_id,
        "layer": row.layer_id,
        "stack": row.stack_id,
        "image": row.image_id,
        "plane": stack.plane,
        "kind": row.kind,
        "model": row.model,
        "model_sha256": row.model_sha256,
        "method": row.method,
        "finding": row.finding,
        "verdict": told.verdict,
        "reason": told.reason,
        "comment": told.comment,
        "measures": {method: regions.localised(found) for method, found in told.localisations.items()},
        "doubtful": row.doubtful,
        "reader": told.reader,
        "created_at": told.created_at,
        "withdrawn_at": row.withdrawn_at,
    }


def by_slice(row: ReviewRow, stack: StackRow) -> dict[str, tuple[ShapeOut, ...]]:
    """The region as shapes by the id of the slice's image."""
    return {stack.images[place]: shapes(region) for place, region in row.review.regions.items()}


@router.get("/studies/{study_id}/reviews", responses=HEADERS, summary="List a study's verdicts")
def list_reviews(
    request: Request,
    response: Response,
    study_id: str,
    paging: Whole,
    layer: Annotated[str, Query(description="Only on this layer.")] = "",
) -> list[ReviewOut]:
    """The verdicts in force on films and stacks, the oldest first. Those of all studies: `/api/v1/exports/flags.json`."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        stacks = {stack.id: stack for stack in tx.stacks.of_study(study_id, earlier=True)}
        rows = [row for row in tx.reviews.of_study(study_id) if layer in {"", row.layer_id}]
    return [ReviewOut.of(row, stacks[row.stack_id]) for row in paging.cut(response, rows)]


@router.post(
    "/studies/{study_id}/reviews",
    response_model=ReviewOut,
    status_code=201,
    responses=SENT | STORED,
    summary="Keep a verdict",
)
def keep_review(request: Request, study_id: str, asked: ReviewIn) -> ReviewOut | Response:
    """Keep a verdict about one layer, with the version of the network it is about.

    409 when another verdict than the expected one is in force: `review` in the answer has it, or null.
    """
    try:
        row, stack = keep(request, study_id, asked)
    except verdicts.Overtaken as error:
        return overtaken(request, error)
    return ReviewOut.of(row, stack)


@router.get("/reviews/{review_id}", summary="Read a verdict")
def read_review(request: Request, review_id: str) -> ReviewOut:
    """One verdict, taken back or not."""
    with pages.of(request).store.view() as tx:
        return ReviewOut.of(*found(tx, review_id))


@router.delete("/reviews/{review_id}", response_model=ReviewOut, responses=STORED, summary="Take a verdict back")
def withdraw_review(request: Request, review_id: str) -> ReviewOut | Response:
    """It stays stored, marked as taken back; the reader's one before on the same layer is in force again.

    409 when a newer one is in force: `review` in the answer has it.
    """
    try:
        verdicts.take_back(pages.of(request).store, review_id)
    except verdicts.Overtaken as error:
        return overtaken(request, error)
    return read_review(request, review_id)


def keep(request: Request, study_id: str, asked: ReviewIn) -> tuple[ReviewRow, StackRow]:
    """Store one verdict; it with its stack. Errors are those of `app.desk.verdicts.keep`."""
    store = pages.of(request).store
    with store.view() as tx:
        layer, stack = judged(tx, study_id, asked)
    given = verdicts.Judgement(
        layer=layer,
        verdict=asked.verdict,
        reason=asked.reason,
        comment=asked.comment,
        regions=regions.by_image(asked.region, asked.image or stack.images[0]),
        token=asked.token,
        expected=asked.expected,
    )
    return verdicts.keep(store, study_id, given, asked.reader or pages.reader(request)), stack


def judged(tx: Transaction, study_id: str, asked: ReviewIn) -> tuple[str, StackRow]:
    """The layer that a verdict is about, and its stack; NotFound. InputError where it names neither layer nor network, method
    and finding."""
    if asked.layer:
        row = tx.layers.get(asked.layer)
        return row.id, tx.stacks.get(row.stack_id)
    if not (asked.model and asked.method and asked.finding):
        raise InputError("A verdict names a layer, or a network, a method and a finding.")
    stack = place(tx, study_id, asked.image, asked.stack)
    version = asked.model_sha256 or verdicts.newest_version(tx, stack, asked.model)
    layer = verdicts.layer_of(tx, stack, model=asked.model, model_sha256=version, method=asked.method, finding=asked.finding)
    return layer.id, stack


def place(tx: Transaction, study_id: str, image: str, stack: str) -> StackRow:
    """The stack of a study that is named, or that a film is: by default the study's first. NotFound."""
    return tx.stacks.find(study_id, stack) if stack else tx.stacks.of_image(image_of(tx, study_id, image).id)


def found(tx: Transaction, review_id: str) -> tuple[ReviewRow, StackRow]:
    """A verdict with its stack; NotFound."""
    row = tx.reviews.get(review_id)
    return row, tx.stacks.get(row.stack_id)


def overtaken(request: Request, error: verdicts.Overtaken, kind: "type[ReviewOut | ExamReviewOut]" = ReviewOut) -> Response:
    """409: the sentence, and the verdict that is in force."""
    there = None
    if error.row is not None:
        with pages.of(request).store.view() as tx:
            there = kind.of(error.row, tx.stacks.get(error.row.stack_id)).model_dump(mode="json")
    return errors.respond(request, error, {"review": there})
