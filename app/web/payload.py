"""What the case page's scripts get: one tree of frozen dataclasses, as JSON in the page and at ``case.json``.

Knows the store's rows, the cards and the methods' descriptions; no route, no template, no torch. Every sentence in it is in the
reader's language already. Nothing here says who the patient is: that is in the page only.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup

from app import explainers
from app.classifiers.card import Card
from app.domain import REASONS, VERDICTS, Extent, Region
from app.store import ExplanationRow, ImageRow, JobRow, PredictionRow, ReviewRow, StudyRow
from app.web.wording import Translate, label, state_text, strings


@dataclass(frozen=True, slots=True)
class StudyData:
    """The study: its public id, whether it is a phantom, and how far its analysis is."""

    id: str
    phantom: bool
    state: str


@dataclass(frozen=True, slots=True)
class WindowData:
    """A grey window in modality units, PS3.3 C.11.2.1.2; ``function`` is LINEAR, LINEAR_EXACT or SIGMOID."""

    centre: float
    width: float
    function: str
    label: str


@dataclass(frozen=True, slots=True)
class LutData:
    """A VOI lookup table, PS3.3 C.11.2.1.1: ``url`` gives little-endian uint16, ``bits`` deep, from the value ``first``."""

    first: int
    bits: int
    url: str


@dataclass(frozen=True, slots=True)
class ImageData:
    """One image: ``pixels_url`` gives rows × columns little-endian int16 (``signed``) or uint16 stored values.

    A value in ``units`` is ``stored * slope + intercept``. ``spacing`` is (between rows, between columns) in mm or None;
    ``orientation`` the letters of the left, top, right and bottom edge, "" when unknown. ``series`` counts from 0: images of
    one series are one stack, in geometric order.
    """

    id: str
    series: int
    rows: int
    columns: int
    signed: bool
    slope: float
    intercept: float
    units: str
    photometric: str
    windows: tuple[WindowData, ...]
    voi_lut: LutData | None
    spacing: tuple[float, float] | None
    spacing_kind: str
    orientation: tuple[str, str, str, str]
    pixels_url: str
    thumbnail_url: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelData:
    """A network that may read the shown image's series; ``eligible`` is False only for one that was named in the address."""

    name: str
    title: str
    eligible: bool


@dataclass(frozen=True, slots=True)
class ScoreData:
    """One finding by NIH's name and in the reader's language, its calibrated probability in [0, 1] and its logit."""

    finding: str
    label: str
    probability: float
    logit: float


@dataclass(frozen=True, slots=True)
class PredictionData:
    """What the chosen network says about the shown image, most probable finding first; ``banner`` is its card's warning."""

    id: str
    model: str
    title: str
    model_sha256: str
    device: str
    seconds: float
    banner: str
    scores: tuple[ScoreData, ...]


@dataclass(frozen=True, slots=True)
class MethodData:
    """A method with a pane of its own; ``signed``: its map is coloured on both sides of zero."""

    name: str
    title: str
    signed: bool
    summary: str


@dataclass(frozen=True, slots=True)
class ExplanationData:
    """One map: ``values_url`` gives height × width little-endian float32, signed and raw, over ``extent`` (left, top, right,
    bottom) in image pixels. ``state`` is "ok", or ``state_text`` says why there is no picture."""

    id: str
    method: str
    finding: str
    state: str
    state_text: str
    signed: bool
    width: int
    height: int
    extent: tuple[float, float, float, float]
    min: float
    max: float
    values_url: str
    overlay_url: str
    notes: tuple[str, ...]
    conservation_error: float | None


