"""Damaged pixels and maps are said to be damaged, on pages, in the API and by the job that meets them; never shown."""

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.store import Store
from app.worker import Worker
from tests.store.test_damage import flip
from tests.web import films
from tests.web.conftest import Send


@pytest.mark.parametrize(
    "address",
    [
        "/images/{}/pixels",
        "/images/{}/pixels?halved=1",
        "/images/{}/thumbnail.png",
        "/images/{}/preview.png",
        "/api/v1/images/{}/pixels",
    ],
)  # fmt: skip
def test_damaged_pixels_are_not_shown_and_the_same_file_mends_them(
    address: str, client: TestClient, send: Send, store: Store
) -> None:
    study = send(("film.dcm", films.dicom(1)))
    with store.view() as tx:
        row = tx.studies.get(study).images[0]
    path = address.format(row.id)
    flip(store.blobs.path(row.pixels_sha256))
    for wanted in ({}, {"Accept": "application/json"}):
        answer = client.get(path, headers=wanted)
        assert answer.status_code == 500
        assert "damaged on the disk" in answer.text
    assert client.get(path, headers={"Accept": "application/json"}).json()["code"] == "Damaged"
    assert send(("film.dcm", films.dicom(1))) == study
    assert client.get(path).status_code == 200


def test_a_damaged_map_is_not_shown(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        row = tx.layers.of_study(study)[0]
    flip(store.blobs.path(str(row.values_sha256)))
    for address in ("values", "values.npy", "overlay.png"):
        answer = client.get(f"/api/v1/explanations/{row.id}/{address}")
        assert (answer.status_code, answer.json()["code"]) == (500, "Damaged")
        assert "This map is damaged" in answer.json()["error"]


def test_a_job_that_meets_damaged_pixels_fails_with_the_sentence(
    client: TestClient, send: Send, store: Store, settings: Settings
) -> None:
    study = send(("film.dcm", films.dicom(1)))
    with store.view() as tx:
        row = tx.studies.get(study).images[0]
    flip(store.blobs.path(row.pixels_sha256))
    worker = Worker(settings, store)
    assert worker.work_once()
    worker.stop()
    job = client.get(f"/api/v1/studies/{study}/job").json()
    assert job["state"] == "failed"
    assert "damaged on the disk" in job["error"]
