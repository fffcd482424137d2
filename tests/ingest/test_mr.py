"""MR series through the real ingest: the same stack however files are named, numbered and ordered, and what is odd about it."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from app.config import Settings
from app.domain import Study
from app.ingest import Accepted, Rejected, assemble, read
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.stacks import chosen, stacks

Change = Callable[[list[tuple[str, Dataset]]], list[tuple[str, Dataset | bytes]]]
DATA = Path(os.environ.get("WHYLIGHT_DATA", "../shared/data"))
KNEE = DATA / "knee" / "osirix_knee"


@pytest.fixture(scope="module")
def drawn() -> knee.KneePhantom:
    return knee.draw(11, [], size=64, slices=20)


@pytest.fixture
def sagittal(drawn: knee.KneePhantom) -> list[tuple[str, Dataset]]:
    """The first series' files as data sets, in order."""
    files = [(name, pydicom.dcmread(io.BytesIO(octets))) for name, octets in dicom.encode(drawn)]
    first = files[0][1].SeriesInstanceUID
    return [(name, ds) for name, ds in files if ds.SeriesInstanceUID == first]


def taken(folder: Path, files: list[tuple[str, Dataset | bytes]]) -> tuple[Study, list[Rejected]]:
    """The study that the files make, read one after the other, and those that were refused."""
    folder.mkdir()
    accepted, rejected = [], []
    for name, what in files:
        path = folder / name
        if isinstance(what, bytes):
            path.write_bytes(what)
        else:
            what.save_as(path, enforce_file_format=True)
        for outcome in read(path, name, Settings(), folder):
            if isinstance(outcome, Accepted):
                accepted.append(outcome.study)
            else:
                rejected.append(outcome)
    (study,) = assemble(accepted)
    return study, rejected


def shuffled(files: list[tuple[str, Dataset]]) -> list[tuple[str, Dataset | bytes]]:
    files = [files[index] for index in np.random.default_rng(1).permutation(len(files))]
    return [(f"{number}.dcm", ds) for number, (_, ds) in enumerate(files)]


def without_numbers(files: list[tuple[str, Dataset]]) -> list[tuple[str, Dataset | bytes]]:
    for _, ds in files:
        del ds.InstanceNumber
    return shuffled(files)


def backwards(files: list[tuple[str, Dataset]]) -> list[tuple[str, Dataset | bytes]]:
    for number, (_, ds) in enumerate(files):
        ds.InstanceNumber = len(files) - number
    return shuffled(files)


def doubled(files: list[tuple[str, Dataset]]) -> list[tuple[str, Dataset | bytes]]:
    again = pydicom.dcmread(io.BytesIO(_octets(files[4][1])))
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = UID(f"{again.SOPInstanceUID}.9"[:64])
    again.InstanceNumber = 99
    return shuffled([*files, ("again.dcm", again)])


def broken(files: list[tuple[str, Dataset]]) -> list[tuple[str, Dataset | bytes]]:
    kept = [entry for number, entry in enumerate(files) if number != 7]
    return [*shuffled(kept), ("broken.dcm", _octets(files[7][1])[:700])]


def _octets(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "expectation"),
    [
        (shuffled, ((), ())),
        (without_numbers, ((), ("20 slices have no Instance Number; they were put in order by where they lie.",))),
        (backwards, ((), ())),
        (doubled, ((), ("Slice 5 is there 2 times; the first was kept.",))),
        (broken, ((7,), ("Between slices 7 and 8 something is missing: ",))),
    ],
)
def test_the_stack_is_the_same_and_what_is_odd_is_said(
    drawn: knee.KneePhantom,
    sagittal: list[tuple[str, Dataset]],
    tmp_path: Path,
    change: Change,
    expectation: tuple[tuple[int, ...], tuple[str, ...]],
) -> None:
    lost, said = expectation
    study, rejected = taken(tmp_path / "in", change(sagittal))
    (stack,) = stacks(study.series[0])
    assert (stack.plane, stack.weighting, stack.localizer) == ("sagittal", drawn.stacks[0].weighting, False)
    expected = [pixels for number, pixels in enumerate(drawn.stacks[0].pixels) if number not in lost]
    assert len(stack.images) == len(expected)
    for image, pixels in zip(stack.images, expected, strict=True):
        assert np.array_equal(image.stored, pixels)
    assert len(rejected) == len(lost)
    told = [oddity.sentence for oddity in stack.oddities]
    assert len(told) == len(said)
    assert all(sentence.startswith(start) for sentence, start in zip(told, said, strict=True))
    assert stack.between == pytest.approx(drawn.stacks[0].between, abs=0.01)


