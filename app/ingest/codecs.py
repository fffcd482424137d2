"""One compressed frame to samples. Knows codecs and transfer syntaxes (PS3.5 A.4); nothing of patients or display.

Only what was verified value by value against uncompressed twins is in the table; everything else is refused by name.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from app.errors import NotReadable
from app.ingest.layout import Layout

TRUNCATED = "The pixel data break off: the file is incomplete. Copy or export it again."
_PREFIX = "1.2.840.10008.1.2."

# Any scan that has come to its end ignores what follows; a truncated one decodes it. Fixed, and without 0xFF.
_TAIL: Final = bytes(number * 89 % 251 for number in range(1, 97))


def _jpeg(data: bytes, layout: Layout) -> NDArray[Any]:
    """JPEG baseline, extended, progressive and lossless (ISO 10918-1) by libjpeg-turbo.

    It fills what is missing with grey and says nothing. So each frame is decoded twice, with different octets where the scan
    should have ended: where the results differ, something was missing.
    """
    body = _body(data)
    # Naming the same space twice keeps libjpeg from converting: the components come out as they lie in the stream.
    space = "RGB" if layout.samples == 3 else None
    decoded = imagecodecs.jpeg8_decode(body + b"\xff\xd9", colorspace=space, outcolorspace=space)
    again = imagecodecs.jpeg8_decode(body + _TAIL + b"\xff\xd9", colorspace=space, outcolorspace=space)
    if not np.array_equal(decoded, again):
        raise NotReadable(TRUNCATED)
    return np.asarray(decoded)


def _body(data: bytes) -> bytes:
    """A stream without its end marker, and without the fill bytes FF that any marker may have before it (ISO 10918-1 B.1.1.2;
    PS3.5 A.4 allows them to make a fragment even). No scan ends with FF: a 00 is stuffed behind each."""
    end = data.rfind(b"\xff\xd9")
    return (data[:end] if end > 0 else data).rstrip(b"\xff")


def luminance_first(data: bytes, syntax: str, layout: Layout) -> bool:
    """Whether the first of three decoded samples is the luminance; otherwise they are red, green and blue.

    A lossy JPEG stream may speak for itself (Adobe's and JFIF's markers, which win over the header as in every JPEG reader);
    JPEG 2000 and JPEG XL undo their own transforms; else the photometric interpretation says it (PS3.5 8.2).
    """
    kind = syntax.removeprefix(_PREFIX)
    if kind in ("4.50", "4.51", "4.53", "4.55"):
        markers = data[: max(data.find(b"\xff\xda"), 0)]
        if (adobe := markers.find(b"Adobe")) >= 0 and len(markers) > adobe + 11:
            return markers[adobe + 11] == 1
        if b"JFIF\0" in markers:
            return True
    if kind in ("4.110", "4.111", "4.112"):
        return False
    return layout.photometric.startswith("YBR_FULL") or layout.photometric.startswith("YBR_PARTIAL")


def _jpeg_ls(data: bytes, _: Layout) -> NDArray[Any]:
    """JPEG-LS by CharLS, which loops for seconds or for ever when a stream ends in the middle: it always gets an end marker."""
    return np.asarray(imagecodecs.jpegls_decode(_body(data) + b"\xff\xd9"))


def _jpeg_2000(data: bytes, layout: Layout) -> NDArray[Any]:
    """JPEG 2000 and high-throughput JPEG 2000 by OpenJPEG. 250 octets can ask for gigabytes, so the size is read first."""
    start = data.find(b"\xff\x4f\xff\x51", 0, 2**20)  # SOC and SIZ; a JP2 box may come first
    if start < 0 or len(data) < start + 40:
        raise NotReadable(TRUNCATED)
    right, bottom, left, top, tile_width, tile_height = struct.unpack_from("!6I", data, start + 8)
    (samples,) = struct.unpack_from("!H", data, start + 40)
    _same(layout, (bottom - top, right - left, samples))
    if not tile_width or not tile_height or -(-right // tile_width) * -(-bottom // tile_height) > 65535:
        raise NotReadable(_CONTRADICTION)
    return np.asarray(imagecodecs.jpeg2k_decode(data))


def _jpeg_xl(data: bytes, _: Layout) -> NDArray[Any]:
    return np.asarray(imagecodecs.jpegxl_decode(data))


def _rle(data: bytes, layout: Layout) -> NDArray[Any]:
    """RLE Lossless, PS3.5 G: one segment per octet of a sample; 2 octets can become 128 and no more."""
    segments = layout.samples * layout.allocated // 8
    expected = layout.rows * layout.columns * segments
    if len(data) < 64 or struct.unpack_from("<I", data)[0] != segments:
        raise NotReadable(_CONTRADICTION)
    if (len(data) - 64) * 64 < expected:
        raise NotReadable(TRUNCATED)
    octets = imagecodecs.dicomrle_decode(data, dtype=layout.dtype.newbyteorder("<"), out=expected)
    if len(octets) != expected:
        raise NotReadable(TRUNCATED)
    values = np.frombuffer(octets, layout.dtype.newbyteorder("<")).astype(layout.dtype, copy=False)
    planes = values.reshape(layout.samples, layout.rows, layout.columns)
    return planes[0] if layout.samples == 1 else planes.transpose(1, 2, 0)


_CONTRADICTION = "The compressed pixels are not what the header says they are. Export the image again, uncompressed."
_DAMAGED = "The compressed pixels are damaged or incomplete. Copy or export the image again, uncompressed if possible."

CODECS: Final[dict[str, Callable[[bytes, Layout], NDArray[Any]]]] = {
    _PREFIX + "5": _rle,
    **{f"{_PREFIX}4.{number}": _jpeg for number in (50, 51, 53, 55, 57, 70)},
    **{f"{_PREFIX}4.{number}": _jpeg_ls for number in (80, 81)},
    **{f"{_PREFIX}4.{number}": _jpeg_2000 for number in (90, 91, 201, 202, 203)},
    **{f"{_PREFIX}4.{number}": _jpeg_xl for number in (110, 111, 112)},
}


LOSSY: Final = frozenset(_PREFIX + f"4.{number}" for number in (50, 51, 53, 55, 81, 91, 112, 203))
"""Those that may lose something: values beyond what went in are no surprise."""
CELLS: Final = frozenset({_PREFIX + "5"})
"""Those that pack pixel cells as they lie in native data, and know of no precision of their own (PS3.5 annex G)."""


def recognised(fragments: bytes) -> str:
    """The transfer syntax that encapsulated pixels are in, by their first stream's own words; "" where they tell nothing.

    ``fragments`` are items (PS3.5 A.4), the basic offset table first. Of JPEG the start of frame (ISO 10918-1 table B.1) says
    the process; whether JPEG 2000 lost anything makes no difference to reading it.
    """
    at = 0
    while at + 8 <= len(fragments) and fragments[at : at + 4] == b"\xfe\xff\x00\xe0":
        length = struct.unpack_from("<I", fragments, at + 4)[0]
        stream = fragments[at + 8 : at + 8 + length]
        if at and stream:
            return _family(stream)
        at += 8 + length
    return ""


def _family(stream: bytes) -> str:
    if stream.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")):
        return _PREFIX + "4.90"
    if stream.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return _PREFIX + "4.112"
    if stream.startswith(b"\xff\xd8"):
        frames = {0xC0: "4.50", 0xC1: "4.51", 0xC2: "4.55", 0xC3: "4.57", 0xF7: "4.80"}
        at = 2
        while at + 4 <= len(stream) and stream[at] == 0xFF:
            if (marker := stream[at + 1]) in frames:
                return _PREFIX + frames[marker]
            at += 1 if marker == 0xFF else 2 + struct.unpack_from("!H", stream, at + 2)[0]
        return ""
    if len(stream) >= 64 and struct.unpack_from("<I", stream)[0] in (1, 2, 3, 4, 6) and stream[4:8] == b"\x40\0\0\0":
        return _PREFIX + "5"
    return ""


def decode(data: bytes, syntax: str, layout: Layout) -> NDArray[Any]:
    """One frame: (rows, columns) or (rows, columns, 3), of the type the stream has. Raises NotReadable."""
    try:
        values = CODECS[syntax](data, layout)
    except (NotReadable, MemoryError):
        raise
    except Exception as error:  # each codec has its own exceptions; all mean that this frame is broken
        if "alloc" in str(error).lower() or "memory" in str(error).lower():
            raise MemoryError from error
        raise NotReadable(_DAMAGED) from error
    _same(layout, (*values.shape, 1)[:3])
    if values.dtype.itemsize * 8 > max(layout.allocated, 8):
        raise NotReadable(_CONTRADICTION)
    return values


def _same(layout: Layout, shape: tuple[int, ...]) -> None:
    if shape != (layout.rows, layout.columns, layout.samples):
        raise NotReadable(_CONTRADICTION)
