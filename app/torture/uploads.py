"""Many uploads at once, then one big study, and beside both what others do meanwhile: whether the process says that it lives, a
write, a small upload."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from app.product import Product
from app.torture import slices

SECONDS = 900.0
"""Longest wait for one upload."""
ALIVE_SECONDS = 0.5
"""Longest that `/healthz` may take."""
WRITE_SECONDS = 2.0
"""Longest that a write beside the uploads may take."""
PAUSE = 0.05
"""Between two questions of whoever asks beside the uploads."""
LAYOUT = {"name": "torture", "rows": 1, "columns": 1, "layers": ["film"]}


@dataclass(slots=True)
class Seen:
    """What one kind of request saw: the seconds of every answer, and how often each status came (0: none came)."""

    name: str
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, request: Callable[[], int]) -> None:
        """Make one request, which returns its status, and note it."""
        started = time.perf_counter()
        try:
            status = request()
        except OSError:
            status = 0
        self.seconds.append(time.perf_counter() - started)
        self.statuses[status] += 1

    def line(self) -> str:
        """How many, how long, and the statuses."""
        ordered = sorted(self.seconds) or [0.0]
        late = ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]
        told = ", ".join(f"{count} × {status or 'no answer'}" for status, count in sorted(self.statuses.items()))
        return f"  {self.name:<16} p95 {late:7.3f} s, longest {ordered[-1]:7.3f} s; {told}"


def run(clients: int, files: int, count: int, *, worker: bool) -> int:
    """Both trials against a server of their own; prints what was seen. 1 when a limit was missed, else 0."""
    missed: list[str] = []
    with TemporaryDirectory() as folder, Product(Path(folder) / "var", in_process_worker=str(worker)) as product:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        print(f"{clients} uploads at once, {files} files each:")
        sent = [dict(slices.files(study, files)) for study in range(1, clients + 1)]
        product.upload(dict(slices.files(0, 2)))  # the first of everything is slower, whoever comes
        missed += _trial(product, sent, small=10_000)
        print(f"one study of {count} slices:")
        missed += _trial(product, [dict(slices.files(clients + 1, count))], small=20_000)
    for line in missed:
        print(f"MISSED: {line}")
    return 1 if missed else 0


def _trial(product: Product, sent: list[dict[str, bytes]], small: int) -> Iterator[str]:
    """Send all at once, and ask beside them; yields the limits that were missed."""
    uploads, alive, write, little = (Seen(name) for name in ("the uploads", "/healthz", "another write", "a small upload"))
    numbers = iter(range(small, small + 10_000))

    def one() -> int:
        return product.upload(dict(slices.files(next(numbers), 1)), SECONDS).status

    started = time.perf_counter()
    with (
        _again_and_again(lambda: alive.ask(lambda: product.get("/healthz").status)),
        _again_and_again(lambda: write.ask(lambda: product.put("/api/v1/layouts/torture22222", LAYOUT).status)),
        _again_and_again(lambda: little.ask(one)),
        ThreadPoolExecutor(len(sent)) as pool,
    ):
        list(pool.map(lambda files: uploads.ask(lambda: product.upload(files, SECONDS).status), sent))
    total = time.perf_counter() - started
    number = sum(map(len, sent))
    print(f"  {number} files in {total:.1f} s, {number / total:.0f} a second")
    for seen in (uploads, alive, write, little):
        print(seen.line(), flush=True)
    good = {uploads.name: 201, alive.name: 200, write.name: 200, little.name: 201}
    for seen in (uploads, alive, write, little):
        if bad := sum(seen.statuses.values()) - seen.statuses[good[seen.name]]:
            yield f"{bad} answers to {seen.name} were not {good[seen.name]}, {seen.statuses[503]} of them 503"
    for seen, most in ((alive, ALIVE_SECONDS), (write, WRITE_SECONDS)):
        if max(seen.seconds) > most:
            yield f"{seen.name} took up to {max(seen.seconds):.2f} s; at most {most:g} s are allowed"


@contextmanager
def _again_and_again(ask: Callable[[], None]) -> Iterator[None]:
    """Ask in a thread of its own, with pauses, until the block ends; the question in hand is waited for."""
    over = threading.Event()

    def asking() -> None:
        while not over.is_set():
            ask()
            over.wait(PAUSE)

    thread = threading.Thread(target=asking, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
