"""Exams of stacks for scripts: what networks said of them, their maps, corrections and verdicts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.domain import Verdict
from app.errors import InputError, NotFound
from app.exam import Plane
from app.stacks import Correction, Stack, stacks
from app.store import ExamPredictionRow, ExamReviewRow, ImageRow, SeriesRow, StackExplanationRow, StudyRow, Transaction
from app.web import exam, exam_reviews, pages, regions, reviews, stack_images, stack_names
from app.web.api.results import PNG
from app.web.api.schemas import NOT_FOUND, ExtentOut, Frozen, JobOut, ScoreOut
from app.web.api.studies import OCTETS

router = APIRouter(responses=NOT_FOUND)

StackName = Annotated[str, Path(pattern="^[a-z2-7]{12}-[0-9]{1,4}$", description="The stack: its series' id and its number.")]


class StackOut(Frozen):
    """A stack: parallel slices of one series, of one size and one echo, along their normal."""

    id: str = Field(description="The id of its series and its number among that series' stacks, joined by a hyphen.")
    plane: Plane = Field(description="Sagittal, coronal, axial, oblique, or empty where the header does not say.")
    weighting: str = Field(description="T1, T2, PD FS and the like, or empty.")
    localizer: bool = Field(description="Whether the series was made to plan others: networks do not read it.")
    used: bool | None = Field(description="A reader's word on whether networks read it; null: nobody said.")
    images: tuple[str, ...] = Field(description="The slices' images, in order.")
    between: float | None = Field(description="Distance of neighbouring slices, mm.")
    oddities: tuple[str, ...] = Field(description="What is odd about it.")


class PlaneOut(Frozen):
    """What the part of a network that reads one plane said."""

    stack: str = Field(description="The stack that was read.")
    plane: Plane = Field(description="Its plane.")
    scores: tuple[ScoreOut, ...] = Field(description="What the plane alone would say, one per finding.")
    contributions: dict[str, float] = Field(description="What the plane adds to the exam's logit, by finding.")
    slice_scores: dict[str, tuple[float, ...]] = Field(
        description="Every slice's part of the plane's logit, by finding; empty where the plane does not answer for it."
    )


class ExamPredictionOut(Frozen):
    """What one network said about the exam."""

    id: str = Field(description="The prediction's id.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    device: str = Field(description="What it ran on.")
    versions: dict[str, str] = Field(description="Of the libraries it ran with.")
    scores: tuple[ScoreOut, ...] = Field(description="One per finding the network knows, of the whole exam.")
    planes: tuple[PlaneOut, ...] = Field(description="The planes that were read.")
    missing: tuple[Plane, ...] = Field(description="Planes that the network reads and the exam does not have.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: ExamPredictionRow, series: Mapping[str, str]) -> "ExamPredictionOut":
        """From the store's row; ``series`` are the ids by UID."""
        told = row.prediction
        return cls(
            id=row.id,
            model=told.model,
            model_sha256=told.model_sha256,
            device=told.device,
            versions=told.versions,
            scores=tuple(ScoreOut(finding=s.finding, probability=s.probability, logit=s.logit) for s in told.scores),
            planes=tuple(
                PlaneOut(
                    stack=stack_names.name(series[one.stack.series_uid], one.stack.number),
                    plane=one.plane,
                    scores=tuple(ScoreOut(finding=s.finding, probability=s.probability, logit=s.logit) for s in one.scores),
                    contributions={s.finding: value for s, value in zip(one.scores, one.contributions, strict=True)},
                    slice_scores={s.finding: scores for s, scores in zip(one.scores, one.slice_scores, strict=True)},
                )
                for one in told.planes
            ),
            missing=told.missing,
            created_at=row.created_at,
        )


class StackExplanationOut(Frozen):
    """One method's maps for one finding over one stack, without their values."""

    id: str = Field(description="The explanation's id.")
    stack: str = Field(description="The stack.")
    plane: Plane = Field(description="Its plane.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding it explains.")
    state: str = Field(description="“ok”, or in words why there is no picture.")
    signed: bool = Field(description="Whether negative values are evidence against the finding.")
    shape: tuple[int, int, int] = Field(description="Slices, rows and columns of the raw maps.")
    extent: ExtentOut = Field(description="Where every map lies on its slice.")
    minimum: float = Field(description="The lowest raw value of the stack.")
    maximum: float = Field(description="The highest raw value of the stack.")
    mass: tuple[float, ...] = Field(description="The positive part of every slice's map, summed.")
    parameters: dict[str, str | float | int | bool] = Field(description="The method's parameters.")
    device: str = Field(description="What it ran on.")
    conservation_error: float | None = Field(description="The share of relevance that was lost (LRP, RAP), or null.")
    notes: tuple[str, ...] = Field(description="What else to know.")
    values: str = Field(description="Where the raw maps are, as octets: little-endian float32.")
    npy: str = Field(description="Where the raw maps are, as a NumPy file.")
    png: str = Field(description="Where a slice's map over the slice is; ?slice= counts from 1.")

    @classmethod
    def of(cls, row: StackExplanationRow) -> "StackExplanationOut":
        """From the store's row."""
        here = f"/api/v1/stack-explanations/{row.id}"
        return cls(
            id=row.id,
            stack=stack_names.name(row.series_id, row.stack),
            plane=row.plane,
            model=row.model,
            model_sha256=row.model_sha256,
            method=row.method,
            finding=row.finding,
            state=row.state,
            signed=row.signed,
            shape=(row.slices, row.height, row.width),
            extent=ExtentOut(left=row.extent.left, top=row.extent.top, right=row.extent.right, bottom=row.extent.bottom),
            minimum=row.minimum,
            maximum=row.maximum,
            mass=row.mass,
            parameters=row.parameters,
            device=row.device,
            conservation_error=row.conservation_error,
            notes=row.notes,
            values=f"{here}/values",
            npy=f"{here}/values.npy",
            png=f"{here}/overlay.png",
        )


