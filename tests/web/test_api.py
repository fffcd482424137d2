"""The API: the main job by script."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.store import Store
from tests.web import films

API = "/api/v1"
PROBLEM = {"type", "title", "status", "detail", "error", "code"}
"""What every problem has."""


def uploaded(script: TestClient, *numbers: int) -> dict[str, Any]:
    """Upload films and return the report."""
    answer = script.post(f"{API}/studies", files=[("files", (f"{n}.dcm", films.dicom(n))) for n in numbers])
    assert answer.status_code == 201, answer.text
    report: dict[str, Any] = answer.json()
    return report


def test_the_main_job(script: TestClient, store: Store, woken: list[str]) -> None:
    report = uploaded(script, 1)
    (study,) = report["studies"]
    assert report["files"] == [{"name": "1.dcm", "state": "accepted", "reason": "", "warnings": [], "study": study}]
    assert script.get(f"{API}/studies/{study}/job").json()["state"] == "queued"
    films.analyse(store, study)
    job = script.get(f"{API}/studies/{study}/job").json()
    assert (job["state"], job["kind"], job["study"]) == ("done", "analyse", study)
    assert script.get(f"{API}/jobs/{job['id']}").json() == job

    read = script.get(f"{API}/studies/{study}").json()
    assert read["patient"] == {"name": "PHANTOM CHEST 1", "id": "PH-1", "birth_date": "1970-01-02", "sex": "O"}
    assert (read["state"], read["phantom"], read["job"]) == ("done", True, job)
    image = read["images"][0]
    assert (image["rows"], image["columns"], image["dtype"]) == (40, 40, "<u2")
    assert len(script.get(image["pixels"]).content) == 3200

    (prediction,) = script.get(f"{API}/studies/{study}/predictions").json()
    assert prediction["model_sha256"] == "cd" * 32
    assert {score["finding"]: score["probability"] for score in prediction["scores"]} == films.SCORES

    maps = script.get(f"{API}/studies/{study}/explanations").json()
    assert sorted(found["method"] for found in maps) == sorted(films.METHODS)
    (cam,) = script.get(f"{API}/studies/{study}/explanations?method=cam&finding=Nodule&model={films.MODEL}").json()
    assert cam["shape"] == [8, 8]
    assert cam["extent"] == {"left": 0, "top": 0, "right": 40, "bottom": 40}
    assert script.get(f"{API}/explanations/{cam['id']}").json() == cam
    for key in ("values", "npy", "png"):
        assert script.get(cam[key]).status_code == 200
    assert script.get(f"{API}/studies/{study}/explanations?method=none").json() == []

    wanted = {"model": films.MODEL, "finding": "Effusion"}
    asked = script.post(f"{API}/studies/{study}/explanations", json=wanted)
    assert asked.status_code == 202
    assert (asked.json()["kind"], asked.json()["finding"], asked.json()["image"]) == ("explain", "Effusion", image["id"])
    assert len(woken) == 2
    assert script.delete(f"{API}/jobs/{asked.json()['id']}").json()["state"] == "cancelled"


def test_a_region_is_told_to_the_hundredth(script: TestClient, study: str) -> None:
    told = {"model": films.MODEL, "method": "lrp", "finding": "Nodule", "verdict": "wrong"}
    region = {"left": 1.0049999999999, "top": 2.1234567890123, "right": 30.6666666666667, "bottom": 31}
    review = script.post(f"{API}/studies/{study}/reviews", json={**told, "region": region}).json()
    edges = {"left": 1.0, "top": 2.12, "right": 30.67, "bottom": 31}
    assert review["region"] == edges | {"shapes": [{"kind": "rectangle", "points": [[1.0, 2.12], [30.67, 31]]}]}
    (exported,) = script.get("/flagged.json").json()["flags"]
    assert [exported[f"region_{edge}"] for edge in ("left", "top", "right", "bottom")] == [1.0, 2.12, 30.67, 31]


def test_verdicts(script: TestClient, study: str) -> None:
    region = {"left": 1, "top": 2, "right": 30, "bottom": 400}
    asked = {
        "model": films.MODEL,
        "method": "lrp",
        "finding": "Nodule",
        "verdict": "wrong",
        "reason": "noise",
        "region": region,
    }
    answer = script.post(
        f"{API}/studies/{study}/reviews", json=asked | {"reason": "noise", "comment": " too high ", "reader": "r1"}
    )
    assert answer.status_code == 201, answer.text
    review = answer.json()
    assert review["model_sha256"] == "cd" * 32
    assert {name: review["region"][name] for name in region} == region | {"bottom": 40}
    assert set(review["measures"]) == set(films.METHODS)
    assert (review["comment"], review["reader"], review["withdrawn_at"]) == ("too high", "r1", None)
    assert script.get(f"{API}/studies/{study}/reviews").json() == [review]
    assert script.get(f"{API}/reviews/{review['id']}").json() == review
    withdrawn = script.delete(f"{API}/reviews/{review['id']}")
    assert withdrawn.json()["withdrawn_at"] is not None
    assert script.get(f"{API}/studies/{study}/reviews").json() == []
    assert script.post(f"{API}/studies/{study}/reviews", json={**asked, "region": None}).json()["region"] is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "maybe"}, 422),
        ({"reason": "because"}, 422),
        ({"method": "astrology"}, 404),
        ({"model": "nothing"}, 404),
        ({"finding": "Mass"}, 404),
        ({"image": "aaaaaaaaaaaa"}, 404),
        ({"region": {"left": 50, "top": 50, "right": 60, "bottom": 60}}, 422),
        ({"region": {"left": 1}}, 422),
        ({"region": {"shapes": []}}, 422),
        ({"expected": "aaaaaaaaaaaa"}, 409),
        ({"comment": "x" * 5000}, 422),
        ({"surprise": 1}, 422),
    ],
)
def test_an_impossible_verdict_is_refused(script: TestClient, study: str, change: dict[str, Any], status: int) -> None:
    asked = {"model": films.MODEL, "method": "cam", "finding": "Nodule", "verdict": "wrong", **change}
    answer = script.post(f"{API}/studies/{study}/reviews", json=asked)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) - {"review"} == PROBLEM
    assert script.get(f"{API}/studies/{study}/reviews").json() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [({"model": "nothing"}, 404), ({"finding": "Mass"}, 422), ({"model": "chest-untrained"}, 422), ({"image": "x"}, 404)],
)
def test_an_impossible_explanation_is_refused(
    script: TestClient, study: str, woken: list[str], change: dict[str, Any], status: int
) -> None:
    before = len(woken)
    asked = {"model": films.MODEL, "finding": "Nodule", **change}
    answer = script.post(f"{API}/studies/{study}/explanations", json=asked)
    assert answer.status_code == status, answer.text
    assert len(woken) == before


def test_bodies_that_are_no_json(script: TestClient, study: str) -> None:
    answer = script.post(f"{API}/studies/{study}/reviews", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "InputError"
    assert "{" not in answer.json()["error"]


def test_the_list(script: TestClient, store: Store) -> None:
    studies = [uploaded(script, n)["studies"][0] for n in (1, 2, 3)]
    films.analyse(store, studies[0])
    listed = script.get(f"{API}/studies").json()
    assert [row["id"] for row in listed["studies"]] == studies[::-1]
    assert (listed["total"], listed["page"], listed["pages"]) == (3, 1, 1)
    done = script.get(f"{API}/studies?state=done&modality=DX&flagged=false").json()
    assert [row["id"] for row in done["studies"]] == studies[:1]
    assert [score["finding"] for score in done["studies"][0]["top"]] == ["Nodule", "Cardiomegaly", "Effusion"]
    second = script.get(f"{API}/studies?size=2&page=2").json()
    assert (len(second["studies"]), second["pages"]) == (1, 2)
    assert script.get(f"{API}/studies?state=odd").status_code == 422
    assert script.get(f"{API}/studies?page=0").status_code == 422


def test_how_far_methods_agree(script: TestClient, store: Store) -> None:
    first, second = (uploaded(script, n)["studies"][0] for n in (1, 2))
    assert script.get(f"{API}/studies/{first}/agreement").json() == []
    films.analyse(store, first)
    kept = films.agree(store, first, 0.25)
    films.agree(store, first, 0.5, "Effusion")
    found = script.get(f"{API}/studies/{first}/agreement").json()
    assert [one["finding"] for one in found] == ["Effusion", "Nodule"]
    (nodule,) = script.get(f"{API}/studies/{first}/agreement?finding=Nodule").json()
    image = script.get(f"{API}/studies/{first}").json()["images"][0]["id"]
    assert (nodule["image"], nodule["methods"]) == (image, ["cam", "saliency", "lrp"])
    assert nodule["stack"] == kept.key.stack_id
    assert (nodule["rank"], nodule["overlap"], nodule["disagreement"]) == (0.25, 0.25, 0.75)
    (row,) = script.get(f"{API}/studies?disagreement=0.75").json()["studies"]
    assert row["disagreements"] == [0.75, None, 0.5]
    assert script.get(f"{API}/studies?disagreement=0.76").json()["total"] == 0
    assert script.get(f"{API}/studies?disagreement=2").status_code == 422
    assert script.get(f"{API}/studies/{second}/agreement").json() == []


def test_nothing_usable(script: TestClient) -> None:
    answer = script.post(f"{API}/studies", files={"files": ("a.txt", b"text")})
    assert answer.status_code == 422
    body = answer.json()
    assert (body["code"], body["studies"], body["files"][0]["state"]) == ("InputError", [], "rejected")
    assert body["error"] == "None of these files could be used."
    assert script.post(f"{API}/studies", json={}).json()["code"] == "InputError"


def test_networks(script: TestClient) -> None:
    found = {model["name"]: model for model in script.get(f"{API}/models").json()}
    assert set(found) == {"chest-untrained", "phantom-untrained", "phantom-by-name"}
    assert found["phantom-by-name"]["default"] is False
    assert len(found["chest-untrained"]["sha256"]) == 64


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/studies/{}"), ("GET", "/studies/{}/predictions"), ("GET", "/studies/{}/explanations"),
        ("GET", "/studies/{}/job"), ("GET", "/studies/{}/reviews"), ("GET", "/jobs/{}"), ("DELETE", "/jobs/{}"),
        ("GET", "/reviews/{}"), ("DELETE", "/reviews/{}"), ("GET", "/explanations/{}"), ("GET", "/nothing/{}"),
    ],
)  # fmt: skip
def test_unknown_ids(script: TestClient, method: str, path: str) -> None:
    answer = script.request(method, API + path.format("aaaaaaaaaaaa"))
    assert answer.status_code == 404
    assert set(answer.json()) == PROBLEM


def test_no_patient_in_any_address(script: TestClient, study: str) -> None:
    text = script.get(f"{API}/studies/{study}").json()
    addresses = [text["id"], *(image["pixels"] for image in text["images"])]
    assert not any("PH" in address or "1.2" in address or "." in address for address in addresses)
