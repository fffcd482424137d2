"""An upload on its way in: a multipart body written to disk as it arrives, and never held in memory.

Knows the wire format (RFC 7578) and the limits; not what the files are. Starlette's own form parser counts no file's size, so
this one does: a file beyond the limit is no longer written, and is told of by name, while the others go on.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from app.config import Settings
from app.desk.folders import disk
from app.desk.intake import MEGABYTE, Arrived
from app.errors import InputError, TooLarge
from app.web.lanes import Lane


async def receive(request: Request, into: Path, settings: Settings, lane: Lane) -> list[Arrived]:
    """The files of a multipart request, in the order they came; what has no file name is no file.

    Async, because the body arrives piece by piece; what is written is written in the lane, a megabyte at a time. InputError
    when the body is not a whole multipart form, TooLarge beyond the number of files, Unavailable when the disk is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise InputError("An upload is a form with files (multipart/form-data).")
    with _Writer(boundary, into, settings) as writer:
        async for piece in _pieces(request.stream()):
            await lane.run(partial(writer.write, piece))
        return writer.close()


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream in pieces of about a megabyte: one hop to a thread costs as much as 64 KB written."""
    pending = bytearray()
    try:
        async for chunk in stream:
            pending += chunk
            if len(pending) >= MEGABYTE:
                yield bytes(pending)
                pending.clear()
    except ClientDisconnect as error:
        raise broken_off() from error
    if pending:
        yield bytes(pending)


def broken_off() -> InputError:
    """The refusal of a body that is not whole."""
    return InputError("The upload broke off before its end, so nothing of it was stored. Send it again.")


class _Writer:
    """Turns the multipart parser's events into files."""

    def __init__(self, boundary: bytes, into: Path, settings: Settings) -> None:
        self._into = into
        self._settings = settings
        self._limit = settings.max_file_mb * MEGABYTE
        self._arrived: list[Arrived] = []
        self._header = bytearray()
        self._value = bytearray()
        self._name: str | None = None
        self._path = into
        self._file: BinaryIO | None = None
        self._size = 0
        self._whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._open,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, piece: bytes) -> None:
        """Parse and write one piece of the body."""
        try:
            with disk():
                self._parser.write(piece)
        except FormParserError as error:
            raise broken_off() from error

    def close(self) -> list[Arrived]:
        """The files, once the closing boundary has come."""
        if not self._whole:
            raise broken_off()
        return self._arrived

    def _begin(self) -> None:
        self._header.clear()
        self._value.clear()
        self._name = None
        self._size = 0

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            if b"filename" in options:
                self._name = shown(options[b"filename"])
        self._header.clear()
        self._value.clear()

    def _open(self) -> None:
        if not self._name:  # a field, or a file input that was left empty
            return
        if len(self._arrived) >= self._settings.max_files:
            raise TooLarge("One upload may have %(limit)s files. Send them in parts.", {"limit": self._settings.max_files})
        self._path = self._into / f"{len(self._arrived):06d}"
        self._file = self._path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            return
        self._size += end - start
        if self._size <= self._limit:
            self._file.write(data[start:end])

    def _end(self) -> None:
        if self._file is None or self._name is None:
            return
        self._file.close()
        self._file = None
        error = None
        if self._size > self._limit:
            self._path.unlink()
            error = TooLarge("The file is larger than %(limit)s MB.", {"limit": self._settings.max_file_mb})
        self._arrived.append(Arrived(self._name, self._path, error))

    def _finish(self) -> None:
        self._whole = True


def shown(filename: bytes) -> str:
    """A file's name as a report shows it: UTF-8, the path within a chosen folder kept, only printable, at most 200 long."""
    text = filename.decode("utf-8", errors="replace").replace("%22", '"').replace("\\", "/")
    return "".join(character for character in text if character.isprintable())[-200:]
