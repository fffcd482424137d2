"""Predictions and explanations: one per network version, kept exactly."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import Explanation
from app.errors import NotFound
from app.store import Store, WorklistQuery
from tests.store.films import SHA, explanation, image, prediction, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study of two frames."""
    return store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1))).study_id


def test_a_prediction_comes_back_as_it_was(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        saved = tx.predictions.save(study_id, prediction(frame=1))
    with store.view() as tx:
        found = tx.predictions.get(saved.id)
        image_id = tx.studies.get(study_id).images[1].id
        assert tx.predictions.of_image(image_id) == (found,)
    assert found.prediction == prediction(frame=1)
    assert (found.study_id, found.image_id) == (study_id, image_id)


def test_the_same_network_version_has_one_prediction_and_the_newest_is_first(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.predictions.save(study_id, prediction())
        again = tx.predictions.save(study_id, prediction(scores={"Mass": 0.25}))
        newer = tx.predictions.save(study_id, prediction(model_sha256="cd" * 32))
        other = tx.predictions.save(study_id, prediction(frame=1))
    assert first.id == again.id
    with store.view() as tx:
        assert [row.id for row in tx.predictions.of_study(study_id)] == [newer.id, first.id, other.id]
        assert tx.predictions.get(first.id).prediction.scores[0].probability == 0.25


def test_the_worklist_shows_the_network_that_was_chosen(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.predictions.save(study_id, prediction(model="by-name", scores={"Mass": 0.9}), headline=False)
        assert [score.finding for score in tx.worklist.page(WorklistQuery()).rows[0].top] == ["Mass"]
        tx.predictions.save(study_id, prediction(model="chosen", model_sha256="cd" * 32, scores={"Edema": 0.1}))
        tx.predictions.save(study_id, prediction(model="by-name", scores={"Mass": 0.95}), headline=False)
        assert [score.finding for score in tx.worklist.page(WorklistQuery()).rows[0].top] == ["Edema"]


def test_an_explanation_comes_back_bit_by_bit(store: Store, study_id: str) -> None:
    given = explanation()
    with store.begin() as tx:
        saved = tx.explanations.save(study_id, given)
    with store.view() as tx:
        loaded = tx.explanations.load(saved.id)
        row = tx.explanations.get(saved.id)
    for entry in fields(Explanation):
        if entry.name != "values":
            assert getattr(loaded, entry.name) == getattr(given, entry.name), entry.name
    np.testing.assert_array_equal(loaded.values, given.values)
    assert not loaded.values.flags.writeable
    assert (row.height, row.width) == (4, 5)
    assert (row.minimum, row.maximum) == (float(given.values.min()), float(given.values.max()))
    assert store.blobs.read(row.values_sha256) == given.values.astype("<f4").tobytes()


def test_the_same_map_is_replaced_other_parameters_are_another_map(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.explanations.save(study_id, explanation(parameters={"a": 1, "b": 2}))
    with store.begin() as tx:
        again = tx.explanations.save(study_id, explanation(parameters={"b": 2, "a": 1}, seed=1))
        other = tx.explanations.save(study_id, explanation(parameters={"a": 2}, seed=2))
    assert first.id == again.id != other.id
    assert not store.blobs.has(first.values_sha256)
    with store.view() as tx:
        assert [row.id for row in tx.explanations.of_image(first.image_id)] == [other.id]
        assert [row.id for row in tx.explanations.of_study(study_id)] == [first.id, other.id]


def test_maps_are_found_by_version_and_finding_and_missing_ones_named(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        image_id = tx.explanations.save(study_id, explanation(method="lrp")).image_id
        tx.explanations.save(study_id, explanation(method="cam"))
        tx.explanations.save(study_id, explanation(finding="Edema"))
        tx.explanations.save(study_id, explanation(model_sha256="cd" * 32))
    with store.view() as tx:
        of_image = tx.explanations.of_image
        assert [row.method for row in of_image(image_id, model_sha256=SHA, finding="Nodule")] == ["cam", "lrp"]
        assert [(row.finding, row.method) for row in of_image(image_id)] == [
            ("Edema", "cam"), ("Nodule", "cam"), ("Nodule", "cam"), ("Nodule", "lrp"),
        ]  # fmt: skip
        assert tx.explanations.missing(image_id, SHA, "Nodule", ("cam", "gradcam", "lrp", "rap")) == ("gradcam", "rap")
        assert tx.explanations.missing(image_id, SHA, "Mass", ("cam",)) == ("cam",)


def test_results_about_another_study_are_refused(store: Store, study_id: str, tmp_path: Path) -> None:
    other = store_file(store, tmp_path, study(image("9.9"), uid="9"), content=b"other").study_id
    with store.begin() as tx:
        for target, uid in ((other, "1.2.3.1"), (study_id, "7.7"), ("aaaaaaaaaaaa", "1.2.3.1")):
            with pytest.raises(NotFound):
                tx.predictions.save(target, prediction(uid))
            with pytest.raises(NotFound):
                tx.explanations.save(target, explanation(uid))


@pytest.mark.parametrize(
    "values",
    [
        np.array([[np.nan]], dtype=np.float32),
        np.array([[np.inf]], dtype=np.float32),
        np.zeros((2, 2)),
        np.zeros(4, dtype=np.float32),
    ],
)
def test_only_finite_float32_maps_are_kept(store: Store, study_id: str, values: NDArray[Any]) -> None:
    with store.begin() as tx, pytest.raises(ValueError, match="finite float32"):
        tx.explanations.save(study_id, explanation(values=values))
