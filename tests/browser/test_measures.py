"""Measures in a real browser: drawn, turned, changed, undone and kept; their figures are those of the raw array."""

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.cases import PANES, Case, drag, painted, ready
from tests.browser.conftest import Watch

MEASURES = re.compile(r"/api/v1/studies/[a-z2-7]+/measures/[a-z2-7]{12}$")


def kept(case: Case) -> list[dict[str, Any]]:
    """The stored measures with the server's figures."""
    return list(json.loads(case.read(case.url.replace("/studies/", "/api/v1/studies/") + "/measures")))


def clean(page: Page, stored: Case) -> None:
    """Remove every measure."""
    for measure in kept(stored):
        address = stored.url.replace("/studies/", "/api/v1/studies/") + f"/measures/{measure['id']}"
        assert page.evaluate("(address) => fetch(address, { method: 'DELETE' }).then((r) => r.status)", address) == 200


def draw(page: Page, kind: str, start: tuple[float, float], end: tuple[float, float], method: str = "film") -> None:
    """Draw with the mouse and wait until it is stored."""
    button = page.locator(f"[data-measure-tool={kind}]")
    if button.get_attribute("aria-pressed") == "false":
        button.click()
    with page.expect_response(MEASURES) as response:
        drag(page, method, start, end)
    assert response.value.ok


def figures(page: Page) -> list[str]:
    """The list of measures as it is read."""
    return page.locator(".measure-name").all_inner_texts()


def number(text: str, before: str) -> float:
    """The number that follows a word in the list."""
    found = re.search(rf"{before} ?(−?[\d.]+)", text)
    assert found, text
    return float(found.group(1).replace("−", "-"))


@pytest.mark.parametrize("turns", ["", "h", "r", "vl"])
def test_a_rectangle_says_what_the_raw_array_says(case: Page, stored: Case, turns: str) -> None:
    for key in turns:
        case.keyboard.press(key)
    drag(case, "cam", (0.5, 0.5), (0.5, 0.4), "right")
    for kind in ("rectangle", "ellipse"):
        draw(case, kind, (0.35, 0.3), (0.6, 0.7))
        case.keyboard.press("Escape")
        (measure,) = kept(stored)
        (x0, y0), (x1, y1) = measure["points"]
        left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        y, x = np.mgrid[0:256, 0:256] + 0.5
        inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        if kind == "ellipse":
            middle = ((x - (left + right) / 2) / (right - left)) ** 2 + ((y - (top + bottom) / 2) / (bottom - top)) ** 2
            inside = middle <= 0.25
        values = stored.phantom.pixels[inside].astype(np.float64)
        assert values.size > 500
        (text,) = figures(case)
        assert number(text, "mean") == pytest.approx(values.mean(), rel=5e-3)
        assert number(text, "SD") == pytest.approx(values.std(), rel=5e-3)
        assert (number(text, "min"), number(text, "max")) == (values.min(), values.max())
        assert f"{values.size} pixels" in text
        told = [measure[name] for name in ("mean", "sd", "least", "most", "pixels")]
        assert told == pytest.approx([values.mean(), values.std(), values.min(), values.max(), values.size])
        clean(case, stored)
        case.reload()
        ready(case)
        for key in turns:
            case.keyboard.press(key)


