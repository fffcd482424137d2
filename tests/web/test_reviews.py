"""Verdicts from the case page: stored with the map they are about, taken back, refused in words."""

from dataclasses import asdict
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.evaluation import truth
from app.store import Store
from tests.web import films
from tests.web.conftest import Send

JSON = {"Accept": "application/json"}


@pytest.fixture
def given(client: TestClient, study: str) -> dict[str, Any]:
    """A verdict as the case page sends it."""
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    return {
        "image": told["image"],
        "model": told["prediction"]["model"],
        "model_sha256": told["prediction"]["model_sha256"],
        "method": "lrp",
        "finding": "Nodule",
        "verdict": "wrong",
        "reason": "text marker",
        "comment": " beside the L ",
        "region": {"left": 4, "top": 5.5, "right": 20, "bottom": 30},
    }


def test_a_verdict_is_stored_with_everything_and_shown_on_reload(
    client: TestClient, study: str, given: dict[str, Any], store: Store
) -> None:
    response = client.post(f"/studies/{study}/reviews", json=given, headers=JSON)
    assert response.status_code == 201
    review = response.json()["review"]
    rest = {"id": "", "created_at": "", "measures": {}}
    shapes = [{"kind": "rectangle", "points": [[4.0, 5.5], [20.0, 30.0]]}]
    region = given["region"] | {"shapes": shapes}
    assert review | rest == given | rest | {"comment": "beside the L", "region": region}
    with store.view() as tx:
        (row,) = tx.reviews.of_study(study)
    assert row.model_sha256 == "cd" * 32
    assert row.review.created_at.tzinfo is not None
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    assert told["reviews"] == [review]
    assert 'verdict-wrong" name="verdict" value="wrong" aria-pressed="true"' in client.get(f"/studies/{study}").text


def test_a_form_without_scripts_is_stored_and_leads_back(
    client: TestClient, study: str, given: dict[str, Any], store: Store
) -> None:
    form = {name: given[name] for name in ("image", "model", "model_sha256", "method", "finding", "verdict")}
    response = client.post(f"/studies/{study}/reviews", data=form)
    assert response.status_code == 303
    assert client.get(response.headers["location"]).status_code == 200
    with store.view() as tx:
        (row,) = tx.reviews.of_study(study)
    assert (row.review.verdict, row.review.regions) == ("wrong", {})


def test_taking_back_puts_the_verdict_before_in_force(client: TestClient, study: str, given: dict[str, Any]) -> None:
    first = client.post(f"/studies/{study}/reviews", json=given, headers=JSON).json()["review"]
    second = client.post(f"/studies/{study}/reviews", json=given | {"verdict": "partly"}, headers=JSON).json()["review"]
    other = client.post(f"/studies/{study}/reviews", json=given | {"method": "rap"}, headers=JSON).json()["review"]
    assert client.delete(f"/reviews/{second['id']}", headers=JSON).json() == {"review": first}
    assert client.delete(f"/reviews/{first['id']}", headers=JSON).json() == {"review": None}
    assert client.get(f"/studies/{study}/case.json", headers=JSON).json()["reviews"] == [other]


def test_taking_back_what_is_not_there(client: TestClient) -> None:
    assert client.delete("/reviews/aaaaaaaaaaaa", headers=JSON).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "excellent"}, 422),
        ({"reason": "bad weather"}, 422),
        ({"comment": "x" * 4001}, 422),
        ({"unknown": 1}, 422),
        ({"region": {"left": 50, "top": 0, "right": 60, "bottom": 10}}, 422),
        ({"region": {"left": 5, "top": 5, "right": 5, "bottom": 10}}, 422),
        ({"method": "tea leaves"}, 404),
        ({"finding": "Effusion"}, 404),
        ({"model_sha256": "00" * 32}, 404),
        ({"model": "chest-untrained"}, 404),
        ({"image": "aaaaaaaaaaaa"}, 404),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_stored(
    client: TestClient, study: str, given: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    response = client.post(f"/studies/{study}/reviews", json=given | change, headers=JSON)
    assert response.status_code == status
    assert len(response.json()["error"]) > 10
    assert client.get(f"/studies/{study}/case.json", headers=JSON).json()["reviews"] == []


def test_a_region_is_cut_to_the_film(client: TestClient, study: str, given: dict[str, Any]) -> None:
    given["region"] = {"left": -5, "top": -5, "right": 400, "bottom": 12}
    review = client.post(f"/studies/{study}/reviews", json=given, headers=JSON).json()["review"]
    edges = {"left": 0.0, "top": 0.0, "right": 40.0, "bottom": 12.0}
    assert review["region"] == edges | {"shapes": [{"kind": "rectangle", "points": [[0.0, 0.0], [40.0, 12.0]]}]}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b'{"region": NaN}'])
def test_a_body_that_is_no_verdict(client: TestClient, study: str, body: bytes) -> None:
    headers = JSON | {"Content-Type": "application/json"}
    assert client.post(f"/studies/{study}/reviews", content=body, headers=headers).status_code == 422


def test_an_image_of_another_study_is_refused(client: TestClient, study: str, given: dict[str, Any], send: Send) -> None:
    other = send(("other.dcm", films.dicom(9)))
    assert client.post(f"/studies/{other}/reviews", json=given, headers=JSON).status_code == 404


