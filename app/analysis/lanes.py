"""Pieces of work side by side in threads, and what comes of them in the order in which the pieces were given.

Nothing piles up: no more than so many pieces are under way, and a thread whose results nobody has taken waits. Knows threads,
and nothing of films.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
Piece = Callable[[], Iterable[T]]
"""What a thread is to do: a function that yields results, or returns several."""

LOOK_EVERY = 0.2
"""Seconds between two looks whether to stop, for whoever waits."""


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes of a piece; ``error`` is what ended it, if it failed."""

    error: BaseException | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Line(Generic[T]):
    """A piece under way: what has come of it and was not taken yet, and its turn in the pool."""

    waiting: "Queue[T | _End]"
    turn: "Future[None]"


class Lanes(Generic[T]):
    """So many ``threads``, for at most ``most`` pieces under way and, of each, ``room`` results that nobody has taken yet.

    ``begin`` is called in each thread at its start. ``finish``: once all is to stop, what has begun is finished and still
    told; otherwise nothing more is. For one use.
    """

    def __init__(
        self, threads: int, most: int, room: int = 1, begin: Callable[[], None] | None = None, *, finish: bool = False
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lane", initializer=begin)
        self._most = most
        self._room = room
        self._finish = finish
        self._over = threading.Event()

    def results(self, pieces: Iterable[Piece[T]], stopped: Callable[[], bool]) -> Iterator[T]:
        """What comes of every piece, in the pieces' order; they are asked for in the caller's thread, when there is room.

        Once ``stopped`` says so, no more pieces begin. What a piece raises is raised here in its place, and ends all.
        """
        lines: deque[_Line[T]] = deque()
        coming = iter(pieces)
        more = True
        try:
            while True:
                while more and len(lines) < self._most and not stopped():
                    piece = next(coming, None)
                    if piece is None:
                        more = False
                    else:
                        lines.append(self._begun(piece))
                if not lines or not (yield from self._taken(lines.popleft(), lines, stopped)):
                    return
        finally:
            self._over.set()
            self._pool.shutdown(cancel_futures=True)

    def _begun(self, piece: Piece[T]) -> _Line[T]:
        waiting: Queue[T | _End] = Queue(self._room)
        return _Line(waiting, self._pool.submit(self._carried_out, piece, waiting))

    def _carried_out(self, piece: Piece[T], waiting: "Queue[T | _End]") -> None:
        """In a thread: a piece, result by result."""
        end = _End()
        try:
            for result in piece():
                if not self._told(result, waiting):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
            end = _End(error)
        self._told(end, waiting)

    def _told(self, result: T | _End, waiting: "Queue[T | _End]") -> bool:
        """Put a result where it is taken from; False when nobody will."""
        while not self._over.is_set():
            try:
                waiting.put(result, timeout=LOOK_EVERY)
            except Full:
                continue
            return True
        return False

    def _taken(self, line: _Line[T], behind: Iterable[_Line[T]], stopped: Callable[[], bool]) -> Generator[T, None, bool]:
        """The results of one piece; whether to go on with the next one. Once stopped, pieces that have not begun never will."""
        while True:
            if stopped():
                dropped = [one.turn.cancel() for one in (line, *behind)]
                if dropped[0] or not self._finish:
                    return False
            try:
                result = line.waiting.get(timeout=LOOK_EVERY)
            except Empty:
                continue
            if not isinstance(result, _End):
                yield result
            elif result.error is None:
                return True
            else:
                raise result.error
