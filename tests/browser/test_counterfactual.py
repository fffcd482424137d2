"""A counterfactual in a real browser: asked by a key, seen on the film in any strength, doubted in words, in both languages; of
a phantom, of a stack of a drawn exam while its slices are scrolled through, and where there is one of a real film."""

import re
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.phantoms import chest, dicom, knee
from app.phantoms.knee import dicom as exams
from tests.browser.cases import PATIENCE_S, Case, painted, ready, sent, until
from tests.browser.conftest import StartServer
from tests.browser.exams import full, pane, stands
from tests.changing import changing, changing_stacks

STATE = "#counterfactual-state"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Case:
    """A drawn large heart that a network has read for which there are a generator and a judge."""
    networks: Path = changing(tmp_path_factory.mktemp("changing"))
    server = start_server(models=str(networks))
    phantom = chest.draw(12, ("Cardiomegaly",), size=256)
    octets = dicom.encode(phantom, dicom.Header(number=zlib.crc32(b"counterfactual")))
    return Case(f"{sent(server.url, [('a.dcm', octets)], read=True)}?finding=Cardiomegaly", phantom)


def greys(page: Page) -> bytes:
    """What the pane of the film shows."""
    return page.locator("#pane-film .pane-view").screenshot()


def test_the_film_is_changed_by_a_slider_and_doubted_in_both_languages(page: Page, stored: Case) -> None:
    page.goto(stored.url)
    ready(page)
    page.keyboard.press("Shift+W")
    expect(page.locator("#counterfactual")).to_be_visible()
    expect(page.locator(STATE)).to_have_text(re.compile(r"^Made in \d+\.\d s\."), timeout=1000 * PATIENCE_S)
    expect(page.locator("#counterfactual-question")).to_contain_text("Cardiomegaly?")
    judges = page.locator("#counterfactual-networks li")
    expect(judges).to_have_count(2)
    expect(judges.nth(1)).to_contain_text("(judge)")
    assert page.locator("#counterfactual-curves polyline").count() == 2
    expect(page.locator("#counterfactual-figures")).to_contain_text("Cardiothoracic ratio")
    title = page.locator("#pane-film .pane-title")
    expect(title).to_have_text("Changed film, strength 1.00")
    changed = greys(page)
    mark = page.locator("#counterfactual-curves .at")
    first = mark.get_attribute("x1")
    page.locator("#counterfactual-strength").fill("1.5")
    expect(title).to_have_text("Changed film, strength 1.50")
    assert float(mark.get_attribute("x1") or 0) > float(first or 0)
    page.locator("#counterfactual-keep").click()
    expect(page.locator(STATE)).to_have_text(re.compile("^Kept at strength 1.50"))
    page.locator("#more > summary").click()
    page.locator('[data-more="counterfactual.change"]').click()
    drawn = page.locator('.pane[data-layer="map:counterfactual.change"]')
    expect(drawn).to_contain_text("darker")
    assert str(page.locator("#counterfactual-moving").get_attribute("href")).endswith("/film.webp")
    page.keyboard.press("x")
    expect(title).to_have_text("Film")
    plain = greys(page)
    assert plain != changed, "the changed film looks like the film"
    page.keyboard.press("x")
    expect(title).to_have_text("Changed film, strength 1.50")
    until(page, lambda: greys(page) != plain, "the film stayed as it was")
    page.locator('[data-direction="1"]').click()
    expect(page.locator("#counterfactual-question")).to_contain_text("for more of")
    expect(page.locator("#counterfactual-doubts li").first).to_be_visible()
    english = page.locator("#counterfactual-verdict").text_content()
    page.keyboard.press("Shift+W")
    expect(page.locator("#counterfactual")).to_be_hidden()
    expect(title).to_have_text("Film")

    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    ready(page)
    page.get_by_role("button", name="반사실 영상").click()
    expect(page.locator(STATE)).to_have_text(re.compile("초 걸림"), timeout=1000 * PATIENCE_S)
    expect(page.locator("#counterfactual-verdict")).not_to_have_text(english or "")