@dataclass(frozen=True, slots=True)
class RegionData:
    """A drawn rectangle in image pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class ReviewData:
    """A verdict in force on one method × finding of one image, with the version of the network it was given about."""

    id: str
    image: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: str
    reason: str
    comment: str
    region: RegionData | None
    created_at: str


@dataclass(frozen=True, slots=True)
class JobData:
    """The job that the page shows: ``step`` of ``of``; ``sentence`` says what is being done, or why it failed."""

    id: str
    kind: str
    state: str
    step: int
    of: int
    sentence: str
    image: str
    model: str
    finding: str

    @property
    def open(self) -> bool:
        """Whether it still waits or runs, so that asking again makes sense."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the page's scripts read and write; a review is taken back at ``review`` + its id."""

    case: str
    data: str
    job: str
    explanations: str
    reviews: str
    review: str


@dataclass(frozen=True, slots=True)
class CaseData:
    """Everything the case page's scripts know. ``image``, ``model`` and ``finding`` say what is shown."""

    study: StudyData
    images: tuple[ImageData, ...]
    image: str
    models: tuple[ModelData, ...]
    model: str
    prediction: PredictionData | None
    finding: str
    methods: tuple[MethodData, ...]
    explanations: tuple[ExplanationData, ...]
    reviews: tuple[ReviewData, ...]
    job: JobData | None
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    urls: Urls
    strings: dict[str, str]

    def json(self) -> Markup:
        """The tree as JSON that is safe inside a ``<script type="application/json">``: no ``<``, no ``&``."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - the line is the escaping

    def explanation(self, method: str) -> ExplanationData | None:
        """The shown finding's map by one method."""
        return next((found for found in self.explanations if found.method == method), None)

    def review(self, method: str) -> ReviewData | None:
        """The verdict in force on one method for the shown finding, by the network version that is shown."""
        sha256 = self.prediction.model_sha256 if self.prediction else ""
        wanted = (self.image, sha256, method, self.finding)
        return next((r for r in self.reviews if (r.image, r.model_sha256, r.method, r.finding) == wanted), None)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the case that is shown; `build` puts it into words."""

    study: StudyRow
    image: ImageRow
    cards: tuple[Card, ...]
    card: Card | None
    prediction: PredictionRow | None
    finding: str
    explanations: tuple[ExplanationRow, ...]
    reviews: tuple[ReviewRow, ...]
    job: JobRow | None


def build(found: Found, _: Translate) -> CaseData:
    """The tree for one case, one image, one network and one finding."""
    address = f"/studies/{found.study.id}"
    return CaseData(
        study=StudyData(found.study.id, found.study.phantom, found.study.state),
        images=tuple(
            image_data(image, number, _) for number, series in enumerate(found.study.series) for image in series.images
        ),
        image=found.image.id,
        models=models(found.cards, found.card, _),
        model=found.card.name if found.card else "",
        prediction=prediction_data(found.prediction, found.card, _) if found.prediction and found.card else None,
        finding=found.finding,
        methods=methods(_),
        explanations=tuple(explanation_data(row, _) for row in in_panel(found.explanations)),
        reviews=tuple(review_data(row) for row in found.reviews),
        job=job_data(found.job, _) if found.job else None,
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
        spacing_kind=_(image.spacing_kind),
        orientation=image.orientation,
        pixels_url=f"/images/{image.id}/pixels",
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


def methods(_: Translate) -> tuple[MethodData, ...]:
    """The methods of the default panel, in the order of the panes."""
    described = (explainers.describe(name) for name in explainers.panel())
    return tuple(MethodData(m.name, _(m.title), m.signed, _(m.summary)) for m in described)


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


def edges(extent: Extent | Region) -> tuple[float, float, float, float]:
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
        region=RegionData(*edges(review.region)) if review.region else None,
        created_at=review.created_at.isoformat(),
    )


def job_data(job: JobRow, _: Translate) -> JobData:
    """One job's entry; its sentence is what is being done, or the reason why it failed."""
    values: dict[str, Any] = dict(job.error_values)
    return JobData(
        id=job.id,
        kind=job.kind,
        state=job.state,
        step=job.step,
        of=job.of,
        sentence=_(job.error_template, **values) if job.state == "failed" else _(job.what),
        image=job.image_id or "",
        model=job.model or "",
        finding=job.finding or "",
    )
