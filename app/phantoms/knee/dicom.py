"""Knee phantoms as DICOM: MR Image Storage, three series of one study, marked in every way the standard offers as nobody's.

Knows pydicom. PS3.3 A.4 and its modules; Explicit VR Little Endian. One frame of reference for all three series. The unique
identifiers follow from the number and the pixels, as the chest films' do (`app.phantoms.dicom`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.phantoms.dicom import IMPLEMENTATION, NOTE, uid
from app.phantoms.knee.exam import KneePhantom
from app.phantoms.knee.scanner import KneeStack

TIMES = {"T1": (620, 13, 3), "T2": (3600, 92, 14), "PD": (2900, 28, 7), "PD FS": (2900, 32, 7), "T2 FS": (3800, 74, 12)}
"""Weighting to Repetition Time (0018,0080) and Echo Time (0018,0081) in ms, and Echo Train Length (0018,0091)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What of the header differs between phantoms. ``number`` names the patient; None takes the seed.

    ``date`` and ``time`` in DICOM's form. ``description`` is Study Description (0008,1030), 64 characters at most; made of the
    findings when None.
    """

    number: int | None = None
    date: str = "20260105"
    time: str = "080000"
    accession: str = ""
    description: str | None = None


def title(phantom: KneePhantom) -> str:
    """The study's description: "Phantom: knee, ACL tear"."""
    told = [finding for finding in phantom.findings if finding != "abnormality"]
    other = {"effusion", "bone bruise"}.intersection(phantom.lesions)
    return "Phantom: knee, " + (", ".join([*told, *sorted(other)]) or "healthy")


def datasets(phantom: KneePhantom, header: Header | None = None) -> Iterator[tuple[str, FileDataset]]:
    """Every slice as a data set with its file meta information, by a file name: plane and number along the stack."""
    header = header or Header()
    number = phantom.seed if header.number is None else header.number
    content = hashlib.sha256(b"".join(stack.pixels.tobytes() for stack in phantom.stacks)).hexdigest()
    for series, stack in enumerate(phantom.stacks, start=1):
        window = _window(stack.pixels)
        for place in range(len(stack.pixels)):
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID = MRImageStorage
            meta.MediaStorageSOPInstanceUID = uid("knee instance", number, content, series, place)
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            meta.ImplementationClassUID = IMPLEMENTATION
            meta.ImplementationVersionName = "WHYLIGHT_PHANTOM"
            ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
            ds.SpecificCharacterSet = "ISO_IR 192"
            ds.SOPClassUID = meta.MediaStorageSOPClassUID
            ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
            _whose(ds, phantom, number, content, header)
            _series(ds, phantom, series, uid("knee series", number, content, series), header)
            _where(ds, stack, place)
            _pixels(ds, stack.pixels[place], window)
            yield f"{stack.plane}-{place + 1:02d}.dcm", ds


def _whose(ds: Dataset, phantom: KneePhantom, number: int, content: str, header: Header) -> None:
    """Patient, study and frame of reference."""
    ds.PatientName = f"PHANTOM^KNEE-{number}"
    ds.PatientID = f"PHANTOM-KNEE-{number}"
    ds.PatientBirthDate = ""
    ds.PatientSex = ""
    ds.QualityControlSubject = "YES"
    ds.PatientComments = NOTE
    ds.StudyInstanceUID = uid("knee study", number, content)
    ds.StudyDate, ds.StudyTime = header.date, header.time
    ds.ReferringPhysicianName = ""
    ds.StudyID = str(number)[:16]
    ds.AccessionNumber = header.accession
    ds.StudyDescription = (title(phantom) if header.description is None else header.description)[:64]
    ds.FrameOfReferenceUID = uid("knee frame", number, content)
    ds.PositionReferenceIndicator = ""


def _series(ds: Dataset, phantom: KneePhantom, number: int, series_uid: str, header: Header) -> None:
    """Series, equipment, anatomy and sequence."""
    stack = phantom.stacks[number - 1]
    ds.Modality = "MR"
    ds.SeriesInstanceUID = series_uid
    ds.SeriesNumber = number
    ds.SeriesDate, ds.SeriesTime = header.date, header.time
    ds.SeriesDescription = f"{stack.plane.capitalize()} {stack.weighting} (phantom)"
    ds.ProtocolName = f"KNEE {stack.plane.upper()} {stack.weighting}"
    ds.Laterality = phantom.side
    ds.PatientPosition = "FFS"
    ds.BodyPartExamined = "KNEE"
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "72696002", "SCT", "Knee region structure"
    ds.AnatomicRegionSequence = Sequence([region])
    ds.Manufacturer = "Whylight phantoms"
    ds.ManufacturerModelName = "Procedural knee"
    ds.SoftwareVersions = "1"
    ds.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
    ds.DerivationDescription = "Drawn by a program; nobody was scanned"
    ds.ImageComments = NOTE
    repetition, echo, train = TIMES[stack.weighting]
    ds.ScanningSequence, ds.SequenceVariant = "SE", "SK"
    ds.ScanOptions = "FS" if stack.weighting.endswith("FS") else ""
    ds.MRAcquisitionType = "2D"
    ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength = str(repetition), str(echo), str(train)
    ds.NumberOfAverages, ds.FlipAngle = "1", "90"
    ds.ImagedNucleus, ds.MagneticFieldStrength, ds.ImagingFrequency = "1H", "1.5", "63.87"


def _where(ds: Dataset, stack: KneeStack, place: int) -> None:
    """The slice's number and place in the patient."""
    normal = np.cross(stack.axes[:3], stack.axes[3:])
    position = np.asarray(stack.position) + normal * (stack.between * place)
    ds.InstanceNumber = place + 1
    ds.ContentDate = ds.AcquisitionDate = ds.StudyDate
    ds.ContentTime = ds.AcquisitionTime = ds.StudyTime
    ds.AcquisitionNumber = 1
    ds.ImagePositionPatient = [f"{value:.4f}" for value in position]
    ds.ImageOrientationPatient = [f"{value:.8f}" for value in stack.axes]
    ds.SliceLocation = f"{float(position @ normal):.4f}"
    ds.PixelSpacing = [f"{value:.6f}" for value in stack.spacing]
    ds.SliceThickness = f"{stack.thickness:.3f}"
    ds.SpacingBetweenSlices = f"{stack.between:.6f}"


def _window(pixels: NDArray[np.uint16]) -> tuple[int, int]:
    """Centre and width that show all of a stack but its brightest thousandth."""
    top = int(np.percentile(pixels, 99.9))
    return max(top // 2, 1), max(top, 2)


def _pixels(ds: Dataset, pixels: NDArray[np.uint16], window: tuple[int, int]) -> None:
    """Pixel data, 12 bits in 16, and how to show them."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = str(window[0]), str(window[1])
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def encode(phantom: KneePhantom, header: Header | None = None) -> list[tuple[str, bytes]]:
    """The examination as DICOM files: (name, bytes) of every slice, plane after plane, along each stack."""
    files = []
    for name, ds in datasets(phantom, header):
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        files.append((name, buffer.getvalue()))
    return files
