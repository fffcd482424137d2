"""Removing studies: ticked in the worklist, undone in time, and gone when the time is up."""

from playwright.sync_api import Page, expect

from tests.browser.cases import sent
from tests.browser.conftest import Server
from tests.web import films

GONE_MS = 40_000
"""Ten seconds, and what a busy machine takes besides."""


def study(server: Server, number: int) -> str:
    """A study of its own; its id."""
    octets = films.dicom(number, size=64, PatientName=f"REMOVED {number}")
    return sent(server.url, [(f"{number}.dcm", octets)]).rpartition("/")[2]


def test_ticked_studies_go_and_come_back(page: Page, small_server: Server) -> None:
    ids = [study(small_server, number) for number in (9301, 9302)]
    page.goto(small_server.url)
    bar = page.locator("#removal-form")
    boxes = [page.locator(f'input[name="study"][value="{one}"]') for one in ids]
    expect(bar).to_be_hidden()
    for box in boxes:
        box.check(force=True)
    expect(bar).to_be_visible()
    page.locator("#modality").select_option("")
    page.locator("#search").fill("removed")
    expect(page.locator("a.row-link")).to_have_count(2)
    expect(boxes[0]).to_be_checked()
    bar.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading")).to_have_text("2 studies are being removed")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#study-{ids[0]}")).to_be_visible()
    # The other way: nobody undoes it, and the product removes it by itself.
    page.locator(f'input[name="study"][value="{ids[0]}"]').check(force=True)
    bar.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading")).to_have_text("1 study is being removed")
    expect(page.get_by_role("heading")).to_have_text("Nothing is left to undo", timeout=GONE_MS)
    page.goto(small_server.url)
    expect(page.locator(f"#study-{ids[0]}")).to_have_count(0)
    expect(page.locator(f"#study-{ids[1]}")).to_have_count(1)
