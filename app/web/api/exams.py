"""Exams of stacks under their old addresses: read whole, corrected, judged. Stacks, predictions, layers and reviews have all of
it for films and exams alike."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import verdicts
from app.domain import Plane, Verdict
from app.stacks import STACKED
from app.store import AnswerRow
from app.web import calling, pages, regions
from app.web.api import reviews
from app.web.api.answers import PartOut
from app.web.api.explanations import ExplanationOut, shown
from app.web.api.objects import CalledOut, Frozen, called
from app.web.api.refusals import NAMED, SENT, STORED
from app.web.api.reviews import ExamReviewOut, ReviewIn
from app.web.api.stacks import CorrectionIn, StackName, StackOut, correct_stack
from app.web.calling import Calling

router = APIRouter(tags=["exams"], responses=NAMED, deprecated=True)


class ExamPredictionOut(Frozen):
    """What one network said about the exam."""

    id: str = Field(description="The prediction's id.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    device: str = Field(description="What it ran on.")
    versions: dict[str, str] = Field(description="Of the libraries it ran with.")
    scores: tuple[CalledOut, ...] = Field(description="One per finding the network knows, of the whole exam.")
    planes: tuple[PartOut, ...] = Field(description="The stacks that were read.")
    missing: tuple[Plane, ...] = Field(description="Planes that the network reads and the exam does not have.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: AnswerRow, points: Calling) -> "ExamPredictionOut":
        """From the store's row."""
        told = row.answer
        return cls(
            id=row.id,
            model=told.model,
            model_sha256=told.model_sha256,
            device=told.device,
            versions=told.versions,
            scores=called(told.scores, points.of(told.model, told.model_sha256)),
            planes=tuple(PartOut.of(stack, part) for stack, part in zip(row.stacks, told.parts, strict=True)),
            missing=told.missing,
            created_at=row.created_at,
        )


class ExamOut(Frozen):
    """An exam of stacks with all that is known of it."""

    stacks: tuple[StackOut, ...] = Field(description="The stacks of its MR series, in the order of the series.")
    predictions: tuple[ExamPredictionOut, ...] = Field(description="What networks said, the newest first.")
    explanations: tuple[ExplanationOut, ...] = Field(description="The maps there are.")
    reviews: tuple[ExamReviewOut, ...] = Field(description="The verdicts in force, the oldest first.")


class ExamReviewIn(BaseModel):
    """A verdict on a stack to keep."""

    model_config = ConfigDict(extra="forbid")

    stack: str = Field(description="The stack.", max_length=64)
    model: str = Field(description="The network.", max_length=64)
    model_sha256: str = Field("", description="The version of the network; empty: of its newest answer.", max_length=64)
    method: str = Field(description="The explaining method.", max_length=64)
    finding: str = Field(description="The finding.", max_length=64)
    verdict: Verdict = Field(description="Whether the maps lie in the right region.")
    reason: str = Field("", description="What they show instead.", max_length=64)
    comment: str = Field("", description="In the reader's words.", max_length=4000)
    region: regions.BySlice | None = Field(None, description="The true region: shapes by the id of the slice's image.")
    reader: str = Field("", description="Who read; empty: the reader that this browser has picked.", max_length=64)
    token: str = Field("", description="Your own name for this verdict: sent twice, it is kept once.", max_length=64)
    expected: str | None = Field(
        None, description="The verdict you take to be in force, empty for none: 409 if it is another.", max_length=64
    )


@router.get("/studies/{study_id}/exam", summary="Read an exam")
def read_exam(request: Request, study_id: str) -> ExamOut:
    """The stacks of a study's MR series as they are now, what the networks said of them, the maps and the verdicts."""
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        mine = {series.id for series in tx.studies.get(study_id).series if series.modality in STACKED}
        stacks = {row.id: row for row in tx.stacks.of_study(study_id) if row.series_id in mine}
        answers = [row for row in tx.answers.of_study(study_id) if set(row.stacks) <= set(stacks)]
        maps = [row for row in tx.layers.of_study(study_id) if row.stack_id in stacks and shown(row)]
        given = [row for row in tx.reviews.of_study(study_id) if row.stack_id in stacks]
        points = calling.of(request, tx)
        layers = calling.lying(tx, points, maps)
    answers.sort(key=lambda row: row.created_at, reverse=True)
    return ExamOut(
        stacks=tuple(StackOut.of(row, _) for row in stacks.values()),
        predictions=tuple(ExamPredictionOut.of(row, points) for row in answers),
        explanations=tuple(ExplanationOut.of(row, stacks[row.stack_id], film=False) for row in layers),
        reviews=tuple(ExamReviewOut.of(row, stacks[row.stack_id]) for row in given),
    )


@router.put("/studies/{study_id}/exam/stacks/{stack}", responses=SENT, summary="Correct a stack of an exam")
def correct_exam_stack(request: Request, study_id: str, stack: StackName, said: CorrectionIn) -> StackOut:
    """As `/studies/{study_id}/stacks/{stack}`."""
    return correct_stack(request, study_id, stack, said)


@router.post(
    "/studies/{study_id}/exam/reviews",
    response_model=ExamReviewOut,
    status_code=201,
    responses=SENT | STORED,
    summary="Keep a verdict on a stack",
)
def keep_exam_review(request: Request, study_id: str, asked: ExamReviewIn) -> ExamReviewOut | Response:
    """As `/studies/{study_id}/reviews`, with the region as shapes by slice."""
    given = ReviewIn(**{name: getattr(asked, name) for name in ExamReviewIn.model_fields})
    try:
        row, stack = reviews.keep(request, study_id, given)
    except verdicts.Overtaken as error:
        return reviews.overtaken(request, error, ExamReviewOut)
    return ExamReviewOut.of(row, stack)


@router.get("/exam-reviews/{review_id}", summary="Read a verdict on a stack")
def read_exam_review(request: Request, review_id: str) -> ExamReviewOut:
    """One verdict, taken back or not."""
    with pages.of(request).store.view() as tx:
        return ExamReviewOut.of(*reviews.found(tx, review_id))


@router.delete(
    "/exam-reviews/{review_id}", response_model=ExamReviewOut, responses=STORED, summary="Take a verdict on a stack back"
)
def withdraw_exam_review(request: Request, review_id: str) -> ExamReviewOut | Response:
    """As `/reviews/{review_id}`."""
    try:
        verdicts.take_back(pages.of(request).store, review_id)
    except verdicts.Overtaken as error:
        return reviews.overtaken(request, error, ExamReviewOut)
    return read_exam_review(request, review_id)
