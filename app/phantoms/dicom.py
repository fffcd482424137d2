"""Phantoms as DICOM: Digital X-Ray Images for presentation, marked in every way the standard offers as nobody's.

Knows pydicom. PS3.3 A.26 and its modules; Explicit VR Little Endian. The unique identifiers follow from the number and the
pixels (PS3.5 B.2, "2.25." and a UUID's number): the same film is the same instance however often it is written, and a film
that differs in one pixel, say with a finding more, is another.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from app.phantoms.chest import ChestPhantom

IMPLEMENTATION = UID("2.25.213486090915403118371530241263215917231")
"""This writer's Implementation Class UID (0002,0012)."""

MAGNIFICATION = 1.12
"""From the patient's plane to the detector's: Estimated Radiographic Magnification Factor (0018,1114)."""

NOTE = "PHANTOM: drawn by a program. No patient, no diagnosis. Research use only - not for clinical use."


@dataclass(frozen=True, slots=True)
class Header:
    """What of the header differs between phantoms. ``number`` names the patient; None takes the seed.

    ``date`` and ``time`` in DICOM's form. ``monochrome1`` writes the same film with low values bright. ``description`` is Study
    Description (0008,1030), 64 characters at most.
    """

    number: int | None = None
    date: str = "20260105"
    time: str = "080000"
    accession: str = ""
    monochrome1: bool = False
    description: str = "Chest phantom (procedural)"


def uid(*parts: str | int) -> UID:
    """A unique identifier that follows from ``parts``: "2.25." and a name-based (version 5) UUID as a number."""
    digest = bytearray(hashlib.sha256("/".join(str(part) for part in ("whylight phantom", *parts)).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return UID(f"2.25.{int.from_bytes(digest, 'big')}")


def dataset(phantom: ChestPhantom, header: Header | None = None) -> FileDataset:
    """The phantom as a data set with its file meta information."""
    header = header or Header()
    number = phantom.seed if header.number is None else header.number
    pixels = phantom.pixels
    content = hashlib.sha256(pixels.tobytes() + bytes([header.monochrome1])).hexdigest()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = uid("instance", number, content)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = "WHYLIGHT_PHANTOM"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = meta.MediaStorageSOPClassUID
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _whose(ds, number, content, header)
    _how(ds, phantom, header)
    _pixels(ds, phantom, header)
    return ds


def _whose(ds: Dataset, number: int, content: str, header: Header) -> None:
    """Patient, study, series and equipment."""
    ds.PatientName = f"PHANTOM^CHEST-{number}"
    ds.PatientID = f"PHANTOM-{number}"
    ds.PatientBirthDate = ""
    ds.PatientSex = ""
    ds.QualityControlSubject = "YES"
    ds.PatientComments = NOTE
    ds.StudyInstanceUID = uid("study", number, content)
    ds.StudyDate, ds.StudyTime = header.date, header.time
    ds.ReferringPhysicianName = ""
    ds.StudyID = str(number)[:16]
    ds.AccessionNumber = header.accession
    ds.StudyDescription = header.description
    ds.Modality = "DX"
    ds.SeriesInstanceUID = uid("series", number, content)
    ds.SeriesNumber = 1
    ds.SeriesDate, ds.SeriesTime = header.date, header.time
    ds.SeriesDescription = "Chest phantom, frontal"
    ds.Manufacturer = "Whylight phantoms"
    ds.ManufacturerModelName = "Procedural chest"
    ds.SoftwareVersions = "1"
    ds.PresentationIntentType = "FOR PRESENTATION"


def _how(ds: Dataset, phantom: ChestPhantom, header: Header) -> None:
    """Image, anatomy, positioning and acquisition."""
    ds.InstanceNumber = 1
    ds.ContentDate = ds.AcquisitionDate = header.date
    ds.ContentTime = ds.AcquisitionTime = header.time
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.DerivationDescription = "Drawn by a program; nobody was exposed"
    ds.ImageComments = NOTE
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = phantom.projection
    ds.ImageLaterality = "U"
    ds.PatientOrientation = ["L", "F"]
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "816094009", "SCT", "Chest"
    ds.AnatomicRegionSequence = Sequence([region])
    view = Dataset()
    code, meaning = ("399348003", "antero-posterior") if phantom.projection == "AP" else ("272479007", "postero-anterior")
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = code, "SCT", meaning
    ds.ViewCodeSequence = Sequence([view])
    ds.AcquisitionContextSequence = Sequence()
    ds.DetectorType = ""
    ds.PositionerType = "NONE"
    ds.EstimatedRadiographicMagnificationFactor = MAGNIFICATION
    at_detector = f"{phantom.spacing * MAGNIFICATION:.6f}"
    ds.ImagerPixelSpacing = [at_detector, at_detector]
    ds.BurnedInAnnotation = "YES"
    ds.LossyImageCompression = "00"


def _pixels(ds: Dataset, phantom: ChestPhantom, header: Header) -> None:
    """Pixel data, 12 bits in 16, and how to show them."""
    pixels = phantom.pixels
    if header.monochrome1:
        pixels = (4095 - pixels).astype(np.uint16)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1" if header.monochrome1 else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if header.monochrome1 else "IDENTITY"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if header.monochrome1 else -1
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.WindowCenter, ds.WindowWidth = ["2048", "2246" if header.monochrome1 else "1850"], ["4096", "3000"]
    ds.WindowCenterWidthExplanation = ["FULL", "LUNG"]
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def write(phantom: ChestPhantom, where: str | Path | BinaryIO, header: Header | None = None) -> None:
    """Write the phantom as a DICOM file to a path or an open binary file; ValueError if the format would not be kept."""
    dataset(phantom, header).save_as(where, enforce_file_format=True)


def encode(phantom: ChestPhantom, header: Header | None = None) -> bytes:
    """The phantom as the bytes of a DICOM file."""
    buffer = BytesIO()
    write(phantom, buffer, header)
    return buffer.getvalue()
