"""Fills the exam page's payload: from rows, stacks, cards and methods to words and numbers in the reader's language.

Knows the store's rows, the stacks and the cards; no route, no template, no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from app import explainers
from app.classifiers.card import Card
from app.domain import REASONS, VERDICTS
from app.exam import READ_PLANES, ExamPrediction, Plane, PlaneAnswer, StackKey
from app.stacks import Correction, Stack
from app.store import ExamPredictionRow, ImageRow, JobRow, SeriesRow, StackExplanationRow, StudyRow
from app.web import filling, stack_names
from app.web.exam_payload import ExamData, ExamPredictionData, PlaneData, SaidData, SliceData, StackData, StackExplanationData
from app.web.exam_wording import plane, strings, titled
from app.web.payload import LutData, ScoreData, StudyData, Urls, WindowData
from app.web.wording import Translate, label, state_text


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the exam that is shown; `build` puts it into words."""

    study: StudyRow
    stacks: tuple[tuple[SeriesRow, Stack[ImageRow]], ...]
    read: Mapping[Plane, Stack[ImageRow]]
    cards: tuple[Card, ...]
    card: Card | None
    prediction: ExamPredictionRow | None
    finding: str
    explanations: tuple[StackExplanationRow, ...]
    corrections: tuple[Correction, ...]
    reviews: tuple[dict[str, object], ...]
    job: JobRow | None


def stack_id(series: SeriesRow, key: StackKey) -> str:
    """A stack's name in addresses: its series' public id and its number."""
    return stack_names.name(series.id, key.number)


def build(found: Found, _: Translate) -> ExamData:
    """The tree for one exam, one network and one finding."""
    address = f"/studies/{found.study.id}"
    ids = {stack.key: stack_id(series, stack.key) for series, stack in found.stacks}
    shown = {plane: stack.key for plane, stack in found.read.items()}
    for answer in found.prediction.prediction.planes if found.prediction else ():
        # A stack that has been corrected since stands in one pane, as what it is now.
        if answer.stack in ids and answer.stack not in shown.values():
            shown[answer.plane] = answer.stack
    said = {correction.key: correction for correction in found.corrections}
    return ExamData(
        study=StudyData(found.study.id, found.study.phantom, found.study.state),
        stacks=tuple(
            stack_data(series, stack, said.get(stack.key, Correction(stack.key)), used=stack.key in shown.values(), _=_)
            for series, stack in ordered(found.stacks)
        ),
        planes={name: ids[shown[name]] if name in shown else "" for name in READ_PLANES},
        models=filling.models(found.cards, found.card, _),
        model=found.card.name if found.card else "",
        banner=_(found.card.banner) if found.card and found.card.banner else "",
        prediction=prediction_data(found.prediction, found.card, ids, _) if found.prediction and found.card else None,
        finding=found.finding,
        methods=filling.methods(_),
        explanations=tuple(
            explanation_data(row, _)
            for row in in_panel(found.explanations)
            # What an earlier reading left of a stack that is no longer read belongs to no answer on the page.
            if (row.plane, stack_names.name(row.series_id, row.stack)) in {(plane, ids[key]) for plane, key in shown.items()}
        ),
        reviews=found.reviews,
        job=filling.job_data(found.job, _) if found.job else None,
        verdicts=VERDICTS,
        reasons=REASONS,
        urls=Urls(
            case=address,
            data=f"{address}/exam/data",
            job=f"{address}/exam/job",
            explanations=f"{address}/exam/explanations",
            reviews=f"{address}/exam/reviews",
            review="/exam-reviews/",
        ),
        strings=strings(_),
    )


def ordered(found: Sequence[tuple[SeriesRow, Stack[ImageRow]]]) -> list[tuple[SeriesRow, Stack[ImageRow]]]:
    """The stacks as readers look for them: by plane, localizers last."""
    places = {name: place for place, name in enumerate(READ_PLANES)}
    return sorted(found, key=lambda pair: (pair[1].localizer, places.get(pair[1].plane, len(places))))


