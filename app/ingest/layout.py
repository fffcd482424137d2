"""How the pixels of a DICOM image are laid out (PS3.3 C.7.6.3), checked against the limits before anything is allocated.

Knows header numbers; no pixel.
"""

from dataclasses import dataclass

import numpy as np

from app.errors import NotReadable, TooLarge
from app.ingest.header import Header
from app.ingest.limits import SMALLEST, Limits

GUESSED_PHOTOMETRIC = "The header does not say whether low values are dark (Photometric Interpretation); dark was assumed."
COLOUR = "A colour image: what is shown, and what a network may read, is its luminance."
UNKNOWN_PHOTOMETRIC = "The photometric interpretation %(name)s is not read. Export the image as MONOCHROME2."

GREYS = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "XYB")


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows, columns, frames, samples per pixel, and the bits of one sample."""

    rows: int
    columns: int
    frames: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    real: bool
    photometric: str
    planar: bool

    @property
    def subsampled(self) -> bool:
        """Whether two neighbours share their colour: uncompressed YBR_FULL_422 and YBR_PARTIAL_422, two octets a pixel."""
        return self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422")

    @property
    def frame_octets(self) -> int:
        """Octets of one uncompressed frame."""
        samples = 2 if self.subsampled else self.samples
        return self.rows * self.columns * samples * self.allocated // 8

    @property
    def decoded_octets(self) -> int:
        """Octets of all frames as a codec gives them."""
        return self.rows * self.columns * self.samples * self.allocated // 8 * self.frames

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The type of one sample as it lies in the file: unsigned, in this machine's order."""
        return np.dtype(f"u{self.allocated // 8}")


def layout(header: Header, limits: Limits) -> Layout:
    """Read and check the layout. Raises NotReadable where it makes no sense, TooLarge beyond the limits."""
    real = header.has("FloatPixelData") or header.has("DoubleFloatPixelData")
    allocated = 64 if header.has("DoubleFloatPixelData") else 32 if real else header.integer("BitsAllocated")
    stored = allocated if real else header.integer("BitsStored", allocated)
    found = Layout(
        rows=header.integer("Rows"),
        columns=header.integer("Columns"),
        frames=header.integer("NumberOfFrames", 1) or 1,
        samples=header.integer("SamplesPerPixel", 1),
        allocated=allocated,
        stored=stored,
        high=stored - 1 if real else header.integer("HighBit", stored - 1),
        signed=header.integer("PixelRepresentation", 0) == 1,
        real=real,
        photometric=_photometric(header),
        planar=header.integer("PlanarConfiguration", 0) == 1,
    )
    _possible(found)
    _within(found, limits)
    return found


def _photometric(header: Header) -> str:
    found = header.text("PhotometricInterpretation").upper()
    if not found:
        header.warn(GUESSED_PHOTOMETRIC)
        return "MONOCHROME2"
    return found


def _possible(found: Layout) -> None:
    if found.rows < 1 or found.columns < 1 or found.frames < 1:
        raise NotReadable("The header says that the image has no rows, columns or frames. Export the image again.")
    if found.allocated == 1:
        raise NotReadable("The image has one bit per pixel: a mask or drawing, not a film. Upload the image it belongs to.")
    if found.allocated not in (8, 16, 32) and not found.real:
        sentence = "The image has %(bits)s bits per pixel, which is not read. Export it with 8 or 16 bits allocated."
        raise NotReadable(sentence, {"bits": found.allocated})
    if not (1 <= found.stored <= found.allocated and found.stored - 1 <= found.high < found.allocated):
        sentence = (
            "The header contradicts itself about bits: %(allocated)s allocated, %(stored)s stored, high bit %(high)s. "
            "Export the image again."
        )
        raise NotReadable(sentence, {"allocated": found.allocated, "stored": found.stored, "high": found.high})
    known = {1: (*GREYS, "PALETTE COLOR"), 3: COLOURS}.get(found.samples)
    if known is None or found.photometric not in known:
        name = f"{found.photometric[:32]} × {found.samples}"
        raise NotReadable(UNKNOWN_PHOTOMETRIC, {"name": name})
    if (found.samples == 3 and found.allocated > 16) or (found.subsampled and found.allocated != 8):
        raise NotReadable(UNKNOWN_PHOTOMETRIC, {"name": f"{found.photometric} × {found.allocated} bit"})


def _within(found: Layout, limits: Limits) -> None:
    if found.rows < SMALLEST or found.columns < SMALLEST:
        sentence = "An image of %(columns)s × %(rows)s pixels is too small to read. Upload the full image."
        raise NotReadable(sentence, {"columns": found.columns, "rows": found.rows})
    if found.rows * found.columns > limits.pixels:
        sentence = (
            "An image of %(columns)s × %(rows)s pixels is too large: at most %(limit)s pixels are read. Export it smaller."
        )
        raise TooLarge(sentence, {"columns": found.columns, "rows": found.rows, "limit": limits.pixels})
    if found.rows * found.columns * found.frames * max(2, found.samples * found.allocated // 8) > limits.octets:
        sentence = (
            "%(frames)s frames of %(columns)s × %(rows)s pixels take more than %(limit)s MB. Export fewer frames per file."
        )
        told = {"frames": found.frames, "columns": found.columns, "rows": found.rows, "limit": limits.octets // 2**20}
        raise TooLarge(sentence, told)
