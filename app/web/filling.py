"""Fills the case page's payload: from rows, cards and methods to words and numbers in the reader's language.

Knows the store's rows, the cards and the methods' descriptions; no route, no template, no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import explainers
from app.classifiers.card import Card
from app.desk.opening import times_halved
from app.domain import REASONS, VERDICTS, Extent
from app.evaluation.agreement import DISAGREE
from app.store import AnswerRow, ImageRow, InspectionRow, JobRow, LayerRow, LayoutRow, ReviewRow, SeriesRow, StackRow, StudyRow
from app.web import reviews
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
    ScoreData,
    SeriesData,
    StudyData,
    Urls,
    WindowData,
)
from app.web.wording import Translate, caution, label, plane, spacing, state_text, strings

DRAWN = frozenset({"relevance", "attention", "probability"})
"""The kinds of layers that panes draw; the others are there for scripts and exports."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the case that is shown; `build` puts it into words."""

    study: StudyRow
    image: ImageRow
    stack: StackRow | None
    cards: tuple[Card, ...]
    card: Card | None
    inspection: InspectionRow | None
    answer: AnswerRow | None
    finding: str
    layers: tuple[LayerRow, ...]
    reviews: tuple[ReviewRow, ...]
    layouts: tuple[LayoutRow, ...]
    job: JobRow | None


def build(found: Found, _: Translate) -> CaseData:
    """The tree for one case, one image, one network and one finding."""
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
        prediction=prediction_data(found.answer, found.card, _) if found.answer and found.card else None,
        finding=found.finding,
        methods=methods(found.card, found.layers, _),
        explanations=tuple(layer_data(row, _) for row in in_panes(found.card, found.layers)),
        reviews=tuple(reviews.data(row, found.stack) for row in found.reviews if found.stack),
        layouts=tuple(layout_data(row) for row in found.layouts),
        job=job_data(found.job, found.image.id, _) if found.job else None,
        disagree=DISAGREE,
        verdicts=VERDICTS,
        reasons=REASONS,
        urls=Urls.of(found.study.id),
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


def prediction_data(row: AnswerRow, card: Card, _: Translate) -> PredictionData:
    """An answer with its findings in the reader's language, the most probable first."""
    said = row.answer
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


def methods(card: Card | None, layers: Sequence[LayerRow], _: Translate) -> tuple[MethodData, ...]:
    """What has a pane: the methods that the network opens with, in their order; then what other software said."""
    named = map(explainers.describe, explainers.panel(card))
    ours = tuple(
        MethodData(m.name, _(m.title), False, m.signed, _(m.summary), _(m.caution) if m.caution else "") for m in named
    )
    others = {row.method: row for row in layers if row.kind in DRAWN and row.producer.kind != "method"}
    return ours + tuple(
        MethodData(name, row.producer.title or name, True, row.signed, imported(row, _), "") for name, row in others.items()
    )


def imported(row: LayerRow, _: Translate) -> str:
    """What is known of a layer that other software made."""
    return _("Imported: %(title)s %(version)s", title=row.producer.title or row.method, version=row.producer.version)


def in_panes(card: Card | None, rows: Sequence[LayerRow]) -> list[LayerRow]:
    """The layers that have a pane, in the order of the panes."""
    order = {name: place for place, name in enumerate(explainers.panel(card))}
    mine = [row for row in rows if row.kind in DRAWN and (row.method in order or row.producer.kind != "method")]
    return sorted(mine, key=lambda row: order.get(row.method, len(order)))


def layer_data(row: LayerRow, _: Translate) -> ExplanationData:
    """One layer's entry."""
    return ExplanationData(
        id=row.id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        kind=row.kind,
        scale=row.scale,
        state=row.state,
        state_text=state_text(row.state, _),
        signed=row.signed,
        width=row.width,
        height=row.height,
        extent=edges(row.extent),
        min=row.minimum,
        max=row.maximum,
        values_url=f"/layers/{row.id}/values",
        overlay_url=f"/layers/{row.id}/overlay.png",
        notes=tuple(_(note) for note in row.notes),
        conservation_error=row.conservation_error,
    )


def edges(extent: Extent) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return (extent.left, extent.top, extent.right, extent.bottom)


def doing(job: JobRow, _: Translate) -> str:
    """What a job is doing, in words."""
    return _(job.what, **{name: _(str(value)) for name, value in job.what_values.items()})


def layout_data(row: LayoutRow) -> LayoutData:
    """One saved layout's entry."""
    told = row.layout
    return LayoutData(row.id, told.name, told.rows, told.columns, told.layers, told.own, told.last)


def job_data(job: JobRow, image: str, _: Translate) -> JobData:
    """One job's entry; its sentence is what is being done, or the reason why it failed. ``image``: which one it is about, where
    it is about one."""
    values: dict[str, Any] = dict(job.error_values)
    return JobData(
        id=job.id,
        kind=job.kind,
        state=job.state,
        step=job.step,
        of=job.of,
        sentence=_(job.error_template, **values) if job.state == "failed" else doing(job, _),
        image=image if job.stack_id else "",
        model=job.model or "",
        finding=job.finding or "",
    )
