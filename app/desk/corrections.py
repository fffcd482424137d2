"""Correcting a stack: what a reader says it is, where its header is wrong."""

from app.classifiers.registry import Registry
from app.store import CorrectionRow, StackRow, Store


def correct(store: Store, registry: Registry, study_id: str, stack: str, correction: CorrectionRow) -> tuple[StackRow, bool]:
    """Keep what a reader says of a stack, given by its id or its old name; the stack as it is then, and whether networks are to
    read the study again because of that. NotFound for a stack that the study does not have."""
    with store.begin(study_id) as tx:
        row = tx.stacks.find(study_id, stack)
        changed = tx.stacks.correct(row.id, correction)
        study = tx.studies.get(study_id)
        outline = study.outline()
        again = changed and any(registry.choose(outline, series) is not None for series in outline.series)
        if again:
            tx.jobs.analyse(study_id, priority=10)
        return tx.stacks.get(row.id), again
