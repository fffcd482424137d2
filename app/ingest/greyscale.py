"""From stored values to modality values, and how the header wants them shown. Knows header numbers and one frame's values.

PS3.3 C.11.1 (Modality LUT) and C.11.2 (VOI LUT, windows). Pixels stay as stored wherever slope and intercept can say the rest.
"""

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from app.domain import VoiLut, Window, frozen
from app.errors import NotReadable
from app.ingest.header import Header
from app.ingest.sheet import Stored

REDUCED = "Pixel values need more than 16 bits and were reduced to 65,536 steps."
NOT_FINITE = "Some pixel values are not finite numbers and were set to the lowest value."
BAD_RESCALE = "The rescale slope in the header is not possible; stored values are shown."
BAD_WINDOW = "A window in the header is not possible and was left out."
SHALLOW = "A lookup table in the header says that it is deeper than its entries are; it is shown as deep as they are."
BAD_LUT = "A lookup table in the header is damaged and was left out."

LEAST_BITS = 6
"""A table of fewer bits is no grey scale: it is taken as it says it is."""

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True, slots=True, eq=False)
class Grey:
    """One frame as `app.domain.Image` has it."""

    stored: Stored
    slope: float
    intercept: float
    units: str


def sixteen(values: NDArray[Any], header: Header) -> tuple[Stored, float, float]:
    """Values of any type as int16 or uint16, with the slope and intercept that lead back. Exact where the range allows it."""
    if values.dtype in (np.int16, np.uint16):
        return values, 1.0, 0.0
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.any():
            raise NotReadable("No pixel is a finite number, so there is nothing to show. Export the image again.")
        if not finite.all():
            header.warn(NOT_FINITE)
            values = np.where(finite, values, values[finite].min())
    low, high = values.min(), values.max()
    if values.dtype.kind in "iu":
        for kind in (np.uint16, np.int16):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return cast(Stored, values.astype(kind)), 1.0, 0.0
    if high == low:
        return np.zeros(values.shape, np.uint16), 1.0, float(low)
    header.warn(REDUCED)
    slope = (float(high) - float(low)) / 65535
    steps = np.rint((values.astype(np.float64) - float(low)) / slope)
    return np.clip(steps, 0, 65535).astype(np.uint16), slope, float(low)


def modality_values(values: NDArray[Any], header: Header, modality: str) -> Grey:
    """Apply a Modality LUT Sequence (0028,3000), or note Rescale Slope and Intercept (0028,1053 and 1052)."""
    for item in header.items("ModalityLUTSequence")[:1]:
        table = lookup_table(item, "LUTDescriptor", "LUTData", signed=values.dtype.kind == "i")
        if table is not None and values.dtype.kind in "iu":
            first, _, data = table
            index = np.clip(values.astype(np.int64) - first, 0, data.size - 1)
            return Grey(data[index], 1.0, 0.0, _unit(item.text("ModalityLUTType")))
        header.warn(BAD_LUT)
    stored, step, base = sixteen(values, header)
    slope = header.number("RescaleSlope", header.number("DoseGridScaling", 1.0))
    intercept = header.number("RescaleIntercept", 0.0)
    if slope == 0:
        header.warn(BAD_RESCALE)
        slope, intercept = 1.0, 0.0
    return Grey(stored, step * slope, base * slope + intercept, _units(header, modality))


def _units(header: Header, modality: str) -> str:
    for keyword in ("RescaleType", "Units", "DoseUnits"):
        if found := header.text(keyword):
            return _unit(found)
    derived = header.text("ImageType").startswith("DERIVED")
    return "HU" if modality == "CT" and header.has("RescaleSlope") and not derived else ""


def _unit(term: str) -> str:
    """A unit for people; US is "unspecified", PS3.3 C.11.1.1.2."""
    return "" if term in ("US", "UNSPECIFIED", "NONE") else term


def windows(header: Header) -> tuple[Window, ...]:
    """Window Center, Width, Explanation and VOI LUT Function (0028,1050, 1051, 1055, 1056): the presets."""
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    named = header.text("VOILUTFunction").upper()
    function = cast(Function, named if named in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")
    labels = header.lines("WindowCenterWidthExplanation")
    found = []
    for number, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width <= 0:
            header.warn(BAD_WINDOW)
            continue
        # Below 1, LINEAR has no meaning (C.11.2.1.2.1), yet images in small units (SUV, float) carry such windows.
        fitting: Function = "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
        found.append(Window(centre, width, fitting, labels[number] if number < len(labels) else ""))
    return tuple(dict.fromkeys(found))


def voi_lut(header: Header, grey: Grey) -> VoiLut | None:
    """The first table of the VOI LUT Sequence (0028,3010)."""
    for item in header.items("VOILUTSequence")[:1]:
        signed = grey.stored.dtype.kind == "i" or grey.intercept < 0
        table = lookup_table(item, "LUTDescriptor", "LUTData", signed)
        if table is None:
            header.warn(BAD_LUT)
            return None
        first, bits, data = table
        return VoiLut(first, filled(bits, int(data.max()), header), data, item.text("LUTExplanation"))
    return None


def filled(bits: int, largest: int, header: Header) -> int:
    """How deep a table of grey really is. Writers say 16 bits, the only number that PS3.3 C.11.1.1 once allowed, of entries
    that end at 4095: entries that end where fewer bits end, or leave three quarters of the grey scale empty, are that deep."""
    own = max(largest, 1).bit_length()
    if own < bits and (largest == 2**own - 1 or own <= bits - 2) and own >= LEAST_BITS:
        header.warn(SHALLOW)
        return own
    return bits


def lookup_table(item: Header, descriptor: str, data: str, signed: bool) -> tuple[int, int, NDArray[np.uint16]] | None:
    """(first value mapped, bits, entries uint16) of a table, PS3.3 C.11.1.1; None where it makes no sense.

    The entries may be words, in the file's octet order as pixels are (OW, PS3.5 6.2), or octets packed two to a word, the first
    in the low one, when the table is 8 bits deep. ``signed`` is whether the values
    that go in can be negative: a first value of 64,512 is then −1,024, read with the wrong one of the two possible VRs.
    """
    told = item.numbers(descriptor)
    raw = item.raw(data)
    if len(told) != 3 or raw is None:
        return None
    count, first, bits = (int(number) for number in told)
    count = count % 65536 or 65536
    first -= 65536 if signed and first >= 32768 else 0
    if isinstance(raw, bytes | bytearray):
        packed = len(raw) <= count + 1 and bits <= 8
        if len(raw) < count * (1 if packed else 2):
            return None
        if not item.little and len(raw) % 2 == 0:
            raw = np.frombuffer(raw, np.uint16).byteswap().tobytes()
        entries = np.frombuffer(raw, np.uint8 if packed else "<u2", count=count).astype(np.uint16)
    else:
        try:
            entries = (np.atleast_1d(np.asarray(raw, dtype=np.int64)) & 0xFFFF).astype(np.uint16)
        except (TypeError, ValueError, OverflowError):
            return None
        if entries.size == (count + 1) // 2 and bits <= 8 and count > 1:
            entries = entries.astype("<u2").view(np.uint8).astype(np.uint16)
        entries = entries[:count]
    if entries.size < count:
        return None
    bits = max(bits, int(entries.max()).bit_length()) if 0 < bits <= 16 else 16
    return first, bits, cast(NDArray[np.uint16], frozen(entries))
