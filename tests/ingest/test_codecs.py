"""Compressed pixels: each family gives back what went in, or what an independent decoder says; what is cut is refused."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import RLELossless

from app.domain import Study
from app.errors import NotReadable
from app.ingest.layout import COLOUR
from app.ingest.presentation import COMPRESSED
from tests.ingest.conftest import Make, ramp

Read = Callable[[Path], tuple[Study, tuple[str, ...]]]
PREFIX = "1.2.840.10008.1.2."

NOISE = (ramp(40, 48, 4000) + np.random.default_rng(7).integers(0, 90, (40, 48))).astype(np.uint16)
COLOURED = np.random.default_rng(8).integers(0, 255, (24, 32, 3)).astype(np.uint8)
SMOOTH = np.stack(
    [ramp(24, 32, 200).astype(np.uint8), ramp(24, 32, 100).astype(np.uint8).T.reshape(24, 32), np.full((24, 32), 60, np.uint8)],
    -1,
)


def rle(values: NDArray[Any]) -> bytes:
    return RLELosslessEncoder.encode(
        np.ascontiguousarray(values), rows=values.shape[0], columns=values.shape[1], samples_per_pixel=1,
        bits_allocated=8 * values.dtype.itemsize, bits_stored=8 * values.dtype.itemsize, number_of_frames=1,
        pixel_representation=0, photometric_interpretation="MONOCHROME2", encoding_plugin="pydicom",
    )  # fmt: skip


def jpeg(values: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(values, **options))


LOSSLESS: dict[str, tuple[str, Callable[[NDArray[Any]], bytes]]] = {
    "RLE": ("5", rle),
    "JPEG lossless": ("4.70", lambda values: jpeg(values, lossless=True, bitspersample=16)),
    "JPEG-LS": ("4.80", lambda values: bytes(imagecodecs.jpegls_encode(values))),
    "JPEG 2000": ("4.90", lambda values: bytes(imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k"))),
    "JPEG 2000 in JP2": ("4.90", lambda values: bytes(imagecodecs.jpeg2k_encode(values, level=0, codecformat="jp2"))),
    "high-throughput JPEG 2000": ("4.201", lambda values: bytes(imagecodecs.htj2k_encode(values))),
    "JPEG XL": ("4.110", lambda values: bytes(imagecodecs.jpegxl_encode(values, lossless=True))),
}


@pytest.mark.parametrize("family", LOSSLESS)
def test_lossless_families_give_back_every_value(make: Make, read_study: Read, family: str) -> None:
    syntax, encode = LOSSLESS[family]
    study, warnings = read_study(make(NOISE, PREFIX + syntax, frames=[encode(NOISE), encode(NOISE[::-1])], NumberOfFrames=2))
    first, second = study.series[0].images
    assert np.array_equal(first.stored, NOISE)
    assert np.array_equal(second.stored, NOISE[::-1])
    assert warnings == ()


@pytest.mark.parametrize("family", LOSSLESS)
def test_a_truncated_frame_is_refused_and_never_padded(make: Make, read_study: Read, family: str) -> None:
    syntax, encode = LOSSLESS[family]
    whole = encode(NOISE)
    for length in (len(whole) // 8, len(whole) // 2, int(len(whole) * 0.95)):
        with pytest.raises(NotReadable):
            read_study(make(NOISE, PREFIX + syntax, frames=[whole[:length]]))
    if family.startswith("JPEG lossless"):
        with pytest.raises(NotReadable, match="break off"):
            read_study(make(NOISE, PREFIX + syntax, frames=[whole[: len(whole) // 2] + b"\xff\xd9"]))


@pytest.mark.parametrize("options", [{}, {"optimize": True}])
def test_lossy_jpeg_is_close_and_refused_when_cut(make: Make, read_study: Read, options: dict[str, Any]) -> None:
    grey = (ramp(120, 160, 200) + np.random.default_rng(1).integers(0, 50, (120, 160))).astype(np.uint8)
    whole = jpeg(grey, level=95, **options)
    study, _ = read_study(make(grey, PREFIX + "4.50", frames=[whole]))
    assert np.abs(study.series[0].images[0].stored.astype(int) - grey).max() <= 12
    for cut in (whole[: len(whole) * 2 // 3], whole[: len(whole) * 2 // 3] + b"\xff\xd9", whole[:-24] + b"\xff\xd9"):
        with pytest.raises(NotReadable, match="break off"):
            read_study(make(grey, PREFIX + "4.50", frames=[cut]))
    read_study(make(grey, PREFIX + "4.50", frames=[whole[:-2]]))  # only the end marker is missing: no pixel is


def test_twelve_bit_jpeg_extended(make: Make, read_study: Read) -> None:
    whole = jpeg(NOISE, level=98, bitspersample=12)
    study, _ = read_study(make(NOISE, PREFIX + "4.51", frames=[whole], BitsStored=12))
    assert np.abs(study.series[0].images[0].stored.astype(int) - NOISE).mean() < 12


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize(("inside", "marked"), [("YCBCR", True), ("RGB", True), ("RGB", False)])
def test_colour_jpeg_follows_its_stream_then_the_header(
    make: Make, read_study: Read, photometric: str, inside: str, marked: bool
) -> None:
    whole = jpeg(SMOOTH, level=98, colorspace="RGB", outcolorspace=inside)
    if not marked:
        at = whole.index(b"Adobe") - 4
        whole = whole[:at] + whole[at + 2 + struct.unpack_from("!H", whole, at + 2)[0] :]
        photometric = "RGB"
    study, warnings = read_study(make(SMOOTH, PREFIX + "4.50", frames=[whole], PhotometricInterpretation=photometric))
    luminance = SMOOTH @ np.array([0.299, 0.587, 0.114])
    assert np.abs(study.series[0].images[0].stored - luminance).mean() < 3
    assert set(warnings) == {COLOUR, COMPRESSED}


J2K, JLS, JXL = "4.90", "4.80", "4.110"
COLOUR_ENCODERS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    J2K: lambda values: bytes(imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k")),
    JLS: lambda values: bytes(imagecodecs.jpegls_encode(values)),
    JXL: lambda values: bytes(imagecodecs.jpegxl_encode(values, lossless=True)),
}


@pytest.mark.parametrize(("syntax", "photometric"), [(J2K, "YBR_RCT"), (JLS, "RGB"), (JLS, "YBR_FULL"), (JXL, "RGB")])
def test_colour_in_lossless_families(make: Make, read_study: Read, syntax: str, photometric: str) -> None:
    path = make(COLOURED, PREFIX + syntax, frames=[COLOUR_ENCODERS[syntax](COLOURED)], PhotometricInterpretation=photometric)
    luminance = np.rint(COLOURED @ np.array([0.299, 0.587, 0.114], np.float32))
    wanted = COLOURED[..., 0] if photometric == "YBR_FULL" else luminance
    assert np.array_equal(read_study(path)[0].series[0].images[0].stored, wanted)


def test_rle_colour_agrees_with_pydicom(make: Make, read_study: Read) -> None:
    path = make(COLOURED)
    ds = pydicom.dcmread(path)
    ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    ds.save_as(path)
    wanted = np.rint(COLOURED @ np.array([0.299, 0.587, 0.114], np.float32))
    assert np.array_equal(read_study(path)[0].series[0].images[0].stored, wanted)


def test_signed_values_survive_codecs_that_know_no_sign(make: Make, read_study: Read) -> None:
    values = (NOISE.astype(np.int16) - 2048).clip(-2048, 2047)
    unsigned = values.view(np.uint16) & 0xFFF
    for syntax, frame in (
        ("4.80", imagecodecs.jpegls_encode(unsigned)),
        ("4.90", imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k")),
        ("4.90", imagecodecs.jpeg2k_encode(unsigned, level=0, codecformat="j2k", bitspersample=12)),
    ):
        study, _ = read_study(make(values, PREFIX + syntax, frames=[bytes(frame)], BitsStored=12))
        assert np.array_equal(study.series[0].images[0].stored, values)


def test_streams_that_are_not_what_the_header_says(make: Make, read_study: Read) -> None:
    other = ramp(20, 48)
    for family in ("JPEG-LS", "JPEG 2000", "JPEG lossless", "RLE", "JPEG XL"):
        syntax, encode = LOSSLESS[family]
        with pytest.raises(NotReadable):
            read_study(make(NOISE, PREFIX + syntax, frames=[encode(other)]))
    with pytest.raises(NotReadable, match="not what the header says"):  # 16 bits where 8 are announced
        read_study(make(NOISE.astype(np.uint8), PREFIX + "4.80", frames=[LOSSLESS["JPEG-LS"][1](NOISE)]))


def test_missing_frames_are_counted(make: Make, read_study: Read) -> None:
    one = LOSSLESS["JPEG-LS"][1](NOISE)
    with pytest.raises(NotReadable, match="break off"):
        read_study(make(NOISE, PREFIX + "4.80", frames=[one, one], NumberOfFrames=3))
    study, warnings = read_study(make(NOISE, PREFIX + "4.80", frames=[one, one], NumberOfFrames=1))
    assert len(study.series[0].images) == 1
    assert "more pixel data" in warnings[0]
