"""What a reader asks for besides, in a real browser: another method, a map's spread, its randomised twin to blink against."""

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.cases import ANALYSED_MS, Case, painted
from tests.browser.test_permalink import made, restored

BLINK_MS = 700


def ask(page: Page, name: str) -> None:
    """Open the menu and press an entry."""
    page.locator("#more > summary").click()
    page.locator(f'#more-list [data-more="{name}"]').click()
    expect(page.locator("#more")).not_to_have_attribute("open", "")


def pane_of(page: Page, name: str) -> str:
    """The selector of the pane that shows a layer, once its map is there."""
    pane = f'.pane[data-layer="map:{name}"]'
    expect(page.locator(pane)).to_have_count(1)
    expect(page.locator(f"{pane} .bar")).to_be_visible(timeout=ANALYSED_MS)
    return pane


def test_the_menu_names_other_methods_and_the_variants_of_the_active_panes_map(case: Page, stored: Case) -> None:
    case.locator("#pane-film").focus()
    case.locator("#more > summary").click()
    names = case.locator("#more-list [data-more]").evaluate_all("(all) => all.map((e) => e.dataset.more)")
    assert {"gradcam", "rise", "expected_gradients", "occlusion"} <= set(names)
    assert not [name for name in names if "." in name], "the film has no spread"
    case.keyboard.press("Escape")
    case.locator("#pane-lrp").focus()
    case.locator("#more > summary").click()
    expect(case.locator('#more-list [data-more="lrp.sd"]')).to_have_text("LRP, SD over noise")
    names = case.locator("#more-list [data-more]").evaluate_all("(all) => all.map((e) => e.dataset.more)")
    assert [name for name in names if "." in name] == [
        f"lrp.{variant}" for variant in ("mean", "sd", "random-5", "random-25", "random-100")
    ]
    assert [entry["method"] for entry in stored.data["explanations"]] == [
        "cam",
        "layer_cam",
        "saliency",
        "lrp",
        "rap_contrastive",
    ]


def test_a_spread_and_a_randomised_twin_come_beside_the_map_and_blink_against_it(case: Page, stored: Case) -> None:
    case.locator("#pane-lrp").focus()
    ask(case, "lrp.sd")
    spread = pane_of(case, "lrp.sd")
    expect(case.locator("#pane-lrp")).to_be_visible()
    expect(case.locator(f"{spread} .verdicts")).to_be_hidden()
    entry, values = stored.values("lrp.sd")
    assert entry["scale"] == "positive"
    assert values.min() >= 0
    assert values.max() > 0
    case.locator("#pane-lrp").focus()
    ask(case, "lrp.random-100")
    twin = pane_of(case, "lrp.random-100")
    expect(case.locator(f"{twin} .pane-caution")).to_be_visible()
    expect(case.locator(f"{twin} .caution-words")).to_contain_text("(seed 0)")
    plain, random = stored.values("lrp")[1], stored.values("lrp.random-100")[1]
    assert abs(np.corrcoef(plain.ravel(), random.ravel())[0, 1]) < 0.9, "it is the map of another network"
    case.keyboard.press("b")
    expect(case.locator("#said")).to_have_text("Blink between LRP, all random and LRP")
    expect(case.locator(".compare-words")).to_have_text("LRP", timeout=10 * BLINK_MS)
    case.keyboard.press("b")


def test_another_method_comes_into_the_active_pane_and_says_what_it_is(case: Page, stored: Case) -> None:
    case.locator("#pane-saliency").focus()
    ask(case, "gradcam")
    pane = pane_of(case, "gradcam")
    expect(case.locator(f"{pane} .bar-told")).to_contain_text("The same map as CAM, scaled")
    expect(case.locator("#pane-saliency")).to_have_count(0)
    cam, gradcam = stored.values("cam")[1], stored.values("gradcam")[1]
    np.testing.assert_allclose(gradcam * cam.size, cam, rtol=1e-3, atol=1e-4 * float(abs(cam).max()))
    expect(case.locator(f"{pane} .verdict-right")).to_be_enabled()


def test_what_was_asked_for_stands_in_the_list_and_opens_no_pane_by_itself(case: Page, stored: Case) -> None:
    case.locator("#pane-cam").focus()
    ask(case, "cam.mean")
    pane_of(case, "cam.mean")
    view = case.evaluate("() => document.querySelectorAll('.pane').length")
    case.goto(stored.url)
    painted(case)
    expect(case.locator('.chip[data-layer="map:cam.mean"]')).to_have_count(1)
    assert view == case.locator(".pane").count() == 6
    expect(case.locator('.pane[data-layer="map:cam.mean"]')).to_have_count(0)
    assert len(case.locator("#matrix tbody tr").all()) == 5, "what is no evidence of its own is not compared"


def test_a_link_with_a_layer_that_is_not_there_asks_for_it(page: Page, stored: Case) -> None:
    assert "rap.random-5" not in {entry["method"] for entry in stored.data["explanations"]}
    layout = {"rows": 1, "columns": 2, "layers": ["map:rap", "map:rap.random-5"]}
    page.goto(stored.url + made({"panes": {"layout": layout}}))
    restored(page)
    pane_of(page, "rap.random-5")
    expect(page.locator(".pane")).to_have_count(2)
