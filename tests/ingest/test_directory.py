"""A zip file's directory: the one that is read is the one that was measured, or the archive is refused."""

import struct
import zipfile
from pathlib import Path

import pytest

from app.errors import NotReadable, TooLarge
from app.ingest import directory

MEMBERS = 50
FAR_TOO_MANY = 5000


def entry(name: bytes, offset: int = 0) -> bytes:
    """An entry of the central directory, APPNOTE 4.3.12: a stored file of no octets."""
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), 0, 0, 0, 0, 0, offset) + name


def local(name: bytes) -> bytes:
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), 0) + name


def end(count: int, size: int, offset: int, comment: bytes = b"", *, here: int | None = None, disk: int = 0) -> bytes:
    here = count if here is None else here
    return struct.pack("<4s4H2IH", b"PK\x05\x06", disk, 0, here, count, size, offset, len(comment)) + comment


def end64(count: int, size: int, offset: int, length: int = 44) -> bytes:
    return struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", length, 45, 45, 0, 0, count, count, size, offset)


def locator(offset: int | bytes) -> bytes:
    return b"PK\x06\x07" + bytes(4) + (offset if isinstance(offset, bytes) else struct.pack("<Q", offset)) + b"\1\0\0\0"


HEAD, LIST = local(b"a") + local(b"b"), entry(b"a") + entry(b"b", 31)
HERE, LONG = len(HEAD), len(LIST)
SEE64 = end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
MANY = entry(b"") * FAR_TOO_MANY

WHOLE = {
    "plain": HEAD + LIST + end(2, LONG, HERE),
    "comment": HEAD + LIST + end(2, LONG, HERE, b"of a disc"),
    "comment with zip64 signatures": HEAD + LIST + end(2, LONG, HERE, b"PK\x06\x06" * 20 + b"PK\x06\x07" * 5),
    "data before it": b"#!/bin/sh\n" * 9 + HEAD + LIST + end(2, LONG, HERE),
    "zip64": HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG) + SEE64,
    "zip64 beside plain numbers": HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG) + end(2, LONG, HERE),
    "zip64 with data before it": b"x" * 999 + HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG) + SEE64,
    "zip64 with a comment": HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG) + SEE64[:-2] + b"\3\0abc",
    "nothing in it": end(0, 0, 0),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_directory_that_adds_up_is_taken_as_zipfile_takes_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(WHOLE[name])
    directory.check(path, MEMBERS)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ([] if name == "nothing in it" else ["a", "b"])


def test_the_directory_of_a_long_list_is_taken(tmp_path: Path) -> None:
    """66,000 entries need zip64; writers without it let the number overflow."""
    many, path = entry(b"") * 66_000, tmp_path / "a.zip"
    path.write_bytes(many + end64(66_000, len(many), 0) + locator(len(many)) + SEE64)
    directory.check(path, 66_000)
    path.write_bytes(many + end(66_000 & 0xFFFF, len(many), 0))
    directory.check(path, 66_000)


CHEATS = {
    "a zip64 signature in the locator's offset": MANY
    + end64(FAR_TOO_MANY, len(MANY), 0)
    + locator(b"PK\x06\x06\0\0\0\0")
    + end(2, LONG, 0),
    "a small zip64 record at the locator's offset": (small := LIST + end64(2, LONG, 0))
    + MANY
    + end64(FAR_TOO_MANY, len(MANY), len(small))
    + locator(LONG)
    + end(2, LONG, 0),
    "a small zip64 record in the comment": MANY
    + end64(FAR_TOO_MANY, len(MANY), 0)
    + locator(len(MANY))
    + end(2, LONG, 0, end64(2, LONG, 0)),
    "a small zip64 record in an entry's comment": (
        listed := MANY + entry(b"")[:32] + struct.pack("<H", 56) + entry(b"")[34:] + end64(2, LONG, 0)
    )
    + end(FAR_TOO_MANY + 1, len(listed), 0),
}


@pytest.mark.parametrize("name", CHEATS)
def test_the_record_that_zipfile_uses_is_the_one_that_is_measured(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(CHEATS[name])
    with zipfile.ZipFile(path) as archive:  # this is what must not come to pass
        assert len(archive.infolist()) >= FAR_TOO_MANY
    with pytest.raises((TooLarge, NotReadable), match="zip file") as caught:
        directory.check(path, MEMBERS)
    assert caught.value.sentence.endswith(".")


ODD = {
    "an end record in the comment": HEAD + LIST + end(2, LONG, HERE, b"see " + end(9, 46, 0)),
    "an end record without room in the comment": HEAD + LIST + end(2, LONG, HERE, b"PK\x05\x06"),
    "a comment that breaks off": (HEAD + LIST + end(2, LONG, HERE, b"of a disc"))[:-1],
    "octets after the end": HEAD + LIST + end(2, LONG, HERE) + bytes(9),
    "octets between directory and end": HEAD + LIST + b"gap" + end(2, LONG, HERE),
    "a directory that begins earlier": HEAD + LIST + end(2, LONG + 9, HERE - 9),
    "a directory that begins inside an entry": HEAD + LIST + end(2, LONG - 9, HERE + 9),
    "an entry that is not counted": HEAD + LIST + end(1, LONG, HERE),
    "an entry that is left out": HEAD + LIST + end(2, LONG // 2, HERE),
    "an entry cut short": HEAD + LIST[:-1] + end(2, LONG - 1, HERE),
    "a directory before the file": HEAD + LIST + end(2, LONG, HERE + 1),
    "a directory larger than the file": HEAD + LIST + end(2, LONG + HERE + 1, 0),
    "zip64 with the locator elsewhere": HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG + 1) + SEE64,
    "zip64 with more data in the record": HEAD + LIST + end64(2, LONG, HERE, 45) + b"x" + locator(HERE + LONG) + SEE64,
    "zip64 with another length": HEAD + LIST + end64(2, LONG, HERE, 45) + locator(HERE + LONG) + SEE64,
    "zip64 beside other numbers": HEAD + LIST + end64(2, LONG, HERE) + locator(HERE + LONG) + end(1, LONG, HERE),
    "zip64 without its record": HEAD + LIST + locator(HERE + LONG) + end(2, LONG + 20, HERE),
    "zip64 without room for its record": locator(0) + end(0, 0, 0),
    "a number that asks for zip64": HEAD + LIST + end(0xFFFF, LONG, HERE),
    "several parts": HEAD + LIST + end(2, LONG, HERE, disk=1),
    "entries in other parts": HEAD + LIST + end(3, LONG, HERE, here=2),
    "no end": HEAD + LIST,
    "half an end": HEAD + LIST + end(2, LONG, HERE)[:12],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_directory_that_does_not_add_up_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(ODD[name])
    with pytest.raises(NotReadable, match="zip file") as caught:
        directory.check(path, MEMBERS)
    assert caught.value.sentence.endswith(".")
