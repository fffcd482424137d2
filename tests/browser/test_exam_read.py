"""An exam that a network has read: where its planes open, strips and maps, verdicts and regions on stacks, corrections."""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.cases import ANALYSED_MS, sent, until
from tests.browser.conftest import Server
from tests.browser.exams import BANNER, PLANES, at, full, pane, stands
from tests.browser.test_accessibility import faults

SLICES = 12


@pytest.fixture(scope="module")
def exam(exam_server: Server) -> str:
    """A phantom exam, uploaded and analysed once for this module."""
    return sent(exam_server.url, dicom.encode(knee.draw(47, ("meniscal tear",), size=96, slices=SLICES)), read=True)


@pytest.fixture
def opened(page: Page, exam: str) -> Page:
    """The exam, every slice and map there."""
    page.goto(exam)
    full(page)
    expect(page.locator("#pane-3 .bar")).to_be_visible()
    return page


def told(exam: str) -> dict[str, Any]:
    """The payload as the server has it now."""
    with urllib.request.urlopen(f"{exam}/case.json") as answer:  # noqa: S310 - our own server
        return dict(json.loads(answer.read()))


def test_planes_open_at_the_slice_with_the_largest_score(opened: Page, exam: str) -> None:
    data = told(exam)
    scores = {plane["plane"]: plane["slice_scores"][data["finding"]] for plane in data["prediction"]["parts"]}
    assert [stands(opened, n) - 1 for n in (1, 2, 3)] == [int(np.argmax(scores[plane])) for plane in PLANES]
    first = stands(opened, 1)
    pane(opened, 1).focus()
    opened.keyboard.press("End" if first < SLICES else "Home")
    assert stands(opened, 1) != first
    opened.keyboard.press("j")
    assert stands(opened, 1) == first
    strip = pane(opened, 1).locator(".strip")
    expect(strip).to_have_attribute("aria-valuetext", re.compile(rf"{first} / {SLICES}, slice score [+−]\d"))
    expect(opened.locator(".case-caution")).to_have_text(BANNER)


def test_the_side_tells_each_planes_share(opened: Page, exam: str) -> None:
    data = told(exam)
    rows = opened.locator(".shares tbody tr")
    expect(rows).to_have_count(3)
    for row, plane in zip(rows.all(), data["prediction"]["parts"], strict=True):
        adds = plane["contributions"][data["finding"]]
        expect(row.locator("td").last).to_have_text(f"{adds:+.2f}".replace("-", "−"))


def test_a_map_is_drawn_with_one_range_for_its_stack(opened: Page, exam: str) -> None:
    data = told(exam)
    opened.keyboard.press(";")
    full(opened, 6)
    bar = pane(opened, 2).locator(".bar-range")
    before = bar.inner_text()
    entry = next(e for e in data["explanations"] if e["method"] == "cam" and e["stack"] == data["planes"]["sagittal"])
    server = exam.split("/studies", maxsplit=1)[0]
    with urllib.request.urlopen(server + entry["values_url"]) as answer:  # noqa: S310 - our own server
        values = np.frombuffer(answer.read(), "<f4").reshape(entry["slices"], entry["height"], entry["width"])
    assert (float(values.min()), float(values.max())) == pytest.approx((entry["min"], entry["max"]))
    assert np.maximum(values, 0).sum((1, 2)) == pytest.approx(entry["mass"], rel=1e-5)
    pane(opened, 2).focus()
    opened.keyboard.press("ArrowDown")
    assert bar.inner_text() == before
    told_most = opened.evaluate(
        """async ([entry, url]) => {
            const { StackMaps } = await import("/static/js/stacks/maps.js");
            const values = new Float32Array(await (await fetch(url)).arrayBuffer());
            const maps = new StackMaps(entry, values);
            return { most: Array.from(maps.most().values), third: Array.from(maps.slice(3).values), range: maps.range };
        }""",
        [entry, entry["values_url"]],
    )
    assert np.array(told_most["most"]) == pytest.approx(values.max(0).ravel(), rel=1e-6)
    assert np.array(told_most["third"]) == pytest.approx(values[3].ravel(), rel=1e-6)
    strongest = max(float(np.percentile(np.abs(each), 99.5)) for each in values)
    assert told_most["range"]["strength"] == pytest.approx(strongest, rel=1e-4)
    opened.keyboard.press("u")
    expect(opened.locator("#most-words")).to_be_visible()
    expect(opened.locator("#most-words")).to_contain_text("largest value over all slices")


