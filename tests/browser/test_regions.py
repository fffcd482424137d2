"""The true region in a real browser: every shape, edited, taken back and done again; and every method's figures against it."""

import math
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from app.domain import Extent, Region, Shape
from app.evaluation import truth
from tests.browser.cases import PANES, Case, became, drag, ready, until
from tests.browser.test_grid import layout
from tests.browser.test_verdicts import last, settled, verdict_on

SIZE = 256
FILM = (SIZE, SIZE)


@pytest.fixture(autouse=True)
def clean(stored: Case, page: Page) -> None:
    """No verdict in force, and nothing kept in the browser."""
    base = stored.url.split("/studies")[0]
    while reviews := stored.data["reviews"]:
        for review in reviews:
            page.request.delete(f"{base}/reviews/{review['id']}", headers={"Sec-Fetch-Site": "same-origin"})


def at(page: Page, method: str, *points: tuple[float, float]) -> list[tuple[float, float]]:
    """Image points on the screen, in a pane with the fitted, upright film."""
    box = page.locator(f"#pane-{method} .pane-view").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / SIZE
    left = box["x"] + box["width"] / 2 - SIZE / 2 * scale
    top = box["y"] + box["height"] / 2 - SIZE / 2 * scale
    return [(left + x * scale, top + y * scale) for x, y in points]


def stroke(page: Page, points: list[tuple[float, float]]) -> None:
    """Drag along screen points."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def shapes(case: Case, method: str) -> list[dict[str, Any]]:
    """The shapes stored with the verdict in force."""
    told = last(case, method)
    assert told is not None
    return shapes_of(told)


def shapes_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The shapes of a stored verdict on a film, which has one image."""
    return [shape for drawn in (told["regions"] or {}).values() for shape in drawn]


def region_of(told: dict[str, Any]) -> Region:
    """The stored region as the domain knows it."""
    return Region(tuple(Shape(s["kind"], tuple((float(x), float(y)) for x, y in s["points"])) for s in shapes_of(told)))


def draw(page: Page, tool: str, method: str = "film") -> None:
    """Draw one shape of a kind, each at a place of its own."""
    page.locator(f"[data-tool={tool}]").click()
    if tool in {"rectangle", "ellipse"}:
        corner = (40, 40) if tool == "rectangle" else (150, 50)
        stroke(page, at(page, method, corner, (corner[0] + 30, corner[1] + 25), (corner[0] + 60, corner[1] + 70)))
    elif tool == "freehand":
        around = [(70 + 30 * math.cos(a / 8), 180 + 40 * math.sin(a / 8)) for a in range(48)]
        stroke(page, at(page, method, *around))
    else:
        for x, y in at(page, method, (150, 150), (210, 160), (190, 220)):
            page.mouse.click(x, y)
        page.keyboard.press("Enter")
    settled(page)


def test_each_shape_is_drawn_seen_on_every_pane_and_kept(case: Page, stored: Case) -> None:
    verdict_on(case, "lrp", 3)
    for count, tool in enumerate(("rectangle", "ellipse", "polygon", "freehand"), 1):
        draw(case, tool)
        kept = shapes(stored, "lrp")
        assert [shape["kind"] for shape in kept][-1] == tool
        assert len(kept) == count
        expect(case.locator(".pane .region")).to_have_count(PANES * count)
    box, oval, polygon, line = kept
    assert np.ravel(box["points"]) == pytest.approx([40, 40, 100, 110], abs=1)
    assert np.ravel(oval["points"]) == pytest.approx([150, 50, 210, 120], abs=1)
    assert np.ravel(polygon["points"]) == pytest.approx([150, 150, 210, 160, 190, 220], abs=1)
    drawn = np.array(line["points"])
    assert 12 <= len(drawn) < 48, "a line keeps the points it needs and no more"
    assert np.hypot((drawn[:, 0] - 70) / 30, (drawn[:, 1] - 180) / 40) == pytest.approx(1, abs=0.06)
    case.reload()
    ready(case)
    expect(case.locator(".pane .region")).to_have_count(PANES * 4)
    expect(case.locator("#region-words")).to_contain_text("rectangle, ellipse, polygon, freehand line")


