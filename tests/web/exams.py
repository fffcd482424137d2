"""An analysed knee exam for the web's tests: stored like an upload, with what a network and two methods said of it."""

from pathlib import Path

from app.store import Store
from tests.store import exams


def store(store: Store, tmp_path: Path) -> str:
    """A stored exam with its prediction, and the maps of two methods over both stacks; returns the study's id."""
    study_id = exams.store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.exams.save_prediction(study_id, exams.exam_prediction())
        for seed, method in enumerate(("cam", "lrp")):
            tx.exams.save_explanation(study_id, exams.stack_explanation(method=method, seed=seed))
            tx.exams.save_explanation(study_id, exams.stack_explanation(exams.CORONAL, "coronal", method=method, seed=seed))
    return study_id