class ShapeOut(Frozen):
    """A shape in image pixels."""

    kind: str = Field(description="Rectangle, ellipse, polygon or freehand.")
    points: tuple[tuple[float, float], ...] = Field(description="(x, y): columns from the left, rows from the top.")


class ExamReviewOut(Frozen):
    """A kept verdict on a stack."""

    id: str = Field(description="The verdict's id.")
    study: str = Field(description="The study.")
    stack: str = Field(description="The stack.")
    image: str = Field(description="The image of the slice that stands for the stack.")
    plane: str = Field(description="What the stack was read as when the verdict was given.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The version of the network that the verdict is about.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding.")
    verdict: Verdict = Field(description="Whether the maps lie in the right region.")
    reason: str = Field(description="What they show instead.")
    comment: str = Field(description="In the reader's words.")
    region: dict[str, tuple[ShapeOut, ...]] | None = Field(description="The true region: shapes by the image of the slice.")
    measures: dict[str, regions.MeasureData] = Field(description="Every method's maps against the region, over the stack.")
    reader: str = Field(description="Who read.")
    created_at: datetime = Field(description="UTC.")
    withdrawn_at: datetime | None = Field(description="When its reader took it back.")

    @classmethod
    def of(cls, row: ExamReviewRow) -> "ExamReviewOut":
        """From the store's row."""
        more = {"study": row.study_id, "image": row.review.shown, "reader": row.review.reader, "withdrawn_at": row.withdrawn_at}
        return cls.model_validate(exam_reviews.data(row) | more)


class ExamOut(Frozen):
    """An exam of stacks with all that is known of it."""

    stacks: tuple[StackOut, ...] = Field(description="The stacks of its MR series, in the order of the series.")
    predictions: tuple[ExamPredictionOut, ...] = Field(description="What networks said, the newest first.")
    explanations: tuple[StackExplanationOut, ...] = Field(description="The maps there are.")
    reviews: tuple[ExamReviewOut, ...] = Field(description="The verdicts in force, the oldest first.")


class AskExamIn(BaseModel):
    """Which finding to explain."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    finding: str = Field(description="One of the network's findings.", max_length=64)


class CorrectionIn(BaseModel):
    """What a stack is, in place of what its header says; null: as the header says."""

    model_config = ConfigDict(extra="forbid")

    plane: Plane | None = Field(None, description="Its plane.")
    weighting: str | None = Field(None, description="Its weighting.", max_length=16)
    used: bool | None = Field(None, description="Whether networks read it.")


class ExamReviewIn(exam_reviews.Judgement):
    """A verdict on a stack to keep."""

    model_sha256: str = Field("", description="The version of the network; empty: of its newest answer.", max_length=64)
    reader: str = Field(reviews.READER, description="Who read.", max_length=64)


@router.get("/studies/{study_id}/exam", summary="Read an exam")
def read(request: Request, study_id: str) -> ExamOut:
    """The stacks of a study, what the networks said of them, the maps and the verdicts."""
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        study = tx.studies.get(study_id)
        ids = {series.series_uid: series.id for series in study.series}
        return ExamOut(
            stacks=tuple(_stack(series, stack, _) for series, stack in _stacks(tx, study)),
            predictions=tuple(ExamPredictionOut.of(row, ids) for row in tx.exams.predictions(study_id)),
            explanations=tuple(StackExplanationOut.of(row) for row in tx.exams.explanations(study_id)),
            reviews=tuple(ExamReviewOut.of(row) for row in tx.exam_reviews.of_study(study_id)),
        )


def _stacks(tx: Transaction, study: StudyRow) -> list[tuple[SeriesRow, Stack[ImageRow]]]:
    said = tx.exams.corrections(study.id)
    mine = [series for series in study.series if series.modality == exam.MODALITY]
    return [(series, stack) for series in mine for stack in stacks(series, said)]


def _stack(series: SeriesRow, stack: Stack[ImageRow], _: Any) -> StackOut:
    return StackOut(
        id=stack_names.name(series.id, stack.key.number),
        plane=stack.plane,
        weighting=stack.weighting,
        localizer=stack.localizer,
        used=stack.used,
        images=tuple(image.id for image in stack.images),
        between=stack.between,
        oddities=tuple(_(oddity.template, **oddity.values) for oddity in stack.oddities),
    )


@router.put("/studies/{study_id}/exam/stacks/{stack_name}", summary="Correct a stack")
def correct(request: Request, study_id: str, stack_name: StackName, said: CorrectionIn) -> StackOut:
    """Say what a stack is where its header is wrong. The exam is read again by itself when that changes anything."""
    web = pages.of(request)
    with web.store.begin() as tx:
        _series, stack = stack_names.find(tx, study_id, stack_name)
        changed = tx.exams.correct(study_id, Correction(stack.key, said.plane, said.weighting, said.used))
        if changed and web.registry.choose_exam(tx.studies.get(study_id).outline()) is not None:
            tx.jobs.analyse(study_id, priority=10)
        found = stack_names.find(tx, study_id, stack_name)
    if changed:
        web.wake()
    return _stack(*found, pages.gettext(request))


@router.post("/studies/{study_id}/exam/explanations", status_code=202, summary="Ask for explanations of an exam")
def ask(request: Request, study_id: str, asked: AskExamIn) -> JobOut:
    """Ask for every method's maps for one finding over all stacks that are read. They are there when the job is done."""
    web = pages.of(request)
    card = web.registry.card(asked.model)
    if asked.finding not in card.findings:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": card.name, "finding": asked.finding}
        )
    with web.store.begin() as tx:
        if card not in exam.eligible(web.registry, tx.studies.get(study_id)):
            raise InputError("The network “%(name)s” does not read this exam.", {"name": card.name})
        row = tx.jobs.explain_exam(study_id, card.name, asked.finding)
    web.wake()
    return JobOut.of_row(row, pages.gettext(request))


