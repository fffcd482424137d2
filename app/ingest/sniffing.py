"""What a file is, by its first octets. Its name is never believed. Knows formats' signatures, and the sentences about them."""

import re
import struct
from typing import Final, Literal

from app.errors import InputError, NotReadable

HEAD: Final = 4096
"""Octets that `kind` wants to see."""

Kind = Literal["dicom", "zip", "png", "jpeg"]

# DICOM's value representations, PS3.5 table 6.2-1.
_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)

_IMAGE = "This is a %(format)s image, which is not read. Export the study as DICOM, or save the film as PNG or JPEG."
_ARCHIVE = "This is a %(format)s archive, which is not read. Unpack it and upload the files, or pack them as a zip file."
_VOLUME = "This is a %(format)s file, which is not read. Export the study as DICOM from where it was made."
DOCUMENT = (
    "This is a %(format)s document, not an image study. Upload the DICOM files, a zip file of them, or PNG or JPEG films."
)
TEXT = "This is a text file, not an image study. Upload the DICOM files, a zip file of them, or PNG or JPEG films."
NEITHER = "This is neither DICOM nor a zip file nor a PNG or JPEG film. If it should be DICOM, it is damaged: copy it again."
EMPTY = "The file is empty (0 bytes). Copy it again from where it came from."
_VIDEO = "This is a %(format)s video, which is not read. Export the study as DICOM."

NO_IMAGE: Final = frozenset({TEXT, NEITHER, EMPTY, DOCUMENT, _IMAGE, _VIDEO})
"""What is said of files that can hold no study, whatever else is wrong with them: programs, texts, icons."""

# (offset, signature, format, sentence); the first that fits.
_OTHERS: Final = (
    (0, b"II*\0", "TIFF", _IMAGE),
    (0, b"MM\0*", "TIFF", _IMAGE),
    (0, b"II+\0", "TIFF", _IMAGE),
    (0, b"GIF8", "GIF", _IMAGE),
    (0, b"BM", "BMP", _IMAGE),
    (8, b"WEBP", "WebP", _IMAGE),
    (4, b"ftyphei", "HEIC", _IMAGE),
    (4, b"ftyphev", "HEIC", _IMAGE),
    (4, b"ftypmif1", "HEIC", _IMAGE),
    (4, b"ftypavif", "AVIF", _IMAGE),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", _IMAGE),
    (4, b"jP  \r\n\x87\n", "JPEG 2000", _IMAGE),
    (0, b"\xff\x0a", "JPEG XL", _IMAGE),
    (4, b"JXL \r\n\x87\n", "JPEG XL", _IMAGE),
    (0, b"8BPS", "Photoshop", _IMAGE),
    (0, b"7z\xbc\xaf'\x1c", "7z", _ARCHIVE),
    (0, b"Rar!\x1a\x07", "RAR", _ARCHIVE),
    (0, b"\x1f\x8b", "gzip", _ARCHIVE),
    (0, b"BZh", "bzip2", _ARCHIVE),
    (0, b"\xfd7zXZ\0", "xz", _ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard", _ARCHIVE),
    (257, b"ustar", "tar", _ARCHIVE),
    (344, b"n+1\0", "NIfTI", _VOLUME),
    (344, b"ni1\0", "NIfTI", _VOLUME),
    (0, b"NRRD", "NRRD", _VOLUME),
    (0, b"ObjectType", "MetaImage", _VOLUME),
    (0, b"\x93NUMPY", "NumPy", _VOLUME),
    (0, b"\x89HDF", "HDF5", _VOLUME),
    (0, b"%PDF", "PDF", DOCUMENT),
    (0, b"{\\rtf", "RTF", DOCUMENT),
    (0, b"\xd0\xcf\x11\xe0", "Microsoft Office", DOCUMENT),
    (4, b"ftyp", "MP4", _VIDEO),
    (0, b"\x1aE\xdf\xa3", "Matroska", _VIDEO),
    (8, b"AVI ", "AVI", _VIDEO),
)


def kind(head: bytes, size: int) -> Kind:
    """What a file of ``size`` octets that begins with ``head`` is. Raises NotReadable, saying what it is and what to do."""
    if size == 0:
        raise NotReadable(EMPTY)
    if head[128:132] == b"DICM":  # first of all: a preamble may look like anything (polyglots)
        return "dicom"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if _begins_a_data_set(head, size):
        return "dicom"
    raise _named(head)


def _begins_a_data_set(head: bytes, size: int) -> bool:
    """Whether DICOM without preamble begins here: two elements in a row that make sense, the first in group 0002 or 0008."""
    for order in "<>":
        first = _element(head, 0, order)
        if first is None or first[0] not in (0x0002, 0x0008) or first[1] > 0x1200:
            continue
        group, _, end = first
        if end + 8 > min(size, len(head)):
            return end + 8 <= size  # a first value longer than what can be seen: the parser will tell
        second = _element(head, end, order)
        if second is not None and group <= second[0] <= 0x0028:
            return True
    return False


def _element(head: bytes, start: int, order: str) -> tuple[int, int, int] | None:
    """Group, element, and where the value ends; None where no element can be. Implicit and explicit VR."""
    if len(head) < start + 8:
        return None
    group, element = struct.unpack_from(f"{order}HH", head, start)
    vr = head[start + 4 : start + 6]
    if vr in _VRS:
        long = vr in (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UT", b"UC", b"UR", b"SV", b"UV")
        if long and len(head) < start + 12:
            return None
        length = (
            struct.unpack_from(f"{order}I", head, start + 8)[0] if long else struct.unpack_from(f"{order}H", head, start + 6)[0]
        )
        return group, element, start + (12 if long else 8) + length
    if order == ">":
        return None  # implicit VR is always little-endian
    length = struct.unpack_from("<I", head, start + 4)[0]
    return None if length % 2 else (group, element, start + 8 + length)


def _named(head: bytes) -> InputError:
    for offset, signature, name, sentence in _OTHERS:
        if head[offset : offset + len(signature)] == signature:
            return NotReadable(sentence, {"format": name})
    if _is_text(head):
        return NotReadable(TEXT)
    return NotReadable(NEITHER)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True  # UTF-16
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
