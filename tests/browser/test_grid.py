"""The grid in a real browser: layouts, layers onto panes, panes that go their own way, swipe and blink, saved layouts."""

import io
import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import Locator, Page, expect

from tests.browser.cases import Case, became, drag, painted, ready

LAYOUTS = re.compile("/api/v1/layouts/")


def shows(page: Page) -> list[str]:
    """The layers by place."""
    return [pane.get_attribute("data-layer") or "" for pane in page.locator(".pane").all()]


def layout(page: Page, rows: int, columns: int) -> None:
    """Choose a layout with the mouse."""
    page.locator("#layout > summary").click()
    page.locator(f'.layout-cell[data-rows="{rows}"][data-columns="{columns}"]').click()
    page.keyboard.press("Escape")


def picture(page: Page, view: Locator) -> NDArray[np.float64]:
    """What a pane shows, without letters, words and the frame of the active one."""
    page.evaluate(
        "for (const e of document.querySelectorAll('.letter, .bar-told, .pane-words, .compare-words, .compare-divider'))"
        " e.style.visibility = 'hidden'"
    )
    painted(page)
    return np.asarray(Picture.open(io.BytesIO(view.screenshot())).convert("RGB")).astype(np.float64)[4:-4, 4:-4]


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean difference of two panes' pictures; panes may differ by a pixel in size."""
    rows, columns = (min(a, b) for a, b in zip(one.shape[:2], other.shape[:2], strict=True))
    return float(np.abs(one[:rows, :columns] - other[:rows, :columns]).mean())


def coloured(pixels: NDArray[np.float64]) -> int:
    """How many pixels are not grey."""
    return int((np.ptp(pixels, axis=2) > 12).sum())


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (2, 2), (3, 4)])
def test_any_layout_shows_its_panes_in_rows_and_columns(case: Page, rows: int, columns: int) -> None:
    layout(case, rows, columns)
    panes = case.locator(".pane")
    expect(panes).to_have_count(rows * columns)
    boxes = [pane.bounding_box() for pane in panes.all()]
    assert len({round(box["x"]) for box in boxes if box}) == columns
    assert len({round(box["y"]) for box in boxes if box}) == rows
    layers = [layer for layer in shows(case) if layer]
    assert len(set(layers)) == len(layers) == min(case.locator(".chip").count(), rows * columns)
    expect(case.locator('.pane:not([data-layer=""]) .pane-state[data-state="full"]')).to_have_count(len(layers))
    assert case.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_layout_is_chosen_by_keyboard(case: Page) -> None:
    case.locator("#pane-film").focus()
    case.keyboard.press("g")
    expect(case.locator('.layout-cell[data-rows="2"][data-columns="3"]')).to_be_focused()
    case.keyboard.press("ArrowUp")
    case.keyboard.press("ArrowRight")
    case.keyboard.press("Enter")
    expect(case.locator(".pane")).to_have_count(4)
    assert case.locator("#layout-words").inner_text() == "1 × 4"
    case.keyboard.press("Escape")
    expect(case.locator("#layout")).not_to_have_attribute("open", "")


def test_a_layer_is_dragged_onto_a_pane_and_two_panes_may_show_one_method(case: Page) -> None:
    before = picture(case, case.locator("#pane-lrp .pane-view"))
    case.locator('.chip[data-layer="map:lrp"]').drag_to(case.locator("#pane-film .pane-view"))
    assert shows(case) == ["map:lrp", "map:cam", "map:layer_cam", "map:saliency", "map:lrp", "map:rap_contrastive"]
    ready(case)
    first = picture(case, case.locator(".pane").first.locator(".pane-view"))
    assert apart(first, before) < 4
    assert coloured(first) == pytest.approx(coloured(before), rel=0.1)
    with case.expect_response(re.compile("/reviews$")):
        case.locator(".pane").first.locator(".verdict-partly").click()
    for place in (0, 4):
        expect(case.locator(".pane").nth(place).locator(".verdict-partly")).to_have_attribute("aria-pressed", "true")
    with case.expect_response(re.compile("/reviews/")):
        case.keyboard.press("Control+z")


def test_panes_change_places_when_one_is_dragged_by_its_title(case: Page) -> None:
    case.locator("#pane-cam .pane-title").drag_to(case.locator("#pane-rap_contrastive .pane-view"))
    assert shows(case) == ["film", "map:rap_contrastive", "map:layer_cam", "map:saliency", "map:lrp", "map:cam"]
    ready(case)


