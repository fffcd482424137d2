"""The pixels of an exam's slices, one after the other, beside the same octets off the disk through the same server.

The server is the product's application with one thing more: its folder of blobs, served as plain files. Both are asked for over
one connection, in turn, so that a busy machine is as busy for either.
"""

import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import uvicorn
from starlette.staticfiles import StaticFiles

from app.bench.figures import Figure
from app.config import Settings
from app.errors import AppError
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.product import Product
from app.store import Store, migrate
from app.web.application import create_app

SIZE = 256
SLICES = 40
"""Of each of three planes."""


class Beside(Product):
    """The product without a worker, with its blobs as plain files under /disk."""

    def command(self) -> list[str]:
        """This module, as a program."""
        return [sys.executable, "-m", "app.bench.pixels"]


def measure(repeat: int) -> Iterator[Figure]:
    """How long all slices of an exam of 120 take, how long their octets take off the disk, and how much longer that is."""
    with TemporaryDirectory() as folder, Beside(Path(folder) / "var") as product:
        answer = product.upload(dict(dicom.encode(knee.draw(5, ("ACL discontinuity",), SIZE, SLICES))))
        if answer.status != 201:
            raise AppError("The upload was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
        study = answer.json()["studies"][0]
        images = product.get(f"/api/v1/studies/{study}/images").json()
        settings = Settings(var=product.var)
        store = Store.open(settings)
        with store.view() as tx:
            names = [tx.studies.image(image["id"]).pixels_sha256 for image in images]
        store.close()
        pixels = [f"/images/{image['id']}/pixels" for image in images]
        disk = [f"/disk/{name[:2]}/{name[2:]}" for name in names]
        connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
        if _all(connection, pixels)[1] != _all(connection, disk)[1]:
            raise AppError("The slices are not what lies on the disk.")
        both = [(_all(connection, pixels)[0], _all(connection, disk)[0]) for _ in range(repeat)]
        connection.close()
    slices, files = (tuple(taken) for taken in zip(*both, strict=True))
    octets = 2 * SIZE * SIZE * len(images) / 1e6
    yield Figure(f"{len(images)} slices of an exam, {octets:.1f} MB: their pixels", "s", slices)
    yield Figure("the same octets off the disk", "s", files)
    yield Figure("pixels, as a multiple of the disk (at most 1.5)", "×", (median(slices) / median(files),))


def _all(connection: http.client.HTTPConnection, addresses: Sequence[str]) -> tuple[float, list[bytes]]:
    """Every address, one after the other: the seconds, and what came."""
    started, found = time.perf_counter(), []
    for address in addresses:
        connection.request("GET", address)
        answer = connection.getresponse()
        found.append(answer.read())
        if answer.status != 200:
            raise AppError("%(address)s was answered with %(status)s.", {"address": address, "status": answer.status})
    return time.perf_counter() - started, found


def main() -> None:
    """Serve, as the settings say."""
    settings = Settings()
    migrate(settings)
    app = create_app(settings, Store.open(settings), lambda: None)
    app.mount("/disk", StaticFiles(directory=settings.var / "blobs"))
    uvicorn.run(app, host="127.0.0.1", port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