def test_the_region_stays_on_the_film_at_any_zoom_turn_and_flip(case: Page, stored: Case) -> None:
    verdict_on(case, "lrp", 3)
    draw(case, "ellipse")
    case.keyboard.press("Escape")
    for key in ("r", "h"):
        before = case.locator("#pane-cam .region").get_attribute("d") or ""
        case.keyboard.press(key)
        expect(case.locator("#pane-cam .region")).not_to_have_attribute("d", before)
    # Turned right, (x, y) comes to (256 − y, x); flipped then, to (y, x).
    (x0, y0), (x1, y1) = at(case, "cam", (50, 150), (120, 210))
    box = case.locator("#pane-cam .region").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == pytest.approx((x0, y0, x1 - x0, y1 - y0), abs=3)
    first = shapes(stored, "lrp")
    case.locator("[data-tool=rectangle]").click()
    stroke(case, at(case, "cam", (20, 30), (40, 60), (60, 90)))
    settled(case)
    added = shapes(stored, "lrp")
    assert added[:1] == first
    assert np.ravel(added[1]["points"]) == pytest.approx([30, 20, 90, 60], abs=1)
    case.mouse.move(*at(case, "cam", (128, 128))[0])
    drag(case, "cam", (0.5, 0.5), (0.5, 0.2), button="right")
    became(case, f"document.querySelector('#pane-cam .region').getBoundingClientRect().width > {1.1 * box['width']}")


def test_corners_are_dragged_shapes_moved_and_deleted_and_every_step_goes_back_and_forth(case: Page, stored: Case) -> None:
    verdict_on(case, "rap_contrastive", 3)
    draw(case, "polygon")
    draw(case, "rectangle")
    steps = [shapes(stored, "rap_contrastive")]
    # The rectangle is chosen: a corner of it.
    stroke(case, at(case, "film", (100, 110), (110, 118), (120, 125)))
    settled(case)
    steps.append(shapes(stored, "rap_contrastive"))
    assert np.ravel(steps[1][1]["points"]) == pytest.approx([40, 40, 120, 125], abs=1)
    # The polygon's line chooses it and moves it; then a corner of it.
    stroke(case, at(case, "film", (180, 155), (170, 150), (160, 145)))
    settled(case)
    steps.append(shapes(stored, "rap_contrastive"))
    assert np.ravel(steps[2][0]["points"]) == pytest.approx([130, 140, 190, 150, 170, 210], abs=1.5)
    stroke(case, at(case, "film", (170, 210), (165, 215), (160, 225)))
    settled(case)
    steps.append(shapes(stored, "rap_contrastive"))
    assert np.ravel(steps[3][0]["points"]) == pytest.approx([130, 140, 190, 150, 160, 225], abs=2)
    case.keyboard.press("Delete")
    settled(case)
    steps.append(shapes(stored, "rap_contrastive"))
    assert [shape["kind"] for shape in steps[4]] == ["rectangle"]
    for expected in steps[3::-1]:
        case.keyboard.press("Control+z")
        settled(case)
        assert shapes(stored, "rap_contrastive") == expected
    for expected in steps[1:]:
        case.keyboard.press("Control+Shift+Z")
        settled(case)
        assert shapes(stored, "rap_contrastive") == expected
    expect(case.locator("#redo")).to_be_disabled()


def test_a_polygon_goes_back_by_corners_and_closes_on_its_first_one(case: Page, stored: Case) -> None:
    verdict_on(case, "cam", 3)
    case.keyboard.press("d")
    for tool in ("ellipse", "polygon"):
        case.keyboard.press("d")
        expect(case.locator(f"[data-tool={tool}]")).to_have_attribute("aria-pressed", "true")
    corners = at(case, "saliency", (100, 100), (150, 110), (20, 20), (120, 160))
    for x, y in corners[:3]:
        case.mouse.click(x, y)
    case.keyboard.press("Control+z")
    case.keyboard.press("Control+Shift+Z")
    case.keyboard.press("Control+z")
    case.mouse.click(*corners[3])
    case.mouse.click(*corners[0])
    until(case, lambda: bool(shapes(stored, "cam")))
    (polygon,) = shapes(stored, "cam")
    assert np.ravel(polygon["points"]) == pytest.approx([100, 100, 150, 110, 120, 160], abs=1)
    assert case.locator(".grid[data-enlarged]").count() == 0