def test_slices_of_an_exam_are_changed_while_they_are_scrolled_through(
    page: Page, tmp_path_factory: pytest.TempPathFactory, start_server: StartServer
) -> None:
    server = start_server(models=str(changing_stacks(tmp_path_factory.mktemp("changing-stacks"))))
    files = exams.encode(knee.draw(8, ("ACL discontinuity",), size=96, slices=12))
    page.goto(f"{sent(server.url, files, read=True)}?finding=ACL%20tear")
    full(page)
    page.keyboard.press("Shift+W")
    expect(page.locator(STATE)).to_have_text(re.compile(r"Only the sagittal stack is changed"), timeout=1000 * PATIENCE_S)
    expect(page.locator("#counterfactual-unjudged")).to_be_visible()
    expect(page.locator("#counterfactual-verdict")).not_to_have_text("Nothing here speaks against it")
    expect(page.locator("#counterfactual-keep")).to_be_hidden()
    expect(page.locator('[data-direction="1"]')).to_be_disabled()
    expect(page.locator("#counterfactual-networks li")).to_have_count(1)
    strip, title = pane(page, 1).locator(".strip"), pane(page, 1).locator(".pane-title")
    strip.focus()
    changed = []
    page.keyboard.press("Home")
    for number in range(1, 13):
        until(page, lambda number=number: stands(page, 1) == number, "it did not scroll")  # type: ignore[misc]
        painted(page)
        if "strength 1.00" in str(title.text_content()):
            changed.append(number)
        if changed:
            break
        page.keyboard.press("ArrowRight")
    assert 1 < changed[0] < 12, "the first slice stays"
    expect(title).to_have_text("Changed slice, strength 1.00")
    page.locator("#counterfactual-strength").fill("1.5")
    expect(title).to_have_text("Changed slice, strength 1.50")
    view = pane(page, 1).locator(".pane-view")
    shown = view.screenshot()
    page.locator("#counterfactual-show").click()
    expect(title).not_to_have_text("Changed slice, strength 1.50")
    until(page, lambda: view.screenshot() != shown, "the changed slice looks like the slice")
    page.get_by_role("button", name="한국어").click()
    full(page)
    page.get_by_role("button", name="반사실 영상").click()
    expect(page.locator(STATE)).to_have_text(re.compile("시상면 스택만"), timeout=1000 * PATIENCE_S)


def test_a_real_film_is_followed_in_the_latent_space(page: Page, start_server: StartServer, real_data: Path) -> None:
    """By the networks of the product, in Korean: the film changes, and the page says what the network says of that."""
    server = start_server()
    octets = (real_data / "chest" / "dicom" / "pa_jpeg_baseline.dcm").read_bytes()
    page.context.add_cookies([{"name": "whylight-language", "value": "ko", "url": server.url}])
    page.goto(f"{sent(server.url, [('film.dcm', octets)], read=True)}?finding=Effusion&model=chest")
    ready(page)
    page.keyboard.press("Shift+W")
    expect(page.locator(STATE)).to_have_text(re.compile(r"초 걸림"), timeout=1000 * PATIENCE_S)
    expect(page.locator('#counterfactual [data-way="generator"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#counterfactual-networks li")).to_have_count(3)
    page.locator('#counterfactual [data-way="shift"]').click()
    expect(page.locator('#counterfactual [data-way="shift"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator(STATE)).to_have_text(re.compile(r"초 걸림"), timeout=1000 * PATIENCE_S)
    expect(page.locator("#counterfactual-networks li")).to_have_count(3)
    expect(page.locator("#counterfactual-verdict")).not_to_be_empty()
    title = page.locator("#pane-film .pane-title")
    expect(title).to_have_text("바꾼 영상, 세기 1.00")
    changed = greys(page)
    page.keyboard.press("x")
    expect(title).not_to_have_text("바꾼 영상, 세기 1.00")
    until(page, lambda: greys(page) != changed, "the changed film looks like the film")
