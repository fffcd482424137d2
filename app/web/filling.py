"""Fills the case page's payload: from rows, cards and methods to words and numbers in the reader's language.

Knows the store's rows, the cards and the methods' descriptions; no route, no template, no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import explainers
from app.classifiers.card import Card
from app.domain import REASONS, VERDICTS, Extent
from app.evaluation.agreement import DISAGREE
from app.opening import times_halved
from app.store import ExplanationRow, ImageRow, InspectionRow, JobRow, LayoutRow, PredictionRow, ReviewRow, SeriesRow, StudyRow
from app.web import regions
from app.web.payload import (
    CaseData,
    ExplanationData,
    ImageData,
    InspectionData,
    JobData,
    LayoutData,
    LutData,
    MethodData,
    ModelData,
    PredictionData,
    ReviewData,
    ScoreData,
    SeriesData,
    StudyData,
    Urls,
    WindowData,
)
from app.web.wording import Translate, caution, label, plane, spacing, state_text, strings


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the case that is shown; `build` puts it into words."""

    study: StudyRow
    image: ImageRow
    cards: tuple[Card, ...]
    card: Card | None
    inspection: InspectionRow | None
    prediction: PredictionRow | None
    finding: str
    explanations: tuple[ExplanationRow, ...]
    reviews: tuple[ReviewRow, ...]
    layouts: tuple[LayoutRow, ...]
    job: JobRow | None


def build(found: Found, _: Translate) -> CaseData:
    """The tree for one case, one image, one network and one finding."""
    address = f"/studies/{found.study.id}"
    return CaseData(
        study=StudyData(found.study.id, found.study.phantom, found.study.state),
        series=tuple(series_data(series, number, _) for number, series in enumerate(found.study.series)),
        images=tuple(
            image_data(image, number, _) for number, series in enumerate(found.study.series) for image in series.images
        ),
        image=found.image.id,
        models=models(found.cards, found.card, _),
        model=found.card.name if found.card else "",
        inspection=inspection_data(found.inspection, _) if found.inspection else None,
        prediction=prediction_data(found.prediction, found.card, _) if found.prediction and found.card else None,
        finding=found.finding,
        methods=methods(_),
        explanations=tuple(explanation_data(row, _) for row in in_panel(found.explanations)),
        reviews=tuple(review_data(row) for row in found.reviews),
        layouts=tuple(layout_data(row) for row in found.layouts),
        job=job_data(found.job, _) if found.job else None,
        disagree=DISAGREE,
        verdicts=VERDICTS,
        reasons=REASONS,
        urls=Urls(
            case=address,
            data=f"{address}/case.json",
            job=f"{address}/job",
            explanations=f"{address}/explanations",
            reviews=f"{address}/reviews",
            review="/reviews/",
        ),
        strings=strings(_),
    )


def series_data(series: SeriesRow, number: int, _: Translate) -> SeriesData:
    """One series' entry; ``number`` counts from 0."""
    first = series.images[0]
    said = (str(number + 1), series.description, plane(first.orientation, _) or series.view_position)
    return SeriesData(first.id, " · ".join(filter(None, said)), len(series.images))


def image_data(image: ImageRow, series: int, _: Translate) -> ImageData:
    """One image's entry."""
    lut = image.voi_lut
    return ImageData(
        id=image.id,
        series=series,
        rows=image.rows,
        columns=image.columns,
        signed=image.signed,
        slope=image.slope,
        intercept=image.intercept,
        units=image.units,
        photometric=image.photometric,
        windows=tuple(WindowData(w.centre, w.width, w.function, w.label) for w in image.windows),
        voi_lut=LutData(lut.first, lut.bits, f"/images/{image.id}/voi-lut") if lut else None,
        spacing=image.pixel_spacing,
        spacing_kind=spacing(image.spacing_kind, _),
        spacing_caution=caution(image.spacing_kind, image.pixel_spacing, _),
        orientation=image.orientation,
        pixels_url=f"/images/{image.id}/pixels",
        halved=times_halved(image.rows, image.columns),
        thumbnail_url=f"/images/{image.id}/thumbnail.png",
        warnings=tuple(_(warning) for warning in image.warnings),
    )


