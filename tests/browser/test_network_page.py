"""A network's card in a real browser: it fits, its pictures are drawn in both themes, its contents lead where they say."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.config import ROOT
from tests.browser.conftest import Server, StartServer
from tests.measured import write_measured


@pytest.fixture(scope="module")
def told(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a network whose card says everything."""
    models: Path = tmp_path_factory.mktemp("models")
    write_measured(models)
    shutil.copy(ROOT / "models" / "compared.json", models)
    server: Server = start_server(models=str(models))
    return f"{server.url}/models/chest-measured"


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (480, 900)])
def test_a_card_fits_any_window(page: Page, told: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for language in ("English", "한국어"):
        page.goto(told)
        page.get_by_role("button", name=language).click()
        expect(page.locator("html")).to_have_attribute("lang", "en" if language == "English" else "ko")
        page.evaluate("document.querySelectorAll('details').forEach((group) => { group.open = true; })")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{wide} px too wide"
        if size[0] >= 1024:
            cut = page.evaluate(
                "[...document.querySelectorAll('.table-scroll')].map((box) => box.scrollWidth - box.clientWidth)"
            )
            assert all(pixels <= 0 for pixels in cut), f"a table is cut off: {cut}"


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_curves_and_points_are_seen_against_their_ground(page: Page, told: str, theme: str) -> None:
    page.goto(told)
    page.get_by_role("button", name=theme).click()
    expect(page.locator("html")).to_have_attribute("data-theme", theme.lower())
    for name, kind in ((".roc-line", "stroke"), (".reliability .value", "fill"), (".interval-value", "fill")):
        drawn = page.locator(name).first
        expect(drawn).to_be_visible()
        colours = drawn.evaluate(
            """(element, kind) => {
                const ground = element.closest(".card, .diagram, .table-scroll, body");
                return [getComputedStyle(element)[kind], getComputedStyle(ground).backgroundColor];
            }""",
            kind,
        )
        assert colours[0] not in {colours[1], "none", "rgb(0, 0, 0)"}, f"{name} in {theme}: {colours}"


def test_the_contents_lead_to_their_sections(page: Page, told: str) -> None:
    page.goto(told)
    for entry in page.locator(".contents a").all():
        entry.click()
        section = page.locator(entry.get_attribute("href") or "none")
        expect(section).to_be_in_viewport()
        bar = page.locator(".contents").bounding_box()
        top = section.bounding_box()
        assert bar
        assert top
        assert top["y"] >= bar["y"] + bar["height"] - 1, "the contents stay above and hide no heading"


def test_networks_beside_one_another_fit_and_the_names_stay_where_they_do_not(page: Page, told: str) -> None:
    page.goto(told.replace("/chest-measured", "/compared"))
    cut = "[...document.querySelectorAll('.table-scroll')].map((box) => box.scrollWidth - box.clientWidth)"
    assert all(pixels <= 0 for pixels in page.evaluate(cut)), "at 1440 pixels nothing is scrolled"
    assert "-" not in "".join(page.locator("td.number").all_inner_texts()), "minus signs, not hyphens"
    page.set_viewport_size({"width": 620, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    first = page.locator(".table-held").first
    before = first.locator("tbody th").first.bounding_box()
    scrolled = first.evaluate("(table) => { table.parentElement.scrollLeft = 200; return table.parentElement.scrollLeft; }")
    after = first.locator("tbody th").first.bounding_box()
    assert scrolled > 100
    assert before
    assert after
    assert abs(before["x"] - after["x"]) <= 1
