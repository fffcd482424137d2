"""The main job, whole, in a real browser against the real product: from a film to a flag that outlives a restart."""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from app.phantoms import chest, dicom
from tests.browser.cases import became
from tests.browser.conftest import Server, StartServer

METHODS = {"cam", "layer_cam", "saliency", "lrp", "rap_contrastive"}
ANALYSED_MS = 120_000  # a cold start of PyTorch on two busy cores is in it
NOTICE = "Research use only — not for clinical use"


@dataclass(frozen=True)
class Flag:
    """What a reader says about one map: by method, verdict and reason, and where they drag in its pane, as fractions of it."""

    method: str
    verdict: str
    reason: str
    start: tuple[float, float] = (0.35, 0.35)
    end: tuple[float, float] = (0.55, 0.6)


FLAG = Flag(method="rap_contrastive", verdict="wrong", reason="support device")


@dataclass(frozen=True)
class Judged:
    """A case's address, and its row of the exported flags."""

    url: str
    exported: dict[str, str]


@pytest.fixture(scope="module")
def own_server(start_server: StartServer) -> Server:
    """A server of this module's own, because the tests restart it."""
    return start_server()


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    """What was flagged so far, by the network that had read it: all of it has to outlive the restart."""
    return {}


def test_a_phantom_goes_from_upload_to_a_flag(page: Page, own_server: Server, judged: dict[str, Judged]) -> None:
    content = dicom.encode(chest.draw(4711, ("Cardiomegaly",), size=512, severity=0.8))
    film = FilePayload(name="phantom.dcm", mimeType="application/dicom", buffer=content)
    judged["chest-phantom"] = main_job(page, own_server, film, "chest-phantom")


def test_a_real_film_goes_from_upload_to_a_flag(
    page: Page, own_server: Server, judged: dict[str, Judged], real_data: Path
) -> None:
    content = (real_data / "chest" / "dicom" / "pa_jpeg_baseline.dcm").read_bytes()
    film = FilePayload(name="film.dcm", mimeType="application/dicom", buffer=content)
    judged["chest"] = main_job(page, own_server, film, "chest")


def test_what_was_flagged_outlives_a_restart(page: Page, own_server: Server, judged: dict[str, Judged]) -> None:
    assert "chest-phantom" in judged
    own_server.restart()
    for model, one in judged.items():
        page.goto(f"{own_server.url}/flagged")
        lists(page, model)
        assert exports(page, model, FLAG) == one.exported
        by(page, model).locator("a.row-link").click()
        assert page.url.startswith(one.url)
        shows(page, FLAG)
        drawn = page.get_by_text("PHANTOM – drawn, no patient")
        expect(drawn).to_have_count(1 if model == "chest-phantom" else 0)


def main_job(page: Page, server: Server, film: FilePayload, model: str) -> Judged:
    """Upload → analyse → compare → flag → reload → list → export."""
    upload(page, server, film)
    compare(page, model)
    case = page.url
    judge(page, FLAG)

    page.reload()
    shows(page, FLAG)

    page.goto(f"{server.url}/flagged")
    lists(page, model)
    return Judged(case.split("?")[0], exports(page, model, FLAG))


def upload(page: Page, server: Server, film: FilePayload) -> None:
    """Choose a good film and a text file: the case opens, and the report lists both."""
    page.goto(f"{server.url}/upload")
    text = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"These are notes, and no film.\n" * 20)
    page.locator("#files").set_input_files([film, text])
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}\?upload="))
    report = page.locator(".upload-report")
    expect(report.locator("summary")).to_contain_text("1 file accepted, 1 rejected")
    rejected = report.locator("tr", has_text="notes.txt")
    expect(rejected).to_contain_text("rejected")
    assert len(rejected.locator("td").last.inner_text()) > 10, "the reason is a sentence"
    expect(report.locator("tr", has_text=film["name"])).to_contain_text("accepted")


