"""Studies are removed from their page, or by ticking them in the worklist, and come back for ten seconds."""

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient

from app.desk import deletion
from app.store import Store
from tests.web import films
from tests.web.conftest import Send


def test_a_study_is_removed_from_its_page_and_undone(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(14)))
    page = client.get(f"/studies/{study}").text
    assert f'action="/studies/{study}/removal"' in page
    assert "All its images go for good" in page
    answer = client.post(f"/studies/{study}/removal")
    there = answer.headers["location"]
    assert (answer.status_code, there[:10]) == (303, "/removals/")
    assert client.get(f"/studies/{study}").status_code == 404
    assert client.get(f"/api/v1/studies/{study}").status_code == 404
    shown = client.get(there)
    assert "1 study is being removed" in shown.text
    assert 10 <= int(shown.headers["refresh"]) <= 12
    assert client.post(f"/studies/{study}/removal").status_code == 404
    back = client.post(f"{there}/undo")
    assert (back.status_code, back.headers["location"]) == (303, f"/studies/{study}")
    assert client.get(f"/studies/{study}").status_code == 200
    assert "Nothing is left to undo" in client.get(there).text
    assert client.post(f"{there}/undo").status_code == 404


def test_chosen_studies_are_removed_together(client: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (15, 16, 17)]
    listed = client.get("/").text
    assert all(f'name="study" value="{study}"' in listed for study in studies)
    there = client.post("/removals", data={"study": studies[:2]}).headers["location"]
    assert "2 studies are being removed" in client.get(there).text
    listed = client.get("/").text
    assert [study in listed for study in studies] == [False, False, True]
    assert deletion.finish(store, datetime.now(UTC) + timedelta(seconds=11)) == 2
    assert client.post(f"{there}/undo").status_code == 404
    assert not store.orphans()


def test_one_that_is_not_there_keeps_the_others(client: TestClient, send: Send) -> None:
    study = send(("film.dcm", films.dicom(18)))
    assert client.post("/removals", data={"study": [study, "aaaaaaaaaaaa"]}).status_code == 404
    assert client.get(f"/studies/{study}").status_code == 200
    assert client.post("/removals", data={}).status_code == 422
