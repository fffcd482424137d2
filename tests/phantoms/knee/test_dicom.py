"""Knee phantoms as DICOM: what the standard asks of MR images, read back by pydicom and by the product's own ingest."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import validate_value

from app.config import Settings
from app.ingest import Accepted, read
from app.phantoms import knee
from app.phantoms.knee import dicom

LETTERS = {"sagittal": ("A", "H", "P", "F"), "coronal": ("R", "H", "L", "F"), "axial": ("R", "A", "L", "P")}
"""What stands left, above, right and below, as every atlas shows it."""


@pytest.fixture(scope="module")
def exam() -> knee.KneePhantom:
    """A small examination with two findings."""
    return knee.draw(21, ["ACL discontinuity", "bone bruise"], size=48)


@pytest.fixture(scope="module")
def files(exam: knee.KneePhantom) -> list[tuple[str, pydicom.FileDataset]]:
    """Its files, read again by pydicom."""
    return [(name, pydicom.dcmread(BytesIO(file))) for name, file in dicom.encode(exam)]


def test_a_file_for_every_slice_of_every_plane(exam: knee.KneePhantom, files: list[tuple[str, pydicom.FileDataset]]) -> None:
    slices = [(stack, place) for stack in exam.stacks for place in range(len(stack.pixels))]
    assert len(files) == len(slices) == len({name for name, _ in files})
    for (name, ds), (stack, place) in zip(files, slices, strict=True):
        assert name == f"{stack.plane}-{place + 1:02d}.dcm"
        assert np.array_equal(ds.pixel_array, stack.pixels[place])
        assert ds.InstanceNumber == place + 1


def test_modules_of_a_magnetic_resonance_image(exam: knee.KneePhantom, files: list[tuple[str, pydicom.FileDataset]]) -> None:
    for _, ds in files[::9]:
        stack = exam.stacks[int(ds.SeriesNumber) - 1]
        assert ds.SOPClassUID == MRImageStorage == ds.file_meta.MediaStorageSOPClassUID
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert (ds.Modality, ds.BodyPartExamined, ds.Laterality) == ("MR", "KNEE", exam.side)
        assert (ds.MRAcquisitionType, ds.ScanningSequence) == ("2D", "SE")
        assert ("FS" in str(ds.ScanOptions)) == stack.weighting.endswith("FS")
        repetition, echo, _ = dicom.TIMES[stack.weighting]
        assert (ds.RepetitionTime, ds.EchoTime) == (repetition, echo)
        assert float(ds.SliceThickness) == pytest.approx(stack.thickness)
        assert float(ds.SpacingBetweenSlices) == pytest.approx(stack.between, abs=1e-5)
        assert [float(value) for value in ds.PixelSpacing] == pytest.approx(stack.spacing, abs=1e-5)
        assert [float(value) for value in ds.ImageOrientationPatient] == pytest.approx(stack.axes, abs=1e-7)
        assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation) == (16, 12, 11, 0)


def test_slices_follow_each_other_along_the_normal(
    exam: knee.KneePhantom, files: list[tuple[str, pydicom.FileDataset]]
) -> None:
    for number, stack in enumerate(exam.stacks, start=1):
        own = [ds for _, ds in files if ds.SeriesNumber == number]
        axes = np.array([float(value) for value in own[0].ImageOrientationPatient])
        normal = np.cross(axes[:3], axes[3:])
        positions = np.array([[float(value) for value in ds.ImagePositionPatient] for ds in own])
        assert positions[0] == pytest.approx(np.array(stack.position), abs=1e-3)
        assert np.diff(positions @ normal) == pytest.approx(stack.between, abs=1e-3)
        assert [float(ds.SliceLocation) for ds in own] == pytest.approx((positions @ normal).tolist(), abs=1e-3)


def test_one_study_of_three_series_in_one_frame_of_reference(files: list[tuple[str, pydicom.FileDataset]]) -> None:
    assert len({ds.StudyInstanceUID for _, ds in files}) == 1
    assert len({ds.FrameOfReferenceUID for _, ds in files}) == 1
    assert len({ds.SeriesInstanceUID for _, ds in files}) == 3
    assert len({ds.SOPInstanceUID for _, ds in files}) == len(files)
    other = next(iter(dicom.datasets(knee.draw(22, [], size=48))))[1]
    assert other.StudyInstanceUID != files[0][1].StudyInstanceUID


def test_every_value_is_valid_for_its_representation(files: list[tuple[str, pydicom.FileDataset]]) -> None:
    checked = 0
    for element in files[0][1].iterall():
        values = element.value if isinstance(element.value, (list, pydicom.multival.MultiValue)) else [element.value]
        for value in values:
            if element.VR not in ("SQ", "OW", "US", "SS"):
                text = str(value.original_string) if hasattr(value, "original_string") else str(value)
                validate_value(element.VR, text, pydicom.config.RAISE)
                checked += 1
    assert checked > 60


def test_it_says_in_every_way_that_it_is_nobody(exam: knee.KneePhantom) -> None:
    ds = next(dicom.datasets(exam, dicom.Header(number=7)))[1]
    assert ds.QualityControlSubject == "YES"
    assert str(ds.PatientName) == "PHANTOM^KNEE-7"
    assert ds.PatientID == "PHANTOM-KNEE-7"
    assert ds.ImageType[0] == "DERIVED"
    assert "PHANTOM" in ds.ImageComments
    assert ds.StudyDescription == "Phantom: knee, ACL tear, bone bruise"


def test_the_product_reads_every_plane_with_its_letters(exam: knee.KneePhantom, tmp_path: Path) -> None:
    encoded = dict(dicom.encode(exam))
    for stack in exam.stacks:
        name = f"{stack.plane}-03.dcm"
        (tmp_path / name).write_bytes(encoded[name])
        (result,) = read(tmp_path / name, name, Settings(), tmp_path)
        assert isinstance(result, Accepted)
        image = result.study.series[0].images[0]
        assert image.frame_of_reference_uid == pydicom.dcmread(tmp_path / name).FrameOfReferenceUID
        assert image.sop_class_uid == MRImageStorage
        assert result.study.phantom
        image = result.study.series[0].images[0]
        assert image.orientation == LETTERS[stack.plane]
        assert image.pixel_spacing == pytest.approx(stack.spacing, abs=1e-5)
        assert image.axes == pytest.approx(stack.axes, abs=1e-7)
        assert result.warnings == ()
