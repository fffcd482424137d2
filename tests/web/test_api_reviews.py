"""Verdicts by script: on layers of films and stacks, by the layer's id or by what it says, and where two meet."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.store import Store
from tests.store.exams import SHA
from tests.web import exams, films
from tests.web.conftest import Send

API = "/api/v1"


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


def get(script: TestClient, address: str) -> Any:
    """A JSON answer."""
    answer = script.get(f"{API}{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def keep(script: TestClient, study: str, status: int = 201, **given: Any) -> Any:
    """Keep a verdict."""
    answer = script.post(f"{API}/studies/{study}/reviews", json={"verdict": "wrong", **given})
    assert answer.status_code == status, answer.text
    return answer.json()


SHAPE = {"kind": "ellipse", "points": [[1.0, 2.0], [7.5, 9.0]]}


def test_a_layer_is_judged_by_its_id(script: TestClient, exam: str, study: str) -> None:
    layer = get(script, f"/studies/{exam}/layers?method=lrp")[0]
    images = get(script, f"/studies/{exam}/stacks")[0]["images"]
    kept = keep(script, exam, layer=layer["id"], region={images[2]: [SHAPE], images[1]: [SHAPE]}, reader="script")
    assert (kept["layer"], kept["stack"], kept["model_sha256"], kept["method"]) == (layer["id"], layer["stack"], SHA, "lrp")
    assert kept["regions"] == {images[1]: [SHAPE], images[2]: [SHAPE]}
    assert kept["region"]["shapes"] == [SHAPE]
    assert kept["image"] in images[1:]
    assert (set(kept["measures"]), kept["plane"], kept["kind"]) == ({"cam", "lrp"}, "sagittal", "relevance")
    assert get(script, f"/studies/{exam}/reviews") == [kept] == get(script, f"/studies/{exam}/reviews?layer={layer['id']}")
    assert get(script, f"/studies/{exam}/reviews?layer=aaaaaaaaaaaa") == []
    told = get(script, f"/exam-reviews/{kept['id']}")
    assert told["region"] == kept["regions"]

    film = get(script, f"/studies/{study}/layers?method=cam")[0]
    kept = keep(script, study, layer=film["id"], region={"left": 1, "top": 2, "right": 30, "bottom": 400})
    assert (kept["image"], kept["region"]["bottom"]) == (film["image"], 40)
    assert keep(script, study, 404, layer=layer["id"])["code"] == "NotFound", "a layer of another study"


def test_a_stack_is_judged_by_what_a_method_says_of_it(script: TestClient, exam: str) -> None:
    stack = get(script, f"/studies/{exam}/stacks")[1]
    said: dict[str, Any] = {"model": "knee", "method": "cam", "finding": "ACL tear"}
    kept = keep(script, exam, **said, stack=stack["id"])
    assert (kept["stack"], kept["plane"], kept["region"], kept["regions"]) == (stack["id"], "coronal", None, {})
    old = f"{stack['series']}-{stack['number']}"
    assert keep(script, exam, **said, stack=old, model_sha256=SHA)["layer"] == kept["layer"]
    for change, status in (
        ({"stack": "aaaaaaaaaaaa"}, 404),
        ({"model_sha256": "00" * 32}, 404),
        ({"region": {"aaaaaaaaaaaa": [SHAPE]}}, 404),
        ({"region": {stack["images"][0]: [{"kind": "polygon", "points": [[1, 1], [2, 2]]}]}}, 422),
        ({"finding": ""}, 422),
        ({"layer": "aaaaaaaaaaaa"}, 404),
    ):
        keep(script, exam, status, **({"stack": stack["id"], **said} | change))


def test_two_who_judge_one_layer_both_get_to_know(script: TestClient, study: str) -> None:
    layer = get(script, f"/studies/{study}/layers?method=cam")[0]["id"]
    sent: dict[str, Any] = {"expected": "", "token": "one"}
    first = keep(script, study, layer=layer, **sent)
    assert keep(script, study, layer=layer, **sent) == first, "sent again"
    refused = keep(script, study, 409, layer=layer, expected="", verdict="right")
    assert (refused["review"], refused["code"], refused["status"]) == (first, "Conflict", 409)
    second = keep(script, study, layer=layer, expected=first["id"], verdict="right")
    stale = script.delete(f"{API}/reviews/{first['id']}")
    assert (stale.status_code, stale.json()["review"]["id"]) == (409, second["id"])
    assert stale.headers["content-type"] == "application/problem+json"
    assert get(script, f"/studies/{study}/reviews") == [second]
    assert script.delete(f"{API}/reviews/{second['id']}").json()["withdrawn_at"]
    assert get(script, f"/studies/{study}/reviews") == [first], "the one before is in force again"
    assert script.delete(f"{API}/reviews/{first['id']}").status_code == 200
    gone = keep(script, study, 409, layer=layer, expected=second["id"])
    assert gone["review"] is None


def test_the_old_addresses_go_the_same_way(script: TestClient, exam: str) -> None:
    layer = get(script, f"/studies/{exam}/layers?method=cam")[0]
    given = {"stack": layer["stack"], "model": "knee", "method": "cam", "finding": "ACL tear", "verdict": "partly"}
    first = script.post(f"{API}/studies/{exam}/exam/reviews", json=given).json()
    assert (first["layer"], first["region"]) == (layer["id"], None)
    refused = script.post(f"{API}/studies/{exam}/exam/reviews", json=given | {"expected": ""})
    assert (refused.status_code, refused.json()["review"]) == (409, first)
    second = keep(script, exam, layer=layer["id"])
    stale = script.delete(f"{API}/exam-reviews/{first['id']}")
    assert (stale.status_code, stale.json()["review"]["id"]) == (409, second["id"])


def test_a_verdict_is_kept_under_the_name_that_was_picked(client: TestClient, store: Store, send: Send) -> None:
    study = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study)
    said: dict[str, Any] = {"model": films.MODEL, "method": "cam", "finding": "Nodule"}
    assert keep(client, study, **said)["reader"] == "reader"
    client.cookies.set("whylight-reader", "Kim")
    assert keep(client, study, **said)["reader"] == "Kim"
    assert keep(client, study, **said, reader="script")["reader"] == "script"
    assert len(get(client, f"/studies/{study}/reviews")) == 3, "a verdict each"
