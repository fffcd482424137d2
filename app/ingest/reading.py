"""The door: a file becomes an accepted study or a rejection with a sentence, and an archive one of them per member.

Knows files, archives and the decoder; nothing of DICOM, which is the child's business.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app.domain import Study
from app.errors import InputError, NotReadable, TooLarge
from app.ingest import archive, decoder, sheet, skipping, text, wire
from app.ingest.limits import MEGABYTE, Limits
from app.ingest.sniffing import HEAD, Kind, kind

if TYPE_CHECKING:  # the child process must not pay for pydantic at its start
    from app.config import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """A file that was read: its name for people, its own octets (a zip's member: unpacked), and the study of just this file.

    The study's pixels are mapped from a file that lasts as long as they do; ``decoded`` is how many octets they are.
    """

    name: str
    path: Path
    sha256: str
    study: Study
    warnings: tuple[str, ...] = ()
    decoded: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rejected:
    """A file that was not, and the sentence that says why and what to do."""

    name: str
    error: InputError


DEEPEST = 3
"""In how many archives another one may lie and is opened."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """In how many archives a file lies, and what all of them have taken."""

    depth: int = 0
    spent: archive.Spent = field(default_factory=archive.Spent)


def read(path: Path, name: str, settings: "Settings", workdir: Path) -> Iterator[Accepted | Rejected]:
    """Read one file: DICOM, PNG or JPEG film, or a zip file of them, whose members come one by one, those of a zip file inside
    of it too.

    ``name`` is what its sender called it; it is shown and never used as a path. Members are unpacked, and pixels decoded, into
    ``workdir``, which must exist and belongs to the caller; members that are rejected are removed again. What file managers
    leave in folders, and a DICOMDIR that came along with its images, yield nothing. Raises Unavailable when no decoder starts,
    OSError of the disk.
    """
    yield from _read(path, name, settings, workdir, _Inside())


def _read(path: Path, name: str, settings: "Settings", workdir: Path, inside: _Inside) -> Iterator[Accepted | Rejected]:
    shown = text.clean(name.replace("\\", "/")) or "?"
    if skipping.junk(shown):
        return
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            what = kind(file.read(HEAD), size)
        if what == "zip":
            yield from _archive(path, shown, settings, workdir, inside)
        else:
            yield _one(path, shown, what, settings, workdir)
    except skipping.DiscIndex as error:
        if not skipping.came_along(shown):
            yield Rejected(shown, error)
    except InputError as error:
        yield Rejected(shown, error)


def count(path: Path, settings: "Settings") -> int:
    """How many files a zip file lists; 1 where it has no list that could be used, as of any other file."""
    try:
        return archive.count(path, _limits(settings))
    except (InputError, OSError):
        return 1


def _limits(settings: "Settings") -> archive.ArchiveLimits:
    return archive.ArchiveLimits(settings.max_files, settings.max_file_mb * MEGABYTE, settings.max_upload_mb * MEGABYTE)


def _archive(path: Path, name: str, settings: "Settings", workdir: Path, inside: _Inside) -> Iterator[Accepted | Rejected]:
    if inside.depth > DEEPEST:
        raise NotReadable(
            "This archive lies in more than %(most)s others, which are not opened. Unpack it, and upload it by itself.",
            {"most": DEEPEST},
        )
    for member in archive.members(path, _limits(settings), workdir, inside.spent):
        shown = f"{name}/{member.name}"
        if isinstance(member.found, InputError):
            yield Rejected(shown, member.found)
            continue
        kept = False
        for outcome in _read(member.found, shown, settings, workdir, _Inside(inside.depth + 1, inside.spent)):
            yield outcome
            kept = kept or (isinstance(outcome, Accepted) and outcome.path == member.found)
        if not kept:
            member.found.unlink(missing_ok=True)


def _one(path: Path, name: str, what: Kind, settings: "Settings", workdir: Path) -> Accepted:
    limits = Limits.of(settings)
    if path.stat().st_size > limits.octets:
        raise TooLarge("The file is larger than %(limit)s MB.", {"limit": limits.octets // MEGABYTE})
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    decoded = workdir.resolve() / uuid4().hex
    request = {"path": str(path.resolve()), "kind": what, "sha256": sha256, "pixels": str(decoded)}
    try:
        message, buffers = decoder.decode(request, limits)
        study, warnings, octets = _told(message, buffers, decoded)
    finally:
        decoded.unlink(missing_ok=True)
    if what in {"png", "jpeg"}:  # it has no header: only its file's name tells it from another
        study = replace(study, description=text.base_name(name))
    return Accepted(name, path, sha256, study, warnings, octets)


def _told(message: Mapping[str, Any], buffers: Sequence[wire.Buffer], decoded: Path) -> tuple[Study, tuple[str, ...], int]:
    """The study that the child tells of, the warnings, and the octets of its pixels."""
    try:
        pixels = sheet.mapped(decoded)
        return wire.study_of(message["study"], buffers, pixels), tuple(map(str, message["warnings"])), pixels.nbytes
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise NotReadable(
            "The file is damaged: it could not be read to its end. Copy or export it again, and upload that."
        ) from error
