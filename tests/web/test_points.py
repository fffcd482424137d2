"""A reader moves an operating point: the call follows on the page, in the worklist, the report, exports and API, and back."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.adoption import points
from app.classifiers.card import Card
from app.config import Settings
from app.store import Store
from app.training import cards
from app.training.measuring import Points
from tests.web import films
from tests.web.conftest import Send, shown
from tests.web.paper import read

HTMX = {"HX-Request": "true"}
FROM = {"Nodule": 0.9, "Effusion": 0.1}
"""The card's points: the nodule's .87 is no call, the effusion's .12 is one, and of cardiomegaly it says nothing."""


def row(source: str, finding: str, sensitivity: float) -> dict[str, Any]:
    shares = {"sensitivity": sensitivity, "sensitivity_low": 0.5, "sensitivity_high": 0.9}
    shares |= {"specificity": 0.8, "specificity_low": 0.75, "specificity_high": 0.85}
    return {"source": source, "finding": finding, "probability": FROM[finding], **shares, "positives": 30, "negatives": 300}


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """The networks, one of which says from where on it calls two of its findings."""
    folder = tmp_path / "networks"
    shutil.copytree(models, folder)
    rows = [row(source, finding, share) for finding in FROM for source, share in (("validation", 0.8), ("elsewhere", 0.7))]
    curve = cards.calls("elsewhere", "Nodule", [(0.0, 1.0, 0.0), (0.5, 0.9, 0.6), (1.0, 0.0, 1.0)], 30, 300)  # type: ignore[arg-type]
    points.write(Card.read(folder / films.MODEL), Points(rows, [curve]))
    return Settings(var=tmp_path / "var", models=folder)


@pytest.fixture
def sha256(settings: Settings) -> str:
    return Card.read(settings.models / films.MODEL).sha256


@pytest.fixture
def study(send: Send, store: Store, sha256: str) -> str:
    study_id = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study_id, sha256=sha256)
    return study_id


def move(client: TestClient, study: str, **said: str) -> Any:
    return client.post(f"/studies/{study}/points", data={"model": films.MODEL, "about": "Nodule", **said}, headers=HTMX)


def calls(client: TestClient, study: str) -> dict[str, bool]:
    told = client.get(f"/studies/{study}/case.json").json()["prediction"]["scores"]
    return {score["finding"]: score["called"] for score in told}


def test_a_finding_is_called_from_its_cards_point_on(client: TestClient, study: str) -> None:
    page = client.get(f"/studies/{study}")
    assert calls(client, study) == {"Nodule": False, "Cardiomegaly": False, "Effusion": True}
    assert page.text.count('<span class="finding-call">called</span>') == 1
    assert "Called from 90 % on, by the card." in page.text
    assert "No operating point on the card: called from 0.5 on." in page.text
    assert "On other patients (elsewhere): sensitivity 70 % (50–90), specificity 80 % (75–85)" in page.text


def test_a_moved_point_holds_at_once_everywhere_and_is_put_back(client: TestClient, script: TestClient, study: str) -> None:
    before = client.get("/").text
    answer = move(client, study, percent="75")
    assert answer.status_code == 200
    said = "Called from 75 % on: moved by the reader (card: 90 %)."
    assert said in answer.text
    assert "sensitivity 45 % (" in answer.text, "half-way between two rows of the card's curve"
    assert json.loads(answer.headers["HX-Trigger"])["moved"] == {"finding": "Nodule", "called": True, "said": said}
    assert calls(client, study)["Nodule"]
    worklist = client.get("/")
    named = shown(worklist).findings[study].named
    assert [(one.name, one.called) for one in named] == [("Nodule", True), ("Effusion", True), ("Cardiomegaly", False)]
    assert said in worklist.text
    assert said in client.get(f"/studies/{study}/report").text
    (line,) = [line for line in exported(client) if line["finding"] == "Nodule"]
    assert [line[name] for name in ("called", "point", "card_point", "point_by")] == ["True", "0.75", "0.9", "reader"]
    (moved,) = script.get("/api/v1/points").json()
    assert (moved["finding"], moved["probability"]) == ("Nodule", 0.75)
    back = move(client, study, reset="1")
    assert said not in back.text
    assert calls(client, study) == {"Nodule": False, "Cardiomegaly": False, "Effusion": True}
    assert script.get("/api/v1/points").json() == []
    assert client.get("/").text == before