def test_lengths_and_angles_in_mm_and_where_they_lie(case: Page, stored: Case) -> None:
    image = stored.data["stacks"][0]["images"][0]
    down, across = image["spacing"]
    case.keyboard.press("t")
    draw(case, "length", (0.4, 0.4), (0.6, 0.7), "cam")
    case.keyboard.press("t")
    expect(case.locator("#measure-hint")).to_contain_text("vertex")
    drag(case, "film", (0.3, 0.3), (0.5, 0.5))
    expect(case.locator("#measure-hint")).to_contain_text("other arm")
    with case.expect_response(MEASURES):
        drag(case, "film", (0.6, 0.5), (0.7, 0.45))
    case.keyboard.press("Escape")
    length, angle = kept(stored)
    (x0, y0), (x1, y1) = length["points"]
    expected = math.hypot((x1 - x0) * across, (y1 - y0) * down)
    texts = figures(case)
    assert number(texts[0], "Length:") == pytest.approx(expected, rel=5e-3)
    assert length["length"] == pytest.approx(expected)
    assert f"mm · {image['spacing_caution']}" in texts[0] if image["spacing_caution"] else "mm" in texts[0]
    a, vertex, b = (np.array([x * across, y * down]) for x, y in angle["points"])
    cosine = float((a - vertex) @ (b - vertex) / np.linalg.norm(a - vertex) / np.linalg.norm(b - vertex))
    assert number(texts[1], "Angle:") == pytest.approx(math.degrees(math.acos(cosine)), abs=0.06)
    for method in ("film", "cam", "rap_contrastive"):
        expect(case.locator(f"#pane-{method} .measure")).to_have_count(2)

    def middle(method: str) -> tuple[float, float]:
        shape = case.locator(f"#pane-{method} .measure-line").first.bounding_box()
        view = case.locator(f"#pane-{method} .pane-view").bounding_box()
        assert shape is not None
        assert view is not None
        return (
            (shape["x"] + shape["width"] / 2 - view["x"]) / view["width"],
            (shape["y"] + shape["height"] / 2 - view["y"]) / view["height"],
        )

    assert middle("film") == pytest.approx(middle("rap_contrastive"), abs=0.02)
    before = middle("film")
    case.keyboard.press("h")
    painted(case)
    assert middle("film") == pytest.approx((1 - before[0], before[1]), abs=0.01)
    assert figures(case) == texts
    clean(case, stored)


def test_ends_are_changed_and_everything_can_be_taken_back(case: Page, stored: Case) -> None:
    draw(case, "length", (0.4, 0.4), (0.6, 0.4))
    case.keyboard.press("Escape")
    (first,) = kept(stored)
    end = case.locator("#pane-film .measure-end").last.bounding_box()
    assert end is not None
    case.mouse.move(end["x"] + 4, end["y"] + 4)
    case.mouse.down()
    case.mouse.move(end["x"] + 20, end["y"] + 60)
    with case.expect_response(MEASURES):
        case.mouse.up()
    (second,) = kept(stored)
    assert second["points"][0] == first["points"][0]
    assert second["points"][1][1] > first["points"][1][1] + 10
    with case.expect_response(MEASURES):
        case.keyboard.press("Delete")
    assert kept(stored) == []
    expect(case.locator(".measure-name")).to_have_count(0)
    for expected in (second, first):
        with case.expect_response(MEASURES):
            case.keyboard.press("Control+z")
        assert kept(stored)[0]["points"] == expected["points"]
    with case.expect_response(MEASURES):
        case.keyboard.press("Control+z")
    assert kept(stored) == []


def test_by_keyboard_alone(case: Page, stored: Case) -> None:
    for _ in range(3):
        case.keyboard.press("t")
    with case.expect_response(MEASURES):
        case.keyboard.press("Enter")
    (first,) = kept(stored)
    assert first["kind"] == "rectangle"
    expect(case.locator(".measure-name")).to_be_focused()
    with case.expect_response(MEASURES):
        case.keyboard.press("ArrowRight")
    (moved,) = kept(stored)
    assert [x for x, _ in moved["points"]] == pytest.approx([x + 1 for x, _ in first["points"]])
    with case.expect_response(MEASURES):
        case.keyboard.press("Shift+ArrowDown")
    (changed,) = kept(stored)
    assert changed["points"] == [[moved["points"][0][0], moved["points"][0][1] + 1], moved["points"][1]]
    expect(case.locator(".measure-name")).to_be_focused()
    with case.expect_response(MEASURES):
        case.keyboard.press("Delete")
    assert kept(stored) == []


def test_nothing_is_lost_when_the_connection_is_cut(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("Failed to load resource")

    def cut(route: Route) -> None:
        route.abort()

    case.route(MEASURES, cut)
    case.locator("[data-measure-tool=length]").click()
    drag(case, "film", (0.4, 0.4), (0.6, 0.6))
    expect(case.locator("#measure-state")).to_have_text("no connection – 1 kept in this browser, trying again")
    (text,) = figures(case)
    assert kept(stored) == []
    case.reload()
    ready(case)
    assert figures(case) == [text], "a reload lost the measure"
    case.unroute(MEASURES, cut)
    with case.expect_response(MEASURES, timeout=40_000):
        pass
    (measure,) = kept(stored)
    assert measure["kind"] == "length"
    expect(case.locator("#pane-rap_contrastive .measure")).to_have_count(1)
    assert case.locator(".pane").count() == PANES
    clean(case, stored)
