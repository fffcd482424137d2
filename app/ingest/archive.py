"""The members of a zip file, each to a file of its own under a name of our making. Knows zip files; not what is in them.

A member's name is shown and never used. What makes an archive dangerous is looked at before a member is unpacked: the
directory, members that overlap (46 MB that unpack to petabytes), sizes, methods, names, links.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from app.errors import InputError, NotReadable, TooLarge
from app.ingest import directory, skipping, text
from app.ingest.limits import MEGABYTE, RATIO, RATIO_FROM
from app.ingest.sniffing import DOCUMENT, HEAD, kind

CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Most members, most octets of one unpacked, most of all together."""

    members: int
    member: int
    total: int


@dataclass(slots=True)
class Spent:
    """What an archive and those inside of it have taken so far: members listed, octets unpacked."""

    members: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A member's name for people; its unpacked file, or why there is none."""

    name: str
    found: Path | InputError


def members(path: Path, limits: ArchiveLimits, workdir: Path, spent: Spent | None = None) -> Iterator[Member]:
    """Unpack one member after the other, folders and what file managers leave behind aside. ``spent`` is shared with archives
    inside of this one, for all of which the limits are.

    Raises NotReadable or TooLarge when the archive as a whole cannot be used; a member's own fault is in its Member.
    """
    with _opened(path, limits.members) as archive:
        entries = _files(archive)
        if any(entry.filename == "[Content_Types].xml" for entry in entries):
            raise NotReadable(DOCUMENT, {"format": "Office"})
        spent = spent or Spent()
        spent.members += len(entries)
        if spent.members > limits.members:
            sentence = "The zip file has %(count)s files; at most %(limit)s are read at once. Upload it in parts."
            raise TooLarge(sentence, {"count": spent.members, "limit": limits.members})
        wanted = [entry for entry in entries if not skipping.junk(_name(entry))]
        if not wanted:
            raise NotReadable("The zip file has no files in it. Pack the images again, and upload that.")
        yield from _unpacked(archive, wanted, limits, workdir, spent)


def count(path: Path, limits: ArchiveLimits) -> int:
    """How many files an archive lists, folders and what file managers leave behind aside. NotReadable, TooLarge."""
    with _opened(path, limits.members) as archive:
        return sum(not skipping.junk(_name(entry)) for entry in _files(archive))


def _opened(path: Path, members: int) -> zipfile.ZipFile:
    directory.check(path, members)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error, EOFError) as error:
        raise NotReadable("The zip file is damaged or incomplete. Copy or pack it again, and upload that.") from error


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Its entries without folders. Not is_dir(), which fails on a name of no letters."""
    return [entry for entry in archive.infolist() if not entry.filename.endswith("/")]


def _unpacked(
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    limits: ArchiveLimits,
    workdir: Path,
    spent: Spent,
) -> Iterator[Member]:
    overlapping = _overlapping(archive)
    for entry in entries:
        name = _name(entry)
        try:
            if id(entry) in overlapping:
                raise NotReadable(
                    "In the zip file this file shares its bytes with another one, as in a zip bomb; it was not unpacked."
                )
            _check(entry, limits, limits.total - spent.octets)
            target = _extracted(archive, entry, workdir)
        except InputError as error:
            yield Member(name, error)
        else:
            spent.octets += entry.file_size
            yield Member(name, target)


def _overlapping(archive: zipfile.ZipFile) -> set[int]:
    """The entries (by id) whose octets are also another's; Python 3.11 does not look (CVE-2024-0450)."""
    found: set[int] = set()
    last: zipfile.ZipInfo | None = None
    reach = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if last is not None and entry.header_offset < reach:
            found |= {id(last), id(entry)}
        end = entry.header_offset + 30 + len(entry.orig_filename) + entry.compress_size
        if end > reach:
            last, reach = entry, end
    return found


def _check(entry: zipfile.ZipInfo, limits: ArchiveLimits, left: int) -> None:
    """Refuse what must not or cannot be unpacked."""
    parts = PurePosixPath(entry.orig_filename.replace("\\", "/")).parts
    if ".." in parts or entry.orig_filename.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", entry.orig_filename):
        raise NotReadable("The name of this file in the zip file leads out of it, as in an attack; it was not unpacked.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise NotReadable("In the zip file this is a link, not a file. Pack the file itself.")
    if entry.flag_bits & 0x41:  # encrypted, or strongly so
        raise NotReadable("This file is locked with a password. Unpack it, or pack it without a password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotReadable("This file is packed in an unusual way. Pack it as an ordinary zip file (deflate).")
    if entry.file_size == 0:
        kind(b"", 0)
    if entry.file_size > limits.member:
        raise TooLarge("The file unpacks to more than %(limit)s MB.", {"limit": limits.member // MEGABYTE})
    if entry.file_size > RATIO_FROM and entry.file_size > RATIO * max(entry.compress_size, 1):
        raise TooLarge(
            "The file unpacks to more than %(ratio)s times its size, as a zip bomb does. Upload it unpacked.", {"ratio": RATIO}
        )
    if entry.file_size > left:
        sentence = "The zip file unpacks to more than %(limit)s MB in all; this file was not unpacked. Upload it in parts."
        raise TooLarge(sentence, {"limit": limits.total // MEGABYTE})


def _extracted(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, workdir: Path) -> Path:
    """The member in a file of its own. What cannot be an image is refused by its first octets, before the rest is unpacked."""
    target = workdir / uuid4().hex
    try:
        with archive.open(entry) as source, target.open("wb") as sink:
            head = source.read(HEAD)
            kind(head, entry.file_size)
            sink.write(head)
            while chunk := source.read(CHUNK):
                sink.write(chunk)
    except InputError:
        target.unlink(missing_ok=True)
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError, struct.error) as error:
        target.unlink(missing_ok=True)
        raise NotReadable("This file is damaged inside the zip file. Pack it again, and upload that.") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _name(entry: zipfile.ZipInfo) -> str:
    """The member's name for people. Those not marked as UTF-8 come as code page 437; Korean Windows writes 949."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        octets = name.encode("cp437", "replace")
        for encoding in ("utf-8", "cp949"):
            try:
                found = octets.decode(encoding)
            except UnicodeDecodeError:
                continue
            if encoding == "utf-8" or all(letter.isascii() or "가" <= letter <= "힣" for letter in found):
                name = found
                break
    return text.clean(name.replace("\\", "/")) or "?"