def exported(client: TestClient) -> list[dict[str, str]]:
    return list(csv.DictReader(client.get("/api/v1/exports/predictions.csv").content.decode("utf-8-sig").splitlines()))


def test_a_point_is_its_readers_own(client: TestClient, study: str) -> None:
    move(client, study, percent="75")
    client.cookies.set("whylight-reader", "another")
    assert not calls(client, study)["Nodule"]


def test_the_worklist_names_what_is_called_before_what_is_likely(client: TestClient, study: str) -> None:
    named = shown(client.get("/")).findings[study].named
    assert [(one.name, one.called) for one in named] == [("Effusion", True), ("Nodule", False), ("Cardiomegaly", False)]


def test_without_scripts_the_case_comes_again(client: TestClient, study: str) -> None:
    answer = client.post(f"/studies/{study}/points", data={"about": "Nodule", "percent": "12,5 %"})
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, f"/studies/{study}")
    assert "Called from 12.5 % on" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("percent", ["0", "100", "-3", "x", "", "nan", "1e999"])
def test_what_is_no_probability_moves_nothing(client: TestClient, study: str, percent: str) -> None:
    assert move(client, study, percent=percent).status_code == 422
    assert not calls(client, study)["Nodule"]


def test_scripts_move_points_and_are_told_of_calls(script: TestClient, client: TestClient, study: str, sha256: str) -> None:
    address = f"/api/v1/models/{films.MODEL}/points/Nodule"
    assert script.put(address, json={"probability": 0.2}).json()["model_sha256"] == sha256
    (told,) = script.get(f"/api/v1/studies/{study}/predictions").json()
    scores = {score["finding"]: score for score in told["scores"]}
    known = ("called", "point", "card_point", "point_by")
    assert [scores["Nodule"][name] for name in known] == [True, 0.2, 0.9, "reader"]
    assert [scores["Effusion"][name] for name in known] == [True, 0.1, 0.1, "card"]
    assert [scores["Cardiomegaly"][name] for name in known] == [False, 0.5, None, ""]
    (summary,) = script.get("/api/v1/studies").json()["studies"]
    assert summary["called"] == ["Nodule", "Effusion"]
    assert script.put(f"/api/v1/models/{films.MODEL}/points/Mars", json={"probability": 0.2}).status_code == 422
    assert script.put(address, json={"probability": 1}).status_code == 422
    assert script.delete(address).status_code == 204
    assert calls(client, study) == {"Nodule": False, "Cardiomegaly": False, "Effusion": True}


def test_an_answer_of_another_version_is_not_called_by_this_cards_point(client: TestClient, send: Send, store: Store) -> None:
    study_id = send(("film.dcm", films.dicom(2)))
    films.analyse(store, study_id)
    assert calls(client, study_id) == {"Nodule": True, "Cardiomegaly": False, "Effusion": False}


def test_a_verdict_says_whether_its_finding_is_called(client: TestClient, study: str, store: Store) -> None:
    films.flag(store, study)
    assert ">called<" not in client.get("/flagged").text
    assert exports_flag(client)["called"] == "False"
    move(client, study, percent="75")
    assert re.search(r"87 %\s*<div[^>]*>called</div>", client.get("/flagged").text)
    told = exports_flag(client)
    assert [told[name] for name in ("called", "point", "card_point", "point_by")] == ["True", "0.75", "0.9", "reader"]


def exports_flag(client: TestClient) -> dict[str, str]:
    (line,) = csv.DictReader(client.get("/flagged.csv").content.decode("utf-8-sig").splitlines())
    return line


def test_the_report_says_what_is_called_and_from_where_on(client: TestClient, study: str) -> None:
    sheet = shown(client.get(f"/studies/{study}/report"))
    assert {one.name: one.called for one in sheet.probabilities} == {"Nodule": False, "Cardiomegaly": False, "Effusion": True}
    assert [line.name for line in sheet.points] == ["Nodule"], "the shown finding; no other point was moved"
    pdf = read(client.get(f"/studies/{study}/report.pdf").content).text
    assert "12 % · called" in pdf
    assert "Called from 90 % on, by the card." in pdf


def test_a_networks_page_tells_its_points(client: TestClient, settings: Settings) -> None:
    page = client.get(f"/models/{films.MODEL}").text
    assert "On other patients: elsewhere" in page
    assert "where the 95 % interval of specificity over films would begin below 0.80" in page
    assert "No operating point on the card: called from 0.5 on." in client.get("/models/chest-untrained").text
