"""The frames of a DICOM image: samples out of the file, bits put right, colour to luminance.

Knows Pixel Data (PS3.5 8) and the layout; the codecs it asks for one frame at a time.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import generate_frames

from app.errors import NotReadable, TooLarge
from app.ingest import codecs
from app.ingest.greyscale import filled, lookup_table
from app.ingest.header import Header
from app.ingest.layout import COLOUR, Layout
from app.ingest.limits import BOMB, RATIO, RATIO_FROM
from app.ingest.parsing import Parsed, syntax_name

NATIVE = ("", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109))

BEYOND = "Some compressed values lie beyond Bits Stored; they were cut off at its end, not wrapped around."
WIDER = "The compressed pixels are deeper than Bits Stored says; they are shown as they are in the stream."
NO_SYNTAX = "The header does not say that the pixels are compressed, or how; it was recognised by the stream itself."
STRAY_BITS = "Some pixels had bits set beyond Bits Stored; those bits were left out."
MORE_DATA = "There is more pixel data than the header says; the rest was left out."

OVERSHOT = 0.5
"""Most of a frame that may lie beyond Bits Stored because a lossy codec overshot; where more does, the header is wrong."""

Raw = tuple[NDArray[Any], bool]
"""A frame, and whether the first of its samples is the luminance."""

_RGB_TO_Y = np.array([0.299, 0.587, 0.114], np.float32)


def frames(parsed: Parsed, header: Header, layout: Layout) -> Iterator[NDArray[Any]]:
    """Each frame as grey samples (rows, columns), sign and bits put right. Raises NotReadable, TooLarge."""
    syntax = _syntax(parsed, header)
    if layout.photometric == "PALETTE COLOR":
        header.warn(COLOUR)
        first, table = palette(header)
        for frame, _ in _raw_frames(parsed, syntax, header, layout):
            yield table[np.clip(_samples(frame, syntax, header, layout).astype(np.int64) - first, 0, table.size - 1)]
        return
    for frame, luminance_first in _raw_frames(parsed, syntax, header, layout):
        if layout.real:
            yield frame
        elif layout.samples == 1:
            yield _samples(frame, syntax, header, layout)
        else:
            header.warn(COLOUR)
            yield _luminance(_samples(frame, syntax, header, layout), luminance_first, layout)


def _syntax(parsed: Parsed, header: Header) -> str:
    """The transfer syntax of the pixels: the file's word, unless it has none, or a native one, and yet they are in items."""
    data = header.raw("PixelData")
    if parsed.transfer_syntax not in NATIVE or not parsed.encapsulated or not isinstance(data, bytes | bytearray):
        return parsed.transfer_syntax
    if found := codecs.recognised(bytes(data)):
        header.warn(NO_SYNTAX)
        return found
    sentence = "The pixels are compressed, and neither the header nor the stream says how. Export the image uncompressed."
    raise NotReadable(sentence)


def _raw_frames(parsed: Parsed, syntax: str, header: Header, layout: Layout) -> Iterator[Raw]:
    keyword = "DoubleFloatPixelData" if layout.allocated == 64 else "FloatPixelData" if layout.real else "PixelData"
    data = header.raw(keyword)
    if not isinstance(data, bytes | bytearray):
        raise NotReadable(codecs.TRUNCATED)
    data = bytes(data)
    if syntax in NATIVE:
        if layout.allocated == 8 and parsed.swapped_octets:
            data = np.frombuffer(data + b"\0" * (len(data) % 2), np.uint16).byteswap().tobytes()
        return _native(data, parsed.little_endian, header, layout)
    if syntax in codecs.CODECS and not layout.real:
        if layout.decoded_octets > RATIO_FROM and layout.decoded_octets > RATIO * len(data):
            raise TooLarge(BOMB, {"ratio": RATIO})
        return _encapsulated(data, syntax, header, layout)
    if syntax in VIDEO:
        raise NotReadable(
            "The file holds a video (%(name)s), which is not read. Export single images.", {"name": syntax_name(syntax)}
        )
    sentence = "The pixels are compressed in a way that is not read (%(name)s). Export the image uncompressed."
    raise NotReadable(sentence, {"name": syntax_name(syntax)[:100]})


