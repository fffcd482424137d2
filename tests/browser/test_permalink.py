"""The link to a view: everything that a reader can set comes back, and a link that is old, cut or made up does no harm."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cases import ANALYSED_MS, Case, drag, painted, ready, until


def view_of(link: str) -> dict[str, Any]:
    """What a link says."""
    text = link.split("#view=1.")[1]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def made(state: object, version: int = 1) -> str:
    """A fragment with this view."""
    text = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
    return f"#view={version}.{text}"


def restored(page: Page) -> None:
    """Wait until the address's view has been read."""
    expect(page.locator("html")).to_have_attribute("data-view", "restored")


def copied(page: Page) -> str:
    """The link of the view, as the page copies it."""
    page.keyboard.press("c")
    expect(page.locator("#link-state")).to_have_text(re.compile("Link copied|is in the field"))
    return page.locator("#link-field").evaluate("(field) => field.value")  # type: ignore[no-any-return]


CONTROLS = """() => {
    const value = (id) => document.getElementById(id).value;
    const pressed = (selector) => [...document.querySelectorAll(selector)].map((e) => e.getAttribute('aria-pressed'));
    return {
        sliders: ['opacity', 'threshold', 'colours-unsigned', 'colours-signed', 'colours-influence', 'preset'].map(value),
        choices: pressed('[data-set], [data-scale]'),
        invert: pressed('#invert'),
        overlays: document.getElementById('overlays').getAttribute('aria-checked'),
        window: document.querySelector('.film-window').textContent,
        places: [...document.querySelectorAll('.pane[data-large] .measure-line')].map(
            (e) => e.getAttribute('points').split(/[ ,]/).map(Math.round).join(' ')),
        letters: [...document.querySelectorAll('.pane[data-large] .letter')].map((e) => e.textContent),
        large: [...document.querySelectorAll('.pane[data-large]')].map((e) => e.id),
        active: document.querySelector('.pane[data-active]').id,
        finding: document.querySelector('.finding input:checked').value,
        measures: [...document.querySelectorAll('.measure-name')].map((e) => e.textContent),
    };
}"""


def test_a_link_brings_every_control_back(case: Page, stored: Case, open_page: Callable[..., Page]) -> None:
    case.locator("#opacity").fill("80")
    case.locator("#threshold").fill("10")
    case.locator("#colours-unsigned").select_option("magma")
    case.locator("#colours-signed").select_option("berlin")
    case.locator("#colours-influence").select_option("puor")
    for name in ("Native", "Shared", "Full", "Lines", "Raw", "Off"):
        case.get_by_role("button", name=name, exact=True).click()
    case.locator("[data-measure-tool=length]").click()
    drag(case, "film", (0.4, 0.4), (0.6, 0.5))
    case.keyboard.press("Escape")
    drag(case, "cam", (0.4, 0.5), (0.55, 0.6))
    drag(case, "cam", (0.5, 0.5), (0.5, 0.3), "right")
    drag(case, "cam", (0.5, 0.5), (0.4, 0.45), "middle")
    for key in ("h", "r", "i", "o"):
        case.keyboard.press(key)
    case.locator("#pane-lrp").focus()
    case.keyboard.press("m")
    painted(case)
    before = case.evaluate(CONTROLS)
    assert before["large"] == ["pane-lrp"]
    assert len(before["measures"]) == 1
    link = copied(case)
    assert link.startswith(f"{stored.url}#view=1.")
    assert len(link) < 1000
    told = view_of(link)
    assert told["at"] | {"version": ""} == {
        **{name: stored.data[name] for name in ("image", "model", "finding")},
        "version": "",
    }
    for word in ("PHANTOM", "PH-", "1970"):
        assert word not in json.dumps(told)

    other = open_page()
    other.goto(link)
    restored(other)
    until(other, lambda: other.evaluate(CONTROLS) == before, "the link did not bring every control back")
    expect(other.locator("#link-notice")).to_be_hidden()
    assert view_of(copied(other)) == told, "a link of a restored view says the same"
    other.keyboard.press("Space")
    other.evaluate("(hash) => { location.hash = hash; }", made(told))
    until(other, lambda: other.evaluate(CONTROLS) == before, "the same page takes a link that is put into its address")
    case.locator(".measure-remove").click()