def test_another_site_gives_no_verdict(client: TestClient, study: str, given: dict[str, Any]) -> None:
    response = client.post(f"/studies/{study}/reviews", json=given, headers=JSON | {"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


SEVERAL = {
    "shapes": [
        {"kind": "ellipse", "points": [[2, 3], [20, 17]]},
        {"kind": "polygon", "points": [[22, 4], [38, 12], [25, 36]]},
        {"kind": "freehand", "points": [[4, 25], [14, 22], [12, 35], [5, 38]]},
    ]
}


def test_a_region_of_several_shapes_is_measured_against_every_map(
    client: TestClient, study: str, given: dict[str, Any], store: Store
) -> None:
    review = client.post(f"/studies/{study}/reviews", json=given | {"region": SEVERAL}, headers=JSON).json()["review"]
    assert review["region"]["shapes"] == SEVERAL["shapes"]
    assert [review["region"][edge] for edge in ("left", "top", "right", "bottom")] == [2, 3, 38, 38]
    with store.view() as tx:
        (row,) = tx.reviews.of_study(study)
        for found in tx.layers.of_stack(row.stack_id):
            values = tx.layers.values(found.id)
            expected = truth.localise(values, found.extent, row.review.regions, (40, 40))
            assert row.review.localisations[found.method] == expected
            assert review["measures"][found.method] == asdict(expected)
    assert len(review["measures"]) == len(films.METHODS)
    (told,) = client.get(f"/studies/{study}/case.json", headers=JSON).json()["reviews"]
    assert told == review


@pytest.mark.parametrize(
    "shape",
    [
        {"kind": "polygon", "points": [[1, 1], [5, 5]]},
        {"kind": "ellipse", "points": [[1, 1], [5, 5], [9, 1]]},
        {"kind": "ellipse", "points": [[41, 1], [50, 5]]},
        {"kind": "freehand", "points": [[3, 1], [3, 5], [3, 9]]},
        {"kind": "star", "points": [[1, 1], [5, 5]]},
        {"kind": "rectangle", "points": [[1, 1], [1e9, 5]]},
    ],
)
def test_a_shape_that_is_none_is_refused(client: TestClient, study: str, given: dict[str, Any], shape: dict[str, Any]) -> None:
    given["region"] = {"shapes": [{"kind": "ellipse", "points": [[2, 3], [20, 17]]}, shape]}
    assert client.post(f"/studies/{study}/reviews", json=given, headers=JSON).status_code == 422
    assert client.get(f"/studies/{study}/case.json", headers=JSON).json()["reviews"] == []


def test_what_is_sent_twice_is_kept_once(client: TestClient, study: str, given: dict[str, Any], store: Store) -> None:
    """An answer that was lost on its way makes the page send again; it must not fall over its own verdict."""
    once = given | {"token": "a-1", "expected": ""}
    first = client.post(f"/studies/{study}/reviews", json=once, headers=JSON)
    again = client.post(f"/studies/{study}/reviews", json=once, headers=JSON)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    client.delete(f"/reviews/{first.json()['review']['id']}", headers=JSON)
    with store.view() as tx:
        assert tx.reviews.of_study(study) == ()


def test_who_did_not_see_the_verdict_in_force_is_shown_it(client: TestClient, study: str, given: dict[str, Any]) -> None:
    first = client.post(f"/studies/{study}/reviews", json=given | {"expected": ""}, headers=JSON).json()["review"]
    other = given | {"verdict": "partly"}
    late = client.post(f"/studies/{study}/reviews", json=other | {"expected": ""}, headers=JSON)
    assert late.status_code == 409
    assert (late.json()["code"], late.json()["review"]) == ("Conflict", first)
    assert len(late.json()["error"]) > 10
    second = client.post(f"/studies/{study}/reviews", json=other | {"expected": first["id"]}, headers=JSON)
    assert second.status_code == 201
    overtaken = client.delete(f"/reviews/{first['id']}", headers=JSON)
    assert (overtaken.status_code, overtaken.json()["review"]) == (409, second.json()["review"])
    gone = client.delete(f"/reviews/{second.json()['review']['id']}", headers=JSON)
    assert gone.json() == {"review": first}
    assert client.delete(f"/reviews/{second.json()['review']['id']}", headers=JSON).json() == {"review": first}
    stale = client.post(f"/studies/{study}/reviews", json=given | {"expected": second.json()["review"]["id"]}, headers=JSON)
    assert (stale.status_code, stale.json()["review"]) == (409, first)


def test_a_readers_own_name_is_kept_with_the_verdict(client: TestClient, study: str, given: dict[str, Any]) -> None:
    first = client.post(f"/studies/{study}/reviews", json=given | {"expected": ""}, headers=JSON).json()["review"]
    assert client.post("/preferences", data={"reader": " Dr.  김\u200b "}).status_code == 303
    second = client.post(f"/studies/{study}/reviews", json=given | {"expected": ""}, headers=JSON)
    assert second.status_code == 201, "another reader has judged nothing yet"
    exported = {flag["review"]: flag["reader"] for flag in client.get("/flagged.json").json()["flags"]}
    assert exported == {first["id"]: "reader", second.json()["review"]["id"]: "Dr. 김"}