def test_everything_is_drawn_and_edited_by_keyboard(case: Page, stored: Case) -> None:
    verdict_on(case, "cam", 3)
    case.keyboard.press("d")
    case.keyboard.press("d")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "Enter"):
        case.keyboard.press(key)
    settled(case)
    (oval,) = shapes(stored, "cam")
    assert (oval["kind"], oval["points"]) == ("ellipse", [[104, 96], [168, 164]])
    for key in ("e", "ArrowUp", "Shift+ArrowRight", "Enter"):
        case.keyboard.press(key)
    settled(case)
    assert shapes(stored, "cam")[0]["points"] == [[104, 92], [172, 160]]
    case.locator("[data-tool=polygon]").focus()
    case.keyboard.press("Enter")
    case.locator("#pane-cam").focus()
    for key in (" ", "ArrowRight", " ", "ArrowDown", "ArrowDown", " ", "Enter"):
        case.keyboard.press(key)
    settled(case)
    assert shapes(stored, "cam")[1] == {"kind": "polygon", "points": [[128, 128], [132, 128], [132, 136]]}


def test_a_region_without_a_verdict_outlives_a_reload_and_goes_with_the_first_one(case: Page, stored: Case) -> None:
    draw_loose(case)
    expect(case.locator("#region-words")).to_contain_text("Kept in this browser")
    case.reload()
    ready(case)
    expect(case.locator(".pane .region")).to_have_count(PANES)
    verdict_on(case, "layer_cam", 2)
    assert [shape["kind"] for shape in shapes(stored, "layer_cam")] == ["rectangle"]
    expect(case.locator("#region-words")).not_to_contain_text("Kept")


def draw_loose(page: Page) -> None:
    """A rectangle while nothing is judged."""
    page.locator("[data-tool=rectangle]").click()
    stroke(page, at(page, "film", (60, 60), (80, 90), (120, 160)))


def shown(page: Page) -> dict[str, list[float | None]]:
    """The figures of the table by method, in full."""
    rows = page.evaluate(
        """() => [...document.querySelectorAll("#figures tr[data-method]")].map((row) =>
            [row.dataset.method, [...row.cells].slice(1).map((cell) => cell.dataset.value)])"""
    )
    return {method: [None if value == "" else float(value) for value in values] for method, values in rows}


NAMES = ("pointing", "iou", "outside_inside", "mass")


def test_what_is_shown_at_once_is_what_is_stored_and_what_python_says(case: Page, stored: Case) -> None:
    draw_loose(case)
    expect(case.locator("#figures")).to_have_attribute("data-told", "")
    before = shown(case)
    verdict_on(case, "saliency", 3)
    for tool in ("ellipse", "polygon", "freehand"):
        draw(case, tool)
        told = last(stored, "saliency")
        assert told is not None
        figures = shown(case)
        assert figures != before
        before = figures
        assert len(figures) == PANES - 1
        for method, values in figures.items():
            entry, raw = stored.values(method)
            computed = truth.localise(raw[None], Extent.of([*entry["extent"], *entry["reach"]]), {0: region_of(told)}, FILM)
            for name, value in zip(NAMES, values, strict=True):
                expected = getattr(computed, name)
                kept = told["measures"][method][name]
                assert (math.inf if kept == "inf" else kept) == expected, (method, name)
                assert value == (expected if expected is None else pytest.approx(expected, rel=1e-4)), (method, name)
    cells = case.locator("#figures tr[data-method=lrp] td")
    assert cells.nth(0).inner_text() in {"hit", "miss"}
    expect(cells.nth(3)).to_have_text(re.compile(r"^\d+ %$"))


