"""Studies, their images and their stacks for scripts: told whole, in pages, corrected, deleted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, func, select

from app.config import Settings
from app.domain import Annotation
from app.store import Kept, Store
from app.store.tables import Base, now
from tests.store.exams import SAGITTAL, SLICES, STUDY, knee, slice_of
from tests.store.films import store_file
from tests.web import exams, films
from tests.web.conftest import Send

API = "/api/v1"


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, and one of exams."""
    return exams.beside(models, tmp_path / "models")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


def get(script: TestClient, address: str) -> Any:
    """A JSON answer."""
    answer = script.get(f"{API}{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_study_says_where_every_image_comes_from(script: TestClient, exam: str, send: Send) -> None:
    told = get(script, f"/studies/{exam}")
    assert told["study_uid"] == STUDY
    assert [(one["series_uid"], one["modality"], one["images"]) for one in told["series"]] == [
        ("1.9.1", "MR", SLICES), ("1.9.2", "MR", SLICES),
    ]  # fmt: skip
    assert [(one["plane"], one["current"], one["doubtful"]) for one in told["stacks"]] == [
        ("sagittal", True, False), ("coronal", True, False),
    ]  # fmt: skip
    assert [image["id"] for image in told["images"]] == [image for stack in told["stacks"] for image in stack["images"]]
    second = told["images"][1]
    assert (second["sop_instance_uid"], second["frame"], second["file"]) == ("1.9.1.1", 1, "1.9.1.1.dcm")
    assert (second["series"], second["stack"]) == (told["series"][0]["id"], told["stacks"][0]["id"])
    assert get(script, f"/images/{second['id']}") == second
    film = get(script, f"/studies/{send(('thorax ä.dcm', films.dicom(3)))}")["images"][0]
    assert (film["file"], film["frame"]) == ("thorax ä.dcm", 1)


def test_lists_come_in_pages(script: TestClient, exam: str) -> None:
    whole = get(script, f"/studies/{exam}/images")
    seen = []
    for page in (1, 2, 3):
        answer = script.get(f"{API}/studies/{exam}/images?page={page}&size=2")
        assert answer.headers["x-total-count"] == str(2 * SLICES)
        seen += answer.json()
    assert seen == whole
    assert get(script, f"/studies/{exam}/images?page=9&size=2") == []
    for bad in ("page=0", "size=0", "size=9999", "page=x"):
        assert script.get(f"{API}/studies/{exam}/images?{bad}").status_code == 422
    for noun in ("stacks", "predictions", "explanations", "layers", "reviews", "annotations", "what-ifs", "inspections"):
        answer = script.get(f"{API}/studies/{exam}/{noun}?size=1")
        assert (len(answer.json()), noun) == (min(1, int(answer.headers["x-total-count"])), noun)
        assert script.get(f"{API}/studies/aaaaaaaaaaaa/{noun}").status_code == 404


def test_the_list_is_sorted_and_told_from_phantoms(script: TestClient, store: Store, exam: str, send: Send) -> None:
    first, second = send(("1.dcm", films.dicom(1))), send(("2.dcm", films.dicom(2)))
    films.analyse(store, first, {"Nodule": 0.2})
    films.analyse(store, second, {"Nodule": 0.9})
    answer = script.get(f"{API}/studies?phantom=true&order=probability")
    assert [row["id"] for row in answer.json()["studies"]] == [first, second]
    assert answer.headers["x-total-count"] == "2"
    (person,) = get(script, "/studies?phantom=false")["studies"]
    assert (person["id"], person["model"]) == (exam, "knee")


def test_an_earlier_stack_is_told_when_asked_for(script: TestClient, store: Store, exam: str, tmp_path: Path) -> None:
    (before, _) = get(script, f"/studies/{exam}/stacks")
    store_file(store, tmp_path, knee(slice_of(SAGITTAL, SLICES)), b"one more", "more.dcm")
    now_there, coronal = get(script, f"/studies/{exam}/stacks")
    assert now_there["id"] != before["id"]
    assert set(before["images"]) < set(now_there["images"])
    assert get(script, f"/studies/{exam}/stacks?earlier=true") == [now_there, before | {"current": False}, coronal]
    assert get(script, f"/studies/{exam}/stacks/{before['id']}")["current"] is False
    assert get(script, f"/studies/{exam}/stacks/{before['series']}-0") == now_there
    assert [said["current"] for said in get(script, f"/studies/{exam}/predictions")] == [False]
    assert get(script, f"/studies/{exam}/predictions?current=true") == []
    assert {layer["current"] for layer in get(script, f"/studies/{exam}/layers?stack={before['id']}")} == {False}
    assert get(script, f"/studies/{exam}/exam")["predictions"] == []


def test_a_stack_is_corrected_by_its_id_or_its_old_name(script: TestClient, exam: str, woken: list[str]) -> None:
    stack = get(script, f"/studies/{exam}/stacks")[1]
    told = script.put(f"{API}/studies/{exam}/stacks/{stack['id']}", json={"plane": "axial", "used": False}).json()
    assert told == stack | {"plane": "axial", "used": False}
    assert get(script, f"/studies/{exam}/job")["kind"] == "analyse"
    assert len(woken) == 1
    old = f"{stack['series']}-{stack['number']}"
    assert script.put(f"{API}/studies/{exam}/stacks/{old}", json={}).json() == stack
    for name, status in (("aaaaaaaaaaaa", 404), (f"{stack['series']}-7", 404), ("UPPER", 422)):
        assert script.put(f"{API}/studies/{exam}/stacks/{name}", json={}).status_code == status


def rows(settings: Settings) -> dict[str, int]:
    """How many rows each table has, of those that have any."""
    engine = create_engine(settings.database())
    with engine.connect() as connection:
        counted = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    engine.dispose()
    return {name: count for name, count in counted.items() if count}


def test_a_deleted_study_leaves_nothing_behind(script: TestClient, store: Store, settings: Settings, send: Send) -> None:
    study, other = send(("1.dcm", films.dicom(1))), send(("2.dcm", films.dicom(2)))
    films.analyse(store, study)
    films.agree(store, study, 0.5)
    films.flag(store, study)
    image = get(script, f"/studies/{study}/images")[0]
    with store.begin() as tx:
        tx.annotations.keep(
            "abcdefghijkl",
            Annotation(image["sop_instance_uid"], image["frame"], "length", ((1, 1), (2, 2)), "reader", now()),
        )
        mask = np.ones((1, 40, 40), bool)
        tx.what_ifs.add(study, Kept(tx.stacks.of_image(image["id"]).id, films.MODEL, "cd" * 32, (), mask, (), (), "", "reader"))
    script.get(f"/images/{image['id']}/preview.png")
    before = rows(settings)
    assert {"reviews", "layers", "answers", "annotations", "what_ifs", "agreements", "stacks"} <= set(before)

    assert script.delete(f"{API}/studies/{study}").status_code == 204
    assert script.delete(f"{API}/studies/{study}").status_code == 404
    assert script.get(f"{API}/studies/{study}").status_code == 404
    assert script.get(image["pixels"]).status_code == 404
    assert [row["id"] for row in get(script, "/studies")["studies"]] == [other]
    assert script.delete(f"{API}/studies/{other}").status_code == 204
    # Who said something stays known, and what became of the files that were sent.
    assert set(rows(settings)) <= {"readers", "networks", "uploads", "upload_files", "alembic_version"}
    assert [path for path in (settings.var / "blobs").rglob("*") if path.is_file()] == []
