"""Verdicts and the true region in a real browser: one key, one rectangle, undone, and kept when the connection is cut."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.cases import PANES, REVIEWS, Case, drag, painted, ready
from tests.browser.conftest import Watch


def verdict_on(page: Page, method: str, number: int) -> None:
    """Give a verdict by key and wait until it is stored."""
    page.locator(f"#pane-{method}").focus()
    with page.expect_response(REVIEWS) as response:
        page.keyboard.press(f"Shift+Digit{number}")
    assert response.value.status == 201


def last(case: Case, method: str) -> dict[str, Any] | None:
    """The verdict in force on one method."""
    found = [review for review in case.data["reviews"] if review["method"] == method]
    return found[-1] if found else None


def test_one_key_gives_a_verdict_and_ctrl_z_takes_it_back(case: Page, stored: Case) -> None:
    verdict_on(case, "cam", 3)
    expect(case.locator("#judge-title")).to_contain_text("CAM × ")
    expect(case.locator("#judge-verdict")).to_have_text("Wrong region")
    expect(case.locator("#save-state")).to_contain_text("saved")
    verdict_on(case, "cam", 2)
    told = last(stored, "cam")
    assert told is not None
    assert (told["verdict"], told["finding"]) == ("partly", stored.data["finding"])
    assert told["model_sha256"] == stored.data["prediction"]["model_sha256"]
    with case.expect_response(re.compile("/reviews/")):
        case.keyboard.press("Control+z")
    expect(case.locator("#pane-cam .verdict-wrong")).to_have_attribute("aria-pressed", "true")
    with case.expect_response(re.compile("/reviews/")):
        case.keyboard.press("Control+z")
    expect(case.locator("#judge-verdict")).to_have_text("No verdict yet.")
    assert last(stored, "cam") is None


def test_keys_do_nothing_while_typing(case: Page, stored: Case) -> None:
    verdict_on(case, "layer_cam", 3)
    comment = case.locator("#comment")
    comment.click()
    case.keyboard.type("iodine 123 = Zebra?!")
    with case.expect_response(REVIEWS):
        case.keyboard.press("Tab")
    expect(case.locator("#invert")).to_have_attribute("aria-pressed", "false")
    told = last(stored, "layer_cam")
    assert told is not None
    assert (told["comment"], told["verdict"]) == ("iodine 123 = Zebra?!", "wrong")


def settled(page: Page) -> None:
    """Wait until everything the reader said is stored; a region goes to every verdict on the finding, one after the other."""
    expect(page.locator("#save-state")).to_have_text(re.compile("^saved"), timeout=30_000)


def bounds(told: dict[str, Any]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the one shape of a stored verdict, in image pixels."""
    ((shape,),) = told["regions"].values()
    (left, top), (right, bottom) = shape["points"]
    return left, top, right, bottom


def test_the_true_region_is_drawn_once_shown_everywhere_adjusted_and_undone(case: Page, stored: Case) -> None:
    verdict_on(case, "lrp", 3)
    case.keyboard.press("d")
    drag(case, "saliency", (0.25, 0.25), (0.5, 0.75))
    settled(case)
    told = last(stored, "lrp")
    assert told is not None
    region = bounds(told)
    box = case.locator("#pane-saliency .pane-view").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / 256
    assert region[2] - region[0] == pytest.approx(box["width"] * 0.25 / scale, abs=2)
    assert region[3] - region[1] == pytest.approx(box["height"] * 0.5 / scale, abs=2)
    expect(case.locator(".pane .region")).to_have_count(PANES)
    corner = case.locator("#pane-film .region").bounding_box()
    assert corner is not None
    x, y = corner["x"] + corner["width"], corner["y"] + corner["height"]
    case.mouse.move(x, y)
    case.mouse.down()
    case.mouse.move(x + 20, y + 10, steps=3)
    case.mouse.up()
    settled(case)
    wider = last(stored, "lrp")
    assert wider is not None
    assert bounds(wider)[2] - region[2] == pytest.approx(20 / scale, abs=2)
    case.keyboard.press("Control+z")
    settled(case)
    back = last(stored, "lrp")
    assert back is not None
    assert bounds(back) == region
    case.reload()
    ready(case)
    expect(case.locator(".pane .region")).to_have_count(PANES)
    expect(case.locator("#pane-lrp .verdict-wrong")).to_have_attribute("aria-pressed", "true")


def test_a_region_can_be_drawn_by_keyboard(case: Page, stored: Case) -> None:
    verdict_on(case, "rap_contrastive", 1)
    case.keyboard.press("d")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown"):
        case.keyboard.press(key)
    case.keyboard.press("Enter")
    settled(case)
    told = last(stored, "rap_contrastive")
    assert told is not None
    assert told["regions"] is not None


def test_a_verdict_without_a_connection_is_kept_and_sent_again(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_FAILED|Failed to load resource")
    case.route(REVIEWS, cut)
    case.locator("#pane-saliency").focus()
    case.keyboard.press("Shift+Digit4")
    expect(case.locator("#save-state")).to_have_text("no connection – 1 kept in this browser, trying again")
    expect(case.locator("#save-retry")).to_be_visible()
    expect(case.locator("#pane-saliency .verdict-artefact")).to_have_attribute("aria-pressed", "true")
    assert last(stored, "saliency") is None
    with case.expect_event("requestfailed"):
        case.locator("#save-retry").click()
    case.unroute(REVIEWS)
    expect(case.locator("#save-state")).to_have_text(re.compile("^saved"), timeout=30_000)
    told = last(stored, "saliency")
    assert told is not None
    assert told["verdict"] == "artefact"


def cut(route: Route) -> None:
    """A connection that is gone."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def test_measures_regions_and_verdicts_are_one_history(case: Page, stored: Case) -> None:
    def state() -> tuple[str | None, int, int]:
        painted(case)  # marks are drawn with the next frame
        return (
            case.locator("#pane-cam .verdict-partly").get_attribute("aria-pressed"),
            case.locator("#measure-list .measure-name").count(),
            case.locator("#pane-cam .region").count(),
        )

    regions = state()[2]
    seen = [state()]
    case.keyboard.press("t")
    drag(case, "film", (0.35, 0.4), (0.6, 0.4))
    case.keyboard.press("Escape")
    seen.append(state())
    verdict_on(case, "cam", 2)
    case.keyboard.press("Escape")
    seen.append(state())
    case.keyboard.press("d")
    drag(case, "cam", (0.3, 0.6), (0.5, 0.8))
    settled(case)
    case.keyboard.press("Escape")
    seen.append(state())
    assert [(one[0], one[1]) for one in seen] == [("false", 0), ("false", 1), ("true", 1), ("true", 1)]
    assert seen[3][2] == regions + 1
    for expected in seen[2::-1]:
        case.keyboard.press("Control+z")
        assert state() == expected
    for expected in seen[1:]:
        case.keyboard.press("Control+Shift+z")
        assert state() == expected
    settled(case)
    case.locator("#undo").click()
    case.locator("#undo").click()
    case.locator("#undo").click()
    assert state() == seen[0], "the buttons take back the same steps"
    settled(case)
