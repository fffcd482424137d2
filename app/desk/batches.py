"""Having a selection of studies read by one network: a batch of the wishes that each of them could be asked for alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.desk import wishes
from app.errors import AppError, InputError, NotFound
from app.store import Batch, Store, Transaction, Wanted

MOST = 2000
"""Studies that one batch may have: what is asked for within seconds."""
AT_ONCE = 64
"""Studies that are asked for in one transaction, while other writers wait."""
PRIORITY = -1
"""After what was just sent in: nobody sits before the one or the other study of many."""
AGAIN = ("failed", "cancelled")
"""The states of what a batch did not come to."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to become of a study: ``due`` where the network reads it and has not yet; why it does not."""

    study_id: str
    due: bool
    error: AppError | None = None


def ask(store: Store, registry: Registry, model: str, studies: Sequence[str], origin: str = "") -> Batch:
    """Have a network read studies, each as `wishes.analysis` asks for it: what it has read already is not read again, and what
    it does not read says why, beside the others.

    NotFound for a network, or a study, there is not; InputError for no study, or more than a batch may have.
    """
    card = registry.card(model)
    wished = tuple(dict.fromkeys(studies))
    if not wished:
        raise InputError("No study was chosen.")
    if len(wished) > MOST:
        raise InputError("A batch has at most %(most)s studies: choose fewer, with filters.", {"most": MOST})
    with store.view() as tx:
        if len(tx.worklist.titles(wished)) < len(wished):
            raise NotFound("There is no such study, or it was removed.")
    with store.begin() as tx:
        batch_id = tx.batches.begin(card.name, origin)
    for start in range(0, len(wished), AT_ONCE):
        with store.view() as tx:
            some = wished[start : start + AT_ONCE]
            said = tx.worklist.said(some, card.name)
            found = [_looked_at(tx, registry, card, study_id, said=study_id in said) for study_id in some]
        with store.begin() as tx:
            tx.batches.put(batch_id, start, _wanted(tx, card, batch_id, found))
    with store.view() as tx:
        return tx.batches.get(batch_id)


def rest(store: Store, registry: Registry, batch_id: str) -> Batch:
    """Ask once more for what a batch did not come to, because it failed or was stopped. NotFound, also for a network that is
    not here any more; InputError where there is nothing left."""
    with store.view() as tx:
        batch = tx.batches.get(batch_id)
        left = [one.study_id for one in tx.batches.studies(batch_id) if one.state in AGAIN]
    return ask(store, registry, batch.model, left, batch.origin)


def stop(store: Store, batch_id: str) -> Batch:
    """Take back what of a batch still waits or runs, what comes last first, so that none is begun meanwhile. NotFound."""
    left = True
    while left:
        with store.begin() as tx:
            left = tx.batches.stop(batch_id, AT_ONCE)
    with store.view() as tx:
        return tx.batches.get(batch_id)


def _looked_at(tx: Transaction, registry: Registry, card: Card, study_id: str, *, said: bool) -> _Found:
    """``said``: some version of the network has said something of it, so that the present one may have."""
    try:
        study = tx.studies.get(study_id)
        wishes.readable(registry, card, study)
    except (InputError, NotFound) as error:
        return _Found(study_id, due=False, error=error)
    return _Found(study_id, due=not (said and wishes.answered(tx, study, card)))


def _wanted(tx: Transaction, card: Card, batch_id: str, found: Sequence[_Found]) -> list[Wanted]:
    """What is put into the batch; what was removed meanwhile is not."""
    there = tx.worklist.titles([one.study_id for one in found])
    since = tx.batches.get(batch_id).created_at
    wanted = []
    for one in found:
        if one.study_id not in there:
            continue
        if one.error is not None:
            wanted.append(Wanted(one.study_id, error_template=one.error.template, error_values=one.error.values))
        elif not one.due:
            wanted.append(Wanted(one.study_id))
        else:
            job = tx.jobs.analyse(one.study_id, model=card.name, priority=PRIORITY)
            wanted.append(Wanted(one.study_id, job.id, own=job.created_at >= since))
    return wanted
