"""How long a reader waits for what if and for a filmstrip: from asking until the answer is there, over HTTP, of films with the
worker in the server and with one apart from it, and of an exam of stacks.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from app.bench.figures import Figure
from app.bench.measures import PATIENCE, follow
from app.config import ROOT
from app.errors import AppError
from app.phantoms import chest, dicom, knee
from app.phantoms.knee import dicom as stacks
from app.product import LOOK_EVERY, Product

SIZES = (1024, 2500)
FILLS = ("inpaint", "mean", "blur")
EXAM_SIZE = 256
SLICES = 32
"""Of each of an exam's three stacks."""


def measure(product: Product, repeat: int) -> Iterator[Figure]:
    """Every fill on films of two sizes, each time another area, so that no answer is known already. The processor time says
    what the answers would take on a machine that has nothing else to do."""
    for size in SIZES:
        film = dicom.encode(chest.draw(0, ("Nodule",), size=size), dicom.Header(number=size))
        study = follow(product, "phantom.dcm", film).study
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


def exam(repeat: int) -> Iterator[Figure]:
    """An exam: an area of one slice, of every slice of a stack, and the filmstrip of one slice after the other."""
    name = f"exam of 3 × {SLICES} slices of {EXAM_SIZE} px"
    with TemporaryDirectory() as folder, Product(Path(folder) / "var") as product:
        answer = product.upload(dict(stacks.encode(knee.draw(5, ("ACL discontinuity",), EXAM_SIZE, SLICES))))
        if answer.status != 201:
            raise AppError("The upload was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
        study = str(answer.json()["studies"][0])
        deadline = time.perf_counter() + PATIENCE
        while product.get(f"/api/v1/studies/{study}/job").json()["state"] in {"queued", "running"}:
            if time.perf_counter() > deadline:
                raise AppError("The exam was not read in time: %(log)s", {"log": product.log()})
            time.sleep(LOOK_EVERY)
        stack = product.get(f"/api/v1/studies/{study}/stacks").json()[0]
        over, images = {"stack": stack["id"]}, stack["images"][SLICES // 3 :]
        asked(product, study, EXAM_SIZE, 0, "inpaint", **over, images=images[:1])
        ways: dict[str, Callable[[int], float]] = {
            f"what if, {name}, one slice": lambda at: asked(
                product, study, EXAM_SIZE, at, "inpaint", **over, images=images[at : at + 1]
            ),
            f"what if, {name}, a whole stack": lambda at: asked(product, study, EXAM_SIZE, at, "inpaint", **over),
            f"filmstrip, {name}, one slice by LRP": lambda at: strip(product, study, images[at]),
        }
        for what, way in ways.items():
            before = product.processor_seconds()
            yield Figure(what, "s", tuple(way(at % len(images)) for at in range(1, repeat + 1)))
            after = product.processor_seconds()
            if before is not None and after is not None:
                yield Figure(f"{what}, processor time", "s", ((after - before) / repeat,))


def strip(product: Product, study: str, image: str) -> float:
    """Seconds until the stages of one slice are there, for the most probable finding."""
    (said,) = product.get(f"/api/v1/studies/{study}/predictions").json()
    finding = quote(max(said["scores"], key=lambda score: float(score["probability"]))["finding"])
    started = time.perf_counter()
    answer = product.get(f"/api/v1/studies/{study}/stages?model={said['model']}&finding={finding}&method=lrp&image={image}")
    seconds = time.perf_counter() - started
    if answer.status != 200:
        raise AppError("The filmstrip was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
    return seconds


def asked(
    product: Product, study: str, size: int, place: int, fill: str, *, stack: str = "", images: Sequence[str] = ()
) -> float:
    """Seconds until one area's answer is there; of a film, or of these slices of a stack."""
    left, top = size * (0.3 + 0.02 * place), size * 0.4
    points = [[left, top], [left + size * 0.2, top + size * 0.25]]
    area = {"kind": "ellipse", "points": points, "images": list(images)}
    model = product.get(f"/api/v1/studies/{study}/predictions").json()[0]["model"]
    body = {"model": model, "stack": stack, "edits": [{"areas": [area], "fill": fill}]}
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
