"""Phantoms as DICOM files: what the standard asks for, read back by pydicom and by the product's own ingest."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian
from pydicom.valuerep import validate_value

from app.config import Settings
from app.domain import Study
from app.grey import grey
from app.ingest import Accepted, read
from app.phantoms import chest, dicom


@pytest.fixture(scope="module")
def film() -> chest.ChestPhantom:
    """A small film with a finding."""
    return chest.draw(21, ["Effusion"], size=96, marker=True)


def test_the_file_reads_back_as_it_was_written(film: chest.ChestPhantom, tmp_path: Path) -> None:
    dicom.write(film, tmp_path / "phantom.dcm")
    ds = pydicom.dcmread(tmp_path / "phantom.dcm")
    assert np.array_equal(ds.pixel_array, film.pixels)
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert ds.SOPClassUID == DigitalXRayImageStorageForPresentation
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert (tmp_path / "phantom.dcm").read_bytes() == dicom.encode(film)


def test_every_value_is_valid_for_its_representation(film: chest.ChestPhantom) -> None:
    ds = pydicom.dcmread(BytesIO(dicom.encode(film)))
    checked = 0
    for element in ds.iterall():
        values = element.value if isinstance(element.value, (list, pydicom.multival.MultiValue)) else [element.value]
        for value in values:
            if element.VR not in ("SQ", "OW", "US", "SS"):
                text = str(value.original_string) if hasattr(value, "original_string") else str(value)
                validate_value(element.VR, text, pydicom.config.RAISE)
                checked += 1
    assert checked > 40


def test_it_says_in_every_way_that_it_is_nobody(film: chest.ChestPhantom) -> None:
    ds = dicom.dataset(film, dicom.Header(number=7))
    assert ds.QualityControlSubject == "YES"
    assert str(ds.PatientName) == "PHANTOM^CHEST-7"
    assert ds.PatientID == "PHANTOM-7"
    assert list(ds.ImageType) == ["DERIVED", "PRIMARY"]
    assert "PHANTOM" in ds.ImageComments
    assert "phantom" in ds.StudyDescription
    assert ds.BurnedInAnnotation == "YES"


def test_modules_of_a_digital_x_ray_image(film: chest.ChestPhantom) -> None:
    ds = dicom.dataset(film)
    assert (ds.Modality, ds.BodyPartExamined, ds.PresentationIntentType) == ("DX", "CHEST", "FOR PRESENTATION")
    assert ds.ViewPosition == film.projection
    assert list(ds.PatientOrientation) == ["L", "F"]
    assert (ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation) == (16, 12, 11, 0)
    at_detector = film.spacing * dicom.MAGNIFICATION
    assert [float(value) for value in ds.ImagerPixelSpacing] == pytest.approx([at_detector] * 2, abs=1e-6)
    assert ds.PresentationLUTShape == "IDENTITY"
    assert ds.PixelIntensityRelationshipSign == -1
    assert ds.ViewCodeSequence[0].CodingSchemeDesignator == "SCT"
    assert ds.AnatomicRegionSequence[0].CodeMeaning == "Chest"


def test_both_projections_say_which_they_are() -> None:
    seen = {}
    for seed in range(12):
        drawn = chest.draw(seed, size=32)
        ds = dicom.dataset(drawn)
        seen[drawn.projection] = ds.ViewCodeSequence[0].CodeMeaning
    assert seen == {"AP": "antero-posterior", "PA": "postero-anterior"}


def test_identifiers_follow_from_the_phantom(film: chest.ChestPhantom) -> None:
    first, again = dicom.dataset(film), dicom.dataset(film)
    other = dicom.dataset(chest.draw(22, size=96))
    inverted = dicom.dataset(film, dicom.Header(monochrome1=True))
    for name in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        value = first[name].value
        assert value.is_valid
        assert value.startswith("2.25.")
        assert value == again[name].value
        assert len({value, other[name].value, inverted[name].value}) == 3
    uuid = int(first.StudyInstanceUID.removeprefix("2.25."))
    assert uuid >> 76 & 0xF == 5  # a name-based UUID, and of the standard variant
    assert uuid >> 62 & 0x3 == 2


def ingested(path: Path, workdir: Path) -> Study:
    """The study the product makes of a file."""
    (result,) = read(path, path.name, Settings(), workdir)
    assert isinstance(result, Accepted)
    return result.study


def test_the_product_reads_both_interpretations_as_the_same_phantom(film: chest.ChestPhantom, tmp_path: Path) -> None:
    shown = []
    for name, inverted in (("two", False), ("one", True)):
        dicom.write(film, tmp_path / f"{name}.dcm", dicom.Header(monochrome1=inverted))
        study = ingested(tmp_path / f"{name}.dcm", tmp_path)
        assert study.phantom
        assert study.series[0].body_part == "CHEST"
        shown.append(grey(study.series[0].images[0]))
    assert shown[0] == pytest.approx(film.pixels / 4095, abs=1e-3)
    assert shown[0] == pytest.approx(shown[1], abs=1e-3)
