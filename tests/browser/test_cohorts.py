"""A cohort through the page: a folder is chosen, columns are mapped, figures are those of counted pairs, and a cell of the
confusion, a point of the curve and a row of the list lead to the film."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from app.phantoms import cohort
from tests.browser.conftest import Server, StartServer, Watch
from tests.browser.test_accessibility import faults
from tests.web import films

FILMS = 24
MEASURED_MS = 120_000  # a cold start of PyTorch on busy cores is in it


@pytest.fixture(scope="module")
def house(start_server: StartServer) -> Server:
    """A server with the shipped networks and nothing in it."""
    return start_server()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms with a table whose columns have names of their own."""
    made = tmp_path_factory.mktemp("cohort") / "ward-7"
    table = cohort.write(made, FILMS, 128)
    text = table.read_text(encoding="utf-8").replace("image,patient", "scan,mrn", 1).replace("Pneumothorax", "ptx", 1)
    table.write_text(text, encoding="utf-8")
    (made / "boxes.csv").unlink()  # maps against boxes take a minute more, and tests/web has them
    return made


def test_from_a_folder_to_the_films_behind_a_figure(page: Page, house: Server, folder: Path, browser_watch: Watch) -> None:
    browser_watch.allow("422")
    page.goto(f"{house.url}/cohorts")
    page.locator("#folder").set_input_files(folder)
    page.wait_for_url(re.compile("/cohorts/[a-z2-7]{12}"), timeout=MEASURED_MS)
    expect(page.get_by_role("heading", name="Cohort: ward-7")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Compared with").select_option("chest-phantom-shortcut")
    page.get_by_role("button", name="Take these").click()
    expect(page.get_by_label("Effusion", exact=True)).to_have_value("Effusion")
    expect(page.get_by_label("Pneumothorax", exact=True)).to_have_value("")
    page.get_by_label("Pneumothorax", exact=True).select_option("ptx")
    expect(page.get_by_label("drain")).to_be_checked()  # its name tells that it parts the films
    page.get_by_role("button", name="Measure").click()
    expect(page.locator("main .notice-bad")).to_contain_text("No column says which image a row is about")
    page.get_by_label("The image").select_option("scan")
    page.get_by_label("Patient", exact=True).select_option("mrn")
    expect(page.get_by_label("Pneumothorax", exact=True)).to_have_value("ptx")
    page.get_by_role("button", name="Measure").click()
    expect(page.locator("#cohort-job, #figures").first).to_be_visible()
    expect(page.locator("#figures")).to_be_visible(timeout=MEASURED_MS)
    expect(page.locator("#cohort-job")).to_have_count(0)
    assert faults(page) == []
    _figures_are_counted_again(page)
    _cells_and_points_open_films(page)


def test_a_cohort_goes_on_after_a_lost_connection(
    page: Page, small_server: Server, tmp_path: Path, browser_watch: Watch
) -> None:
    browser_watch.allow("net::ERR")
    made = tmp_path / "ward-9"
    made.mkdir()
    for number in range(34):
        (made / f"{number:02d}.dcm").write_bytes(films.dicom(9900 + number, size=16))
    lines = ["image,Effusion", *(f"{number:02d}.dcm,{number % 2}" for number in range(34))]
    (made / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    sent: list[str] = []

    def lost(route: Route) -> None:
        sent.append(route.request.url.partition("?")[0].rpartition("/")[2])
        if len(sent) == 2:
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/(studies|cohorts)\\?upload="), lost)
    page.goto(f"{small_server.url}/cohorts")
    page.locator("#folder").set_input_files(made)
    expect(page.locator("#upload-words")).to_contain_text("The connection is away. 32 of 35 files are here")
    page.wait_for_url(re.compile("/cohorts/[a-z2-7]{12}"))
    assert sent == ["studies", "studies", "studies", "cohorts"], "the second batch once more, and the table last"
    expect(page.get_by_role("heading", name="Cohort: ward-9")).to_be_visible()


def _figures_are_counted_again(page: Page) -> None:
    """What the table on the page says, from the cases that it gives to take along."""
    address = page.url.partition("?")[0]
    answer = page.request.get(f"{address}/cases.csv")
    rows = list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"))))
    assert len(rows) == FILMS
    shown = page.locator("#figures tbody tr")
    told = {}
    finding = ""
    for row in shown.all():
        cells = row.locator("th, td").all_inner_texts()
        if "Mean" in cells[0]:
            continue
        if row.locator("th").count():
            finding, cells = cells[0].split()[0], cells[1:]
        told[finding, cells[0]] = cells[2].split()[0]
    assert len(told) == 14
    for (name, network), value in told.items():
        truth = np.array([row[f"label: {name}"] == "1" for row in rows])
        scores = np.array([float(row[f"probability: {network}: {name}"]) for row in rows])
        if 0 < truth.sum() < FILMS:
            pairs = np.subtract.outer(scores[truth], scores[~truth])
            assert float(value) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean(), abs=5.01e-4)
        else:
            assert value == "–"


def _cells_and_points_open_films(page: Page) -> None:
    address = page.url.partition("?")[0]
    section = page.locator("#finding-pneumothorax")
    alarms = section.locator(".confusion").nth(1).get_by_role("link", name="false alarms")
    count = int(alarms.locator("strong").inner_text())
    alarms.click()
    expect(page.get_by_role("heading", name=f"Pneumothorax: {count} film")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(count)
    assert faults(page) == []
    expect(page.locator("#threshold")).to_have_value(re.compile(r"\d+(\.\d+)?"))
    page.goto(address)
    mark = page.locator("#finding-pneumothorax a:has(.roc-second)").last
    mark.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/films"))
    expect(page.locator("tbody .badge-caution").first).to_be_visible()
    name = page.locator("a.row-link").first.inner_text()
    page.locator("a.row-link").first.click()
    page.wait_for_url(re.compile("/studies/"))
    expect(page.locator(".labels")).to_contain_text(name)
    _drains_are_found_in_three_clicks(page, address)
    page.goto(f"{address}/report")
    expect(page.get_by_role("link", name="Download PDF")).to_be_visible()
    expect(page.locator("#finding-pneumothorax-maps")).to_contain_text("the chest drain")
    page.goto(address)
    page.get_by_text("Remove this cohort").click()
    page.get_by_role("button", name="Remove for good").click()
    page.wait_for_url(re.compile("/cohorts$"))
    expect(page.get_by_text("ward-7")).to_have_count(0)


def _drains_are_found_in_three_clicks(page: Page, address: str) -> None:
    """The network that learned the drain: its films are grouped, the group of drains is opened as a list, a film of it as a
    case; and the reader calls it what it is."""
    answer = page.request.get(f"{address}/cases.csv")
    rows = csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig")))
    drains = {
        row["image"] for row in rows if row["drain"] == "yes" and row["called: chest-phantom-shortcut: Pneumothorax"] == "1"
    }
    page.goto(f"{address}#finding-pneumothorax")
    page.locator("#finding-pneumothorax-maps").get_by_role("button", name="chest-phantom-shortcut").click()
    groups = page.locator("#finding-pneumothorax-maps .cohort-map-group")
    expect(groups.first).to_be_visible(timeout=MEASURED_MS)
    expect(page.locator("#cohort-job")).to_have_count(0, timeout=MEASURED_MS)
    assert faults(page) == []
    expect(page.locator("#finding-pneumothorax-maps")).to_contain_text("films by their own lungs")
    at = max(range(groups.count()), key=lambda at: len(_films_of(page, groups.nth(at)) & drains))
    groups.nth(at).get_by_label("What it looks at").fill("the chest drain")
    groups.nth(at).get_by_role("button", name="Save").click()
    expect(groups.nth(at).locator("figcaption strong")).to_have_text("the chest drain")
    groups.nth(at).get_by_role("link", name=re.compile(r"^\d+ films?$")).click()
    expect(page.get_by_text("the chest drain")).to_be_visible()
    listed = page.locator("tbody tr")
    with_drain = listed.filter(has_text=re.compile(r"(·|\s)yes"))
    assert with_drain.count() > listed.count() / 2, "most of the group's films have the drain"
    assert with_drain.count() > len(drains) / 2, "and most of the films with a drain are in it"
    assert faults(page) == []
    page.locator("a.row-link").first.click()
    page.wait_for_url(re.compile("/studies/"))


def _films_of(page: Page, group: Locator) -> set[str]:
    """The names of a group's films."""
    href = group.get_by_role("link", name=re.compile(r"^\d+ films?$")).get_attribute("href")
    text = page.request.get(page.url.partition("/cohorts")[0] + (href or "")).text()
    return set(re.findall(r"film-\d+\.dcm", text))