def test_a_series_of_three_planes_is_three_stacks(drawn: knee.KneePhantom, tmp_path: Path) -> None:
    files: list[tuple[str, Dataset | bytes]] = []
    for number, (_, octets) in enumerate(dicom.encode(drawn)):
        ds = pydicom.dcmread(io.BytesIO(octets))
        ds.SeriesInstanceUID, ds.SeriesDescription = "1.2.3", "3-plane localizer"
        files.append((f"{number}.dcm", ds))
    study, _ = taken(tmp_path / "in", files)
    found = stacks(study.series[0])
    assert [(stack.plane, len(stack.images), stack.localizer) for stack in found] == [
        ("sagittal", 20, True),
        ("coronal", 20, True),
        ("axial", 20, True),
    ]
    assert [stack.number for stack in found] == [0, 1, 2]
    assert chosen(found, {"sagittal": ()}) == {}


def test_slices_of_two_frames_of_reference_are_two_stacks(sagittal: list[tuple[str, Dataset]], tmp_path: Path) -> None:
    """The patient was laid anew in between: places before and after have nothing to do with one another."""
    frame = sagittal[0][1].FrameOfReferenceUID
    for _, ds in sagittal[12:]:
        ds.FrameOfReferenceUID = UID(f"{frame}.9"[-64:])
    study, _ = taken(tmp_path / "in", shuffled(sagittal))
    found = stacks(study.series[0])
    assert {stack.frame: len(stack.images) for stack in found} == {frame: 12, f"{frame}.9"[-64:]: 8}
    assert all(stack.frame == image.frame_of_reference_uid for stack in found for image in stack.images)
    assert "frame of reference" in found[0].oddities[0].sentence


