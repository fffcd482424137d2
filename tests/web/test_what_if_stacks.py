"""What if and the layer filmstrip on exams of stacks, over HTTP with a real worker: page, API and Python give the same."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from app import reading
from app.classifiers import loading
from app.config import Settings
from app.domain import Area, Edit, Series
from app.edits import apply_to_stack
from app.store import Store
from app.web.application import create_app
from app.worker import Worker
from tests.store import exams
from tests.waiting import until
from tests.web import exams as web_exams
from tests.web.conftest import HOST, SAME_SITE

API = "/api/v1"
MODEL = "knee-test"
FINDING = "ACL tear"
ROWS, COLUMNS = 12, 10
BOX = {"kind": "rectangle", "points": [[2, 2], [8, 9]]}


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """The test's own settings, with a network of exams beside those of films."""
    folder = web_exams.beside(models, tmp_path / "models")
    return Settings(var=tmp_path / "var", models=folder, device="cpu", threads=1)


@pytest.fixture
def worker(settings: Settings, store: Store) -> Iterator[Worker]:
    """A worker in a thread of this process, as a server has it."""
    made = Worker(settings, store)
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
def exam(store: Store, client: TestClient, tmp_path: Path) -> str:
    """An exam of two stacks that the worker has read and explained for one finding."""
    study = exams.store_exam(store, tmp_path)
    for path, body in (("analysis", {"model": MODEL}), ("explanations", {"model": MODEL, "finding": FINDING})):
        asked = client.post(f"{API}/studies/{study}/{path}", json=body)
        assert asked.status_code in {200, 202}, asked.text
        until(lambda: client.get(f"{API}/studies/{study}/job").json()["state"] == "done")
    return study


def stacks_of(client: TestClient, study: str) -> list[dict[str, Any]]:
    return list(client.get(f"{API}/studies/{study}/stacks").json())


