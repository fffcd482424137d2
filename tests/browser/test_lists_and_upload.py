"""The worklist, the upload form and the flagged list in a real browser: what their scripts do, and what works without any."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.cases import PATIENCE_S, became, painted
from tests.browser.conftest import Server, StartServer, Watch
from tests.web import films

ANALYSED_MS = 60_000  # a cold start of PyTorch on busy cores is in it
TEXT = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Notes, and no film.\n" * 20)


def film(number: int, name: str) -> FilePayload:
    """A chest film of a patient of this name."""
    content = films.dicom(number, size=64, PatientName=name, PatientID=f"ID-{number}", StudyDate=f"2026020{number}")
    return FilePayload(name=f"{number}.dcm", mimeType="application/dicom", buffer=content)


@pytest.fixture(scope="module")
def house(start_server: StartServer, models: Path) -> Server:
    """A server with small untrained networks that takes at most four files at once."""
    return start_server(models=str(models), max_files="4")


@pytest.fixture(scope="module")
def filled(house: Server) -> Server:
    """The same with three studies, put in by script."""
    files = [("files", (f["name"], f["buffer"])) for f in (film(1, "ALPHA"), film(2, "BETA"), film(3, "GAMMA"))]
    assert httpx2.post(f"{house.url}/api/v1/studies", files=files, timeout=60).status_code == 201  # busy cores decode slowly
    return house


def names(page: Page) -> list[str]:
    """The patients in the table, from top to bottom."""
    return page.locator("a.row-link").all_inner_texts()


def search_box(page: Page) -> None:
    """Press the key that leads to the search field."""
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_states_follow_by_themselves(page: Page, filled: Server) -> None:
    page.goto(filled.url)
    for row in page.locator("#worklist tbody tr").all():
        expect(row).to_contain_text("analysed", timeout=ANALYSED_MS)
    expect(page.locator("[data-poll]")).to_have_attribute("hx-trigger", "every 5s")
    expect(page.locator("#worklist tbody tr").first.locator("meter").first).to_be_visible()
    became(page, "[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def test_new_studies_appear_by_themselves_and_nothing_moves_under_the_reader(page: Page, house: Server, filled: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 420})
    page.goto(filled.url)
    page.keyboard.press("End")
    before = names(page)
    expect(page.locator("a.row-link:focus")).to_have_text(before[-1])
    there = "document.activeElement.closest('tr').getBoundingClientRect().top"
    top = page.evaluate(there)
    files = [("files", ("8.dcm", film(8, "THETA")["buffer"]))]
    sent = httpx2.post(f"{house.url}/api/v1/studies", files=files, timeout=60)
    assert sent.status_code == 201
    (newest,) = sent.json()["studies"]
    try:
        expect(page.locator("a.row-link")).to_have_count(len(before) + 1, timeout=1000 * PATIENCE_S)
        assert names(page) == ["THETA", *before]
        expect(page.locator("a.row-link:focus")).to_have_text(before[-1])
        assert abs(page.evaluate(there) - top) <= 1
    finally:
        assert httpx2.delete(f"{house.url}/api/v1/studies/{newest}").is_success


def test_search_as_you_type_and_find_it_again(page: Page, filled: Server) -> None:
    page.goto(filled.url)
    search_box(page)
    page.keyboard.type("bet")
    expect(page.locator("a.row-link")).to_have_count(1)
    assert names(page) == ["BETA"]
    expect(page).to_have_url(re.compile(r"/\?search=[a-z2-7]{12}$"))  # a name never stands in an address
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/studies/"))
    # The whole way that once ended with "Confirm Form Resubmission": the list anew, another case, and Back.
    page.get_by_role("link", name="Worklist").click()
    expect(page.locator("a.row-link")).to_have_count(3)
    page.locator("a.row-link").first.click()
    page.wait_for_url(re.compile("/studies/"))
    page.go_back()
    expect(page.locator("a.row-link:focus")).to_have_text("GAMMA")
    page.go_back()
    page.wait_for_url(re.compile("/studies/"))
    page.go_back()
    expect(page.locator("#search")).to_have_value("bet")
    expect(page.locator("a.row-link:focus")).to_have_text("BETA")
    assert names(page) == ["BETA"]
    page.locator("#search").fill("nobody")
    page.get_by_role("link", name="Show all studies").click()
    expect(page.locator("a.row-link")).to_have_count(3)
    expect(page.locator("#search")).to_have_value("")


@pytest.mark.parametrize("scripts", [True, False])
def test_back_reload_and_a_link_bring_the_list_back(filled: Server, open_page: Callable[..., Page], scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    page.goto(filled.url)
    page.locator("#state").select_option("done")
    page.locator("#methods").select_option("")
    if not scripts:
        page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile("state=done"))
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Patient")
    address = page.url
    assert address.endswith("/?state=done&order=patient")
    page.locator("a.row-link").nth(1).click()
    page.wait_for_url(re.compile("/studies/"))
    page.go_back()
    seen = [page.locator("#state").input_value(), names(page), page.url.partition("#")[0]]
    assert seen == ["done", ["ALPHA", "BETA", "GAMMA"], address]
    if scripts:
        expect(page.locator("a.row-link:focus")).to_have_text("BETA")
    page.locator("#state").select_option("failed")  # chosen, and without scripts not asked for
    if scripts:
        expect(page.locator("#worklist .empty")).to_be_visible()
        page.get_by_role("button", name="Light").click()
        expect(page).to_have_url(re.compile(r"/\?state=failed&order=patient$"))
        return
    page.reload()
    expect(page.locator("#state")).to_have_value("done")
    page.goto(address)
    assert names(page) == ["ALPHA", "BETA", "GAMMA"]


def test_sort_filter_and_move_by_keyboard(page: Page, filled: Server) -> None:
    page.goto(filled.url)
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Patient")
    assert names(page) == ["ALPHA", "BETA", "GAMMA"]
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Patient")
    assert names(page) == ["GAMMA", "BETA", "ALPHA"]
    expect(page.get_by_role("button", name="Patient")).to_be_focused()
    page.locator("#state").select_option("failed")
    expect(page.locator("#worklist .empty")).to_be_visible()
    page.locator("#state").select_option("done")
    expect(page.locator("a.row-link")).to_have_count(3)
    assert names(page) == ["GAMMA", "BETA", "ALPHA"], "the order stays while filters change"
    page.locator("h1").click()
    for key, name in (("j", "GAMMA"), ("j", "BETA"), ("End", "ALPHA"), ("j", "ALPHA"), ("k", "BETA"), ("Home", "GAMMA")):
        page.keyboard.press(key)
        expect(page.locator("a.row-link:focus")).to_have_text(name)


def test_a_bad_file_alone_is_told_of_on_the_page(page: Page, house: Server, browser_watch: Watch) -> None:
    browser_watch.allow("422")
    page.goto(f"{house.url}/upload")
    page.locator("#files").set_input_files([TEXT])
    report = page.locator("#upload-result .upload-report")
    expect(report).to_contain_text("None of these files could be used.")
    expect(report.locator("tr", has_text="notes.txt")).to_contain_text("text file")
    page.locator("#files").set_input_files([TEXT])
    expect(page.locator("#upload-progress")).to_be_hidden()
    expect(page.locator("#dropzone")).not_to_have_attribute("inert", "")


def test_too_many_files_are_not_sent(page: Page, house: Server) -> None:
    page.goto(f"{house.url}/upload")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("#files").set_input_files([TEXT] * 5)
    expect(page.locator("#upload-result")).to_contain_text("These are 5 files; one upload may have 4.")
    assert sent == []


def test_a_folder_is_sent_with_its_paths(page: Page, house: Server, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.dcm").write_bytes(film(4, "DELTA")["buffer"])
    (folder / "notes.txt").write_bytes(TEXT["buffer"])
    page.goto(f"{house.url}/upload")
    page.locator("#folder").set_input_files(folder)
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}\?upload="))
    report = page.locator(".upload-report")
    expect(report.locator("tr", has_text="export/deep/a.dcm")).to_contain_text("accepted")
    expect(report.locator("tr", has_text="export/notes.txt")).to_contain_text("rejected")


def test_files_may_be_dropped_anywhere_on_the_page(page: Page, house: Server) -> None:
    page.goto(f"{house.url}/upload")
    transfer = page.evaluate_handle(
        """(octets) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(octets)], "dropped.dcm"));
            return transfer;
        }""",
        list(film(5, "EPSILON")["buffer"]),
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#dropzone")).to_have_attribute("data-over", "")
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}\?upload="))
    expect(page.locator(".upload-report")).to_contain_text("dropped.dcm")


def test_an_upload_can_be_stopped(page: Page, house: Server) -> None:
    page.goto(f"{house.url}/upload")
    page.route("**/studies?*", lambda _: None)  # the answer never comes
    page.locator("#files").set_input_files([film(6, "ZETA")])
    expect(page.locator("#upload-progress")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#upload-result")).to_contain_text("Stopped. Nothing of it was stored.")
    expect(page.locator("#upload-progress")).to_be_hidden()


def test_without_scripts_everything_works_by_forms(filled: Server, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{filled.url}/upload")
    page.locator("#files").set_input_files([film(7, "ETA"), TEXT])
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}\?upload="))
    expect(page.locator(".upload-report")).to_contain_text("1 file accepted, 1 rejected")
    page.goto(filled.url)
    page.locator("#search").fill("alpha")
    page.get_by_role("button", name="Search", exact=True).click()
    assert names(page) == ["ALPHA"]
    page.get_by_role("button", name="Patient").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Patient")
    assert names(page) == ["ALPHA"], "the search stays while the order changes"
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")


LONGEST = """([finding, called, apart, caution]) => {
    const { cells } = document.querySelector(".worklist tbody tr");
    cells[1].querySelector(".small").innerHTML = '887 · <span class="nowrap">0000 2008-08-22</span>';
    cells[2].innerHTML = '<span class="nowrap">2026-01-06</span><div class="quiet small clip">Phantom: knee, ACL tear</div>';
    cells[3].innerHTML = 'MR<div class="quiet small">3 planes · 120 images</div>';
    cells[4].innerHTML += `<div class="small"><span class="badge badge-caution">${caution}</span></div>`;
    cells[5].innerHTML = `<ul class="top-findings"><li class="called"><span class="finding-word">${finding}</span>`
        + ` <meter value="1"></meter><span class="number">&gt;99 %</span><span class="finding-call">${called}</span></li></ul>`;
    cells[6].innerHTML = '<ul class="disagreements"><li class="apart"><meter value="1"></meter><span class="number">0.76</span>'
        + `<span class="apart-words">${apart}</span></li></ul>`;
}"""
"""A study that was read with caution, whose first finding is called and whose methods disagree, in the worklist's first row."""
SAID = {
    "English": ["Pleural Thickening", "called", "methods disagree", "read with caution"],
    "한국어": ["전방십자인대 파열", "있음", "방법 간 불일치", "주의"],
}
WIDTHS = (1024, 1100, 1210, 1280, 1440, 1920)


@pytest.mark.parametrize("path", ["/", "/upload", "/flagged", "/models", "/models/chest-untrained", "/docs"])
def test_no_page_scrolls_sideways(page: Page, filled: Server, path: str) -> None:
    for language, words in SAID.items():
        page.goto(f"{filled.url}{path}")
        page.get_by_role("button", name=language).click()
        expect(page.get_by_role("button", name=language)).to_have_attribute("aria-pressed", "true")
        expect(page.locator("h1")).to_be_visible()
        if path == "/":
            page.evaluate(LONGEST, words)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            painted(page)
            if path == "/":
                word = page.locator(".finding-word").first
                assert word.evaluate("(word) => word.scrollWidth - word.clientWidth") <= 0, (
                    f"a finding's name runs under what follows at {width} px in {language}"
                )
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px too wide at {width} px"
            cut = page.evaluate(
                "[...document.querySelectorAll('.table-scroll')].map((box) => box.scrollWidth - box.clientWidth)"
            )
            assert all(pixels <= 0 for pixels in cut), f"a table of {path} is cut off at {width} px: {cut}"
