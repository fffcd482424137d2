"""The pictures of a study's films at its side bring a film onto the panes, by mouse and by keyboard, and mark what is shown."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.cases import sent
from tests.browser.conftest import Server
from tests.web import films

ONE = "1.2.840.99999.9610"


def test_a_film_is_brought_onto_the_panes_by_its_picture(page: Page, small_server: Server) -> None:
    same: dict[str, Any] = {"StudyInstanceUID": ONE, "PatientID": "IMAGES", "PatientName": "IMAGES^OF A STUDY"}
    frontal = films.dicom(9601, size=64, SeriesInstanceUID=f"{ONE}.1", SeriesDescription="Chest PA", **same)
    lateral = films.dicom(9602, size=64, SeriesInstanceUID=f"{ONE}.2", SeriesDescription="Chest LAT", ViewPosition="LL", **same)
    before = films.dicom(9603, size=64, PatientID="IMAGES", StudyDate="20240301")
    sent(small_server.url, [("before.dcm", before)])
    page.goto(sent(small_server.url, [("pa.dcm", frontal), ("lat.dcm", lateral)], read=True))
    thumbs = page.locator("#study-images .thumb")
    expect(thumbs).to_have_count(2)
    expect(thumbs.nth(0)).to_have_attribute("aria-current", "true")
    page.evaluate("window.loadedOnce = true")
    film = page.locator("#pane-film")
    series = film.get_attribute("data-stack") or ""
    thumbs.nth(1).click()
    expect(film).not_to_have_attribute("data-stack", series)
    # What was read stands beside now, as it would after a reload: no film is there twice.
    beside = page.locator('.pane[data-own="image"] .pane-title')
    expect(beside).to_contain_text("Chest PA")
    page.locator('.pane[data-own="image"] .pane-close').click()
    expect(thumbs.nth(1)).to_have_attribute("aria-current", "true")
    expect(thumbs.nth(0)).not_to_have_attribute("aria-current", "true")
    assert page.evaluate("window.loadedOnce"), "no page was loaded"
    thumbs.nth(0).focus()
    page.keyboard.press("Enter")
    expect(thumbs.nth(0)).to_have_attribute("aria-current", "true")
    expect(film).to_have_attribute("data-stack", series)
    expect(thumbs.nth(1)).not_to_have_attribute("aria-current", "true")
    other = page.locator("#visits .thumb").get_attribute("href") or ""
    page.locator("#visits .thumb").click()
    page.wait_for_url(f"{small_server.url}{other}*")
    expect(page.locator("#visits .thumb")).to_have_count(1)
