"""DICOM files of every kind, drawn on the spot."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from app.config import Settings
from app.domain import Study
from app.ingest import dicom
from app.ingest.limits import Limits

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"

LIMITS = Limits(pixels=10_000_000, octets=64 * 2**20, seconds=20, memory=2**31)

Make = Callable[..., Path]


def ramp(rows: int = 32, columns: int = 48, top: int = 4095) -> NDArray[np.uint16]:
    """A slope from 0 to ``top``, each pixel its own value as far as possible."""
    return np.linspace(0, top, rows * columns).astype(np.uint16).reshape(rows, columns)


def data_set(pixels: NDArray[Any] | None, **elements: Any) -> Dataset:
    """A digital X-ray of these pixels (…, rows, columns[, 3]); elements given replace its own, None leaves one out."""
    ds = Dataset()
    ds.SOPClassUID = DX
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID = (generate_uid(entropy_srcs=[name]) for name in "ise")
    ds.Modality = "DX"
    ds.PatientName, ds.PatientID = "Hong^Gildong", "P-1"
    if pixels is not None:
        colour = pixels.shape[-1] == 3
        ds.Rows, ds.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
        ds.SamplesPerPixel = 3 if colour else 1
        ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
        if colour:
            ds.PlanarConfiguration = 0
        ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = int(pixels.dtype.kind == "i")
        ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
        ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    for keyword, value in elements.items():
        if value is None:
            if keyword in ds:
                delattr(ds, keyword)
        else:
            setattr(ds, keyword, Items(value) if isinstance(value, list) and value and isinstance(value[0], Dataset) else value)
    if "BitsStored" in elements and "HighBit" not in elements:
        ds.HighBit = ds.BitsStored - 1
    return ds


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A function that writes a DICOM file: pixels, transfer syntax, compressed frames, elements."""
    count = 0

    def write(
        pixels: NDArray[Any] | None,
        syntax: str = ExplicitVRLittleEndian,
        frames: Sequence[bytes] | None = None,
        **elements: Any,
    ) -> Path:
        nonlocal count
        count += 1
        ds = data_set(pixels, **elements)
        if frames is not None:
            ds.PixelData = encapsulate(list(frames))
            ds["PixelData"].VR = "OB"
            ds["PixelData"].is_undefined_length = True
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = UID(syntax)
        meta.MediaStorageSOPClassUID = UID(str(ds.get("SOPClassUID", CT)))
        meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2.3")
        path = tmp_path / f"{count}.dcm"
        ds.file_meta = meta
        ds.preamble = b"\0" * 128
        encoding = {"implicit_vr": syntax == ImplicitVRLittleEndian, "little_endian": syntax != ExplicitVRBigEndian}
        pydicom.dcmwrite(path, ds, force_encoding=True, overwrite=True, **encoding)
        return path

    return write


@pytest.fixture
def read_study() -> Callable[[Path], tuple[Study, tuple[str, ...]]]:
    """Read a DICOM file in this process, as the child does in its own."""

    def read(path: Path) -> tuple[Study, tuple[str, ...]]:
        with warnings.catch_warnings(action="ignore"):  # as in the child: what pydicom remarks on is nobody's concern
            return dicom.study(path, "ab" * 32, LIMITS)

    return read


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with nothing of this machine in them."""
    return Settings(var=tmp_path / "var")


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """Where archives are unpacked."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
