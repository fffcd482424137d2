"""Two networks of the same patients: the page of a case says what the other one says, and what that is worth."""

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.classifiers.card import Card
from app.config import Settings
from app.domain import Answer, Score
from app.store import Store
from tests.networks import write_network
from tests.web import films
from tests.web.conftest import Send, shown

SECOND = "phantom-second"


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """The networks, and one beside the phantoms' that learned from the same patients."""
    folder = tmp_path / "networks"
    shutil.copytree(models, folder)
    known = Card.read(folder / films.MODEL).findings
    write_network(folder, SECOND, findings=known, phantom=True, default=False, seed=9, second_to=films.MODEL)
    return Settings(var=tmp_path / "var", models=folder)


def test_both_pages_say_what_the_other_network_says(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study)
    first = client.get(f"/studies/{study}")
    assert shown(first).second.told == {}
    assert f"What does {SECOND} say?" in first.text
    assert "proves little" not in first.text
    with store.begin() as tx:
        stack = tx.stacks.of_image(tx.studies.get(study).images[0].id).fingerprint
        scores = (Score("Nodule", 0.496, -0.016), Score("Effusion", 0.9, 2.197))
        said = Answer.of_film(stack, model=SECOND, model_sha256="ab" * 32, scores=scores, device="cpu", versions={})
        tx.answers.save(study, said)
    told = shown(client.get(f"/studies/{study}?model={films.MODEL}")).second
    assert (told.model, told.told) == (
        SECOND,
        {"Nodule": f"{SECOND} says 49.6 %.", "Effusion": f"{SECOND} says 90 %: called."},
    )
    other = client.get(f"/studies/{study}?model={SECOND}&finding=Nodule")
    assert shown(other).second.told["Nodule"] == f"{films.MODEL} says 87 %: called."
    assert "That they agree proves little" in other.text


def test_its_card_its_place_in_the_list_and_the_api_say_what_it_is(client: TestClient) -> None:
    assert "That they agree proves little" in client.get(f"/models/{SECOND}").text
    assert f"second opinion beside {films.MODEL}" in client.get("/models").text
    assert client.get(f"/api/v1/models/{SECOND}").json()["second_to"] == films.MODEL
    assert client.get(f"/api/v1/models/{films.MODEL}").json()["second_to"] == ""


def test_a_network_alone_has_no_second_opinion(client: TestClient, send: Send, store: Store, settings: Settings) -> None:
    shutil.rmtree(settings.models / SECOND)
    study = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study)
    page = client.get(f"/studies/{study}")
    assert shown(page).second is None
    assert "What does" not in page.text
