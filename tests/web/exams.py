"""An analysed knee exam for the web's tests: stored like an upload, with what a network and two methods said of it."""

import shutil
from pathlib import Path

from app.store import Store
from tests.exams import write_exam_network
from tests.store import exams


def store(store: Store, tmp_path: Path) -> str:
    """A stored exam with its prediction, and the maps of two methods over both stacks; returns the study's id."""
    study_id = exams.store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.answers.save(study_id, exams.exam_answer())
        for seed, method in enumerate(("cam", "lrp")):
            tx.layers.save(study_id, exams.stack_layer(method=method, seed=seed))
            tx.layers.save(study_id, exams.stack_layer(exams.CORONAL, method=method, seed=seed))
    return study_id


def beside(models: Path, folder: Path) -> Path:
    """The networks of every test, and one of exams, in a folder of their own."""
    shutil.copytree(models, folder)
    write_exam_network(folder, phantom=False)
    return folder
