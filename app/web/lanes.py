"""Threads that uploads have to themselves, so that nobody else waits for them; one that waits its turn holds no thread.

Turns are taken in the order in which they were asked for. An upload asks for one piece of its work at a time, so that those
that are on their way go round: a small one is through after a turn or two, however many large ones there are.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")

READERS = min(4, os.cpu_count() or 1)
"""As many as files are decoded at once (`app.ingest.decoder.Pool`): more would only wait for one another."""
WRITERS = 2
"""Threads that write what arrives to the disk."""


class Lane:
    """A few threads and the queue before them; shared by every event loop of the process."""

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, name)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Wait for a turn, then for the work. Cancelled before its turn, the work is not done; cancelled in it, it is waited
        for, because what it works on goes when its caller ends."""
        running = self._threads.submit(work)
        waited = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(waited)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait([waited])
            raise


@dataclass(frozen=True, slots=True)
class Lanes:
    """What uploads go through: ``arriving`` writes bodies to the disk, ``storing`` reads and stores what has arrived."""

    arriving: Lane = field(default_factory=lambda: Lane(WRITERS, "arriving"))
    storing: Lane = field(default_factory=lambda: Lane(READERS, "storing"))
