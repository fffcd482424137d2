"""What films and exams have alike, on an exam: agreement, probe, measures, what if, filmstrip, swipe, links, the report."""

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from app.domain import Extent
from app.evaluation import agreement
from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.cases import painted, sent, until
from tests.browser.conftest import Server
from tests.browser.exams import at, full, pane, stands
from tests.browser.test_permalink import copied, restored

SLICES = 12
COUNTED = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")


@pytest.fixture(scope="module")
def exam(exam_server: Server) -> str:
    """A phantom exam, uploaded and analysed once for this module."""
    return sent(exam_server.url, dicom.encode(knee.draw(52, ("ACL discontinuity",), size=96, slices=SLICES)), read=True)


@pytest.fixture
def opened(page: Page, exam: str) -> Page:
    """The exam, every slice and map there."""
    page.goto(exam)
    full(page)
    expect(page.locator("#pane-3 .bar")).to_be_visible()
    return page


def fetched(exam: str, path: str) -> bytes:
    """What the exam's server answers."""
    address = path if path.startswith(exam) else exam.split("/studies", maxsplit=1)[0] + path
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
        return bytes(answer.read())


def told(exam: str) -> dict[str, Any]:
    """The payload as the server has it now."""
    return dict(json.loads(fetched(exam, f"{exam}/case.json")))


def values(exam: str, entry: dict[str, Any]) -> NDArray[np.float32]:
    """A layer's raw values, (slices, height, width)."""
    raw = np.frombuffer(fetched(exam, entry["values_url"]), "<f4")
    return raw.reshape(entry["slices"], entry["height"], entry["width"])


def layers(exam: str, plane: str) -> dict[str, dict[str, Any]]:
    """A plane's layers by their method."""
    data = told(exam)
    return {entry["method"]: entry for entry in data["explanations"] if entry["stack"] == data["planes"][plane]}


def test_agreement_is_that_of_the_whole_stack(opened: Page, exam: str) -> None:
    expect(opened.locator("#apart")).to_have_text(re.compile(r"^[01]\.\d\d$"), timeout=20_000)
    for number, plane in ((1, "sagittal"), (3, "axial")):
        pane(opened, number).locator(".pane-view").click()
        maps = {
            name: agreement.Heat(values(exam, e), Extent.of([*e["extent"], *e["reach"]]))
            for name, e in layers(exam, plane).items()
        }
        expected = agreement.compared({name: maps[name] for name in COUNTED}, (96, 96)).disagreement
        assert expected is not None

        def shown() -> float:
            return float(opened.locator("#apart").get_attribute("data-value") or "nan")

        until(opened, lambda wanted=expected: abs(shown() - wanted) < 2e-3, f"{plane}: {expected}")  # type: ignore[misc]


def test_the_probe_reads_the_slice_and_its_maps(opened: Page, exam: str) -> None:
    data = told(exam)
    pane(opened, 2).locator(".pane-view").click()
    opened.keyboard.press("p")
    opened.keyboard.press("Shift+ArrowLeft")
    x, y = (int(text) for text in re.findall(r"\d+", opened.locator("#probe [data-probe=point]").inner_text()))
    assert abs(x - 38) <= 1  # ten to the left of the middle, where the pointer is
    run = next(stack for stack in data["stacks"] if stack["id"] == data["planes"]["coronal"])
    image = run["images"][stands(opened, 2) - 1]
    pixels = np.frombuffer(fetched(exam, image["pixels_url"]), "<u2").reshape(96, 96)
    grey = opened.locator("#probe [data-probe=grey]").get_attribute("data-value")
    assert float(grey or "nan") == float(pixels[y, x]) * image["slope"] + image["intercept"]
    entry = layers(exam, "coronal")["cam"]
    left, top, right, bottom = entry["extent"]
    row = min(int((y + 0.5 - top) * entry["height"] / (bottom - top)), entry["height"] - 1)
    column = min(int((x + 0.5 - left) * entry["width"] / (right - left)), entry["width"] - 1)
    cell = opened.locator('#probe [data-method="cam"]').get_attribute("data-value")
    assert float(cell or "nan") == pytest.approx(float(values(exam, entry)[image["at"], row, column]), rel=1e-5)
    expect(pane(opened, 2).locator(".pane-cross:not([hidden])")).to_have_count(1)
    expect(pane(opened, 1).locator(".pane-cross:not([hidden])")).to_have_count(0)  # another image, another point


def test_a_measure_lies_on_its_slice(opened: Page, exam: str) -> None:
    pane(opened, 1).locator(".pane-view").click()
    place = stands(opened, 1)
    opened.locator('[data-measure-tool="length"]').click()
    opened.mouse.move(*at(opened, 1, 0.4, 0.5))
    opened.mouse.down()
    opened.mouse.move(*at(opened, 1, 0.6, 0.5), steps=3)
    opened.mouse.up()
    opened.keyboard.press("Escape")
    expect(opened.locator(".measure-name")).to_have_text(re.compile(r"^1 .*\d+(\.\d+)? mm$"))
    expect(opened.locator("#measure-state")).to_have_text(re.compile("^saved"))
    opened.keyboard.press("ArrowDown")
    expect(opened.locator(".measure-name")).to_have_count(0)
    expect(pane(opened, 1).locator(".measure")).to_have_count(0)
    opened.keyboard.press("ArrowUp")
    expect(pane(opened, 1).locator(".measure")).to_have_count(1)
    opened.reload()
    full(opened)
    assert stands(opened, 1) == place
    expect(pane(opened, 1).locator(".measure")).to_have_count(1)
    opened.locator(".measure-remove").click()
    expect(pane(opened, 1).locator(".measure")).to_have_count(0)


