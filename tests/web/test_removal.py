"""A study is removed from its page, after a question."""

from fastapi.testclient import TestClient

from app.store import Store
from tests.web import films
from tests.web.conftest import Send


def test_a_study_is_removed_from_its_page_after_a_question(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(14)))
    page = client.get(f"/studies/{study}").text
    assert f'action="/studies/{study}/removal"' in page
    assert "All its images go for good" in page
    answer = client.post(f"/studies/{study}/removal")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get(f"/studies/{study}").status_code == 404
    with store.view() as tx:
        assert tx.studies.count() == 0
    assert client.post(f"/studies/{study}/removal").status_code == 404
