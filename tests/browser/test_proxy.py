"""Served to a network: through a real nginx, over HTTP, on a name that is not localhost, under a path of it."""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from app.phantoms import chest, dicom
from tests.browser.cases import ready, sent
from tests.browser.conftest import Server, Watch, free_port
from tests.browser.proxy import Proxy
from tests.waiting import until
from tests.web import films

INSECURE = "Cross-Origin-Opener-Policy header has been ignored"
"""What Chromium says of every page over plain HTTP."""


@pytest.fixture
def proxy(proxied: tuple[Proxy, Server], browser_watch: Watch) -> Proxy:
    """The proxy before the server."""
    browser_watch.allow(INSECURE)
    return proxied[0]


@pytest.fixture
def server(proxied: tuple[Proxy, Server]) -> Server:
    """The server behind the proxy."""
    return proxied[1]


@pytest.fixture(scope="module")
def case(proxied: tuple[Proxy, Server]) -> str:
    """The path of a case that was read."""
    octets = dicom.encode(chest.draw(77, ("Nodule",), size=256), dicom.Header(number=7))
    return sent(proxied[1].url, [("a.dcm", octets)], read=True).removeprefix(proxied[1].url)


def test_plain_forms_are_ours_without_scripts(proxy: Proxy, case: str, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{proxy.url}/flagged")
    page.get_by_role("button", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page).to_have_url(f"{proxy.url}/flagged")
    page.get_by_role("link", name="Worklist").first.click()
    page.get_by_role("searchbox").fill("nobody of that name")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text("Show all studies")).to_be_visible()
    page.goto(f"{proxy.url}/upload")
    film = dicom.encode(chest.draw(3, (), size=256), dicom.Header(number=8))
    page.set_input_files("#files", {"name": "plain.dcm", "mimeType": "application/dicom", "buffer": film})
    page.get_by_role("button", name="Upload").click()
    expect(page).to_have_url(re.compile(f"^{re.escape(proxy.url)}/studies/"))
    expect(page.get_by_text("1 file accepted")).to_be_visible()


@pytest.mark.usefixtures("case")
def test_what_a_proxy_answers_itself_is_told_and_never_shown(proxy: Proxy, page: Page, browser_watch: Watch) -> None:
    browser_watch.allow("(?:413|502|504|ERR_CONNECTION_REFUSED)")  # nginx begins anew in between
    page.goto(proxy.url)
    message = page.locator("#messages")
    with proxy.before(free_port()):
        page.get_by_role("searchbox").fill("a")
        expect(message).to_contain_text("Whylight itself does not answer (502). Try again in a moment.")
    with socket.create_server(("127.0.0.1", 0)) as mute, proxy.before(mute.getsockname()[1], waits="1s"):
        page.get_by_role("searchbox").fill("ab")
        expect(message).to_contain_text("took longer than the server in front of it waits (504)")
    page.get_by_role("searchbox").fill("nobody of that name")
    expect(page.get_by_text("Show all studies")).to_be_visible()
    page.goto(f"{proxy.url}/upload")
    page.set_input_files("#files", {"name": "large.zip", "mimeType": "application/zip", "buffer": bytes(400_000)})
    expect(page.locator("#upload-result")).to_contain_text("larger than the server in front of Whylight lets through (413)")
    assert "nginx" not in page.content()


def test_pages_and_a_case_work_under_a_path(proxy: Proxy, server: Server, case: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(proxy.url)
    for name in ("Upload", "Flagged", "Cohorts", "Networks", "Worklist"):
        page.locator(".page-nav").get_by_role("link", name=name).click()
        expect(page.locator(".page-nav [aria-current=page]")).to_have_text(name)
    page.get_by_role("searchbox").fill("phantom")
    page.locator(f"#study-{case.rpartition('/')[2]}").click()
    ready(page)
    page.locator("#pane-cam .verdict-right").click()
    expect(page.locator("#pane-cam .verdict-right")).to_have_attribute("aria-pressed", "true")
    until(lambda: httpx2.get(f"{server.url}/api/v1{case}/reviews").json(), 30, "the verdict was not stored")
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((proxy.url, "data:", "blob:"))] == []


def folder(into: Path, count: int, study: int) -> Path:
    """A folder with the slices of one study, larger together than the proxy lets through at once."""
    uids: dict[str, Any] = {
        "StudyInstanceUID": f"2.25.{study}",
        "SeriesInstanceUID": f"2.25.{study}1",
        "PatientID": "PH",
        "PatientName": "P",
    }
    into.mkdir()
    for number in range(count):
        (into / f"{number:02d}.dcm").write_bytes(films.dicom(study + number, size=200, **uids))
    return into


def test_a_dropped_folder_travels_in_batches_and_goes_on_after_a_lost_connection(
    proxy: Proxy, server: Server, page: Page, browser_watch: Watch, tmp_path: Path
) -> None:
    browser_watch.allow("(?:413|502)|net::ERR")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{proxy.url}/upload")
    files = folder(tmp_path / "scan", 9, 700)
    (files / "large.dcm").write_bytes(bytes(400_000))
    lines = page.locator("#upload-files li")
    # The proxy is away once the first batch is there; what is acknowledged by then is not asked for again.
    page.route("**/studies?*", lambda route: away(proxy, route, sent))
    page.locator("#folder").set_input_files(files)
    expect(page.locator("#upload-words")).to_contain_text("The connection is away.")
    expect(lines).to_have_count(10)
    here = lines.filter(has_text="accepted").count()
    assert 0 < here < 9
    expect(page.locator("#upload-words")).to_contain_text(f"{here} of 10 files are here")
    page.unroute("**/studies?*")
    proxy.start()
    expect(page).to_have_url(re.compile(rf"^{re.escape(proxy.url)}/studies/[a-z2-7]{{12}}\?upload="))
    expect(page.get_by_text("9 files accepted")).to_be_visible()
    study = page.url.removeprefix(f"{proxy.url}/studies/").partition("?")[0]
    told = httpx2.get(f"{server.url}/api/v1/studies/{study}").json()
    assert sum(series["images"] for series in told["series"]) == 9, told["series"]
    assert len({url.partition("&more")[0] for url in sent}) == 1, "one upload"
    assert len(sent) > 4


def away(proxy: Proxy, route: Route, sent: list[str]) -> None:
    """Stop the proxy before the fourth batch."""
    if len([url for url in sent if "more=" in url]) == 4:
        proxy.stop()
    route.continue_()
