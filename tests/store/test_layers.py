"""Layers of films and stacks: kept bit by bit, replaced by their own kind, found by what they are about."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from app.config import Settings
from app.domain import Extent, Layer, Producer
from app.errors import NotFound
from app.store import Store
from app.store.migrating import downgrade, migrate
from tests.store.exams import CORONAL, SLICES, stack_layer, store_exam
from tests.store.films import SHA, answer, image, layer, raw, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study of two frames."""
    return store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1))).study_id


def test_a_layer_comes_back_bit_by_bit(store: Store, study_id: str) -> None:
    producer = Producer("import", "acme", "2.1", "Acme CXR", {"threshold": 0.5})
    given = layer(kind="labels", scale="classes", producer=producer, values=np.ones((1, 3, 2), np.float32), finding="")
    inner = layer(extent=Extent(-1.75, -0.75, 10.25, 11.25, Extent(-1.0, 0.0, 11.0, 12.0)), padding=0.125)
    for one in (layer(), given, inner):
        with store.begin() as tx:
            row = tx.layers.save(study_id, one)
        with store.view() as tx:
            loaded = tx.layers.load(row.id)
        for entry in fields(Layer):
            if entry.name != "values":
                assert getattr(loaded, entry.name) == getattr(one, entry.name), entry.name
        np.testing.assert_array_equal(loaded.values, one.values)
        assert not loaded.values.flags.writeable
        assert (row.slices, row.height, row.width) == one.values.shape
        assert (row.minimum, row.maximum) == (float(one.values.min()), float(one.values.max()))
        assert row.mass == pytest.approx(one.mass())
        assert store.blobs.read(str(row.values_sha256)) == one.values.astype("<f4").tobytes()


def test_the_same_layer_is_replaced_other_parameters_are_another_one(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.layers.save(study_id, layer(parameters={"a": 1, "b": 2}))
    with store.begin() as tx:
        again = tx.layers.save(study_id, layer(parameters={"b": 2, "a": 1}, seed=1))
        other = tx.layers.save(study_id, layer(parameters={"a": 2}, seed=2))
    assert first.id == again.id != other.id
    assert not store.blobs.has(str(first.values_sha256))
    with store.view() as tx:
        assert [row.id for row in tx.layers.of_stack(first.stack_id)] == [other.id]
        assert tx.layers.get(first.id).values_sha256 == again.values_sha256


def test_layers_are_found_by_version_and_finding_and_missing_ones_named(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        stack = tx.layers.save(study_id, layer(method="lrp")).stack_id
        tx.layers.save(study_id, layer(method="cam"))
        tx.layers.save(study_id, layer(finding="Edema"))
        tx.layers.save(study_id, layer(model_sha256="cd" * 32))
        imported = Producer("import", "acme", "1", "Acme")
        tx.layers.save(study_id, layer(producer=imported, model="acme", model_sha256="ac" * 32))
    with store.view() as tx:
        of_stack = tx.layers.of_stack
        ours = of_stack(stack, model_sha256=SHA, finding="Nodule")
        assert [row.method for row in ours] == ["cam", "lrp"]
        beside = of_stack(stack, model_sha256=SHA, finding="Nodule", imported=True)
        assert [row.method for row in beside] == ["acme", "cam", "lrp"]
        assert [(row.finding, row.method) for row in of_stack(stack)] == [
            ("Edema", "cam"), ("Nodule", "acme"), ("Nodule", "cam"), ("Nodule", "cam"), ("Nodule", "lrp"),
        ]  # fmt: skip
        assert tx.layers.missing([stack], SHA, "Nodule", ("cam", "gradcam", "lrp", "rap")) == ("gradcam", "rap")
        assert tx.layers.missing([stack], SHA, "Nodule", ("cam",), {"torch": "3"}) == ("cam",)
        assert tx.layers.missing([stack], SHA, "Mass", ("cam",)) == ("cam",)
        assert tx.layers.titles() == {"acme": "Acme"}
        (network,) = tx.parties.imported()
        assert (network.name, network.title, network.version, network.layers, network.studies) == ("acme", "Acme", "1", 1, 1)


def test_layers_of_stacks_are_the_newest_of_each_and_in_order(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.layers.save(study_id, stack_layer(CORONAL))
        tx.layers.save(study_id, stack_layer(method="lrp"))
        tx.layers.save(study_id, stack_layer())
        newer = tx.layers.save(study_id, stack_layer(parameters={"epsilon": 1.0}))
        other = tx.layers.save(study_id, stack_layer(finding="meniscal tear"))
    with store.view() as tx:
        sagittal, coronal = (row.id for row in tx.stacks.of_study(study_id))
        rows = tx.layers.of_study(study_id, model_sha256=newer.model_sha256, finding="ACL tear")
        assert [(row.stack_id, row.method) for row in rows] == [(sagittal, "cam"), (sagittal, "lrp"), (coronal, "cam")]
        assert rows[0].id == newer.id
        assert other.id in {row.id for row in tx.layers.of_study(study_id)}
        assert tx.layers.missing([sagittal, coronal], newer.model_sha256, "ACL tear", ("cam", "lrp")) == ("lrp",)


def test_only_whole_finite_layers_of_a_known_stack_are_kept(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    wrong: tuple[NDArray[Any], ...] = (
        np.zeros((4, 5), np.float32),
        np.zeros((SLICES, 4, 5)),
        np.full((SLICES, 4, 5), np.nan, np.float32),
        np.full((SLICES, 4, 5), np.inf, np.float32),
        np.zeros((SLICES, 0, 5), np.float32),
    )
    for values in wrong:
        with pytest.raises(ValueError, match="finite float32"), store.begin() as tx:
            tx.layers.save(study_id, stack_layer(values=values))
    with pytest.raises(ValueError, match="each of the 3 slices"), store.begin() as tx:
        tx.layers.save(study_id, stack_layer(values=np.zeros((2, 4, 5), np.float32)))
    for target, stack in ((study_id, "ab" * 32), ("aaaaaaaaaaaa", stack_layer().stack)):
        with pytest.raises(NotFound), store.begin() as tx:
            tx.layers.save(target, stack_layer(stack=stack))
    with pytest.raises(NotFound), store.view() as tx:
        tx.layers.values("aaaaaaaaaaaa")


def test_a_removed_study_takes_its_layers_and_answers_along(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.answers.save(study_id, answer())
        row = tx.layers.save(study_id, layer())
    with store.begin() as tx:
        tx.studies.remove(study_id)
    assert not store.blobs.has(str(row.values_sha256))
    with store.view() as tx:
        assert not any((tx.layers.of_study(study_id), tx.answers.of_study(study_id), tx.stacks.of_study(study_id)))


def test_an_older_version_has_layers_without_what_it_does_not_know(bare: Settings, tmp_path: Path) -> None:
    """Revision 0014 back and forth: an older Whylight would not know what the reach behind an extent is."""
    migrate(bare)
    store = Store.open(bare)
    study_id = store_file(store, tmp_path, study(image())).study_id
    with store.begin() as tx:
        kept = tx.layers.save(study_id, layer(extent=Extent(0, 0, 9, 9, Extent(0, 0, 10, 10)), padding=0.5)).id
    store.close()
    downgrade(bare, "0013")
    with raw(bare) as old:
        assert "padding" not in {column["name"] for column in sa.inspect(old).get_columns("layers")}
    migrate(bare)
    store = Store.open(bare)
    with store.view() as tx:
        row = tx.layers.get(kept)
        assert (row.extent, row.padding) == (Extent(0, 0, 9, 9), None)
    store.close()
