"""The exam page: which studies have it, what it says of stacks, and what a network said of them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.domain import Window
from app.exam import Plane, StackKey
from app.stacks import Correction
from app.store import Store
from app.web import exam_filling
from tests.exams import write_exam_network
from tests.store import exams
from tests.store.films import image
from tests.web import films
from tests.web.conftest import Send


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one network of exams."""
    write_exam_network(tmp_path / "networks", "knee-test", banner="Random.", title="Random knees")
    return tmp_path / "networks"


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """A stored exam of two planes that nobody has read."""
    return exams.store_exam(store, tmp_path)


@pytest.fixture
def read(exam: str, store: Store, settings: Settings) -> str:
    """The same with an answer and the maps of two methods by the network that is there."""
    with store.begin() as tx:
        tx.exams.save_prediction(exam, exams.exam_prediction(model="knee-test"))
        for method in ("lrp", "cam"):
            planes: tuple[tuple[str, Plane], ...] = ((exams.SAGITTAL, "sagittal"), (exams.CORONAL, "coronal"))
            for key, plane in planes:
                tx.exams.save_explanation(exam, exams.stack_explanation(key, plane, method=method, model="knee-test"))
    return exam


def payload(client: TestClient, study: str, **query: str) -> dict[str, Any]:
    """What the scripts get."""
    answer = client.get(f"/studies/{study}/exam/data", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_study_of_stacks_has_the_exam_page(client: TestClient, exam: str, send: Send) -> None:
    page = client.get(f"/studies/{exam}")
    assert page.status_code == 200
    assert 'id="exam-data"' in page.text
    film = client.get(f"/studies/{send(('film.dcm', films.dicom(1)))}")
    assert 'id="case-data"' in film.text


def test_the_page_carries_the_same_payload(client: TestClient, read: str) -> None:
    page = client.get(f"/studies/{read}").text
    found = re.search(r'id="exam-data">(.*?)</script>', page, re.DOTALL)
    assert found
    assert json.loads(found[1]) == payload(client, read)


def test_stacks_are_told_in_the_order_of_planes_with_where_they_lie(client: TestClient, exam: str) -> None:
    data = payload(client, exam)
    assert [stack["plane"] for stack in data["stacks"]] == ["sagittal", "coronal"]
    # Along the normal of the rows and columns: to the right for the sagittal stack, to the back for the coronal one.
    for stack, axis, places in zip(data["stacks"], (0, 1), ([8.0, 4.0, 0.0], [0.0, 4.0, 8.0]), strict=True):
        assert [entry["position"][axis] for entry in stack["images"]] == places
        assert stack["between"] == pytest.approx(4.0)
        assert stack["used"]
    assert data["planes"] == {"sagittal": data["stacks"][0]["id"], "coronal": data["stacks"][1]["id"], "axial": ""}
    assert "This exam has no axial stack." in client.get(f"/studies/{exam}").text


def test_without_an_answer_nothing_is_said_of_findings(client: TestClient, exam: str) -> None:
    data = payload(client, exam)
    assert data["model"] == "knee-test"
    assert data["prediction"] is None
    assert data["finding"] == ""
    assert "This network has not read this exam yet." in client.get(f"/studies/{exam}").text


def test_an_answer_is_told_per_plane_and_slice(client: TestClient, read: str) -> None:
    data = payload(client, read)
    said = exams.exam_prediction(model="knee-test")
    assert data["finding"] == said.top().finding
    told = {plane["plane"]: plane for plane in data["prediction"]["planes"]}
    for answer in said.planes:
        plane = told[answer.plane]
        for row, score in enumerate(answer.scores):
            assert plane["slice_scores"][score.finding] == list(answer.slice_scores[row])
            assert plane["opens"][score.finding] == answer.opens_at(score.finding)
            assert plane["contributions"][score.finding] == answer.contributions[row]
    assert [(e["method"], e["slices"]) for e in data["explanations"]] == [("cam", exams.SLICES)] * 2 + [
        ("lrp", exams.SLICES)
    ] * 2
    for entry in data["explanations"]:
        assert len(entry["mass"]) == exams.SLICES
    page = client.get(f"/studies/{read}").text
    assert "Random." in page
    assert "Shares of the planes" in page


def test_the_slices_that_open_are_asked_for_first(client: TestClient, read: str) -> None:
    data = payload(client, read)
    page = client.get(f"/studies/{read}").text
    asked = re.findall(r'rel="preload" as="fetch" crossorigin="anonymous" href="([^"]+)"', page)
    stacks = {stack["id"]: stack for stack in data["stacks"]}
    planes = data["prediction"]["planes"]
    expected = [stacks[plane["stack"]]["images"][plane["opens"][data["finding"]]]["pixels_url"] for plane in planes]
    assert sorted(asked) == sorted(expected)


def test_a_finding_is_chosen_by_the_address_if_the_network_knows_it(client: TestClient, read: str) -> None:
    assert payload(client, read, finding="meniscal tear")["finding"] == "meniscal tear"
    assert payload(client, read, finding="Hernia")["finding"] == exams.exam_prediction(model="knee-test").top().finding
    assert client.get(f"/studies/{read}/exam/data", params={"model": "chest"}).status_code == 422


def test_a_correction_is_what_the_page_says(client: TestClient, exam: str, store: Store) -> None:
    with store.begin() as tx:
        tx.exams.correct(exam, Correction(StackKey(exams.CORONAL), plane="axial", weighting="T1"))
    data = payload(client, exam)
    assert data["planes"]["axial"] == data["stacks"][1]["id"]
    assert data["planes"]["coronal"] == ""
    assert data["stacks"][1]["title"] == "Axial T1"


def test_a_stack_that_is_read_as_another_plane_stands_in_one_pane_with_its_new_maps(
    client: TestClient, read: str, store: Store
) -> None:
    before = {
        entry["stack"]: entry["values_url"] for entry in payload(client, read)["explanations"] if entry["method"] == "cam"
    }
    with store.begin() as tx:
        tx.exams.correct(read, Correction(StackKey(exams.CORONAL), plane="axial"))
    data = payload(client, read)
    stack = data["planes"]["axial"]
    assert data["planes"]["coronal"] == ""
    assert stack not in {entry["stack"] for entry in data["explanations"]}  # those were made of it as a coronal one
    with store.begin() as tx:
        maps = exams.stack_explanation(method="cam", seed=9, stack=StackKey(exams.CORONAL))
        tx.exams.save_explanation(read, replace(maps, plane="axial"))
    (entry,) = [entry for entry in payload(client, read)["explanations"] if entry["stack"] == stack]
    assert entry["values_url"] != before[stack]  # what a browser has kept of the earlier maps is not shown


def test_maps_of_a_stack_that_is_no_longer_read_are_not_shown(client: TestClient, read: str, store: Store) -> None:
    before = payload(client, read)
    coronal = before["planes"]["coronal"]
    assert {entry["stack"] for entry in before["explanations"]} == {before["planes"]["sagittal"], coronal}
    with store.begin() as tx:
        tx.exams.correct(read, Correction(StackKey(exams.CORONAL), used=False))
        (earlier,) = tx.exams.predictions(read)
        kept = tuple(one for one in earlier.prediction.planes if one.plane == "sagittal")
        tx.exams.save_prediction(read, replace(earlier.prediction, planes=kept, missing=("coronal", "axial")))
    after = payload(client, read)
    assert after["planes"]["coronal"] == ""
    assert {entry["stack"] for entry in after["explanations"]} == {before["planes"]["sagittal"]}


def test_nothing_says_who_the_patient_is(client: TestClient, read: str) -> None:
    assert "Jane" not in json.dumps(payload(client, read))
    assert "Doe, Jane" in client.get(f"/studies/{read}").text


def test_the_page_speaks_korean(client: TestClient, read: str) -> None:
    client.cookies.set("whylight-language", "ko")
    page = client.get(f"/studies/{read}").text
    assert "시상면" in page
    assert "이 검사에는 축상면 스택이 없습니다." in page


def test_a_series_has_one_window_the_median_of_its_slices() -> None:
    told_by_slice = [(100, 300), (140, 200), (120, 260)]
    slices = [image(f"1.{n}", windows=(Window(*said),)) for n, said in enumerate(told_by_slice)]
    (told,) = exam_filling.windows(slices)  # type: ignore[arg-type]
    assert (told.centre, told.width) == (120, 260)
    assert exam_filling.windows([*slices, image("2.1")]) == ()  # type: ignore[list-item]


def test_a_study_that_is_not_there(client: TestClient) -> None:
    assert client.get("/studies/aaaaaaaaaaaa/exam/data").status_code == 404
