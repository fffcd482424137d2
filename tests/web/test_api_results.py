"""What networks and methods say, for scripts: answers and layers of films and exams alike, and asking for them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.classifiers.registry import Registry
from app.domain import Extent, Layer, Producer
from app.explainers import panel
from app.store import Store
from tests.store.exams import LOGITS, SHA, SLICES, exam_answer, stack, stack_layer
from tests.web import exams, films

API = "/api/v1"


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, and one of exams."""
    return exams.beside(models, tmp_path / "models")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


def get(script: TestClient, address: str) -> Any:
    """A JSON answer."""
    answer = script.get(f"{API}{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_predictions_tell_an_exam_as_they_tell_a_film(script: TestClient, exam: str, study: str) -> None:
    (said,) = get(script, f"/studies/{exam}/predictions")
    stacks = get(script, f"/studies/{exam}/stacks")
    assert (said["image"], said["current"], said["missing"]) == (None, True, ["axial"])
    assert {score["finding"]: score["logit"] for score in said["scores"]} == LOGITS
    assert [(part["stack"], part["plane"]) for part in said["parts"]] == [(one["id"], one["plane"]) for one in stacks]
    assert said["parts"][0]["contributions"]["ACL tear"] == 1.0
    assert len(said["parts"][1]["slice_scores"]["ACL tear"]) == SLICES
    assert said["parts"][1]["slice_weights"]["ACL tear"] == [0.25, 0.5, 0.25]
    assert (said["model_sha256"], said["device"], said["versions"]) == (SHA, "cpu", {"whylight": "0"})
    assert get(script, f"/studies/{exam}/predictions?model=other") == []

    (film,) = get(script, f"/studies/{study}/predictions")
    (only,) = film["parts"]
    assert set(film) == set(said)
    assert film["image"] == get(script, f"/studies/{study}")["images"][0]["id"]
    plain = [{name: score[name] for name in ("finding", "probability", "logit")} for score in film["scores"]]
    assert (only["plane"], only["scores"], only["slice_scores"]["Nodule"]) == ("", plain, [])
    assert only["slice_weights"]["Nodule"] == []
    assert only["contributions"]["Nodule"] == film["scores"][2]["logit"]


def test_layers_are_told_of_films_and_exams_alike(script: TestClient, exam: str, study: str) -> None:
    sagittal = get(script, f"/studies/{exam}/stacks")[0]["id"]
    told = get(script, f"/studies/{exam}/layers")
    assert [(one["stack"] == sagittal, one["method"]) for one in told] == [
        (True, "cam"), (True, "lrp"), (False, "cam"), (False, "lrp"),
    ]  # fmt: skip
    (one,) = get(script, f"/studies/{exam}/layers?stack={sagittal}&method=lrp&finding=ACL%20tear&model=knee&kind=relevance")
    assert get(script, f"/layers/{one['id']}") == one
    assert (one["shape"], one["image"], one["scale"], one["kind"]) == ([SLICES, 4, 5], None, "signed", "relevance")
    assert one["producer"] == {"kind": "method", "name": "lrp", "title": "", "version": "", "parameters": {"epsilon": 1e-6}}
    for wish in ("kind=labels", "finding=other", "method=x", "model=x"):
        assert get(script, f"/studies/{exam}/layers?{wish}") == []
    assert script.get(f"{API}/studies/{exam}/layers?kind=odd").status_code == 422
    assert script.get(f"{API}/studies/{exam}/layers?stack=aaaaaaaaaaaa").status_code == 404

    octets = script.get(one["values"])
    array = np.load(io.BytesIO(script.get(one["npy"]).content), allow_pickle=False)
    assert (octets.content, octets.headers["x-shape"]) == (array.tobytes(), f"{SLICES},4,5")
    assert np.maximum(array, 0).sum((1, 2)) == pytest.approx(one["mass"], rel=1e-5)
    assert script.get(f"{one['png']}?slice=3").content.startswith(b"\x89PNG")
    assert script.get(f"{one['png']}?slice=4").status_code == 404

    film = get(script, f"/studies/{study}/layers?method=cam")[0]
    assert (film["padding"], film["reach"]) == (0.0, film["extent"])
    assert get(script, f"/studies/{study}/layers?method=rap_contrastive")[0]["padding"] == 0.264
    assert (film["shape"], film["image"]) == ([1, 8, 8], get(script, f"/studies/{study}")["images"][0]["id"])
    assert np.load(io.BytesIO(script.get(film["npy"]).content)).shape == (1, 8, 8)
    assert script.get(film["values"]).headers["x-shape"] == "1,8,8"


def test_the_old_addresses_keep_a_film_flat_and_a_stack_deep(script: TestClient, exam: str, study: str) -> None:
    film = get(script, f"/studies/{study}/explanations?method=cam")[0]
    deep = get(script, f"/studies/{exam}/explanations?method=cam&finding=ACL%20tear&model=knee")[0]
    for told, shape in ((film, [8, 8]), (deep, [SLICES, 4, 5])):
        assert told["shape"] == shape
        assert list(np.load(io.BytesIO(script.get(told["npy"]).content)).shape) == shape
        assert script.get(told["values"]).headers["x-shape"] == ",".join(map(str, shape))
        assert script.get(told["png"]).content.startswith(b"\x89PNG")
        assert get(script, told["npy"].removeprefix(API).removesuffix("/values.npy")) == told
    assert deep["npy"].startswith(f"{API}/stack-explanations/")
    assert (film["plane"], deep["plane"], deep["image"]) == ("", "sagittal", None)


def test_an_imported_layer_is_told_with_who_made_it(script: TestClient, store: Store, exam: str) -> None:
    producer = Producer("import", "other-cad", "2.1", "Other CAD", {"threshold": 0.5})
    values = np.zeros((SLICES, 4, 5), np.float32)
    layer = Layer(stack(), "probability", "unit", producer, "other", "ef" * 32, "ACL tear", values, Extent(0, 0, 10, 12))
    with store.begin() as tx:
        kept = tx.layers.save(exam, layer).id
    told = get(script, f"/layers/{kept}")
    assert told["producer"] == {
        "kind": "import", "name": "other-cad", "title": "Other CAD", "version": "2.1", "parameters": {"threshold": 0.5},
    }  # fmt: skip
    assert (told["kind"], told["scale"], told["signed"]) == ("probability", "unit", False)
    assert kept in {one["id"] for one in get(script, f"/studies/{exam}/layers")}
    assert kept not in {one["id"] for one in get(script, f"/studies/{exam}/explanations")}
    theirs = [one for one in get(script, "/models") if one["imported"]]
    assert [(one["name"], one["version"], one["sha256"]) for one in theirs] == [("other", "2.1", "ef" * 32)]


def test_networks_of_exams_are_listed(script: TestClient) -> None:
    found = {model["name"]: model for model in get(script, "/models")}
    assert (found["knee-test"]["kind"], found["knee-test"]["imported"]) == ("exam", False)
    assert found["chest-untrained"]["kind"] == "network"
    assert get(script, "/models/knee-test")["findings"] == found["knee-test"]["findings"]
    assert script.get(f"{API}/models/none").status_code == 404


def ours(store: Store, exam: str, models: Path, finding: str) -> None:
    """Store all that the exam's network and its methods have to say of a finding."""
    card = Registry(models).card("knee-test")
    with store.begin() as tx:
        tx.answers.save(exam, exam_answer(model=card.name, model_sha256=card.sha256))
        for method in panel(card):
            for series in ("1.9.1", "1.9.2"):
                more = {"model": card.name, "model_sha256": card.sha256, "finding": finding}
                tx.layers.save(exam, stack_layer(series, method=method, **more))


def test_what_is_there_is_not_computed_again(
    script: TestClient, store: Store, exam: str, models: Path, woken: list[str]
) -> None:
    ours(store, exam, models, "ACL tear")
    wish = {"model": "knee-test", "finding": "ACL tear"}
    addresses = [f"{API}/studies/{exam}/{noun}" for noun in ("explanations", "exam/explanations")]
    for address in addresses:
        answer = script.post(address, json=wish)
        assert (answer.status_code, answer.json(), woken) == (200, None, [])
    for address in addresses:
        due = script.post(address, json=wish | {"finding": "meniscal tear"})
        assert due.status_code == 202
        assert (due.json()["kind"], due.json()["stack"], due.json()["image"]) == ("explain", None, None)
        again = script.post(address, json=wish)
        assert (again.status_code, again.json()) == (200, due.json()), "the last job is told"
    assert len(woken) == 2


def test_the_maps_of_one_stack_are_asked_for(script: TestClient, store: Store, exam: str, models: Path) -> None:
    ours(store, exam, models, "ACL tear")
    one = get(script, f"/studies/{exam}/stacks")[1]
    wish = {"model": "knee-test", "finding": "meniscal tear", "stack": one["id"]}
    answer = script.post(f"{API}/studies/{exam}/explanations", json=wish)
    assert (answer.status_code, answer.json()["stack"]) == (202, one["id"])
    old = wish | {"stack": f"{one['series']}-{one['number']}"}
    assert script.post(f"{API}/studies/{exam}/explanations", json=old).json()["id"] == answer.json()["id"]
    assert script.post(f"{API}/studies/{exam}/explanations", json=wish | {"stack": "aaaaaaaaaaaa"}).status_code == 404


def test_an_exam_is_analysed_again(script: TestClient, store: Store, exam: str, models: Path, woken: list[str]) -> None:
    ours(store, exam, models, "ACL tear")
    answer = script.post(f"{API}/studies/{exam}/analysis", json={"model": "knee-test"})
    assert (answer.status_code, answer.json()["kind"], len(woken)) == (202, "analyse", 1)
    refused = script.post(f"{API}/studies/{exam}/analysis", json={"model": "chest-untrained"})
    assert refused.status_code == 422
    assert "kind of film" in refused.json()["detail"]


def test_readers_are_those_who_left_something(script: TestClient, store: Store, study: str) -> None:
    assert get(script, "/readers") == []
    films.flag(store, study)
    assert get(script, "/readers") == [{"name": "reader"}]
