"""How maps are drawn, in a real browser: as numpy draws them, in words under their colours, and as the reader wants it."""

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from app import render
from app.domain import Extent, Image, Window, frozen
from app.web.printing import plates
from app.web.printing.view import View
from tests.browser.cases import Case, painted
from tests.films import layer

METHODS = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")


LOOKS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {}),
    ({"edge": "lines"}, {"edge": "lines"}),
    ({"edge": "hard", "scale": "map"}, {"edge": "hard", "fixed": False}),
    ({"evened": "false"}, {"evened": False}),
    ({"alone": "true"}, {"alone": True}),
]
"""Buttons that are pressed, and how maps are drawn then."""


def screen(page: Page, method: str) -> NDArray[np.uint8]:
    """A pane's picture without what lies over it."""
    page.evaluate(
        "for (const e of document.querySelectorAll('.letter, .bar-told, .pane-words, .pane-window'))"
        " e.style.visibility = 'hidden'"
    )
    painted(page)
    octets = page.locator(f"#pane-{method} .pane-view").screenshot()
    return np.asarray(Picture.open(io.BytesIO(octets)).convert("RGB"))


def expected(stored: Case, method: str, shape: tuple[int, ...], **looks: Any) -> NDArray[np.uint8]:
    """The same pane by numpy."""
    window = stored.data["stacks"][0]["images"][0]["windows"][0]
    opened = Window(window["centre"], window["width"], window["function"])
    image = Image("1", 1, frozen(stored.phantom.pixels), windows=(opened,))
    view = View(**looks)
    size = (shape[1], shape[0])
    if method == "film":
        return plates.draw(image, view, size)
    entry, values = stored.values(method)
    told = next(one for one in stored.data["methods"] if one["name"] == method)
    how = {name: entry["drawing"][name] for name in ("high", "evened", "source", "probability", "sigma", "pixels")}
    known = render.Known(**how, influence=told["influence"])
    drawn = layer(values, Extent.of([*entry["extent"], *entry["reach"]]), scale=entry["scale"])
    return plates.draw(image, view, size, render.over(drawn, 0, known, plates.look(view, size)))


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """In which share of blocks of 4 × 4 pixels two pictures differ: panes may stand half a pixel apart."""
    rows, columns = (length // 4 for length in one.shape[:2])
    blocks = [
        picture[: 4 * rows, : 4 * columns].astype(np.float64).reshape(rows, 4, columns, 4, 3).mean(axis=(1, 3))[1:-1, 1:-1]
        for picture in (one, other)
    ]
    return float(np.mean(np.abs(blocks[0] - blocks[1]).max(axis=2) > 10))


def press(page: Page, **settings: str) -> None:
    """Presses the buttons of settings at the side."""
    for name, value in settings.items():
        page.locator(f'[data-{name}="{value}"]' if name == "scale" else f'[data-set="{name}"][value="{value}"]').click()


@pytest.mark.parametrize(
    ("pressed", "looks"), LOOKS, ids=["as it opens", "lines", "hard edges of its own range", "raw pixels", "alone"]
)
def test_the_shader_draws_what_numpy_draws(case: Page, stored: Case, pressed: dict[str, str], looks: dict[str, Any]) -> None:
    press(case, **pressed)
    for method in METHODS:
        seen = screen(case, method)
        mine = apart(expected(stored, method, seen.shape, **looks), seen)
        assert mine < (0.2 if "edge" in looks else 0.05), method
        others = [apart(expected(stored, method, seen.shape, **other), seen) for _, other in LOOKS]
        assert mine <= min(others) + 0.005, f"{method} is drawn another way"


def test_every_pane_says_what_its_ends_mean_and_how_it_is_drawn(case: Page, stored: Case) -> None:
    ends = {method: (f"#pane-{method} .bar-below", f"#pane-{method} .bar-above") for method in METHODS}
    wanted = dict.fromkeys(METHODS, ("against", "for"))
    wanted |= {"rap_contrastive": ("less", "more"), "layer_cam": ("none", "for"), "saliency": ("none", "strong")}
    for method, (below, above) in ends.items():
        expect(case.locator(below)).to_have_text(wanted[method][0])
        expect(case.locator(above)).to_have_text(wanted[method][1])
    told = case.locator("#pane-lrp .bar-told")
    expect(told).to_have_text(
        re.compile(r"^(fixed range: phantoms|range of this map)( · faded to .*)?( · smoothed at \d+ px)?$")
    )
    press(case, scale="map", fading="false")
    expect(told).to_have_text(re.compile("^range of this map · not faded"))
    case.locator("#pane-lrp .bar-told").hover()
    assert told.evaluate("(line) => getComputedStyle(line).whiteSpace") == "normal", "a long line opens"
    view = case.locator("#pane-lrp .pane-view").bounding_box()
    open_ = told.bounding_box()
    assert view
    assert open_
    assert open_["y"] + open_["height"] < view["y"] + 0.45 * view["height"], "and leaves the film's middle free"
    case.get_by_role("button", name="Full", exact=True).click()
    expect(told).to_have_text(re.compile("^full range of this map"))
    press(case, scale="shared")
    expect(told).to_have_text(re.compile("one range for all maps"))
    assert case.locator("#pane-film .bar-told").inner_text() == ""
    # A strip of layers that does not fit shades off where there are more, and the wheel goes along it.
    strip = case.locator("#layers")
    case.set_viewport_size({"width": 1100, "height": 900})
    strip.evaluate("(strip) => { strip.style.flex = '0 0 8rem'; }")
    expect(strip).to_have_attribute("data-after", "")
    strip.hover()
    case.mouse.wheel(0, 4000)
    expect(strip).to_have_attribute("data-before", "")
    expect(strip).not_to_have_attribute("data-after", "")


def test_a_map_of_influence_has_colours_of_its_own_where_the_reader_wants_them(case: Page, stored: Case) -> None:
    case.locator("#colours-influence").select_option("puor")
    press(case, fading="false")
    own = "rap_contrastive"
    for method in (own, "lrp"):
        seen = screen(case, method)
        wanted = expected(stored, method, seen.shape, influence="puor", fading=False)
        assert apart(wanted, seen) < 0.05, method
    assert not np.array_equal(expected(stored, own, (90, 90), influence="puor"), expected(stored, own, (90, 90)))


def test_the_probe_keeps_to_the_raw_map(case: Page, stored: Case) -> None:
    _, values = stored.values("saliency")
    case.locator("#pane-saliency .pane-view").hover()
    cell = case.locator('#probe [data-method="saliency"]')
    expect(cell).to_have_attribute("data-value", re.compile(r"\d"))
    read = float(cell.get_attribute("data-value") or "nan")
    assert np.isclose(values, read).any(), json.dumps(read)
