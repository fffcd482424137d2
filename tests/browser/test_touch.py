"""Fingers on the panes, as a tablet sends them: one scrolls the page until a tool is taken up, two zoom and move."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.cases import Case, became, painted, ready
from tests.browser.conftest import Watch

Points = list[tuple[float, float]]


@pytest.fixture
def tablet(open_page: Callable[..., Page], stored: Case) -> Page:
    """The case on a device with a touch screen."""
    page = open_page(has_touch=True)
    page.goto(stored.url)
    ready(page)
    expect(page.locator("#pane-film .film-window")).not_to_be_empty()
    return page


def fingers(page: Page, frames: list[Points]) -> None:
    """Lay fingers on a pane, move them from frame to frame (shares of the pane), and lift them."""
    box = page.locator("#pane-film .pane-view").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    for number, frame in enumerate(frames):
        places = [
            {"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] * y, "id": n} for n, (x, y) in enumerate(frame)
        ]
        touch(session, "touchMove" if number else "touchStart", places)
    touch(session, "touchEnd", [])
    painted(page)


def touch(session: CDPSession, kind: str, places: list[dict[str, Any]]) -> None:
    """One event of the touch screen."""
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def facts(page: Page) -> tuple[str, float]:
    """Window and scale as the film's pane says them."""
    return page.locator("#pane-film .film-window").inner_text(), float(
        page.locator("#pane-film .film-scale").inner_text().strip("% ")
    )


def test_two_fingers_apart_zoom_about_their_middle(tablet: Page) -> None:
    window, scale = facts(tablet)
    fingers(tablet, [[(0.4, 0.5), (0.6, 0.5)], [(0.3, 0.5), (0.7, 0.5)], [(0.2, 0.5), (0.8, 0.5)]])
    after, larger = facts(tablet)
    assert after == window
    assert larger == pytest.approx(3 * scale, rel=0.03)
    fingers(tablet, [[(0.2, 0.5), (0.8, 0.5)], [(0.4, 0.5), (0.6, 0.5)]])
    assert facts(tablet)[1] == pytest.approx(scale, rel=0.03)


def test_two_fingers_together_move_the_film_and_keep_its_size(tablet: Page) -> None:
    before = facts(tablet)
    shot = tablet.locator("#pane-film .pane-view").screenshot()
    fingers(tablet, [[(0.4, 0.4), (0.6, 0.4)], [(0.5, 0.5), (0.7, 0.5)], [(0.6, 0.6), (0.8, 0.6)]])
    assert facts(tablet) == before
    assert tablet.locator("#pane-film .pane-view").screenshot() != shot


def upright(open_page: Callable[..., Page], stored: Case) -> Page:
    """The case on a tablet that is held upright, where the page scrolls."""
    page = open_page(viewport={"width": 820, "height": 1180}, has_touch=True)
    page.goto(stored.url)
    ready(page)
    expect(page.locator("#pane-film .film-window")).not_to_be_empty()
    page.locator("#grid").scroll_into_view_if_needed()
    return page


def test_one_finger_scrolls_until_a_tool_is_taken_up_and_after_it_is_put_away(
    open_page: Callable[..., Page], stored: Case
) -> None:
    page = upright(open_page, stored)
    up = [[(0.4, 0.9)], [(0.4, 0.6)], [(0.4, 0.3)], [(0.4, 0.05)]]
    window, scale = facts(page)
    at = page.evaluate("scrollY")
    fingers(page, up)
    became(page, "(at) => scrollY > at", at)
    assert facts(page) == (window, scale)

    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    painted(page)
    page.locator("#pane-lrp .verdict").first.scroll_into_view_if_needed()
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGBA")
    assert seen.getchannel("A").getextrema() == (255, 255), "a part of the page was not drawn"

    tool = page.get_by_role("toolbar", name="What one finger does on a film")
    tool.get_by_role("button", name="Window").tap()
    expect(tool.get_by_role("button", name="Window")).to_have_attribute("aria-pressed", "true")
    page.locator("#pane-film .pane-view").scroll_into_view_if_needed()
    at = page.evaluate("scrollY")
    # As far as fingers go, in every direction: the film is never all white or all black.
    for end in ((0.4, 0.02), (0.4, 0.98), (0.98, 0.5), (0.02, 0.5)):
        for _ in range(3):
            fingers(page, [[(0.4, 0.5)], [((0.4 + end[0]) / 2, (0.5 + end[1]) / 2)], [end]])
        grey = Image.open(io.BytesIO(page.locator("#pane-film .pane-view").screenshot())).convert("L").resize((64, 64))
        levels = np.asarray(grey)
        assert (levels < 250).mean() > 0.2
        assert (levels > 5).mean() > 0.2
    assert facts(page)[0] != window
    assert page.evaluate("scrollY") == at

    tool.get_by_role("button", name="Move").tap()
    before = facts(page)
    fingers(page, up)
    assert facts(page) == before
    assert page.evaluate("scrollY") == at
    tool.get_by_role("button", name="Scroll").tap()
    expect(tool.get_by_role("button", name="Move")).to_have_attribute("aria-pressed", "false")
    fingers(page, up[::-1])
    became(page, "(at) => scrollY < at", at)


def test_reasons_open_at_the_pane_that_was_judged_in_sight(
    open_page: Callable[..., Page], stored: Case, browser_watch: Watch
) -> None:
    browser_watch.allow("ERR_FAILED")
    page = upright(open_page, stored)
    page.route("**/reviews", lambda route: route.abort())
    pane = page.locator("#pane-lrp")
    pane.locator(".verdict-wrong").tap()
    reasons = page.locator("#reason-keys")
    expect(reasons).to_be_visible()
    box, own = reasons.bounding_box(), pane.bounding_box()
    assert box is not None
    assert own is not None
    assert 0 <= box["y"] < box["y"] + box["height"] <= 1180
    assert own["y"] <= box["y"] < box["y"] + box["height"] <= own["y"] + own["height"]
    assert abs(box["x"] - own["x"]) < 2


def test_a_phone_scrolls_down_only(open_page: Callable[..., Page], stored: Case) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(stored.url)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
