"""The decoding children, seen from the process that serves: starts, asks, times, kills and restarts them.

Knows processes and pipes; what is in a file it does not know. Headers are parsed and pixels decoded over there, under limits on
memory and time, because parsers and codecs can hang, take gigabytes or crash on a crafted file.
"""

import atexit
import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.errors import AppError, InputError, NotReadable, TooLarge, Unavailable
from app.ingest import wire
from app.ingest.limits import TABLES, Limits
from app.ingest.skipping import DiscIndex

START_SECONDS = 60
"""Longest time a child may take to come up; half a second is usual."""

FAILED = (
    "Reading this made the decoder fail: the file is damaged or compressed in an unusual way. "
    "Export it again, uncompressed, and upload that."
)
LATE = "Reading this took longer than %(seconds)s seconds and was stopped. Export it uncompressed and try again."

Reply = tuple[dict[str, Any], list[memoryview]]


class Gone(Exception):
    """The child is dead, or says what makes no sense."""


class Late(Exception):
    """The child did not answer in time."""


class Child:
    """One child process with a pipe in and a pipe out. Not thread-safe: `Pool` lends it to one thread at a time."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parents[2]
        keep = {
            name: value for name, value in os.environ.items() if not name.startswith("WHYLIGHT_")
        }  # no passwords over there
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.ingest.decoder_child"],
            cwd=root,
            env={**keep, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},  # each thread would reserve address space
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what codecs complain about may quote the patient
            bufsize=0,
        )
        try:
            self._receive(time.monotonic() + START_SECONDS)
        except (Gone, Late) as error:
            self.close()
            raise Unavailable("The decoder could not be started. Try again in a moment.") from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], seconds: float) -> Reply:
        """Send a request and wait for the answer. Raises Gone, Late."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for above
        deadline = time.monotonic() + seconds
        try:
            for piece in wire.packed(dict(request)):
                self._process.stdin.write(piece)
        except OSError as error:
            raise Gone("the pipe is closed") from error
        return self._receive(deadline)

    def _receive(self, deadline: float) -> Reply:
        text_length, count = wire.HEAD.unpack(self._exactly(wire.HEAD.size, deadline))
        if text_length > wire.JSON_MOST or count > TABLES // 2:
            raise Gone("no message")
        lengths = struct.unpack(f"!{count}Q", self._exactly(8 * count, deadline))
        if sum(lengths) > TABLES:
            raise Gone("more than was agreed")
        try:
            message = json.loads(bytes(self._exactly(text_length, deadline)))
        except ValueError as error:
            raise Gone("no JSON") from error
        whole, buffers, start = self._exactly(sum(lengths), deadline), [], 0
        for length in lengths:
            buffers.append(whole[start : start + length])
            start += length
        return message, buffers

    def _exactly(self, length: int, deadline: float) -> memoryview:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        pipe = self._process.stdout.fileno()
        octets = memoryview(bytearray(length))
        filled = 0
        while filled < length:
            ready, _, _ = select.select([pipe], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise Late(f"{length - filled} octets are missing")
            read = os.readv(pipe, [octets[filled : filled + 2**20]])
            if not read:
                raise Gone("the pipe is closed")
            filled += read
        return octets

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Pool:
    """Children that are kept for the next file; as many at once as there are processors, at most four. Thread-safe."""

    def __init__(self, most: int | None = None) -> None:
        self._places = threading.BoundedSemaphore(most or min(4, os.cpu_count() or 1))
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    @contextlib.contextmanager
    def lend(self) -> Iterator[Child]:
        """A child for one request. One whose request raised is ended, and the next loan starts another."""
        with self._places:
            child = self._living() or Child()
            try:
                yield child
            except BaseException:
                child.close()
                raise
            with self._lock:
                self._idle.append(child)

    def _living(self) -> Child | None:
        """An idle child that is still alive: one that was ended from outside must not cost the next file its reading."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                child = self._idle.pop()
            if child.alive:
                return child
            child.close()

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()


POOL = Pool()
atexit.register(POOL.close)

_ERRORS: dict[str, type[InputError]] = {"NotReadable": NotReadable, "TooLarge": TooLarge, "DiscIndex": DiscIndex}


def decode(request: Mapping[str, Any], limits: Limits, pool: Pool = POOL) -> Reply:
    """What the child makes of one file: the study's message, its warnings and the buffers.

    ``request`` names the file, and the one for its pixels, which the child makes (`app.ingest.sheet`). Raises the child's
    InputError, NotReadable when the child died of the file or took too long, Unavailable when none starts, OSError of the disk.
    """
    try:
        with pool.lend() as child:
            message, buffers = child.ask({**request, "limits": asdict(limits)}, limits.seconds)
    except Late as error:
        raise NotReadable(LATE, {"seconds": limits.seconds}) from error
    except Gone as error:
        raise NotReadable(FAILED) from error
    if "disk" in message:
        raise OSError(int(message["disk"]), os.strerror(int(message["disk"])))
    if "error" in message:
        raise _error(message["error"])
    return message, buffers


def _error(told: Mapping[str, Any]) -> AppError:
    return _ERRORS.get(str(told["class"]), NotReadable)(str(told["template"]), dict(told["values"]))
