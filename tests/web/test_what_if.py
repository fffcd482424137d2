"""What if and the layer filmstrip, over HTTP with a real worker: page, API and Python give the same."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app import reading
from app.classifiers.loading import Loaded
from app.config import Settings
from app.desk import questions
from app.domain import Area, Edit, Extent, Layer, Score, Series
from app.edits import apply
from app.errors import Unavailable
from app.store import Question, Store
from app.web.application import create_app
from app.worker import Worker
from tests.waiting import until
from tests.web import films
from tests.web.conftest import HOST, SAME_SITE, Send

API = "/api/v1"
MODEL = "phantom-untrained"


@pytest.fixture
def worker(settings: Settings, store: Store) -> Iterator[Worker]:
    """A worker in a thread of this process, as a server has it."""
    made = Worker(settings.model_copy(update={"device": "cpu", "threads": 1}), store)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def app(settings: Settings, store: Store, worker: Worker) -> FastAPI:
    """The application with that worker."""
    return create_app(settings, store, worker.wake, worker.alive)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser on our own pages."""
    return TestClient(app, HOST, headers=SAME_SITE, follow_redirects=False)


@pytest.fixture
def read(send: Send, client: TestClient) -> str:
    """A study that the worker has read and explained."""
    study = send(("film.dcm", films.dicom(3, size=96)))
    until(lambda: client.get(f"{API}/studies/{study}/job").json()["state"] == "done")
    return study


def python(store: Store, worker: Worker, study: str) -> tuple[Any, Series, dict[str, Layer]]:
    """The same network, film and maps, by Python."""
    with store.view() as tx:
        row = tx.studies.get(study)
        series = replace(row.series[0].outline(), images=(tx.studies.load_image(row.images[0].id),))
        maps = {one.id: tx.layers.load(one.id) for one in tx.layers.of_study(study)}
    loaded: Loaded = worker._loaded()
    return loaded.get(loaded.registry.card(MODEL)), series, maps


def edits(hot: str) -> list[dict[str, Any]]:
    return [
        {"areas": [{"kind": "brush", "points": [[20, 20], [40, 30]], "radius": 7}], "fill": "inpaint"},
        {"areas": [{"kind": "hot", "explanation": hot, "threshold": 0.3}], "fill": "mean"},
        {"areas": [{"kind": "rectangle", "points": [[10, 10], [80, 86]]}], "fill": "blur", "outside": True},
    ]


