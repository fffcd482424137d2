"""Cohorts as pages: taken in, their columns chosen, read by the worker, and every figure, list and file of the report."""

import csv
import io
import json
import math
import re
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.cohorts import figures, report
from app.cohorts.report import Table
from app.config import Settings
from app.phantoms import cohort
from app.store import Store
from app.web.cohorts import charts, view
from app.worker import Worker
from tests.web import paper
from tests.web.conftest import shown, template

FILMS = 12


@pytest.fixture(scope="module")
def drawn() -> list[cohort.Drawn]:
    """A few phantoms with their rows."""
    return list(cohort.films(FILMS, 96))


def table(drawn: list[cohort.Drawn], *more: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([cohort.COLUMNS, *(film.row for film in drawn), *more])
    return text.getvalue().encode()


def send(client: TestClient, *files: tuple[str, bytes]) -> str:
    answer = client.post("/cohorts", files=[("files", file) for file in files])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


FORM = {"model": "phantom-untrained", "second": "", "image": "image", "patient": "patient", "groups": ["view", "drain"],
        "label:Cardiomegaly": "Cardiomegaly", "label:Effusion": "Effusion", "label:Nodule": "Nodule"}  # fmt: skip


@pytest.fixture
def measured(client: TestClient, store: Store, settings: Settings, drawn: list[cohort.Drawn]) -> str:
    """The address of a cohort that was measured with two networks."""
    address = send(client, ("labels.csv", table(drawn)), *((film.name, film.file) for film in drawn)).partition("?")[0]
    answer = client.post(address, data=FORM | {"second": "phantom-by-name"})
    assert answer.status_code == 303, answer.text
    Worker(settings, store).work_once()
    return address


def test_a_folder_becomes_a_cohort_whose_columns_are_guessed(client: TestClient, drawn: list[cohort.Drawn]) -> None:
    address = send(client, ("c/labels.csv", table(drawn)), *((f"c/{film.name}", film.file) for film in drawn))
    page = shown(client.get(address))
    assert (page.row.name, page.row.table_name) == ("c", "labels.csv")
    assert page.choice.first == "phantom-untrained"
    assert page.choice.columns.labels == {name: name for name in ("Cardiomegaly", "Effusion", "Nodule")}
    assert page.choice.columns.groups == ("view", "drain")
    assert "c/labels.csv" not in client.get(address).text
    assert shown(client.get("/cohorts")).cohorts[0].job is None


def test_a_cohorts_films_come_in_parts_and_its_table_last(client: TestClient, store: Store, drawn: list[cohort.Drawn]) -> None:
    whole = send(client, ("c/labels.csv", table(drawn)), *((f"c/{film.name}", film.file) for film in drawn))
    upload = "abcdefghijkl"
    for film in (*drawn[:3], *drawn):  # the first three again: their answer was lost
        part = client.post(f"/studies?upload={upload}&more=yes", files=[("files", (f"c/{film.name}", film.file))])
        assert part.status_code == 200, part.text
    answer = client.post(f"/cohorts?upload={upload}", files=[("files", ("c/labels.csv", table(drawn)))])
    assert answer.status_code == 303, answer.text
    with store.view() as tx:
        one, other = (tx.cohorts.get(url.partition("?")[0].rpartition("/")[2]) for url in (whole, answer.headers["location"]))
        assert sorted(one.files) == sorted(other.files)
        assert one.name == other.name == "c"
        assert len(tx.uploads.get(upload).files) == len(drawn)


def test_a_cohort_in_parts_without_a_table_is_refused_and_its_films_are_read(
    client: TestClient, store: Store, drawn: list[cohort.Drawn]
) -> None:
    film = drawn[0]
    client.post("/studies?upload=abcdefghijkl&more=yes", files=[("files", (film.name, film.file))])
    answer = client.post("/cohorts?upload=abcdefghijkl", files=[("files", (drawn[1].name, drawn[1].file))])
    assert answer.status_code == 422
    assert "There is no table" in answer.text
    with store.view() as tx:
        (study,) = {file.study_id for file in tx.uploads.get("abcdefghijkl").files}
        assert study is not None
        assert tx.jobs.of_study(study) is not None


def test_boxes_in_a_table_of_their_own(client: TestClient, store: Store, settings: Settings, drawn: list[cohort.Drawn]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([cohort.BOXES, *(box for film in drawn for box in film.boxes)])
    tables = [("c/labels.csv", table(drawn)), ("c/boxes.csv", text.getvalue().encode())]
    address = send(client, *tables, *((film.name, film.file) for film in drawn)).partition("?")[0]
    assert shown(client.get(address)).choice.columns.boxes == "boxes"
    assert client.post(address, data=FORM | {"boxes": "boxes"}).status_code == 303
    Worker(settings, store).work_once()
    answer = client.get(address)
    report = shown(answer).report
    told = {row.method: row for row in report.localised if (row.finding, row.measure) == ("", "pointing")}
    known = {"Cardiomegaly", "Effusion", "Nodule"}
    assert told["cam"].films == sum(box[1] in known for film in drawn for box in film.boxes)
    assert {"lrp", "random map", "centre prior", "mean box"} <= set(told)
    assert "Maps against boxes" in answer.text
    printed = paper.read(client.get(f"{address}/report.pdf").content)
    assert "mean box of the others" in printed.text
    assert "CAM" in answer.text
    masks = tuple(replace(row, method="chest-masks") for row in report.localised if row.method == "cam")
    names = view.titles(replace(report, localised=(*report.localised, *masks)), (), str)
    assert names["chest-masks"] == "the mask alone", "a layer that no method made takes no page away"
    assert names["cam"] == "CAM"


def test_an_archive_with_the_table_inside(client: TestClient, drawn: list[cohort.Drawn]) -> None:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        archive.writestr("x/truth.csv", table(drawn))
        for film in drawn[:3]:
            archive.writestr(f"x/{film.name}", film.file)
        archive.writestr("x/broken.dcm", drawn[0].file[:2000])
    page = shown(client.get(send(client, ("all.zip", octets.getvalue()))))
    assert page.row.name == "x"
    assert len(page.row.files) == 3
    assert [line.name for line in page.rejected] == ["all.zip/x/broken.dcm"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("film.dcm", b"film")], "There is no table among these files"),
        ([("a.csv", b"image,Effusion\na,1\n")], "There is a table but no film"),
        ([("a.csv", b"x\n"), ("b.csv", b"y\n"), ("film.dcm", b"film")], "There are several tables"),
        ([("a.csv", b"image,Effusion\na,1\n"), ("film.dcm", b"none")], "None of the films or exams could be read"),
        ([("a.csv", b""), ("film.dcm", b"film")], "“a.csv” is empty"),
    ],
)
def test_what_is_no_cohort_is_refused_in_words(
    client: TestClient, drawn: list[cohort.Drawn], files: list[tuple[str, bytes]], sentence: str
) -> None:
    given = [(name, drawn[0].file if octets == b"film" else octets) for name, octets in files]
    answer = client.post("/cohorts", files=[("files", file) for file in given])
    assert answer.status_code == 422
    assert sentence in shown(answer).problem
    scripted = client.post("/cohorts", files=[("files", file) for file in given], headers={"HX-Request": "true"})
    assert template(scripted) == "partials/cohort_problem.html"


