"""Correcting stacks: what a reader says they are, where headers are wrong, and which slices are one stack."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.classifiers.registry import Registry
from app.errors import InputError
from app.stacks import STACKED, RegroupingKind, cannot_join, parted, widest_gap
from app.store import CorrectionRow, ImageRow, RegroupingRow, StackRow, Store, Transaction

NOT_NOW = "This stack is an earlier state of its series. Split or join the stacks that there are now."
NO_STACK = "Only slices of MR are stacks that can be split or joined: other images are read one by one."
TWO_STACKS = "Joining takes two different stacks or more."
ONE_STACK = "Splitting takes one stack."
NO_SUCH_SLICE = "This stack has no such slice."
FIRST_SLICE = "A stack is split before one of its slices, and before its first there is none."
NOT_PUT_TOGETHER = "The headers of these slices say that they belong together. Split the stack at a slice instead."


@dataclass(frozen=True, slots=True)
class Wish:
    """How a reader wants stacks of a study, given by their ids or old names, to be: the one split before the ``image``, several
    joined, or the one as the headers alone have its slices ("single")."""

    kind: RegroupingKind
    stacks: tuple[str, ...]
    image: str = ""


def correct(store: Store, registry: Registry, study_id: str, stack: str, correction: CorrectionRow) -> tuple[StackRow, bool]:
    """Keep what a reader says of a stack, given by its id or its old name; the stack as it is then, and whether networks are to
    read the study again because of that. NotFound for a stack that the study does not have."""
    with store.begin(study_id) as tx:
        row = tx.stacks.find(study_id, stack)
        changed = tx.stacks.correct(row.id, correction)
        again = changed and _again(tx, registry, study_id)
        return tx.stacks.get(row.id), again


def regroup(store: Store, registry: Registry, study_id: str, wish: Wish, reader: str) -> tuple[RegroupingRow, bool]:
    """Split or join stacks as a reader says, and keep who said so. What was said of the stacks before stays with them, as an
    earlier state of their series. The word, and whether networks are to read the study again.

    NotFound for a stack that the study does not have; InputError for what cannot be split or joined, with the reason.
    """
    with store.begin(study_id) as tx:
        images = _named(tx, study_id, wish)
        row = tx.regroupings.add(study_id, wish.kind, images, reader)
        again = _again(tx, registry, study_id)
    store.arrange(study_id)
    return row, again


def gap(store: Store, study_id: str, wish: Wish) -> tuple[float, float] | None:
    """What is missing between stacks that a reader wants to join: the widest distance that they leave between one another, and
    the usual one of their slices, mm; None where nothing is. NotFound; InputError for what cannot be joined."""
    with store.view() as tx:
        found = _groups(tx, study_id, wish)
    _joined(found)
    return widest_gap(found)


def take_back(store: Store, registry: Registry, study_id: str, regrouping: str, reader: str) -> tuple[RegroupingRow, bool]:
    """Take a split or a join back, whoever said it: the stacks are what they were before, with all that was said of them. The
    word, and whether networks are to read the study again. NotFound."""
    with store.begin(study_id) as tx:
        before = tx.regroupings.get(study_id, regrouping)
        row = tx.regroupings.withdraw(study_id, regrouping, reader)
        again = before.withdrawn_at is None and _again(tx, registry, study_id)
    store.arrange(study_id)
    return row, again


def _again(tx: Transaction, registry: Registry, study_id: str) -> bool:
    """Ask for a study's analysis where a network reads any of it; whether one does."""
    outline = tx.studies.get(study_id).outline()
    wanted = any(registry.choose(outline, series) is not None for series in outline.series)
    if wanted:
        tx.jobs.analyse(study_id, priority=10)
    return wanted


def _named(tx: Transaction, study_id: str, wish: Wish) -> tuple[str, ...]:
    """The images that stand for what a reader wants; InputError where that cannot be."""
    found = _groups(tx, study_id, wish)
    if wish.kind == "join":
        return _joined(found)
    if len(found) != 1:
        raise InputError(ONE_STACK)
    (slices,) = found
    return _split(slices, wish.image) if wish.kind == "split" else _single(slices)


def _groups(tx: Transaction, study_id: str, wish: Wish) -> list[list[ImageRow]]:
    """The slices of the stacks that a reader names; InputError for one that is none of MR, or none any more."""
    study = tx.studies.get(study_id)
    known = {image.id: image for image in study.images}
    stacked = {series.id for series in study.series if series.modality in STACKED}
    rows = {row.id: row for row in (tx.stacks.find(study_id, name) for name in wish.stacks)}
    for row in rows.values():
        if row.series_id not in stacked:
            raise InputError(NO_STACK)
        if not row.current:
            raise InputError(NOT_NOW)
    return [[known[image] for image in row.images] for row in rows.values()]


def _joined(stacks: Sequence[Sequence[ImageRow]]) -> tuple[str, ...]:
    if len(stacks) < 2:
        raise InputError(TWO_STACKS)
    if why := cannot_join(stacks):
        raise InputError(why)
    return tuple(slices[0].id for slices in stacks)


def _split(slices: Sequence[ImageRow], image: str) -> tuple[str, ...]:
    if image not in {one.id for one in slices}:
        raise InputError(NO_SUCH_SLICE)
    if image == slices[0].id:
        raise InputError(FIRST_SLICE)
    return (image,)


def _single(slices: Sequence[ImageRow]) -> tuple[str, ...]:
    if len(parted(slices)) < 2:
        raise InputError(NOT_PUT_TOGETHER)
    return (slices[0].id,)
