"""A PostgreSQL of one's own, restarted again and again under a server and a worker that have work to do; then what was lost."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.config import ROOT
from app.errors import AppError
from app.phantoms import chest, dicom
from app.product import Answer, Product
from app.torture.cluster import Cluster

ALLOWED = {200, 201, 503}
"""What may be answered while the database comes and goes: what was asked for, or that it is away."""
SIZE = 256
"""Side of the films, in pixels: small ones, so that the database has more to do than the network."""
UPLOADERS = 2
PAUSE_SECONDS = 0.7
"""Between two requests of one client."""
BETWEEN_SECONDS = 3.0
"""Between two restarts."""
SETTLE_SECONDS = 1200.0
"""Longest wait for the jobs that are left in the end."""
HOW = ("fast", "immediate")
"""As an operator restarts it, and as it crashes, in turn."""


@dataclass(slots=True)
class Seen:
    """What the clients saw: how often each status came (0: none came), and the studies whose storing was acknowledged."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)

    def ask(self, name: str, request: Callable[[], Answer]) -> Answer | None:
        """Make one request and note how it was answered; None where it was not done."""
        try:
            answer = request()
        except OSError:
            self.statuses[name, 0] += 1
            return None
        self.statuses[name, answer.status] += 1
        return answer if answer.status in {200, 201} else None

    def unfit(self) -> int:
        """How many answers were none that is allowed."""
        return sum(count for (_, status), count in self.statuses.items() if status not in ALLOWED)


def run(restarts: int) -> int:
    """Upload, read and ask while the server below is restarted; prints what came of it. 1 when anything was lost, else 0."""
    seen = Seen()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        cluster = stack.enter_context(Cluster(durable=True))
        address = cluster.address()
        product = Product(folder / "var", database_url=address, in_process_worker="false", lease_seconds="10")
        stack.enter_context(product)
        stack.enter_context(working(folder / "var", address))
        first = _first(product, seen)
        works: list[Callable[[], None]] = [partial(_upload, product, seen, number) for number in range(1, UPLOADERS + 1)]
        works += [partial(_read, product, seen), _asking(product, seen, first)]
        with _busy(works):
            away = [_restarted(cluster, HOW[number % len(HOW)]) for number in range(restarts)]
            time.sleep(BETWEEN_SECONDS)
        left = _settled(product)
        lost = [study for study in seen.acknowledged if not _whole(product, study)]
        failed = _total(product, "failed")
    print(f"{restarts} restarts, the database away for {max(away):.1f} s at most")
    for (name, status), count in sorted(seen.statuses.items()):
        print(f"  {name:<10} {status or 'no answer'}: {count}")
    print(f"studies acknowledged {len(seen.acknowledged)}, of these lost {len(lost)}")
    print(f"jobs failed {failed}, left open {left}")
    return int(bool(seen.unfit() or lost or failed or left))


@contextmanager
def working(var: Path, address: str) -> Iterator[None]:
    """A worker in a process of its own."""
    settings = {"WHYLIGHT_VAR": str(var), "WHYLIGHT_DATABASE_URL": address, "WHYLIGHT_LEASE_SECONDS": "10"}
    with var.with_suffix(".worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _busy(works: list[Callable[[], None]]) -> Iterator[None]:
    """Each of these again and again in a thread of its own, until the block ends."""
    over = threading.Event()

    def again(work: Callable[[], None]) -> None:
        while not over.wait(PAUSE_SECONDS):
            work()

    threads = [threading.Thread(target=again, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _restarted(cluster: Cluster, how: str) -> float:
    """Let the product work for a while, then restart its database; how many seconds that was away."""
    time.sleep(BETWEEN_SECONDS)
    started = time.perf_counter()
    cluster.stop(how)
    cluster.start()
    return time.perf_counter() - started


def _upload(product: Product, seen: Seen, client: int) -> None:
    number = client + 1000 * (seen.statuses[f"upload {client}", 201] + seen.statuses[f"upload {client}", 503])
    film = dicom.encode(chest.draw(number, ("Nodule",), size=SIZE), dicom.Header(number=number))
    answer = seen.ask(f"upload {client}", lambda: product.upload({"film.dcm": film}))
    if answer is not None:
        seen.acknowledged += answer.json()["studies"]


def _read(product: Product, seen: Seen) -> None:
    for path in ("/", "/api/v1/studies", *(f"/studies/{study}" for study in seen.acknowledged[-1:])):
        seen.ask("read", partial(product.get, path))


def _asking(product: Product, seen: Seen, study: str) -> Callable[[], None]:
    """What if, of another area every time, so that no answer is known already."""
    model = product.get(f"/api/v1/studies/{study}/predictions").json()[0]["model"]
    place = iter(range(10**9))

    def ask() -> None:
        left = SIZE * (0.1 + 0.0005 * next(place))
        area = {"kind": "ellipse", "points": [[left, 0.4 * SIZE], [left + 0.2 * SIZE, 0.6 * SIZE]]}
        body = {"model": model, "edits": [{"areas": [area], "fill": "mean"}]}
        seen.ask("ask", lambda: product.post(f"/api/v1/studies/{study}/what-if", body))

    return ask


def _first(product: Product, seen: Seen) -> str:
    """A study that has been analysed before anything breaks."""
    _upload(product, seen, 1)
    if not seen.acknowledged or _settled(product):
        raise AppError("The product did not analyse a film even while its database was there: %(log)s", {"log": product.log()})
    return seen.acknowledged[0]


def _settled(product: Product) -> int:
    """How many studies still wait for their analysis when nobody wants to wait any longer."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (left := _total(product, "waiting") + _total(product, "analysing")) and time.monotonic() < deadline:
        time.sleep(1.0)
    return left


def _total(product: Product, state: str) -> int:
    total: int = product.get(f"/api/v1/studies?state={state}&size=1").json()["total"]
    return total


def _whole(product: Product, study: str) -> bool:
    """Whether a study, its pixels and the maps of its analysis can be read."""
    found = product.get(f"/api/v1/studies/{study}")
    if found.status != 200:
        return False
    images = [image["id"] for image in found.json()["images"]]
    maps = product.get(f"/api/v1/studies/{study}/explanations").json()
    paths = [f"/api/v1/images/{image}/pixels" for image in images]
    paths += [f"/api/v1/explanations/{entry['id']}/values" for entry in maps]
    return bool(images and maps) and all(product.get(path).status == 200 for path in paths)
