"""Exports: rows that can be joined to other tables, the same in CSV and JSON, of films and exams."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.cells import cell
from app.store import Store
from app.web.exports import NOTICE, FlagLine, LayerLine, Line, PredictionLine, heading
from tests.store.exams import LOGITS, SLICES
from tests.web import exams, films

EXPORTS = "/api/v1/exports"


@pytest.fixture
def exam(store: Store, tmp_path: Path, study: str) -> str:
    """An exam that was analysed, beside a film on which a verdict was given."""
    films.flag(store, study, comment='=HYPERLINK("http://evil")')
    return exams.store(store, tmp_path)


def table(script: TestClient, name: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    answer = script.get(f"{EXPORTS}/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(answer.content)
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def page(script: TestClient, name: str) -> Any:
    """A page of the JSON."""
    answer = script.get(f"{EXPORTS}/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["use"] == NOTICE
    return answer.json()


@pytest.mark.parametrize(("name", "line"), [("flags", FlagLine), ("predictions", PredictionLine), ("layers", LayerLine)])
def test_both_forms_have_the_same_rows(script: TestClient, exam: str, name: str, line: type[Line]) -> None:
    rows = table(script, f"{name}.csv")
    told = page(script, f"{name}.json")
    assert rows
    assert [tuple(row) for row in rows] == [heading(line)] * len(rows)
    assert [{key: str(cell(value)) for key, value in one.items()} for one in told["rows"]] == rows
    assert {row["use"] for row in rows} == {NOTICE}
    for column in ("file", "study_uid", "series_uid", "sop_instance_uid", "frame", "stack", "model_sha256", "finding"):
        assert all(row[column] for row in rows), column
    assert script.get(f"{EXPORTS}/{name}.json?page=0").status_code == 422
    assert page(script, f"{name}.json?study=aaaaaaaaaaaa")["rows"] == []
    assert table(script, f"{name}.csv?study=aaaaaaaaaaaa") == []


def test_predictions_are_exported_stack_by_stack(script: TestClient, store: Store, exam: str, study: str) -> None:
    with store.view() as tx:
        sagittal, coronal = tx.stacks.of_study(exam)
        film = tx.studies.get(study).images[0]
    rows = page(script, f"predictions.json?study={exam}&finding=ACL%20tear")["rows"]
    assert [(row["stack"], row["plane"], row["slices"]) for row in rows] == [
        (sagittal.id, "sagittal", SLICES), (coronal.id, "coronal", SLICES),
    ]  # fmt: skip
    first = rows[0]
    assert (first["logit"], first["stack_logit"], first["contribution"]) == (LOGITS["ACL tear"], 2.0, 1.0)
    assert (first["slice"], first["image"]) == (2, sagittal.images[1]), "the slice with the largest score"
    assert (first["sop_instance_uid"], first["file"], first["study_uid"]) == ("1.9.1.1", "1.9.1.1.dcm", "1.9")
    assert len({row["prediction"] for row in rows}) == 1

    (nodule,) = page(script, f"predictions.json?model={films.MODEL}&finding=Nodule")["rows"]
    assert (nodule["study"], nodule["image"], nodule["plane"], nodule["slices"]) == (study, film.id, None, 1)
    assert (nodule["probability"], nodule["stack_probability"]) == pytest.approx((0.87, 0.87))
    assert (nodule["sop_instance_uid"], nodule["file"]) == (film.sop_instance_uid, "film.dcm")


def test_exports_come_in_pages(script: TestClient, exam: str) -> None:
    whole = page(script, "layers.json")
    assert whole["total"] == len(whole["rows"]) == len(films.METHODS) + 4
    seen = [row for number in (1, 2, 3) for row in page(script, f"layers.json?size=3&page={number}")["rows"]]
    assert seen == whole["rows"]
    predictions = page(script, "predictions.json?size=1&page=2")
    assert (predictions["total"], predictions["pages"], len(predictions["rows"])) == (3, 3, len(LOGITS))


def test_layers_are_exported_with_where_they_weigh_most(script: TestClient, store: Store, exam: str) -> None:
    (row,) = page(script, f"layers.json?study={exam}&method=lrp&kind=relevance&finding=ACL%20tear&model=knee")["rows"][:1]
    layer = script.get(f"/api/v1/layers/{row['layer']}").json()
    assert row["slice"] == layer["mass"].index(max(layer["mass"])) + 1
    assert row["mass"] == pytest.approx(sum(layer["mass"]))
    assert (row["rows"], row["columns"], row["values"]) == (4, 5, layer["npy"])
    assert row["probability"] == pytest.approx(0.8808, abs=1e-4)
    assert row["parameters"] == layer["producer"]["parameters"]
    assert page(script, f"layers.json?study={exam}&kind=labels")["total"] == 0
    assert script.get(f"{EXPORTS}/layers.json?kind=odd").status_code == 422


def test_a_correction_counts_in_the_exports(script: TestClient, exam: str) -> None:
    stack = script.get(f"/api/v1/studies/{exam}/stacks").json()[0]
    script.put(f"/api/v1/studies/{exam}/stacks/{stack['id']}", json={"plane": "axial"})
    rows = page(script, f"layers.json?study={exam}")["rows"]
    assert {row["plane"] for row in rows if row["stack"] == stack["id"]} == {"axial"}


def test_verdicts_are_exported_by_study_and_reader(script: TestClient, store: Store, exam: str, study: str) -> None:
    (row,) = page(script, f"flags.json?study={study}&reader=reader&verdict=wrong&order=-created")["rows"]
    assert (row["study"], row["comment"]) == (study, '=HYPERLINK("http://evil")')
    (line,) = table(script, f"flags.csv?study={study}")
    assert line["comment"] == '\'=HYPERLINK("http://evil")'
    assert page(script, f"flags.json?study={exam}")["total"] == 0
    assert page(script, "flags.json?reader=nobody")["total"] == 0
    assert script.get(f"{EXPORTS}/flags.json?verdict=maybe").status_code == 422


def test_a_large_export_leaves_no_file_behind(script: TestClient, exam: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.exports.IN_MEMORY", 64)
    assert len(table(script, "layers.csv")) == len(films.METHODS) + 4