def models(cards: Sequence[Card], chosen: Card | None, _: Translate) -> tuple[ModelData, ...]:
    """The networks to choose from; one that was named although it is not made for this series comes last."""
    listed = [ModelData(card.name, _(card.title), eligible=True) for card in cards]
    if chosen and chosen.name not in {card.name for card in cards}:
        listed.append(ModelData(chosen.name, _(chosen.title), eligible=False))
    return tuple(listed)


def prediction_data(row: PredictionRow, card: Card, _: Translate) -> PredictionData:
    """A prediction with its findings in the reader's language, the most probable first."""
    said = row.prediction
    scores = sorted(said.scores, key=lambda score: -score.probability)
    return PredictionData(
        id=row.id,
        model=said.model,
        title=_(card.title),
        model_sha256=said.model_sha256,
        device=said.device,
        seconds=said.seconds,
        banner=_(card.banner),
        scores=tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in scores),
    )


def inspection_data(row: InspectionRow, _: Translate) -> InspectionData:
    """What the guard said, in the reader's language."""
    said = row.inspection
    return InspectionData(said.guard, said.verdict, tuple(_(reason) for reason in said.reasons), said.stopped, said.insisted)


def methods(_: Translate) -> tuple[MethodData, ...]:
    """The methods of the default panel, in the order of the panes."""
    named = map(explainers.describe, explainers.panel())
    return tuple(MethodData(m.name, _(m.title), m.signed, _(m.summary), _(m.caution) if m.caution else "") for m in named)


def in_panel(rows: Sequence[ExplanationRow]) -> list[ExplanationRow]:
    """The maps that have a pane, in the order of the panes."""
    order = {name: place for place, name in enumerate(explainers.panel())}
    return sorted((row for row in rows if row.method in order), key=lambda row: order[row.method])


def explanation_data(row: ExplanationRow, _: Translate) -> ExplanationData:
    """One map's entry."""
    return ExplanationData(
        id=row.id,
        method=row.method,
        finding=row.finding,
        state=row.state,
        state_text=state_text(row.state, _),
        signed=row.signed,
        width=row.width,
        height=row.height,
        extent=edges(row.extent),
        min=row.minimum,
        max=row.maximum,
        values_url=f"/explanations/{row.id}/values",
        overlay_url=f"/explanations/{row.id}/overlay.png",
        notes=tuple(_(note) for note in row.notes),
        conservation_error=row.conservation_error,
    )


def edges(extent: Extent) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return (extent.left, extent.top, extent.right, extent.bottom)


def review_data(row: ReviewRow) -> ReviewData:
    """One verdict's entry."""
    review = row.review
    return ReviewData(
        id=row.id,
        image=row.image_id,
        model=review.model,
        model_sha256=review.model_sha256,
        method=review.method,
        finding=review.finding,
        verdict=review.verdict,
        reason=review.reason,
        comment=review.comment,
        region=regions.data(review.region),
        measures={method: regions.measured(found) for method, found in review.measures.items()},
        created_at=review.created_at.isoformat(),
    )


def doing(job: JobRow, _: Translate) -> str:
    """What a job is doing, in words."""
    return _(job.what, **{name: _(str(value)) for name, value in job.what_values.items()})


def layout_data(row: LayoutRow) -> LayoutData:
    """One saved layout's entry."""
    told = row.layout
    return LayoutData(row.id, told.name, told.rows, told.columns, told.layers, told.own, told.last)


def job_data(job: JobRow, _: Translate) -> JobData:
    """One job's entry; its sentence is what is being done, or the reason why it failed."""
    values: dict[str, Any] = dict(job.error_values)
    return JobData(
        id=job.id,
        kind=job.kind,
        state=job.state,
        step=job.step,
        of=job.of,
        sentence=_(job.error_template, **values) if job.state == "failed" else doing(job, _),
        image=job.image_id or "",
        model=job.model or "",
        finding=job.finding or "",
    )
