"""An image that the guard refused, in a real browser: what is offered, what is not, and what is said once somebody insisted."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from app.classifiers.reasons import OTHER
from tests.browser.cases import ANALYSED_MS, PANES
from tests.browser.conftest import Server, StartServer
from tests.networks import write_guard, write_network
from tests.web import films


@pytest.fixture(scope="module")
def strict(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose one network has a guard that refuses everything."""
    models: Path = tmp_path_factory.mktemp("strict")
    write_network(models, "chest-untrained", seed=1, guard="guard")
    write_guard(models, film=0.1)
    return start_server(models=str(models))


def upload(page: Page, server: Server, *names: str) -> None:
    """Send PNG films, and stay on the case of the first."""
    page.goto(f"{server.url}/upload")
    payloads = [FilePayload(name=name, mimeType="image/png", buffer=films.png(sum(name.encode()), 160)) for name in names]
    page.locator("#files").set_input_files(payloads)
    page.wait_for_url("**/studies/*")
    expect(page.get_by_role("heading", name="The network did not read this image")).to_be_visible(timeout=ANALYSED_MS)


def test_insisting_changes_the_header_and_the_caution_stays_as_strong(page: Page, strict: Server) -> None:
    upload(page, strict, "hand.png")
    banner = page.locator("#banner")
    expect(banner.get_by_text("not read", exact=True)).to_be_visible()
    page.get_by_role("button", name="Analyse it all the same").click()
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(PANES, timeout=ANALYSED_MS)
    expect(banner.get_by_text("not read", exact=True)).to_have_count(0)
    expect(banner.locator("summary.badge-bad")).to_have_text("refused by the guard, read all the same")
    banner.locator("summary.badge-bad").click()
    expect(banner.get_by_text(OTHER)).to_be_visible()
    banner.locator("summary.badge-bad").click()
    page.locator("#whatif-open").click()
    expect(page.locator("#whatif-state")).to_contain_text(f"means nothing. {OTHER}")
    told = page.locator("#findings .inspection.notice-bad")
    expect(told).to_contain_text("The guard refused this image")
    expect(told).to_contain_text(OTHER)
    told.get_by_role("link", name="What this guard looks for").click()
    expect(page.get_by_role("heading", name="Untrained guard")).to_be_visible()


def test_a_film_alone_offers_no_comparison_and_no_what_if(page: Page, strict: Server) -> None:
    upload(page, strict, "foot.png")
    for name in ("swipe", "blink"):
        expect(page.locator(f"#{name}")).to_be_disabled()
        expect(page.locator(f"#{name}")).to_have_attribute("title", "Two panes with a layer are needed for this.")
    links = page.locator("#links > summary")
    expect(links).to_have_attribute("aria-disabled", "true")
    links.click()
    expect(page.locator("#links .menu-body")).to_be_hidden()
    page.keyboard.press("k")
    expect(page.locator("[data-unlinked]")).to_have_count(0)
    expect(page.locator("#drawers")).to_have_count(0)
    expect(page.get_by_text("There are no maps, no what if and no filmstrip for it.")).to_be_visible()


def test_films_without_a_header_are_called_by_their_files_and_stand_side_by_side(page: Page, strict: Server) -> None:
    upload(page, strict, "first.png", "second film.png", "a third one.png")
    expect(page.locator("#banner h1")).to_have_text("File a third one.png")
    siblings = page.locator("#siblings a")
    expect(siblings).to_have_text(["a third one.png", "first.png", "second film.png"])
    expect(siblings.first).to_have_attribute("aria-current", "page")
    page.locator("#report-close").click()
    siblings.nth(1).click()
    expect(page.locator("#banner h1")).to_have_text("File first.png")
    expect(page.locator("#siblings a[aria-current]")).to_have_text("first.png")
    assert page.title().startswith("first.png")
