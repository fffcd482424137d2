"""Spacing, orientation letters, position."""

from typing import Any

import pytest
from pydicom.dataset import Dataset

from app.ingest.geometry import BAD_ORIENTATION, BAD_SPACING, geometry
from app.ingest.header import Header


def header(**elements: Any) -> Header:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return Header([ds])


@pytest.mark.parametrize(
    ("modality", "elements", "spacing", "kind"),
    [
        ("CT", {"PixelSpacing": [0.5, 0.7]}, (0.5, 0.7), "calibrated"),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "at detector, uncalibrated"),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "at detector, uncalibrated"),
        ("DX", {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.18, 0.18]}, (0.18, 0.18), "calibrated"),
        ("CR", {"PixelSpacing": [0.168, 0.168]}, (0.168, 0.168), "at detector, uncalibrated"),
        ("CR", {"PixelSpacing": [0.168, 0.168], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.168, 0.168), "calibrated"),
        ("OT", {"PixelSpacing": [1, 1]}, (1, 1), "unknown"),
        ("CT", {"PixelSpacing": 0.5}, (0.5, 0.5), "calibrated"),
        ("CT", {}, None, "unknown"),
    ],
)
def test_spacing_says_what_it_measures(modality: str, elements: dict[str, Any], spacing: Any, kind: str) -> None:
    found = geometry(header(**elements), modality)
    assert (found.pixel_spacing, found.spacing_kind) == (spacing, kind)


def test_impossible_spacing_is_left_out_with_a_warning() -> None:
    read = header(PixelSpacing=[0, 1])
    assert geometry(read, "CT").pixel_spacing is None
    assert read.warnings == [BAD_SPACING]


@pytest.mark.parametrize(
    ("axes", "letters"),
    [
        ([1, 0, 0, 0, 1, 0], ("R", "A", "L", "P")),  # axial
        ([0, 1, 0, 0, 0, -1], ("A", "H", "P", "F")),  # sagittal
        ([1, 0, 0, 0, 0, -1], ("R", "H", "L", "F")),  # coronal
        ([-1, 0, 0, 0, 1, 0], ("L", "A", "R", "P")),
        ([0.7071068, 0.7071068, 0, 0, 0, -1], ("RA", "H", "LP", "F")),
    ],
)
def test_letters_of_cross_sections_come_from_the_axes(axes: list[float], letters: tuple[str, ...]) -> None:
    found = geometry(header(ImageOrientationPatient=axes, ImagePositionPatient=[1, 2, 3]), "MR")
    assert found.orientation == letters
    assert found.axes == tuple(axes)
    assert found.position == (1, 2, 3)


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        (["L", "F"], ("R", "H", "L", "F")),
        (["P", "F"], ("A", "H", "P", "F")),
        (["A", "FR"], ("P", "HL", "A", "FR")),
        (["L", "X"], ("", "", "", "")),
        (["L"], ("", "", "", "")),
    ],
)
def test_letters_of_projections_come_from_patient_orientation(direction: list[str], letters: tuple[str, ...]) -> None:
    assert geometry(header(PatientOrientation=direction), "DX").orientation == letters


def test_a_projection_with_axes_only_uses_them() -> None:
    assert geometry(header(ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "DX").orientation == ("R", "H", "L", "F")


@pytest.mark.parametrize("axes", [[1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0], [1, 0, 0]])
def test_impossible_axes_are_left_out_with_a_warning(axes: list[float]) -> None:
    read = header(ImageOrientationPatient=axes)
    assert geometry(read, "MR").axes is None
    assert read.warnings == [BAD_ORIENTATION]