def test_the_pages_answer_is_the_apis_and_pythons(client: TestClient, read: str, store: Store, worker: Worker) -> None:
    (cam,) = client.get(f"{API}/studies/{read}/explanations?method=cam").json()
    body = {"model": MODEL, "edits": edits(cam["id"])}
    page = client.post(f"/studies/{read}/what-if", json=body)
    api = client.post(f"{API}/studies/{read}/what-if", json=body)
    assert (page.status_code, api.status_code) == (200, 200), page.text
    assert page.json()["changes"] == api.json()["changes"]
    classifier, series, maps = python(store, worker, read)
    steps = [
        Edit((Area("brush", ((20, 20), (40, 30)), radius=7),), "inpaint"),
        Edit((Area("hot", explanation=cam["id"], threshold=0.3),), "mean"),
        Edit((Area("rectangle", ((10, 10), (80, 86))),), "blur", outside=True),
    ]
    said, _ = reading.what_if(classifier, series, steps, maps)
    told = {one["finding"]: (one["after"], one["logit_after"]) for one in page.json()["changes"]}
    assert told == {score.finding: (score.probability, score.logit) for score in said.scores}
    (before,) = client.get(f"{API}/studies/{read}/predictions").json()
    for one in page.json()["changes"]:
        was = next(score for score in before["scores"] if score["finding"] == one["finding"])
        assert one["before"] == was["probability"]
        assert one["change"] == pytest.approx(one["after"] - one["before"])
    sizes = [abs(one["change"]) for one in page.json()["changes"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1e-4
    octets = client.get(api.json()["pixels"]).content
    edited, _ = apply(series.images[0], steps, maps)
    np.testing.assert_array_equal(np.frombuffer(octets, "<u2").reshape(96, 96), edited.stored)
    assert client.get(page.json()["pixels_url"]).content == octets


def test_the_same_question_is_answered_once(client: TestClient, read: str, store: Store) -> None:
    body = {"model": MODEL, "edits": edits("")[:1]}
    first, again = (client.post(f"/studies/{read}/what-if", json=body).json() for _ in range(2))
    assert first == again
    other = client.post(f"/studies/{read}/what-if", json={**body, "edits": [{**body["edits"][0], "fill": "mean"}]}).json()  # type: ignore[dict-item]
    assert other["id"] != first["id"]
    with store.view() as tx:
        (stack,) = tx.stacks.of_study(read)
    named = [{"stack": stack.id}, {"image": stack.images[0]}, {"stack": stack.id, "image": stack.images[0]}]
    told = [client.post(f"/studies/{read}/what-if", json={**body, **more}).json() for more in named]
    area = {**body["edits"][0]["areas"][0], "images": [stack.images[0]]}  # type: ignore[index]
    whole = {"model": MODEL, "edits": [{**body["edits"][0], "areas": [area]}]}  # type: ignore[dict-item]
    told.append(client.post(f"/studies/{read}/what-if", json=whole).json())
    assert told == [first] * 4, "a film is a stack of one, however it is named"
    assert [one["image"] for one in first["images"]] == [first["image"]] == [stack.images[0]]


def test_a_what_if_is_kept_listed_exported_and_taken_back(client: TestClient, read: str, store: Store) -> None:
    body = {"model": MODEL, "edits": edits("")[:1], "comment": " the tube "}
    told = client.post(f"/studies/{read}/what-if", json={"model": MODEL, "edits": body["edits"]}).json()
    kept = client.post(f"/studies/{read}/what-ifs", json=body)
    assert kept.status_code == 201, kept.text
    entry = kept.json()["what_if"]
    assert entry["changes"] == told["changes"]
    assert (entry["comment"], entry["model_sha256"], entry["reader"]) == ("the tube", told["model_sha256"], "reader")
    assert client.get(f"/studies/{read}/what-ifs").json()["what_ifs"] == [entry]
    (listed,) = client.get(f"{API}/studies/{read}/what-ifs").json()
    mask = np.frombuffer(client.get(listed["mask"]).content, "u1").reshape(96, 96)
    assert mask.mean() == pytest.approx(entry["covered"])
    y, x = np.mgrid[:96, :96] + 0.5
    assert mask[(np.hypot(x - 20, y - 20) < 6)].all()
    assert not mask[(np.hypot(x - 20, y - 20) > 40)].any()
    (line, *_) = csv.DictReader(io.StringIO(client.get("/what-ifs.csv").content.decode("utf-8-sig")))
    assert (line["what_if"], line["finding"]) == (entry["id"], entry["changes"][0]["finding"])
    assert float(line["after"]) == entry["changes"][0]["after"]
    exported = client.get("/flagged.json").json()
    assert [one["id"] for one in exported["what_ifs"]] == [entry["id"]]
    gone = client.delete(f"{API}/what-ifs/{entry['id']}")
    assert gone.status_code == 200
    assert client.get(f"/studies/{read}/what-ifs").json()["what_ifs"] == []
    assert client.get("/flagged.json").json()["what_ifs"] == []


@pytest.mark.parametrize(
    ("edit", "status", "words"),
    [
        ({"areas": [{"kind": "rectangle", "points": [[200, 0], [300, 50]]}], "fill": "blur"}, 422, "covers no pixel"),
        ({"areas": [{"kind": "rectangle", "points": [[0, 0], [96, 96]]}], "fill": "blur"}, 422, "whole film"),
        ({"areas": [{"kind": "rectangle", "points": [[0, 0]]}], "fill": "blur"}, 422, "two corners"),
        ({"areas": [{"kind": "brush", "points": [[5, 5]]}], "fill": "blur"}, 422, "brush with a radius"),
        ({"areas": [{"kind": "hot", "explanation": "aaaaaaaaaaaa"}], "fill": "blur"}, 404, "no such explanation"),
        ({"areas": [{"kind": "hot"}], "fill": "blur"}, 422, "map with a threshold"),
        ({"areas": [], "fill": "blur"}, 422, ""),
        ({"areas": [{"kind": "brush", "points": [[5, 1e9]], "radius": 2}], "fill": "blur"}, 422, ""),
    ],
)
def test_what_cannot_be_answered_is_said(client: TestClient, read: str, edit: dict[str, Any], status: int, words: str) -> None:
    answer = client.post(f"{API}/studies/{read}/what-if", json={"model": MODEL, "edits": [edit]})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_a_network_that_has_not_read_the_film_is_not_asked(client: TestClient, read: str) -> None:
    for path, more in ((f"{API}/studies/{read}/what-if", {"edits": edits("")[:1]}),):
        answer = client.post(path, json={"model": "phantom-by-name", **more})
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
    asked = {"model": "phantom-by-name", "method": "lrp", "finding": "Nodule"}
    assert client.get(f"{API}/studies/{read}/stages", params=asked).status_code == 404


@pytest.mark.parametrize("method", ["lrp", "rap"])
def test_a_filmstrip_is_what_the_engine_gives(client: TestClient, read: str, store: Store, worker: Worker, method: str) -> None:
    asked = {"model": MODEL, "finding": "Effusion", "method": method}
    strip = client.get(f"{API}/studies/{read}/stages", params=asked)
    assert strip.status_code == 200, strip.text
    told = strip.json()
    values = np.frombuffer(client.get(told["values"]).content, "<f4")
    classifier, series, _ = python(store, worker, read)
    stages = reading.stages(classifier, series, method, "Effusion")
    assert [one["name"] for one in told["stages"]] == [stage.name for stage in stages]
    assert len(stages) > 4
    for one, stage in zip(told["stages"], stages, strict=True):
        part = values[one["offset"] : one["offset"] + one["height"] * one["width"]].reshape(one["height"], one["width"])
        np.testing.assert_array_equal(part, stage.values)
        assert one["total"] == pytest.approx(float(part.sum(dtype=np.float64)), rel=1e-4)
        assert one["total"] == pytest.approx(stage.total)
        if stage.field is not None and stage.spatial:
            assert one["extent"] == stage.field.extent(part.shape, (64, 64), Extent(0, 0, 96, 96)).numbers()[:4]
            assert one["extent"][0] <= 0
        else:
            assert one["extent"] == [0, 0, 96, 96]
    assert told["extent"] == [0, 0, 96, 96]
    assert client.get(f"/studies/{read}/stages.json", params=asked).json()["id"] == told["id"]


def test_other_methods_have_no_stages(client: TestClient, read: str) -> None:
    for method, finding, words in (("cam", "Nodule", "layer by layer"), ("lrp", "Gout", "knows no finding")):
        answer = client.get(f"{API}/studies/{read}/stages", params={"model": MODEL, "finding": finding, "method": method})
        assert answer.status_code == 422
        assert words in answer.json()["error"]


def test_without_a_worker_the_reader_is_told(store: Store, study_of_nobody: str) -> None:
    with store.view() as tx:
        (stack,) = tx.stacks.of_study(study_of_nobody)
    question = Question("what if", study_of_nobody, stack.id, stack.images[0], MODEL, "cd" * 32, {"edits": []})
    with pytest.raises(Unavailable, match="No worker answered"):
        questions.ask(store, lambda: None, question, patience=0.05)
    with store.view() as tx:
        assert not tx.questions.due()


@pytest.fixture
def study_of_nobody(settings: Settings, store: Store) -> str:
    """A study that no worker has seen: a test asks for it before it asks for one."""
    client = TestClient(create_app(settings, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    answer = client.post("/studies", files=[("files", ("film.dcm", films.dicom(9)))])
    study = str(answer.headers["location"]).split("/")[2].split("?")[0]
    films.analyse(store, study)
    return study


def test_a_network_that_was_replaced_is_not_asked_for_its_predecessor(study_of_nobody: str, client: TestClient) -> None:
    answer = client.post(f"{API}/studies/{study_of_nobody}/what-if", json={"model": MODEL, "edits": edits("")[:1]})
    assert (answer.status_code, answer.json()["code"]) == (500, "ModelError")
    assert "replaced by another version" in answer.json()["error"]


def test_scores_of_one_finding_are_compared_by_name() -> None:
    from app.web.what_if import changes

    before = (Score("A", 0.5, 0.0), Score("B", 0.25, -1.0))
    after = (Score("B", 0.75, 1.0), Score("A", 0.375, -0.5))
    assert [(one.finding, one.change) for one in changes(before, after, str)] == [("B", 0.5), ("A", -0.125)]