def test_odd_maps_are_measured_in_the_browser_as_in_python(case: Page) -> None:
    """Nothing positive, constant, tied, a plateau, sparse, reaching beyond the film, a film that is measured on a coarser
    grid."""
    rng = np.random.default_rng(0)
    sparse = np.where(rng.random((9, 7)) < 0.1, rng.random((9, 7)), 0)
    tied = np.zeros((5, 5))
    tied[1, 1] = tied[3, 3] = 2
    plateau = np.zeros((6, 6))
    plateau[1:3, 1:4] = 2
    maps = [np.zeros((4, 4)), np.full((3, 5), -1.0), np.ones((6, 6)), sparse, tied, plateau, rng.normal(size=(14, 14))]
    region = Region(
        (Shape("ellipse", ((50.5, 80.25), (240.0, 300.0))), Shape("polygon", ((300.0, 20.0), (420.0, 90.0), (310.0, 200.0))))
    )
    for film, extent in (((400, 450), Extent(-20, 30, 470, 390)), ((1400, 1100), Extent(0, 0, 1100, 1400))):
        for values in maps:
            raw = values.astype(np.float32)
            found = case.evaluate(
                """async ({ values, width, height, extent, rows, columns, shapes }) => {
                    const { measure, truth } = await import("/static/js/localisation.js");
                    const image = { id: `${rows}`, rows, columns };
                    const map = { values: new Float32Array(values), explanation: { width, height, extent } };
                    const found = measure(map, image, truth({ shapes }, image));
                    return JSON.parse(JSON.stringify(found, (_, value) => (value === Infinity ? "inf" : value)));
                }""",
                {
                    "values": raw.ravel().tolist(),
                    "width": raw.shape[1],
                    "height": raw.shape[0],
                    "extent": [extent.left, extent.top, extent.right, extent.bottom],
                    "rows": film[0],
                    "columns": film[1],
                    "shapes": [{"kind": s.kind, "points": [list(point) for point in s.points]} for s in region.shapes],
                },
            )
            expected = truth.localise(raw[None], extent, {0: region}, film)
            for name in NAMES:
                value = math.inf if found[name] == "inf" else found[name]
                wanted = getattr(expected, name)
                assert value == (wanted if wanted is None else pytest.approx(wanted, rel=1e-4)), (name, film, raw)


def test_methods_without_a_pane_are_measured_too(case: Page, stored: Case) -> None:
    layout(case, 1, 1)
    expect(case.locator(".pane")).to_have_count(1)
    draw_loose(case)
    for method in shown(case):
        expect(case.locator(f"#figures tr[data-method={method}] td").nth(1)).to_have_text(re.compile(r"^[01]\.\d\d$"))


def test_the_browsers_mask_is_what_its_own_canvas_fills(case: Page) -> None:
    """Another judge of "inside" than our own arithmetic: the browser's isPointInPath, point by point."""
    wrong = case.evaluate(
        """async () => {
            const { mask } = await import("/static/js/shapes.js");
            const random = (seed) => () => ((seed = (seed * 48271) % 2147483647) / 2147483647);
            const context = new OffscreenCanvas(1, 1).getContext("2d");
            const image = { rows: 90, columns: 70 };
            const grid = { rows: 60, columns: 50 };
            let wrong = 0;
            for (let seed = 1; seed < 30; seed += 1) {
                const next = random(seed * 7919);
                const points = Array.from({ length: 3 + (seed % 9) }, () => [next() * 90 - 10, next() * 110 - 10]);
                const kind = seed % 3 === 0 ? "ellipse" : "polygon";
                const path = new Path2D();
                if (kind === "ellipse") {
                    points.length = 2;
                    const [[x0, y0], [x1, y1]] = points;
                    path.ellipse((x0 + x1) / 2, (y0 + y1) / 2, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2, 0, 0, 7);
                } else points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
                path.closePath();
                const cells = mask({ shapes: [{ kind, points }] }, image, grid);
                cells.forEach((cell, i) => {
                    const x = ((i % grid.columns) + 0.5) * (image.columns / grid.columns);
                    const y = (Math.floor(i / grid.columns) + 0.5) * (image.rows / grid.rows);
                    wrong += cell !== Number(context.isPointInPath(path, x, y, "nonzero"));
                });
            }
            return wrong;
        }"""
    )
    assert wrong <= 3, "the canvas rounds to float32, so a centre on a line may fall to either side"