def compare(page: Page, model: str) -> None:
    """The analysis ends by itself; findings have probabilities, and five panes beside the film show their maps."""
    expect(page.locator("#job")).to_have_attribute("data-state", "done", timeout=ANALYSED_MS)
    for method in METHODS:
        pane = page.locator(f"#pane-{method}")
        expect(pane.locator(".pane-state")).to_have_attribute("data-state", "full")
        expect(pane.locator(".verdict-wrong")).to_be_enabled()
    expect(page.locator(".pane")).to_have_count(1 + len(METHODS))
    expect(page.locator(".finding .number").first).to_have_text(re.compile(r"\d+\s?%"))
    expect(page.locator(".banner-name")).not_to_be_empty()
    expect(page.get_by_text(NOTICE).first).to_be_visible()
    data = page.evaluate("fetch(location.pathname + '/case.json').then((answer) => answer.json())")
    assert data["model"] == model
    data["explanations"] = [entry for entry in data["explanations"] if entry["kind"] == "relevance"]
    assert {entry["method"] for entry in data["explanations"]} == METHODS
    assert all(0 <= score["probability"] <= 1 for score in data["prediction"]["scores"])
    for entry in data["explanations"]:  # the colour bar shows the raw range of its map
        if entry["state"] == "ok":
            assert entry["min"] < entry["max"]
            expect(page.locator(f"#pane-{entry['method']} .bar-range")).to_have_text(re.compile(r"\d … .*\d"))
    assert colours(page) > 50, "the canvas shows a film, not one flat colour"


def colours(page: Page) -> int:
    """How many different colours the five maps and the film show on the screen, along one line through each pane."""
    shot = page.locator("#grid").screenshot()
    return int(
        page.evaluate(
            """async (bytes) => {
                const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
                const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
                const context = canvas.getContext("2d");
                context.drawImage(bitmap, 0, 0);
                const { data } = context.getImageData(0, Math.round(bitmap.height / 4), bitmap.width, 1);
                const seen = new Set();
                for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
                return seen.size;
            }""",
            list(shot),
        )
    )


def judge(page: Page, flag: Flag) -> None:
    """Verdict, reason and a drawn rectangle; each is stored at once."""
    pane = page.locator(f"#pane-{flag.method}")
    with page.expect_response(re.compile(r"/studies/[a-z2-7]+/reviews$")) as stored:
        pane.locator(f".verdict-{flag.verdict}").click()
    assert stored.value.status == 201
    with page.expect_response(re.compile(r"/studies/[a-z2-7]+/reviews$")):
        page.locator("#reason").select_option(flag.reason)
    page.locator("#draw").click()
    box = pane.locator(".pane-view").bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (flag.start, flag.end)]
    with page.expect_response(re.compile(r"/studies/[a-z2-7]+/reviews$")) as stored:
        page.mouse.move(x0, y0)
        page.mouse.down()
        page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
        page.mouse.move(x1, y1)
        page.mouse.up()
    assert stored.value.status == 201
    expect(page.locator("#save-state")).to_contain_text(re.compile("saved", re.IGNORECASE))


def shows(page: Page, flag: Flag) -> None:
    """The case page shows the verdict in force, its reason and its region."""
    pane = page.locator(f"#pane-{flag.method}")
    expect(pane.locator(f".verdict-{flag.verdict}")).to_have_attribute("aria-pressed", "true")
    expect(pane.locator(".pane-marks .region")).to_be_visible()
    pane.focus()
    expect(page.locator("#reason")).to_have_value(flag.reason)


def lists(page: Page, model: str) -> None:
    """The flagged page has the verdict, with a thumbnail that has loaded."""
    row = by(page, model)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("support device")
    expect(row).to_contain_text("RAP")
    picture = row.locator("img")
    picture.scroll_into_view_if_needed()
    became(page, "(image) => image.complete && image.naturalWidth > 50", picture.element_handle())


def by(page: Page, model: str) -> Locator:
    """The row of a network's map on the flagged page; its name may be the beginning of another's."""
    named = page.locator("div.small", has_text=re.compile(rf"^\s*{model}\s"))
    return page.locator("#flagged tbody tr", has=named)


def exports(page: Page, model: str, flag: Flag) -> dict[str, str]:
    """The CSV and the JSON hold the flag, with the network's version and a region inside the film; returns the CSV's row."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    row = next(row for row in rows if row["model"] == model)
    assert (row["method"], row["verdict"], row["reason"]) == (flag.method, flag.verdict, flag.reason)
    assert re.fullmatch(r"[0-9a-f]{64}", row["model_sha256"])
    assert 0 <= float(row["region_left"]) < float(row["region_right"]) <= float(row["image_columns"])
    assert 0 <= float(row["region_top"]) < float(row["region_bottom"]) <= float(row["image_rows"])
    assert row["use"] == NOTICE
    with page.expect_download() as download:
        page.get_by_role("button", name="Export JSON").click()
    found = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert found["use"] == NOTICE
    same = next(entry for entry in found["flags"] if entry["model"] == model)
    assert same["review"] == row["review"]
    assert same["region_left"] == pytest.approx(float(row["region_left"]))
    return row
