"""Where an image lies: pixel spacing, orientation letters, position and axes. Knows the header's numbers, no pixels.

The patient's directions are DICOM's: x grows to the left (L), y to the back (P), z to the head (H). PS3.3 C.7.6.2.
"""

import math
from dataclasses import dataclass
from typing import Literal

from app.ingest.header import Header

PROJECTIONS = frozenset({"CR", "DX", "MG", "IO", "PX", "XA", "RF", "RG", "DR", "RTIMAGE"})
"""Modalities whose pixels show a shadow on a detector: there the body's own size is not known without calibration."""
MEASURED = frozenset({"CT", "MR", "PT", "NM", "US", "RTDOSE"})
"""Modalities whose pixels have a size in the body."""

OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H"}
LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""Per axis: the letter of the growing direction, and of the falling one."""

STRETCHED = 20.0
"""Largest ratio of a pixel's sides that is believed."""
FARTHEST = 1e5
"""Millimetres beyond which no slice lies."""

SLANT = 0.35
"""Share of a direction from which on it gets a letter of its own: about 20 degrees off the plane."""

BAD_SPACING = "The pixel spacing in the header is not possible and was left out."
BAD_ASPECT = "The pixel aspect ratio in the header is not possible and was left out."
BAD_ORIENTATION = "The orientation in the header is not possible and was left out."

SpacingKind = Literal["calibrated", "at detector, uncalibrated", "unknown"]
Axes = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Geometry:
    """As in `app.domain.Image`."""

    pixel_spacing: tuple[float, float] | None
    spacing_kind: SpacingKind
    orientation: tuple[str, str, str, str]
    position: tuple[float, float, float] | None
    axes: Axes | None
    location: float | None = None
    aspect: float = 1.0


def geometry(header: Header, modality: str) -> Geometry:
    """The geometry of one frame."""
    spacing, kind = _spacing(header, modality)
    axes = _axes(header)
    position = header.numbers("ImagePositionPatient")
    letters = _letters_of_projection(header) if modality in PROJECTIONS or axes is None else None
    return Geometry(
        pixel_spacing=spacing,
        spacing_kind=kind,
        orientation=letters or (_letters_of_axes(axes) if axes else ("", "", "", "")),
        position=(position[0], position[1], position[2]) if len(position) == 3 else None,
        axes=axes,
        location=next((mm for mm in header.numbers("SliceLocation") if abs(mm) < FARTHEST), None),
        aspect=1.0 if spacing else _aspect(header),
    )


def _aspect(header: Header) -> float:
    """Pixel Aspect Ratio (0028,0034), vertical to horizontal size: how high a pixel is in widths (PS3.3 C.7.6.3.1.7). It is
    there where nothing says how large a pixel is."""
    found = header.numbers("PixelAspectRatio")
    if not found:
        return 1.0
    if len(found) != 2 or min(found) <= 0 or not 1 / STRETCHED <= found[0] / found[1] <= STRETCHED:
        header.warn(BAD_ASPECT)
        return 1.0
    return found[0] / found[1]


def _spacing(header: Header, modality: str) -> tuple[tuple[float, float] | None, SpacingKind]:
    """Pixel Spacing (0028,0030) and Imager Pixel Spacing (0018,1164), told apart as PS3.3 10.7.1.3 asks; of a film that was
    scanned Nominal Scanned Pixel Spacing (0018,2010), which is that of the film.

    On a projection, a Pixel Spacing is calibrated only if it says how (0028,0A02) or differs from the detector's.
    """
    patient = _pair(header, "PixelSpacing")
    detector = _pair(header, "ImagerPixelSpacing") or _pair(header, "NominalScannedPixelSpacing")
    if patient is None:
        return (detector, "at detector, uncalibrated") if detector else (None, "unknown")
    if modality not in PROJECTIONS and detector is None:
        return patient, "calibrated" if modality in MEASURED else "unknown"
    calibrated = header.has("PixelSpacingCalibrationType")
    same = detector is not None and all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(patient, detector, strict=True))
    if calibrated or (detector is not None and not same):
        return patient, "calibrated"
    return patient, "at detector, uncalibrated"


def _pair(header: Header, keyword: str) -> tuple[float, float] | None:
    """(between rows, between columns) in mm."""
    found = header.numbers(keyword)
    if len(found) == 1:
        found *= 2
    if not found:
        return None
    if len(found) != 2 or not all(1e-4 < each < 1e3 for each in found):
        header.warn(BAD_SPACING)
        return None
    return found[0], found[1]


def _axes(header: Header) -> Axes | None:
    """Image Orientation (0020,0037) as two unit vectors at right angles; None where it is missing or no such thing."""
    found = header.numbers("ImageOrientationPatient")
    if not found:
        return None
    row, column = found[:3], found[3:]
    if len(found) != 6 or abs(math.hypot(*row) - 1) > 0.01 or abs(math.hypot(*column) - 1) > 0.01:
        header.warn(BAD_ORIENTATION)
        return None
    if abs(sum(a * b for a, b in zip(row, column, strict=True))) > 0.01:
        header.warn(BAD_ORIENTATION)
        return None
    return found[0], found[1], found[2], found[3], found[4], found[5]


def _letters_of_axes(axes: Axes) -> tuple[str, str, str, str]:
    right, bottom = _direction(axes[:3]), _direction(axes[3:])
    return _opposite(right), _opposite(bottom), right, bottom


def _direction(vector: tuple[float, ...]) -> str:
    """Letters of a direction, the largest part first: (0.1, 0.99, 0) is P, (0.7, 0.7, 0) is LP."""
    parts = sorted(zip(vector, LETTERS, strict=True), key=lambda part: -abs(part[0]))
    return "".join(grows if share > 0 else falls for share, (grows, falls) in parts if abs(share) >= SLANT)


def _letters_of_projection(header: Header) -> tuple[str, str, str, str] | None:
    """Patient Orientation (0020,0020): where the rows run to, and where the columns run to."""
    value = header.lines("PatientOrientation")
    if len(value) != 2:
        return None
    right, bottom = (part.upper() for part in value)
    if not right or not bottom or not set(right + bottom) <= OPPOSITE.keys():
        return None
    return _opposite(right), _opposite(bottom), right, bottom


def _opposite(letters: str) -> str:
    return "".join(OPPOSITE[letter] for letter in letters)
