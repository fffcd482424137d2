"""From a DICOM file to a pydicom data set, within limits. With `header`, the only user of pydicom's reader.

Handles what pydicom alone would not survive: deflated data sets are inflated to a limit, and parsing takes so
much processor time and no more.
"""

import io
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from app.errors import NotReadable, TooLarge
from app.ingest.limits import PARSE_SHARE, RATIO, RATIO_FROM, Limits

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

DEFLATED = "1.2.840.10008.1.2.1.99"
PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
"""Transfer syntaxes whose pixels are never in items."""
UNDEFINED = 0xFFFFFFFF
ITEM, DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
_LONG = (b"OB", b"OW", b"UN", b"SQ", b"UT", b"OF", b"OD", b"OL")


class _Octets(io.BytesIO):
    """Octets in memory where a file is expected; pydicom asks a reader for its name."""

    name = ""


class _Timed(io.BufferedReader):
    """A file that may be read from so long and no longer: 64 million empty elements would take any time and memory.

    It never makes room for more than is there: a damaged length asks for up to 4 GB.
    """

    reads = 0
    start = 0.0

    def __init__(self, raw: io.FileIO | io.BytesIO, octets: int, limits: Limits) -> None:
        super().__init__(raw)
        self.octets = octets
        self.seconds = PARSE_SHARE * limits.seconds

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads % 1000 == 1:
            self.start = self.start or time.process_time()
            if time.process_time() - self.start > self.seconds:
                raise TooLarge(
                    "The header has far more elements than any image needs, and was not read. Export the image again."
                )
        if size is not None and size > io.DEFAULT_BUFFER_SIZE:
            size = min(size, max(self.octets - self.tell(), 0))
        return super().read(size)


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A data set, the transfer syntax its pixel data is in ("" where nothing says so), and whether it is little-endian.

    ``cut`` is whether Pixel Data begins somewhere in the file and yet is not in the data set: the file breaks off.
    ``undelimited``: only the delimiter behind the last fragment was missing. ``encapsulated``: Pixel Data are in items.
    """

    dataset: Dataset
    meta: Dataset
    transfer_syntax: str
    little_endian: bool
    cut: bool
    undelimited: bool = False

    @property
    def encapsulated(self) -> bool:
        """Whether Pixel Data have no length of their own and begin with an item, as compressed ones do (PS3.5 A.4)."""
        element = self.dataset.get_item("PixelData")
        undefined = getattr(element, "length", None) == UNDEFINED or getattr(element, "is_undefined_length", False)
        return bool(undefined and element is not None and bytes(element.value[:4]) == ITEM)

    @property
    def swapped_octets(self) -> bool:
        """Whether single octets lie in big-endian words, and so with neighbours swapped: Pixel Data as OW (PS3.5 6.2, 7.3)."""
        element = self.dataset.get_item("PixelData")
        return not self.little_endian and element is not None and element.VR == "OW"


def parse(path: Path, limits: Limits) -> Parsed:
    """Read the whole file. Raises NotReadable, TooLarge, and whatever pydicom raises on a damaged one."""
    size = path.stat().st_size
    if size > limits.octets:
        raise TooLarge("The file is larger than %(limit)s MB.", {"limit": limits.octets // 2**20})
    with path.open("rb") as file:
        syntax, start = _transfer_syntax(file.read(64 * 1024))
    if syntax == DEFLATED:
        return _deflated(path, start, limits)
    dataset = _read(io.FileIO(str(path)), size, limits)
    little_endian = dataset.original_encoding[1] is not False
    cut = "PixelData" not in dataset and _mentions_pixels(path, little_endian)
    undelimited = False
    if cut and syntax not in ("", *PLAIN) and little_endian:
        octets = path.read_bytes() + DELIMITER
        again = _read(_Octets(octets), len(octets), limits)
        if undelimited := "PixelData" in again:  # a fragment that is cut would have swallowed the delimiter
            dataset, cut = again, False
    implicit, little = dataset.original_encoding
    if implicit is None or little is None:
        raise NotReadable("The file is damaged: it could not be read to its end. Copy or export it again, and upload that.")
    declared = str(dataset.file_meta.get("TransferSyntaxUID") or "")
    return Parsed(
        dataset=dataset,
        meta=dataset.file_meta,
        transfer_syntax=declared,
        little_endian=bool(little),
        cut=cut,
        undelimited=undelimited,
    )


def _read(raw: io.FileIO | _Octets, size: int, limits: Limits) -> Dataset:
    with _Timed(raw, size, limits) as source:
        return pydicom.dcmread(source, force=True)


def syntax_name(uid: str) -> str:
    """What a transfer syntax is called, PS3.6 table A-1; the UID itself where nobody knows."""
    return UID(uid).name


def _deflated(path: Path, start: int, limits: Limits) -> Parsed:
    with path.open("rb") as file:
        file.seek(start)
        plain = _inflated(file, limits)
    with _Timed(io.BytesIO(plain), len(plain), limits) as source:
        dataset = read_dataset(source, is_implicit_VR=False, is_little_endian=True)
    cut = "PixelData" not in dataset and b"\xe0\x7f\x10\x00" in plain
    return Parsed(dataset, pydicom.Dataset(), DEFLATED, little_endian=True, cut=cut)


def _inflated(file: io.BufferedReader, limits: Limits) -> bytes:
    """The data set, PS3.5 A.5. Raises TooLarge before it becomes so."""
    packed = file.read()
    # The standard wants bare deflate. Some writers add zlib's wrapping, whose first octet no encoder begins a bare stream with.
    inflater = zlib.decompressobj(zlib.MAX_WBITS if packed[:1] == b"\x78" else -zlib.MAX_WBITS)
    plain = bytearray()
    try:
        while not inflater.eof:
            piece = inflater.decompress(packed, 4 * 2**20)
            packed = inflater.unconsumed_tail
            if not piece and not packed:
                raise NotReadable("The deflated data set breaks off: the file is incomplete. Copy or export it again.")
            plain += piece
            if len(plain) > limits.octets:
                raise TooLarge("The file inflates to more than %(limit)s MB.", {"limit": limits.octets // 2**20})
            if len(plain) > RATIO_FROM and len(plain) > RATIO * (file.tell() - len(packed)):
                sentence = (
                    "The file inflates to more than %(ratio)s times its size, as a bomb does. Export it without compression."
                )
                raise TooLarge(sentence, {"ratio": RATIO})
    except zlib.error as error:
        raise NotReadable("The deflated data set is damaged. Copy or export the file again, and upload that.") from error
    return bytes(plain)


def _transfer_syntax(head: bytes) -> tuple[str, int]:
    """Transfer Syntax UID (0002,0010) and where the data set starts, from the file meta information (PS3.10 7.1)."""
    at, syntax = (132, "") if head[128:132] == b"DICM" else (0, "")
    while at + 8 <= len(head):
        group, element = struct.unpack_from("<HH", head, at)
        if group != 2:
            break
        vr = head[at + 4 : at + 6]
        if vr in _LONG:
            (length,), begin = struct.unpack_from("<I", head.ljust(at + 12, b"\0"), at + 8), at + 12
        else:
            (length,), begin = struct.unpack_from("<H", head, at + 6), at + 8
        if element == 0x0010:
            syntax = head[begin : begin + length].decode("ascii", "replace").strip("\0 ")
        at = begin + length
    return syntax, at


def _mentions_pixels(path: Path, little: bool) -> bool:
    tag = b"\xe0\x7f\x10\x00" if little else b"\x7f\xe0\x00\x10"
    return tag in path.read_bytes()
