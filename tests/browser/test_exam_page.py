"""The exam page on a phantom knee: three stacks side by side, scrolled, windowed and moved as readers expect."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.conftest import Server, Watch
from tests.browser.exams import at, crossed, full, letters, pane, stands, uploaded
from tests.browser.test_accessibility import faults

SLICES = 22


@pytest.fixture(scope="module")
def exam(small_server: Server, chromium: Browser) -> str:
    """A phantom exam whose files came in any order, under names that say nothing."""
    files = dicom.encode(knee.draw(31, ("ACL discontinuity",), size=96, slices=SLICES))
    order = np.random.default_rng(1).permutation(len(files))
    return uploaded(chromium, small_server.url, [(f"{i:03d}.dcm", files[place][1]) for i, place in enumerate(order)])


@pytest.fixture
def opened(page: Page, exam: str) -> Page:
    """The exam, every slice there."""
    page.goto(exam)
    full(page)
    return page


def test_the_planes_stand_side_by_side_in_the_middle_of_their_stacks(opened: Page) -> None:
    titles = [pane(opened, n).locator(".pane-title").inner_text() for n in (1, 2, 3)]
    assert [title.split()[0] for title in titles] == ["Sagittal", "Coronal", "Axial"]
    assert [letters(opened, n) for n in (1, 2, 3)] == [["A", "H", "P", "F"], ["R", "H", "L", "F"], ["R", "A", "L", "P"]]
    assert [stands(opened, n) for n in (1, 2, 3)] == [SLICES // 2 + 1] * 3
    expect(opened.locator(".research-strip")).to_be_visible()
    expect(opened.locator("#findings")).to_contain_text("No network here reads this exam")
    expect(opened.locator(".banner-name")).to_contain_text("PHANTOM")


def test_panes_open_with_pictures_until_their_slices_are_drawn(page: Page, exam: str, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_FAILED|Failed to load resource|Failed to fetch")
    page.route("**/pixels", lambda route: route.abort())
    page.goto(exam)
    pictures = page.locator(".pane-preview")
    expect(pictures).to_have_count(3)
    assert all(picture.evaluate("(image) => image.complete && image.naturalWidth > 0") for picture in pictures.all())
    pane(page, 2).focus()
    page.keyboard.press("ArrowDown")
    expect(pictures).to_have_count(2)  # no picture of another slice than the one that is told
    page.unroute("**/pixels")
    page.reload()
    full(page)
    expect(pictures).to_have_count(0)


def test_slices_come_in_the_order_of_their_places(opened: Page) -> None:
    stacks = opened.evaluate("JSON.parse(document.getElementById('case-data').textContent).stacks")
    assert len(stacks) == 3
    for stack in stacks:
        axes = np.array(stack["images"][0]["axes"])
        normal = np.cross(axes[:3], axes[3:])
        along = [float(np.dot(image["position"], normal)) for image in stack["images"]]
        assert len(along) == SLICES
        assert np.diff(along) == pytest.approx(np.full(SLICES - 1, stack["between"]), abs=1e-3)


def test_the_wheel_scrolls_the_plane_under_it_alone(opened: Page) -> None:
    first = SLICES // 2 + 1
    opened.mouse.move(*at(opened, 2, 0.5, 0.5))
    opened.mouse.wheel(0, 120)
    expect(pane(opened, 2).locator(".pane-place")).to_contain_text(f"{first + 1} / {SLICES}")
    opened.keyboard.down("Control")
    opened.mouse.wheel(0, -120)
    opened.keyboard.up("Control")
    expect(pane(opened, 2).locator(".pane-place")).to_contain_text(f"{first} / {SLICES}")
    assert opened.evaluate("visualViewport.scale") == 1
    pane(opened, 3).focus()
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowUp")
    assert [stands(opened, n) for n in (1, 2, 3)] == [first, first, SLICES - 1]
    opened.keyboard.press("Home")
    assert stands(opened, 3) == 1


def test_panes_of_one_plane_scroll_together(opened: Page) -> None:
    opened.keyboard.press(";")
    full(opened, 1)
    opened.locator("#layout > summary").click()
    opened.locator('.layout-cell[data-rows="1"][data-columns="2"]').click()
    opened.keyboard.press("Escape")
    pane(opened, 2).locator(".pane-view").click()
    opened.locator('.chip[data-layer="film"]').click()
    full(opened, 2)
    opened.mouse.move(*at(opened, 2, 0.5, 0.5))
    opened.mouse.wheel(0, 120)
    assert [stands(opened, n) for n in (1, 2)] == [SLICES // 2 + 2] * 2
    opened.locator('[data-arrange="grid"][data-plane="coronal"]').click()
    expect(pane(opened, 1)).to_have_attribute("data-plane", "coronal")
    opened.keyboard.press(";")
    expect(opened.locator(".pane")).to_have_count(3)
    assert [stands(opened, n) for n in (1, 2, 3)] == [SLICES // 2 + 2, SLICES // 2 + 1, SLICES // 2 + 1]


def test_the_strip_jumps_by_a_press_a_drag_and_the_keyboard(opened: Page) -> None:
    strip = pane(opened, 1).locator(".strip svg")
    box = strip.bounding_box()
    assert box is not None

    def place(number: int) -> tuple[float, float]:
        return box["x"] + box["width"] * (number - 0.5) / SLICES, box["y"] + box["height"] / 2

    opened.mouse.click(*place(4))
    assert stands(opened, 1) == 4
    opened.mouse.move(*place(6))
    opened.mouse.down()
    opened.mouse.move(*place(18), steps=6)
    opened.mouse.up()
    assert stands(opened, 1) == 18
    slider = pane(opened, 1).locator(".strip")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "19")
    slider.press("Home")
    assert stands(opened, 1) == 1
    assert stands(opened, 2) == SLICES // 2 + 1


def test_a_reader_goes_through_a_plane_from_the_side_they_chose(opened: Page) -> None:
    def place() -> str:
        return str(pane(opened, 3).locator(".pane-place").inner_text())

    pane(opened, 3).focus()
    opened.keyboard.press("Home")
    lowest = place()
    assert lowest.startswith(f"1 / {SLICES} · ")
    opened.locator("#directions > summary").click()
    opened.locator('#directions select[name="axial"]').select_option("head")
    opened.locator("#directions button").click()
    full(opened)
    assert [stands(opened, n) for n in (1, 2, 3)] == [SLICES // 2 + 1, SLICES // 2 + 1, SLICES // 2]
    pane(opened, 3).focus()
    opened.keyboard.press("End")
    assert place().partition(" · ")[2] == lowest.partition(" · ")[2], "the same slice by number and place, now the last"
    opened.mouse.move(*at(opened, 3, 0.5, 0.5))
    opened.mouse.wheel(0, -120)
    assert stands(opened, 3) == SLICES - 1
    opened.mouse.move(*at(opened, 1, 0.5, 0.2))
    opened.keyboard.down("Shift")
    opened.mouse.click(*at(opened, 1, 0.5, 0.2))
    opened.keyboard.up("Shift")
    assert stands(opened, 3) < SLICES // 2, "a point near the head lies on one of the first slices"


def test_a_reader_splits_a_stack_at_the_slice_that_is_shown_and_takes_it_back(opened: Page, browser_watch: Watch) -> None:
    browser_watch.allow("422")
    names = opened.locator(".stack-name")
    pane(opened, 1).focus()
    opened.keyboard.press("Home")
    for _ in range(4):
        opened.keyboard.press("ArrowDown")
    opened.locator("#join > summary").click()
    opened.locator('#join select[name="stack"]').select_option(index=[0, 1])
    opened.locator("#join button").click()
    expect(opened.locator("#messages")).to_contain_text("do not lie parallel")
    opened.locator(".stack-entry .stack-correct > summary").first.click()
    field = opened.locator(".stack-split input[type=number]").first
    expect(field).to_have_value("5")
    pane(opened, 1).focus()
    opened.keyboard.press("i")
    place = pane(opened, 1).locator(".pane-place")
    opened.locator(".stack-split button").first.click()
    expect(names).to_have_text(["Sagittal T2 FS", "Sagittal T2 FS", "Coronal T1", "Axial PD FS"])
    expect(opened.locator(".stack-entry").first).to_contain_text("4 slices")
    expect(opened.locator(".stack-entry").nth(1)).to_contain_text(f"{SLICES - 4} slices")
    assert faults(opened) == []
    # Window and slice are those of before: the second part begins where the reader stood.
    expect(place).to_have_text(re.compile(rf"^1/{SLICES - 4}\b"))
    expect(opened.locator("#invert")).to_have_attribute("aria-pressed", "true")
    opened.locator("#regroupings button").click()
    expect(names).to_have_text(["Sagittal T2 FS", "Coronal T1", "Axial PD FS"])
    full(opened)
    expect(place).to_have_text(re.compile(rf"^5/{SLICES}\b"))
    expect(opened.locator("#invert")).to_have_attribute("aria-pressed", "true")


def test_a_window_belongs_to_its_series_and_a_view_to_its_plane(opened: Page) -> None:
    def windows() -> list[str]:
        return [str(pane(opened, n).locator(".pane-window").inner_text()) for n in (1, 2, 3)]

    before = windows()
    opened.mouse.move(*at(opened, 1, 0.5, 0.5))
    opened.mouse.down()
    opened.mouse.move(*at(opened, 1, 0.7, 0.55), steps=4)
    opened.mouse.up()
    expect(pane(opened, 1).locator(".pane-window")).not_to_have_text(before[0])
    assert windows()[1:] == before[1:]
    opened.keyboard.press("h")
    expect(pane(opened, 1).locator(".letter-left")).to_have_text("P")
    assert letters(opened, 2) == ["R", "H", "L", "F"]  # it is another plane's view
    opened.keyboard.press("r")
    expect(pane(opened, 1).locator(".letter-left")).to_have_text("F")
    assert letters(opened, 1) == ["F", "P", "H", "A"]
    opened.keyboard.press(" ")
    expect(pane(opened, 1).locator(".letter-left")).to_have_text("A")
    expect(pane(opened, 1).locator(".pane-window")).to_have_text(before[0])


def test_a_point_is_carried_to_all_planes_by_keyboard_too(opened: Page) -> None:
    pane(opened, 1).focus()
    opened.keyboard.press("y")
    expect(opened.locator("#crosshair")).to_have_attribute("aria-pressed", "true")
    assert stands(opened, 2) == SLICES // 2 + 1  # nothing moves before there is a point
    for _ in range(3):
        opened.keyboard.press("Shift+ArrowRight")
    expect(opened.locator("#cross-words")).to_contain_text("Point:")
    expect(pane(opened, 1)).to_have_attribute("data-cross", re.compile(r"^78\."))
    for number in (2, 3):
        expect(pane(opened, number)).to_have_attribute("data-cross", re.compile("."))
    expect(pane(opened, 2).locator(".pane-place")).not_to_have_text(re.compile(rf"^{SLICES // 2 + 1} / "))
    here = crossed(opened, 1)
    assert here is not None
    assert here[0] == pytest.approx(48 + 30)
    assert here[1] == pytest.approx(48)
    # A sagittal slice's columns lead to the back: the coronal slice has gone that way, to within half a slice of it.
    assert stands(opened, 2) != SLICES // 2 + 1
    there = crossed(opened, 2)
    assert there is not None
    assert abs(there[2]) < 3
    opened.keyboard.press("Escape")
    expect(opened.locator("#crosshair")).to_have_attribute("aria-pressed", "false")
    expect(pane(opened, 2)).not_to_have_attribute("data-cross", re.compile("."))


def test_lines_of_the_other_planes_move_with_them(opened: Page) -> None:
    line = pane(opened, 1).locator(".reference-coronal")
    before = line.get_attribute("d")
    pane(opened, 2).focus()
    opened.keyboard.press("ArrowDown")
    expect(line).not_to_have_attribute("d", before or "")
    assert pane(opened, 2).locator("path.reference").count() == 2


def test_keys_are_listed_and_panels_make_way(opened: Page) -> None:
    opened.keyboard.press("?")
    expect(opened.locator("#keys")).to_be_visible()
    assert faults(opened) == []
    opened.keyboard.press("Escape")
    wide = pane(opened, 1).bounding_box()
    opened.keyboard.press("q")
    expect(opened.locator(".side-findings")).to_be_hidden()
    wider = pane(opened, 1).bounding_box()
    assert wide is not None
    assert wider is not None
    assert wider["width"] > wide["width"] * 1.3


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_serious_fault(page: Page, exam: str, theme: str) -> None:
    page.context.add_cookies([{"name": "whylight-theme", "value": theme, "url": exam.split("/studies", maxsplit=1)[0]}])
    page.goto(exam)
    full(page)
    assert faults(page) == []
    page.keyboard.press(";")
    full(page, 1)
    assert faults(page) == []


def test_without_a_network_there_is_the_plain_stack_alone(opened: Page) -> None:
    expect(opened.locator("#findings")).to_contain_text("No network here reads this exam")
    opened.keyboard.press(";")
    full(opened, 1)
    expect(opened.locator(".chip")).to_have_text(["Film"])
    expect(opened.locator("#judge")).to_have_count(0)
