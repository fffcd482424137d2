"""The case of an exam: which studies are shown by their planes, what is said of stacks, and what a network said of them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.domain import EXAM_REASONS, Window
from app.store import CorrectionRow, Store
from app.web.case import stacks
from tests.exams import write_exam_network
from tests.store import exams
from tests.store.films import image, store_file
from tests.web import films
from tests.web.conftest import Send, shown


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one network of exams."""
    write_exam_network(tmp_path / "networks", "knee-test", banner="Random.", title="Random knees", phantom=False)
    return tmp_path / "networks"


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """A stored exam of two planes that nobody has read."""
    return exams.store_exam(store, tmp_path)


@pytest.fixture
def read(exam: str, store: Store, settings: Settings) -> str:
    """The same with an answer and the maps of two methods by the network that is there."""
    with store.begin() as tx:
        tx.answers.save(exam, exams.exam_answer(model="knee-test"))
        for method in ("lrp", "cam"):
            for uid in (exams.SAGITTAL, exams.CORONAL):
                tx.layers.save(exam, exams.stack_layer(uid, method=method, model="knee-test"))
    return exam


def correct(store: Store, exam: str, correction: CorrectionRow) -> None:
    """What a reader says of the coronal stack."""
    with store.begin() as tx:
        (coronal,) = (stack for stack in tx.stacks.of_study(exam) if stack.fingerprint == exams.stack(exams.CORONAL))
        tx.stacks.correct(coronal.id, correction)


def one_more_slice(store: Store, tmp_path: Path) -> None:
    """The sagittal series gets a fourth image, so that its stack is another one."""
    added = exams.knee(exams.slice_of(exams.SAGITTAL, exams.SLICES))
    store_file(store, tmp_path, added, b"a fourth", "fourth.dcm")


