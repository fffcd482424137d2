"""Networks beside each other: two phantom networks on one film, their difference, and the way to and fro."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.phantoms import chest, dicom
from tests.browser.cases import ANALYSED_MS, Case, drag, painted, sent
from tests.browser.conftest import ROOT, StartServer

FIRST, OTHER = "chest-phantom", "chest-phantom-shortcut"
METHODS = ("cam", "lrp")


@pytest.fixture(scope="module")
def stored(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A phantom with an effusion, read by the first of the two networks that come with the product."""
    networks = tmp_path_factory.mktemp("networks")
    for name in (FIRST, OTHER):
        shutil.copytree(ROOT / "models" / name, Path(networks) / name)
    server = start_server(models=str(networks))
    phantom = chest.draw(77, ("Effusion",), size=256)
    return Case(sent(server.url, [("a.dcm", dicom.encode(phantom, dicom.Header(number=1)))], read=True), phantom)


def view(page: Page) -> str:
    """The film's scale, as a pane of the film on the case says it."""
    painted(page)
    return page.locator("#pane-film .film-scale").inner_text()


def drawn(page: Page, count: int) -> None:
    """Wait until so many panes are drawn in full."""
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(count, timeout=ANALYSED_MS)


def rank(page: Page, method: str) -> str:
    """How far the two networks' maps agree, as the table says it."""
    cell = page.locator(f'#alike td[data-method="{method}"][data-figure="rank"]')
    expect(cell).to_have_text(re.compile(r"^−?[01]\.\d\d$"), timeout=ANALYSED_MS)
    return cell.inner_text()


def test_two_networks_beside_each_other_and_back(page: Page, stored: Case) -> None:
    page.goto(f"{stored.url}?finding=Nodule")
    drawn(page, 6)
    drag(page, "film", (0.5, 0.5), (0.5, 0.3), "right")
    before = view(page)

    page.keyboard.press("Shift+N")
    page.wait_for_url("**/networks?**")
    expect(page.locator("#finding")).to_have_value("Nodule")
    heads = page.locator(".row-head")
    expect(heads).to_have_count(3)
    expect(heads.nth(0)).to_contain_text("called")
    expect(heads.nth(1)).to_contain_text("has not read this film yet")
    for name in ("layer_cam", "saliency"):
        page.locator(f'input[name="method"][value="{name}"]').uncheck()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**method=cam&method=lrp**")
    expect(page.locator(".pane")).to_have_count(6)
    expect(page.locator("#pane-difference-cam .pane-words")).to_have_text("needs the maps of both networks")

    page.get_by_role("button", name="Let it read").click()
    expect(heads.nth(1)).to_contain_text("called from", ignore_case=True, timeout=ANALYSED_MS)
    drawn(page, 6)
    for method in METHODS:
        expect(page.locator(f"#pane-{OTHER}-{method} .pane-words")).to_be_hidden(timeout=ANALYSED_MS)
        expect(page.locator(f"#pane-difference-{method} .pane-words")).to_be_hidden()
        low, high = page.locator(f"#pane-difference-{method} .bar-range").inner_text().split(" … ")
        assert (low, high) != ("0.00", "0.00")
    figures = [rank(page, method) for method in METHODS]

    page.locator(f"#pane-{OTHER}-cam").focus()
    page.keyboard.press("B")
    expect(page.locator(".compare-words")).to_have_text(re.compile("CAM"))
    page.keyboard.press("Escape")
    page.reload()
    drawn(page, 6)
    assert [rank(page, method) for method in METHODS] == figures
    page.keyboard.press("Shift+N")
    expect(page.locator(".finding input:checked")).to_have_value("Nodule")
    drawn(page, 6)
    assert view(page) == before
    page.go_back()
    expect(page.locator("#pane-difference-cam .bar")).to_be_visible()
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("button", name="비교", exact=True)).to_be_visible()
    expect(page.locator(".row-head").nth(2)).to_contain_text("차이")
    expect(page.locator("#finding")).to_have_value("Nodule")
