"""Layers of other software by script: a film and an exam with what two outside AIs say, judged, measured and exported."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image as Picture

from app.store import Store
from tests.store.exams import SAGITTAL, SLICES
from tests.web import exams
from tests.web.conftest import shown

API = "/api/v1"
OUTSIDE = {"name": "Acme CXR", "version": "2.1"}
OTHER = {"name": "Kneebone", "version": "2026"}
BOX = {"kind": "rectangle", "points": [[10, 10], [30, 30]]}


def npy(values: NDArray[Any]) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def png(codes: NDArray[Any]) -> bytes:
    """A greyscale PNG file."""
    file = io.BytesIO()
    Picture.fromarray(codes).save(file, "PNG")
    return file.getvalue()


def get(script: TestClient, address: str) -> Any:
    """A JSON answer."""
    answer = script.get(f"{API}{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(script: TestClient, study: str, manifest: Any, files: dict[str, bytes], status: int = 201) -> Any:
    """Import layers."""
    parts = {"manifest.json": json.dumps(manifest).encode(), **files}
    answer = script.post(f"{API}/studies/{study}/layers", files=[("files", part) for part in parts.items()])
    assert answer.status_code == status, answer.text
    return answer.json()


def blob(peak: float = 1.0) -> NDArray[np.float32]:
    """A map (10, 10) that is hot in cells 3 to 6 of both axes."""
    values = np.zeros((10, 10), np.float32)
    values[3:7, 3:7] = peak
    return values


@pytest.fixture
def uid(script: TestClient, study: str) -> str:
    """The SOP Instance UID of the study's film."""
    found: str = get(script, f"/studies/{study}")["images"][0]["sop_instance_uid"]
    return found


def test_a_film_with_another_ai_is_judged_measured_and_exported(script: TestClient, study: str, uid: str) -> None:
    codes = np.full((10, 10), 0, np.uint8)
    codes[3:7, 3:7] = 255
    manifest = {
        "version": 1,
        "producer": OUTSIDE,
        "layers": [
            {
                "file": "heat.npy",
                "image": {"sop_instance_uid": uid},
                "kind": "relevance",
                "scale": "signed",
                "finding": "nodule",
            },
            {
                "file": "mask.png",
                "image": {"file_name": "film.dcm"},
                "kind": "probability",
                "finding": "Nodule",
                "name": "mask",
                "probability": 0.75,
                "hi": 0.5,
                "extent": [0, 0, 40, 40],
            },
        ],
    }
    map_ = blob(3.0) - 0.5
    map_[4, 4] = 4.0  # the pointing game wants one highest cell
    made = send(script, study, manifest, {"heat.npy": npy(map_), "mask.png": png(codes)})
    heat, mask = made["layers"]
    assert (heat["model"], heat["method"], heat["signed"], heat["shape"]) == ("acme-cxr", "acme-cxr", True, [1, 10, 10])
    assert (heat["finding"], mask["finding"], made["answers"]) == ("Nodule", "Nodule", 1)
    assert (mask["maximum"], mask["scale"], mask["producer"]["title"]) == (0.5, "unit", "Acme CXR: mask")
    assert heat["extent"] == mask["extent"] == {"left": 0, "top": 0, "right": 40, "bottom": 40}
    values = np.frombuffer(script.get(mask["values"]).content, "<f4").reshape(10, 10)
    np.testing.assert_array_equal(values, blob(0.5))

    kept = script.post(
        f"{API}/studies/{study}/reviews", json={"layer": heat["id"], "verdict": "right", "region": {heat["image"]: [BOX]}}
    )
    assert kept.status_code == 201, kept.text
    figures = kept.json()["measures"]
    assert {"acme-cxr", "acme-cxr-mask"} <= set(figures)
    assert figures["acme-cxr"]["pointing"] == 1

    told = next(one for one in get(script, f"/studies/{study}/predictions") if one["model"] == "acme-cxr")
    assert told["scores"][0]["probability"] == pytest.approx(0.75)
    (network,) = [one for one in get(script, "/models") if one["imported"]]
    assert (network["name"], network["title"], network["version"]) == ("acme-cxr", "Acme CXR", "2.1")
    page = script.get("/models")
    assert [row.title for row in shown(page).imported] == ["Acme CXR"]
    assert "Acme CXR" in page.text

    rows = list(csv.DictReader(io.StringIO(script.get(f"{API}/exports/layers.csv").content.decode("utf-8-sig"), newline="")))
    assert {row["method"] for row in rows if row["model"] == "acme-cxr"} == {"acme-cxr", "acme-cxr-mask"}
    flags = get(script, "/exports/flags.json")["rows"]
    assert [(row["model"], row["file"], row["sop_instance_uid"]) for row in flags] == [("acme-cxr", "film.dcm", uid)]
    assert script.get(f"/studies/{study}").status_code == 200
    assert "Acme CXR" in script.get(f"/studies/{study}").text


