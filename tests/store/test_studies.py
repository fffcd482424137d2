"""Studies: what goes in comes out, once, and never changes under its name."""

import re
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from app.config import Settings
from app.domain import Patient, VoiLut, frozen
from app.errors import Conflict, NotFound, Unavailable
from app.store import Store, WorklistQuery
from app.store import studies as module
from tests.store.films import WINDOW, answer, image, layer, raw, review, store_file, study


def files(store: Store) -> set[Path]:
    return {path for path in store.blobs.folder.rglob("*") if path.is_file()}


def test_a_study_comes_back_as_it_went_in(store: Store, tmp_path: Path) -> None:
    signed = frozen(np.arange(-60, 60, dtype=np.int16).reshape(12, 10))
    lut = VoiLut(first=-5, bits=12, data=np.arange(100, dtype=np.uint16), label="lung")
    film = image(
        stored=signed, slope=2.0, intercept=-1024.0, units="HU", photometric="MONOCHROME1", windows=(WINDOW,), voi_lut=lut,
        pixel_spacing=(0.5, 0.25), spacing_kind="calibrated", orientation=("R", "H", "L", "F"), position=(1.0, 2.0, 3.0),
        axes=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), warnings=("a warning",), instance_number=7,
        frame_of_reference_uid="1.2.9", sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    )  # fmt: skip
    given = study(film, date="20260102", time="101112", accession="A1", description="Chest PA", phantom=True)
    study_id = store_file(store, tmp_path, given).study_id
    with store.view() as tx:
        loaded, row = tx.studies.load(study_id), tx.studies.get(study_id)
        alone = tx.studies.load_image(row.images[0].id)
    assert (loaded.patient, loaded.date, loaded.time, loaded.accession) == (given.patient, "20260102", "101112", "A1")
    assert loaded.phantom
    assert row.outline().series[0].body_part == "CHEST"
    for found in (loaded.series[0].images[0], alone):
        assert found.stored.dtype == np.int16
        assert not found.stored.flags.writeable
        np.testing.assert_array_equal(found.stored, signed)
        assert found.voi_lut is not None
        np.testing.assert_array_equal(found.voi_lut.data, lut.data)
        assert (found.voi_lut.first, found.voi_lut.bits, found.voi_lut.label) == (-5, 12, "lung")
        for name in (
            "sop_instance_uid", "frame", "slope", "intercept", "units", "photometric", "windows", "pixel_spacing",
            "spacing_kind", "orientation", "position", "axes", "warnings", "instance_number",
            "frame_of_reference_uid", "sop_class_uid",
        ):  # fmt: skip
            assert getattr(found, name) == getattr(film, name), name
    assert row.images[0].frame_of_reference_uid == "1.2.9"
    assert row.files == ("film.dcm",)
    assert re.fullmatch("[a-z2-7]{12}", study_id)


def test_the_same_file_again_is_already_here(store: Store, tmp_path: Path) -> None:
    first = store_file(store, tmp_path, study())
    again = store_file(store, tmp_path, study(), name="copy.dcm")
    assert (first.state, again.state) == ("accepted", "already here")
    assert first.study_id == again.study_id
    with store.view() as tx:
        assert len(tx.studies.get(first.study_id).images) == 1


def test_another_file_under_the_same_uid_is_refused_and_nothing_changes(store: Store, tmp_path: Path) -> None:
    first = store_file(store, tmp_path, study())
    before = files(store)
    with pytest.raises(Conflict, match="same SOP Instance UID"):
        store_file(store, tmp_path, study(image(seed=1)), content=b"other")
    store.sweep(-1)
    assert files(store) == before
    with store.view() as tx:
        np.testing.assert_array_equal(tx.studies.load(first.study_id).series[0].images[0].stored, image().stored)


def test_a_caught_conflict_leaves_no_blob_behind(store: Store, tmp_path: Path) -> None:
    store_file(store, tmp_path, study())
    before = files(store)
    (tmp_path / "other").write_bytes(b"other")
    staged = store.stage(study(image(seed=1)), "other.dcm", tmp_path / "other")
    with store.begin() as tx:
        with pytest.raises(Conflict):
            tx.studies.add(staged)
        tx.uploads.add([])
    assert files(store) == before


@pytest.mark.parametrize("fields", [{"patient": Patient("Doe^Jane", "ID-8")}, {"phantom": True}])
def test_a_study_belongs_to_one_patient(store: Store, tmp_path: Path, fields: dict[str, Any]) -> None:
    store_file(store, tmp_path, study())
    with pytest.raises(Conflict, match="another patient"):
        store_file(store, tmp_path, study(image("1.2.3.2"), **fields), content=b"other")


def test_slices_come_in_geometric_order_however_they_arrive(store: Store, tmp_path: Path) -> None:
    axes = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)  # sagittal: the normal points to −x
    for number, x in enumerate([3.0, -1.0, 2.0, 0.0]):
        slice_ = image(f"1.2.3.{number}", seed=number, position=(x, 5.0, 9.0), axes=axes)
        added = store_file(store, tmp_path, study(slice_, modality="MR"), content=bytes([number]))
    other = study(image("1.2.9"), series_uid="1.2.3.9")
    store_file(store, tmp_path, other, content=b"9")
    with store.view() as tx:
        row = tx.studies.get(added.study_id)
        assert [part.series_uid for part in row.series] == ["1.2.3.0", "1.2.3.9"]
        assert [found.position[0] for found in row.series[0].images if found.position] == [3.0, 2.0, 0.0, -1.0]
        assert tx.studies.image(row.images[2].id).sop_instance_uid == row.images[2].sop_instance_uid
        assert [found.sop_instance_uid for found in tx.studies.load(added.study_id).series[0].images] == [
            "1.2.3.0", "1.2.3.2", "1.2.3.3", "1.2.3.1",
        ]  # fmt: skip


