"""Room for the film: how much of the screen it gets, the reading mode, drawers beside the panes, the histogram's window."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.bench.viewer import FILM_SHARE
from tests.browser.cases import Case, painted, ready


def share(page: Page) -> float:
    """How much of the screen is film."""
    painted(page)
    return float(page.evaluate(FILM_SHARE))


def test_film_has_45_of_100_of_the_screen_and_60_in_reading_mode_which_lasts_from_case_to_case(
    open_page: Callable[..., Page], stored: Case
) -> None:
    page = open_page()
    page.goto(stored.url)
    ready(page)
    assert share(page) >= 0.45
    page.locator("#pane-cam").focus()
    page.keyboard.press("Shift+Q")
    expect(page.locator("#judge")).to_be_hidden()
    for said in (".research-strip", ".banner-name", "#pane-cam .bar-above", "#reading-leave"):
        expect(page.locator(said)).to_be_visible()
    assert share(page) >= 0.6
    page.reload()
    ready(page)
    assert share(page) >= 0.6
    page.keyboard.press("Escape")
    expect(page.locator("#reading-leave")).to_be_hidden()
    assert share(page) >= 0.45

    # A drawer takes its room beside the panes: they keep their height.
    high = page.locator("#pane-film .pane-view").bounding_box()
    page.locator("#whatif-open").click()
    expect(page.locator("#whatif")).to_be_visible()
    drawer, film = page.locator("#whatif").bounding_box(), page.locator("#pane-film .pane-view").bounding_box()
    assert high is not None
    assert drawer is not None
    assert film is not None
    assert film["height"] == high["height"]
    assert drawer["x"] > film["x"] + film["width"]
    # What is used more often stands above what is set once.
    order = [page.locator(one).bounding_box() for one in ("#judge", "#preset", ".measure-tools", "#copy-link", "#opacity")]
    tops = [box["y"] for box in order if box]
    assert len(tops) == 5
    assert tops == sorted(tops)


def test_the_window_lies_on_the_histogram_and_is_dragged_there(case: Page) -> None:
    histogram = case.locator("#histogram")
    expect(histogram).to_be_visible()
    window = case.locator("#pane-film .film-window")
    case.locator("#preset").select_option(index=0)
    painted(case)
    counts = case.locator(".histogram-counts").get_attribute("d") or ""
    assert len(set(counts.split("L"))) > 20, "a film has many greys"

    def values() -> tuple[float, float]:
        _, centre, _, width = window.inner_text().split()
        return float(centre), float(width)

    box = histogram.bounding_box()
    assert box is not None
    left_edge, middle, across = box["x"], box["y"] + box["height"] / 2, box["width"]

    def at(share: float) -> tuple[float, float]:
        return left_edge + across * share, middle

    band = case.locator(".histogram-window")
    left, wide = (float(band.get_attribute(name) or 0) / 100 for name in ("x", "width"))
    centre, width = values()
    case.mouse.move(*at(left + wide - 0.005))
    case.mouse.down()
    case.mouse.move(*at(left + wide - 0.205))
    case.mouse.up()
    painted(case)
    narrower = values()
    assert narrower[1] < width * 0.9
    assert narrower[0] < centre
    assert round(narrower[0] - narrower[1] / 2) == round(centre - width / 2), "the other end stays"
    histogram.focus()
    case.keyboard.press("ArrowRight")
    painted(case)
    assert values()[0] > narrower[0]
    assert values()[1] == narrower[1]
