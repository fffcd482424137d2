"""The probe in a real browser: what it reads are the raw arrays, wherever the film lies on the screen."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from scipy.stats import percentileofscore

from tests.browser.cases import PANES, Case, drag, painted

METHODS = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")
POINT = re.compile(r"(\d+), (\d+)")


def point(page: Page) -> tuple[int, int]:
    """Column and row as the table says them."""
    cell = page.locator("#probe [data-probe=point]")
    expect(cell).to_have_text(POINT)
    found = POINT.search(cell.inner_text())
    assert found
    return int(found[1]), int(found[2])


def hover(page: Page, method: str, x: float, y: float) -> tuple[float, float]:
    """Put the cursor on a share of a pane; where that is on the screen, from the pane's middle."""
    box = page.locator(f"#pane-{method} .pane-view").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    painted(page)
    return box["width"] * (x - 0.5), box["height"] * (y - 0.5)


def read_as_the_arrays(page: Page, stored: Case) -> tuple[int, int]:
    """The table's figures equal the raw arrays at its point."""
    column, row = point(page)
    grey = page.locator("#probe [data-probe=grey]")
    assert float(grey.get_attribute("data-value") or "nan") == stored.phantom.pixels[row, column]
    assert "stored value" in grey.inner_text()
    for method in METHODS:
        entry, values = stored.values(method)
        left, top, right, bottom = entry["extent"]
        y = min(int((row + 0.5 - top) / (bottom - top) * entry["height"]), entry["height"] - 1)
        x = min(int((column + 0.5 - left) / (right - left) * entry["width"]), entry["width"] - 1)
        cell = page.locator(f"#probe [data-method={method}]")
        assert np.float32(cell.get_attribute("data-value") or "nan") == values[y, x], method
        told = float(cell.get_attribute("data-percent") or "nan")
        assert told == pytest.approx(percentileofscore(values.ravel(), values[y, x], kind="mean"), abs=1e-6)
        assert f"P {told:.1f}" in cell.inner_text()
    return column, row


TURNS: dict[str, NDArray[np.int64]] = {
    "": np.array([[1, 0], [0, 1]]),
    "h": np.array([[-1, 0], [0, 1]]),
    "v": np.array([[1, 0], [0, -1]]),
    "r": np.array([[0, -1], [1, 0]]),
    "rh": np.array([[-1, 0], [0, 1]]) @ np.array([[0, -1], [1, 0]]),
}


@pytest.mark.parametrize("keys", list(TURNS))
def test_values_are_the_raw_arrays_however_the_film_lies(case: Page, stored: Case, keys: str) -> None:
    for key in keys:
        case.keyboard.press(key)
    for method, x, y in (("film", 0.5, 0.5), ("cam", 0.62, 0.31), ("rap_contrastive", 0.41, 0.83)):
        dx, dy = hover(case, method, x, y)
        box = case.locator(f"#pane-{method} .pane-view").bounding_box()
        assert box is not None
        scale = min(box["width"], box["height"]) / 256
        across, down = TURNS[keys].T @ np.array([dx, dy]) / scale  # back from the screen to the film's axes
        column, row = read_as_the_arrays(case, stored)
        assert abs(column + 0.5 - (128 + across)) <= 1
        assert abs(row + 0.5 - (128 + down)) <= 1


def test_values_hold_when_zoomed_and_moved(case: Page, stored: Case) -> None:
    hover(case, "cam", 0.6, 0.4)
    before = point(case)
    drag(case, "cam", (0.5, 0.5), (0.5, 0.1), "right")
    drag(case, "cam", (0.5, 0.5), (0.35, 0.6), "middle")
    hover(case, "cam", 0.6, 0.4)
    assert read_as_the_arrays(case, stored) != before
    hover(case, "lrp", 0.2, 0.7)
    read_as_the_arrays(case, stored)


def test_shift_and_a_click_pins_arrows_move_and_escape_lets_go(case: Page, stored: Case) -> None:
    case.keyboard.press("h")
    hover(case, "layer_cam", 0.45, 0.55)
    start = point(case)
    case.mouse.down()
    case.mouse.up()
    painted(case)
    expect(case.locator("#probe-pin")).to_have_attribute("aria-pressed", "false")  # a click alone is no wish to pin
    case.keyboard.down("Shift")
    case.mouse.down()
    case.mouse.up()
    case.keyboard.up("Shift")
    expect(case.locator("#probe-pin")).to_have_attribute("aria-pressed", "true")
    expect(case.locator("#probe-pin")).to_have_text("Let go")
    hover(case, "rap_contrastive", 0.2, 0.2)
    assert point(case) == start
    case.keyboard.press("ArrowRight")  # as seen on the screen: the film is mirrored
    case.keyboard.press("ArrowDown")
    assert read_as_the_arrays(case, stored) == (start[0] - 1, start[1] + 1)
    case.keyboard.press("Shift+ArrowLeft")
    assert read_as_the_arrays(case, stored) == (start[0] + 9, start[1] + 1)
    expect(case.locator("#said")).to_contain_text(f"Column {start[0] + 9}, row {start[1] + 1}; Grey value")
    for _ in range(30):
        case.keyboard.press("Shift+ArrowUp")
    assert point(case)[1] == 0, "the point stays on the film"
    read_as_the_arrays(case, stored)
    case.keyboard.press("Escape")
    expect(case.locator("#probe-pin")).to_have_attribute("aria-pressed", "false")
    hover(case, "film", 0.5, 0.5)
    assert point(case) != start


