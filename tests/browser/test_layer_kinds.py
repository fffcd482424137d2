"""Layers of other software in a real browser: each kind drawn as what it is, over films and stacks, alone, and in swipe."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from app.render import class_colours, table
from tests.browser.cases import Case, painted, sent
from tests.browser.conftest import Server, analysed
from tests.browser.exams import full

SIDE = 256
KNEE = 96
SLICES = 12
NAMES = {"0": "nothing", "1": "ligament", "2": "meniscus"}
OPACITY = 0.55
LINES = """(name) => {
    const all = document.createRange();
    all.selectNodeContents(name);
    return new Set([...all.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
}"""
"""How many lines a name takes."""
Drawn = NDArray[np.float64]


def classes(side: int) -> NDArray[np.float32]:
    """Class 1 in the left half's middle, class 2 in the right one's, nothing around and between."""
    out = np.zeros((side, side), np.float32)
    quarter, eighth = side // 4, side // 8
    out[quarter : 3 * quarter, eighth : 3 * eighth] = 1
    out[quarter : 3 * quarter, 5 * eighth : 7 * eighth] = 2
    return out


def rising(side: int) -> NDArray[np.float32]:
    """A probability from 0 at the left edge to 1 at the right one."""
    return np.tile(((np.arange(side) + 0.5) / side).astype(np.float32), (side, 1))


def imported(url: str, where: dict[str, Any], finding: str, rasters: dict[str, NDArray[np.float32]]) -> None:
    """Hands a study one raster per kind."""
    server, study = url.split("/studies/")
    entries = [
        {"file": f"{kind}.npy", "kind": kind, "name": kind, "finding": finding, **where}
        | ({"names": NAMES} if kind in ("labels", "outline") else {})
        for kind in rasters
    ]
    manifest = {"version": 1, "producer": {"name": "Acme", "version": "2.1"}, "layers": entries}
    files = [("files", ("manifest.json", json.dumps(manifest).encode()))]
    for kind, raster in rasters.items():
        octets = io.BytesIO()
        np.save(octets, raster.astype(np.float32))
        files.append(("files", (f"{kind}.npy", octets.getvalue())))
    answer = httpx2.post(f"{server}/api/v1/studies/{study}/layers", files=files, timeout=60)
    assert answer.status_code == 201, answer.text


def kinds(side: int, *shape: int) -> dict[str, NDArray[np.float32]]:
    """A raster of every kind, repeated over slices where there are some."""
    plain = {"labels": classes(side), "outline": classes(side), "probability": rising(side), "image": rising(side) * 4095}
    return {kind: np.broadcast_to(raster, (*shape, side, side)) for kind, raster in plain.items()}


@pytest.fixture(scope="module")
def film(small_server: Server) -> Case:
    """A phantom film with a layer of every kind."""
    case = analysed(small_server, "layer kinds")
    told = httpx2.get(f"{small_server.url}/api/v1/studies/{case.url.rsplit('/', 1)[1]}").json()
    where = {"image": {"sop_instance_uid": told["images"][0]["sop_instance_uid"]}}
    imported(case.url, where, case.data["finding"], kinds(SIDE))
    return case


@pytest.fixture(scope="module")
def exam(exam_server: Server) -> str:
    """A phantom exam with a layer of every kind on its sagittal stack."""
    files = dicom.encode(knee.draw(53, ("ACL discontinuity",), size=KNEE, slices=SLICES))
    url = sent(exam_server.url, files, read=True)
    told = httpx2.get(f"{exam_server.url}/api/v1/studies/{url.rsplit('/', 1)[1]}").json()
    uids = {image["id"]: image["sop_instance_uid"] for image in told["images"]}
    stack = next(stack for stack in told["stacks"] if stack["plane"] == "sagittal")
    where = {"stack": [{"sop_instance_uid": uids[image]} for image in stack["images"]]}
    finding = httpx2.get(f"{url}/case.json").json()["finding"]
    imported(url, where, finding, kinds(KNEE, len(stack["images"])))
    return url


def shot(page: Page, pane: str, side: int) -> tuple[Drawn, float]:
    """A pane's picture, float (rows, columns, 3), cut to its square image, and how large an image pixel is in it."""
    page.evaluate(
        "for (const e of document.querySelectorAll('.letter, .bar-told, .pane-words, .pane-window, .pane-place, .pane-lines,"
        " .pane-cross, .compare-words, .compare-divider')) e.style.visibility = 'hidden'"
    )
    painted(page)
    octets = page.locator(f"#pane-{pane} .pane-view").screenshot()
    pixels = np.asarray(Picture.open(io.BytesIO(octets)).convert("RGB")).astype(np.float64)
    rows, columns = pixels.shape[:2]
    least = min(rows, columns)
    top, left = (rows - least) // 2, (columns - least) // 2
    return pixels[top : top + least, left : left + least], least / side


def at(drawn: tuple[Drawn, float], x: float, y: float) -> Drawn:
    """The mean colour around a place, in shares of the image: panes may stand half a pixel apart."""
    pixels, _ = drawn
    row, column = int(y * len(pixels)), int(x * len(pixels))
    return np.asarray(pixels[row - 4 : row + 5, column - 4 : column + 5].mean(axis=(0, 1)))


def coarse(pixels: Drawn) -> Drawn:
    """Means of blocks of 8 x 8 screen pixels."""
    rows, columns = (length // 8 * 8 for length in pixels.shape[:2])
    return np.asarray(pixels[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8, 3).mean(axis=(1, 3)))


def check(page: Page, side: int, plain: str = "film") -> None:
    """Every kind is drawn as what it is; panes are those of a grid."""
    under = shot(page, plain, side)
    colours = class_colours(np.array([1, 2], np.int32)).astype(np.float64)
    labels = shot(page, "acme-labels", side)
    for number, x, y in ((0, 0.25, 0.5), (1, 0.8, 0.3)):  # away from edges: panes may stand half a pixel apart
        mixed = (1 - OPACITY) * at(under, x, y) + OPACITY * colours[number]
        assert np.abs(at(labels, x, y) - mixed).max() <= 3, f"class {number + 1} over the film"
    assert np.abs(at(labels, 0.5, 0.5) - at(under, 0.5, 0.5)).max() <= 2, "class 0 is nothing"

    outline = shot(page, "acme-outline", side)
    assert np.abs(at(outline, 0.25, 0.5) - at(under, 0.25, 0.5)).max() <= 2, "an outline leaves its inside alone"
    row = outline[0][len(outline[0]) // 2]
    for number, near in ((0, 0.125), (0, 0.375), (1, 0.625), (1, 0.875)):
        around = row[int((near - 0.02) * len(row)) : int((near + 0.02) * len(row))]
        assert np.abs(around - colours[number]).max(axis=1).min() <= 3, f"the line of class {number + 1} at {near}"

    probability = shot(page, "acme-probability", side)
    row = probability[0][len(probability[0]) // 2]
    white = np.flatnonzero((row > 252).all(axis=1)) / len(row)
    for line in (0.25, 0.5, 0.75):
        assert np.abs(white - line).min() <= 0.015, f"a line where the probability is {line}"
    viridis = table("viridis").astype(np.float64)
    for x in (0.4, 0.9):
        mixed = (1 - OPACITY) * at(under, x, 0.5) + OPACITY * viridis[round(x * 255)]
        assert np.abs(at(probability, x, 0.5) - mixed).max() <= 6, "a probability is never stretched"

    image = shot(page, "acme-image", side)[0]
    middle = image[len(image) // 2]
    assert np.ptp(middle, axis=1).max() <= 1, "a picture is grey"
    assert middle[int(0.9 * len(middle)), 0] - middle[int(0.1 * len(middle)), 0] > 60, "and its own"


def every(page: Page, film: Case) -> None:
    """The film, opened where there is room for all of its layers."""
    page.set_viewport_size({"width": 1900, "height": 1300})
    page.goto(film.url)
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(10)


def test_no_more_layers_open_by_themselves_than_can_be_seen(page: Page, film: Case) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(film.url)
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(8)
    heights = [box["height"] for view in page.locator(".pane-view").all() if (box := view.bounding_box())]
    assert min(heights) >= 128, "films were 59 px high"
    for kind in ("labels", "outline", "probability", "image"):
        expect(page.locator(".layers .chip", has_text=f"Acme: {kind}")).to_have_count(1)
    for name in page.locator(".finding-name").all():
        assert int(name.evaluate(LINES)) <= len(name.inner_text().split()), "a name is broken within a word"


def test_every_kind_over_a_film(page: Page, film: Case) -> None:
    every(page, film)
    expect(page.locator("#pane-acme-labels .class-name")).to_have_text(["ligament", "meniscus"])
    check(page, SIDE)


def test_a_layer_stands_alone_without_its_film(page: Page, film: Case) -> None:
    every(page, film)
    page.locator('[data-set="alone"][value="true"]').click()
    labels = shot(page, "acme-labels", SIDE)
    assert at(labels, 0.5, 0.5).max() == 0
    assert np.abs(at(labels, 0.25, 0.5) - class_colours(np.array(1, np.int32))).max() <= 2


def test_swipe_parts_the_film_from_a_layer(page: Page, film: Case) -> None:
    every(page, film)
    plain = shot(page, "film", SIDE)
    for kind in ("labels", "outline", "probability", "image"):
        parts(page, kind, plain)
        page.keyboard.press("Escape")
        expect(page.locator(".compare-words")).to_have_count(0)


def parts(page: Page, kind: str, plain: tuple[Drawn, float]) -> None:
    """The film's pane shows itself on the left, and a layer on the right."""
    mine = shot(page, f"acme-{kind}", SIDE)
    page.locator(f"#pane-acme-{kind}").focus()
    page.locator("#pane-film").focus()
    page.keyboard.press("s")
    expect(page.locator(".compare-words")).to_have_text(re.compile(rf"^Film \| Acme: {kind}$"))
    both = shot(page, "film", SIDE)
    half = len(both[0]) // 2
    height = min(len(both[0]), len(mine[0]))
    rows, left, right = slice(4, height - 4), slice(4, half - 4), slice(half + 4, height - 4)
    assert np.abs(coarse(both[0][rows, left]) - coarse(plain[0][rows, left])).mean() <= 1
    there = coarse(both[0][rows, right])
    apart, film_apart = (np.abs(there - coarse(one[0][rows, right])).mean() for one in (mine, plain))
    assert apart <= film_apart / 2


def test_every_kind_over_a_stack(open_page: Callable[..., Page], exam: str) -> None:
    page = open_page(viewport={"width": 1900, "height": 1300})
    page.goto(exam)
    full(page)
    page.keyboard.press(";")
    full(page, 10)
    page.keyboard.press("ArrowDown")
    check(page, KNEE)


def test_the_report_prints_every_kind(page: Page, film: Case) -> None:
    every(page, film)
    with page.context.expect_page() as opened:
        page.locator("#case-report").click()
    report = opened.value
    expect(report.locator(".plate img")).to_have_count(10)
    for kind in ("labels", "outline", "probability", "image"):
        expect(report.locator("figcaption", has_text=f"Acme: {kind}")).to_have_count(1)
    expect(report.locator(".plate", has_text="Acme: labels")).to_contain_text("ligament")