def report_of_nothing(matched: Any) -> dict[str, Any]:
    """Figures of a cohort that no network has read."""
    return figures.measured("x", Table.of(matched), [], []).plain()


def test_what_cannot_be_measured_is_said_beside_the_form(client: TestClient, store: Store, drawn: list[cohort.Drawn]) -> None:
    bad = ("nowhere.dcm", "P", "PA", "no", "maybe", *"000000")
    address = send(client, ("labels.csv", table(drawn, bad)), *((film.name, film.file) for film in drawn[:2])).partition("?")[0]
    for more, sentence in (
        ({"label:Atelectasis": "Atelectasis"}, "No network knows a finding called “Atelectasis”"),
        ({"image": "drain"}, "stands in “labels.csv” twice"),
        ({"image": "patient"}, "stands in “labels.csv” twice"),
        ({"image": ""}, "No column says which image a row is about"),
        ({"groups": ["image"]}, "has 13 different values, so it makes no groups"),
        ({"second": "phantom-untrained"}, "two different ones"),
    ):
        answer = client.post(address, data=FORM | more)
        assert answer.status_code == 422, more
        assert sentence in shown(answer).problem
    assert shown(client.post(address, data=FORM | {"image": ""})).choice.columns.patient == "patient"
    assert client.post(address, data=FORM).status_code == 303
    waiting = client.get(address)
    assert shown(waiting).job.state == "queued"
    assert 'hx-get="' in waiting.text
    assert "cohort-job" in client.get(f"{address}/job").text
    report = report_of_nothing(shown(waiting).row.matched)
    with store.begin() as tx:
        tx.cohorts.keep(address.rpartition("/")[2], report)
    assert client.get(f"{address}/job").headers["HX-Redirect"] == address, "figures are there, and maps are still compared"
    assert "figures=yes" in client.get(f"{address}/job?figures=yes").text
    page = client.get(address)
    assert shown(page).job.state == "queued"
    assert 'id="figures"' in page.text


