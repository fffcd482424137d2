"""Films and stacks beside one another: a lateral beside its frontal film, a prior study beside the one that is read, together
or on their own, and back again."""

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.cases import PATIENCE_S, became, sent
from tests.browser.conftest import Server
from tests.browser.exams import pane, stands
from tests.web import films

NOW, BEFORE = "1.2.840.99999.9810", "1.2.840.99999.9811"
WHO = {"PatientID": "BESIDE", "PatientName": "BESIDE^ONE ANOTHER"}


def pair(study: str, number: int, **elements: Any) -> list[tuple[str, bytes]]:
    """A frontal film and a lateral one, a series each."""
    same: dict[str, Any] = {"StudyInstanceUID": study, **WHO, **elements}
    frontal = films.dicom(number, size=64, SeriesInstanceUID=f"{study}.1", SeriesDescription="Chest PA", **same)
    lateral = films.dicom(
        number + 1, size=64, SeriesInstanceUID=f"{study}.2", SeriesDescription="Chest LAT", ViewPosition="LL", **same
    )
    return [("pa.dcm", frontal), ("lat.dcm", lateral)]


@pytest.fixture(scope="module")
def study(small_server: Server) -> str:
    """A study of two films, read, and one of the year before, whose grey values lie elsewhere."""
    before = sent(small_server.url, pair(BEFORE, 9820, StudyDate="20240301", WindowCenter=1000, WindowWidth=2000), read=True)
    line = {"image": httpx2.get(f"{before}/case.json").json()["image"], "kind": "length", "points": [[10, 10], [40, 40]]}
    address = f"{small_server.url}/api/v1/studies/{before.rsplit('/', 1)[1]}/measures/abcdefghijkl"
    assert httpx2.put(address, json=line).is_success
    return sent(small_server.url, pair(NOW, 9810, StudyDate="20260105"), read=True)


def title(one: Locator) -> str:
    """What a pane is called."""
    return one.locator(".pane-title").inner_text()


def windowed(page: Page) -> list[str]:
    """The windows of the panes, in words."""
    return [words.replace("\xa0", " ") for words in page.locator(".film-window").all_inner_texts()]


def test_a_lateral_stands_beside_its_frontal_film_with_a_window_of_its_own(page: Page, study: str) -> None:
    page.goto(study)
    lateral = pane(page, 2)
    expect(lateral.locator(".pane-title")).to_contain_text("Chest LAT")
    expect(page.locator(".pane[data-active]")).to_have_attribute("data-method", "cam")
    expect(lateral.locator(".verdicts")).to_be_hidden()
    lateral.locator(".pane-view").click()
    page.keyboard.press("i")
    page.keyboard.press("h")
    became(page, "() => document.querySelector('#invert').getAttribute('aria-pressed') === 'true'")
    pane(page, 1).locator(".pane-view").click()
    expect(page.locator("#invert")).to_have_attribute("aria-pressed", "false")
    lateral.locator(".pane-close").click()
    expect(page.locator(".pane")).to_have_count(6)
    # By keyboard: the list in the head of the pane that is in hand.
    page.locator("#pane-lrp").focus()
    page.locator("#pane-lrp .pane-series").select_option(label="2 · Chest LAT · LL")
    expect(page.locator('.pane[data-own="image"]')).to_have_count(1)
    page.evaluate("document.querySelector('#copy-link').click()")
    expect(page.locator("#link-state")).to_have_text("Link copied.")
    address = page.evaluate("document.querySelector('#link-field').value")
    shown = title(page.locator('.pane[data-own="image"]'))
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator('.pane[data-own="image"] .pane-title')).to_have_text(shown)
    expect(page.locator(".pane")).to_have_count(6)


def test_a_picture_is_dragged_onto_a_pane(page: Page, study: str) -> None:
    page.goto(study)
    pane(page, 2).locator(".pane-close").click()
    page.locator("#study-images .thumb").nth(1).drag_to(page.locator("#pane-cam .pane-view"))
    expect(page.locator('.pane[data-own="image"] .pane-title')).to_contain_text("Chest LAT")


