"""What a case shows of all that was said of it: which network, answer and finding, and which stack opens for each plane.

One rule for films and exams: it works on the stacks that are shown, the one of a film or all of an exam. Knows rows and cards;
no store, no words.
"""

from collections.abc import Mapping, Sequence, Set

from app.classifiers.card import Card
from app.classifiers.members import preferred
from app.classifiers.registry import Registry, covers
from app.counterfactuals.kept import is_kept
from app.domain import READ_PLANES, Plane
from app.errors import InputError
from app.stacks import chosen
from app.store import AnswerRow, JobRow, LayerRow, ReviewRow, StackRow
from app.web.case.stacks import Shown

NOT_THIS_EXAM = "The network “%(name)s” does not read this exam."
NOT_THIS_FILM = "The network “%(name)s” does not read this kind of film."


def eligible(registry: Registry, seen: Shown) -> tuple[Card, ...]:
    """The networks that may read what is shown, the best choice first."""
    study = seen.study
    return tuple(card for card in registry.ranked(study) if any(covers(card, study, series) for series in seen.series))


def on_request(registry: Registry, seen: Shown) -> tuple[Card, ...]:
    """Those that read it when a reader chooses them, though nothing in its header speaks for them."""
    mine = eligible(registry, seen)
    others = (card for card in registry.ranked(seen.study) if card not in mine)
    return tuple(card for card in others if registry.asked(card, seen.study, seen.series))


def about(answers: Sequence[AnswerRow], seen: Shown) -> list[AnswerRow]:
    """The answers about the shown stacks as they are now, and nothing else; the newest first."""
    here = {stack.id for stack in seen.stacks}
    mine = [row for row in answers if row.current and set(row.stacks) <= here]
    return sorted(mine, key=lambda row: row.created_at, reverse=True)


def chosen_card(
    cards: Sequence[Card],
    answers: Sequence[AnswerRow],
    named: Card | None,
    job: JobRow | None,
    *,
    able: Sequence[Card],
    exam: bool,
) -> Card | None:
    """The network that was named, if it is one of those that are ``able`` to read what is shown, or has read it; else the one
    that the study's open job names; else of those that read it one that is chosen by itself, and the one that did so last; else
    the one that an ended job names; else the default.
    InputError for one that does not."""
    by_name = {card.name: card for card in cards}
    read_by = [row.answer.model for row in answers]
    if named is not None:
        if named not in able and named.name not in by_name and named.name not in read_by:
            raise InputError(NOT_THIS_EXAM if exam else NOT_THIS_FILM, {"name": named.name})
        return named
    asked = [job.model] if job and job.model else []
    # What the worklist shows is what the network said that reads by itself: a row opens what it tells, whoever else read it.
    usual = sorted(read_by, key=lambda name: name not in by_name or not by_name[name].default)
    for name in [*asked, *usual] if job is not None and job.open else [*usual, *asked]:
        if name in by_name:
            return by_name[name]
    return next((card for card in cards if card.default), cards[0] if cards else None)


def chosen_finding(row: AnswerRow | None, finding: str) -> str:
    """The finding that was asked for, if the network knows it; else its most probable one; "" without an answer."""
    if row is None:
        return ""
    return finding if row.answer.score(finding) else row.answer.top().finding


def planes(card: Card | None, seen: Shown, answer: AnswerRow | None) -> Mapping[Plane, str]:
    """The stack that opens for each plane of an exam, by its id: the one that the network reads, and what its answer is about;
    without a network any of that plane. Empty in a grid."""
    if not seen.planes:
        return {}
    series = {one.id: one for one in seen.study.series}
    fitting = [one for one in seen.stacks if card is None or covers(card, seen.study, series[one.series_id])]
    wanted: Mapping[Plane, tuple[str, ...]] = preferred(card.members) if card else {}
    found = chosen(fitting, {name: wanted.get(name, ()) for name in READ_PLANES})
    opened = {plane: stack.id for plane, stack in found.items()}
    here = {stack.id for stack in seen.stacks}
    for stack_id, part in zip(answer.stacks, answer.answer.parts, strict=True) if answer else ():
        # A stack that has been corrected since stands in one pane, as what it is now.
        if stack_id in here and stack_id not in opened.values():
            opened[part.plane] = stack_id
    return opened


def concerns(job: JobRow | None, model: str, finding: str, *, read: bool) -> bool:
    """Whether a job has to do with what is shown: one that failed is nothing to a network that another one's analysis broke off
    beside (``read``: it has read what is shown), nor to another finding's maps. An open one always has."""
    if job is None or job.state not in {"failed", "cancelled"}:
        return True
    if job.model not in {None, model}:
        return False
    return job.finding == finding if job.kind == "explain" else not read or job.model == model


def opened(seen: Shown, by_plane: Mapping[Plane, str]) -> tuple[str, ...]:
    """The ids of the stored stacks that lie on the screen: one per plane in their order, or the film's."""
    return tuple(by_plane[plane] for plane in READ_PLANES if plane in by_plane) or tuple(
        stack.id for stack in seen.stacks if not seen.planes
    )


def belongs(row: LayerRow, answer: AnswerRow, by_plane: Mapping[Plane, str]) -> bool:
    """Whether a layer is of what is shown: other software's, of a network that stands beside, or by the one that answered, of a
    stack that it read as what it opens as."""
    if row.producer.kind in {"import", "network"} and not is_kept(row.producer):
        return True
    read_as = {stack: part.plane for stack, part in zip(answer.stacks, answer.answer.parts, strict=True)}
    plane = read_as.get(row.stack_id)
    return row.model == answer.answer.model and (not by_plane or (plane is not None and by_plane.get(plane) == row.stack_id))


def earlier(before: Set[str], answers: Sequence[AnswerRow], verdicts: Sequence[ReviewRow]) -> int | None:
    """How many verdicts, of whatever reader, lie on earlier states of the series; None where not even a network said anything
    of them."""
    judged = sum(row.stack_id in before for row in verdicts)
    return judged if judged or any(not before.isdisjoint(row.stacks) for row in answers) else None


def before(every: Sequence[StackRow], seen: Shown) -> Set[str]:
    """The earlier states of the shown series' stacks, by their ids."""
    here = {series.id for series in seen.series}
    return {stack.id for stack in every if not stack.current and stack.series_id in here}
