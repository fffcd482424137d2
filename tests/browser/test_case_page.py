"""The case page in a real browser: pixels and maps as the server computes them, mouse, keys, letters."""

import io
import json
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import FilePayload, Page, Route, expect

from app.domain import Extent, Window
from app.grey import apply_window, resample
from app.phantoms import chest, dicom
from tests.browser.cases import ANALYSED_MS, PANES, Case, became, drag, painted, ready, until
from tests.browser.conftest import Server


def seen(page: Page, method: str, scale: float = 1.0) -> tuple[NDArray[np.float64], Extent, tuple[slice, slice]]:
    """The screen, where the fitted 256 × 256 film lies on it, and the part of the screen that shows one pane's film."""
    page.evaluate("for (const e of document.querySelectorAll('.letter, .bar-told, .pane-words')) e.style.visibility = 'hidden'")
    painted(page)
    box = page.locator(f"#pane-{method} .pane-view").bounding_box()
    assert box is not None
    half = min(box["width"], box["height"]) / 2 * scale
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    inner = min(half, min(box["width"], box["height"]) / 2) - 2
    part = (slice(int(y - inner), int(y + inner)), slice(int(x - inner), int(x + inner)))
    screen = np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(np.float64)
    return screen, Extent(x - half, y - half, x + half, y + half), part


def differs(shown: NDArray[np.float64], expected: NDArray[np.float32], part: tuple[slice, slice]) -> NDArray[np.float64]:
    """By how many of 255 greys the screen differs from grey in [0, 1]."""
    return np.asarray(np.abs(shown[part][..., 1] - expected[part] * 255))


@pytest.mark.parametrize(("key", "place"), [(None, 0), ("2", 1), ("i", 0)])
def test_the_film_on_the_screen_is_the_grey_that_the_networks_see(
    case: Page, stored: Case, key: str | None, place: int
) -> None:
    if key:
        case.keyboard.press(key)
    entry = stored.data["stacks"][0]["images"][0]["windows"]
    screen, extent, part = seen(case, "film")
    values = resample(stored.phantom.pixels.astype(np.float32), extent, screen.shape[:2])
    if place < len(entry):
        told = entry[place]
        window = Window(told["centre"], told["width"], told["function"])
    else:
        low, high = np.percentile(stored.phantom.pixels, (0.5, 99.5))
        window = Window(float(low + high) / 2, float(high - low), "LINEAR_EXACT")
    expected = apply_window(values, window)
    wrong = differs(screen, 1 - expected if key == "i" else expected, part)
    assert np.percentile(wrong, 99.9) <= 2
    assert expected[part].std() > 0.05


def test_a_map_lies_where_the_server_says_with_bilinear_or_native_pixels(case: Page, stored: Case) -> None:
    entry, values = stored.values("layer_cam")
    for slider, value in (("opacity", 100), ("threshold", 0)):
        case.locator(f"#{slider}").fill(str(value))
    for button in ("Per map", "Full", "Off"):
        case.get_by_role("button", name=button, exact=True).click()
    case.locator('[data-set="evened"][value="false"]').click()
    for name, nearest in (("Smooth", False), ("Native", True)):
        case.get_by_role("button", name=name, exact=True).click()
        screen, film, part = seen(case, "layer_cam")
        scale = (film.right - film.left) / 256
        extent = Extent.of([*entry["extent"], *entry["reach"]]).seen_from(-film.left / scale, -film.top / scale, scale, scale)
        raw = np.repeat(np.repeat(values, 64, 0), 64, 1) if nearest else values
        expected = resample(raw, extent, screen.shape[:2])[part]
        coloured = np.ptp(screen[part], axis=2) > 12
        assert np.mean(coloured == (expected > 0)) > 0.98
        both = coloured & (expected > 0)
        assert both.sum() > 500
        brightness = screen[part][both] @ [0.2126, 0.7152, 0.0722]
        assert np.corrcoef(brightness, expected[both])[0, 1] > 0.98


def test_the_colour_bar_shows_the_raw_range(case: Page, stored: Case) -> None:
    entry, values = stored.values("lrp")
    assert entry["min"] == pytest.approx(float(values.min()))
    assert entry["max"] == pytest.approx(float(values.max()))
    label = case.locator("#pane-lrp .bar-colours").get_attribute("aria-label") or ""
    assert "without a unit" in label
    assert "fixed range: phantoms" in label
    case.get_by_role("button", name="Per map", exact=True).click()
    expect(case.locator("#pane-lrp .bar-colours")).to_have_attribute("aria-label", re.compile("99.5th percentile"))
    expect(case.locator("#pane-lrp .bar")).to_have_attribute("title", re.compile(r"Conservation error \de-\d"))
    expect(case.locator("#pane-cam .bar")).not_to_have_attribute("title", re.compile("Conservation"))
    case.get_by_role("button", name="Full", exact=True).click()
    expect(case.locator("#pane-lrp .bar-colours")).to_have_attribute("aria-label", re.compile(r"\(full range\)"))
    expect(case.locator("#pane-lrp .bar-range")).to_have_text(re.compile(r"−\d.* … \d"))


