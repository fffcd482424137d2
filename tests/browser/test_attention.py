"""What networks show of their own attention, in a real browser: a frame, both looks, a path played by keys; also in Korean."""

import re
import zlib

import pytest
from playwright.sync_api import Page, expect

from app.phantoms import chest, dicom
from app.phantoms.chest import FINDINGS
from tests.browser.cases import ANALYSED_MS, Case, painted, sent
from tests.browser.conftest import StartServer
from tests.networks import write_network

STEPS = "#glimpse-steps li"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Case:
    """A phantom, read by a network that looks twice; one that sees by glimpses is there, too."""
    folder = tmp_path_factory.mktemp("attending")
    write_network(
        folder,
        "twice",
        findings=FINDINGS,
        phantom=True,
        architecture="compact-guided",
        parameters={"widths": [6, 8], "strides": [1, 2], "blocks": 1, "threshold": 0.6},
        explained_layer="whole",
        opens_with=["heat", "crop", "cam"],
    )
    write_network(
        folder,
        "path",
        findings=FINDINGS,
        phantom=True,
        default=False,
        seed=1,
        architecture="glimpses",
        parameters={"widths": [4, 6, 8], "state": 16, "steps": 3},
        explained_layer="glimpse",
        opens_with=["glimpses", "cam"],
    )
    server = start_server(models=str(folder))
    phantom = chest.draw(15, ("Nodule",), size=256)
    octets = dicom.encode(phantom, dicom.Header(number=zlib.crc32(b"attention")))
    return Case(f"{sent(server.url, [('a.dcm', octets)], read=True)}?finding=Nodule", phantom)


def full(page: Page, pane: str) -> None:
    """Wait until a pane is drawn in full."""
    expect(page.locator(f'#pane-{pane} .pane-state[data-state="full"]')).to_be_visible(timeout=ANALYSED_MS)
    painted(page)


def lines(page: Page, pane: str) -> int:
    """How many lines lie on a pane's film."""
    return page.locator(f"#pane-{pane} .pane-measures .measure-line").count()


def test_both_looks_and_a_path_of_glimpses_are_seen(page: Page, stored: Case) -> None:
    page.goto(stored.url)
    full(page, "heat")
    assert lines(page, "heat") == 4, "the frame of the crop"
    assert lines(page, "crop") == 0, "the crop is shown in the film's place"
    expect(page.locator("#pane-heat .measure-words")).to_have_count(0)
    expect(page.locator(".finding-looks")).to_have_count(len(FINDINGS))
    expect(page.locator(".finding-looks").first).to_have_text(re.compile(r"\d+ · \d+ →"))
    expect(page.locator("#glimpses")).to_be_hidden()

    page.locator("#model").select_option("path")
    page.wait_for_url("**model=path**")
    page.get_by_role("button", name="Let it read").click()
    expect(page.locator("#glimpse-words")).to_have_text(re.compile("^Glimpse 3 of 3: "), timeout=ANALYSED_MS)
    full(page, "glimpses")
    whole = lines(page, "glimpses")
    expect(page.locator(STEPS)).to_have_count(3)
    expect(page.locator("#pane-cam")).to_contain_text("its path explains it")
    page.locator("#pane-glimpses").focus()
    page.keyboard.press("Shift+J")
    expect(page.locator("#glimpse-words")).to_have_text(re.compile("^Glimpse 2 of 3: "))
    expect(page.locator("#pane-glimpses .measure-line")).not_to_have_count(whole)
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(page.locator("#glimpse-words")).to_have_text(re.compile("^Glimpse 1 of 3: "))
    expect(page.locator(f"{STEPS}[aria-current]")).to_have_count(1)
    page.keyboard.press("Shift+G")
    expect(page.locator("#glimpse-play")).to_have_text("Stop")
    expect(page.locator("#glimpse-words")).to_have_text(re.compile("^Glimpse 3 of 3: "))
    expect(page.locator("#glimpse-play")).to_have_text("Play")

    page.get_by_role("button", name="한국어").click()
    full(page, "glimpses")
    expect(page.locator("#glimpse-words")).to_have_text(re.compile("^훑어보기 3/3: "))