def test_what_if_edits_slices_and_the_exam_is_read_again(opened: Page) -> None:
    bodies: list[dict[str, Any]] = []
    opened.on("request", lambda r: bodies.append(json.loads(r.post_data or "{}")) if r.url.endswith("/what-if") else None)
    opened.locator('.chip[data-layer="film"]').click()
    opened.keyboard.press("w")
    expect(opened.locator("#whatif")).to_be_visible()
    opened.locator("#whatif-around").fill("1")
    opened.locator("[data-paint=rectangle]").click()
    before = pane(opened, 1).locator(".pane-view").screenshot()
    opened.mouse.move(*at(opened, 1, 0.4, 0.35))
    opened.mouse.down()
    opened.mouse.move(*at(opened, 1, 0.6, 0.65), steps=3)
    opened.mouse.up()
    expect(opened.locator("#whatif-state")).to_have_text(re.compile(r"Answered in \d+\.\d\d s\."), timeout=40_000)
    (body,) = bodies
    place = stands(opened, 1)
    assert len(body["edits"][0]["areas"][0]["images"]) == len({place - 1, place, place + 1} & set(range(1, SLICES + 1)))
    assert opened.locator(".change").count() == opened.locator(".finding").count()
    expect(pane(opened, 1)).to_have_attribute("data-edited", re.compile("."))
    expect(pane(opened, 1).locator(".pane-title")).to_have_text(re.compile("edited"))
    painted(opened)
    assert pane(opened, 1).locator(".pane-view").screenshot() != before
    opened.keyboard.press("Control+z")
    expect(pane(opened, 1)).to_have_attribute("data-edited", "")


def test_the_filmstrip_shows_the_stages_of_the_shown_slice(opened: Page, exam: str) -> None:
    opened.keyboard.press("f")
    expect(opened.locator(".stage-card").nth(2)).to_be_visible(timeout=40_000)
    place = stands(opened, 1)
    entry = layers(exam, "sagittal")["lrp"]
    film = opened.locator(".stage-card").last
    total = float(film.locator(".stage-sum").inner_text().removeprefix("Σ ").replace("−", "-"))
    assert total == pytest.approx(float(values(exam, entry)[place - 1].sum()), rel=2e-2, abs=1e-4)
    opened.locator(".stage-card button:not([aria-disabled])").first.click()
    expect(opened.locator(".pane[data-large] .pane-title")).to_have_text(re.compile("LRP|Sagittal"))
    opened.keyboard.press("Escape")
    expect(opened.locator(".pane[data-large]")).to_have_count(0)


def test_swipe_parts_a_planes_map_from_the_plain_slice(opened: Page) -> None:
    opened.keyboard.press("s")
    expect(opened.locator(".compare-words")).to_have_text(re.compile(r"CAM · Sagittal.* \| Film"))
    opened.keyboard.press("s")
    expect(opened.locator(".compare-words")).to_have_count(0)


def test_a_link_brings_planes_slices_and_windows_back(opened: Page, open_page: Callable[..., Page]) -> None:
    pane(opened, 2).focus()
    opened.keyboard.press("Home")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("h")
    opened.locator('.chip[data-layer="map:lrp"]').click()
    opened.mouse.move(*at(opened, 2, 0.5, 0.5))
    opened.mouse.down()
    opened.mouse.move(*at(opened, 2, 0.6, 0.55), steps=4)
    opened.mouse.up()

    def view(page: Page) -> list[Any]:
        texts = [page.locator(selector).all_inner_texts() for selector in (".pane-place", ".pane-window", ".letter")]
        return [*texts, [one.get_attribute("data-layer") for one in page.locator(".pane").all()]]

    seen = view(opened)
    link = copied(opened)
    other = open_page()
    other.goto(link)
    full(other)
    restored(other)
    until(other, lambda: view(other) == seen, "the view did not come back")
    opened.keyboard.press(";")
    full(opened, 6)
    grid = view(opened)
    other.goto("about:blank")
    other.goto(copied(opened))
    restored(other)
    until(other, lambda: view(other) == grid, "the grid did not come back")


def test_the_report_and_its_pdf_show_the_planes(opened: Page, exam: str) -> None:
    address = opened.locator("#case-report")
    address.focus()
    opened.keyboard.down("Shift")
    opened.keyboard.up("Shift")
    href = str(address.evaluate("(link) => link.href"))
    html = fetched(exam, href).decode()
    for plane in ("Sagittal", "Coronal", "Axial"):
        assert plane in html
    assert "Research use only" in html
    pdf = fetched(exam, href.replace("/report?", "/report.pdf?"))
    assert pdf[:5] == b"%PDF-"
    assert len(pdf) > 10_000
