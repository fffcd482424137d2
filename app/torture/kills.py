"""A server that is killed in the middle of uploads, again and again: what it had said yes to must be there, and nothing else
may be left once it has started anew."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.config import Settings
from app.product import Product
from app.store import Store
from app.torture import slices

SENDERS = 3
"""Uploads on their way at once."""
FILES = 40
"""Files of each."""
STUDIES = 6
"""Most studies that a sender sends before the server is killed."""
LATEST = 4.0
"""Seconds after the first upload began to arrive at which a server is killed at the latest."""
BEGIN_SECONDS = 60.0
TIDY_SECONDS = 60.0
"""How long a server may take after its start until all is in order."""

Promised = dict[str, int]
"""By study, how many of its files were said to be stored."""


def run(kills: int, seed: int) -> int:
    """Kill a server of its own so often; prints what was lost and left. 1 when anything was, else 0."""
    moments = np.random.default_rng(seed).uniform(0, LATEST, kills)
    promised: Promised = {}
    left = 0
    with TemporaryDirectory() as folder:
        var = Path(folder) / "var"
        product = Product(var, in_process_worker="false")
        for number, moment in enumerate(moments):
            promised |= _sent(product, var, number, float(moment))
            left += len(_folders(var))
        started = time.perf_counter()
        with product:
            found = _counted(product, var, promised)
            while any(found.values()) and time.perf_counter() - started < TIDY_SECONDS:
                time.sleep(0.5)
                found = _counted(product, var, promised)
            seconds = time.perf_counter() - started
    print(f"{kills} kills amid uploads left {left} folders; {len(promised)} studies were acknowledged")
    print(f"{seconds:.1f} s after the next start began:")
    for name, count in found.items():
        print(f"  {count:4d} {name}")
    return 1 if any(found.values()) else 0


def _sent(product: Product, var: Path, number: int, moment: float) -> Promised:
    """Send one study after the other, and kill the server so long after the first began to arrive; returns what it said yes
    to."""
    promised: Promised = {}
    firsts = range(STUDIES * SENDERS * number, STUDIES * SENDERS * (number + 1), STUDIES)
    sent = [[dict(slices.files(first + study, FILES)) for study in range(STUDIES)] for first in firsts]
    product.start()
    before = _folders(var)  # the next server sweeps those that the last one left

    def send(studies: list[dict[str, bytes]]) -> None:
        for files in studies:
            try:
                answer = product.upload(files)
            except (OSError, http.client.HTTPException):
                return  # killed
            if answer.status == http.client.CREATED:
                promised[answer.json()["studies"][0]] = FILES

    with ThreadPoolExecutor(SENDERS) as pool:
        for studies in sent:
            pool.submit(send, studies)
        until = time.monotonic() + BEGIN_SECONDS
        while not _folders(var) - before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(moment)
        product.kill()
    return promised


def _folders(var: Path) -> set[str]:
    root = var / "uploads"
    return {path.name for path in root.iterdir()} if root.is_dir() else set()


def _counted(product: Product, var: Path, promised: Promised) -> dict[str, int]:
    """What is lost and what is left over just now."""
    lost = 0
    for study, files in promised.items():
        answer = product.get(f"/api/v1/studies/{study}")
        images = answer.json()["images"] if answer.status == http.client.OK else []
        whole = images and product.get(f"/api/v1/images/{images[-1]['id']}/pixels").status == http.client.OK
        lost += not (whole and len(images) == files)
    store = Store.open(Settings(var=var))
    try:
        loose = len(store.loose(-1))
    finally:
        store.close()
    return {
        "acknowledged studies lost": lost,
        "studies that nobody asked to analyse": _unasked(product),
        "blobs that nothing refers to": loose,
        "upload folders": len(_folders(var)),
        "temporary files": sum(1 for _ in (var / "blobs" / "tmp").iterdir()),
    }


def _unasked(product: Product) -> int:
    page, count = 1, 0
    while True:
        found = product.get(f"/api/v1/studies?size=200&page={page}").json()
        count += sum(product.get(f"/api/v1/studies/{study['id']}/job").json() is None for study in found["studies"])
        if page >= found["pages"]:
            return count
        page += 1
