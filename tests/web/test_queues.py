"""Lists that are read through: the order is frozen, how far a reader is with each study is kept, the list is found again."""

import re

import pytest
from fastapi.testclient import TestClient

from app.desk import deletion
from app.store import Entry, Queue, Store
from app.web.standing import listed, position
from tests.web import films
from tests.web.conftest import Send, shown


@pytest.fixture
def three(send: Send) -> list[str]:
    """Three studies as the worklist has them: the newest first."""
    return [send((f"{n}.dcm", films.dicom(n, PatientName=f"N{n}"))) for n in (1, 2, 3)][::-1]


def begun(client: TestClient, list_: str = "/", **row: str) -> str:
    """Where reading a list begins."""
    answer = client.get("/read", params={"list": list_, **row})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_the_order_is_that_of_the_list_and_stays(client: TestClient, send: Send, three: list[str]) -> None:
    where = begun(client, "/?order=patient", row=f"study-{three[1]}", study=three[1])
    assert re.fullmatch(rf"/studies/{three[1]}\?queue=[a-z2-7]{{12}}&place=1", where)
    queue = shown(client.get(where)).queue
    assert (queue.number, queue.total) == (2, 3)
    send(("0.dcm", films.dicom(4, PatientName="A")))  # would come first, and move everything by one
    after = shown(client.get(queue.after)).queue
    assert (after.number, after.total, after.after) == (3, 3, "")
    assert after.before == where
    assert after.list == f"/?order=patient#study-{three[0]}"
    assert begun(client, "/?order=patient", row=f"study-{three[1]}", study=three[1]) != where, (
        "begun anew it is the list of now"
    )


def test_the_same_list_is_the_same_queue(client: TestClient, three: list[str]) -> None:
    assert begun(client) == begun(client)
    assert begun(client).partition("?")[0] == f"/studies/{three[0]}"


def test_unread_read_and_done_are_each_readers_own(client: TestClient, three: list[str]) -> None:
    def rows(reading: str) -> list[str]:
        page = client.get(f"/?reading={reading}")
        assert shown(page).query.reading == reading
        return [row.id for row in shown(page).studies.rows]

    assert rows("unread") == three
    where = begun(client)
    first = shown(client.get(where)).queue
    assert (rows("unread"), rows("read"), rows("done")) == (three[1:], three[:1], [])
    form = {"queue": first.id, "place": "0"}
    onward = client.post(f"/studies/{three[0]}/reading", data=form)
    assert (onward.status_code, onward.headers["location"]) == (303, first.after)
    assert (rows("read"), rows("done")) == ([], three[:1])
    assert begun(client) == first.after, "it goes on at the first that is not done"
    back = client.post(f"/studies/{three[0]}/reading", data=form | {"done": "no"})
    assert back.headers["location"] == where
    assert rows("read") == three[:1]
    client.cookies.set("whylight-reader", "Kim")
    assert rows("unread") == three
    assert "●" in client.get("/").text


def test_the_last_one_leads_back_to_the_list(client: TestClient, three: list[str]) -> None:
    queue = shown(client.get(begun(client))).queue
    for place, study in enumerate(three):
        told = client.post(f"/studies/{study}/reading", data={"queue": queue.id, "place": str(place)})
    assert told.headers["location"] == f"/#study-{three[2]}"


def test_a_study_that_was_removed_is_passed_over(client: TestClient, store: Store, three: list[str]) -> None:
    where = begun(client)
    deletion.delete(store, three[1])
    queue = shown(client.get(where)).queue
    assert queue.after.startswith(f"/studies/{three[2]}?")
    assert queue.total == 3, "places stay what they were"


def test_plain_forms_of_a_case_keep_its_place_in_the_list(client: TestClient, store: Store, three: list[str]) -> None:
    where = begun(client)
    films.analyse(store, three[0])
    form = {"about": "Nodule", "opinion": "present"}
    sent = client.post(f"/studies/{three[0]}/opinions", data=form, headers={"Referer": f"http://testserver{where}&flag=x"})
    assert sent.status_code == 303, sent.text
    told = sent.headers["location"]
    assert where.partition("?")[2] in told
    assert "flag" not in told
    assert shown(client.get(told)).queue.number == 1
    other = client.post(f"/studies/{three[0]}/opinions", data=form, headers={"Referer": "http://testserver/?queue=abc"})
    assert "queue" not in other.headers["location"], "another page than a case"


def test_what_is_not_there_is_said(client: TestClient, three: list[str]) -> None:
    gone = client.get(f"/studies/{three[0]}?queue=aaaaaaaaaaaa&place=0")
    assert shown(gone).queue is None
    assert "no longer kept" in gone.text
    assert client.get("/read?list=/models").status_code == 404
    assert client.get("/read?list=https://example.org/").headers["location"].startswith(f"/studies/{three[0]}?"), "of ours"
    assert begun(client, "/?state=failed", row=f"study-{three[0]}", study=three[0]) == f"/studies/{three[0]}"
    assert begun(client, "/?state=failed") == "/?state=failed"
    assert client.get("/read?list=/&row=study-x").status_code == 404
    assert client.get("/read?list=/?search=aaaaaaaaaaaa").status_code == 404


def test_a_place_is_found_again() -> None:
    entries = (Entry("a", "", "study-a"), Entry("b", "flag=1", "flag-1"), Entry("b", "flag=2", "flag-2"))
    queue = Queue("q", "/flagged?verdict=wrong&go=9", entries * 20)
    assert [position(queue, "b", place) for place in ("1", "2", "0", "", "-1", "²", "9999999", "99")] == [
        1,
        2,
        1,
        1,
        1,
        1,
        1,
        1,
    ]
    assert position(queue, "c", "0") is None
    assert listed(queue, 24) == "/flagged?verdict=wrong#study-a"
    assert listed(queue, 26) == "/flagged?verdict=wrong&go=2#flag-2"


def test_going_on_by_itself_is_a_choice_that_is_kept(client: TestClient, three: list[str]) -> None:
    where = begun(client)
    assert not shown(client.get(where)).queue.onward
    assert client.post("/preferences", data={"onward": "yes", "back": where}).headers["location"] == where
    assert shown(client.get(where)).queue.onward
