"""How long a reader waits for what if: from sending an area until the answer is there, over HTTP, with the worker in the server
and with one apart from it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bench.figures import Figure
from app.bench.measures import follow
from app.config import ROOT
from app.errors import AppError
from app.phantoms import chest, dicom
from app.product import Product

SIZES = (1024, 2500)
FILLS = ("inpaint", "mean", "blur")


def measure(repeat: int) -> Iterator[Figure]:
    """Every fill on films of two sizes, each time another area, so that no answer is known already. The processor time says
    what the answers would take on a machine that has nothing else to do."""
    for size in SIZES:
        with TemporaryDirectory() as folder, Product(Path(folder) / "var") as product:
            study = follow(product, "phantom.dcm", dicom.encode(chest.draw(0, ("Nodule",), size=size))).study
            asked(product, study, size, 0, "inpaint")
            before = product.processor_seconds()
            for fill in FILLS:
                samples = tuple(asked(product, study, size, place, fill) for place in range(1, repeat + 1))
                yield Figure(f"what if, {size} px, {fill}", "s", samples)
            after = product.processor_seconds()
        if before is not None and after is not None:
            yield Figure(f"what if, {size} px, processor time", "s", ((after - before) / (repeat * len(FILLS)),))
    yield from apart(repeat, SIZES[0])


def apart(repeat: int, size: int) -> Iterator[Figure]:
    """The same with the worker in a process of its own, which nobody can wake."""
    with TemporaryDirectory() as folder, Product(Path(folder) / "var", in_process_worker="false") as product, working(product):
        study = follow(product, "phantom.dcm", dicom.encode(chest.draw(0, ("Nodule",), size=size))).study
        asked(product, study, size, 0, "inpaint")
        samples = tuple(asked(product, study, size, place, "inpaint") for place in range(1, repeat + 1))
    yield Figure(f"what if, {size} px, inpaint, worker apart", "s", samples)


def asked(product: Product, study: str, size: int, place: int, fill: str) -> float:
    """Seconds until one area's answer is there."""
    left, top = size * (0.3 + 0.02 * place), size * 0.4
    area = {"kind": "ellipse", "points": [[left, top], [left + size * 0.2, top + size * 0.25]]}
    model = product.get(f"/api/v1/studies/{study}/predictions").json()[0]["model"]
    body = {"model": model, "edits": [{"areas": [area], "fill": fill}]}
    started = time.perf_counter()
    answer = product.post(f"/api/v1/studies/{study}/what-if", body)
    seconds = time.perf_counter() - started
    if answer.status != 200:
        raise AppError("What if was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
    return seconds


@contextmanager
def working(product: Product) -> Iterator[None]:
    """A worker in a process of its own over the product's folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "worker"],
        cwd=ROOT,
        env=os.environ | {"WHYLIGHT_VAR": str(product.var)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