def test_frames_keep_their_order_and_large_studies_are_read_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [image(frame=number, seed=number) for number in range(5)]
    added = store_file(store, tmp_path, study(*frames))
    monkeypatch.setattr(module, "MAPPED", 2)
    with store.view() as tx:
        loaded = tx.studies.load(added.study_id).series[0].images
    assert [found.frame for found in loaded] == [0, 1, 2, 3, 4]
    for given, found in zip(frames, loaded, strict=True):
        np.testing.assert_array_equal(given.stored, found.stored)


def test_removing_a_study_removes_its_rows_and_blobs_but_no_shared_ones(
    store: Store, tmp_path: Path, settings: Settings
) -> None:
    gone = store_file(store, tmp_path, study())
    kept = store_file(store, tmp_path, study(image("9.1"), uid="9", patient=Patient("Roe", "ID-9")), content=b"kept")
    with store.begin() as tx:
        tx.answers.save(gone.study_id, answer())
        tx.reviews.add(tx.layers.save(gone.study_id, layer()).id, review())
        tx.jobs.analyse(gone.study_id)
        upload = tx.uploads.add([])
        tx.studies.remove(gone.study_id)
    with store.view() as tx:
        assert tx.studies.count() == 1
        with pytest.raises(NotFound):
            tx.studies.get(gone.study_id)
        assert tx.studies.load(kept.study_id).series[0].images[0].stored.shape == (12, 10)  # same pixels in both
        assert tx.uploads.get(upload).files == ()
    assert len(files(store)) == 2  # the other study's file and the pixels both shared
    with raw(settings) as tables:
        for table in ("files", "images", "series", "answers", "layers", "stacks", "reviews", "jobs"):
            expected = 1 if table in {"files", "images", "series", "stacks"} else 0
            assert tables.exec_driver_sql(f"select count(*) from {table}").scalar() == expected, table  # noqa: S608


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with store.begin() as tx:
        for call in (
            tx.studies.get, tx.studies.load, tx.studies.image, tx.studies.load_image, tx.studies.remove, tx.jobs.get,
            tx.jobs.analyse, tx.jobs.cancel, tx.reviews.get, tx.reviews.withdraw, tx.uploads.get, tx.answers.get,
            tx.layers.get, tx.layers.values, tx.layers.load,
        ):  # fmt: skip
            with pytest.raises(NotFound):
                call("aaaaaaaaaaaa")


def test_pixels_that_are_gone_are_not_found(store: Store, tmp_path: Path) -> None:
    added = store_file(store, tmp_path, study())
    with store.view() as tx:
        row = tx.studies.get(added.study_id).images[0]
        store.blobs.remove(row.pixels_sha256)
        with pytest.raises(NotFound):
            tx.studies.load(added.study_id)


def test_a_file_holds_one_instance_of_sixteen_bits(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one instance"):
        store.stage(study(image("1.1"), image("1.2")), "two.dcm", tmp_path)
    floating = np.zeros((2, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="int16 or uint16"):
        store.stage(study(image(stored=floating)), "float.dcm", tmp_path)


def test_a_file_whose_blob_was_swept_meanwhile_is_not_half_stored(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    staged = store.stage(study(), "film.dcm", tmp_path / "file")
    assert store.sweep(-1) == 2
    with pytest.raises(Unavailable), store.begin() as tx:
        tx.studies.add(staged)
    with store.view() as tx:
        assert tx.studies.count() == 0


def test_text_no_database_takes_is_stored_readable(store: Store, tmp_path: Path) -> None:
    patient = Patient(name="Na\x00me\udcff", id="1")
    added = store_file(store, tmp_path, study(patient=patient), name="\udce9.dcm")
    with store.view() as tx:
        row = tx.studies.get(added.study_id)
    assert row.patient.name == "Na\ufffdme\ufffd"
    assert row.files == ("\ufffd.dcm",)


def test_many_at_once_store_one_file_once(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    outcomes: list[str] = []

    def send() -> None:
        for number in range(5):
            staged = store.stage(study(image(f"1.2.3.{number}", seed=number)), "film.dcm", tmp_path / "file")
            with store.begin() as tx:
                outcomes.append(tx.studies.add(staged).state)

    threads = [Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted"] * 5 + ["already here"] * 25


def test_planes_follow_one_another_and_images_without_a_position_come_last(store: Store, tmp_path: Path) -> None:
    axial, coronal = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    slices = [
        image("2.1", instance_number=9, position=None),
        image("2.2", instance_number=5, position=(0.0, 0.0, 20.0), axes=axial),
        image("2.3", instance_number=2, position=(0.0, 3.0, 0.0), axes=coronal),
        image("2.4", instance_number=3, position=(0.0, 0.0, 10.0), axes=(0.9999, 0.0141, 0.0, -0.0141, 0.9999, 0.0)),
        image("2.5", instance_number=4, position=(0.0, 0.0, 10.0001), axes=axial),
        image("2.6", instance_number=8),
    ]
    for number, slice_ in enumerate(slices):
        added = store_file(store, tmp_path, study(slice_, modality="MR"), content=bytes([number]))
    with store.view() as tx:
        row = tx.studies.get(added.study_id)
        assert [found.sop_instance_uid for found in row.images] == ["2.4", "2.5", "2.2", "2.3", "2.6", "2.1"]
        assert tx.worklist.page(WorklistQuery()).rows[0].thumbnail == row.images[3].id
