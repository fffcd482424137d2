"""Where the evidence of maps lies, on the page, on paper, in the API and in the worklist."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from app.anatomy.signs import WORTH
from app.domain import Evidence, Share
from app.store import Store
from app.web import evidence
from tests.web import films

TOLD = Evidence((Share("left lung", 0.25, 0.125), Share("outside the body", 0.6, 0.2)), "outside the body")


def moved(client: TestClient, study: str, percent: str) -> None:
    """The reader moves the point of the finding that the study's page shows."""
    finding = client.get(f"/api/v1/studies/{study}/layers").json()[0]["finding"]
    answer = client.post(f"/studies/{study}/points", data={"model": films.MODEL, "about": finding, "percent": percent})
    assert answer.status_code == 303


@pytest.fixture
def odd(study: str, store: Store, client: TestClient) -> str:
    """The study, with one map that looks elsewhere and one without positive evidence; its finding is called."""
    moved(client, study, "1")
    with store.begin() as tx:
        rows = [row for row in tx.layers.of_study(study) if row.method in ("cam", "lrp")]
        for row in rows:
            told = TOLD if row.method == "cam" else Evidence(())
            tx.layers.save(study, replace(tx.layers.load(row.id), evidence=told))
    return study


def test_the_page_has_a_table_per_map_and_the_sign_with_its_worth(client: TestClient, odd: str) -> None:
    text = client.get(f"/studies/{odd}").text
    table = text[text.index('id="evidence"') :]
    assert "3.0 × as much of the evidence lies outside the body as its area would have." in table
    assert "looks elsewhere" in table
    assert "60&nbsp;%" in table
    assert 'data-outline="regions"' in table
    assert "no positive evidence" in table
    assert f"{100 * WORTH.precision:.0f} % of the signs are right" in table
    korean = client.get(f"/studies/{odd}", headers={"Accept-Language": "ko"}).text
    assert "근거가 신체 밖에 면적 대비 3.0배 놓여 있습니다." in korean


def test_paper_api_and_exports_say_the_same(client: TestClient, odd: str) -> None:
    report = client.get(f"/studies/{odd}/report").text
    assert "left lung 25 % (12 %) · outside the body 60 % (20 %)" in report
    assert client.get(f"/studies/{odd}/report.pdf").status_code == 200
    layers = client.get(f"/api/v1/studies/{odd}/layers").json()
    cam = next(one for one in layers if one["method"] == "cam")
    assert cam["evidence"]["odd"] == "outside the body"
    assert cam["evidence"]["regions"][0] == {"region": "left lung", "share": 0.25, "area": 0.125, "ratio": 2.0}
    rows = client.get("/api/v1/exports/layers.json").json()["rows"]
    assert {(row["method"], row["odd"]) for row in rows} >= {("cam", "outside the body"), ("lrp", "")}


def test_the_worklist_has_a_column_and_a_filter(client: TestClient, odd: str) -> None:
    there, gone = (client.get(f"/?evidence={value}").text for value in ("elsewhere", "inside"))
    assert f"study-{odd}" in there
    assert "looks elsewhere</span>" in there
    assert f"study-{odd}" not in gone


def test_no_sign_stands_on_a_finding_that_is_not_called(client: TestClient, odd: str) -> None:
    """What little evidence there is lies somewhere, and the sign's worth was measured on calls alone."""
    moved(client, odd, "99")
    text = client.get(f"/studies/{odd}").text
    table = text[text.index('id="evidence"') :]
    assert "looks elsewhere" not in table
    assert "3.0 × as much" not in table
    assert "60&nbsp;%" in table, "the figures stay"
    assert "3.0 × as much" not in client.get(f"/studies/{odd}/report").text
    there, gone = (client.get(f"/?evidence={value}").text for value in ("elsewhere", "inside"))
    assert f"study-{odd}" not in there
    assert f"study-{odd}" in gone
    assert "looks elsewhere</span>" not in gone
    layers = client.get(f"/api/v1/studies/{odd}/layers").json()
    assert next(one for one in layers if one["method"] == "cam")["evidence"]["odd"] == ""
    maps = client.get(f"/api/v1/studies/{odd}/explanations").json()
    assert next(one for one in maps if one["method"] == "cam")["evidence"]["odd"] == ""
    rows = client.get("/api/v1/exports/layers.json").json()["rows"]
    assert {row["odd"] for row in rows} == {""}


def test_no_area_and_no_sign_are_told_as_such() -> None:
    def same(text: str, **values: object) -> str:
        return text % values if values else text

    told = evidence.data(Evidence((Share("markers", 0.1, 0.0),), "markers"), same)
    assert told is not None
    assert told.rows[0].ratio is None
    assert told.odd == "∞ × as much of the evidence lies on markers and text as their area would have."
    assert evidence.data(None, same) is None
    assert evidence.sentence(Evidence(()), same) == ""
