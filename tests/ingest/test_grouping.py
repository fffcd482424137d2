"""Files without the identifiers that say what belongs together: grouped by what remains, and said so."""

import copy
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from app.config import Settings
from app.domain import Study
from app.ingest import Accepted, assemble, grouping, read
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.stacks import JOINED, NO_SERIES_UID, stacks

Files = list[Dataset]


@pytest.fixture(scope="module")
def drawn() -> list[bytes]:
    files = list(dicom.encode(knee.draw(11, [], size=64, slices=20)))
    return [octets for name, octets in files if name.split("-")[0] == files[0][0].split("-")[0]]


@pytest.fixture
def slices(drawn: list[bytes]) -> Files:
    return [pydicom.dcmread(pydicom.filebase.DicomBytesIO(octets)) for octets in drawn]


def studies(folder: Path, files: Files) -> tuple[Study, ...]:
    accepted = []
    for number, ds in enumerate(files):
        path = folder / f"{number}.dcm"
        ds.save_as(path)
        (found,) = read(path, path.name, Settings(), folder)
        assert isinstance(found, Accepted)
        accepted.append(found)
    return assemble(one.study for one in accepted)


def blanked(files: Files, **elements: Any) -> Files:
    for ds in files:
        for keyword, value in elements.items():
            setattr(ds, keyword, value)
    return files


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"AccessionNumber": "A1"},
        {"StudyDate": "", "StudyTime": ""},
        {"StudyDate": "", "StudyTime": "", "FrameOfReferenceUID": ""},
    ],
)
def test_slices_without_a_study_uid_are_one_study(slices: Files, tmp_path: Path, left: dict[str, str]) -> None:
    found = studies(tmp_path, blanked(slices, StudyInstanceUID="", **left))
    assert [len(study.images) for study in found] == [20]
    assert grouping.NEW_STUDY in found[0].images[0].warnings


def test_other_patients_and_other_visits_are_other_studies(slices: Files, tmp_path: Path) -> None:
    blanked(slices, StudyInstanceUID="")
    for number, ds in enumerate(slices):
        ds.PatientID = f"P{number % 2}"
        ds.StudyTime = "080000" if number < 10 else "090000"
        ds.SeriesInstanceUID = f"1.2.{number % 2}.{number // 10}"
    assert sorted(len(study.images) for study in studies(tmp_path, slices)) == [5, 5, 5, 5]


def test_slices_without_any_uid_of_their_series_are_one_series(slices: Files, tmp_path: Path) -> None:
    (study,) = studies(tmp_path, blanked(slices, StudyInstanceUID="", SeriesInstanceUID=""))
    assert [len(series.images) for series in study.series] == [20]
    assert NO_SERIES_UID in study.images[0].warnings


def test_a_series_uid_for_every_slice_is_still_one_series(slices: Files, tmp_path: Path) -> None:
    for ds in slices:
        ds.SeriesInstanceUID = generate_uid()
    (study,) = studies(tmp_path, slices)
    (series,) = study.series
    assert JOINED in series.images[0].warnings
    (stack,) = stacks(series)
    assert len(stack.images) == 20


def test_slices_that_lie_over_others_join_them_as_layers(slices: Files, tmp_path: Path) -> None:
    again = [copy.deepcopy(ds) for ds in slices[:6]]
    for number, ds in enumerate(again):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.InstanceNumber = 21 + number
        ds.PixelData = bytes(len(ds.PixelData))
    for ds in (*slices, *again):
        ds.SeriesInstanceUID = generate_uid()
    (study,) = studies(tmp_path, [*slices, *again])
    (series,) = study.series
    assert [len(stack.images) for stack in stacks(series)] == [20, 6]


def test_two_sequences_with_a_uid_for_every_slice_are_two_series(slices: Files, tmp_path: Path) -> None:
    other = [copy.deepcopy(ds) for ds in slices]
    for ds in other:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.SeriesNumber, ds.SeriesDescription = 9, "another"
    for ds in (*slices, *other):
        ds.SeriesInstanceUID = generate_uid()
    (study,) = studies(tmp_path, [*slices, *other])
    assert sorted(len(series.images) for series in study.series) == [20, 20]


def test_series_that_share_places_or_say_nothing_stay_apart(slices: Files, tmp_path: Path) -> None:
    repeated = [copy.deepcopy(slices[0]) for _ in range(4)]
    for number, ds in enumerate(repeated):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.SeriesInstanceUID, ds.InstanceNumber = generate_uid(), number + 1
    (study,) = studies(tmp_path, repeated)
    assert [len(series.images) for series in study.series] == [1] * 4
