"""Layouts over HTTP: kept, changed, removed, refused in words, and told to the case page."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.web.api import layouts

ONE, TWO = "abcdefghijkl", "bbbbbbbbbbbb"
GIVEN = {
    "name": "Reading",
    "rows": 1,
    "columns": 2,
    "layers": ["film", "map:lrp"],
    "own": {"0": {"unlinked": []}},
    "last": True,
    "opens": "film",
}


def test_a_layout_is_kept_changed_shown_and_removed(client: TestClient, study: str) -> None:
    for _ in range(2):
        answer = client.put(f"/api/v1/layouts/{ONE}", json=GIVEN)
        assert answer.json() == {"id": ONE, **GIVEN}
    assert client.get("/api/v1/layouts").json() == [{"id": ONE, **GIVEN}]
    assert client.get(f"/studies/{study}/case.json").json()["layouts"] == [{"id": ONE, **GIVEN}]
    other = GIVEN | {"name": "Other"}
    client.put(f"/api/v1/layouts/{TWO}", json=other)
    assert [(one["last"], one["opens"]) for one in client.get("/api/v1/layouts").json()] == [(False, ""), (True, "film")]
    assert [client.delete(f"/api/v1/layouts/{ONE}").status_code for _ in range(2)] == [204, 404]
    assert client.get("/api/v1/layouts").json() == [{"id": TWO, **other}]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 41},
        {"rows": 0},
        {"columns": 5},
        {"layers": ["film"] * 13},
        {"layers": ["x" * 65]},
        {"own": {"0": "x" * 20_000}},
        {"own": []},
        {"opens": "every"},
        {"more": 1},
    ],
)
def test_what_is_no_layout_is_refused_in_words(client: TestClient, change: dict[str, Any]) -> None:
    answer = client.put(f"/api/v1/layouts/{ONE}", json=GIVEN | change)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert client.get("/api/v1/layouts").json() == []


def test_layouts_are_their_readers(client: TestClient, study: str) -> None:
    client.put(f"/api/v1/layouts/{ONE}", json=GIVEN)
    client.cookies.set("whylight-reader", "Kim")
    assert client.get("/api/v1/layouts").json() == []
    assert client.put(f"/api/v1/layouts/{ONE}", json=GIVEN).status_code == 404
    client.put(f"/api/v1/layouts/{TWO}", json=GIVEN)
    assert [one["id"] for one in client.get(f"/studies/{study}/case.json").json()["layouts"]] == [TWO]


def test_there_is_a_most(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "MOST", 1)
    assert client.put(f"/api/v1/layouts/{ONE}", json=GIVEN).status_code == 200
    assert "1 layouts already" in client.put(f"/api/v1/layouts/{TWO}", json=GIVEN | {"name": "b"}).json()["error"]
    assert client.put(f"/api/v1/layouts/{ONE}", json=GIVEN | {"rows": 3}).json()["rows"] == 3