def test_a_map_that_speaks_against_the_finding_says_so_beside_its_colours(page: Page, stored: Case) -> None:
    notes = set()
    for score in stored.data["prediction"]["scores"]:
        page.goto(f"{stored.url}?finding={score['finding']}")
        expect(page.locator("#pane-rap_contrastive .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
        ready(page)
        for entry in json.loads(stored.read(f"/case.json?finding={score['finding']}"))["explanations"]:
            raw = stored.read(stored.url.split("/studies")[0] + entry["values_url"])
            against = entry["state"] == "ok" and np.frombuffer(raw, "<f4").sum(dtype=np.float64) < 0
            note = page.locator(f"#pane-{entry['method']} .bar-note")
            expected = "mostly against" if against else "finding unlikely" if score["probability"] < 0.1 else ""
            expect(note).to_have_text(expected)
            notes.add(expected)
        for bar in page.locator(".bar").all():
            assert bar.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), "a colour bar is cut off"
    assert notes == {"", "mostly against"}


def test_below_the_threshold_nothing_covers_the_film(case: Page) -> None:
    case.locator("#threshold").fill("95")
    few = coloured(case, "saliency")
    case.locator("#threshold").fill("0")
    assert few < coloured(case, "saliency") / 4
    case.keyboard.press("o")
    assert coloured(case, "saliency") == 0
    expect(case.locator("#overlays")).to_have_attribute("aria-checked", "false")


def coloured(page: Page, method: str) -> int:
    """How many pixels of a pane are not grey."""
    screen, _, part = seen(page, method)
    return int((np.ptp(screen[part], axis=2) > 12).sum())


def film_facts(page: Page) -> tuple[str, str]:
    """Window and scale as the film's pane says them."""
    painted(page)
    return page.locator("#pane-film .film-window").inner_text(), page.locator("#pane-film .film-scale").inner_text()


def test_left_drags_the_window_right_zooms_middle_moves_and_space_resets(case: Page) -> None:
    first = film_facts(case)
    drag(case, "cam", (0.4, 0.5), (0.7, 0.5))
    wider = film_facts(case)
    assert wider[0].split("W")[0] == first[0].split("W")[0]
    assert float(wider[0].split("W")[1]) > float(first[0].split("W")[1])
    assert wider[1] == first[1]
    drag(case, "cam", (0.5, 0.5), (0.5, 0.2), "right")
    assert float(film_facts(case)[1].strip("% ")) > float(first[1].strip("% ")) * 1.3
    before = seen(case, "film")[0]
    drag(case, "cam", (0.5, 0.5), (0.3, 0.5), "middle")
    assert np.abs(before - seen(case, "film")[0]).max() > 50
    assert film_facts(case)[0] == wider[0]
    case.keyboard.press("Space")
    assert film_facts(case) == first


def test_zoom_by_key_keeps_the_point_under_the_cursor(case: Page) -> None:
    case.keyboard.press("z")
    expect(case.locator("#zoom-tool")).to_have_attribute("aria-pressed", "true")
    drag(case, "film", (0.5, 0.5), (0.5, 0.25))
    assert not film_facts(case)[1].startswith("1 ")
    scale = float(film_facts(case)[1].strip("% ")) / 100 * 256
    box = case.locator("#pane-film .pane-view").bounding_box()
    assert box is not None
    screen, extent, part = seen(case, "film", scale / min(box["width"], box["height"]))
    assert screen.shape[2] == 3
    assert extent.right - extent.left > box["width"]
    assert screen[part].std() > 5
    case.keyboard.press("Escape")
    expect(case.locator("#zoom-tool")).to_have_attribute("aria-pressed", "false")


def letters(page: Page) -> list[str]:
    """The letters of the film's pane: left, top, right, bottom."""
    painted(page)
    return [page.locator(f"#pane-film .letter-{side}").inner_text() for side in ("left", "top", "right", "bottom")]


def test_letters_move_with_flips_and_rotations(case: Page, stored: Case) -> None:
    left, top, right, bottom = stored.data["stacks"][0]["images"][0]["orientation"]
    assert (left, right) == ("R", "L")
    assert letters(case) == [left, top, right, bottom]
    case.keyboard.press("h")
    assert letters(case) == [right, top, left, bottom]
    case.keyboard.press("r")
    assert letters(case) == [bottom, right, top, left]
    case.keyboard.press("l")
    case.keyboard.press("v")
    assert letters(case) == [right, bottom, left, top]
    case.keyboard.press("Space")
    assert letters(case) == [left, top, right, bottom]


def test_a_flip_mirrors_the_pixels_and_the_letters_alike(case: Page) -> None:
    before, _, part = seen(case, "film")
    case.keyboard.press("h")
    after, _, part = seen(case, "film")
    # A pane of an odd width has its middle between two pixels: the mirrored film may lie one of them aside.
    mirrored = [np.roll(before[part][:, ::-1], step, 1)[:, 2:-2] for step in (-1, 0, 1)]
    assert min(np.abs(each - after[part][:, 2:-2]).mean() for each in mirrored) < 3
    assert np.abs(before[part] - after[part]).mean() > 5


def test_keys_reach_every_pane_and_enlarge_one(case: Page) -> None:
    case.locator("#pane-film").focus()
    case.keyboard.press("ArrowRight")
    expect(case.locator("#pane-cam")).to_be_focused()
    case.keyboard.press("ArrowDown")
    expect(case.locator("#pane-lrp")).to_be_focused()
    case.keyboard.press("Home")
    case.keyboard.press("End")
    expect(case.locator("#pane-rap_contrastive")).to_be_focused()
    case.keyboard.press("m")
    expect(case.locator(".pane:visible")).to_have_count(1)
    case.keyboard.press("Escape")
    expect(case.locator(".pane:visible")).to_have_count(PANES)
    case.locator("#pane-lrp .pane-view").dblclick()
    expect(case.locator(".pane:visible")).to_have_count(1)
    expect(case.locator("#pane-lrp")).to_be_visible()


def test_the_list_of_keys_opens_and_single_keys_can_be_switched_off(case: Page) -> None:
    case.keyboard.press("?")
    expect(case.locator("#keys")).to_be_visible()
    case.locator("#single-keys").uncheck()
    case.keyboard.press("Escape")
    before = film_facts(case)
    case.keyboard.press("i")
    expect(case.locator("#invert")).to_have_attribute("aria-pressed", "false")
    case.locator("#show-keys").click()
    case.locator("#single-keys").check()
    case.get_by_role("button", name="Close").click()
    case.keyboard.press("i")
    expect(case.locator("#invert")).to_have_attribute("aria-pressed", "true")
    assert film_facts(case) == before


def test_another_finding_is_computed_and_swaps_every_pane(case: Page, stored: Case) -> None:
    first = stored.data["finding"]
    chosen = case.locator(".finding input:checked")
    chosen.focus()
    case.keyboard.press("ArrowDown")
    expect(case.locator("#pane-rap_contrastive .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    ready(case)
    assert f"finding={first}" not in case.url
    assert "model=" not in case.url
    told = dict(json.loads(stored.read(f"/case.json?{case.url.split('?')[1]}")))
    assert told["finding"] != first
    assert {entry["finding"] for entry in told["explanations"]} == {told["finding"]}
    case.reload()
    ready(case)
    expect(case.locator(".finding input:checked")).to_have_value(told["finding"])


class Held:
    """Requests that wait until they are let go; later ones go through."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.open = False

    def __call__(self, route: Route) -> None:
        if self.open:
            route.continue_()
        else:
            self.routes.append(route)

    def let_go(self) -> None:
        """What waits goes on."""
        self.open = True
        for route in self.routes:
            route.continue_()


def test_nothing_moves_while_maps_arrive(page: Page, stored: Case) -> None:
    page.route("**/pixels", held := Held())  # all else stands before the film comes
    page.goto(stored.url)
    until(page, lambda: bool(held.routes))
    painted(page)
    before = [one.bounding_box() for one in page.locator(".pane-view, .side-tools .tool").all()]
    held.let_go()
    ready(page)
    assert [one.bounding_box() for one in page.locator(".pane-view, .side-tools .tool").all()] == before
    shift = page.evaluate(
        """() => {
            const observer = new PerformanceObserver(() => {});
            observer.observe({ type: "layout-shift", buffered: true });
            return observer.takeRecords().reduce((sum, entry) => sum + entry.value, 0);
        }"""
    )
    assert shift < 0.01


def test_wheel_and_keys_move_through_the_images_of_a_stack(page: Page, small_server: Server) -> None:
    films = []
    for number in range(1, 5):
        film = dicom.dataset(chest.draw(90 + number, ("Nodule",), size=128))
        film.StudyInstanceUID, film.SeriesInstanceUID, film.PatientID = "1.2.826.0.1.9", f"1.2.826.0.1.9.{number // 4}", "STACK"
        film.InstanceNumber = number
        octets = io.BytesIO()
        film.save_as(octets, enforce_file_format=True)
        films.append(FilePayload(name=f"{number}.dcm", mimeType="application/dicom", buffer=octets.getvalue()))
    page.goto(f"{small_server.url}/upload")
    page.locator("#files").set_input_files(films)
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}"))
    expect(page.locator("#pane-film .pane-place")).to_have_text("1 / 3 · no. 1")
    expect(page.locator("#job")).to_have_attribute("data-state", "done", timeout=ANALYSED_MS)
    page.locator("#report-close").click()
    expect(page.locator(".finding input:checked")).to_have_count(1)
    assert "?" not in page.url, "the address pins what the reader did not choose"
    page.locator("#pane-film .pane-view").hover()
    page.mouse.wheel(0, 120)
    expect(page.locator("#pane-film .pane-place")).to_have_text("2 / 3 · no. 2")
    late: list[Route] = []
    page.route("**/case.json?*", lambda route: route.continue_() if late else late.append(route))
    page.keyboard.press("End")
    expect(page.locator("#pane-film .pane-place")).to_have_text("3 / 3 · no. 3")
    page.mouse.wheel(0, 120)
    painted(page)
    expect(page.locator("#pane-film .pane-place")).to_have_text("3 / 3 · no. 3")
    expect(page.locator("#pane-film .pane-state")).to_have_attribute("data-state", "full")
    page.locator("#pane-film").focus()
    until(page, lambda: bool(late))
    answer = late[0].fetch()
    page.keyboard.press("ArrowUp")
    late[0].fulfill(response=answer)  # what was asked about the third arrives when the second is shown
    expect(page.locator("#pane-film .pane-place")).to_have_text("2 / 3 · no. 2")
    expect(page.locator("#pane-cam .verdict").first).to_be_enabled(timeout=ANALYSED_MS)
    ready(page)
    told = page.evaluate("fetch(location.pathname + '/case.json' + location.search).then((answer) => answer.json())")
    assert told["image"] == told["stacks"][0]["images"][1]["id"]
    assert page.locator(".finding").count() == len(told["prediction"]["scores"])
    page.locator("#pane-film .pane-series").select_option(index=1)
    expect(page.locator("#pane-film")).to_have_attribute("data-stack", told["stacks"][1]["id"])
    expect(page.locator("#pane-film .pane-place")).to_have_text("")
    became(page, "(image) => location.search.includes(image)", told["stacks"][1]["images"][0]["id"])
    expect(page.locator("#pane-cam .verdict").first).to_be_enabled(timeout=ANALYSED_MS)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_the_whole_comparison_fits_the_screen(page: Page, stored: Case, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(stored.url)
    ready(page)
    for pane in page.locator(".pane").all():
        box = pane.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width + 1
        assert box["y"] + box["height"] <= height + 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator(".verdict").all():
        assert button.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), "a verdict's name is cut off"
    for bar in page.locator(".bar").all():
        assert bar.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), "a colour bar's range is cut off"


def test_without_webgl2_the_server_draws(page: Page, stored: Case) -> None:
    page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, "
        "{ apply: (f, c, a) => (a[0] === 'webgl2' ? null : Reflect.apply(f, c, a)) })"
    )
    page.goto(stored.url)
    expect(page.locator("#pane-lrp .bar-above")).to_have_text("for")
    for control in ("#opacity", "#threshold", "#preset", "#invert", "#blink"):
        expect(page.locator(control)).to_be_disabled()
        expect(page.locator(control)).to_have_attribute("title", re.compile("WebGL2"))
    # What is drawn lies where it belongs, whatever words the server's picture of a map has below its film.
    page.locator("#draw").click()
    drag(page, "lrp", (0.5, 0.5), (0.6, 0.6))
    shape, picture = (page.locator(f"#pane-lrp {one}").first.bounding_box() for one in (".region", "img.pane-preview"))
    film, view = page.locator("#pane-film img.pane-preview").bounding_box(), page.locator("#pane-lrp .pane-view").bounding_box()
    assert shape is not None
    assert picture is not None
    assert film is not None
    assert view is not None
    assert abs(picture["width"] - film["width"]) < 1, "a map's picture is as large as the film's"
    assert picture["height"] > film["height"], "and its words lie below"
    assert abs(picture["y"] - view["y"] - (film["y"] - page.locator("#pane-film .pane-view").bounding_box()["y"])) < 1  # type: ignore[index]
    assert abs(shape["x"] - (view["x"] + view["width"] / 2)) < 3
    page.keyboard.press("Escape")
    page.keyboard.press("=")
    expect(page.locator("#stage-notice")).to_contain_text("WebGL2")
    shown = page.locator("#pane-layer_cam .pane-preview")
    expect(shown).to_have_attribute("src", re.compile("overlay.png"))
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
