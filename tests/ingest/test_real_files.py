"""The 155 real DICOM files, two chest films and a knee: none raises, and pixels agree with pydicom and with their twins."""

import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from app.config import Settings
from app.domain import Image, Study
from app.grey import grey
from app.ingest import Accepted, Rejected, assemble, read
from app.ingest.padding import PADDED
from app.ingest.pixels import STRAY_BITS

# What pydicom decodes and we refuse, with the reason; all others that it decodes must be accepted.
REFUSED = ("segmentation", "microscopy", "too small")

# What pydicom with its plugins does not decode, and we do: imagecodecs reads it, or a missing header is made up for.
GAINED = {
    "DICOMSamples/CT_Implicit_Little_Headless_Retired.dcm",
    "cornerstone3D/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
    "cornerstone3D/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
    "fo-dicom/GH1339.dcm",
    "orthanc-jxl/test_ct1_jxl.dcm",
    "pydicom/JPEG-lossy.dcm",
    "pylibjpeg-data/RG2_JPLY.dcm",
}


# YBR inside a stream whose header says RGB, with colours so strong that turning them into RGB changes their luminance.
SATURATED = {"fo-dicom/GH195.dcm": 8}


@pytest.fixture
def read_one(settings: Settings, workdir: Path) -> Callable[[Path], Accepted | Rejected]:
    def one(path: Path) -> Accepted | Rejected:
        (found,) = read(path, path.name, settings, workdir)
        return found

    return one


def first(found: Accepted | Rejected) -> Image:
    assert isinstance(found, Accepted), found.error.sentence
    return found.study.series[0].images[0]


def by_pydicom(path: Path) -> NDArray[Any] | None:
    """The stored values as pydicom decodes them, as luminance; None where its free plugins cannot."""
    with warnings.catch_warnings(action="ignore"):
        ds = pydicom.dcmread(path, force=True)
        if "TransferSyntaxUID" not in ds.file_meta:
            ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        try:
            values = pixel_array(ds, raw=ds.get("PhotometricInterpretation") != "RGB")  # what claims RGB may be YBR inside
        except (NotImplementedError, AttributeError, RuntimeError, ValueError):
            return None
        if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
            values = apply_color_lut(values, ds)
        if values.shape[-1] != 3:
            return values
        return (
            values[..., 0] if ds.PhotometricInterpretation.startswith("YBR_FULL") else values @ np.array([0.299, 0.587, 0.114])
        )


def test_every_real_file_is_accepted_or_rejected_as_it_should(
    real_data: Path, read_one: Callable[[Path], Accepted | Rejected]
) -> None:
    folder = real_data / "dicom"
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 155
    wrong, compared = [], 0
    for row in rows:
        path = folder / row["file"]
        found = read_one(path)
        if isinstance(found, Rejected):
            sentence = found.error.sentence
            if row["decodes"] == "yes" and not any(word in sentence for word in REFUSED):
                wrong.append(f"{row['file']}: {sentence}")
            continue
        if row["decodes"] != "yes" and row["file"] not in GAINED:
            wrong.append(f"{row['file']}: accepted")
        if (theirs := by_pydicom(path)) is None or {STRAY_BITS, PADDED} & set(found.warnings):
            continue
        compared += 1
        ours = np.stack([image.stored for image in found.study.series[0].images])
        # Colour is rounded twice, and pydicom clips what RGB cannot show; grey is exact.
        tolerance = SATURATED.get(row["file"], 2) if row["spp"] == "3" or row["photometric"].startswith("PALETTE") else 0
        worst = float(np.abs(ours - theirs.reshape(ours.shape)).max())
        if worst > tolerance:
            wrong.append(f"{row['file']}: {worst} off")
    assert not wrong
    assert compared > 60


def modality(image: Image) -> NDArray[np.float32]:
    return image.values()


