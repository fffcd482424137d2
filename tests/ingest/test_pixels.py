"""Uncompressed pixels: bits, signs, orders, colours, frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.domain import Study, Window
from app.errors import InputError, NotReadable, TooLarge
from app.ingest import pixels
from app.ingest.layout import COLOUR, GUESSED_PHOTOMETRIC
from tests.ingest.conftest import Make, ramp

Read = Callable[[Path], tuple[Study, tuple[str, ...]]]


def stored(study: Study) -> NDArray[Any]:
    return study.series[0].images[0].stored


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16])
def test_every_uncompressed_syntax_gives_the_same_values(make: Make, read_study: Read, syntax: str, kind: type[Any]) -> None:
    values = (ramp(32, 33, 200).astype(np.int32) - (100 if np.dtype(kind).kind == "i" else 0)).astype(kind)
    inside = values.astype(values.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else values
    study, _ = read_study(make(inside, syntax))
    assert np.array_equal(stored(study), values)
    assert stored(study).dtype == (np.int16 if np.dtype(kind).kind == "i" else np.uint16)
    assert not stored(study).flags.writeable


@pytest.mark.parametrize(("bits", "high"), [(10, 9), (12, 11), (12, 15), (14, 13), (9, 12)])
def test_odd_bits_are_put_right(make: Make, read_study: Read, bits: int, high: int) -> None:
    values = ramp(top=2**bits - 1)
    study, warnings = read_study(make(values << (high + 1 - bits), BitsStored=bits, HighBit=high))
    assert np.array_equal(stored(study), values)
    assert warnings == ()


@pytest.mark.parametrize(("bits", "high"), [(12, 11), (12, 15), (10, 9)])
def test_signs_are_extended(make: Make, read_study: Read, bits: int, high: int) -> None:
    values = ramp(top=2**bits - 1).astype(np.int16) - 2 ** (bits - 1)
    raw = (values.view(np.uint16) & (2**bits - 1)) << (high + 1 - bits)
    study, _ = read_study(make(raw.astype(np.uint16), BitsStored=bits, HighBit=high, PixelRepresentation=1))
    assert np.array_equal(stored(study), values)


def test_stray_bits_are_left_out_with_a_warning(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(ramp() | 0x8000, BitsStored=12))
    assert np.array_equal(stored(study), ramp())
    assert warnings == (pixels.STRAY_BITS,)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_becomes_luminance_with_a_warning(make: Make, read_study: Read, planar: int) -> None:
    colour = np.zeros((16, 20, 3), np.uint8)
    colour[..., 0], colour[:8, :, 1], colour[..., 2] = 255, 100, 10
    path = make(colour, PlanarConfiguration=planar, PixelData=(colour.transpose(2, 0, 1) if planar else colour).tobytes())
    study, warnings = read_study(path)
    assert stored(study)[0, 0] == round(0.299 * 255 + 0.587 * 100 + 0.114 * 10)
    assert stored(study)[15, 0] == round(0.299 * 255 + 0.114 * 10)
    assert warnings == (COLOUR,)
    assert study.series[0].images[0].windows == (Window(128, 256, label="full range"),)


def test_ybr_shows_its_y(make: Make, read_study: Read) -> None:
    colour = np.stack([ramp(16, 20, 255).astype(np.uint8), *np.full((2, 16, 20), 90, np.uint8)], axis=-1)
    study, _ = read_study(make(colour, PhotometricInterpretation="YBR_FULL"))
    assert np.array_equal(stored(study), colour[..., 0])
    halved = np.full((16, 10, 4), 90, np.uint8)
    halved[..., :2] = colour[..., 0].reshape(16, 10, 2)
    study, _ = read_study(make(colour, PhotometricInterpretation="YBR_FULL_422", PixelData=halved.tobytes()))
    assert np.array_equal(stored(study), colour[..., 0])
    study, _ = read_study(make(colour, PhotometricInterpretation="YBR_FULL_422"))  # says so, but nothing was left out
    assert np.array_equal(stored(study), colour[..., 0])


def palette(**more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, entries in (("Red", [0, 255, 0]), ("Green", [0, 255, 0]), ("Blue", [0, 255, 255])):
        given[f"{name}PaletteColorLookupTableDescriptor"] = [3, 1, 8]
        given[f"{name}PaletteColorLookupTableData"] = bytes(entries) + b"\0"
    return given | more


def test_a_palette_is_looked_up(make: Make, read_study: Read) -> None:
    index = np.tile(np.array([0, 1, 2, 3], np.uint8), (16, 4))
    study, warnings = read_study(make(index, **palette()))
    assert stored(study)[0, :4].tolist() == [0, 0, 255, 29]
    assert warnings == (COLOUR,)
    with pytest.raises(NotReadable, match="palette"):
        read_study(make(index, **palette(BluePaletteColorLookupTableData=None)))


def test_thirty_two_bits_and_floats(make: Make, read_study: Read) -> None:
    wide = ramp().astype(np.uint32) * 100_000
    study, _ = read_study(make(wide, RescaleSlope=2, RescaleIntercept=1))
    image = study.series[0].images[0]
    assert np.allclose(image.values(), wide * 2.0 + 1, atol=image.slope)
    real = ramp().astype(np.float32) / 7
    path = make(ramp(), PixelData=None, FloatPixelData=real.tobytes())
    image = read_study(path)[0].series[0].images[0]
    assert np.allclose(image.values(), real, atol=image.slope)
    double = real.astype(np.float64)
    path = make(ramp(), PixelData=None, DoubleFloatPixelData=double.tobytes())
    assert np.allclose(read_study(path)[0].series[0].images[0].values(), double, atol=0.02)


def test_frames_become_images(make: Make, read_study: Read) -> None:
    frames = np.stack([ramp(top=top) for top in (100, 200, 300)])
    study, _ = read_study(make(frames, NumberOfFrames=3))
    images = study.series[0].images
    assert [image.frame for image in images] == [1, 2, 3]
    assert [int(image.stored.max()) for image in images] == [100, 200, 300]
    assert len({image.sop_instance_uid for image in images}) == 1


def test_a_missing_photometric_interpretation_is_guessed_aloud(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(ramp(), PhotometricInterpretation=None))
    assert study.series[0].images[0].photometric == "MONOCHROME2"
    assert warnings == (GUESSED_PHOTOMETRIC,)


def test_monochrome1_is_a_flag_and_nothing_is_inverted(make: Make, read_study: Read) -> None:
    study, _ = read_study(make(ramp(), PhotometricInterpretation="MONOCHROME1"))
    assert study.series[0].images[0].photometric == "MONOCHROME1"
    assert np.array_equal(stored(study), ramp())


def test_data_beyond_the_image_are_left_out_with_a_warning(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(ramp(), PixelData=ramp().tobytes() + b"abcd"))
    assert np.array_equal(stored(study), ramp())
    assert warnings == (pixels.MORE_DATA,)


@pytest.mark.parametrize(
    ("elements", "error", "words"),
    [
        ({"PixelData": ramp().tobytes()[:-2]}, NotReadable, "3070 of 3072"),
        ({"Rows": None}, NotReadable, r"Rows \(0028,0010\)"),
        ({"Rows": 0}, NotReadable, "no rows"),
        ({"BitsAllocated": None}, NotReadable, "BitsAllocated"),
        ({"BitsAllocated": 12}, NotReadable, "12 bits"),
        ({"BitsAllocated": 1}, NotReadable, "one bit"),
        ({"BitsStored": 17, "HighBit": 16}, NotReadable, "contradicts"),
        ({"BitsStored": 12, "HighBit": 9}, NotReadable, "contradicts"),
        ({"PhotometricInterpretation": "CMYK"}, NotReadable, "CMYK"),
        ({"SamplesPerPixel": 4}, NotReadable, "photometric"),
        ({"NumberOfFrames": 2**31 - 1}, TooLarge, "frames"),
        ({"NumberOfFrames": -1}, NotReadable, "no rows, columns or frames"),
        ({"Rows": 65535, "Columns": 65535}, TooLarge, "too large"),
        ({"Rows": 1, "Columns": 1, "PixelData": b"\0\0"}, NotReadable, "1 × 1 pixels is too small to read"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    make: Make, read_study: Read, elements: dict[str, Any], error: type[InputError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        read_study(make(ramp(), **elements))
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("syntax", "words"),
    [("1.2.840.10008.1.2.4.102", "video"), ("1.2.840.10008.1.2.4.65", "not read"), ("1.2.3.4", r"not read \(1.2.3.4\)")],
)
def test_other_transfer_syntaxes_are_refused_by_name(make: Make, read_study: Read, syntax: str, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        read_study(make(ramp(), syntax, frames=[b"\0\0"]))
