"""A zip file's central directory, looked at before Python reads it all into memory. Knows APPNOTE 4.3 and no member's content.

Readers find the directory in different ways, and an archive can show each of them another one. So the records that `zipfile`
will use are found as it finds them, and all that they and the directory say of one another has to agree to the octet: what this
module has measured is then what is read.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import NotReadable, TooLarge

PER_MEMBER = 512
"""Octets of central directory per allowed member; an entry takes 46 and its name, and is held in memory."""

ROOM = 65536
"""Octets of central directory beyond those: folders have entries too."""

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s24x3H12x")
_COMMENT = 65536

_DAMAGED = "The zip file's list of its files is damaged or contradicts itself. Pack the files again, and upload that."


@dataclass(frozen=True, slots=True)
class _Record:
    """What an end record says: disks, entries on this disk and in all, the directory's size and offset."""

    disk: int
    first_disk: int
    here: int
    entries: int
    size: int
    offset: int


def check(path: Path, members: int) -> None:
    """Refuse an archive whose directory is larger than so many members need, or cannot be accounted for to the octet.

    Data before the archive are allowed (a self-extracting one), a comment too. Raises TooLarge, NotReadable.
    """
    with path.open("rb") as file:
        end, at = _end(file)
        whole = _zip64(file, end, at)
        behind = at if whole is end else at - _LOCATOR.size - _END64.size
        if whole.size > members * PER_MEMBER + ROOM:
            sentence = "The zip file lists far more than the %(limit)s files that are read at once. Upload it in parts."
            raise TooLarge(sentence, {"limit": members})
        if whole.disk or whole.first_disk or whole.here != whole.entries:
            raise NotReadable("This is one part of a zip file in several parts. Put them together, and upload the whole.")
        if whole.offset + whole.size > behind:  # less is data before the archive
            raise NotReadable(_DAMAGED)
        file.seek(behind - whole.size)
        count = _entries(file.read(whole.size))
    # Writers that know no zip64 let the number of entries overflow.
    if whole.entries != (count if whole is not end else count & 0xFFFF):
        raise NotReadable(_DAMAGED)


def _end(file: BinaryIO) -> tuple[_Record, int]:
    """The end record (4.3.16) that `zipfile` uses, and where it lies: the last octets where they are one without a comment,
    else the last signature. A comment has to end with the file; one with a signature in it hides the record."""
    size = file.seek(0, 2)
    start = max(size - _END.size - _COMMENT, 0)
    file.seek(start)
    tail = file.read()
    at = len(tail) - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise NotReadable("The zip file breaks off before its end. Copy or pack it again, and upload that.")
    _, *told, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise NotReadable(_DAMAGED)
    return _Record(*told), start + at


def _zip64(file: BinaryIO, end: _Record, at: int) -> _Record:
    """The zip64 end record (4.3.14) where a locator (4.3.15) lies before the end record; else the end record itself.

    `zipfile` takes the one right before the locator, other readers the one at the locator's offset: they have to be the same,
    right behind the directory, and every number of the end record that is not "see zip64" has to be this one's.
    """
    locator = _before(file, at, _LOCATOR)
    if locator is None or locator[0] != b"PK\x06\x07":
        return end
    _, disk, offset, disks = locator
    found = _before(file, at - _LOCATOR.size, _END64)
    if found is None or found[0] != b"PK\x06\x06":
        raise NotReadable(_DAMAGED)
    _, length, _, _, *told = found
    whole = _Record(*told)
    if length != _END64.size - 12 or disk or disks > 1 or offset != whole.offset + whole.size:
        raise NotReadable(_DAMAGED)
    for field, most in zip(_Record.__slots__, (0xFFFF,) * 4 + (0xFFFFFFFF,) * 2, strict=True):
        if getattr(end, field) not in (most, getattr(whole, field)):
            raise NotReadable(_DAMAGED)
    return whole


def _before(file: BinaryIO, at: int, record: struct.Struct) -> tuple[Any, ...] | None:
    if at < record.size:
        return None
    file.seek(at - record.size)
    return record.unpack(file.read(record.size))


def _entries(directory: bytes) -> int:
    """How many entries (4.3.12) fill the directory exactly."""
    count, at = 0, 0
    while at < len(directory):
        if at + _ENTRY.size > len(directory):
            raise NotReadable(_DAMAGED)
        signature, name, extra, comment = _ENTRY.unpack_from(directory, at)
        if signature != b"PK\x01\x02":
            raise NotReadable(_DAMAGED)
        at += _ENTRY.size + name + extra + comment
        count += 1
    if at != len(directory):
        raise NotReadable(_DAMAGED)
    return count