def test_an_exam_with_another_ai_is_judged_and_measured_slice_by_slice(
    script: TestClient, store: Store, tmp_path: Path
) -> None:
    exam = exams.store(store, tmp_path)
    maps = np.zeros((SLICES, 8, 8), np.float32)
    maps[1, 2:4, 2:4] = 1.0
    named = [{"sop_instance_uid": f"{SAGITTAL}.{number}"} for number in range(SLICES)]
    manifest = {
        "version": 1,
        "producer": OTHER,
        "layers": [
            {"file": "acl.npy", "stack": named, "kind": "attention", "finding": "ACL tear", "probability": 0.9},
            {"file": "parts.npy", "stack": named, "kind": "labels", "names": {"0": "nothing", "1": "ligament"}},
        ],
    }
    made = send(script, exam, manifest, {"acl.npy": npy(maps), "parts.npy": npy(maps.astype(np.uint8))})
    acl, parts = made["layers"]
    assert (acl["shape"], acl["scale"], parts["scale"], parts["names"]) == (
        [SLICES, 8, 8], "positive", "classes", {"0": "nothing", "1": "ligament"},
    )  # fmt: skip
    stack = next(one for one in get(script, f"/studies/{exam}/stacks") if one["id"] == acl["stack"])
    values = np.load(io.BytesIO(script.get(acl["npy"]).content))
    at = next(place for place, image in enumerate(stack["images"]) if values[place].any())
    uids = {image["id"]: image["sop_instance_uid"] for image in get(script, f"/studies/{exam}/images")}
    assert uids[stack["images"][at]] == f"{SAGITTAL}.1", "put in the stack's order by the UIDs that were named"
    where = {"kind": "rectangle", "points": [[0, 0], [3, 3]]}
    kept = script.post(
        f"{API}/studies/{exam}/reviews",
        json={"layer": acl["id"], "verdict": "wrong", "region": {stack["images"][at]: [where]}},
    )
    assert kept.status_code == 201, kept.text
    assert "kneebone" in kept.json()["measures"]
    assert [row["model"] for row in get(script, "/exports/flags.json?model=kneebone")["rows"]] == ["kneebone"]


WRONG: list[tuple[dict[str, Any], bytes, str]] = [
    ({}, npy(np.zeros((2, 4, 4), np.float32)), "Layer 1 has 2 slices, and the stack has 1."),
    ({"kind": "probability"}, npy(np.full((4, 4), 1.5)), "Layer 1: its values lie from 1.5 to 1.5"),
    ({}, npy(np.full((4, 4), np.nan)), "Layer 1: some of its values are no finite numbers."),
    ({"kind": "labels", "scale": "signed"}, b"", "has the scale classes"),
    ({"finding": "Plague"}, npy(np.ones((4, 4))), "there is no finding called “Plague” here"),
    ({"image": {"sop_instance_uid": "1.2.3"}}, b"", "Layer 1 names an image that this study does not have."),
    ({"image": {}}, b"", "an image is named by its SOP Instance UID or by its file name"),
    ({"file": "other.npy"}, b"", "The manifest names the file “other.npy”, which is not beside it."),
    ({}, b"no numpy", "Layer 1: its file is no .npy file."),
    ({}, npy(np.ones((4, 4)))[:-8], "Layer 1: its .npy file has not as many values as it says."),
    ({"extent": [50, 0, 60, 10]}, npy(np.ones((4, 4))), "in pixels of an image of 40 × 40"),
    ({"kind": "heat"}, b"", "These entries are missing or not possible: layers.0.kind."),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_used_is_said_and_nothing_is_kept(
    script: TestClient, study: str, uid: str, wrong: tuple[dict[str, Any], bytes, str]
) -> None:
    change, octets, sentence = wrong
    before = len(get(script, f"/studies/{study}/layers"))
    layer = {"file": "m.npy", "image": {"sop_instance_uid": uid}, "kind": "relevance", "finding": "Nodule", **change}
    good = {"file": "good.npy", "image": {"sop_instance_uid": uid}, "kind": "relevance", "finding": "Effusion"}
    manifest = {"version": 1, "producer": OUTSIDE, "layers": [layer, good]}
    status = 404 if "not beside it" in sentence or "does not have" in sentence else 422
    told = send(script, study, manifest, {"m.npy": octets, "good.npy": npy(np.ones((4, 4)))}, status)
    assert sentence in told["detail"]
    assert len(get(script, f"/studies/{study}/layers")) == before


def test_a_form_without_a_manifest_and_a_study_that_is_not_there(script: TestClient, study: str) -> None:
    answer = script.post(f"{API}/studies/{study}/layers", files=[("files", ("a.npy", npy(np.ones((2, 2)))))])
    assert (answer.status_code, "manifest.json" in answer.json()["detail"]) == (422, True)
    layer = {"file": "m.npy", "image": {"file_name": "film.dcm"}, "kind": "relevance"}
    manifest = {"version": 1, "producer": OUTSIDE, "layers": [layer]}
    assert send(script, "aaaaaaaaaaaa", manifest, {"m.npy": npy(np.ones((2, 2)))}, 404)["code"] == "NotFound"


def test_the_same_again_takes_the_place_of_what_it_said_before(script: TestClient, study: str, uid: str) -> None:
    layer = {"file": "m.npy", "image": {"sop_instance_uid": uid}, "kind": "relevance", "finding": "Nodule"}
    manifest = {"version": 1, "producer": OUTSIDE, "layers": [layer]}
    before = len(get(script, f"/studies/{study}/layers"))
    for value in (1.0, 2.0):
        made = send(script, study, manifest, {"m.npy": npy(np.full((4, 4), value))})
    assert len(get(script, f"/studies/{study}/layers")) == before + 1
    assert get(script, f"/layers/{made['layers'][0]['id']}")["maximum"] == 2.0
