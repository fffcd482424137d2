"""A page that waits for its job goes on asking when the server was away or in trouble, until the job has ended."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, Request, Response, Route, expect

from tests.browser.conftest import Server, StartServer, Watch
from tests.web import films

AGAIN_MS = 60_000


@pytest.fixture(scope="module")
def idle(start_server: StartServer, models: Path) -> Server:
    """A server without a worker: what waits there goes on waiting."""
    return start_server(models=str(models), in_process_worker="false")


@pytest.fixture
def waiting(idle: Server, page: Page) -> Page:
    """A case whose job waits."""
    files = [("files", ("film.dcm", films.dicom(1, size=64)))]
    assert httpx2.post(f"{idle.url}/api/v1/studies", files=files, timeout=60).status_code in {200, 201}
    studies = json.loads(httpx2.get(f"{idle.url}/api/v1/studies").text)["studies"]
    page.goto(f"{idle.url}/studies/{studies[0]['id']}")
    expect(page.locator("#job")).to_have_attribute("data-state", "queued")
    return page


def asked(answer: Request | Response) -> bool:
    return "/job?" in answer.url


def answered(status: int) -> Callable[[Response], bool]:
    return lambda response: asked(response) and response.status == status


def test_a_lost_answer_is_asked_for_again_until_the_job_has_ended(waiting: Page, idle: Server, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|502|htmx:")
    with waiting.expect_event("requestfailed", asked, timeout=AGAIN_MS):
        idle.stop()
    with waiting.expect_event("requestfailed", asked, timeout=AGAIN_MS):
        pass
    expect(waiting.locator("#job")).to_have_attribute("data-state", "queued")
    with waiting.expect_response(answered(200), timeout=AGAIN_MS):
        idle.start()

    def trouble(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    waiting.route("**/job?*", trouble, times=1)
    with waiting.expect_response(answered(502), timeout=AGAIN_MS):
        pass
    expect(waiting.locator("#messages")).to_contain_text("does not answer (502)")
    with waiting.expect_response(answered(200), timeout=AGAIN_MS) as found:
        pass
    assert "again=" in found.value.url
    expect(waiting.locator("#job")).to_have_attribute("data-state", "queued")

    job = json.loads(httpx2.get(f"{waiting.url.replace('/studies/', '/api/v1/studies/')}/job").text)
    assert httpx2.delete(f"{idle.url}/api/v1/jobs/{job['id']}").is_success
    expect(waiting.locator("#job")).to_have_attribute("data-state", "cancelled", timeout=AGAIN_MS)
    expect(waiting.locator("[hx-trigger*='load delay']")).to_have_count(0)
