"""Splitting and joining stacks by the page and by script: in the reader's order, refused with a reason, taken back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.store import Store
from tests.store import exams
from tests.store.films import store_file
from tests.store.test_joining import send
from tests.web import exams as knees
from tests.web.conftest import shown
from tests.web.test_case_planes import payload

HTMX = {"HX-Request": "true"}


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam of two planes with an answer and maps."""
    return knees.store(store, tmp_path)


def stacks(client: TestClient, study: str, **query: Any) -> list[dict[str, Any]]:
    return list(client.get(f"/api/v1/studies/{study}/stacks", params=query).json())


def said(client: TestClient, study: str, **told: Any) -> Any:
    return client.post(f"/studies/{study}/regroupings", data=told)


def test_a_stack_is_split_where_its_reader_counts(client: TestClient, exam: str) -> None:
    old = stacks(client, exam)[0]
    client.post("/preferences", data={"reader": "Dr. Kim", "sagittal": "right", "directed": "yes"})
    seen = [image["id"] for image in payload(client, exam)["stacks"][0]["images"]]
    answer = said(client, exam, kind="split", stack=old["id"], slice=2)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/studies/{exam}")
    parts = [[image["id"] for image in run["images"]] for run in payload(client, exam)["stacks"] if run["plane"] == "sagittal"]
    assert sorted(parts, key=len) == [seen[:1], seen[1:]]
    page = client.get(f"/studies/{exam}")
    assert "A reader split this stack: other slices of its series lie apart." in page.text
    assert "more images came, or a reader split or joined them" in page.text
    (word,) = shown(page).hand.words
    assert (word.words, word.reader) == ("Split: Sagittal · no. 1", "Dr. Kim")
    assert [row["id"] for row in stacks(client, exam, earlier=True) if not row["current"]] == [old["id"]]
    answer = client.post(f"/studies/{exam}/regroupings/{word.id}/removal", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/studies/{exam}")
    assert stacks(client, exam)[0] == old
    assert shown(client.get(f"/studies/{exam}")).hand.words == ()


def test_a_split_leads_back_to_what_was_shown(client: TestClient, exam: str) -> None:
    old = stacks(client, exam)[0]
    came = {"Referer": f"http://testserver/studies/{exam}?model=net&finding=ACL+tear&flag=x&queue=q"}
    told = {"kind": "split", "stack": old["id"], "slice": 2}
    answer = client.post(f"/studies/{exam}/regroupings", data=told, headers={**HTMX, **came})
    assert answer.headers["HX-Redirect"] == f"/studies/{exam}?model=net&finding=ACL+tear&queue=q"


def test_what_was_said_stays_as_it_was_said(client: TestClient, exam: str) -> None:
    """A later split leaves the words of an earlier one alone: they name slices, not what their stack is now."""
    said(client, exam, kind="split", stack=stacks(client, exam)[0]["id"], slice=2)
    (first,) = shown(client.get(f"/studies/{exam}")).hand.words
    largest = max(stacks(client, exam), key=lambda stack: (stack["plane"] == "sagittal", len(stack["images"])))
    said(client, exam, kind="split", stack=largest["id"], slice=2)
    last, again = shown(client.get(f"/studies/{exam}")).hand.words
    assert again == first
    assert last.words != first.words


def test_a_script_splits_joins_and_takes_back(script: TestClient, exam: str) -> None:
    address = f"/api/v1/studies/{exam}/regroupings"
    old, coronal = stacks(script, exam)
    split = script.post(address, json={"kind": "split", "stacks": [old["id"]], "image": old["images"][1]})
    assert split.status_code == 201, split.text
    parts = [row["id"] for row in stacks(script, exam)][:2]
    joined = script.post(address, json={"kind": "join", "stacks": parts})
    assert stacks(script, exam)[0]["id"] == old["id"], "of the same slices it is the same stack"
    assert script.get(address).json() == [split.json(), joined.json()]
    for word in (joined, split):
        back = script.delete(f"{address}/{word.json()['id']}")
        assert (back.status_code, back.json()["withdrawn_by"]) == (200, "reader")
    assert script.get(address).json() == []
    assert len(script.get(address, params={"withdrawn": True}).json()) == 2
    assert [row["id"] for row in stacks(script, exam)] == [old["id"], coronal["id"]]
    refused = script.post(address, json={"kind": "join", "stacks": [old["id"], coronal["id"]]})
    assert (refused.status_code, refused.json()["error"]) == (422, "The slices of the stacks do not lie parallel.")
    assert script.delete(f"{address}/aaaaaaaaaaaa").status_code == 404


@pytest.mark.parametrize(
    ("told", "english", "korean"),
    [
        ({"kind": "split", "slice": 4}, "slice 3 at the latest", "3번 단면까지"),
        ({"kind": "split", "slice": 1}, "slice 2 on at the earliest", "2번 단면부터"),
        ({"kind": "join"}, "two different stacks or more", "서로 다른 스택이 둘 이상"),
        ({"kind": "single"}, "say that they belong together", "함께 있어야 합니다"),
    ],
)
def test_a_refusal_is_told_on_the_page_in_the_readers_language(
    client: TestClient, exam: str, told: dict[str, Any], english: str, korean: str
) -> None:
    (old, _) = stacks(client, exam)
    for language, words in (("en", english), ("ko", korean)):
        headers = {**HTMX, "Accept-Language": language}
        answer = client.post(f"/studies/{exam}/regroupings", data={"stack": old["id"], **told}, headers=headers)
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#messages")
        assert words in answer.text


def test_slices_that_were_put_together_are_taken_apart_and_joined_from_the_page_of_films(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    study = send(store, tmp_path, range(1, 5))
    (whole,) = stacks(client, study)
    assert "Take them apart" in client.get(f"/studies/{study}").text
    said(client, study, kind="single", stack=whole["id"])
    page = client.get(f"/studies/{study}")
    assert payload(client, study)["arrangement"] == "grid"
    assert [one.words for one in shown(page).hand.stacks] == [f"Sagittal · no. {n} · 1 slice · sag" for n in (5, 4, 3, 2)]
    assert "Take back" in page.text
    said(client, study, kind="join", stack=[one.id for one in shown(page).hand.stacks])
    assert payload(client, study)["arrangement"] == "planes"
    assert stacks(client, study)[0]["images"] == whole["images"]


def test_a_series_that_is_joined_to_another_is_listed_nowhere_else(client: TestClient, store: Store, tmp_path: Path) -> None:
    study = exams.store_exam(store, tmp_path)
    added = send_beside(store, tmp_path)
    assert added == study
    rows = stacks(client, study)
    said(client, study, kind="join", stack=[rows[0]["id"], rows[2]["id"]])
    page = shown(client.get(f"/studies/{study}"))
    assert [len(run.images) for run in page.data.stacks] == [5, 3]
    assert page.others == ()


def test_a_gap_between_stacks_is_asked_about_before_they_are_joined(client: TestClient, store: Store, tmp_path: Path) -> None:
    study = exams.store_exam(store, tmp_path)
    question = "Between these stacks lie 12.0 mm, and their slices lie 4.0 mm apart"
    page = asked(client, store, tmp_path, study)
    rows = stacks(client, study)
    told = {"kind": "join", "stack": [rows[0]["id"], rows[2]["id"]]}
    assert (page.status_code, question in page.text, 'name="sure" value="yes"' in page.text) == (200, True, True)
    fragment = client.post(f"/studies/{study}/regroupings", data=told, headers=HTMX)
    assert (fragment.headers["HX-Retarget"], question in fragment.text) == ("#messages", True)
    assert stacks(client, study) == rows, "nothing was joined yet"
    assert said(client, study, **told, sure="yes").status_code == 303
    assert [len(row["images"]) for row in stacks(client, study)] == [5, 3]


def asked(client: TestClient, store: Store, tmp_path: Path, study: str) -> Any:
    """What is answered to who joins the sagittal stack of this exam to slices that lie 12 mm behind it."""
    send_beside(store, tmp_path, (5, 6))
    rows = stacks(client, study)
    return said(client, study, kind="join", stack=[rows[0]["id"], rows[2]["id"]])


def send_beside(store: Store, tmp_path: Path, numbers: Sequence[int] = (3, 4)) -> str:
    """Two slices of another series that go on where the sagittal one ends, or lie farther on."""
    for number in numbers:
        one = replace(exams.slice_of(exams.SAGITTAL, number), sop_instance_uid=f"1.8.{number}")
        added = store_file(store, tmp_path, exams.knee(one, series_uid="1.8"), b"%d" % number, f"beside {number}.dcm")
    return added.study_id
