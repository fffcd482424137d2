"""An analysed knee exam for the web's tests: stored like an upload, with what a network and two methods said of it."""

import shutil
from itertools import product
from pathlib import Path

from app.store import Store
from tests.exams import write_exam_network
from tests.store import exams

READER = "knee-test"
"""The network of exams that `beside` puts to the others."""


def store(store: Store, tmp_path: Path, model: str = "knee") -> str:
    """A stored exam with a network's prediction, and the maps of two methods over both stacks; returns the study's id."""
    study_id = exams.store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.answers.save(study_id, exams.exam_answer(model=model))
        for seed, (method, uid) in enumerate(product(("cam", "lrp"), (exams.SAGITTAL, exams.CORONAL))):
            tx.layers.save(study_id, exams.stack_layer(uid, method=method, model=model, seed=seed))
    return study_id


def beside(models: Path, folder: Path) -> Path:
    """The networks of every test, and one of exams, in a folder of their own."""
    shutil.copytree(models, folder)
    write_exam_network(folder, READER, phantom=False, title="Random knees")
    return folder