@pytest.mark.parametrize(
    ("compressed", "twin", "off"),
    [
        ("dicomParser/CT0012.fragmented_no_bot_jpeg_lossless.57.dcm", "dicomParser/CT0012.not_fragmented_no_bot_rle.dcm", 0),
        ("dicomParser/CT0012.fragmented_no_bot_jpeg_lossless.70.dcm", "dicomParser/CT0012.not_fragmented_no_bot_rle.dcm", 0),
        ("dicomParser/CT0012.fragmented_no_bot_jpeg_ls.81.dcm", "dicomParser/CT0012.not_fragmented_no_bot_rle.dcm", 2),
        ("orthanc-jxl/test_ct1_jxl.dcm", "orthanc-jxl/test_ct1.dcm", 0),
        ("pydicom/MR_small_jp2klossless.dcm", "pydicom/MR_small_bigendian.dcm", 0),
        ("pydicom/MR_small_bigendian.dcm", "made_here/pdf_preamble_polyglot.dcm", 0),
        ("fo-dicom/CR-MONO1-10-chest", "dwv/gdcm-CR-MONO1-10-chest.dcm", 0),
        ("pydicom/SC_rgb_rle.dcm", "pydicom/SC_ybr_full_422_uncompressed.dcm", 2),
        ("cornerstone3D/TestPattern_JPEG-LS-NearLossless.dcm", "cornerstone3D/TestPattern_JPEG-LS-Lossless.dcm", 3),
        ("fo-dicom/GH538-jpeg14sv1.dcm", "fo-dicom/GH538-jpeg1.dcm", 60),
    ],
)
def test_twins_have_the_same_pixels(
    real_data: Path, read_one: Callable[[Path], Accepted | Rejected], compressed: str, twin: str, off: float
) -> None:
    one, other = (first(read_one(real_data / "dicom" / name)) for name in (compressed, twin))
    assert float(np.abs(one.stored.astype(int) - other.stored).max()) <= off


@pytest.mark.parametrize(
    "process", ["Process10_12TransferSyntax_1.2.840.10008.1.2.4.55", "Process6_8TransferSyntax_1.2.840.10008.1.2.4.53"]
)
def test_twelve_bit_progressive_jpeg_agrees_with_the_original_in_modality_values(
    real_data: Path, read_one: Callable[[Path], Accepted | Rejected], process: str
) -> None:
    folder = real_data / "dicom" / "cornerstone3D"
    original = first(read_one(folder / "CTImage.dcm_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm"))
    lossy = first(read_one(folder / f"CTImage.dcm_JPEG{process}.dcm"))
    assert float(np.abs(modality(lossy) - modality(original)).mean()) < 12  # of a range of 4,400 HU, in steps of 2


def test_twelve_bit_extended_jpeg_agrees_with_its_lossless_twin(
    real_data: Path, read_one: Callable[[Path], Accepted | Rejected]
) -> None:
    folder = real_data / "dicom"
    lossy = first(read_one(folder / "cornerstone3D/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm"))
    lossless = first(read_one(folder / "dicomParser/CT0012.not_fragmented_no_bot_rle.dcm"))
    assert np.corrcoef(lossy.stored.ravel(), lossless.stored.ravel())[0, 1] > 0.9999


def test_the_chest_films(real_data: Path, read_one: Callable[[Path], Accepted | Rejected]) -> None:
    folder = real_data / "chest" / "dicom"
    inverse = read_one(folder / "cr_monochrome1.dcm")
    image = first(inverse)
    assert isinstance(inverse, Accepted)
    assert (inverse.study.series[0].body_part, inverse.study.series[0].view_position) == ("CHEST", "PA")
    assert (inverse.study.date, image.photometric) == ("1993-02-24", "MONOCHROME1")
    shown = grey(image)
    assert shown[150:250, 100:150].mean() < shown[250:400, 200:240].mean() - 0.2  # air is dark, the spine is bright
    upright = read_one(folder / "pa_jpeg_baseline.dcm")
    assert isinstance(upright, Accepted)
    assert (first(upright).stored.shape, upright.study.series[0].modality) == ((1024, 1024), "CR")
    assert first(upright).spacing_kind == "at detector, uncalibrated"


def test_the_knee_lies_in_order(real_data: Path, read_one: Callable[[Path], Accepted | Rejected]) -> None:
    files = sorted((real_data / "knee" / "osirix_knee").rglob("*.dcm"), key=lambda path: path.name[::-1])
    studies: list[Study] = [found.study for found in map(read_one, files) if isinstance(found, Accepted)]
    (study,) = assemble(studies)
    assert sorted(len(series.images) for series in study.series) == [24, 26]
    for series in study.series:
        assert len({image.orientation for image in series.images}) == 1
        along = [
            float(np.dot(image.position or 0, np.cross((image.axes or ())[:3], (image.axes or ())[3:])))
            for image in series.images
        ]
        assert np.all(np.diff(along) > 1)
