"""Ticked studies are read by another network: asked for in the list, followed on a page that keeps itself up to date."""

from playwright.sync_api import Page, expect

from tests.browser.cases import ANALYSED_MS, sent
from tests.browser.conftest import Server
from tests.web import films


def test_ticked_studies_are_read_and_followed(page: Page, small_server: Server) -> None:
    files = [(f"{number}.dcm", films.dicom(number, size=64, PatientName=f"READ AGAIN {number}")) for number in (9401, 9402)]
    ids = [sent(small_server.url, [file], read=True).rpartition("/")[2] for file in files]
    page.goto(small_server.url)
    page.locator("#search").fill("read again")
    expect(page.locator("a.row-link")).to_have_count(2)
    for one in ids:
        page.locator(f'input[name="study"][value="{one}"]').check(force=True)
    page.locator("#chosen-model").select_option("phantom-by-name")
    page.get_by_role("button", name="Have it read the chosen studies").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("phantom-by-name reads a selection")
    expect(page.get_by_role("status")).to_have_text("2 of 2", timeout=ANALYSED_MS)
    expect(page.locator("td.cell-findings .top-findings").first).to_contain_text("Nodule")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("2 of 2")
    # The whole filtered list: the search that was typed since the page was loaded counts.
    page.goto(small_server.url)
    page.locator("#search").fill("read again 9401")
    expect(page.locator("a.row-link")).to_have_count(1)
    page.locator(".again > summary").click()
    page.locator("#again-model").select_option("phantom-by-name")
    page.get_by_role("button", name="Have it read the whole list").click()
    expect(page.get_by_role("status")).to_have_text("1 of 1")
    expect(page.get_by_text("read before").first).to_be_visible()
    page.locator("a.row-link").click()
    page.wait_for_url("**/studies/*?model=phantom-by-name")
