"""A list that is read through: ten cases judged with reason and region by keyboard alone, and by mouse; back to the list."""

import re
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from app.phantoms import chest, dicom
from tests.browser.cases import ANALYSED_MS, REVIEWS, drag, sent
from tests.browser.conftest import Server
from tests.waiting import until

CASES = 10
MOST_KEYS = 8
BY_MOUSE = 3
"""The last ones of the list. All ten take the mouse as well as keys do, and as long."""


@pytest.fixture(scope="module")
def ten(small_server: Server) -> list[str]:
    """Ten phantoms of one description, analysed; the ids of their studies."""
    addresses = []
    for number in range(CASES):
        phantom = chest.draw(500 + number, ("Nodule",), size=96)
        file = dicom.encode(phantom, dicom.Header(number=8100 + number, description="read through"))
        addresses.append(sent(small_server.url, [("a.dcm", file)]))
    studies = [address.rpartition("/")[2] for address in addresses]

    def read() -> bool:
        jobs = (httpx2.get(f"{small_server.url}/api/v1/studies/{study}/job").json() for study in studies)
        return all(job["state"] == "done" for job in jobs)

    until(read, ANALYSED_MS / 1000, "they were not read in time")
    return studies


def searched(page: Page, server: Server) -> None:
    """The list of those ten alone, and a reader of this name."""
    page.goto(server.url)
    page.keyboard.press("/")
    page.keyboard.type("read through")
    expect(page.locator("#read-through")).to_have_text(f"Read these {CASES} studies")
    expect(page).to_have_url(re.compile("search="))


def at(page: Page, number: int) -> None:
    """Wait until a case is there, and can be judged by keys: its buttons come with the page, keys with its scripts."""
    expect(page.locator("#queue-place")).to_have_text(f"{number} of {CASES}")
    expect(page.locator("#grid")).to_have_attribute("data-drawn", "")
    expect(page.locator("#pane-cam .verdict").first).to_be_enabled()


def named(page: Page, server: Server, name: str) -> None:
    """Who reads."""
    page.context.add_cookies([{"name": "whylight-reader", "value": name, "url": server.url}])


def test_ten_cases_by_keyboard_alone(page: Page, small_server: Server, ten: list[str]) -> None:
    named(page, small_server, "Keys")
    searched(page, small_server)
    page.locator("#read-through").press("Enter")
    pressed: list[int] = []
    for number in range(1, CASES + 1):
        at(page, number)
        keys = 0

        def press(key: str) -> None:
            nonlocal keys
            keys += 1
            page.keyboard.press(key)

        with page.expect_response(REVIEWS):
            press("Shift+Digit3")
        with page.expect_response(REVIEWS):
            press("Digit2")
        press("d")
        press("ArrowRight")
        press("Shift+ArrowDown")
        with page.expect_response(REVIEWS):
            press("Enter")
        expect(page.locator("#save-state")).to_have_text(re.compile("^saved"))
        if number == 4:
            page.reload()  # the queue survives it
            at(page, number)
        press("Enter")
        pressed.append(keys)
    assert max(pressed) <= MOST_KEYS, f"keys per case with verdict, reason and region: {pressed}"
    expect(page.locator("#worklist .table-link[data-reading=done]")).to_have_count(CASES)
    expect(page.locator("a.row-link:focus")).to_have_count(1)
    page.locator("#reading").select_option("unread")
    expect(page.locator("#worklist .empty")).to_be_visible()
    rows = small_server.url + "/flagged.json"
    flags = page.request.get(rows).json()["flags"]
    mine = {flag["study"]: flag for flag in flags if flag["reader"] == "Keys"}
    assert set(mine) == set(ten)
    assert all(flag["verdict"] == "wrong" and flag["reason"] and flag["region_left"] is not None for flag in mine.values())