def payload(client: TestClient, study: str, **query: str) -> dict[str, Any]:
    """What the scripts get."""
    answer = client.get(f"/studies/{study}/case.json", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_study_of_stacks_is_shown_by_its_planes(client: TestClient, exam: str, send: Send) -> None:
    page = client.get(f"/studies/{exam}")
    assert page.status_code == 200
    assert payload(client, exam)["arrangement"] == "planes"
    assert payload(client, send(("film.dcm", films.dicom(1))))["arrangement"] == "grid"


def test_an_exam_has_reasons_of_its_own(client: TestClient, read: str) -> None:
    told = client.get(f"/studies/{read}/case.json").json()
    assert told["reasons"] == list(EXAM_REASONS)
    assert {f"reason.{reason}" for reason in EXAM_REASONS} <= set(told["strings"])
    page = client.get(f"/studies/{read}").text
    assert "joint fluid" in page
    assert "support device" not in page.partition('id="case-data"')[0]


def test_the_page_carries_the_same_payload(client: TestClient, read: str) -> None:
    page = client.get(f"/studies/{read}").text
    found = re.search(r'id="case-data">(.*?)</script>', page, re.DOTALL)
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


def test_stacks_of_one_frame_of_reference_have_one_space(client: TestClient, store: Store, tmp_path: Path) -> None:
    frames = {exams.SAGITTAL: ("1.5", "1.5", "1.7"), exams.CORONAL: ("1.7", "", "1.7")}
    for uid, named in frames.items():
        for number, frame in enumerate(named):
            name, one = f"{uid}.{number}", replace(exams.slice_of(uid, number), frame_of_reference_uid=frame)
            added = store_file(store, tmp_path, exams.knee(one, series_uid=uid), name.encode(), f"{name}.dcm")
    told = [(stack["plane"], len(stack["images"]), stack["space"]) for stack in payload(client, added.study_id)["stacks"]]
    assert told == [("sagittal", 2, "1"), ("sagittal", 1, "2"), ("coronal", 3, "2")]
    assert "1.5" not in {stack["space"] for stack in payload(client, added.study_id)["stacks"]}


def test_files_that_name_no_frame_of_reference_have_no_space(client: TestClient, exam: str) -> None:
    assert [stack["space"] for stack in payload(client, exam)["stacks"]] == ["", ""]


def test_a_reader_goes_through_a_stack_from_the_side_they_chose(client: TestClient, read: str) -> None:
    def sagittal(data: dict[str, Any]) -> dict[str, Any]:
        return dict(next(run for run in data["stacks"] if run["plane"] == "sagittal"))

    before = payload(client, read)
    stored = client.get(f"/api/v1/studies/{read}/stacks").json()
    client.post("/preferences", data={"sagittal": "right", "coronal": "front", "directed": "yes"})
    after = payload(client, read)
    assert [image["id"] for image in sagittal(after)["images"]] == [image["id"] for image in sagittal(before)["images"]][::-1]
    assert [image["at"] for image in sagittal(after)["images"]] == [2, 1, 0], "places in the stored stack stay"
    assert [run["begins"] for run in before["stacks"]] == ["left to right", "front to back"]
    assert [run["begins"] for run in after["stacks"]] == ["right to left", "front to back"]
    same = ("prediction", "explanations", "planes", "reviews")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert client.get(f"/api/v1/studies/{read}/stacks").json() == stored
    opens = {part["stack"]: part["opens"][after["finding"]] for part in after["prediction"]["parts"]}
    page = shown(client.get(f"/studies/{read}")).data
    assert {run.id: page.opening(run).at for run in page.stacks} == opens
    assert '<option value="right" selected>' in client.get(f"/studies/{read}").text
    client.cookies.clear()
    client.cookies.set("whylight-directions", "sagittal%3Dinside%26axial")
    assert payload(client, read)["stacks"] == before["stacks"], "what was made up chooses nothing"


def test_without_an_answer_nothing_is_said_of_findings(client: TestClient, exam: str) -> None:
    data = payload(client, exam)
    assert data["model"] == "knee-test"
    assert data["prediction"] is None
    assert data["finding"] == ""
    assert "This network has not read this exam yet." in client.get(f"/studies/{exam}").text


def test_an_answer_is_told_per_plane_and_slice(client: TestClient, read: str) -> None:
    data = payload(client, read)
    said = exams.exam_answer(model="knee-test")
    assert data["finding"] == said.top().finding
    told = {plane["plane"]: plane for plane in data["prediction"]["parts"]}
    for part in said.parts:
        plane = told[part.plane]
        for row, score in enumerate(part.scores):
            assert plane["slice_scores"][score.finding] == list(part.slice_scores[row])
            assert plane["slice_weights"].get(score.finding, []) == list(part.weights_of(score.finding))
            assert plane["opens"][score.finding] == part.opens_at(score.finding)
            assert plane["contributions"][score.finding] == part.contributions[row]
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
    planes = data["prediction"]["parts"]
    expected = [stacks[plane["stack"]]["images"][plane["opens"][data["finding"]]]["pixels_url"] for plane in planes]
    assert sorted(asked) == sorted(expected)


def test_a_finding_is_chosen_by_the_address_if_the_network_knows_it(client: TestClient, read: str) -> None:
    assert payload(client, read, finding="meniscal tear")["finding"] == "meniscal tear"
    assert payload(client, read, finding="Hernia")["finding"] == exams.exam_answer(model="knee-test").top().finding
    assert client.get(f"/studies/{read}/case.json", params={"model": "chest"}).status_code == 404


def test_a_correction_is_what_the_page_says(client: TestClient, exam: str, store: Store) -> None:
    correct(store, exam, CorrectionRow(plane="axial", weighting="T1"))
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
    correct(store, read, CorrectionRow(plane="axial"))
    data = payload(client, read)
    stack = data["planes"]["axial"]
    assert data["planes"]["coronal"] == ""
    assert stack not in {entry["stack"] for entry in data["explanations"]}  # those were made of it as a coronal one
    said = exams.exam_answer(model="knee-test", parts=(exams.part(), exams.part(exams.CORONAL, "axial")))
    with store.begin() as tx:
        tx.answers.save(read, said)
    assert stack not in {entry["stack"] for entry in payload(client, read)["explanations"]}, "no map of the new reading yet"
    with store.begin() as tx:
        tx.layers.save(read, exams.stack_layer(exams.CORONAL, method="cam", model="knee-test", seed=9))
    (entry,) = [entry for entry in payload(client, read)["explanations"] if entry["stack"] == stack]
    assert entry["values_url"] != before[stack]  # what a browser has kept of the earlier maps is not shown


def test_maps_of_a_stack_that_is_no_longer_read_are_not_shown(client: TestClient, read: str, store: Store) -> None:
    before = payload(client, read)
    coronal = before["planes"]["coronal"]
    assert {entry["stack"] for entry in before["explanations"]} == {before["planes"]["sagittal"], coronal}
    correct(store, read, CorrectionRow(used=False))
    with store.begin() as tx:
        (earlier,) = tx.answers.of_study(read)
        kept = tuple(part for part in earlier.answer.parts if part.plane == "sagittal")
        tx.answers.save(read, replace(earlier.answer, parts=kept, missing=("coronal", "axial")))
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
    (told,) = stacks.windows(slices)  # type: ignore[arg-type]
    assert (told.centre, told.width) == (120, 260)
    assert stacks.windows([*slices, image("2.1")]) == ()  # type: ignore[list-item]


def test_a_study_that_is_not_there(client: TestClient) -> None:
    assert client.get("/studies/aaaaaaaaaaaa/case.json").status_code == 404


def test_the_page_shows_the_stacks_as_they_are_and_tells_of_verdicts_on_earlier_states(
    client: TestClient, read: str, store: Store, tmp_path: Path
) -> None:
    assert 'id="earlier"' not in client.get(f"/studies/{read}").text
    sagittal = payload(client, read)["planes"]["sagittal"]
    with store.begin() as tx:
        for reader, layer in zip(("reader", "another"), tx.layers.of_stack(sagittal), strict=True):
            tx.reviews.add(layer.id, exams.stack_review(reader=reader))
    one_more_slice(store, tmp_path)
    page, data = client.get(f"/studies/{read}").text, payload(client, read)
    told = {stack["id"]: len(stack["images"]) for stack in data["stacks"]}
    assert sagittal not in told
    assert sorted(told.values()) == [exams.SLICES, exams.SLICES + 1]
    assert (data["prediction"], data["explanations"], data["reviews"]) == (None, [], [])
    assert '<a href="/flagged">2 verdicts lie on earlier states</a>' in page
    flagged = client.get("/flagged").text
    assert flagged.count("of an earlier state of this series") == 2


def test_answers_about_earlier_states_alone_are_told_too(client: TestClient, read: str, store: Store, tmp_path: Path) -> None:
    one_more_slice(store, tmp_path)
    page = client.get(f"/studies/{read}").text
    assert "What a network said of their earlier states is kept." in page
    assert "lie on earlier" not in page


def test_the_page_shows_this_readers_verdicts_alone(client: TestClient, read: str, store: Store) -> None:
    with store.begin() as tx:
        for reader, layer in zip(("reader", "Dr. Kim"), tx.layers.of_study(read)[:2], strict=True):
            tx.reviews.add(layer.id, exams.stack_review(reader=reader, comment=reader))
    assert [review["comment"] for review in payload(client, read)["reviews"]] == ["reader"]
    client.post("/preferences", data={"reader": "Dr. Kim"})
    assert [review["comment"] for review in payload(client, read)["reviews"]] == ["Dr. Kim"]
    client.post("/preferences", data={"reader": "", "named": "yes"})
    assert [review["comment"] for review in payload(client, read)["reviews"]] == ["reader"]


def test_a_stack_is_corrected_by_its_id_and_by_its_name_of_before(client: TestClient, exam: str) -> None:
    coronal = payload(client, exam)["stacks"][1]
    for name, weighting in ((coronal["id"], "T1"), (f"{coronal['series']}-0", "PD FS")):
        answer = client.post(f"/studies/{exam}/corrections", data={"stack": name, "weighting": weighting})
        assert answer.status_code == 303
        assert payload(client, exam)["stacks"][1]["weighting"] == weighting
    assert client.post(f"/studies/{exam}/corrections", data={"stack": "aaaaaaaaaaaa-0"}).status_code == 404


def test_what_is_odd_about_a_stack_is_told_in_the_readers_language(client: TestClient, store: Store, tmp_path: Path) -> None:
    for number in (0, 1, 2, 4):
        name = f"gap.{number}"
        one = exams.knee(exams.slice_of(exams.SAGITTAL, number))
        added = store_file(store, tmp_path, one, name.encode(), f"{name}.dcm")
    english = "Between slices 1 and 2 something is missing: 8.0 mm instead of 4.0 mm."
    assert english in client.get(f"/studies/{added.study_id}").text
    client.cookies.set("whylight-language", "ko")
    (stack,) = payload(client, added.study_id)["stacks"]
    assert stack["oddities"] == ["1번과 2번 단면 사이에 빠진 것이 있습니다. 간격이 4.0 mm가 아니라 8.0 mm입니다."]
    client.post("/preferences", data={"sagittal": "right", "directed": "yes"})
    (stack,) = payload(client, added.study_id)["stacks"]
    assert stack["oddities"] == ["3번과 4번 단면 사이에 빠진 것이 있습니다. 간격이 4.0 mm가 아니라 8.0 mm입니다."]


def test_a_verdict_on_maps_of_another_plane_stays_in_the_list_and_off_the_new_maps(
    client: TestClient, read: str, store: Store
) -> None:
    with store.begin() as tx:
        coronal = tx.stacks.of_fingerprint(read, exams.stack(exams.CORONAL)).id
        (layer, *_) = tx.layers.of_stack(coronal)
        given = tx.reviews.add(layer.id, exams.stack_review()).id
    assert [review["id"] for review in payload(client, read)["reviews"]] == [given]
    correct(store, read, CorrectionRow(plane="axial"))
    said = exams.exam_answer(model="knee-test", parts=(exams.part(), exams.part(exams.CORONAL, "axial")))
    with store.begin() as tx:
        tx.answers.save(read, said)
        tx.layers.save(read, exams.stack_layer(exams.CORONAL, method=layer.method, model="knee-test", seed=9))
    data = payload(client, read)
    assert data["reviews"] == []
    assert coronal in {entry["stack"] for entry in data["explanations"]}
    assert f"/reviews/{given}/thumbnail.png" in client.get("/flagged").text
