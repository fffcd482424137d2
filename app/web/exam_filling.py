"""Fills the exam page's payload: from rows, stacks, cards and methods to words and numbers in the reader's language.

Knows the store's rows, the stacks and the cards; no route, no template, no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from app.classifiers.card import Card
from app.domain import READ_PLANES, REASONS, VERDICTS, Answer, Part, Plane
from app.store import AnswerRow, ImageRow, JobRow, LayerRow, ReviewRow, SeriesRow, StackRow, StudyRow
from app.web import filling, reviews
from app.web.exam_payload import ExamData, ExamPredictionData, PlaneData, SaidData, SliceData, StackData, StackExplanationData
from app.web.exam_wording import plane, strings, titled
from app.web.payload import LutData, ScoreData, StudyData, Urls, WindowData
from app.web.wording import Translate, label, state_text


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the exam that is shown; `build` puts it into words."""

    study: StudyRow
    stacks: tuple["Seen", ...]
    read: Mapping[Plane, str]
    cards: tuple[Card, ...]
    card: Card | None
    answer: AnswerRow | None
    finding: str
    layers: tuple[LayerRow, ...]
    reviews: tuple[ReviewRow, ...]
    job: JobRow | None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A stack with its series and its images."""

    series: SeriesRow
    stack: StackRow
    images: tuple[ImageRow, ...]

    @property
    def frame(self) -> str:
        """Frame of Reference UID (0020,0052); empty where none of the slices says one."""
        return max(image.frame_of_reference_uid for image in self.images)


def seen(study: StudyRow, stacks: Sequence[StackRow]) -> tuple[Seen, ...]:
    """Stacks of a study with what they are made of, in the same order."""
    series = {one.id: one for one in study.series}
    images = {image.id: image for image in study.images}
    return tuple(Seen(series[one.series_id], one, tuple(images[image] for image in one.images)) for one in stacks)


def build(found: Found, _: Translate) -> ExamData:
    """The tree for one exam, one network and one finding."""
    stacks = {one.stack.id: one for one in found.stacks}
    shown = dict(found.read)
    parts = tuple(zip(found.answer.stacks, found.answer.answer.parts, strict=True)) if found.answer else ()
    for stack_id, part in parts:
        # A stack that has been corrected since stands in one pane, as what it is now.
        if stack_id in stacks and stack_id not in shown.values():
            shown[part.plane] = stack_id
    frames = dict.fromkeys(one.frame for one in found.stacks if one.frame)
    spaces = {frame: str(number) for number, frame in enumerate(frames, start=1)}
    return ExamData(
        study=StudyData(found.study.id, found.study.phantom, found.study.state),
        stacks=tuple(
            stack_data(one, used=one.stack.id in shown.values(), space=spaces.get(one.frame, ""), _=_)
            for one in ordered(found.stacks)
        ),
        planes={name: shown.get(name, "") for name in READ_PLANES},
        models=filling.models(found.cards, found.card, _),
        model=found.card.name if found.card else "",
        banner=_(found.card.banner) if found.card and found.card.banner else "",
        prediction=prediction_data(found.answer, found.card, stacks, _) if found.answer and found.card else None,
        finding=found.finding,
        methods=filling.methods(found.card, found.layers, _),
        explanations=tuple(
            layer_data(row, _)
            for row in filling.in_panes(found.card, found.layers)
            # What an earlier reading left of a stack that is no longer read belongs to no answer on the page.
            if row.stack_id in shown.values() and belongs(row, parts, shown)
        ),
        reviews=tuple(reviews.sliced(row, stacks[row.stack_id].stack) for row in found.reviews if row.stack_id in stacks),
        job=filling.job_data(found.job, "", _) if found.job else None,
        verdicts=VERDICTS,
        reasons=REASONS,
        urls=Urls.of_exam(found.study.id),
        strings=strings(_),
    )


def belongs(row: LayerRow, parts: Sequence[tuple[str, Part]], shown: Mapping[Plane, str]) -> bool:
    """Whether a layer is of the reading that is shown: its stack was read as the plane that it opens in."""
    planes = {stack_id: part.plane for stack_id, part in parts}
    return row.producer.kind != "method" or shown.get(planes.get(row.stack_id, "")) == row.stack_id


def ordered(found: Sequence[Seen]) -> list[Seen]:
    """The stacks as readers look for them: by plane, localizers last."""
    places = {name: place for place, name in enumerate(READ_PLANES)}
    return sorted(found, key=lambda one: (one.stack.localizer, places.get(one.stack.plane, len(places))))


def stack_data(one: Seen, *, used: bool, space: str, _: Translate) -> StackData:
    """One stack's entry."""
    series, stack, said = one.series, one.stack, one.stack.correction
    name = titled(plane(stack.plane, _))
    title = " ".join(filter(None, (name, stack.weighting)))
    count = _("%(n)s slices", n=len(one.images))
    kind = _("localizer") if stack.localizer else ""
    return StackData(
        id=stack.id,
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
        windows=windows(one.images),
        oddities=tuple(_(odd.template, **odd.values) for odd in stack.oddities),
        images=tuple(slice_data(image) for image in one.images),
        space=space,
    )


def prediction_data(row: AnswerRow, card: Card, stacks: Mapping[str, Seen], _: Translate) -> ExamPredictionData:
    """An answer with its findings in the reader's language, in the network's order."""
    said = row.answer
    parts = zip(row.stacks, said.parts, strict=True)
    return ExamPredictionData(
        id=row.id,
        model=said.model,
        title=_(card.title),
        model_sha256=said.model_sha256,
        device=said.device,
        seconds=said.seconds,
        scores=tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in said.scores),
        planes=tuple(plane_data(said, part, stack_id, _) for stack_id, part in parts if stack_id in stacks),
        missing=tuple(plane(name, _) for name in said.missing),
    )


def plane_data(said: Answer, part: Part, stack: str, _: Translate) -> PlaneData:
    """What one plane said; of findings that its part of the network does not answer it has no slice scores."""
    answered = {score.finding: part.of_slices(score.finding) for score in part.scores if part.of_slices(score.finding)}
    return PlaneData(
        stack=stack,
        plane=part.plane,
        name=plane(part.plane, _),
        scores=tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in part.scores),
        contributions=dict(zip((score.finding for score in said.scores), part.contributions, strict=True)),
        slice_scores=answered,
        opens={name: part.opens_at(name) or 0 for name in answered},
    )


def layer_data(row: LayerRow, _: Translate) -> StackExplanationData:
    """One layer of a stack."""
    return StackExplanationData(
        id=row.id,
        stack=row.stack_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        kind=row.kind,
        scale=row.scale,
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
        values_url=f"/layers/{row.id}/values?v={(row.values_sha256 or '')[:12]}",
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
