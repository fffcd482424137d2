"""Slices in one place, in no place, and of several times and kinds: every slice stays within reach, and what is odd is said."""

import copy
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from app.domain import Study
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.stacks import Stack, chosen, stacks
from app.stacks.sorting import BY_LOCATION
from tests.ingest.test_mr import enhanced, group, shuffled, taken

Files = list[tuple[str, Dataset]]


@pytest.fixture(scope="module")
def drawn() -> list[bytes]:
    """The files of a phantom's first series, in order."""
    files = list(dicom.encode(knee.draw(11, [], size=64, slices=20)))
    return [octets for name, octets in files if name.split("-")[0] == files[0][0].split("-")[0]]


@pytest.fixture
def sagittal(drawn: list[bytes]) -> Files:
    return [(f"{number}.dcm", pydicom.dcmread(pydicom.filebase.DicomBytesIO(octets))) for number, octets in enumerate(drawn)]


def another(ds: Dataset, number: int, shade: int = 5, **elements: object) -> Dataset:
    """The same slice with other pixels, as another instance."""
    ds = copy.deepcopy(ds)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(number), str(shade)])
    ds.InstanceNumber = number
    ds.PixelData = (np.frombuffer(ds.PixelData, np.uint16) // 2 + shade).astype(np.uint16).tobytes()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def stacked(files: Files, folder: Path) -> tuple[Study, tuple[Stack, ...]]:  # type: ignore[type-arg]
    study, rejected = taken(folder / "in", shuffled(files))
    assert rejected == []
    (series,) = study.series
    return study, stacks(series)


def sizes(found: tuple[Stack, ...]) -> list[int]:  # type: ignore[type-arg]
    return [len(stack.images) for stack in found]


def said(stack: Stack) -> str:  # type: ignore[type-arg]
    return " ".join(oddity.sentence for oddity in stack.oddities)


def test_twenty_slices_in_one_place_are_all_there_in_the_order_of_time(sagittal: Files, tmp_path: Path) -> None:
    _, first = sagittal[10]
    moving = [(f"{n}", another(first, 1, shade=n, TriggerTime=str(1000 - 40 * n))) for n in range(20)]
    _, found = stacked(moving, tmp_path)
    assert sizes(found) == [20]
    assert [image.moment for image in found[0].images] == sorted(1000.0 - 40 * n for n in range(20))
    assert "All these slices lie in one place" in said(found[0])
    assert (found[0].between, found[0].plane) == (0.0, "sagittal")
    assert chosen(found, {"sagittal": ()}) == {}  # a film of one place is no volume


def test_the_same_slices_again_are_duplicates_and_others_are_not(sagittal: Files, tmp_path: Path) -> None:
    again = copy.deepcopy(sagittal[3][1])
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    _, found = stacked([*sagittal, ("again", again)], tmp_path)
    assert sizes(found) == [20]
    assert "is there 2 times; the first was kept" in said(found[0])


def test_a_partial_second_volume_is_a_stack_of_its_own(sagittal: Files, tmp_path: Path) -> None:
    second = [(f"b{n}", another(ds, 21 + n)) for n, (_, ds) in enumerate(sagittal[4:12])]
    _, found = stacked([*sagittal, *second], tmp_path)
    assert sizes(found) == [20, 8]
    assert {image.instance_number for image in found[1].images} == set(range(21, 29))
    assert "One of 2 stacks in one place" in said(found[1])


def test_the_parts_of_a_dixon_are_told_apart_by_what_they_are(sagittal: Files, tmp_path: Path) -> None:
    files = []
    for number, (_, ds) in enumerate(sagittal):
        for part in ("W", "F", "IN_PHASE", "OPP_PHASE"):
            shade = {"W": 1, "F": 2, "IN_PHASE": 3, "OPP_PHASE": 4}[part]
            files.append(
                (f"{number}{part}", another(ds, 4 * number + shade, shade, ImageType=["DERIVED", "PRIMARY", "M", part]))
            )
    _, found = stacked(files, tmp_path)
    assert sizes(found) == [20] * 4
    assert [{image.kind for image in stack.images} for stack in found] == [{"M F"}, {"M IN_PHASE"}, {"M OPP_PHASE"}, {"M W"}]
    assert "of kind M W" in said(found[3])


def test_times_are_layers_and_an_interleaved_acquisition_is_none(sagittal: Files, tmp_path: Path) -> None:
    times = [
        (f"{n}-{t}", another(ds, 1 + n + 20 * (2 - t), t, TemporalPositionIdentifier=t))
        for n, (_, ds) in enumerate(sagittal)
        for t in (0, 1, 2)
    ]
    _, found = stacked(times, tmp_path)
    assert sizes(found) == [20] * 3
    assert [{image.moment for image in stack.images} for stack in found] == [{0}, {1}, {2}]
    woven = [(name, another(ds, n + 1, AcquisitionNumber=n % 2)) for n, (name, ds) in enumerate(sagittal)]
    (tmp_path / "woven").mkdir()
    _, found = stacked(woven, tmp_path / "woven")
    assert sizes(found) == [20]


@pytest.mark.parametrize("axes", [True, False])
def test_slices_without_a_position_lie_by_their_slice_location(sagittal: Files, tmp_path: Path, axes: bool) -> None:
    for number, (_, ds) in enumerate(sagittal):
        del ds.ImagePositionPatient
        del ds.InstanceNumber
        if not axes:
            del ds.ImageOrientationPatient
        ds.SliceLocation = str(4 * ((7 * number) % 20))
    _, (stack,) = stacked(sagittal, tmp_path)
    assert [image.location for image in stack.images] == [4.0 * n for n in range(20)]
    assert BY_LOCATION in said(stack)
    assert "Instance Numbers" not in said(stack)
    assert (stack.plane, stack.between) == ("sagittal" if axes else "", 4.0)


def test_an_order_that_is_none_is_called_none(sagittal: Files, tmp_path: Path) -> None:
    for _, ds in sagittal:
        del ds.ImagePositionPatient
        ds.InstanceNumber = 1
        if "SliceLocation" in ds:
            del ds.SliceLocation
    _, (stack,) = stacked(sagittal, tmp_path)
    assert "their order means nothing" in said(stack)


def test_shuffled_frames_of_several_times_are_as_many_stacks(sagittal: Files, tmp_path: Path) -> None:
    """PS3.3 C.7.6.16.2.2: Temporal Position Index and the other dimensions."""
    whole = enhanced(sagittal, (20.0, 20.0, 20.0))
    seen: dict[tuple[float, ...], int] = {}
    for frame in whole.PerFrameFunctionalGroupsSequence:
        place = tuple(map(float, frame.PlanePositionSequence[0].ImagePositionPatient))
        seen[place] = seen.get(place, 0) + 1
        frame.FrameContentSequence = Items([group(TemporalPositionIndex=seen[place])])
    study, rejected = taken(tmp_path / "in", [("enhanced.dcm", whole)])
    assert rejected == []
    found = stacks(study.series[0])
    assert sizes(found) == [20, 20, 20]
    assert [{image.moment for image in stack.images} for stack in found] == [{1}, {2}, {3}]


def test_other_dimensions_of_frames_separate_stacks_too(sagittal: Files, tmp_path: Path) -> None:
    whole = enhanced(sagittal, (20.0, 20.0))
    pointers = [0x00209056, 0x00209057, 0x00189087]
    whole.DimensionIndexSequence = Items([group(DimensionIndexPointer=pointer) for pointer in pointers])
    seen: dict[tuple[float, ...], int] = {}
    for frame in whole.PerFrameFunctionalGroupsSequence:
        place = tuple(map(float, frame.PlanePositionSequence[0].ImagePositionPatient))
        seen[place] = seen.get(place, 0) + 1
        frame.FrameContentSequence = Items([group(DimensionIndexValues=[1, len(seen), seen[place]])])
    study, _ = taken(tmp_path / "in", [("enhanced.dcm", whole)])
    assert sizes(stacks(study.series[0])) == [20, 20]
