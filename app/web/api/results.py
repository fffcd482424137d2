"""Predictions, explanations and jobs for scripts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.errors import InputError
from app.web import case, images, pages
from app.web.api.schemas import NOT_FOUND, AgreementOut, AskIn, ExplanationOut, JobOut, PredictionOut
from app.web.api.studies import OCTETS

router = APIRouter(responses=NOT_FOUND)

PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "The picture."}}


@router.get("/studies/{study_id}/predictions", summary="Read predictions")
def predictions(request: Request, study_id: str) -> list[PredictionOut]:
    """What the networks said, in the order of the study's images."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        return [PredictionOut.of(row) for row in tx.predictions.of_study(study_id)]


@router.get("/studies/{study_id}/explanations", summary="List explanations")
def explanations(
    request: Request,
    study_id: str,
    finding: Annotated[str, Query(description="Only maps of this finding.")] = "",
    method: Annotated[str, Query(description="Only maps by this method.")] = "",
    model: Annotated[str, Query(description="Only maps of this network.")] = "",
) -> list[ExplanationOut]:
    """The maps there are, in the order of the study's images."""
    wanted = {"finding": finding, "method": method, "model": model}
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.explanations.of_study(study_id)
    return [
        ExplanationOut.of(row)
        for row in rows
        if all(not value or getattr(row, name) == value for name, value in wanted.items())
    ]


@router.get("/studies/{study_id}/agreement", summary="Read how far methods agree")
def agreement(
    request: Request, study_id: str, finding: Annotated[str, Query(description="Only of this finding.")] = ""
) -> list[AgreementOut]:
    """How far the methods' maps agree on each finding that was explained, in the order of the study's images."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.agreements.of_study(study_id)
    return [AgreementOut.of(row) for row in rows if not finding or row.key.finding == finding]


@router.post("/studies/{study_id}/explanations", status_code=202, summary="Ask for explanations")
def ask(request: Request, study_id: str, asked: AskIn) -> JobOut:
    """Ask for every method's map for one finding of one image. They are there when the job is done."""
    web = pages.of(request)
    card = web.registry.card(asked.model)
    if asked.finding not in card.findings:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": card.name, "finding": asked.finding}
        )
    with web.store.begin() as tx:
        study = tx.studies.get(study_id)
        image = case.chosen_image(study, (), asked.image)
        series = next(series for series in study.series if image in series.images)
        if card not in web.registry.eligible(study.outline(), series.outline()):
            raise InputError("The network “%(name)s” does not read this kind of film.", {"name": card.name})
        row = tx.jobs.explain(study_id, image.id, card.name, asked.finding)
    web.wake()
    return JobOut.of_row(row, pages.gettext(request))


@router.get("/explanations/{explanation_id}", summary="Read an explanation")
def explanation(request: Request, explanation_id: str) -> ExplanationOut:
    """One map, without its values."""
    with pages.of(request).store.view() as tx:
        return ExplanationOut.of(tx.explanations.get(explanation_id))


@router.get("/explanations/{explanation_id}/values", response_class=Response, responses=OCTETS, summary="Read a raw map")
def values(request: Request, explanation_id: str) -> Response:
    """`height * width` little-endian float32; `X-Shape` and `X-Extent` say where they lie."""
    return images.values(request, explanation_id)


@router.get(
    "/explanations/{explanation_id}/values.npy",
    response_class=Response,
    responses=OCTETS,
    summary="Read a raw map as .npy",
)
def npy(request: Request, explanation_id: str) -> Response:
    """float32 (height, width), for `numpy.load`."""
    return images.npy(request, explanation_id)


@router.get("/explanations/{explanation_id}/overlay.png", response_class=Response, responses=PNG, summary="Read a map as PNG")
def overlay(request: Request, explanation_id: str) -> Response:
    """The map over the film, with its colour bar and the words "research use only"."""
    return images.overlay(request, explanation_id)


@router.get("/studies/{study_id}/job", summary="Read a study's job")
def job_of_study(request: Request, study_id: str) -> JobOut | None:
    """The job that runs, else the next that waits, else the one that ended last; null when there was none."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        row = tx.jobs.of_study(study_id)
    return JobOut.of_row(row, pages.gettext(request)) if row else None


@router.get("/jobs/{job_id}", summary="Read a job")
def job(request: Request, job_id: str) -> JobOut:
    """How far a job is."""
    with pages.of(request).store.view() as tx:
        return JobOut.of_row(tx.jobs.get(job_id), pages.gettext(request))


@router.delete("/jobs/{job_id}", summary="Cancel a job")
def cancel(request: Request, job_id: str) -> JobOut:
    """Stop a job that waits or runs; one that has ended stays as it is."""
    with pages.of(request).store.begin() as tx:
        return JobOut.of_row(tx.jobs.cancel(job_id), pages.gettext(request))
