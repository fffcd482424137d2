"""What the store knows of the case that is shown, read in one transaction. Knows the store's rows and cards; no route.

What is computed is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastapi import Request

from app.classifiers.card import Card
from app.counterfactuals import there
from app.domain import NO_FINDING, Plane
from app.store import AnswerRow, ImageRow, InspectionRow, LayerRow, OpinionRow, Transaction, WorklistRow
from app.web import calling, evidence, pages
from app.web.case import choosing, compared, filling, hand, overview, stacks
from app.web.case.page import CasePage, Second
from app.web.case.stacks import Shown
from app.web.wording import Translate


def read(request: Request, study_id: str, image_id: str = "", model: str = "", finding: str = "") -> CasePage:
    """Everything about one case: by default an exam as a whole, or the first film that was read; what the network said that an
    open job names or that read it last, and its most probable finding.

    NotFound for a study, an image or a network that is not there; InputError for a network that does not read what is shown.
    """
    web, reader, directions = pages.of(request), pages.reader(request), pages.directions(request)
    named = web.registry.remembered(model) if model else None
    with web.store.view() as tx:
        study = tx.studies.get(study_id)
        every = tx.stacks.of_study(study_id, earlier=True)
        answers = tx.answers.of_study(study_id)
        verdicts = tx.reviews.of_study(study_id)
        seen = stacks.shown(study, [stack for stack in every if stack.current], answers, image_id, directions)
        cards = choosing.eligible(web.registry, seen)
        mine = choosing.about(answers, seen)
        job = tx.jobs.of_study(study_id)
        able = choosing.on_request(web.registry, seen)
        card = choosing.chosen_card(cards, mine, named, job, able=able, exam=seen.planes)
        guarded = inspection(tx, seen, card)
        stopped = guarded is not None and guarded.inspection.stopped
        said = next((row for row in mine if card and not stopped and row.answer.model == card.name), None)
        shown = choosing.chosen_finding(said, finding)
        planes = choosing.planes(card, seen, said)
        mapped = layers(tx, seen, planes, said, shown)
        found = filling.Found(
            seen=seen,
            planes=planes,
            cards=cards,
            able=able,
            card=card,
            inspection=guarded,
            answer=said,
            finding=shown,
            layers=mapped,
            looked=looked(tx, seen, planes, said, mapped),
            # What was said of maps that are gone stays on the page of flagged maps: others may have taken their place.
            reviews=tuple(row for row in verdicts if row.review.reader == reader and not row.gone),
            layouts=tx.layouts.of_reader(reader),
            job=tx.jobs.of_study(study_id, card.name) if card else job,
            calling=calling.of(request, tx),
            ways={} if said is None or card is None else there.ways(web.registry, card, person=not seen.study.phantom),
        )
        labels = tuple(row for row in tx.cohorts.of_study(study_id) if row.image_id in {None, seen.image and seen.image.id})
        words = tx.regroupings.of_study(study_id)
        said_by_readers = tx.opinions.of_study(study_id)
        others = tx.worklist.of_patient(study_id)
    earlier = choosing.earlier(choosing.before(every, seen), answers, verdicts)
    _ = pages.gettext(request)
    by_hand = hand.of(study, [stack for stack in every if stack.current], words, _)
    whole = visited(judged(page(found, earlier, _), said_by_readers, reader, _), others, _)
    return replace(
        whole,
        labels=labels,
        second=second(found, mine, _),
        directions=directions,
        hand=by_hand,
        pictures=overview.pictures(whole.data, seen, _),
    )


def visited(page: CasePage, others: tuple[WorklistRow, ...], _: Translate) -> CasePage:
    """The page with the patient's other studies, which its panes can show too."""
    visits = overview.visits(page.study.date, others, _)
    data = replace(page.data, visits=overview.visit_data(visits, page.study.patient.name, _))
    return replace(page, visits=visits, data=data)


def inspection(tx: Transaction, seen: Shown, card: Card | None) -> InspectionRow | None:
    """What the guard of a network said of the shown film; guards look at films alone."""
    if seen.planes or seen.image is None or card is None:
        return None
    return next((row for row in tx.inspections.of_image(seen.image.id) if row.inspection.model == card.name), None)


