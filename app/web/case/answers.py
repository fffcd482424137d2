"""What networks and their guards said of what is shown, for the page, in the reader's language. Knows rows and cards."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.classifiers.card import Card
from app.domain import Answer, OperatingPoint, Part, Score
from app.evaluation.agreement import weight
from app.store import AnswerRow, InspectionRow
from app.web.calling import Calling
from app.web.case.payload_results import InspectionData, ModelData, PartData, PredictionData, ScoreData
from app.web.wording import Translate, label, plane


def models(cards: Sequence[Card], able: Sequence[Card], chosen: Card | None, _: Translate) -> tuple[ModelData, ...]:
    """The networks to choose from; those that nothing in the header speaks for come last."""
    listed = [ModelData(card.name, _(card.title), eligible=True) for card in cards]
    listed += [ModelData(card.name, _(card.title), eligible=False) for card in able]
    if chosen and chosen.name not in {card.name for card in (*cards, *able)}:
        listed.append(ModelData(chosen.name, _(chosen.title), eligible=False))
    return tuple(listed)


def prediction_data(row: AnswerRow, card: Card, points: Calling, _: Translate, *, exam: bool) -> PredictionData:
    """An answer with its findings: an exam's in the network's order, a film's with the most probable first; each with whether
    it is called, by the ``points`` of whoever reads."""
    said = row.answer
    ordered = said.scores if exam else sorted(said.scores, key=lambda score: -score.probability)
    return PredictionData(
        id=row.id,
        model=said.model,
        title=_(card.title),
        model_sha256=said.model_sha256,
        device=said.device,
        seconds=said.seconds,
        banner=_(card.banner),
        scores=called(ordered, points.of(said.model, said.model_sha256), _),
        parts=tuple(part_data(said, part, stack, _) for stack, part in zip(row.stacks, said.parts, strict=True)),
        missing=tuple(plane(name, _) for name in said.missing),
    )


def scores(said: Sequence[Score], _: Translate) -> tuple[ScoreData, ...]:
    """Findings with their names for reading."""
    return tuple(ScoreData(s.finding, label(s.finding, _), s.probability, s.logit) for s in said)


def called(said: Sequence[Score], points: Callable[[str], OperatingPoint], _: Translate) -> tuple[ScoreData, ...]:
    """Findings with what comes of their probabilities."""
    return tuple(
        replace(
            one,
            called=point.calls(one.probability),
            point=point.at,
            card=point.card,
            moved=point.moved is not None,
            weighs=weight(one.probability, OperatingPoint(point.card).at) > 0,
        )
        for one in scores(said, _)
        for point in (points(one.finding),)
    )


def part_data(said: Answer, part: Part, stack: str, _: Translate) -> PartData:
    """What was said of one stack. A film is the whole; a plane has no slice scores of findings that its part of the network
    does not answer."""
    if not part.plane:
        return PartData(stack, "", "", scores(part.scores, _), {}, {}, {}, {})
    answered = {score.finding: part.of_slices(score.finding) for score in part.scores if part.of_slices(score.finding)}
    return PartData(
        stack=stack,
        plane=part.plane,
        name=plane(part.plane, _),
        scores=scores(part.scores, _),
        contributions=dict(zip((score.finding for score in said.scores), part.contributions, strict=True)),
        slice_scores=answered,
        slice_weights={name: weights for name in answered if (weights := part.weights_of(name))},
        opens={name: part.opens_at(name) or 0 for name in answered},
    )


def inspection_data(row: InspectionRow, _: Translate) -> InspectionData:
    """What the guard said, in the reader's language."""
    said = row.inspection
    return InspectionData(
        guard=said.guard,
        verdict=said.verdict,
        reasons=tuple(_(reason) for reason in said.reasons),
        stopped=said.stopped,
        insisted=said.insisted,
        remarks=tuple(_(remark) for remark in said.remarks),
        field=said.field,
    )
