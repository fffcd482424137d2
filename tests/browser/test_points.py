"""Moving an operating point in a real browser: by hand and keys, seen at once, put back, and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cases import Case

CHOSEN = ".finding:has(input:checked)"


@pytest.fixture(autouse=True)
def put_back(case: Page, stored: Case) -> None:
    """Every test begins with the card's points."""
    server = stored.url.split("/studies")[0]
    for finding in ("Cardiomegaly", "Effusion", "Nodule"):
        case.request.delete(f"{server}/api/v1/models/{stored.data['model']}/points/{finding}")
    case.reload()


def test_a_point_is_moved_by_keys_and_put_back(case: Page) -> None:
    field = case.locator(f"{CHOSEN} + .point input[type=number]")
    expect(field).to_be_visible()
    name = case.locator(CHOSEN).get_by_role("radio").get_attribute("value")
    for percent, called in (("0.01", True), ("99.99", False)):
        field.fill(percent)
        field.press("Enter")
        point = case.locator(f"{CHOSEN} + .point")
        expect(point).to_contain_text(re.compile("moved by the reader"))
        expect(case.locator(f"{CHOSEN} .finding-call")).to_have_text("called" if called else "")
        expect(case.locator(CHOSEN).get_by_role("radio")).to_have_value(name or "")
        expect(field).to_be_focused()
    case.locator(f"{CHOSEN} + .point button[name=reset]").press("Enter")
    expect(case.locator(f"{CHOSEN} + .point")).not_to_contain_text("moved by the reader")
    expect(case.locator(f"{CHOSEN} + .point button[name=reset]")).to_have_count(0)


def test_a_reader_says_by_key_whether_the_finding_is_there_and_takes_it_back(case: Page) -> None:
    point = case.locator(f"{CHOSEN} + .point")
    called = bool(case.locator(f"{CHOSEN} .finding-call").text_content())
    case.keyboard.press("Shift+P")
    expect(point.locator(".opinion-told")).to_have_text(f"You say: present. {'Found' if called else 'Missed'} by the network.")
    expect(case.locator(f"{CHOSEN} .finding-opinion")).to_be_visible()
    expect(case.locator("#summed")).to_contain_text("Your reading: 1 of")
    case.keyboard.press("Shift+A")
    expect(point.locator('[data-opinion="absent"]')).to_have_attribute("aria-pressed", "true")
    case.keyboard.press("Shift+A")
    expect(point.locator(".opinion-told")).to_have_count(0)
    expect(case.locator("#summed")).to_have_count(0)


def test_the_point_of_the_chosen_finding_alone_is_seen(case: Page) -> None:
    assert case.locator(".point:visible").count() == 1
    others = case.locator(".finding:not(:has(input:checked))")
    others.first.click()
    expect(case.locator(".point:visible")).to_have_count(1)
    expect(case.locator(f"{CHOSEN} + .point")).to_be_visible()