def ask(client: TestClient, study: str, edit: dict[str, Any], **more: Any) -> Any:
    answer = client.post(f"{API}/studies/{study}/what-if", json={"model": MODEL, "edits": [edit], **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def pixels(client: TestClient, address: str) -> NDArray[np.uint16]:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["X-Shape"]) == (200, f"{ROWS},{COLUMNS}")
    return np.frombuffer(answer.content, "<u2").reshape(ROWS, COLUMNS)


def series_of(store: Store, stack: dict[str, Any]) -> Series:
    with store.view() as tx:
        images = tuple(tx.studies.load_image(image) for image in stack["images"])
        return replace(tx.studies.series(stack["series"]).outline(), images=images)


def layer_of(client: TestClient, study: str, stack: dict[str, Any], method: str) -> Any:
    told = client.get(f"{API}/studies/{study}/layers", params={"stack": stack["id"], "finding": FINDING}).json()
    return next(one for one in told if one["producer"]["name"] == method)


def test_the_whole_exam_is_answered_with_slices_of_one_stack_edited(
    client: TestClient, exam: str, store: Store, worker: Worker
) -> None:
    sagittal, coronal = stacks_of(client, exam)
    hot = {"kind": "hot", "explanation": layer_of(client, exam, coronal, "cam")["id"], "threshold": 0.4}
    edit = {"areas": [{**BOX, "images": coronal["images"][1:]}, hot], "fill": "inpaint"}
    body = {"model": MODEL, "stack": coronal["id"], "edits": [edit]}
    page, api = (client.post(f"{prefix}/studies/{exam}/what-if", json=body).json() for prefix in ("", API))
    assert page["changes"] == api["changes"]
    assert (page["stack"], page["id"]) == (coronal["id"], api["id"])

    loaded = worker._loaded()
    with store.view() as tx:
        (before,) = (row.answer for row in tx.answers.of_study(exam))
        maps = {hot["explanation"]: tx.layers.load(hot["explanation"])}
    areas = (Area("rectangle", ((2, 2), (8, 9)), slices=(1, 2)), Area("hot", explanation=hot["explanation"], threshold=0.4))
    steps = [Edit(areas, "inpaint")]
    series = series_of(store, coronal)
    classifier = loaded.exam(loaded.registry.card(MODEL))
    said, covered = reading.what_if_exam(classifier, before, series, steps, maps)
    told = {one["finding"]: (one["before"], one["after"], one["logit_after"]) for one in page["changes"]}
    assert told == {
        now.finding: (was.probability, now.probability, now.logit) for was, now in zip(before.scores, said.scores, strict=True)
    }
    assert max(abs(one["change"]) for one in page["changes"]) > 1e-5
    edited, _ = apply_to_stack(series.images, steps, maps)
    whole = classifier.predict({"sagittal": series_of(store, sagittal), "coronal": replace(series, images=edited)})
    assert said.scores == whole.scores

    shares = covered.mean(axis=(1, 2))
    places = np.flatnonzero(shares)
    assert [one["image"] for one in api["images"]] == [coronal["images"][place] for place in places]
    assert [one["covered"] for one in api["images"]] == pytest.approx(shares[places])
    assert api["image"] == coronal["images"][int(shares.argmax())]
    for one, shown, place in zip(api["images"], page["images"], places, strict=True):
        np.testing.assert_array_equal(pixels(client, one["pixels"]), edited[place].stored)
        np.testing.assert_array_equal(pixels(client, shown["pixels_url"]), edited[place].stored)
    np.testing.assert_array_equal(pixels(client, page["pixels_url"]), edited[int(shares.argmax())].stored)


def test_the_networks_of_an_exam_are_loaded_once(
    client: TestClient, exam: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exam was read before: what its networks need is there."""
    read: list[str] = []
    monkeypatch.setattr(loading, "_tensors", lambda card: read.append(card.name))
    stack = stacks_of(client, exam)[0]
    ask(client, exam, {"areas": [BOX], "fill": "mean"}, stack=stack["id"])
    asked = {"model": MODEL, "finding": FINDING, "method": "lrp", "image": stack["images"][1]}
    assert client.get(f"{API}/studies/{exam}/stages", params=asked).status_code == 200
    assert read == []


def test_where_an_area_lies_that_names_no_slice(client: TestClient, exam: str) -> None:
    """On the image that is asked about, as on a film; where a stack alone is named, on every slice."""
    stack = stacks_of(client, exam)[0]
    edit = {"areas": [BOX], "fill": "mean"}
    one = ask(client, exam, edit, image=stack["images"][2])
    assert [edited["image"] for edited in one["images"]] == [one["image"]] == [stack["images"][2]]
    every = ask(client, exam, edit, stack=stack["id"])
    assert [edited["image"] for edited in every["images"]] == stack["images"]
    named = ask(client, exam, {**edit, "areas": [{**BOX, "images": [stack["images"][2]]}]}, stack=stack["id"])
    assert named["id"] == one["id"], "the same question, told in another way"
    kept = client.post(f"{API}/studies/{exam}/what-ifs", json={"model": MODEL, "stack": stack["id"], "edits": [edit]}).json()
    assert kept["edits"][0]["areas"][0]["images"] == stack["images"]
    again = client.post(
        f"{API}/studies/{exam}/what-if", json={"model": MODEL, "image": stack["images"][1], "edits": kept["edits"]}
    )
    assert again.json()["id"] == every["id"], "what is kept lies on the same slices, whichever image is shown"
    first = ask(client, exam, edit)
    with_all = [image["id"] for image in client.get(f"{API}/studies/{exam}/images").json()]
    assert first["image"] == with_all[0]


def test_all_but_an_area_is_filled_on_every_slice(client: TestClient, exam: str, store: Store) -> None:
    stack = stacks_of(client, exam)[0]
    told = ask(client, exam, {"areas": [BOX], "fill": "mean", "outside": True}, image=stack["images"][1])
    share = 1 - 6 * 7 / (ROWS * COLUMNS)
    assert [one["covered"] for one in told["images"]] == pytest.approx([1, share, 1])
    assert told["image"] == stack["images"][0]
    series = series_of(store, stack)
    for place in (0, 2):
        stored = pixels(client, told["images"][place]["pixels"])
        assert (stored == np.rint(series.images[place].stored.mean())).all()
    inside = (slice(2, 9), slice(2, 8))
    kept = pixels(client, told["images"][1]["pixels"])
    np.testing.assert_array_equal(kept[inside], series.images[1].stored[inside])


def test_a_slice_that_was_not_edited_comes_as_it_is(client: TestClient, exam: str, store: Store) -> None:
    sagittal, coronal = stacks_of(client, exam)
    told = ask(client, exam, {"areas": [BOX], "fill": "blur"}, image=sagittal["images"][0])
    stored = pixels(client, f"{API}/what-if/{told['id']}/pixels?image={sagittal['images'][2]}")
    np.testing.assert_array_equal(stored, series_of(store, sagittal).images[2].stored)
    other = client.get(f"{API}/what-if/{told['id']}/pixels?image={coronal['images'][0]}")
    assert (other.status_code, other.json()["error"]) == (404, "The stack has no such slice.")


def test_one_of_a_stack_is_kept_listed_exported_and_asked_again(client: TestClient, exam: str) -> None:
    _, stack = stacks_of(client, exam)
    hot = {"kind": "hot", "explanation": layer_of(client, exam, stack, "cam")["id"], "threshold": 0.9}
    areas = [{**BOX, "images": [stack["images"][2], stack["images"][0]]}, {**hot, "images": stack["images"][2:]}]
    body = {"model": MODEL, "stack": stack["id"], "edits": [{"areas": areas, "fill": "mean"}]}
    told = client.post(f"/studies/{exam}/what-if", json=body).json()
    kept = client.post(f"/studies/{exam}/what-ifs", json={**body, "comment": " the ligament "})
    assert kept.status_code == 201, kept.text
    entry = kept.json()["what_if"]
    assert (entry["changes"], entry["comment"], entry["stack"]) == (told["changes"], "the ligament", stack["id"])
    assert entry["images"] == [one["image"] for one in told["images"]]
    assert entry["images"] == [stack["images"][0], stack["images"][2]]
    assert entry["covered"] == pytest.approx(sum(one["covered"] for one in told["images"]) / exams.SLICES)
    assert [area["images"] for area in entry["edits"][0]["areas"]] == [entry["images"], stack["images"][2:]]
    assert client.get(f"/studies/{exam}/what-ifs").json()["what_ifs"] == [entry]
    again = client.post(f"/studies/{exam}/what-if", json={"model": MODEL, "stack": stack["id"], "edits": entry["edits"]})
    assert again.json()["id"] == told["id"], "what is kept can be asked as it stands"

    (listed,) = client.get(f"{API}/studies/{exam}/what-ifs").json()
    for image, edited in zip(entry["images"], told["images"], strict=True):
        answer = client.get(f"{listed['mask']}?image={image}")
        mask = np.frombuffer(answer.content, "u1").reshape(ROWS, COLUMNS)
        assert answer.headers["X-Shape"] == f"{ROWS},{COLUMNS}"
        assert mask[2:9, 2:8].all()
        assert mask.mean() == pytest.approx(edited["covered"])
    assert client.get(listed["mask"]).content == client.get(f"{listed['mask']}?image={entry['image']}").content
    assert client.get(f"{listed['mask']}?image={stack['images'][1]}").status_code == 404
    (line, *_) = csv.DictReader(io.StringIO(client.get("/what-ifs.csv").content.decode("utf-8-sig")))
    assert (line["stack"], line["image"], line["images"]) == (stack["id"], entry["image"], " ".join(entry["images"]))
    (exported,) = client.get("/flagged.json").json()["what_ifs"]
    assert (exported["id"], exported["images"], exported["edits"]) == (entry["id"], entry["images"], entry["edits"])
    assert client.delete(f"{API}/what-ifs/{entry['id']}").status_code == 200
    assert client.get(f"/studies/{exam}/what-ifs").json()["what_ifs"] == []


def test_what_cannot_be_answered_is_said(client: TestClient, exam: str) -> None:
    sagittal, coronal = stacks_of(client, exam)
    foreign = {"kind": "hot", "explanation": layer_of(client, exam, coronal, "cam")["id"], "threshold": 0.1}
    whole = {"kind": "rectangle", "points": [[0, 0], [COLUMNS, ROWS]]}
    far = {"kind": "rectangle", "points": [[200, 0], [300, 50]]}
    for area, more, status, words in (
        (far, {}, 422, "covers no pixel of the stack"),
        (whole, {}, 422, "covers the whole stack"),
        (foreign, {}, 404, "map of this hot area"),
        ({**BOX, "images": coronal["images"][:1]}, {}, 404, "no such slice"),
        (BOX, {"image": coronal["images"][0]}, 404, "no such slice"),
        (BOX, {"stack": "aaaaaaaaaaaa"}, 404, "no such stack"),
        (BOX, {"model": "chest-untrained"}, 404, "has said nothing"),
    ):
        body = {"model": MODEL, "stack": sagittal["id"], "edits": [{"areas": [area], "fill": "blur"}], **more}
        answer = client.post(f"{API}/studies/{exam}/what-if", json=body)
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    told = ask(client, exam, {"areas": [{**whole, "images": sagittal["images"][:2]}], "fill": "inpaint"}, stack=sagittal["id"])
    assert [one["covered"] for one in told["images"]] == [1, 1], "whole slices may go"


@pytest.mark.parametrize("method", ["lrp", "rap_contrastive"])
def test_the_filmstrip_of_a_slice_holds_what_the_stacks_map_has_of_it(client: TestClient, exam: str, method: str) -> None:
    stack = stacks_of(client, exam)[0]
    layer = layer_of(client, exam, stack, method)
    maps = np.frombuffer(client.get(layer["values"]).content, "<f4").reshape(layer["shape"])
    ids = set()
    for place in range(exams.SLICES):
        asked = {"model": MODEL, "finding": FINDING, "method": method, "image": stack["images"][place]}
        told = client.get(f"{API}/studies/{exam}/stages", params=asked)
        assert told.status_code == 200, told.text
        strip = told.json()
        ids.add(strip["id"])
        assert (strip["stack"], strip["image"], strip["extent"]) == (
            stack["id"],
            asked["image"],
            list(layer["extent"].values()),
        )
        values = np.frombuffer(client.get(strip["values"]).content, "<f4")
        cut = [values[one["offset"] : one["offset"] + one["height"] * one["width"]] for one in strip["stages"]]
        total = float(maps[place].sum(dtype=np.float64))
        scale = float(np.abs(maps).sum())
        np.testing.assert_allclose(cut[-1], maps[place].ravel(), atol=1e-5 * float(np.abs(maps).max()))
        assert np.maximum(cut[-1], 0).sum(dtype=np.float64) == pytest.approx(layer["mass"][place], abs=1e-4 * scale)
        for one, part in zip(strip["stages"], cut, strict=True):
            assert float(part.sum(dtype=np.float64)) == pytest.approx(total, abs=1e-3 * scale), one["name"]
            assert one["total"] == pytest.approx(total, abs=1e-3 * scale), one["name"]
    assert len(ids) == exams.SLICES
