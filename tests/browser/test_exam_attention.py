"""An exam's network with attention, in a real browser: how much slices weigh in the strip, α on slices; also in Korean."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.cases import ANALYSED_MS, sent
from tests.browser.conftest import StartServer
from tests.browser.exams import full, pane, stands
from tests.exams import write_exam_network

SLICES = 12


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> str:
    """A phantom exam that such a network has read."""
    folder = tmp_path_factory.mktemp("weighing")
    write_exam_network(folder, architecture="stack-attending", opens_with=["gate_fine", "cam"])
    server = start_server(models=str(folder))
    return sent(server.url, dicom.encode(knee.draw(47, ("meniscal tear",), size=96, slices=SLICES)), read=True)


def test_the_strip_says_how_much_a_slice_weighs_and_alpha_lies_on_slices(page: Page, exam: str) -> None:
    page.goto(exam)
    full(page)
    strip = pane(page, 1).locator(".strip")
    first = stands(page, 1)
    told = re.compile(rf"^{first} / {SLICES}, weight \d+(\.\d)? %, slice score [+−]\d")
    expect(strip).to_have_attribute("aria-valuetext", told)
    expect(pane(page, 1).locator(".strip-share")).to_have_text(re.compile(r"^weight \d+(\.\d)? %$"))
    drawn = strip.locator(".strip-weight").get_attribute("d") or ""
    assert drawn.count("M") == SLICES, "a bar per slice"
    strip.focus()
    page.keyboard.press("End" if first < SLICES else "Home")
    expect(strip).not_to_have_attribute("aria-valuetext", told)

    page.keyboard.press(";")
    full(page, 3)
    gate = page.locator("#pane-gate_fine")
    expect(gate.locator(".bar-above")).to_have_text("attended", timeout=ANALYSED_MS)
    expect(gate.locator(".strip-mass")).to_have_text("")
    expect(page.locator("#pane-cam .strip-mass")).to_have_text(re.compile("of the relevance"))

    page.get_by_role("button", name="한국어").click()
    full(page, 3)
    expect(pane(page, 1).locator(".strip")).to_have_attribute("aria-valuetext", re.compile(r"가중치 \d+(\.\d)? %, 단면 점수"))