@router.get("/stack-explanations/{explanation_id}", summary="Read an explanation of a stack")
def explanation(request: Request, explanation_id: str) -> StackExplanationOut:
    """One stack's maps, without their values."""
    with pages.of(request).store.view() as tx:
        return StackExplanationOut.of(tx.exams.explanation(explanation_id))


@router.get(
    "/stack-explanations/{explanation_id}/values", response_class=Response, responses=OCTETS, summary="Read a stack's raw maps"
)
def values(request: Request, explanation_id: str) -> Response:
    """`slices * height * width` little-endian float32; `X-Shape` and `X-Extent` say where they lie."""
    return stack_images.values(request, explanation_id)


@router.get(
    "/stack-explanations/{explanation_id}/values.npy",
    response_class=Response,
    responses=OCTETS,
    summary="Read a stack's raw maps as .npy",
)
def npy(request: Request, explanation_id: str) -> Response:
    """float32 (slices, height, width), for `numpy.load`."""
    return stack_images.npy(request, explanation_id)


@router.get(
    "/stack-explanations/{explanation_id}/overlay.png",
    response_class=Response,
    responses=PNG,
    summary="Read a slice's map as PNG",
)
def overlay(
    request: Request,
    explanation_id: str,
    number: Annotated[int, Query(alias="slice", ge=1, le=100_000, description="The slice, from 1.")] = 1,
) -> Response:
    """One slice's map over the slice, in the colours of its stack."""
    return stack_images.overlay(request, explanation_id, number)


@router.post("/studies/{study_id}/exam/reviews", status_code=201, summary="Keep a verdict on a stack")
def add(request: Request, study_id: str, asked: ExamReviewIn) -> ExamReviewOut:
    """Keep a verdict about one method's maps of one stack for one finding, with the version of the network it is about."""
    web = pages.of(request)
    given = exam_reviews.Judgement.model_validate(asked.model_dump(exclude={"reader"}) | {"model_sha256": asked.model_sha256})
    if not given.model_sha256:
        with web.store.view() as tx:
            answers = [row.prediction for row in tx.exams.predictions(study_id)]
        sha256 = next((found.model_sha256 for found in answers if found.model == asked.model), "")
        if not sha256:
            raise NotFound("The network “%(model)s” has said nothing about this exam yet.", {"model": asked.model})
        given = given.model_copy(update={"model_sha256": sha256})
    return ExamReviewOut.of(exam_reviews.keep(web, study_id, given, asked.reader))


@router.get("/exam-reviews/{review_id}", summary="Read a verdict on a stack")
def review(request: Request, review_id: str) -> ExamReviewOut:
    """One verdict, taken back or not."""
    with pages.of(request).store.view() as tx:
        return ExamReviewOut.of(tx.exam_reviews.get(review_id))


@router.delete("/exam-reviews/{review_id}", summary="Take a verdict on a stack back")
def withdraw(request: Request, review_id: str) -> ExamReviewOut:
    """It stays stored, marked as taken back."""
    with pages.of(request).store.begin() as tx:
        return ExamReviewOut.of(tx.exam_reviews.withdraw(review_id))