def _native(data: bytes, little: bool, header: Header, layout: Layout) -> Iterator[Raw]:
    """Uncompressed frames, PS3.5 8.1 and 8.2."""
    frame_octets, shared = layout.frame_octets, layout.subsampled
    if shared and len(data) >= layout.rows * layout.columns * 3 * layout.frames:
        frame_octets, shared = layout.rows * layout.columns * 3, False  # called subsampled, but it is not
    wanted = frame_octets * layout.frames
    if len(data) < wanted:
        sentence = "The pixel data break off: %(have)s of %(wanted)s bytes are there. Copy or export the file again."
        raise NotReadable(sentence, {"have": len(data), "wanted": wanted})
    if len(data) > wanted + 1:
        header.warn(MORE_DATA)
    kind = np.dtype(f"{'<' if little else '>'}{'f' if layout.real else 'u'}{layout.allocated // 8}")
    luminance_first = layout.photometric.startswith("YBR_FULL") or layout.photometric.startswith("YBR_PARTIAL")
    for number in range(layout.frames):
        values = np.frombuffer(data, kind, count=frame_octets // kind.itemsize, offset=number * frame_octets)
        yield _arranged(values.astype(kind.newbyteorder("="), copy=False), shared, layout), luminance_first


def _arranged(values: NDArray[Any], shared: bool, layout: Layout) -> NDArray[Any]:
    """A row of samples as (rows, columns) or (rows, columns, 3), PS3.3 C.7.6.3.1.2 and C.7.6.3.1.3."""
    if layout.samples == 1:
        return values.reshape(layout.rows, layout.columns)
    if shared:  # Y1 Y2 Cb Cr: the colour, which nobody looks at, is repeated
        pairs = values.reshape(layout.rows, layout.columns // 2, 4)
        return np.stack([pairs[..., [0, 2, 3]], pairs[..., [1, 2, 3]]], axis=2).reshape(layout.rows, layout.columns, 3)
    if layout.planar:
        return values.reshape(3, layout.rows, layout.columns).transpose(1, 2, 0)
    return values.reshape(layout.rows, layout.columns, 3)


def _encapsulated(data: bytes, syntax: str, header: Header, layout: Layout) -> Iterator[Raw]:
    """Compressed frames, PS3.5 A.4, found by the offset tables or the fragments."""
    tables = (header.raw("ExtendedOffsetTable"), header.raw("ExtendedOffsetTableLengths"))
    offsets = tables if all(isinstance(table, bytes) for table in tables) else None
    try:
        pieces = generate_frames(data, number_of_frames=layout.frames, extended_offsets=offsets)
        done = 0
        for piece in pieces:
            if done == layout.frames:
                header.warn(MORE_DATA)
                break
            yield codecs.decode(piece, syntax, layout), codecs.luminance_first(piece, syntax, layout)
            done += 1
    except (NotReadable, MemoryError):
        raise
    except Exception as error:  # a broken offset table or item can raise anything
        raise NotReadable(codecs.TRUNCATED) from error
    if done < layout.frames:
        sentence = "The pixel data break off: %(have)s of %(wanted)s frames are there. Copy or export the file again."
        raise NotReadable(sentence, {"have": done, "wanted": layout.frames})


def _samples(samples: NDArray[Any], syntax: str, header: Header, layout: Layout) -> NDArray[Any]:
    """Samples with their own bits and sign alone, whichever way they came."""
    native = syntax in NATIVE or syntax in codecs.CELLS
    return _stored(samples, header, layout) if native else _decoded(samples, syntax, header, layout)


def _decoded(samples: NDArray[Any], syntax: str, header: Header, layout: Layout) -> NDArray[Any]:
    """A codec's samples. High Bit and masks are about cells of native data (PS3.5 8.1.1): a stream says its own precision
    (8.2), and what it says is the value.

    Beyond Bits Stored lie what a lossy codec overshoots, which is cut off there; cells that an encoder packed whole, with a
    High Bit above, or with overlays in their unused bits, which are the header's business; and streams that are deeper than
    their header says, which are believed.
    """
    bottom, top = (-(2 ** (layout.stored - 1)), 2 ** (layout.stored - 1) - 1) if layout.signed else (0, 2**layout.stored - 1)
    if samples.dtype.kind == "i" and (layout.signed or int(samples.min()) >= 0):
        held = np.clip(samples, bottom, top)
        if not np.array_equal(held, samples):
            header.warn(BEYOND)
        kind = f"{'i' if layout.signed else 'u'}{layout.dtype.itemsize}"
        return np.asarray(held, np.dtype(kind))
    if layout.signed or samples.dtype.kind == "i":  # two's complement in Bits Stored, wherever High Bit is
        return _stored(samples, header, replace(layout, high=layout.stored - 1))
    unsigned = samples.astype(layout.dtype, copy=False)
    beyond = unsigned > top
    if not beyond.any():
        return unsigned
    shift = layout.high + 1 - layout.stored
    if header.embedded_overlays or (shift and not (unsigned & (2**shift - 1)).any()):
        return _stored(unsigned, header, layout)
    if syntax in codecs.LOSSY and float(beyond.mean()) <= OVERSHOT:
        header.warn(BEYOND)
        return np.asarray(np.minimum(unsigned, layout.dtype.type(top)))
    header.warn(WIDER)
    return unsigned


def _stored(samples: NDArray[Any], header: Header, layout: Layout) -> NDArray[Any]:
    """Samples without the bits that are not theirs, with their sign: PS3.5 8.1.1."""
    unsigned = samples.astype(layout.dtype, copy=False)  # a signed codec's values become their two's complement
    shift = layout.high + 1 - layout.stored
    own = (unsigned >> shift) & layout.dtype.type(2**layout.stored - 1)
    if not layout.signed:
        if shift == 0 and not np.array_equal(own, unsigned):
            header.warn(STRAY_BITS)
        return np.asarray(own, dtype=layout.dtype)
    up = layout.allocated - layout.stored
    signed: NDArray[Any] = (own << layout.dtype.type(up)).view(f"i{layout.dtype.itemsize}")
    return np.asarray(signed >> up)


def _luminance(samples: NDArray[Any], luminance_first: bool, layout: Layout) -> NDArray[Any]:
    """(rows, columns, 3) to luminance: ITU-R BT.601, which is JPEG's and DICOM's own Y (PS3.3 C.7.6.3.1.2)."""
    if luminance_first:
        return np.ascontiguousarray(samples[..., 0])
    top = 2**layout.stored - 1
    luminance = np.rint(samples.astype(np.float32) @ _RGB_TO_Y)
    return np.asarray(np.clip(luminance, 0, top), dtype=layout.dtype)


def palette(header: Header) -> tuple[int, NDArray[np.uint16]]:
    """(first value mapped, luminance of each entry) of a palette, PS3.3 C.7.6.3.1.5."""
    tables = _palette_tables(header)
    size = min(data.size for _, _, data in tables)
    colours = np.stack([data[:size] for _, _, data in tables], axis=-1).astype(np.float32)
    return tables[0][0], np.rint(colours @ _RGB_TO_Y).astype(np.uint16)


def palette_bits(header: Header) -> int:
    """How deep the palette's entries are."""
    tables = _palette_tables(header)
    return filled(max(bits for _, bits, _ in tables), max(int(data.max()) for _, _, data in tables), header)


def _palette_tables(header: Header) -> list[tuple[int, int, NDArray[np.uint16]]]:
    tables = []
    for colour in ("Red", "Green", "Blue"):
        descriptor, data = f"{colour}PaletteColorLookupTableDescriptor", f"{colour}PaletteColorLookupTableData"
        if (table := lookup_table(header, descriptor, data, signed=False)) is None:
            raise NotReadable("The colour palette is missing or damaged. Export the image as MONOCHROME2.")
        tables.append(table)
    return tables