def test_a_layer_is_put_into_the_active_pane_by_keyboard(case: Page) -> None:
    case.locator("#pane-saliency").focus()
    case.locator('.chip[data-layer="film"]').focus()
    case.keyboard.press("Enter")
    assert shows(case)[3] == "film"
    assert coloured(picture(case, case.locator(".pane").nth(3).locator(".pane-view"))) == 0
    expect(case.locator("#said")).to_have_text("Film in pane 4")
    case.locator(".pane").nth(3).focus()
    case.keyboard.press(".")
    assert shows(case)[3] == "map:cam"
    case.keyboard.press(",")
    assert shows(case)[3] == "film"


def test_a_pane_goes_its_own_way_until_it_is_linked_again(case: Page) -> None:
    view = case.locator("#pane-cam .pane-view")
    other = case.locator("#pane-layer_cam .pane-view")
    start, beside = picture(case, view), picture(case, other)
    case.locator("#pane-cam").focus()
    case.locator("#links > summary").click()
    for link in ("zoom", "pan"):
        case.locator(f'[data-link="{link}"]').uncheck()
    case.keyboard.press("Escape")
    expect(case.locator("#pane-cam")).to_have_attribute("data-unlinked", "")
    drag(case, "cam", (0.5, 0.5), (0.5, 0.1), "right")
    assert np.abs(picture(case, view) - start).mean() > 5
    assert np.abs(picture(case, other) - beside).mean() < 0.5
    drag(case, "cam", (0.4, 0.5), (0.4, 0.2))
    assert np.abs(picture(case, other) - beside).mean() > 3, "the window is linked still"
    case.keyboard.press("Space")
    case.keyboard.press("k")
    expect(case.locator("#pane-cam")).not_to_have_attribute("data-unlinked", "")
    assert np.abs(picture(case, view) - start).mean() < 0.5


def test_overlay_settings_are_for_all_panes_or_for_one(case: Page) -> None:
    views = {name: case.locator(f"#pane-{name} .pane-view") for name in ("cam", "layer_cam")}
    case.locator('[data-scale="map"]').click()
    before = {name: coloured(picture(case, view)) for name, view in views.items()}
    case.locator("#pane-cam").focus()
    case.get_by_role("button", name="This pane", exact=True).click()
    case.locator("#threshold").fill("90")
    assert coloured(picture(case, views["cam"])) < before["cam"] / 2
    assert coloured(picture(case, views["layer_cam"])) == before["layer_cam"]
    case.locator("#pane-layer_cam").focus()
    expect(case.locator("#threshold")).to_have_value("25")
    case.locator("#pane-cam").focus()
    expect(case.locator("#threshold")).to_have_value("90")
    case.get_by_role("button", name="All panes", exact=True).click()
    assert coloured(picture(case, views["cam"])) == before["cam"]


def test_swipe_shows_two_panes_beside_a_divider_that_keys_and_mouse_move(case: Page) -> None:
    cam = picture(case, case.locator("#pane-layer_cam .pane-view"))
    case.keyboard.press("o")
    film = picture(case, case.locator("#pane-layer_cam .pane-view"))
    case.keyboard.press("o")
    case.locator("#pane-film").focus()
    case.locator("#pane-layer_cam").focus()
    case.keyboard.press("s")
    expect(case.locator("#swipe")).to_have_attribute("aria-pressed", "true")
    view = case.locator("#pane-layer_cam .pane-view")
    half = picture(case, view)
    middle = half.shape[1] // 2
    assert np.abs(half - cam)[:, : middle - 3].mean() < 0.5
    assert np.abs(half - film)[:, middle + 3 :].mean() < 0.5
    case.evaluate("document.querySelector('.compare-divider').style.visibility = ''")
    case.locator(".compare-divider").focus()
    case.keyboard.press("Home")
    assert np.abs(picture(case, view) - film).mean() < 0.5
    case.evaluate("document.querySelector('.compare-divider').style.visibility = ''")
    box, at = view.bounding_box(), case.locator(".compare-divider").bounding_box()
    assert box is not None
    assert at is not None
    case.mouse.move(at["x"] + at["width"] - 2, box["y"] + box["height"] / 2)
    case.mouse.down()
    case.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    case.mouse.up()
    assert int(case.locator(".compare-divider").get_attribute("aria-valuenow") or 0) >= 98
    case.keyboard.press("Escape")
    expect(case.locator(".compare-divider")).to_have_count(0)
    assert np.abs(picture(case, view) - cam).mean() < 0.5


def test_blink_shows_one_pane_then_the_other(case: Page) -> None:
    case.locator("#pane-film").focus()
    case.locator("#pane-lrp").focus()
    case.locator("#blink").click()
    words = case.locator("#pane-lrp .compare-words")
    expect(words).to_have_text("Film")
    expect(words).to_have_text("LRP")
    case.keyboard.press("b")
    expect(words).to_have_count(0)


