"""Fills the case page's payload: from rows, cards and methods to words and numbers in the reader's language.

Knows the store's rows and the modules beside; no route, no template, no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.classifiers.card import Card
from app.desk import drawn
from app.domain import EXAM_REASONS, READ_PLANES, REASONS, VERDICTS, Plane
from app.evaluation.agreement import DISAGREE
from app.store import AnswerRow, InspectionRow, JobRow, LayerRow, LayoutRow, ReviewRow, StackRow
from app.web import regions
from app.web.calling import Calling
from app.web.case import anatomy, answers, layers, looking, stacks
from app.web.case.payload import CaseData, JobData, LayoutData, StudyData, Urls
from app.web.case.payload_results import ChangeableData, ExplanationData, ReviewData
from app.web.case.stacks import Shown
from app.web.case.wording import strings
from app.web.wording import Translate, label


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the store and the registry know of the case that is shown; `build` puts it into words. ``planes`` names the stack
    that opens for each plane of an exam; ``calling`` has the points from which on findings are called; ``ways`` those to a
    counterfactual by finding; ``looked`` layers that tell what both looks of a network say."""

    seen: Shown
    planes: Mapping[Plane, str]
    cards: tuple[Card, ...]
    able: tuple[Card, ...]
    card: Card | None
    inspection: InspectionRow | None
    answer: AnswerRow | None
    finding: str
    layers: tuple[LayerRow, ...]
    reviews: tuple[ReviewRow, ...]
    layouts: tuple[LayoutRow, ...]
    job: JobRow | None
    calling: Calling
    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked: tuple[LayerRow, ...] = ()


def build(found: Found, _: Translate) -> CaseData:
    """The tree for one case, what is shown of it, one network and one finding."""
    seen, card, answer = found.seen, found.card, found.answer
    study, film = seen.study, seen.film
    here = {stack.id: stack for stack in seen.stacks}
    named = layers.named(card, found.layers, found.finding)
    open_runs = set(found.planes.values()) if seen.planes else {series.id for series in seen.series}
    return CaseData(
        study=StudyData(study.id, study.phantom, study.state),
        arrangement=seen.arrangement,
        image=seen.image.id if seen.image else "",
        stack=film.id if film else "",
        planes={name: found.planes.get(name, "") for name in READ_PLANES} if seen.planes else {},
        stacks=stacks.told(seen, open_runs, _),
        models=answers.models(found.cards, found.able, card, _),
        model=card.name if card else "",
        banner=_(card.banner) if card else "",
        inspection=answers.inspection_data(found.inspection, _) if found.inspection else None,
        anatomy=None if seen.planes else anatomy.of(found.layers, seen.image, _),
        looks=looking.looks(found.looked, answer.answer.model if answer else ""),
        prediction=answers.prediction_data(answer, card, found.calling, _, exam=seen.planes) if answer and card else None,
        finding=found.finding,
        methods=layers.methods(card, named, _),
        more=layers.more(card, named, _),
        changeable=tuple(
            ChangeableData(name, label(name, _), ways, (-1,) if seen.planes else (-1, 1)) for name, ways in found.ways.items()
        ),
        explanations=explanations(found, named, _),
        reviews=tuple(
            review_data(row, here[row.stack_id], found.finding, named) for row in found.reviews if row.stack_id in here
        ),
        layouts=tuple(layout_data(row) for row in found.layouts),
        job=job_data(found.job, _) if found.job else None,
        disagree=DISAGREE,
        verdicts=VERDICTS,
        reasons=reasons(found),
        urls=Urls.of(study.id),
        strings=strings(_),
    )


def reasons(found: Found) -> tuple[str, ...]:
    """Why a map may be called wrong on what is shown; what was said before stays among them."""
    usual = EXAM_REASONS if found.seen.planes else REASONS
    return tuple(dict.fromkeys((*usual, *(row.review.reason for row in found.reviews if row.review.reason))))


def explanations(found: Found, named: layers.Named, _: Translate) -> tuple[ExplanationData, ...]:
    """The layers of the shown stacks for the shown finding, in the order of the methods."""
    opens: dict[str, int] = {}
    for stack in found.seen.stacks if found.seen.planes else ():
        part = found.answer.answer.part(stack.fingerprint) if found.answer else None
        at = part.opens_at(found.finding) if part else None
        opens[stack.id] = len(stack.images) // 2 if at is None else at
    said, answer = found.answer, found.answer.answer if found.answer else None
    score = answer.score(found.finding) if answer else None
    return tuple(
        layers.layer_data(
            name,
            replace(row, evidence=found.calling.lies(row, score.probability if score else None)),
            found.finding,
            opens.get(row.stack_id),
            drawn.known(row, row.width, found.card, answer, drawn.plane(said, row.stack_id)),
            _,
        )
        for name, row in named
    )


def review_data(row: ReviewRow, stack: StackRow, finding: str, named: layers.Named = ()) -> ReviewData:
    """A verdict's entry, under the name that its layer has on the page; one on a layer that is about no finding stands under
    the one that is shown."""
    review = row.review
    drawn = {stack.images[place]: regions.data(region) for place, region in review.regions.items()}
    method = next((name for name, layer in named if layer.id == row.layer_id), row.method)
    return ReviewData(
        id=row.id,
        stack=row.stack_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=method,
        finding=row.finding or finding,
        verdict=review.verdict,
        reason=review.reason,
        comment=review.comment,
        regions={image: region.shapes for image, region in drawn.items() if region} or None,
        measures={name: regions.localised(figures) for name, figures in review.localisations.items()},
        created_at=review.created_at.isoformat(),
        doubtful=row.doubtful,
    )


def doing(job: JobRow, _: Translate) -> str:
    """What a job is doing, in words."""
    return _(job.what, **{name: _(str(value)) for name, value in job.what_values.items()})


def layout_data(row: LayoutRow) -> LayoutData:
    """One saved layout's entry."""
    told = row.layout
    return LayoutData(row.id, told.name, told.rows, told.columns, told.layers, told.own, told.last, told.opens)


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
        stack=job.stack_id or "",
        model=job.model or "",
        finding=job.finding or "",
    )
