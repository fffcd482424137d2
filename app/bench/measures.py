"""What is measured, each against a running product: the cold start, the way of a film, the weight of the case page."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bench.figures import Figure
from app.errors import AppError
from app.phantoms import chest, dicom
from app.product import LOOK_EVERY, Product

PATIENCE = 300.0
PHANTOM_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Way:
    """One film's way, in seconds from sending it until its prediction, and until the maps of its top finding, could be read."""

    study: str
    prediction: float
    explanations: float


def start(repeat: int) -> Iterator[Figure]:
    """The first start over an empty folder, and later starts over the same one."""
    first: list[float] = []
    for _ in range(repeat):
        with TemporaryDirectory() as folder:
            product = Product(Path(folder) / "var")
            try:
                first.append(product.start())
                later = [product.start() for _ in range(repeat)] if len(first) == repeat else []
            finally:
                product.stop()
    yield Figure("start, empty folder → ready", "s", tuple(first))
    yield Figure("start again → ready", "s", tuple(later))


def upload(product: Product, repeat: int, real_film: Path) -> Iterator[Figure]:
    """From sending a film to its prediction and to its five overlays: a phantom to a ``product`` that has read nothing yet, and
    a real film where there is one."""
    cold = follow(product, "phantom.dcm", phantom(0))
    warm = [follow(product, "phantom.dcm", phantom(seed)) for seed in range(1, repeat + 1)]
    name = f"phantom {PHANTOM_SIZE} px"
    yield Figure(f"{name}, first after start → prediction", "s", (cold.prediction,))
    yield Figure(f"{name}, first after start → five overlays", "s", (cold.explanations,))
    yield Figure(f"{name} → prediction", "s", tuple(way.prediction for way in warm))
    yield Figure(f"{name} → five overlays", "s", tuple(way.explanations for way in warm))
    if not real_film.is_file():
        return
    ways = []
    for _ in range(repeat):  # the same film again would be found stored already, so each goes to a server of its own
        with TemporaryDirectory() as folder, Product(Path(folder) / "var") as other:
            follow(other, "phantom.dcm", phantom(0))
            ways.append(follow(other, real_film.name, real_film.read_bytes()))
    yield Figure("real film → prediction", "s", tuple(way.prediction for way in ways))
    yield Figure("real film → five overlays", "s", tuple(way.explanations for way in ways))


def weight(product: Product) -> Iterator[Figure]:
    """Bytes of body that travel for a case page, compressed as they are sent."""
    way = follow(product, "phantom.dcm", phantom(0))
    page = product.get(f"/studies/{way.study}")
    parts = dict(linked(product, page.body.decode()))
    data = product.get(f"/studies/{way.study}/case.json").json()
    pixels = product.get(data["stacks"][0]["images"][0]["pixels_url"]).travelled
    maps = {entry["method"]: product.get(entry["values_url"]).travelled for entry in data["explanations"]}
    yield Figure("case page, HTML", "bytes", (page.travelled,))
    yield Figure("case page, scripts", "bytes", (sum(size for name, size in parts.items() if ".js" in name),))
    yield Figure("case page, styles", "bytes", (sum(size for name, size in parts.items() if ".css" in name),))
    yield Figure(f"film of {PHANTOM_SIZE} px, pixels", "bytes", (pixels,))
    for method, size in sorted(maps.items()):
        yield Figure(f"map by {method}, values", "bytes", (size,))


def phantom(seed: int) -> bytes:
    """A chest phantom as a DICOM file."""
    return dicom.encode(chest.draw(seed, ("Nodule",), size=PHANTOM_SIZE))


def follow(product: Product, name: str, content: bytes) -> Way:
    """Upload one file and look until its prediction and its maps can be read."""
    started = time.perf_counter()
    answer = product.upload({name: content})
    if answer.status != 201:
        raise AppError("The upload was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
    study = str(answer.json()["studies"][0])
    predicted = 0.0
    while time.perf_counter() - started < PATIENCE:
        state = product.get(f"/api/v1/studies/{study}/job").json()["state"]
        if not predicted and product.get(f"/api/v1/studies/{study}/predictions").json():
            predicted = time.perf_counter() - started
        if state not in {"queued", "running"}:
            break
        time.sleep(LOOK_EVERY)
    if not predicted:
        raise AppError("The film got no prediction: is there a network for it? %(log)s", {"log": product.log()})
    return Way(study=study, prediction=predicted, explanations=time.perf_counter() - started)


def linked(product: Product, page: str) -> Iterator[tuple[str, int]]:
    """Every script and style that a page loads, with the bytes that travelled."""
    parser = _Links()
    parser.feed(page)
    for address in dict.fromkeys(parser.found):
        yield address, product.get(address).travelled


class _Links(HTMLParser):
    """Collects the addresses of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        named = {key: value or "" for key, value in attrs}
        if tag == "script" and named.get("src"):
            self.found.append(named["src"])
        if tag == "link" and named.get("rel") == "stylesheet":
            self.found.append(named["href"])
