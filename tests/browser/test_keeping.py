"""No work is lost: verdicts wait in the browser while the connection is away, two windows agree, and what met is shown."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.cases import REVIEWS, Case, ready, until
from tests.browser.conftest import Watch
from tests.browser.test_regions import clean, draw_loose, shapes
from tests.browser.test_verdicts import cut, last, settled, verdict_on

__all__ = ["clean"]

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('whylight-')).length"


def judge(page: Page, method: str, number: int) -> None:
    """Give a verdict by key, stored or not."""
    page.locator(f"#pane-{method}").focus()
    page.keyboard.press(f"Shift+Digit{number}")


def pressed(page: Page, method: str, verdict: str) -> None:
    """Wait until a pane shows a verdict."""
    expect(page.locator(f"#pane-{method} .verdict-{verdict}")).to_have_attribute("aria-pressed", "true")


def test_one_more_key_gives_the_reason_and_any_other_goes_on(case: Page, stored: Case) -> None:
    verdict_on(case, "lrp", 3)
    expect(case.locator("#reason-keys")).to_be_visible()
    expect(case.locator("#reason-of")).to_have_text(re.compile(r"LRP.*: Wrong region$"))
    with case.expect_response(REVIEWS):
        case.keyboard.press("2")
    told = last(stored, "lrp")
    assert told is not None
    assert (told["verdict"], told["reason"]) == ("wrong", "text marker")
    expect(case.locator("#reason-keys")).to_be_hidden()
    expect(case.locator("#reason")).to_have_value("text marker")
    verdict_on(case, "rap_contrastive", 4)
    case.keyboard.press("i")
    expect(case.locator("#invert")).to_have_attribute("aria-pressed", "true")
    expect(case.locator("#reason-keys")).to_be_hidden()
    case.keyboard.press("1")
    verdict_on(case, "cam", 1)
    expect(case.locator("#reason-keys")).to_be_hidden()
    for method, reason in (("rap_contrastive", ""), ("cam", "")):
        found = last(stored, method)
        assert found is not None
        assert found["reason"] == reason
    case.keyboard.press("Control+z")
    settled(case)
    case.keyboard.press("Control+z")
    case.keyboard.press("Control+z")
    settled(case)
    back = last(stored, "lrp")
    assert back is not None
    assert (back["verdict"], back["reason"]) == ("wrong", "")


def test_what_is_said_offline_waits_and_is_stored_when_the_connection_is_back(
    case: Page, stored: Case, browser_watch: Watch
) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|Failed to load resource")
    verdict_on(case, "cam", 3)
    case.context.set_offline(True)
    expect(case.locator("#save-state")).to_have_text("offline – what you say now is kept in this browser")
    judge(case, "saliency", 4)
    case.keyboard.press("6")
    judge(case, "lrp", 2)
    judge(case, "rap_contrastive", 5)
    case.keyboard.press("Control+z")
    judge(case, "cam", 2)
    expect(case.locator("#save-state")).to_have_text("offline – 4 kept in this browser until the connection is back")
    assert last(stored, "saliency") is None
    case.context.set_offline(False)
    settled(case)
    for method, verdict, reason in (("saliency", "artefact", "noise"), ("lrp", "partly", ""), ("cam", "partly", "")):
        told = last(stored, method)
        assert told is not None
        assert (told["verdict"], told["reason"]) == (verdict, reason)
    assert last(stored, "rap_contrastive") is None
    assert case.evaluate(KEPT) == 0
    expect(case.locator("#save-state")).to_have_text(re.compile(r"^saved \d+ s ago$"))


def test_a_reload_without_a_connection_loses_nothing(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource")
    case.context.set_offline(True)
    judge(case, "layer_cam", 3)
    case.keyboard.press("1")
    draw_loose(case)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        case.reload()
    case.context.set_offline(False)
    # The page comes again, but verdicts still cannot be stored: it shows what waits.
    case.route(REVIEWS, cut)
    case.goto(stored.url)
    ready(case)
    pressed(case, "layer_cam", "wrong")
    expect(case.locator("#save-state")).to_contain_text("kept in this browser, trying again")
    case.unroute(REVIEWS)
    settled(case)
    told = last(stored, "layer_cam")
    assert told is not None
    assert (told["verdict"], told["reason"]) == ("wrong", "support device")
    assert [shape["kind"] for shape in shapes(stored, "layer_cam")] == ["rectangle"]
    assert case.evaluate(KEPT) == 0


def test_a_region_drawn_without_a_connection_is_measured_on_the_maps_that_are_there(case: Page, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|Failed to load resource")
    asked: list[str] = []
    case.context.set_offline(True)
    case.on("request", lambda request: asked.append(request.url) if request.url.endswith("/values") else None)
    draw_loose(case)
    expect(case.locator("#figures")).to_have_attribute("data-told", "")
    assert asked == []
    case.context.set_offline(False)


def test_what_a_closed_case_left_is_sent_from_the_worklist(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|Failed to load resource")
    case.context.set_offline(True)
    judge(case, "cam", 4)
    case.keyboard.press("3")
    expect(case.locator("#save-state")).to_contain_text("2 kept in this browser")
    list_page = case.context.new_page()
    case.close()
    list_page.context.set_offline(False)
    list_page.goto(f"{stored.url.split('/studies')[0]}/")
    until(list_page, lambda: (last(stored, "cam") or {}).get("reason") == "outside the body")
    until(list_page, lambda: list_page.evaluate(KEPT) == 0)  # it is forgotten when the answer has come


def test_an_answer_that_is_lost_on_its_way_is_no_second_verdict(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_|Failed to load resource")
    answers: list[int] = []

    def lose(route: Route) -> None:
        """The server gets it, the page never hears of it."""
        answers.append(route.fetch().status)
        route.abort()

    case.route(REVIEWS, lose, times=1)
    judge(case, "lrp", 3)
    settled(case)
    assert answers == [201]
    expect(case.locator("#met")).to_be_hidden()
    with case.expect_response(re.compile("/reviews/")):
        case.keyboard.press("Control+z")
    settled(case)
    assert last(stored, "lrp") is None, "the verdict was kept twice"


def second(page: Page, stored: Case) -> Page:
    """Another window of the same browser."""
    other = page.context.new_page()
    other.goto(stored.url)
    ready(other)
    return other


def test_two_windows_show_each_others_verdicts(case: Page, stored: Case, browser_watch: Watch) -> None:
    other = second(case, stored)
    browser_watch.follow(other)
    verdict_on(case, "cam", 3)
    pressed(other, "cam", "wrong")
    verdict_on(other, "cam", 2)
    pressed(case, "cam", "partly")
    with other.expect_response(re.compile("/reviews/")):
        other.keyboard.press("Control+z")
    pressed(case, "cam", "wrong")
    draw_loose(case)
    settled(case)
    expect(other.locator("#pane-film .region")).to_have_count(1)
    verdict_on(other, "cam", 4)
    pressed(case, "cam", "artefact")
    assert [shape["kind"] for shape in shapes(stored, "cam")] == ["rectangle"]
    expect(case.locator("#met")).to_be_hidden()
    expect(other.locator("#met")).to_be_hidden()


def test_what_another_window_sent_for_this_one_keeps_its_region(case: Page, stored: Case, browser_watch: Watch) -> None:
    """A window takes over what another one could not send, and hears that it was sent after all."""
    browser_watch.allow("ERR_FAILED|Failed to load resource")
    case.context.route(REVIEWS, cut)
    judge(case, "lrp", 3)
    draw_loose(case)
    other = second(case, stored)
    browser_watch.follow(other)
    pressed(other, "lrp", "wrong")
    expect(other.locator("#save-state")).to_contain_text("kept in this browser, trying again")
    other.route(REVIEWS, cut)
    case.context.unroute(REVIEWS)
    case.bring_to_front()
    case.locator("#save-retry").click()
    settled(case)
    assert [shape["kind"] for shape in shapes(stored, "lrp")] == ["rectangle"]
    settled(other)
    other.locator("#pane-lrp").focus()
    expect(other.locator("#region-words")).to_contain_text("rectangle")
    expect(other.locator("#region-words")).not_to_contain_text("Kept in this browser")


@pytest.mark.parametrize("choice", [("#met-keep", "uninformative"), ("#met-take", "artefact")])
def test_two_who_judged_one_map_apart_are_shown_to_each_other(
    case: Page, stored: Case, browser_watch: Watch, open_page: Callable[..., Page], choice: tuple[str, str]
) -> None:
    """Two browsers: nothing but the server is between them."""
    button, verdict = choice
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|Failed to load resource")
    verdict_on(case, "rap_contrastive", 3)
    other = open_page()
    other.goto(stored.url)
    ready(other)
    case.context.set_offline(True)
    judge(case, "rap_contrastive", 5)
    judge(case, "lrp", 1)
    verdict_on(other, "rap_contrastive", 4)
    with other.expect_response(REVIEWS):
        other.keyboard.press("6")
    case.context.set_offline(False)
    expect(case.locator("#save-state")).to_have_text("not saved – judged elsewhere too: Contrastive RAP")
    case.locator("#pane-rap_contrastive").focus()
    expect(case.locator("#met-own")).to_have_text("Here: Uninformative")
    expect(case.locator("#met-other")).to_have_text("Elsewhere: Artefact · noise")
    until(case, lambda: last(stored, "lrp") is not None)  # one map's conflict holds up no other
    case.locator(button).click()
    expect(case.locator("#met")).to_be_hidden()
    settled(case)
    pressed(case, "rap_contrastive", verdict)
    kept = last(stored, "rap_contrastive")
    assert kept is not None
    assert kept["verdict"] == verdict
    assert case.evaluate(KEPT) == 0
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    pressed(other, "rap_contrastive", verdict)
