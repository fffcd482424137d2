"""Verdicts on stacks: stored with their region on several slices and its measures, taken back, refused in words."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain import Extent
from app.evaluation import truth
from app.store import Store
from tests.store.exams import SHA
from tests.web import exams

JSON = {"Accept": "application/json"}
OVAL = {"kind": "ellipse", "points": [[1.0, 2.0], [7.5, 9.0]]}


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


@pytest.fixture
def slices(store: Store, exam: str) -> list[str]:
    """The ids of the sagittal stack's images, in order."""
    with store.view() as tx:
        return list(tx.stacks.of_study(exam)[0].images)


@pytest.fixture
def given(store: Store, exam: str, slices: list[str]) -> dict[str, Any]:
    """A verdict as the exam page sends it."""
    with store.view() as tx:
        stack = tx.stacks.of_study(exam)[0].id
    return {
        "stack": stack,
        "model": "knee",
        "model_sha256": SHA,
        "method": "lrp",
        "finding": "ACL tear",
        "verdict": "wrong",
        "reason": "other anatomy",
        "comment": " behind it ",
        "region": {slices[2]: [OVAL], slices[0]: [OVAL, {"kind": "rectangle", "points": [[0, 0], [4, 40]]}]},
    }


def post(client: TestClient, exam: str, given: dict[str, Any], status: int = 201) -> Any:
    """Send a verdict; what came back."""
    answer = client.post(f"/studies/{exam}/exam/reviews", json=given, headers=JSON)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_verdict_is_stored_with_its_slices_and_every_methods_measures(
    client: TestClient, exam: str, given: dict[str, Any], slices: list[str], store: Store
) -> None:
    review = post(client, exam, given)["review"]
    cut = {"kind": "rectangle", "points": [[0.0, 0.0], [4.0, 12.0]]}
    expected = given | {"comment": "behind it", "region": {slices[0]: [OVAL, cut], slices[2]: [OVAL]}}
    assert {name: review[name] for name in expected} == expected
    assert set(review["measures"]) == {"cam", "lrp"}
    with store.view() as tx:
        (row,) = tx.reviews.of_study(exam)
        assert row.id == review["id"]
        maps = tx.layers.get(row.layer_id)
        assert maps.mass[row.review.shown] == max(maps.mass[0], maps.mass[2])
        values = tx.layers.values(maps.id)
    assert set(row.review.regions) == {0, 2}
    figures = row.review.localisations["lrp"]
    assert figures == truth.localise(values, Extent(-1.0, 0.0, 11.0, 12.0), row.review.regions, (12, 10))
    assert figures.iou is not None


def test_without_a_region_the_stack_is_shown_where_it_opens(
    client: TestClient, exam: str, given: dict[str, Any], slices: list[str], store: Store
) -> None:
    post(client, exam, given | {"region": None})
    with store.view() as tx:
        (row,) = tx.reviews.of_study(exam)
    assert (row.review.regions, row.image_id, dict(row.review.localisations)) == ({}, slices[1], {})


def test_a_form_without_scripts_is_stored_and_leads_back(client: TestClient, exam: str, given: dict[str, Any]) -> None:
    form = {name: given[name] for name in ("stack", "model", "model_sha256", "method", "finding", "verdict")}
    answer = client.post(f"/studies/{exam}/exam/reviews", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/studies/{exam}?model=knee&finding=ACL%20tear"


def test_what_is_sent_twice_is_kept_once_and_what_was_overtaken_is_told(
    client: TestClient, exam: str, given: dict[str, Any]
) -> None:
    first = post(client, exam, given | {"token": "a" * 20, "expected": ""})["review"]
    assert post(client, exam, given | {"token": "a" * 20, "expected": ""})["review"] == first
    answer = post(client, exam, given | {"token": "b" * 20, "expected": ""}, 409)
    assert answer["review"] == first
    assert "meantime" in answer["error"]
    second = post(client, exam, given | {"token": "b" * 20, "expected": first["id"], "verdict": "partly"})["review"]
    assert client.delete(f"/exam-reviews/{first['id']}", headers=JSON).status_code == 409
    assert client.delete(f"/exam-reviews/{second['id']}", headers=JSON).json() == {"review": first}
    assert client.delete(f"/exam-reviews/{first['id']}", headers=JSON).json() == {"review": None}
    assert client.delete(f"/exam-reviews/{first['id']}", headers=JSON).json() == {"review": None}
    assert client.delete("/exam-reviews/aaaaaaaaaaaa", headers=JSON).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "excellent"}, 422),
        ({"reason": "bad weather"}, 422),
        ({"comment": "x" * 4001}, 422),
        ({"unknown": 1}, 422),
        ({"region": {"aaaaaaaaaaaa": [OVAL]}}, 404),
        ({"region": {}}, 201),
        ({"method": "tea leaves"}, 404),
        ({"finding": "meniscal tear"}, 404),
        ({"model_sha256": "00" * 32}, 404),
        ({"stack": "aaaaaaaaaaaa-0"}, 404),
        ({"stack": "../../etc"}, 404),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    client: TestClient, exam: str, given: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    answer = post(client, exam, given | change, status)
    assert status == 201 or len(answer["error"]) > 10


def test_a_region_off_its_slice_is_refused(
    client: TestClient, exam: str, given: dict[str, Any], slices: list[str], store: Store
) -> None:
    for shapes in ([{"kind": "ellipse", "points": [[50, 50], [60, 60]]}], [{"kind": "ellipse", "points": [[5, 5]]}], []):
        post(client, exam, given | {"region": {slices[0]: shapes}}, 422)
    with store.view() as tx:
        series = tx.stacks.of_study(exam)[0].series_id
        assert tx.reviews.of_study(exam) == ()
    post(client, exam, given | {"stack": f"{series}-7"}, 404)
    post(client, exam, given | {"stack": f"{series}-0"})  # as addresses had it before stacks had ids of their own


def test_a_verdict_from_another_site_is_refused(client: TestClient, exam: str, given: dict[str, Any]) -> None:
    headers = JSON | {"Sec-Fetch-Site": "cross-site"}
    assert client.post(f"/studies/{exam}/exam/reviews", json=given, headers=headers).status_code == 403
