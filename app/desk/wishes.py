"""Asking for what networks and methods say: an analysis, the maps of a finding. What is asked for becomes a job.

One rule for pages, scripts and the command line: what is there already is not computed again, and the answer says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app import explainers
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.errors import InputError
from app.store import AnswerRow, JobRow, SeriesRow, StackRow, Store, StudyRow, Transaction


class Waker(Protocol):
    """What wakes a worker."""

    def __call__(self) -> None:
        """Look for a job now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish: ``job`` computes it, or, when ``due`` is False, everything is there and ``job`` is the study's
    last one, if any."""

    due: bool
    job: JobRow | None


def analysis(
    store: Store, registry: Registry, study_id: str, *, model: str = "", insist: bool = False, again: bool = False
) -> Asked:
    """Ask for a study's answers and the maps of its top finding, by one network or by those that read it by themselves; with
    ``insist`` even of what a guard refuses.

    Without ``again``, a network whose present version has answered about all that it reads is not asked once more. NotFound for
    a study or a network there is not; InputError for a network that reads nothing of it.
    """
    card = registry.card(model) if model else None
    with store.view() as tx:
        study = tx.studies.get(study_id)
        if card is not None:
            readable(registry, card, study)
        due = again or insist or card is None or not answered(tx, study, card)
        last = tx.jobs.of_study(study_id, card.name if card else "")
    if not due:
        return Asked(due=False, job=last)
    with store.begin(study_id) as tx:
        return Asked(due=True, job=tx.jobs.analyse(study_id, model=card.name if card else None, priority=10, insist=insist))


def maps(
    store: Store,
    registry: Registry,
    study_id: str,
    *,
    model: str,
    finding: str,
    stack_id: str = "",
    methods: Sequence[str] = (),
) -> Asked:
    """Ask for the maps of one finding by one network, of one stack or of all that it has read: by some methods or variants of
    them, or by those that the network opens with where none is named.

    NotFound for a study, a stack, a network or a method there is not; InputError for a network that does not read it, or a
    finding that it does not know.
    """
    card = registry.card(model)
    known(card, finding)
    wanted = tuple(dict.fromkeys(explainers.describe(method).name for method in methods))
    with store.view() as tx:
        study = tx.studies.get(study_id)
        stack = tx.stacks.get(stack_id) if stack_id else None
        readable(registry, card, study, stack)
        due = lacking(tx, study_id, card, finding, stack=stack, methods=wanted or explainers.panel(card))
        last = tx.jobs.of_study(study_id, card.name)
    if not due:
        return Asked(due=False, job=last)
    with store.begin(study_id) as tx:
        job = tx.jobs.explain(study_id, card.name, finding, stack_id=stack_id or None, methods=wanted)
        return Asked(due=True, job=job)


def known(card: Card, finding: str) -> None:
    """InputError for a finding that a network does not know."""
    if finding not in card.findings:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": card.name, "finding": finding}
        )


def readable(registry: Registry, card: Card, study: StudyRow, stack: StackRow | None = None) -> tuple[SeriesRow, ...]:
    """The series of a study that a network reads; InputError where there is none, or not the one of the stack."""
    outline = study.outline()
    mine = [series for series in study.series if stack is None or series.id == stack.series_id]
    fitting = registry.asked(card, outline, mine)
    if not fitting:
        sentence = (
            "The network “%(name)s” does not read this exam."
            if card.kind == "exam"
            else "The network “%(name)s” does not read this kind of film."
        )
        raise InputError(sentence, {"name": card.name})
    return fitting


def newest(answers: Sequence[AnswerRow], card: Card) -> dict[tuple[str, ...], AnswerRow]:
    """The answers of a network's present version about stacks as they are now, by the stacks."""
    mine = [row for row in answers if row.current and row.answer.model == card.name]
    return {row.stacks: row for row in reversed(mine) if row.answer.model_sha256 == card.sha256}


def answered(tx: Transaction, study: StudyRow, card: Card) -> bool:
    """Whether a network's present version has said all that it has to say of a study."""
    rows = newest(tx.answers.of_study(study.id), card)
    if card.kind == "exam":
        return bool(rows)
    read = {stack for stacks in rows for stack in stacks}
    stopped = {row.image_id for row in tx.inspections.of_study(study.id) if row.inspection.model == card.name}
    films = [stack for stack in tx.stacks.of_study(study.id) if len(stack.images) == 1]
    series = {series.id for series in study.series}
    return bool(films) and all(s.id in read or s.images[0] in stopped for s in films if s.series_id in series)


def lacking(
    tx: Transaction, study_id: str, card: Card, finding: str, *, stack: StackRow | None, methods: Sequence[str]
) -> bool:
    """Whether one of these methods' maps of a finding is missing by a network's present version, of a stack or of all that it
    has read."""
    rows = newest(tx.answers.of_study(study_id), card).values()
    stacks = [
        stack_id
        for row in rows
        for stack_id, part in zip(row.stacks, row.answer.parts, strict=True)
        if (stack is None or stack_id == stack.id) and (not part.plane or part.of_slices(finding))
    ]
    return not stacks or bool(tx.layers.missing(stacks, card.sha256, finding, methods))