def test_the_keyboard_alone_pins_the_middle(case: Page, stored: Case) -> None:
    case.locator("#pane-cam").focus()
    case.keyboard.press("p")
    assert read_as_the_arrays(case, stored) == (128, 128)
    case.keyboard.press("ArrowLeft")
    assert point(case) == (127, 128)
    expect(case.locator("#pane-cam")).to_be_focused()
    case.locator("#opacity").focus()
    before = case.locator("#opacity").input_value()
    case.keyboard.press("ArrowLeft")
    assert point(case) == (127, 128), "a slider keeps its own arrows"
    assert case.locator("#opacity").input_value() != before
    case.locator("#probe-pin").focus()
    case.keyboard.press("Enter")
    expect(case.locator("#probe [data-probe=point]")).to_contain_text("–")


def test_a_cross_stands_on_the_same_pixel_in_every_pane_and_moves_with_the_film(case: Page) -> None:
    hover(case, "saliency", 0.6, 0.4)
    column, row = point(case)
    expect(case.locator(".pane-cross:not([hidden])")).to_have_count(PANES)
    case.keyboard.press("p")
    for turn in ("", "r"):
        if turn:
            case.keyboard.press(turn)
            painted(case)
        for pane in case.locator(".pane").all():
            view, cross = pane.locator(".pane-view").bounding_box(), pane.locator(".cross").bounding_box()
            assert view is not None
            assert cross is not None
            scale = min(view["width"], view["height"]) / 256
            dx, dy = column + 0.5 - 128, row + 0.5 - 128
            dx, dy = (-dy, dx) if turn else (dx, dy)
            assert cross["x"] + cross["width"] / 2 == pytest.approx(view["x"] + view["width"] / 2 + dx * scale, abs=1.5)
            assert cross["y"] + cross["height"] / 2 == pytest.approx(view["y"] + view["height"] / 2 + dy * scale, abs=1.5)


def test_dragging_pins_nothing_and_a_double_click_enlarges_only(case: Page) -> None:
    drag(case, "cam", (0.4, 0.5), (0.6, 0.5))
    expect(case.locator("#probe-pin")).to_have_attribute("aria-pressed", "false")
    case.locator("#pane-cam .pane-view").dblclick()
    expect(case.locator(".pane:visible")).to_have_count(1)
    expect(case.locator("#probe-pin")).to_have_attribute("aria-pressed", "false")


def test_the_probe_moves_nothing_and_reads_once_per_frame(case: Page) -> None:
    boxes = [pane.bounding_box() for pane in case.locator(".pane-view").all()]
    case.evaluate(
        """() => {
            window.frames_ = 0; window.reads_ = 0;
            const tick = () => { window.frames_ += 1; requestAnimationFrame(tick); };
            requestAnimationFrame(tick);
            new MutationObserver((records) => {
                if (records.some(({ type }) => type === "childList")) window.reads_ += 1;
            }).observe(document.querySelector("#probe [data-probe=point]"), { childList: true, subtree: true });
        }"""
    )
    box = boxes[0]
    assert box is not None
    case.mouse.move(box["x"] + 40, box["y"] + 100)
    case.mouse.move(box["x"] + 160, box["y"] + 200, steps=200)
    painted(case)
    frames, reads = case.evaluate("[window.frames_, window.reads_]")
    assert 0 < reads <= frames
    assert [pane.bounding_box() for pane in case.locator(".pane-view").all()] == boxes
    hover(case, "film", 0.01, 0.01)  # beside the film
    expect(case.locator("#probe [data-probe=point]")).to_contain_text("–")


def test_outside_the_map_is_said(page: Page, stored: Case) -> None:
    def narrow(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        page_text = answer.text()
        places = r'("method":"cam".*?"extent":\[)[^\]]*(\],"reach":\[)[^\]]*'
        changed = re.sub(places, r"\g<1>0,0,128,256\g<2>0,0,128,256", page_text, count=1)
        assert changed != page_text
        route.fulfill(response=answer, body=changed)  # type: ignore[attr-defined]

    page.route(re.compile(r"/studies/[a-z2-7]{12}$"), narrow)
    page.goto(stored.url)
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(PANES)
    hover(page, "film", 0.6, 0.5)
    expect(page.locator("#probe [data-method=cam]")).to_contain_text("outside the map")
    hover(page, "film", 0.4, 0.5)
    expect(page.locator("#probe [data-method=cam]")).to_contain_text("P ")
