"""The report in a real browser: opened from the case, it shows the panes as they were seen, and breaks no rule of the page."""

import io
import re
import urllib.request

import numpy as np
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from tests.browser.cases import Case, drag, painted


def test_the_report_shows_the_panes_as_they_were_seen(case: Page, stored: Case) -> None:
    case.locator("#opacity").fill("90")
    case.locator("#colours-unsigned").select_option("cividis")
    drag(case, "cam", (0.5, 0.5), (0.5, 0.35), "right")
    drag(case, "cam", (0.5, 0.5), (0.45, 0.6), "middle")
    for key in "hri":
        case.keyboard.press(key)
    case.evaluate("for (const e of document.querySelectorAll('.letter, .bar-told, .pane-words')) e.style.visibility = 'hidden'")
    painted(case)
    seen = {}
    for name in ("film", "layer_cam", "lrp"):
        shot = case.locator(f"#pane-{name} .pane-view").screenshot()
        seen[name] = Picture.open(io.BytesIO(shot)).convert("RGB")
    with case.context.expect_page() as opened:
        case.locator("#case-report").click()
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_have_text("Report")
    expect(report.locator(".plate img")).to_have_count(6)
    expect(report.locator(".research-strip")).to_be_visible()
    for name, screen in seen.items():
        picture = report.locator(f'.plate img[src*="/{name}.png"]')
        address = picture.evaluate("(image) => image.decode().then(() => image.src)")
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            plate = Picture.open(io.BytesIO(answer.read())).convert("RGB")
        high = round(plate.width * screen.height / screen.width)
        shrunk = plate.crop((0, 0, plate.width, high)).resize(screen.size, Picture.Resampling.BOX)
        wrong = np.abs(np.asarray(shrunk).astype(int) - np.asarray(screen)).mean(axis=2)
        assert np.median(wrong) <= 3, name
        assert np.mean(wrong > 24) < 0.06, f"{name}: letters and edges alone may differ"
        assert np.asarray(screen).std() > 20
    report.get_by_role("link", name="Back to the case").click()
    report.wait_for_url(re.compile("#view=1"))
    expect(report.locator("html")).to_have_attribute("data-view", "restored")
    expect(report.locator("#opacity")).to_have_value("90")
    expect(report.locator("#invert")).to_have_attribute("aria-pressed", "true")
    with urllib.request.urlopen(f"{stored.url}/report.pdf") as answer:  # noqa: S310 - our own server
        assert answer.read(5) == b"%PDF-"
