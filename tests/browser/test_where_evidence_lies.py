"""Anatomy, masks and where evidence lies in a real browser, from the upload on: a phantom, and a real film where there is one.

Untrained networks beside the anatomy and the masks that come with the product: what a network says is not the matter here.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from app.config import ROOT
from app.phantoms import chest, dicom
from tests.browser.cases import ANALYSED_MS, Case, became, painted
from tests.browser.conftest import Server, StartServer
from tests.browser.test_layer_kinds import shot
from tests.browser.test_more_maps import ask, pane_of
from tests.segmenting import beside

FINDING = "Effusion"
ALIGNED, LINES, MASK = "chest-anatomy.image", "chest-anatomy.outline", "chest-masks"


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    networks = beside(tmp_path_factory.mktemp("networks"))
    shutil.copytree(ROOT / "models" / MASK, networks / MASK)
    return start_server(models=str(networks))


BROKEN = """(terms) => terms.flatMap((term) => [...term.textContent.matchAll(/\\p{L}+/gu)].filter((word) => {
    const range = document.createRange();
    range.setStart(term.firstChild, word.index);
    range.setEnd(term.firstChild, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
}).map(([word]) => word))"""
"""Words that stand on more than one line."""


def analysed(server: Server, chromium: Browser, octets: bytes) -> str:
    """A film handed in; the address of its case, with the maps of `FINDING`, once they are there."""
    page = chromium.new_page()
    page.goto(f"{server.url}/upload")
    page.locator("#files").set_input_files(FilePayload(name="a.dcm", mimeType="application/dicom", buffer=octets))
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}"), timeout=ANALYSED_MS)
    url = f"{page.url.split('?')[0]}?finding={FINDING}"
    page.goto(url)
    expect(page.locator("#pane-cam .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    expect(page.locator("#evidence")).to_be_attached(timeout=ANALYSED_MS)
    page.close()
    return url


def chosen(page: Page, pane: str, layer: str) -> None:
    """Put a layer of the list into a pane."""
    page.locator(f"#pane-{pane}").focus()
    page.locator(f'.chip[data-layer="map:{layer}"]').click()
    expect(page.locator(f'.pane[data-layer="map:{layer}"] .pane-state[data-state="full"]')).to_have_count(1)


def folded(page: Page, method: str) -> bool:
    return page.locator(f"#evidence-{method}").get_attribute("open") is None


def rows(page: Page, method: str) -> dict[str, list[str]]:
    """A map's table as it stands on the page: shares, areas and ratios by region."""
    table = page.locator(f"#evidence-{method} tbody tr")
    cells = table.evaluate_all("(all) => all.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))")
    return {str(name): values for name, *values in cells}


def walked(page: Page, url: str, names: tuple[str, str, str]) -> None:
    """Outlines, aligned film and swipe, mask and its key, tables: what a reader does on any film. ``names``: what the page
    calls the aligned film, the film, and the region outside of the body."""
    aligned, film, outside = names
    page.goto(url)
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(6, timeout=ANALYSED_MS)
    chosen(page, "lrp", LINES)
    chosen(page, "saliency", ALIGNED)
    page.locator("#pane-film").focus()
    page.locator(f'.pane[data-layer="map:{ALIGNED}"]').focus()
    page.keyboard.press("s")
    expect(page.locator(".compare-words")).to_have_text(f"{aligned} | {film}")
    page.keyboard.press("Escape")
    page.locator("#pane-rap_contrastive").focus()
    ask(page, "prior_cam")
    pane_of(page, "prior_cam")
    page.keyboard.press("-")
    expect(page.locator(f'.pane[data-layer="map:{MASK}"] .bar')).to_be_visible()
    expect(page.locator('.pane[data-layer="map:prior_cam"]')).to_have_count(0)
    page.keyboard.press("-")
    pane_of(page, "prior_cam")
    expect(page.locator("#evidence-saliency tbody tr")).not_to_have_count(0)  # of all maps this one always has some
    told = rows(page, "saliency")
    assert outside in told
    shares = [float(values[0].split()[0]) for values in list(told.values())[:6]]
    assert sum(shares) == pytest.approx(100, abs=4), "the first six share the film among them"


def test_a_phantom_from_the_upload_to_the_tables(page: Page, server: Server, chromium: Browser) -> None:
    phantom = chest.draw(1022, (FINDING,), size=256, marker=True, severity=0.6)
    url = analysed(server, chromium, dicom.encode(phantom, dicom.Header(number=41)))
    walked(page, url, ("Aligned film", "Film", "outside the body"))
    plain = shot(page, "film", 256)[0]
    aligned, lines = (shot(page, name.replace(".", "\\."), 256)[0] for name in (ALIGNED, LINES))
    assert np.abs(aligned - plain).mean() > 2, "the aligned film lies otherwise"
    coloured = np.ptp(lines, axis=2) > 40
    assert 0.005 < coloured.mean() < 0.2, "outlines are lines"
    case = Case(url.split("?")[0], phantom)
    entry = next(one for one in case.data["explanations"] if one["method"] == "chest-anatomy")
    expect(page.locator("#anatomy")).to_contain_text("Cardiothoracic ratio")
    assert page.locator("#anatomy dt").evaluate_all(BROKEN) == [], "no word is broken within"
    assert len(entry["rules"]) == 2
    # A region's name brings its outline into the active pane.
    if folded(page, "saliency"):
        page.locator("#evidence-saliency > summary").click()
    page.locator("#pane-layer_cam").focus()
    page.locator("#evidence-saliency .evidence-region").first.click()
    expect(page.locator('.pane[data-layer="map:regions"]')).to_have_count(1)


def test_what_a_reader_unfolded_stays_so_when_a_job_ends(page: Page, server: Server, chromium: Browser) -> None:
    url = analysed(server, chromium, dicom.encode(chest.draw(1031, (), size=256), dicom.Header(number=42)))
    page.goto(url)
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(6, timeout=ANALYSED_MS)
    page.locator("#evidence-lrp > summary").click()
    page.locator("#evidence-cam > summary").click()
    stood = {method: folded(page, method) for method in ("lrp", "cam", "saliency")}
    page.evaluate("document.getElementById('lying').dataset.old = 'yes'")
    page.locator(".finding", has=page.locator('input[value="Mass"]')).click()
    became(page, "() => document.querySelectorAll('#lying:not([data-old]) #evidence details').length >= 5")
    painted(page)
    assert {method: folded(page, method) for method in stood} == stood


def test_a_real_film_in_korean(open_page: Callable[..., Page], server: Server, chromium: Browser, real_data: Path) -> None:
    file = real_data / "chest" / "dicom" / "pa_jpeg_baseline.dcm"
    page = open_page(locale="ko-KR")
    walked(page, analysed(server, chromium, file.read_bytes()), ("정렬된 영상", "영상", "신체 밖"))
    expect(page.locator("#evidence")).to_contain_text("이 소견의 마스크 밖")
    expect(page.locator("#anatomy")).to_contain_text("심흉곽비")
