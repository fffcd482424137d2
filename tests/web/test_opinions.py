"""A reader says of a study's findings whether they are there, beside what the network calls: page, API, export."""

import csv
import io
import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain import OUTCOMES, outcome
from app.store import CohortCaseRow, Store
from tests.web import films
from tests.web.conftest import Send, shown

API = "/api/v1"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def study(send: Send, store: Store) -> str:
    """A film of which nodule (.87) is called, effusion (.12) and cardiomegaly are not."""
    study_id = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study_id)
    return study_id


def say(client: TestClient, study: str, about: str, opinion: str) -> Any:
    return client.post(
        f"/studies/{study}/opinions", data={"model": films.MODEL, "about": about, "opinion": opinion}, headers=HTMX
    )


def test_what_a_call_is_beside_an_opinion() -> None:
    told = {(opinion, called): outcome(opinion, called=called) for opinion in ("present", "absent") for called in (True, False)}
    assert told == {
        ("present", True): "found",
        ("present", False): "missed",
        ("absent", True): "false alarm",
        ("absent", False): "rightly not called",
    }
    assert outcome("unsure", called=True) is None


def test_the_page_says_how_the_calls_stand(client: TestClient, study: str) -> None:
    assert "Your reading" not in client.get(f"/studies/{study}").text
    assert "You say: absent. A false alarm of the network." in say(client, study, "Nodule", "absent").text
    answer = say(client, study, "Effusion", "present")
    assert json.loads(answer.headers["HX-Trigger"])["opined"]["said"] == "You say: present. Missed by the network."
    say(client, study, "Cardiomegaly", "unsure")
    page = shown(client.get(f"/studies/{study}"))
    assert {name: (one.opinion, one.mark) for name, one in page.opinions.items()} == {
        "Nodule": ("absent", "✗"),
        "Effusion": ("present", "✗"),
        "Cardiomegaly": ("unsure", "?"),
    }
    sums = "Your reading: 3 of 3 findings. The network: 0 found, 1 missed, 1 false alarms, 0 rightly not called."
    assert sums in client.get(f"/studies/{study}").text
    say(client, study, "Effusion", "")
    assert shown(client.get(f"/studies/{study}")).opinions["Effusion"].opinion == ""


def test_a_moved_point_moves_what_a_call_is_beside_an_opinion(client: TestClient, study: str) -> None:
    say(client, study, "Effusion", "present")
    moved = {"model": films.MODEL, "about": "Effusion", "percent": "5"}
    client.post(f"/studies/{study}/points", data=moved, headers=HTMX)
    assert shown(client.get(f"/studies/{study}")).opinions["Effusion"].told == "You say: present. Found by the network."


def listed(client: TestClient, **named: str) -> set[str]:
    """The studies in the worklist."""
    return {row.id for row in shown(client.get("/", params=named)).studies.rows}


def test_the_worklist_shows_what_was_missed_and_called_wrongly(
    client: TestClient, send: Send, store: Store, study: str
) -> None:
    other = send(("other.dcm", films.dicom(2)))
    films.analyse(store, other)
    for value in OUTCOMES:
        assert listed(client, calls=value) == set()
    say(client, study, "Nodule", "absent")
    say(client, other, "Effusion", "present")
    say(client, other, "Nodule", "unsure")
    assert listed(client, calls="false alarm") == {study}
    assert listed(client, calls="missed") == {other}
    assert listed(client, calls="found") == set()
    assert listed(client, calls="nonsense") == {study, other}
    moved = {"model": films.MODEL, "about": "Effusion", "percent": "5"}
    client.post(f"/studies/{study}/points", data=moved, headers=HTMX)
    assert (listed(client, calls="missed"), listed(client, calls="found")) == (set(), {other}), "points are the reader's"
    page = client.get("/", params={"calls": "found"})
    assert '<option value="found" selected>' in page.text
    sent = client.post("/", data={"calls": "false alarm"}, follow_redirects=False)
    assert sent.headers["location"] == "/?calls=false+alarm"
    client.cookies.set("whylight-reader", "second")
    assert listed(client, calls="false alarm") == set(), "opinions are each reader's own"


def test_labels_of_cohorts_count_where_the_reader_says_nothing(client: TestClient, store: Store, study: str) -> None:
    with store.begin() as tx:
        cohort = tx.cohorts.add("ward", b"image,Nodule,Effusion", "t.csv", ["image", "Nodule", "Effusion"], [])
        case = CohortCaseRow(
            number=0,
            key="k",
            name="film.dcm",
            patient="p",
            labels=(1.0, None),
            groups=(),
            said=None,
            study_id=study,
            image_id=None,
        )
        tx.cohorts.settle(cohort.id, {}, (films.MODEL,), {"findings": ["Nodule", "Effusion"]}, [case])
        assert tx.cohorts.given() == {study: {"Nodule": True}}
    assert listed(client, calls="found") == {study}
    say(client, study, "Nodule", "absent")
    assert (listed(client, calls="found"), listed(client, calls="false alarm")) == (set(), {study})


def test_without_scripts_the_form_leads_back(client: TestClient, study: str) -> None:
    form = re.search(r'<form class="opinion".*?</form>', client.get(f"/studies/{study}").text, re.DOTALL)
    assert form
    assert f'action="/studies/{study}/opinions"' in form[0]
    answer = client.post(f"/studies/{study}/opinions", data={"about": "Nodule", "opinion": "present"})
    assert (answer.status_code, f"/studies/{study}?" in answer.headers["location"]) == (303, True)
    assert 'aria-pressed="true" aria-keyshortcuts="Shift+P"' in client.get(f"/studies/{study}").text
    for wrong in ({"about": "Hernia", "opinion": "present"}, {"about": "Nodule", "opinion": "perhaps"}):
        assert client.post(f"/studies/{study}/opinions", data=wrong).status_code == 422


def test_scripts_say_list_and_export(client: TestClient, script: TestClient, study: str) -> None:
    say(client, study, "Nodule", "absent")
    address = f"{API}/studies/{study}/opinions"
    script.cookies.set("whylight-reader", "second")
    assert script.put(f"{address}/Nodule", json={"opinion": "present"}).json()["reader"] == "second"
    assert script.put(f"{address}/Nodule", json={"opinion": "perhaps"}).status_code == 422
    rows = script.get(address).json()
    assert [(row["reader"], row["finding"], row["opinion"]) for row in rows] == [
        ("reader", "Nodule", "absent"),
        ("second", "Nodule", "present"),
    ]
    assert shown(client.get(f"/studies/{study}")).opinions["Nodule"].others == ("second: present",)
    text = script.get(f"{API}/exports/opinions.csv").content.decode("utf-8-sig")
    assert [(line["study"], line["opinion"]) for line in csv.DictReader(io.StringIO(text))] == [
        (study, "absent"),
        (study, "present"),
    ]
    assert script.delete(f"{address}/Nodule").status_code == 204
    assert len(script.get(address).json()) == 1
    for call in (script.get, script.delete):
        there = f"{API}/studies/aaaaaaaaaaaa/opinions" + ("/Nodule" if call == script.delete else "")
        assert call(there).status_code == 404