def test_the_figures_on_the_page(client: TestClient, measured: str) -> None:
    answer = client.get(measured)
    page = shown(answer)
    assert [network.read for network in page.report.networks] == [FILMS, FILMS]
    assert [one.finding for one in page.report.differences] == ["Nodule"] or page.report.differences == ()
    assert {finding.finding for finding in page.report.findings} == {"Cardiomegaly", "Effusion", "Nodule"}
    for one in page.judged:
        assert one.finding in answer.text
        for curve in one.curves:
            assert curve.roc.startswith("0.0,100.0")
            assert curve.roc.endswith("100.0,0.0")
    assert client.get(f"{measured}/job").headers["HX-Redirect"] == measured


def test_a_cell_and_a_point_open_their_films(client: TestClient, measured: str, drawn: list[cohort.Drawn]) -> None:
    page = shown(client.get(measured))
    for one in page.judged:
        for figure in one.figures:
            for truth, called, count in (
                ("yes", "yes", figure.hits), ("yes", "no", figure.misses),
                ("no", "yes", figure.alarms), ("no", "no", figure.rejections),
            ):  # fmt: skip
                films = shown(client.get(one.films(measured, figure, truth, called))).films
                assert films.total == count
                assert all(film.label == (truth == "yes") and film.called == (called == "yes") for film in films.rows)
        for mark in one.curves[0].marks if one.curves else ():
            figure = one.figures[0]
            films = shown(client.get(mark.href)).films
            hits = sum(film.label for film in films.rows)
            assert hits / figure.positives == pytest.approx(mark.sensitivity)
            assert 1 - (films.total - hits) / figure.negatives == pytest.approx(mark.specificity)
    group = page.judged[0].groups[0]
    listed = client.get(page.judged[0].of_group(measured, group))
    assert shown(listed).films.total == group.films
    first = shown(listed).films.rows[0]
    case = client.get(first.href)
    assert case.status_code == 200
    assert first.row.name in case.text, "the study's page says what the table says of it"
    refused = client.get(f"{measured}/films?network=phantom-untrained&finding=Gout")
    assert refused.status_code == 404


