"""The name that verdicts are kept under: chosen in the header by mouse or keyboard, and never in the way."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.cases import Case, painted
from tests.browser.conftest import Server
from tests.browser.test_accessibility import faults

LONG = "Wolfeschlegelsteinhausenbergerdorff Dr. med. dent. et phil. 판독"
SIZES = ((360, 740), (820, 1180), (1440, 900))


def box(page: Page, selector: str) -> FloatRect:
    """Where an element lies."""
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def test_by_keyboard_alone(page: Page, small_server: Server) -> None:
    page.goto(f"{small_server.url}/upload")
    summary = page.locator(".reader-name > summary")
    expect(summary).to_have_text("Reader")
    for _ in range(20):
        page.keyboard.press("Tab")
        if summary.evaluate("(element) => element === document.activeElement"):
            break
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    field = page.get_by_label("Your name, for your verdicts")
    expect(field).to_be_focused()
    page.keyboard.type("Dr. Kim")
    page.keyboard.press("Enter")
    expect(summary).to_have_text("Dr. Kim")
    assert page.url == f"{small_server.url}/upload"
    summary.press("Enter")
    expect(field).to_have_value("Dr. Kim")
    field.fill("")
    page.get_by_role("button", name="Keep").click()
    expect(summary).to_have_text("Reader")


@pytest.mark.parametrize("locale", ["en-GB", "ko-KR"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_lies_over_the_page_on_any_screen(open_page: Callable[..., Page], stored: Case, theme: str, locale: str) -> None:
    server = stored.url.split("/studies")[0]
    page = open_page(locale=locale)
    cookies: list[Any] = [{"name": "whylight-theme", "value": theme, "url": server}]
    page.context.add_cookies(cookies)
    for address in (server, stored.url):
        page.goto(address)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            painted(page)
            header, main = box(page, ".page-header"), box(page, "main")
            page.locator(".reader-name > summary").click()
            form = box(page, ".reader-form")
            assert (box(page, ".page-header"), box(page, "main")) == (header, main), "nothing moves"
            assert form["x"] >= 0
            assert form["x"] + form["width"] <= width
            assert form["y"] >= header["y"]
            assert form["y"] + form["height"] <= height
            button = page.locator(".reader-form button")
            seen = "(element) => { const { x, y, width, height } = element.getBoundingClientRect(); "
            seen += "return element.contains(document.elementFromPoint(x + width / 2, y + height / 2)); }"
            assert button.evaluate(seen), "nothing lies over it"
            page.locator(".reader-name > summary").click()
        page.locator(".reader-name > summary").click()
        assert faults(page, ".page-header") == []


def test_a_long_name_is_cut_and_not_the_header(page: Page, small_server: Server) -> None:
    page.goto(small_server.url)
    header = box(page, ".page-header")
    page.locator(".reader-name > summary").click()
    page.get_by_label("Your name, for your verdicts").fill(LONG)
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".reader-name > summary")).to_have_text(LONG)
    assert box(page, ".page-header") == header
    assert box(page, ".reader-name > summary")["width"] < 250