def test_a_saved_layout_is_there_again_in_any_browser_and_can_be_deleted(
    case: Page, stored: Case, open_page: Callable[..., Page]
) -> None:
    layout(case, 1, 2)
    case.locator('.chip[data-layer="map:rap_contrastive"]').drag_to(case.locator("#pane-cam .pane-view"))
    case.locator("#layout > summary").click()
    case.locator("#layout-name").fill("Two of them")
    with case.expect_response(LAYOUTS):
        case.keyboard.press("Enter")
    case.reload()
    expect(case.locator(".pane")).to_have_count(2)
    assert shows(case) == ["film", "map:rap_contrastive"]
    elsewhere = open_page()
    elsewhere.goto(stored.url)
    expect(elsewhere.locator(".pane")).to_have_count(2)
    case.locator("#layout > summary").click()
    expect(case.get_by_role("button", name="Two of them", exact=True)).to_have_attribute("aria-pressed", "true")
    with case.expect_response(LAYOUTS):
        case.get_by_role("button", name="Remove layout “Two of them”").click()
    case.reload()
    ready(case)
    opens_every_film(case, elsewhere, stored)


def opens_every_film(case: Page, elsewhere: Page, stored: Case) -> None:
    """A layout opens every film from now on, whatever was chosen last, until that is taken back by the same button."""
    layout(case, 1, 3)
    case.locator("#layout > summary").click()
    usual = case.get_by_role("button", name="Open every film like this")
    with case.expect_response(LAYOUTS):
        usual.click()
    expect(usual).to_have_attribute("aria-pressed", "true")
    became(case, "() => !Object.keys(localStorage).some((name) => name.includes('/layouts'))")
    elsewhere.goto(stored.url)
    expect(elsewhere.locator(".pane")).to_have_count(3)
    layout(elsewhere, 1, 1)
    elsewhere.goto(stored.url)
    expect(elsewhere.locator(".pane")).to_have_count(3)
    with case.expect_response(LAYOUTS):
        usual.click()
    expect(usual).to_have_attribute("aria-pressed", "false")
    expect(case.get_by_role("button", name="Remove layout “Every film”")).to_have_count(0)
    elsewhere.goto(stored.url)
    ready(elsewhere)
    expect(elsewhere.locator(".pane")).to_have_count(6)


def test_layouts_that_this_browser_kept_are_carried_over_once(case: Page, stored: Case) -> None:
    earlier = {"list": [{"name": "Mine", "rows": 1, "columns": 2, "layers": ["film", "map:lrp"], "own": {}}], "last": "Mine"}
    case.evaluate("(text) => localStorage.setItem('whylight-layouts', text)", json.dumps(earlier))
    with case.expect_response(LAYOUTS):
        case.reload()
    expect(case.locator(".pane")).to_have_count(2)
    assert case.evaluate("localStorage.getItem('whylight-layouts')") is None
    assert [(one["name"], one["layers"], one["last"]) for one in stored.data["layouts"]] == [
        ("Mine", ["film", "map:lrp"], True)
    ]
    case.locator("#layout > summary").click()
    with case.expect_response(LAYOUTS):
        case.get_by_role("button", name="Remove layout “Mine”").click()


def test_film_pixels_one_to_one_and_unsmoothed(case: Page, stored: Case) -> None:
    before = case.locator(".film-scale").first.inner_text()
    case.set_viewport_size({"width": 1600, "height": 1100})
    expect(case.locator(".film-scale").first).not_to_have_text(before)  # zoom goes with the window: first let it have its size
    case.locator("#pane-film").focus()
    case.keyboard.press("0")
    expect(case.locator(".film-scale").first).to_have_text("100 %")
    case.keyboard.press("o")
    box = case.locator("#pane-film .pane-view").bounding_box()
    assert box is not None
    shown = picture(case, case.locator("#pane-film .pane-view"))[..., 0]
    told = stored.data["stacks"][0]["images"][0]["windows"][0]
    grey = (stored.phantom.pixels.astype(np.float64) - (told["centre"] - 0.5)) / (told["width"] - 1) + 0.5
    assert min(box["width"], box["height"]) > 256, "the film of 256 pixels has room in its pane"
    expected = np.clip(grey, 0, 1) * 255
    top, left = (round((side - 256) / 2) for side in shown.shape)
    case.keyboard.press("n")
    sharp = picture(case, case.locator("#pane-film .pane-view"))[..., 0]
    offsets = [(top + dy, left + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    best = min(np.percentile(np.abs(sharp[y : y + 256, x : x + 256] - expected), 99) for y, x in offsets)
    assert best <= 1
    assert np.abs(shown - sharp).max() > 0 or best <= 1
