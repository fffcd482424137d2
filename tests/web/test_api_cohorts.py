"""Cohorts for scripts: sent, measured, read and removed; exams as well as films; a job that was cut off goes on."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.cohorts.report import Report
from app.config import Settings
from app.phantoms import cohort
from app.phantoms.knee import demo as knee_demo
from app.store import CohortCaseRow, Store, Transaction
from app.worker import Worker
from app.worker.cohorts import Measuring
from tests.exams import write_exam_network

API = "/api/v1/cohorts"
FILMS = 12


@pytest.fixture(scope="module")
def drawn() -> list[cohort.Drawn]:
    return list(cohort.films(FILMS, 96))


def table(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def send(script: TestClient, *files: tuple[str, bytes]) -> Any:
    answer = script.post(API, files=[("files", file) for file in files])
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def sent(script: TestClient, drawn: list[cohort.Drawn]) -> Any:
    rows = [cohort.COLUMNS, *(film.row for film in drawn)]
    return send(script, ("all/labels.csv", table(rows)), *((f"all/{film.name}", film.file) for film in drawn))


def test_a_script_measures_a_cohort(
    script: TestClient, sent: Any, store: Store, settings: Settings, drawn: list[cohort.Drawn]
) -> None:
    assert (sent["name"], sent["table"], sent["files"], sent["measured"], sent["rejected"]) == (
        "all", "labels.csv", FILMS, False, [],
    )  # fmt: skip
    address = f"{API}/{sent['id']}"
    assert script.get(f"{address}/report").status_code == 404
    asked = script.post(f"{address}/measurement", json={"models": ["phantom-untrained", "phantom-by-name"]})
    assert asked.status_code == 202, asked.text
    assert asked.json()["columns"]["labels"] == {name: name for name in ("Cardiomegaly", "Effusion", "Nodule")}
    assert (asked.json()["job"]["kind"], asked.json()["job"]["state"], asked.json()["cases"]) == ("cohort", "queued", FILMS)
    Worker(settings, store).work_once()
    read = script.get(address).json()
    assert (read["measured"], read["job"]["state"], read["job"]["step"]) == (True, "done", read["job"]["of"])
    report = Report.of(script.get(f"{address}/report").json())
    one = next(f for f in report.findings if f.finding == "Nodule")
    question: dict[str, str | float | bool] = {"network": one.network, "finding": "Nodule", "threshold": one.point}
    missed = script.get(f"{address}/cases", params=question | {"truth": True, "called": False})
    assert missed.headers["X-Total-Count"] == str(one.misses)
    every = script.get(f"{address}/cases", params=question).json()
    assert len(every) == FILMS
    assert [case["probability"] for case in every] == sorted((case["probability"] for case in every), reverse=True)
    truth = {film.name: film.row[cohort.COLUMNS.index("Nodule")] == "1" for film in drawn}
    assert {case["name"]: case["label"] for case in every} == truth
    predictions = script.get(f"/api/v1/studies/{every[0]['study']}/predictions").json()
    told = {(p["model"], s["finding"]): s["probability"] for p in predictions for s in p["scores"]}
    assert told[one.network, "Nodule"] == every[0]["probability"], "its study says what the cohort does"
    assert [c["id"] for c in script.get(API).json()] == [sent["id"]]
    assert script.delete(address).status_code == 204
    assert script.get(address).status_code == 404


def test_what_cannot_be_measured_is_a_problem(script: TestClient, sent: Any) -> None:
    address = f"{API}/{sent['id']}/measurement"
    columns = {"image": "image", "labels": {"Effusion": "drain"}}
    for body, status, sentence in (
        ({"models": ["nobody"]}, 404, "no network called"),
        ({"models": []}, 422, ""),
        ({"models": ["phantom-untrained"] * 2}, 422, "two different ones"),
        ({"models": ["phantom-untrained"], "columns": columns}, 422, "is no label"),
        ({"models": ["phantom-untrained"], "columns": {"image": "image", "uncertain": "perhaps"}}, 422, ""),
    ):
        answer = script.post(address, json=body)
        assert (answer.status_code, sentence in answer.text) == (status, True), body
    assert script.get(f"{API}/aaaaaaaaaaaa").status_code == 404


def test_a_job_that_was_cut_off_goes_on_where_it_stopped(
    script: TestClient, sent: Any, store: Store, settings: Settings
) -> None:
    script.post(f"{API}/{sent['id']}/measurement", json={"models": ["phantom-untrained"]})
    with store.begin() as tx:
        job = tx.jobs.claim("me", 60)
    assert job is not None
    assert job.kind == "cohort", "it goes before the analyses that the upload asked for"

    def read() -> int:
        with store.view() as tx:
            return sum(case.said is not None for case in tx.cohorts.cases(sent["id"]))

    def write(step: Callable[[Transaction], None]) -> None:
        with store.begin() as tx:
            step(tx)

    loaded = Loaded(Registry(settings.models), "cpu")
    assert not Measuring(store, job, "me", loaded, write, lambda: read() > 0).carry_out()
    assert 0 < read() < FILMS
    with store.begin() as tx:
        tx.jobs.release(job.id, "me")
    before = {case.number: case.said for case in _cases(store, sent["id"]) if case.said is not None}
    Worker(settings, store).run_job(job.id)
    after = {case.number: case.said for case in _cases(store, sent["id"])}
    assert {number: after[number] for number in before} == before
    assert script.get(f"{API}/{sent['id']}").json()["measured"] is True


def _cases(store: Store, cohort_id: str) -> tuple[CohortCaseRow, ...]:
    with store.view() as tx:
        return tx.cohorts.cases(cohort_id)


def test_exams_are_a_cohort_too(tmp_path: Path, script: TestClient, store: Store, settings: Settings) -> None:
    models = tmp_path / "knees"
    write_exam_network(models)
    knees = settings.model_copy(update={"models": models})
    script.app.state.web.registry.folder = models  # type: ignore[attr-defined]  # Starlette's own attribute
    rows: list[tuple[str, ...]] = [("exam", "ACL tear", "side")]
    files = []
    for number, exam in enumerate(knee_demo.exams(size=64)):
        rows.append((f"knee-{number}", str(number % 2), "left"))
        files += [(f"k/knee-{number}/{name}", octets) for name, octets in exam.files]
    sent = send(script, ("k/exams.csv", table(rows)), *files)
    asked = script.post(f"{API}/{sent['id']}/measurement", json={"models": ["knee-test"]})
    assert (asked.status_code, asked.json()["cases"]) == (202, 3), asked.text
    worker = Worker(knees, store)
    assert worker.work_once()
    report = Report.of(script.get(f"{API}/{sent['id']}/report").json())
    assert report.networks[0].read == 3
    assert [(one.finding, one.positives, one.negatives) for one in report.findings] == [("ACL tear", 1, 2)]
    page = script.get(f"/cohorts/{sent['id']}/films?network=knee-test&finding=ACL tear")
    assert page.status_code == 200
    assert page.text.count("/thumbnail.png") == 3
    for address in ("", "/report", "/films?network=knee-test&finding=ACL tear", "/films?network=knee-test&guard=refused"):
        shown = script.get(f"/cohorts/{sent['id']}{address}").text
        said = re.sub(r'(?:href|action)="[^"]*"', "", shown[shown.index("<main") :]).lower()
        assert "exam" in said
        assert re.findall(r".*\bfilms?\b.*", said) == [], address
