"""The flagged maps are filtered, counted and shown as a sheet, and their address brings each of these back."""

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.cases import PATIENCE_S, sent
from tests.browser.conftest import Server
from tests.web import films

READER = "bench"


def test_filters_counts_and_sheet_stand_in_the_address(page: Page, small_server: Server) -> None:
    study = sent(small_server.url, [("9501.dcm", films.dicom(9501, size=64))], read=True).rpartition("/")[2]
    api = f"{small_server.url}/api/v1/studies/{study}"
    layers = [one for one in httpx2.get(f"{api}/layers", timeout=PATIENCE_S).json() if one["kind"] == "relevance"][:3]
    for layer, reason in zip(layers, ("noise", "noise", "text marker"), strict=True):
        said = {"layer": layer["id"], "verdict": "wrong", "reason": reason}
        cookie = {"Cookie": f"whylight-reader={READER}"}
        assert httpx2.post(f"{api}/reviews", json=said, headers=cookie, timeout=PATIENCE_S).is_success
    page.goto(f"{small_server.url}/flagged")
    page.locator("#reader").select_option(READER)
    expect(page.locator(".flags tbody tr")).to_have_count(3)
    page.locator("#reason").select_option("noise")
    expect(page.locator(".flags tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Counts").click()
    expect(page).to_have_url(f"{small_server.url}/flagged?reader={READER}&reason=noise&show=counts")
    expect(page.locator(".flag-counts tbody").first).to_contain_text("34–100 %")
    page.locator("#reason").select_option("")
    expect(page.locator(".flag-counts tbody").first).to_contain_text("text marker")
    page.locator(".flag-counts tbody").first.locator("tr", has_text="text marker").get_by_role("link").click()
    expect(page.locator(".flags tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator(".flag-counts")).to_be_visible()
    expect(page.locator("#reader")).to_have_value(READER)
    page.get_by_role("link", name="Contact sheet").click()
    expect(page.locator(".sheet-item")).to_have_count(3)
    page.wait_for_function("() => [...document.querySelectorAll('.sheet img')].every((one) => one.naturalWidth >= 64)")
    page.reload()
    expect(page.locator(".sheet-item")).to_have_count(3)
    expect(page.locator("#reader")).to_have_value(READER)