def drawn(page: Page, number: int, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A rectangle drawn into a pane."""
    page.locator('[data-tool="rectangle"]').click()
    page.mouse.move(*at(page, number, *start))
    page.mouse.down()
    page.mouse.move(*at(page, number, *end), steps=4)
    page.mouse.up()


def test_a_verdict_with_a_region_on_two_slices_is_stored_and_measured(opened: Page, exam: str) -> None:
    opened.keyboard.press(";")
    full(opened, 6)
    pane(opened, 2).focus()
    opened.keyboard.press("Home")
    opened.keyboard.press("Shift+2")
    opened.keyboard.press("4")
    expect(opened.locator("#save-state")).to_have_text(re.compile("saved"))
    expect(opened.locator("#judge-title")).to_contain_text("CAM · Sagittal")
    drawn(opened, 2, (0.35, 0.35), (0.55, 0.6))
    opened.keyboard.press("Escape")
    opened.mouse.move(*at(opened, 2, 0.5, 0.5))
    opened.mouse.wheel(0, 120)
    expect(opened.locator("#region-words")).to_contain_text("nothing on this slice")
    drawn(opened, 2, (0.45, 0.3), (0.65, 0.7))
    expect(opened.locator("#region-words")).to_contain_text("Drawn on slice 1, 2")
    expect(opened.locator("#figures")).to_have_attribute("data-told", "")
    expect(opened.locator("#save-state")).not_to_contain_text("saving")
    expect(opened.locator("#save-state")).to_have_text(re.compile("saved"))
    (review,) = told(exam)["reviews"]
    data = told(exam)
    images = next(stack["images"] for stack in data["stacks"] if stack["id"] == review["stack"])
    assert (review["method"], review["verdict"], review["reason"]) == ("cam", "partly", "outside the joint")
    assert review["stack"] == data["planes"]["sagittal"]
    assert set(review["regions"]) == {images[0]["id"], images[1]["id"]}
    for method, found in review["measures"].items():
        cells = opened.locator(f'#figures tr[data-method="{method}"] td')
        shown = [cell.get_attribute("data-value") for cell in cells.all()]
        for text, name in zip(shown, ("pointing", "iou", "outside_inside", "mass"), strict=True):
            expected = float(found[name]) if found[name] is not None else None
            value = float(text) if text else None  # "Infinity" is a number to float as well
            assert value == (expected if expected is None else pytest.approx(expected, rel=1e-3, abs=1e-6)), (method, name)
    opened.reload()
    full(opened, 6)  # the panes stay
    opened.keyboard.press(";")
    full(opened)
    expect(pane(opened, 1).locator(".verdict-partly")).to_have_attribute("aria-pressed", "true")
    expect(opened.locator('[data-flags="' + data["finding"] + '"]')).to_have_text("⚑ 1")
    pane(opened, 1).focus()
    opened.keyboard.press("Home")
    expect(pane(opened, 1).locator(".pane-marks .region")).to_have_count(1)
    expect(pane(opened, 2).locator(".pane-marks .region")).to_have_count(0)


def test_a_verdict_given_offline_is_kept_and_sent(opened: Page, exam: str, browser_watch: Any) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|Failed to fetch")
    opened.context.set_offline(True)
    pane(opened, 3).focus()
    opened.keyboard.press("Shift+3")
    opened.keyboard.press("Escape")
    expect(opened.locator("#save-state")).to_contain_text("kept in this browser")
    opened.context.set_offline(False)
    expect(opened.locator("#save-state")).to_have_text(re.compile("saved"), timeout=40_000)
    axial = told(exam)["planes"]["axial"]
    assert [review["verdict"] for review in told(exam)["reviews"] if review["stack"] == axial] == ["wrong"]
    opened.keyboard.press("Control+z")
    until(opened, lambda: not any(review["stack"] == axial for review in told(exam)["reviews"]), "it was not taken back")


def test_another_finding_is_asked_for_and_comes(opened: Page, exam: str) -> None:
    data = told(exam)
    other = next(score["finding"] for score in data["prediction"]["scores"] if score["finding"] != data["finding"])
    opened.locator(f'input[name="finding"][value="{other}"]').check(force=True)
    expect(opened.locator("#pane-3 .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    expect(opened).to_have_url(re.compile("finding="))
    expect(opened.locator(".shares caption")).to_contain_text(other)
    opens = {plane["plane"]: plane["opens"][other] for plane in data["prediction"]["parts"]}
    assert [stands(opened, n) - 1 for n in (1, 2, 3)] == [opens[plane] for plane in PLANES]


def test_no_serious_fault_with_maps(opened: Page) -> None:
    assert faults(opened) == []


def test_a_stack_is_corrected_and_the_exam_read_again(page: Page, exam_server: Server) -> None:
    url = sent(exam_server.url, dicom.encode(knee.draw(48, (), size=64, slices=20)))
    page.goto(url)
    entry = page.locator(".stack-entry").nth(2)
    entry.locator("summary").click()
    entry.locator('select[name="used"]').select_option("no")
    entry.get_by_role("button", name="Store").click()
    page.wait_for_url(url)
    expect(page.locator(".stack-entry").nth(2).locator("summary")).to_contain_text("corrected")
    expect(page.locator(".shares")).to_contain_text("missing", timeout=ANALYSED_MS)


@pytest.mark.parametrize("width", [1024, 1920])
def test_the_banner_and_the_research_line_stay(open_page: Any, exam: str, width: int, tmp_path: Path) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    page.goto(exam)
    full(page)
    for selector in (".research-strip", ".case-caution", ".banner-name", "#pane-1 .pane-place", "#pane-1 .strip"):
        expect(page.locator(selector).first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
