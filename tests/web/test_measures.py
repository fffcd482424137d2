"""Annotations over HTTP, also as measures, their old name: kept once, changed, removed, refused, with figures."""

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.store import Store
from app.web.api import annotations
from tests.web import films
from tests.web.conftest import Send

ONE = "abcdefghijkl"


@pytest.fixture
def given(client: TestClient, study: str) -> dict[str, Any]:
    """A rectangle as the case page sends it."""
    image = client.get(f"/studies/{study}/case.json", headers={"Accept": "application/json"}).json()["image"]
    return {"image": image, "kind": "rectangle", "points": [[3, 4], [20.25, 30]]}


def put(client: TestClient, study: str, body: dict[str, Any], measure: str = ONE) -> Any:
    """Keep a measure."""
    return client.put(f"/api/v1/studies/{study}/measures/{measure}", json=body)


def test_a_measure_is_kept_once_with_its_figures(client: TestClient, study: str, given: dict[str, Any], store: Store) -> None:
    for _ in range(2):
        answer = put(client, study, given)
        assert answer.status_code == 200, answer.text
    told = answer.json()
    with store.view() as tx:
        image = tx.studies.load_image(given["image"])
    values = image.stored[4:30, 3:20].astype(np.float64) * image.slope + image.intercept
    expected = (values.mean(), values.std(), values.min(), values.max(), values.size)
    assert [told[name] for name in ("mean", "sd", "least", "most", "pixels")] == pytest.approx(expected)
    assert client.get(f"/api/v1/studies/{study}/measures").json() == [told]
    moved = put(client, study, given | {"points": [[0, 0], [5, 5]]}).json()
    assert client.get(f"/api/v1/studies/{study}/measures").json() == [moved]
    assert client.delete(f"/api/v1/studies/{study}/measures/{ONE}").status_code == 200
    assert client.get(f"/api/v1/studies/{study}/measures").json() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "guess"}, 422),
        ({"kind": "angle"}, 422),
        ({"points": [[1, 1]]}, 422),
        ({"points": [[1, 1], [1, 1]]}, 422),
        ({"points": [[1, 1], [1e9, 1]]}, 422),
        ({"points": [[1, 1], [-1, 1]]}, 422),
        ({"points": "everywhere"}, 422),
        ({"image": "aaaaaaaaaaaa"}, 404),
        ({"more": 1}, 422),
    ],
)
def test_what_is_no_measure_is_refused_in_words(
    client: TestClient, study: str, given: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    answer = put(client, study, given | change)
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 10
    assert client.get(f"/api/v1/studies/{study}/measures").json() == []


def test_ids_are_ours_and_stay_with_their_study(client: TestClient, study: str, given: dict[str, Any], send: Send) -> None:
    assert put(client, study, given, "UPPER").status_code == 422
    assert put(client, study, given).status_code == 200
    other = send(("other.dcm", films.dicom(9)))
    assert put(client, other, given).status_code == 404
    image = client.get(f"/studies/{other}/case.json", headers={"Accept": "application/json"}).json()["image"]
    assert put(client, other, given | {"image": image}).status_code == 409
    assert client.delete(f"/api/v1/studies/{other}/measures/{ONE}").status_code == 404
    assert len(client.get(f"/api/v1/studies/{study}/measures").json()) == 1, "removed through another study"
    assert client.get("/api/v1/studies/aaaaaaaaaaaa/measures").status_code == 404


def test_both_addresses_are_of_the_same_annotations(client: TestClient, study: str, given: dict[str, Any]) -> None:
    here = f"/api/v1/studies/{study}/annotations"
    kept = client.put(f"{here}/{ONE}", json=given).json()
    assert client.get(here).json() == [kept] == client.get(f"/api/v1/studies/{study}/measures").json()
    assert client.delete(f"{here}/{ONE}").json() == kept
    assert client.get(f"/api/v1/studies/{study}/measures").json() == []


def test_at_the_most_there_may_be_one_is_still_changed(
    client: TestClient, study: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotations, "MOST", 1)
    assert put(client, study, given).status_code == 200
    refused = put(client, study, given, "bbbbbbbbbbbb")
    assert refused.status_code == 422
    assert "1 measures already" in refused.json()["detail"]
    assert put(client, study, given | {"points": [[0, 0], [5, 5]]}).json()["points"] == [[0, 0], [5, 5]]


def test_an_annotation_is_its_readers(client: TestClient, study: str, given: dict[str, Any]) -> None:
    client.cookies.set("whylight-reader", "Kim")
    assert put(client, study, given).json()["reader"] == "Kim"
    client.cookies.set("whylight-reader", "Lee")
    assert put(client, study, given).status_code == 409


def test_another_site_keeps_no_measure(client: TestClient, study: str, given: dict[str, Any]) -> None:
    address = f"/api/v1/studies/{study}/measures/{ONE}"
    assert client.put(address, json=given, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