@pytest.mark.parametrize(
    ("others", "parts"), [((), {"": 20}), (("1.2",), {"1.2": 20}), (("1.2", "1.3"), {"": 10, "1.2": 5, "1.3": 5})]
)
def test_slices_that_name_no_frame_are_in_the_only_one_that_others_name(
    sagittal: list[tuple[str, Dataset]], tmp_path: Path, others: tuple[str, ...], parts: dict[str, int]
) -> None:
    for number, (_, ds) in enumerate(sagittal):
        if others and number % 2:
            ds.FrameOfReferenceUID = others[number // 2 % len(others)]
        else:
            del ds.FrameOfReferenceUID
    study, _ = taken(tmp_path / "in", shuffled(sagittal))
    assert {stack.frame: len(stack.images) for stack in stacks(study.series[0])} == parts


def test_two_echoes_are_two_stacks(sagittal: list[tuple[str, Dataset]], tmp_path: Path) -> None:
    files: list[tuple[str, Dataset | bytes]] = []
    for number, (_, ds) in enumerate(sagittal):
        ds.SeriesDescription, ds.ProtocolName, ds.RepetitionTime, ds.EchoTime = "dual echo", "", "3000", "20"
        late = pydicom.dcmread(io.BytesIO(_octets(ds)))
        late.EchoTime = "90"
        late.SOPInstanceUID = late.file_meta.MediaStorageSOPInstanceUID = UID(f"{ds.SOPInstanceUID}.9"[:64])
        files += [(f"{number}.dcm", ds), (f"{number}-late.dcm", late)]
    study, _ = taken(tmp_path / "in", files)
    found = stacks(study.series[0])
    assert [(len(stack.images), stack.weighting.removesuffix(" FS")) for stack in found] == [(20, "PD"), (20, "T2")]
    assert found[0].oddities[0].sentence.startswith("The series holds 2 stacks")


def test_slices_that_lie_nowhere_are_in_the_order_of_their_numbers(sagittal: list[tuple[str, Dataset]], tmp_path: Path) -> None:
    for _, ds in sagittal:
        del ds.ImagePositionPatient
        del ds.ImageOrientationPatient
        del ds.SliceLocation
    study, _ = taken(tmp_path / "in", shuffled(sagittal))
    (stack,) = stacks(study.series[0])
    assert (stack.plane, stack.between) == ("", None)
    assert [image.instance_number for image in stack.images] == list(range(1, 21))
    assert "does not say where" in stack.oddities[0].sentence


@pytest.mark.parametrize(
    ("tags", "weighting", "planning"),
    [
        ({"SeriesDescription": "T2W_TSE"}, "T2", False),
        ({"SeriesDescription": "T1W_aTSE"}, "T1", False),
        ({"SeriesDescription": "sag pd_tse_fs"}, "PD FS", False),
        ({"SeriesDescription": "DP FAT SAT COR"}, "PD FS", False),
        ({"SeriesDescription": "t2_spair_tra"}, "T2 FS", False),
        ({"SeriesDescription": "STIR cor"}, "STIR", False),
        ({"SeriesDescription": "AX", "RepetitionTime": "600", "EchoTime": "15"}, "T1", False),
        ({"SeriesDescription": "AX", "RepetitionTime": "3000", "EchoTime": "30"}, "PD", False),
        ({"SeriesDescription": "AX", "RepetitionTime": "4000", "EchoTime": "85", "ScanOptions": "FS"}, "T2 FS", False),
        ({"SeriesDescription": "AX", "RepetitionTime": "30", "EchoTime": "5", "ScanningSequence": "GR"}, "", False),
        ({"SeriesDescription": "SAG 3D DESS WE", "RepetitionTime": "16.3", "EchoTime": "4.7"}, "DESS FS", False),
        ({"SeriesDescription": "t1_sag", "SequenceName": "*de3d1", "RepetitionTime": "16.3", "EchoTime": "4.7"}, "DESS", False),
        ({"SeriesDescription": "SAG 3D", "RepetitionTime": "16.3", "EchoTime": "4.7"}, "", False),
        ({"SeriesDescription": "SAG", "SequenceName": "*fl3d1", "RepetitionTime": "400", "EchoTime": "5"}, "", False),
        ({"SeriesDescription": "sag gre", "RepetitionTime": "500", "EchoTime": "5"}, "", False),
        ({"SeriesDescription": "t1_vibe_fs", "RepetitionTime": "5", "EchoTime": "2", "ScanningSequence": "GR"}, "T1 FS", False),
        (
            {"SeriesDescription": "x", "RepetitionTime": "600", "EchoTime": "18", "ScanningSequence": "GR", "FlipAngle": "25"},
            "T2*",
            False,
        ),
        (
            {"SeriesDescription": "x", "RepetitionTime": "600", "EchoTime": "18", "ScanningSequence": "GR", "FlipAngle": "80"},
            "",
            False,
        ),
        ({"SeriesDescription": "sag medic", "RepetitionTime": "800", "EchoTime": "18", "ScanningSequence": "GR"}, "T2*", False),
        (
            {"SeriesDescription": "x", "EchoTime": "40", "ScanningSequence": ["SE", "IR"], "InversionTime": "150"},
            "STIR",
            False,
        ),
        ({"SeriesDescription": "Survey"}, "", True),
        ({"SeriesDescription": "x", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "", True),
    ],
)
def test_what_a_sequence_shows_is_read_from_words_first_then_from_times(
    sagittal: list[tuple[str, Dataset]], tmp_path: Path, tags: dict[str, object], weighting: str, planning: bool
) -> None:
    ds = sagittal[0][1]
    for keyword in (
        "RepetitionTime",
        "EchoTime",
        "ScanOptions",
        "ProtocolName",
        "ScanningSequence",
        "SequenceName",
        "FlipAngle",
    ):
        if keyword in ds:
            delattr(ds, keyword)
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    study, _ = taken(tmp_path / "in", [("a.dcm", ds)])
    assert (study.series[0].weighting, study.series[0].localizer) == (weighting, planning)


@pytest.mark.skipif(not KNEE.is_dir(), reason="no real knee: set WHYLIGHT_DATA")
def test_a_real_knee_is_two_stacks_in_the_right_planes(tmp_path: Path) -> None:
    paths = sorted(KNEE.rglob("*.dcm"), key=lambda path: path.name[::-1])
    studies = [
        outcome.study
        for path in paths
        for outcome in read(path, path.name, Settings(), tmp_path)
        if isinstance(outcome, Accepted)
    ]
    (study,) = assemble(studies)
    found = [stack for series in study.series for stack in stacks(series)]
    told = {stack.plane: (len(stack.images), stack.weighting, round(stack.between or 0, 1)) for stack in found}
    assert told == {"sagittal": (26, "T2", 3.8), "coronal": (24, "T1", 3.8)}
    for stack in found:
        letters = stack.images[0].orientation
        assert letters[0][0] == ("A" if stack.plane == "sagittal" else "R")
        assert letters[1] == "H"


def enhanced(files: list[tuple[str, Dataset]], echoes: tuple[float, ...] = (20.0,)) -> Dataset:
    """A series as one Enhanced MR Image Storage file (PS3.3 A.36): its frames shuffled, each slice once per echo, nothing of
    geometry or times outside of the functional groups."""
    frames = [(ds, echo) for _, ds in files for echo in echoes]
    frames = [frames[index] for index in np.random.default_rng(2).permutation(len(frames))]
    whole = pydicom.dcmread(io.BytesIO(_octets(files[0][1])))
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "EchoTime",
        "RepetitionTime",
    ):
        whole.pop(keyword, None)
    whole.SeriesDescription = whole.ProtocolName = "knee"
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.4.1")
    first, shared = files[0][1], Dataset()
    shared.PixelMeasuresSequence = [group(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)]
    shared.PlaneOrientationSequence = [group(ImageOrientationPatient=first.ImageOrientationPatient)]
    shared.MRTimingAndRelatedParametersSequence = [group(RepetitionTime=2400.0)]
    whole.SharedFunctionalGroupsSequence = [shared]
    whole.PerFrameFunctionalGroupsSequence = [
        group(
            PlanePositionSequence=[group(ImagePositionPatient=ds.ImagePositionPatient)],
            MREchoSequence=[group(EffectiveEchoTime=echo)],
        )
        for ds, echo in frames
    ]
    whole.NumberOfFrames = len(frames)
    whole.PixelData = b"".join(ds.PixelData for ds, _ in frames)
    return whole


def group(**elements: object) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def test_an_enhanced_file_is_the_stack_that_its_frames_are(
    tmp_path: Path, drawn: knee.KneePhantom, sagittal: list[tuple[str, Dataset]]
) -> None:
    study, rejected = taken(tmp_path / "in", [("enhanced.dcm", enhanced(sagittal))])
    assert rejected == []
    (stack,) = stacks(study.series[0])
    assert (stack.plane, stack.weighting.removesuffix(" FS")) == ("sagittal", "PD")  # by TR and TE, for no words name it
    assert stack.oddities == ()
    assert np.array_equal(np.stack([image.stored for image in stack.images]), drawn.stacks[0].pixels)


def test_an_enhanced_file_of_two_echoes_is_two_stacks(
    tmp_path: Path, drawn: knee.KneePhantom, sagittal: list[tuple[str, Dataset]]
) -> None:
    study, rejected = taken(tmp_path / "in", [("enhanced.dcm", enhanced(sagittal, (20.0, 80.0)))])
    assert rejected == []
    found = stacks(study.series[0])
    assert [stack.images[0].echo_time for stack in found] == [20.0, 80.0]
    for stack in found:
        assert np.array_equal(np.stack([image.stored for image in stack.images]), drawn.stacks[0].pixels)