def test_the_study_before_stands_beside_is_marked_and_goes_together(page: Page, study: str) -> None:
    page.goto(study)
    expect(pane(page, 2).locator(".pane-title")).to_contain_text("Chest LAT")
    page.keyboard.press("Shift+B")
    before = page.locator('.pane[data-own="visit"]')
    told = "Prior 2024-03-01 · 22 months before · 1 · Chest PA · PA"
    expect(before.locator(".pane-title")).to_have_text(told, timeout=1000 * PATIENCE_S)
    expect(page.locator(".pane")).to_have_count(3)
    # Taken from the same side it goes together with what is read; the lateral does not. What was measured there is seen.
    expect(before.locator(".pane-join")).to_have_attribute("aria-pressed", "true")
    expect(pane(page, 2).locator(".pane-join")).to_have_attribute("aria-pressed", "false")
    expect(before.locator(".pane-measures .measure")).to_have_count(1)
    expect(before.locator(".measure-end, .measure-grip")).to_have_count(0)
    page.reload()
    expect(before.locator(".pane-title")).to_have_text(told, timeout=1000 * PATIENCE_S)
    expect(page.locator(".pane")).to_have_count(3)
    became(page, "() => document.querySelectorAll('.film-window')[2].textContent.includes('1000')")
    # The half of the range here is the half of the range there, though the values are others.
    box = page.locator("#pane-film .pane-view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 80, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 80)
    page.mouse.up()
    ratio = """() => {
        const of = (at) => Number(document.querySelectorAll('.film-window')[at].textContent.match(/W\\s*([\\d.]+)/)[1]);
        return of(0) > 4096 && Math.abs(of(0) / of(2) - 2.048) < 0.01 && of(1) === 4096;
    }"""
    became(page, ratio)
    before.locator(".pane-join").click()
    expect(before.locator(".pane-join")).to_have_attribute("aria-pressed", "false")
    apart = windowed(page)
    page.locator("#pane-film").press("Space")
    became(page, "(told) => document.querySelectorAll('.film-window')[0].textContent !== told", apart[0])
    assert windowed(page)[2] == apart[2]
    # Nothing of another study is judged or drawn on.
    before.locator(".pane-view").click()
    page.keyboard.press("Shift+1")
    expect(page.locator("#said")).to_contain_text("Choose")
    before.locator(".pane-close").click()
    expect(page.locator(".pane")).to_have_count(7)


def test_an_exam_and_the_one_before_scroll_together(page: Page, small_server: Server) -> None:
    def files(seed: int, slices: int, date: str) -> list[tuple[str, bytes]]:
        phantom = knee.draw(seed, size=64, slices=slices)
        header = dicom.Header(number=9830, date=date)
        return [(f"{seed}-{name}", octets) for name, octets in dicom.encode(phantom, header)]

    sent(small_server.url, files(41, 12, "20230110"))
    page.goto(sent(small_server.url, files(42, 16, "20260105")))
    page.locator("[data-beside]").click()
    expect(page.locator('.pane[data-own="visit"]')).to_have_count(3, timeout=1000 * PATIENCE_S)
    expect(pane(page, 4).locator(".pane-title")).to_contain_text("3.0 years before")
    here, there = stands(page, 1), stands(page, 4)
    pane(page, 1).focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    assert stands(page, 1) == here + 4
    moved = stands(page, 4)
    assert there < moved < there + 4, "fewer slices lie farther apart"
    pane(page, 4).locator(".pane-join").click()
    pane(page, 1).focus()
    page.keyboard.press("Home")
    assert (stands(page, 1), stands(page, 4)) == (1, moved)
    pane(page, 4).locator(".pane-close").click()
    expect(page.locator(".pane")).to_have_count(3)
