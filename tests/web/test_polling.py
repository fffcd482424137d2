"""What a page asks for again and again: how often, and what each answer costs the database."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.store import Store
from tests.store import exams
from tests.web import films
from tests.web.conftest import Send

HTMX = {"HX-Request": "true"}
MOST = 3
"""Statements that one question may cost."""

Counted = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def counted(store: Store) -> Counted:
    """Collects the statements that the database gets meanwhile."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        said: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            said.append(statement)

        event.listen(store._readers, "before_cursor_execute", note)  # and of the writers, which are the same engine
        yield said
        event.remove(store._readers, "before_cursor_execute", note)

    return collect


def test_a_question_for_a_job_costs_little_however_large_the_study(
    client: TestClient, store: Store, tmp_path: Path, counted: Counted
) -> None:
    study = exams.store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.jobs.analyse(study)
    address = f"/studies/{study}/job?model=&again=3"
    client.get(address, headers=HTMX)
    with counted() as said:
        assert 'data-state="queued"' in client.get(address, headers=HTMX).text
    assert 0 < len([one for one in said if one != "BEGIN"]) <= MOST, said


def test_a_slices_pixels_cost_little_however_large_the_study(
    client: TestClient, store: Store, tmp_path: Path, counted: Counted
) -> None:
    study = exams.store_exam(store, tmp_path)
    with store.view() as tx:
        image = tx.studies.get(study).images[-1].id
    with counted() as said:
        assert client.get(f"/images/{image}/pixels").status_code == 200
    assert 0 < len([one for one in said if one != "BEGIN"]) <= MOST, said


def test_the_longer_a_job_takes_the_less_often_it_is_asked_about(client: TestClient, send: Send) -> None:
    """Each answer is asked for by the one before; the pauses grow up to five seconds and no further."""
    fragment = client.get(f"/studies/{send(('film.dcm', films.dicom(2)))}").text
    pauses = []
    for _ in range(20):
        job = re.search(
            r'<div id="job"[^>]* hx-get="([^"]+)" hx-trigger="load delay:(\d+)ms, ([^"]+)" hx-swap="outerHTML"', fragment
        )
        assert job is not None, fragment
        pauses.append(int(job[2]))
        assert job[3] == "again, htmx:responseError delay:5000ms", "a lost answer is asked for again"
        fragment = client.get(job[1].replace("&amp;", "&"), headers=HTMX).text
    assert pauses[0] == 700
    assert pauses == sorted(pauses)
    assert len(set(pauses)) > 10
    assert pauses[-1] == pauses[-2] == 5000


def test_a_study_that_is_gone_is_said_to_be(client: TestClient) -> None:
    answer = client.get("/studies/aaaaaaaaaaaa/job", headers=HTMX)
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#messages"
