"""A selection of the worklist is read by another network: in the list, on its page, by script; with what failed beside it."""

from fastapi.testclient import TestClient

from app.store import Store
from tests.web import films
from tests.web.conftest import Send, shown

OTHER = "phantom-by-name"


def put_an_end(store: Store, template: str = "") -> str:
    """End the job that is next, well or with this sentence; its study."""
    with store.begin() as tx:
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.fail(job.id, "test", template) if template else tx.jobs.finish(job.id, "test")
        return job.study_id


def test_chosen_studies_are_read_as_one_batch(client: TestClient, send: Send, store: Store, woken: list[str]) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (21, 22, 23)]
    for _ in studies:
        put_an_end(store)
    listed = client.get("/").text
    assert 'formaction="/batches"' in listed
    assert f'<option value="{OTHER}">' in listed
    before = len(woken)
    answer = client.post("/batches", data={"model": OTHER, "study": studies[:2]})
    there = answer.headers["location"]
    assert (answer.status_code, there[:9], len(woken)) == (303, "/batches/", before + 1)
    page = shown(client.get(there))
    assert (page.batch.model, page.batch.settled, page.batch.total) == (OTHER, 0, 2)
    assert f"{OTHER} reads a selection: 0 of 2" in client.get("/").text
    failed = put_an_end(store, "The film is damaged.")
    films.analyse(store, next(study for study in studies[:2] if study != failed), model=OTHER)
    text = client.get(there).text
    assert "2 of 2" in text
    assert "The film is damaged." in text
    assert "Nodule" in text
    page = shown(client.get(there))
    assert [line.state for line in page.lines] == ["failed", "done"]
    assert page.lines[0].study.id == failed
    assert "reads a selection" not in client.get("/").text
    again = client.post(f"{there}/rest").headers["location"]
    assert [line.study.id for line in shown(client.get(again)).lines] == [failed]
    assert OTHER in client.get("/batches").text


def test_a_page_that_asks_by_itself_hears_what_is_new(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(24)))
    put_an_end(store)
    there = client.post("/batches", data={"model": OTHER, "study": [study]}).headers["location"]
    asked = {"poll": "1", "seen": shown(client.get(there)).digest}
    htmx = {"HX-Request": "true"}
    assert client.get(there, params=asked, headers=htmx).status_code == 204
    put_an_end(store)
    changed = client.get(there, params=asked, headers=htmx)
    assert changed.status_code == 200
    assert "hx-trigger" not in changed.text
    assert "<html" not in changed.text


def test_the_whole_filtered_list_is_read_and_stopped(client: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (25, 26)]
    other = send(("other.dcm", films.dicom(27, PatientName="SOMEBODY ELSE")))
    for _ in (*studies, other):
        put_an_end(store)
    list_ = client.post("/", data={"text": "phantom"}).headers["location"]
    assert "phantom" not in list_
    there = client.post("/batches", data={"model": OTHER, "list": list_}).headers["location"]
    page = shown(client.get(there))
    assert {line.study.id for line in page.lines} == set(studies)
    assert f'href="{list_}"' in client.get(there).text
    assert client.post("/batches", data={"model": OTHER, "list": "/flagged"}).status_code == 404
    assert client.post(f"{there}/stop").headers["location"] == there
    assert [line.state for line in shown(client.get(there)).lines] == ["cancelled", "cancelled"]
    with store.view() as tx:
        assert not tx.jobs.waiting()
        assert {tx.studies.get(study).state for study in studies} <= {"done", "failed"}


def test_what_a_network_does_not_read_says_why_beside_the_others(client: TestClient, send: Send, store: Store) -> None:
    fitting = send(("film.dcm", films.dicom(28)))
    person = send(("person.dcm", films.dicom(29, phantom=False)))
    put_an_end(store)
    put_an_end(store)
    there = client.post("/batches", data={"model": OTHER, "study": [fitting, person]}).headers["location"]
    lines = shown(client.get(there)).lines
    assert [(line.study.id, line.state) for line in lines] == [(person, "unread"), (fitting, "queued")]
    assert "does not read this kind of film" in lines[0].error


def test_what_was_read_before_is_not_read_again(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(30)))
    with store.view() as tx:
        assert tx.jobs.waiting() == 1
    sha256 = next(card.sha256 for card in client.app.state.web.registry.cards() if card.name == OTHER)  # type: ignore[attr-defined]
    films.analyse(store, study, model=OTHER, sha256=sha256)
    there = client.post("/batches", data={"model": OTHER, "study": [study]}).headers["location"]
    page = shown(client.get(there))
    assert [(line.state, line.said.named[0].name) for line in page.lines] == [("there", "Nodule")]
    assert not page.batch.open


def test_stopping_leaves_what_others_asked_for(client: TestClient, script: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(31)))
    put_an_end(store)
    script.post(f"/api/v1/studies/{study}/analysis", json={"model": OTHER})
    there = client.post("/batches", data={"model": OTHER, "study": [study]}).headers["location"]
    client.post(f"{there}/stop")
    assert [line.state for line in shown(client.get(there)).lines] == ["queued"]


def test_a_wish_at_the_case_goes_before_the_batch(client: TestClient, script: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (32, 33)]
    put_an_end(store)
    put_an_end(store)
    client.post("/batches", data={"model": OTHER, "study": studies})
    script.post(f"/api/v1/studies/{studies[1]}/analysis", json={"model": OTHER})
    assert put_an_end(store) == studies[1]


def test_scripts_ask_for_a_batch_and_stop_it(script: TestClient, client: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (34, 35)]
    put_an_end(store)
    put_an_end(store)
    asked = script.post("/api/v1/batches", json={"model": OTHER, "modality": "DX"})
    assert asked.status_code == 202
    batch = asked.json()
    assert (batch["total"], batch["settled"], batch["open"], batch["counts"]["queued"]) == (2, 0, True, 2)
    assert script.get("/api/v1/batches").json()[0]["id"] == batch["id"]
    put_an_end(store, "The film is damaged.")
    listed = script.get(f"/api/v1/batches/{batch['id']}/studies")
    assert listed.headers["x-total-count"] == "2"
    assert [(row["state"], row["error"]) for row in listed.json()] == [("failed", "The film is damaged."), ("queued", "")]
    assert {row["study"] for row in listed.json()} == set(studies)
    stopped = script.delete(f"/api/v1/batches/{batch['id']}").json()
    assert (stopped["open"], stopped["counts"]["cancelled"]) == (False, 1)
    assert script.post("/api/v1/batches", json={"model": OTHER, "studies": []}).status_code == 422
    assert script.post("/api/v1/batches", json={"model": "nobody"}).status_code == 404
    assert script.post("/api/v1/batches", json={"model": OTHER, "studies": ["aaaaaaaaaaaa"]}).status_code == 404
    assert script.get("/api/v1/batches/aaaaaaaaaaaa").status_code == 404


def test_a_removed_study_leaves_its_batch(client: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{number}.dcm", films.dicom(number))) for number in (36, 37)]
    there = client.post("/batches", data={"model": OTHER, "study": studies}).headers["location"]
    client.delete(f"/api/v1/studies/{studies[0]}")
    assert [line.study.id for line in shown(client.get(there)).lines] == [studies[1]]
    assert not store.orphans()