def test_a_link_to_another_finding_shows_that_finding(page: Page, stored: Case) -> None:
    scores = stored.data["prediction"]["scores"]
    other = next(score["finding"] for score in scores if score["finding"] != stored.data["finding"])
    at = {"image": stored.data["image"], "model": stored.data["model"], "finding": other, "version": ""}
    page.goto(stored.url + made({"at": at, "display": {"invert": True}}))
    expect(page.locator("#pane-rap_contrastive .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    restored(page)
    expect(page.locator(".finding input:checked")).to_have_value(other)
    expect(page.locator("#invert")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#link-notice")).to_be_hidden()


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ({"version": "ab" * 32}, "has changed since this link was made: it was version abababab"),
        ({"finding": "Elephant"}, "“Elephant”, is not one that this network knows"),
        ({"model": "gone"}, "“gone”, is not here"),
        ({"image": "aaaaaaaaaaaa"}, "is not in this study any more"),
    ],
)
def test_a_link_to_what_is_no_more_says_so_and_shows_what_there_is(
    page: Page, stored: Case, at: dict[str, str], said: str
) -> None:
    told = stored.data
    whole = {name: told[name] for name in ("image", "model", "finding")} | {"version": told["prediction"]["model_sha256"]}
    page.goto(stored.url + made({"at": whole | at, "display": {"invert": True}}))
    ready(page)
    restored(page)
    expect(page.locator("#link-words")).to_contain_text(said)
    expect(page.locator("#invert")).to_have_attribute("aria-pressed", "true")
    page.locator("#link-close").click()
    expect(page.locator("#link-notice")).to_be_hidden()


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("#view=1.%%%", "damaged"),
        ("#view=1.bm90IGpzb24", "damaged"),
        ("#view=", "damaged"),
        (made([1, 2]), "damaged"),
        (made({}, version=7), "newer version"),
        (made({"display": {"opacity": "much", "window": {"centre": "NaN"}, "view": {"zoom": 1e9}}}), "left out"),
        (
            made({"display": {"set": 5, "view": {"zoom": 2, "x": 0.5, "y": 0.5, "turn": [2, 0, 0, 1]}}}),
            "left out",
        ),
        (made({"measures": [[0, 1, 2], [9, 1, 2, 3, 4], "x", [0, -5, 0, 9, 9]], "panes": 5}), "left out"),
        (made({"panes": {"large": "pane-tea-leaves"}}), "not on this page"),
        (made({"something": {"of": "the future"}}), ""),
    ],
)
def test_a_broken_link_shows_the_case_and_a_sentence(page: Page, stored: Case, fragment: str, said: str) -> None:
    page.goto(stored.url + fragment)
    ready(page)
    restored(page)
    if said:
        expect(page.locator("#link-words")).to_contain_text(said)
    else:
        expect(page.locator("#link-notice")).to_be_hidden()
    expect(page.locator("#opacity")).to_have_value("55")
    page.keyboard.press("i")
    expect(page.locator("#invert")).to_have_attribute("aria-pressed", "true")


def test_measures_of_a_link_that_were_removed_are_shown_and_not_stored(page: Page, stored: Case) -> None:
    page.goto(stored.url + made({"measures": [[0, 20, 30, 80, 90]]}))
    ready(page)
    restored(page)
    expect(page.locator(".measure-name")).to_contain_text("from the link, not stored")
    expect(page.locator("#pane-cam .measure-linked")).to_have_count(1)
    assert json.loads(stored.read(stored.url.replace("/studies/", "/api/v1/studies/") + "/measures")) == []


def test_a_link_brings_the_panes_and_their_layers_even_of_a_layout_that_the_browser_keeps(
    case: Page, open_page: Callable[..., Page]
) -> None:
    def layers(page: Page) -> list[str]:
        return page.eval_on_selector_all(".pane", "(panes) => panes.map((pane) => pane.dataset.layer)")  # type: ignore[no-any-return]

    first = layers(case)
    case.keyboard.press("g")
    case.locator('.layout-cell[data-rows="1"][data-columns="2"]').click()
    case.locator("#layout-name").fill("Two")
    with case.expect_response(re.compile("/api/v1/layouts/")):
        case.locator("#layout-name").press("Enter")
    case.reload()
    expect(case.locator(".pane")).to_have_count(2)  # the layout chosen last opens again
    expect(case.locator('.pane-state[data-state="full"]')).to_have_count(2)
    two = layers(case)
    link = copied(case)
    assert view_of(link)["panes"]["layout"] == {"rows": 1, "columns": 2, "layers": two}
    other = open_page()
    other.goto(link)
    restored(other)
    assert layers(other) == two != first
    case.keyboard.press("g")
    with case.expect_response(re.compile("/api/v1/layouts/")):
        case.get_by_role("button", name="Remove layout “Two”").click()


def test_a_link_brings_pin_overlap_and_what_if_back(case: Page, stored: Case, open_page: Callable[..., Page]) -> None:
    case.locator("#pane-lrp").focus()
    case.keyboard.press("p")
    case.keyboard.press("Shift+ArrowRight")
    case.locator("#top-share").fill("17")
    case.locator("#overlap").click()
    case.keyboard.press("w")
    case.locator("[data-paint=rectangle]").click()
    drag(case, "film", (0.4, 0.4), (0.55, 0.6))
    case.locator("[data-fill=mean]").click()
    expect(case.locator("#whatif-state")).to_have_text(re.compile("Answered in"))
    link = copied(case)
    told = view_of(link)
    assert told["probe"] == [128 + 10, 128]
    assert (told["display"]["top"], told["display"]["overlap"]) == (0.17, True)
    assert (told["whatif"]["fill"], len(told["whatif"]["areas"])) == ("mean", 1)

    other = open_page()
    other.goto(link)
    restored(other)
    expect(other.locator("#probe [data-probe=point]")).to_contain_text("138, 128")
    expect(other.locator("#probe")).to_have_attribute("data-pinned", "")
    expect(other.locator("#top-share")).to_have_value("17")
    expect(other.locator("#overlap")).to_have_attribute("aria-checked", "true")
    expect(other.locator("#whatif-state")).to_have_text(re.compile("Answered in"))
    expect(other.locator("#whatif-changes .change")).to_have_text(case.locator("#whatif-changes .change").all_text_contents())
    assert view_of(copied(other)) == told


def test_a_link_with_a_made_up_pin_or_what_if_does_no_harm(page: Page, stored: Case) -> None:
    page.goto(
        stored.url + made({"probe": [1e9, "x"], "whatif": {"areas": [{"kind": "brush", "points": "all"}], "fill": "mean"}})
    )
    ready(page)
    restored(page)
    expect(page.locator("#link-words")).to_contain_text("left out")
    expect(page.locator("#whatif")).to_be_hidden()
    expect(page.locator("#probe")).not_to_have_attribute("data-pinned", "")


def test_the_active_pane_is_the_same_after_a_reload(case: Page) -> None:
    case.locator("#pane-lrp").focus()
    case.reload()
    ready(case)
    expect(case.locator(".pane[data-active]")).to_have_id("pane-lrp")
    expect(case.locator("#judge-title")).to_contain_text("LRP")
