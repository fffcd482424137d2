"""Counterfactuals of a stack of an exam over HTTP with a real worker: page, API and Python give the same; slice by slice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from app import reading
from app.config import Settings
from app.counterfactuals.stacks import StackEdit
from app.domain import Series
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.store import Store
from app.worker import Worker
from tests.changing import TEARS, changing_stacks
from tests.waiting import until
from tests.web.conftest import Send
from tests.web.test_what_if import app, client, worker

__all__ = ["app", "client", "worker"]

API = "/api/v1"
MODEL = "knee-test"
SIZE, SLICES = 64, 12


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The test's own settings, with a network of exams and a generator for it."""
    return Settings(var=tmp_path / "var", models=changing_stacks(tmp_path / "models"), device="cpu", threads=1)


@pytest.fixture
def exam(send: Send, client: TestClient) -> str:
    """A drawn knee that the worker has read."""
    sent = send(*dicom.encode(knee.draw(8, ("ACL discontinuity",), size=SIZE, slices=SLICES)))
    until(lambda: client.get(f"{API}/studies/{sent}/job").json()["state"] == "done")
    return sent


def asked(client: TestClient, study: str, prefix: str = "", **about: Any) -> dict[str, Any]:
    answer = client.post(f"{prefix}/studies/{study}/counterfactual", json={"model": MODEL, "finding": TEARS[0], **about})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def stacks_of(client: TestClient, study: str) -> dict[str, dict[str, Any]]:
    return {one["plane"]: one for one in client.get(f"{API}/studies/{study}/stacks").json()}


def pixels(client: TestClient, address: str) -> NDArray[np.uint16]:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["X-Shape"]) == (200, f"{SIZE},{SIZE}"), answer.text
    return np.frombuffer(answer.content, "<u2").reshape(SIZE, SIZE)


def series_of(store: Store, stack: dict[str, Any]) -> Series:
    with store.view() as tx:
        images = tuple(tx.studies.load_image(image) for image in stack["images"])
        return replace(tx.studies.series(stack["series"]).outline(), images=images)


def test_a_stack_is_changed_slice_by_slice_and_the_exam_read_anew(
    client: TestClient, store: Store, worker: Worker, exam: str
) -> None:
    told, api = asked(client, exam), asked(client, exam, API)
    sagittal = stacks_of(client, exam)["sagittal"]
    assert (told["stack"], told["plane"], told["direction"]) == (sagittal["id"], "sagittal", -1)
    assert told["id"] == api["id"]
    assert set(told["images"]) < set(sagittal["images"]), "some slices stay"
    assert told["image"] in told["images"]
    (said,) = told["said"]
    assert said["title"] == "Untrained exam network · sagittal"
    assert not said["referee"]

    loaded = worker._loaded()
    card = loaded.registry.card(MODEL)
    with store.view() as tx:
        (before,) = (row.answer for row in tx.answers.of_study(exam))
    series = series_of(store, sagittal)
    made = reading.stack_counterfactual(loaded, card, before, series, TEARS[0])
    assert tuple(said["probabilities"]) == made.said[0].probabilities
    assert len(set(said["probabilities"])) > 1
    edits = made.edit
    assert isinstance(edits, StackEdit)
    assert told["images"] == [sagittal["images"][place] for place in edits.places]
    for strength in (0.0, 0.75, 1.5):
        for place, image in enumerate(sagittal["images"]):
            shown = pixels(client, f"{told['pixels_url']}/{strength}/pixels?image={image}")
            np.testing.assert_array_equal(shown, edits.slice(series.images[place], place, strength).stored)
            if not strength or image not in told["images"]:
                np.testing.assert_array_equal(shown, series.images[place].stored)
    whole = loaded.exam(card).again(before, replace(series, images=edits.apply(series.images)))
    after = {one["finding"]: one["logit_after"] for one in told["changes"]}
    assert after == {score.finding: score.logit for score in whole.scores}
    assert 0 < told["pixels"] < 0.2
    assert told["inside"] > 0.5
    values = np.frombuffer(client.get(told["values_url"]).content, "<f4")
    assert [plane["name"] for plane in told["planes"]] == ["attention", "residual"]
    assert len(values) == sum(int(np.prod(plane["shape"])) for plane in told["planes"])


def test_the_case_says_what_can_be_asked_and_what_cannot_is_refused(client: TestClient, exam: str) -> None:
    data = client.get(f"/studies/{exam}/case.json", params={"model": MODEL}).json()
    assert [(one["finding"], one["ways"], one["directions"]) for one in data["changeable"]] == [
        ("ACL tear", ["generator"], [-1])
    ]
    told = asked(client, exam)
    stacks = stacks_of(client, exam)
    for about, status, words in (
        ({"image": stacks["coronal"]["images"][0]}, 422, "of the sagittal stack alone"),
        ({"direction": 1}, 422, "only less of a finding"),
        ({"finding": "meniscal tear"}, 422, "no counterfactual of “meniscal tear”"),
        ({"way": "shift"}, 422, "no counterfactual of “ACL tear”"),
    ):
        answer = client.post(f"{API}/studies/{exam}/counterfactual", json={"model": MODEL, "finding": TEARS[0], **about})
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    named = asked(client, exam, image=stacks["sagittal"]["images"][3])
    assert named["id"] == told["id"], "the whole stack is meant, whichever slice is named"
    foreign = stacks["axial"]["images"][0]
    for address, status in (
        (f"{told['pixels_url']}/1/pixels", 422),
        (f"{told['pixels_url']}/1/pixels?image={foreign}", 404),
        (f"{told['pixels_url']}/2/pixels?image={told['image']}", 422),
        (f"{told['pixels_url']}/film.webp", 422),
    ):
        assert client.get(address).status_code == status, address
    assert client.post(f"{told['pixels_url']}/kept", json={"strength": 1}).status_code == 422
    client.cookies.set("whylight-language", "ko")
    assert asked(client, exam)["plane"] == "시상면"