def test_the_same_with_the_mouse_and_going_on_by_itself(page: Page, small_server: Server, ten: list[str]) -> None:
    named(page, small_server, "Mouse")
    searched(page, small_server)
    page.locator("a.row-link").nth(CASES - BY_MOUSE).click()
    at(page, CASES - BY_MOUSE + 1)
    page.locator("#queue-onward button").click()
    expect(page.locator("#queue-onward button")).to_have_attribute("aria-pressed", "true")
    for number in range(CASES - BY_MOUSE + 1, CASES + 1):
        at(page, number)
        page.locator('[data-tool="rectangle"]').click()
        drag(page, "cam", (0.3, 0.3), (0.5, 0.6))
        page.locator("#pane-cam .verdict-partly").click()
        page.locator("#reason-keys button").first.click()  # the next one opens by itself
    expect(page.locator("#worklist .table-link[data-reading=done]")).to_have_count(BY_MOUSE)
    page.go_back()
    at(page, CASES)
    page.locator("#queue-before").click()
    at(page, CASES - 1)
    page.get_by_role("button", name="Not done").click()
    at(page, CASES - 1)
    page.locator("#queue-list").click()
    expect(page.locator("#worklist .table-link[data-reading=read] a.row-link")).to_be_focused()


def test_findings_and_studies_by_keys(page: Page, small_server: Server, ten: list[str]) -> None:
    named(page, small_server, "Looks")
    searched(page, small_server)
    page.locator("a.row-link").nth(4).click()
    at(page, 5)
    names = page.locator("input[name=finding]").evaluate_all("(all) => all.map(({ value }) => value)")
    first = page.locator("input[name=finding]:checked").input_value()
    step = 1 if names.index(first) + 1 < len(names) else -1
    page.keyboard.press("9" if step == 1 else "8")
    expect(page.locator("input[name=finding]:checked")).to_have_value(names[names.index(first) + step])
    expect(page).to_have_url(re.compile("queue=.*finding=|finding=.*queue="))
    page.keyboard.press("8" if step == 1 else "9")
    expect(page.locator("input[name=finding]:checked")).to_have_value(first)
    for key, number in ((">", 6), ("<", 5), ("<", 4)):
        page.keyboard.press(key)
        at(page, number)
    page.keyboard.press("/")
    expect(page.locator("a.row-link:focus")).to_have_count(1)
    assert page.url.endswith(str(page.locator("a.row-link").nth(3).get_attribute("id")))


def test_without_scripts_the_bar_leads_through(small_server: Server, ten: list[str], open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    named(page, small_server, "Plain")
    page.goto(small_server.url)
    page.locator("#search").fill("read through")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("#read-through").click()
    expect(page.locator("#queue-place")).to_have_text(f"1 of {CASES}")
    page.get_by_role("button", name="Done, next").click()
    expect(page.locator("#queue-place")).to_have_text(f"2 of {CASES}")
    page.locator("#queue-before").click()
    expect(page.locator("#queue")).to_contain_text("done")


def test_a_flagged_row_opens_the_flagged_map(open_page: Callable[..., Page], small_server: Server, ten: list[str]) -> None:
    judging = open_page()
    named(judging, small_server, "Kim")
    judging.goto(f"{small_server.url}/studies/{ten[0]}")
    expect(judging.locator("#pane-lrp .verdict").first).to_be_enabled()
    other = judging.locator("input[name=finding]:not(:checked)").first.input_value()
    judging.locator(f'input[name=finding][value="{other}"]').check(force=True)
    expect(judging.locator("#pane-lrp .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    judging.locator('[data-tool="ellipse"]').click()
    drag(judging, "lrp", (0.3, 0.3), (0.5, 0.6))
    judging.locator("#pane-lrp").focus()
    with judging.expect_response(REVIEWS):
        judging.keyboard.press("Shift+Digit2")

    page = open_page()
    page.goto(f"{small_server.url}/flagged?method=lrp")
    page.locator("a.row-link").first.click()
    for _ in range(2):
        expect(page.locator("#judged")).to_contain_text("judged by Kim")
        expect(page.locator(".pane[data-active]")).to_have_id("pane-lrp")
        expect(page.locator("input[name=finding]:checked")).to_have_value(other)
        expect(page.locator("#pane-lrp .pane-judged .region")).to_have_count(1)
        expect(page.locator("#pane-lrp .pane-marks:not(.pane-judged) .region")).to_have_count(0)
        page.reload()  # the address says it
    page.locator("#judged-close").click()
    expect(page.locator(".pane-judged .region")).to_have_count(0)