def test_a_list_is_called_from_its_own_findings_point(client: TestClient, measured: str) -> None:
    figures = {figure.finding: figure for one in shown(client.get(measured)).judged for figure in one.figures}
    first, other = figures["Nodule"], figures["Effusion"]
    asked = {"network": first.network, "finding": "Nodule"}
    assert shown(client.get(f"{measured}/films", params=asked)).threshold == first.point
    kept = asked | {"threshold": "0.125", "about": f"{first.network} Nodule"}
    assert shown(client.get(f"{measured}/films", params=kept)).threshold == 0.125
    # The field is in per cent, as probabilities are on every page, and leaves what was not typed anew as exact as it was.
    page = client.get(f"{measured}/films", params=kept | {"percent": "12.5"})
    assert shown(page).threshold == 0.125
    assert re.search(r'class="number">(\d+(\.\d+)?|[<>]\d+|&lt;\d+|&gt;\d+) %</span>', page.text)
    assert shown(client.get(f"{measured}/films", params=kept | {"percent": "25"})).threshold == 0.25
    turned = kept | {"finding": "Effusion"}
    assert shown(client.get(f"{measured}/films", params=turned)).threshold == other.point


def test_the_report_as_page_pdf_csv_and_json(client: TestClient, measured: str, drawn: list[cohort.Drawn]) -> None:
    page = client.get(f"{measured}/report")
    assert template(page) == "cohort_report.html"
    pdf = client.get(f"{measured}/report.pdf")
    report: Any = client.get(f"{measured}/report.json").json()
    told = next(f for f in report["findings"] if (f["network"], f["finding"]) == ("phantom-untrained", "Nodule"))
    printed = paper.read(pdf.content)
    assert all("Research use only" in page for page in printed.pages)
    assert f"{told['auroc']['value']:.3f}" in printed.text
    assert "phantom-by-name" in printed.text
    korean = client.get(f"{measured}/report.pdf", headers={"Accept-Language": "ko"})
    assert korean.content.startswith(b"%PDF")
    assert report["table"]["rows"] == FILMS
    told_figures = list(csv.DictReader(io.StringIO(client.get(f"{measured}/figures.csv").text.removeprefix("\ufeff"))))
    assert {row["network"] for row in told_figures} >= {"phantom-untrained", "phantom-by-name"}
    cases = list(csv.DictReader(io.StringIO(client.get(f"{measured}/cases.csv").text.removeprefix("\ufeff"))))
    assert [row["image"] for row in cases] == [film.name for film in drawn]
    nodules = [row for row in cases if row["called: phantom-untrained: Nodule"] == "1"]
    assert len(nodules) == told["hits"] + told["alarms"]
    assert json.dumps(report)


def test_a_cohort_is_removed_and_its_films_stay(client: TestClient, store: Store, measured: str) -> None:
    assert client.post(f"{measured}/removal").status_code == 303
    assert client.get(measured).status_code == 404
    with store.view() as tx:
        assert tx.studies.count() == FILMS


def test_a_film_that_was_removed_is_told(
    client: TestClient, store: Store, settings: Settings, drawn: list[cohort.Drawn]
) -> None:
    address = send(client, ("labels.csv", table(drawn)), *((film.name, film.file) for film in drawn)).partition("?")[0]
    assert client.post(address, data=FORM).status_code == 303
    with store.view() as tx:
        gone = next(case for case in tx.cohorts.cases(address.rpartition("/")[2]) if case.number == 3)
    assert gone.study_id
    with store.begin() as tx:
        tx.studies.remove(gone.study_id)
    Worker(settings, store).work_once()
    page = shown(client.get(address))
    assert [(one.case, one.why) for one in page.report.unread] == [(gone.name, ("Its study was removed.",))]
    assert page.report.networks[0].read == FILMS - 1


def test_marks_of_a_curve_can_be_hit_one_by_one() -> None:
    steps = tuple(report.Step(1 - at / 200, min(at, 100), max(0, at - 60)) for at in range(200))
    no = report.Estimate(None, None, None)
    told = report.Finding(
        "net", "Mass", 240, 240, 100, 140, no, None, 0.71, no, no, None, None, None, 58, 42, 0, 140, None, steps
    )
    marks = charts.curve("/cohorts/x", told).marks
    assert marks[-1].chosen
    assert len(marks) > 5
    for at, one in enumerate(marks):
        assert all(math.hypot(one.x - other.x, one.y - other.y) > 5.2 for other in marks[:at]), "two circles lie on one another"