def looked(
    tx: Transaction, seen: Shown, planes: Mapping[Plane, str], answer: AnswerRow | None, mapped: tuple[LayerRow, ...]
) -> tuple[LayerRow, ...]:
    """The layers that may tell what both looks of a network say: those that are shown and those that came with its answer, for
    both looks stand beside every finding, whichever is shown."""
    return mapped if answer is None else (*mapped, *layers(tx, seen, planes, answer, answer.answer.top().finding))


def layers(
    tx: Transaction, seen: Shown, planes: Mapping[Plane, str], answer: AnswerRow | None, finding: str
) -> tuple[LayerRow, ...]:
    """The layers of a finding on the stacks that are open: by the network version that answered, and what other software said
    of the finding, or of none."""
    if answer is None:
        return ()
    version = answer.answer.model_sha256
    rows = (
        row
        for stack in choosing.opened(seen, planes)
        for row in tx.layers.of_stack(stack, model_sha256=version, finding=finding, imported=True, general=True)
    )
    return tuple(row for row in rows if row.values_sha256 and choosing.belongs(row, answer, planes))


def page(found: filling.Found, earlier: int | None, _: Translate) -> CasePage:
    """The page of what was found, in the reader's language."""
    seen, card = found.seen, found.card
    data = filling.build(found, _)
    stopped = found.inspection is not None and found.inspection.inspection.stopped
    none = (
        _("No network here reads this exam. It is stored and can be viewed.")
        if seen.planes
        else _("No network here reads this kind of film. It is stored and can be viewed.")
    )
    image = seen.image or seen.runs[0].images[0]
    return CasePage(
        study=seen.study,
        card=card,
        grid=card is not None and (not stopped or (found.job is not None and found.job.open)),
        why="" if card else none,
        data=data,
        job=data.job if card and choosing.concerns(found.job, card.name, data.finding, read=found.answer is not None) else None,
        earlier=earlier,
        others=seen.others,
        series=next(series for series in seen.study.series if series.id == image.series_id),
        image=image,
        remarks=stacks.remarks(looked_at(found), _),
        points=points(found, _),
        worth=evidence.worth(_),
    )


def judged(page: CasePage, rows: Sequence[OpinionRow], reader: str, _: Translate) -> CasePage:
    """The page with what readers say of the findings, beside what the network calls."""
    prediction = page.data.prediction
    if prediction is None:
        return page
    found = compared.stands(prediction, rows, reader, _)
    return replace(page, opinions=found, choices=compared.choices(_), summed=compared.summed(prediction, found, _))


def points(found: filling.Found, _: Translate) -> Mapping[str, calling.Shown]:
    """From where on each finding is called, what that does, and who says so."""
    card, said = found.card, found.answer.answer if found.answer else None
    if card is None or said is None:
        return {}
    curves, point = calling.curves(card), found.calling.of(said.model, said.model_sha256)
    return {
        score.finding: calling.shown(card, said.model_sha256, point(score.finding), score.finding, curves, _)
        for score in said.scores
    }


def second(found: filling.Found, answers: Sequence[AnswerRow], _: Translate) -> Second | None:
    """What the network says that learned from the same patients as the shown one; None where there is none."""
    card = found.card
    if card is None:
        return None
    other = next((one for one in found.cards if card.name == one.second_to or one.name == card.second_to), None)
    if other is None:
        return None
    row = next((row for row in answers if row.answer.model == other.name), None)
    if row is None:
        return Second(other.name, {})
    point = found.calling.of(other.name, row.answer.model_sha256)
    told = {}
    for score in row.answer.scores:
        at = point(score.finding)
        values = {"network": other.name, "percent": pages.percent(score.probability, at.at)}
        called = score.finding != NO_FINDING and at.calls(score.probability)
        told[score.finding] = (
            _("%(network)s says %(percent)s: called.", **values) if called else _("%(network)s says %(percent)s.", **values)
        )
    return Second(other.name, told)


def looked_at(found: filling.Found) -> tuple[ImageRow, ...]:
    """The images on the screen: the film, or the slices of the stacks that are open."""
    seen = found.seen
    if not seen.planes:
        return (seen.image,) if seen.image else ()
    here = set(found.planes.values())
    return tuple(image for run in seen.runs if run.stack and run.stack.id in here for image in run.images)
