"""What if and the layer filmstrip in a real browser: painted areas give the API's numbers, and the strip is the engine's."""

import json
import re
import urllib.request
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.cases import PANES, Case, became, drag, ready

API = "/api/v1"


def ask(case: Case, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the API says."""
    server, study = case.url.split("/studies/")
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server}{API}/studies/{study}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        return json.loads(answer.read())


def told(page: Page) -> list[tuple[str, str, str]]:
    """The rows of the drawer: finding, before → after, change."""
    rows = page.locator("#whatif-changes .change").all()
    return [
        (row.get_attribute("data-finding") or "", *row.locator(".change-from, .change-by").all_text_contents())  # type: ignore[misc]
        for row in rows
    ]


def expected(changes: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """The same, from an answer of the API."""

    def signed(points: float) -> str:
        text = f"{abs(points):.1f}"
        return text if text == "0.0" else f"{'+' if points > 0 else '−'}{text}"

    return [
        (one["finding"], f"{100 * one['before']:.1f} % → {100 * one['after']:.1f} %", signed(100 * one["change"]))
        for one in changes
    ]


def answered(page: Page) -> None:
    expect(page.locator("#whatif-state")).to_have_text(re.compile(r"Answered in \d+\.\d\d s\."))


@pytest.fixture
def drawer(case: Page) -> Page:
    """The case with what if open, the box taken up."""
    case.keyboard.press("w")
    expect(case.locator("#whatif")).to_be_visible()
    expect(case.locator("[data-paint=brush]")).to_have_attribute("aria-pressed", "true")
    ready(case)
    return case


def test_a_painted_box_gives_the_apis_numbers_and_undo_takes_it_back(drawer: Page, stored: Case) -> None:
    bodies: list[dict[str, Any]] = []
    drawer.on("request", lambda r: bodies.append(json.loads(r.post_data or "{}")) if r.url.endswith("/what-if") else None)
    drawer.locator("[data-paint=rectangle]").click()
    drag(drawer, "film", (0.4, 0.4), (0.55, 0.6))
    answered(drawer)
    (body,) = bodies
    ((x0, y0), (x1, y1)) = body["edits"][0]["areas"][0]["points"]
    box = drawer.locator("#pane-film .pane-view").bounding_box()
    assert box is not None
    side = min(box["width"], box["height"])
    assert x1 - x0 == pytest.approx(0.15 * box["width"] / side * 256, abs=1)
    assert y1 - y0 == pytest.approx(0.2 * box["height"] / side * 256, abs=1)
    first = ask(stored, "what-if", body)
    assert told(drawer) == expected(first["changes"])
    expect(drawer.locator("#pane-film .pane-title")).to_have_text("Film, edited")
    expect(drawer.locator("#pane-film")).to_have_attribute("data-edited", first["id"])

    drawer.locator("[data-fill=blur]").click()
    drawer.locator("[data-paint=brush]").click()
    drag(drawer, "lrp", (0.3, 0.3), (0.5, 0.35))
    expect(drawer.locator("#whatif-state")).to_have_text(re.compile("Answered"))
    became(drawer, "() => !('stale' in document.getElementById('whatif-changes').dataset)")
    assert len(bodies) == 3
    assert [area["kind"] for area in bodies[2]["edits"][0]["areas"]] == ["rectangle", "brush"]
    assert told(drawer) == expected(ask(stored, "what-if", bodies[2])["changes"])
    for _ in range(2):
        drawer.keyboard.press("Control+z")
    answered(drawer)
    became(drawer, "() => !('stale' in document.getElementById('whatif-changes').dataset)")
    assert bodies[-1] == body
    assert told(drawer) == expected(first["changes"])
    drawer.keyboard.press("Control+Shift+z")
    answered(drawer)
    assert bodies[-1] == bodies[1]
    drawer.locator("#whatif-reset").click()
    expect(drawer.locator("#whatif-changes .change")).to_have_count(0)
    expect(drawer.locator("#pane-film .pane-title")).to_have_text("Film")


def test_a_hot_area_is_taken_at_the_threshold_of_the_overlays(drawer: Page, stored: Case) -> None:
    drawer.locator("#threshold").fill("40")
    drawer.locator("#pane-cam").focus()
    expect(drawer.locator("#whatif-hot")).to_have_text("Hot area: CAM")
    entry, _ = stored.values("cam")
    drawer.locator("#whatif-hot").click()
    answered(drawer)
    area = {"kind": "hot", "explanation": entry["id"], "threshold": 0.4}
    for outside in (False, True):
        body = {"model": stored.data["model"], "edits": [{"areas": [area], "fill": "inpaint", "outside": outside}]}
        became(drawer, "() => !('stale' in document.getElementById('whatif-changes').dataset)")
        assert told(drawer) == expected(ask(stored, "what-if", body)["changes"])
        if not outside:
            with drawer.expect_response(lambda response: response.url.endswith("/what-if")):
                drawer.locator("#whatif-outside").check()


def test_the_brush_is_used_by_keyboard_with_a_cursor_on_every_pane(drawer: Page, stored: Case) -> None:
    bodies: list[dict[str, Any]] = []
    drawer.on("request", lambda r: bodies.append(json.loads(r.post_data or "{}")) if r.url.endswith("/what-if") else None)
    drawer.locator("#pane-lrp").focus()
    drawer.keyboard.press("ArrowRight")
    expect(drawer.locator(".pane circle.paint-cursor")).to_have_count(PANES)
    assert bodies == [], "the first key shows where the cursor is"
    size = float(drawer.locator("#whatif-radius").input_value())
    for key in ("]", "]", "["):
        drawer.keyboard.press(key)
    assert float(drawer.locator("#whatif-radius").input_value()) == size + 0.5
    radius = 256 * (size + 0.5) / 100
    drawer.keyboard.press("ArrowRight")
    drawer.keyboard.press("Space")
    answered(drawer)
    at = round(128 + radius / 2, 2)
    image = stored.data["image"]
    dab = {"kind": "brush", "points": [[at, 128]], "radius": pytest.approx(radius), "images": [image]}
    assert bodies[-1]["edits"][0]["areas"] == [dab]
    drawer.keyboard.press("Shift+ArrowDown")
    expect(drawer.locator("#said")).to_have_text(re.compile("Biggest change|Brush at"))
    answered(drawer)
    assert bodies[-1]["edits"][0]["areas"][1]["points"] == [[at, 128], [at, pytest.approx(128 + radius / 2, abs=0.01)]]
    assert told(drawer) == expected(ask(stored, "what-if", bodies[-1])["changes"])
    drawer.locator("[data-paint=rectangle]").focus()
    drawer.keyboard.press("Enter")
    expect(drawer.locator("#pane-lrp")).to_be_focused()
    for key in ("Space", "Space", "ArrowRight", "ArrowDown", "ArrowDown", "Space"):
        drawer.keyboard.press(key)
    answered(drawer)
    box = {"kind": "rectangle", "points": [[128, 128], [132, 136]], "images": [image]}
    assert bodies[-1]["edits"][0]["areas"][-1] == box
    drawer.keyboard.press("Escape")
    expect(drawer.locator(".paint-cursor")).to_have_count(0)


def test_the_drawn_region_is_taken_and_the_edited_film_is_a_layer_of_its_own(drawer: Page, stored: Case) -> None:
    bodies: list[dict[str, Any]] = []
    drawer.on("request", lambda r: bodies.append(json.loads(r.post_data or "{}")) if r.url.endswith("/what-if") else None)
    drawer.keyboard.press("d")
    drag(drawer, "cam", (0.4, 0.4), (0.6, 0.6))
    drawer.keyboard.press("Escape")
    drawer.locator("#whatif-region").click()
    answered(drawer)
    ((area,),) = (edit["areas"] for edit in bodies[-1]["edits"])
    assert (area["kind"], len(area["points"])) == ("rectangle", 2)
    assert told(drawer) == expected(ask(stored, "what-if", bodies[-1])["changes"])
    expect(drawer.locator("#pane-film .pane-title")).to_have_text("Film, edited")
    drawer.keyboard.press("x")
    expect(drawer.locator("#pane-film .pane-title")).to_have_text("Film")
    drawer.locator("#pane-cam").focus()
    drawer.keyboard.press(",")
    drawer.keyboard.press(",")
    expect(drawer.locator("#pane-edited .pane-title")).to_have_text("Film, edited")


def test_what_is_kept_is_there_after_a_reload_and_can_be_shown_again(drawer: Page, stored: Case) -> None:
    drag(drawer, "film", (0.45, 0.5), (0.55, 0.5))
    answered(drawer)
    rows = told(drawer)
    drawer.locator("#whatif-keep").click()
    expect(drawer.locator("#whatif-state")).to_have_text("Kept with the case.")
    drawer.reload()
    expect(drawer.locator("#whatif-count")).to_have_text("1 kept")
    ready(drawer)
    drawer.locator("#whatif-open").click()
    drawer.locator("#whatif-kept .button").first.click()
    answered(drawer)
    assert told(drawer) == rows
    (kept,) = ask(stored, "what-ifs")
    assert expected(kept["changes"]) == rows
    drawer.locator("#whatif-kept .button").last.click()
    expect(drawer.locator("#whatif-state")).to_have_text("Taken back.")
    assert ask(stored, "what-ifs") == []


def test_a_server_that_is_away_and_a_refusal_are_said(drawer: Page, browser_watch: Any) -> None:
    browser_watch.allow("what-if|ERR_INTERNET_DISCONNECTED|422")
    drawer.context.set_offline(True)
    drag(drawer, "film", (0.45, 0.5), (0.55, 0.5))
    expect(drawer.locator("#whatif-state")).to_have_text("The server did not answer. Try again.")
    drawer.context.set_offline(False)
    drawer.locator("[data-paint=rectangle]").click()
    drag(drawer, "film", (0.01, 0.01), (0.99, 0.99))
    drawer.locator("[data-paint=brush]").click()
    drawer.locator("#whatif-radius").fill("15")
    for start, end in (((0.02, 0.02), (0.98, 0.02)), ((0.02, 0.98), (0.98, 0.98))):
        drag(drawer, "film", start, end)
    for side in (0.02, 0.98):
        drag(drawer, "film", (side, 0.02), (side, 0.98))
    expect(drawer.locator("#whatif-state")).to_have_text(re.compile("^No answer: This edit covers the whole film"))
    drawer.locator("#whatif-region").click()
    expect(drawer.locator("#whatif-state")).to_have_text("No true region is drawn yet.")


def test_the_filmstrip_has_the_engines_stages_and_a_stage_lies_over_the_film(case: Page, stored: Case) -> None:
    case.keyboard.press("f")
    expect(case.locator("#filmstrip-state")).to_have_text(re.compile(r"^\d+ stages\. All sums are "))
    data = stored.data
    for method in ("lrp", "rap_contrastive"):
        case.locator(f"[data-strip={method}]").click()
        query = f"stages?model={data['model']}&finding={data['finding']}&method={method}"
        strip = ask(stored, query)
        cards = case.locator(".stage-card")
        expect(cards).to_have_count(len(strip["stages"]))
        assert len(strip["stages"]) > 4
        for at, stage in ((0, strip["stages"][0]), (len(strip["stages"]) - 1, strip["stages"][-1])):
            said = float(cards.nth(at).locator(".stage-sum").inner_text().removeprefix("Σ ").replace("−", "-"))
            assert said == pytest.approx(stage["total"], rel=1e-3)
        seed = strip["stages"][0]["total"]
        away = max(abs(stage["total"] - seed) for stage in strip["stages"]) / abs(seed)
        expect(case.locator("#filmstrip-state")).to_have_text(re.compile(f"{away:.0e}".replace("e-0", "e-")))
    raw = stored.read(stored.url.split("/studies")[0] + strip["values"])
    values = np.frombuffer(raw, "<f4")
    stage = strip["stages"][-2]
    part = values[stage["offset"] : stage["offset"] + stage["height"] * stage["width"]]
    high = np.percentile(np.abs(part), 99.5)
    colours = case.locator(".stage-card canvas").nth(len(strip["stages"]) - 2).evaluate(
        "(c) => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )  # fmt: skip
    picture = np.asarray(colours).reshape(-1, 4)
    strong = np.abs(part) > 0.5 * high
    assert strong.any()
    assert ((picture[strong, 0] > picture[strong, 2]) == (part[strong] > 0)).all()

    case.locator(".stage-card button").nth(len(strip["stages"]) - 2).click()
    expect(case.locator("#pane-rap_contrastive .pane-title")).to_have_text(re.compile("^Contrastive RAP at "))
    expect(case.locator("#pane-rap_contrastive")).to_be_visible()
    expect(case.locator("#pane-lrp")).to_be_hidden()
    case.keyboard.press("ArrowRight")
    expect(case.locator(".stage-card button").last).to_be_focused()
    case.keyboard.press("Escape")
    expect(case.locator("#pane-rap_contrastive .pane-title")).to_have_text("Contrastive RAP")
    expect(case.locator("#pane-lrp")).to_be_visible()
