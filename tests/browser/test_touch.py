"""Fingers on the panes, as a tablet sends them: one drags the window, two zoom and move."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.cases import Case, painted, ready

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


def test_one_finger_drags_the_window(tablet: Page) -> None:
    window, scale = facts(tablet)
    fingers(tablet, [[(0.4, 0.5)], [(0.5, 0.5)], [(0.7, 0.5)]])
    after, same = facts(tablet)
    assert after != window
    assert same == scale


def test_a_phone_scrolls_down_only(open_page: Callable[..., Page], stored: Case) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(stored.url)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