def stack_data(series: SeriesRow, stack: Stack[ImageRow], said: Correction, *, used: bool, _: Translate) -> StackData:
    """One stack's entry."""
    name = titled(plane(stack.plane, _))
    title = " ".join(filter(None, (name, stack.weighting)))
    count = _("%(n)s slices", n=len(stack.images))
    kind = _("localizer") if stack.localizer else ""
    return StackData(
        id=stack_id(series, stack.key),
        series=series.id,
        plane=stack.plane,
        weighting=stack.weighting,
        localizer=stack.localizer,
        used=used,
        title=title,
        listed=" · ".join(filter(None, (title, series.description, kind, count))),
        description=series.description,
        said=SaidData(said.plane or "", said.weighting or "", {None: "", True: "yes", False: "no"}[said.used]),
        between=stack.between,
        windows=windows(stack.images),
        oddities=tuple(_(odd.template, **odd.values) for odd in stack.oddities),
        images=tuple(slice_data(image) for image in stack.images),
    )


def prediction_data(row: ExamPredictionRow, card: Card, ids: Mapping[StackKey, str], _: Translate) -> ExamPredictionData:
    """A prediction with its findings in the reader's language, in the network's order."""
    said = row.prediction
    return ExamPredictionData(
        id=row.id,
        model=said.model,
        title=_(card.title),
        model_sha256=said.model_sha256,
        device=said.device,
        seconds=said.seconds,
        scores=tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in said.scores),
        planes=tuple(plane_data(said, answer, ids[answer.stack], _) for answer in said.planes if answer.stack in ids),
        missing=tuple(plane(name, _) for name in said.missing),
    )


def plane_data(said: ExamPrediction, answer: PlaneAnswer, stack: str, _: Translate) -> PlaneData:
    """What one plane said; of findings that its part of the network does not answer it has no slice scores."""
    findings = [score.finding for score in answer.scores]
    answered = {name: scores for name, scores in zip(findings, answer.slice_scores, strict=True) if scores}
    return PlaneData(
        stack=stack,
        plane=answer.plane,
        name=plane(answer.plane, _),
        scores=tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in answer.scores),
        contributions=dict(zip((score.finding for score in said.scores), answer.contributions, strict=True)),
        slice_scores=answered,
        opens={name: answer.opens_at(name) for name in answered},
    )


def in_panel(rows: Sequence[StackExplanationRow]) -> list[StackExplanationRow]:
    """The maps that have a pane, in the order of the panes."""
    order = {name: place for place, name in enumerate(explainers.panel())}
    return sorted((row for row in rows if row.method in order), key=lambda row: order[row.method])


def explanation_data(row: StackExplanationRow, _: Translate) -> StackExplanationData:
    """One method's maps of one stack."""
    return StackExplanationData(
        id=row.id,
        stack=stack_names.name(row.series_id, row.stack),
        method=row.method,
        finding=row.finding,
        state=row.state,
        state_text=state_text(row.state, _),
        signed=row.signed,
        slices=row.slices,
        width=row.width,
        height=row.height,
        extent=filling.edges(row.extent),
        min=row.minimum,
        max=row.maximum,
        mass=row.mass,
        values_url=f"/stack-explanations/{row.id}/values?v={row.values_sha256[:12]}",
        notes=tuple(_(note) for note in row.notes),
        conservation_error=row.conservation_error,
    )


def windows(images: Sequence[ImageRow]) -> tuple[WindowData, ...]:
    """A series' windows out of its slices' headers: MR writes another one into every slice, and a window that changes while
    somebody scrolls hides what changes in the image. The median of each, for as many as every slice has."""
    shared = min((len(image.windows) for image in images), default=0)
    columns = [[image.windows[at] for image in images] for at in range(shared)]
    return tuple(
        WindowData(median(w.centre for w in column), median(w.width for w in column), column[0].function, column[0].label)
        for column in columns
    )


def slice_data(image: ImageRow) -> SliceData:
    """One slice's entry."""
    lut = image.voi_lut
    return SliceData(
        id=image.id,
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
        orientation=image.orientation,
        position=image.position,
        axes=image.axes,
        pixels_url=f"/images/{image.id}/pixels",
        thumbnail_url=f"/images/{image.id}/thumbnail.png",
    )
