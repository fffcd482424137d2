"""Exams for scripts: read whole, explained, corrected and judged, by a network that was never trained."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.store import Store
from tests.store.exams import LOGITS, SHA, SLICES
from tests.web import exams

API = "/api/v1"


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, and one of exams."""
    return exams.beside(models, tmp_path / "models")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


def get(client: TestClient, address: str) -> Any:
    """A JSON answer."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_exam_is_read_whole(client: TestClient, exam: str) -> None:
    told = get(client, get(client, f"{API}/studies/{exam}")["exam"])
    assert [(one["plane"], len(one["images"]), one["between"]) for one in told["stacks"]] == [
        ("sagittal", SLICES, 4.0), ("coronal", SLICES, 4.0),
    ]  # fmt: skip
    (said,) = told["predictions"]
    assert {score["finding"]: score["logit"] for score in said["scores"]} == LOGITS
    assert said["missing"] == ["axial"]
    assert [one["stack"] for one in said["planes"]] == [one["id"] for one in told["stacks"]]
    assert said["planes"][0]["contributions"]["ACL tear"] == 1.0
    assert len(said["planes"][0]["slice_scores"]["ACL tear"]) == SLICES
    assert {(one["plane"], one["method"]) for one in told["explanations"]} == {
        (plane, method) for plane in ("sagittal", "coronal") for method in ("cam", "lrp")
    }
    assert told["reviews"] == []
    assert client.get(f"{API}/studies/aaaaaaaaaaaa/exam").status_code == 404


def test_maps_come_as_octets_as_npy_and_as_pictures(client: TestClient, exam: str) -> None:
    first = get(client, f"{API}/studies/{exam}/exam")["explanations"][0]
    assert get(client, f"{API}/stack-explanations/{first['id']}") == first
    array = np.load(io.BytesIO(client.get(first["npy"]).content), allow_pickle=False)
    assert (array.dtype, list(array.shape)) == (np.float32, first["shape"])
    assert client.get(first["values"]).content == array.tobytes()
    assert np.maximum(array, 0).sum((1, 2)) == pytest.approx(first["mass"], rel=1e-5)
    assert client.get(f"{first['png']}?slice=2").content.startswith(b"\x89PNG")


def test_verdicts_are_kept_read_and_taken_back(client: TestClient, exam: str) -> None:
    stack = get(client, f"{API}/studies/{exam}/exam")["stacks"][0]
    shape = {"kind": "ellipse", "points": [[1.0, 2.0], [7.5, 9.0]]}
    given = {
        "stack": stack["id"],
        "model": "knee",
        "method": "cam",
        "finding": "ACL tear",
        "verdict": "partly",
        "reader": "script",
        "region": {stack["images"][1]: [shape]},
    }
    answer = client.post(f"{API}/studies/{exam}/exam/reviews", json=given)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["model_sha256"], kept["reader"], kept["image"]) == (SHA, "script", stack["images"][1])
    assert kept["region"] == given["region"]
    assert set(kept["measures"]) == {"cam", "lrp"}
    assert get(client, f"{API}/studies/{exam}/exam")["reviews"] == [kept]
    assert get(client, f"{API}/exam-reviews/{kept['id']}") == kept
    assert client.delete(f"{API}/exam-reviews/{kept['id']}").json()["withdrawn_at"]
    assert get(client, f"{API}/studies/{exam}/exam")["reviews"] == []
    assert client.post(f"{API}/studies/{exam}/exam/reviews", json=given | {"model": "other"}).status_code == 404
    assert client.post(f"{API}/studies/{exam}/exam/reviews", json=given | {"more": 1}).status_code == 422


def test_another_finding_is_asked_for(client: TestClient, exam: str, woken: list[str]) -> None:
    answer = client.post(f"{API}/studies/{exam}/exam/explanations", json={"model": "knee-test", "finding": "meniscal tear"})
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["image"], job["model"], job["finding"]) == ("explain", None, "knee-test", "meniscal tear")
    assert woken
    for model, finding, status in (("knee-test", "Nodule", 422), ("chest-untrained", "Nodule", 422), ("none", "Nodule", 404)):
        wish = {"model": model, "finding": finding}
        assert client.post(f"{API}/studies/{exam}/exam/explanations", json=wish).status_code == status


def test_a_correction_has_the_exam_read_again(client: TestClient, exam: str, woken: list[str]) -> None:
    name = get(client, f"{API}/studies/{exam}/exam")["stacks"][1]["id"]
    address = f"{API}/studies/{exam}/exam/stacks/{name}"
    told = client.put(address, json={"plane": "axial", "weighting": "PD FS", "used": True}).json()
    assert (told["plane"], told["weighting"], told["used"]) == ("axial", "PD FS", True)
    assert get(client, f"{API}/studies/{exam}/job")["kind"] == "analyse"
    assert len(woken) == 1
    assert client.put(address, json={"plane": "axial", "weighting": "PD FS", "used": True}).status_code == 200
    assert len(woken) == 1, "nothing changed"
    assert client.put(address, json={}).json()["plane"] == "coronal"
    assert client.put(address, json={"plane": "upside down"}).status_code == 422
    assert client.put(f"{API}/studies/{exam}/exam/stacks/aaaaaaaaaaaa-0", json={}).status_code == 404
