"""A case says what else there is: every film and stack of the study with a picture, and the patient's other studies."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.store import Store
from tests.web import exams, films
from tests.web.conftest import Send, shown

ONE = "1.2.840.99999.7"


def sent(send: Send) -> str:
    """A study of a frontal film and a lateral one, a series each."""
    frontal = films.dicom(80, StudyInstanceUID=ONE, SeriesInstanceUID=f"{ONE}.1", SeriesDescription="Chest PA")
    lateral = films.dicom(
        81, StudyInstanceUID=ONE, SeriesInstanceUID=f"{ONE}.2", SeriesDescription="Chest LAT", ViewPosition="LL",
        PatientID="PH-80", PatientName="PHANTOM^CHEST 80",
    )  # fmt: skip
    return send(("pa.dcm", frontal), ("lat.dcm", lateral))


def test_every_film_has_a_picture_and_a_name(client: TestClient, send: Send) -> None:
    study = sent(send)
    page = shown(client.get(f"/studies/{study}"))
    assert [(one.title, one.shown) for one in page.pictures] == [("1 · Chest PA · PA", True), ("2 · Chest LAT · LL", False)]
    text = client.get(f"/studies/{study}").text
    images = [one.image for one in page.pictures]
    assert re.findall(r'class="thumb" href="([^"]+)" data-image', text) == [
        f"/studies/{study}?image={image}" for image in images
    ]
    other = shown(client.get(f"/studies/{study}?image={images[1]}"))
    assert [one.shown for one in other.pictures] == [False, True]


def test_a_study_opens_with_its_frontal_film_though_a_lateral_comes_first(client: TestClient, send: Send) -> None:
    lateral = films.dicom(84, StudyInstanceUID=f"{ONE}.9", SeriesInstanceUID=f"{ONE}.9.1", ViewPosition="LL", InstanceNumber=1)
    frontal = films.dicom(
        85, StudyInstanceUID=f"{ONE}.9", SeriesInstanceUID=f"{ONE}.9.2", ViewPosition="PA", InstanceNumber=2,
        PatientID="PH-84", PatientName="PHANTOM^CHEST 84",
    )  # fmt: skip
    study = send(("a-lat.dcm", lateral), ("b-pa.dcm", frontal))
    page = shown(client.get(f"/studies/{study}"))
    facing = {image.id: image.facing for run in page.data.stacks for image in run.images}
    assert next(iter(facing.values())) == "lateral"
    assert facing[page.image.id] == "frontal"


def test_how_films_were_taken_is_told(client: TestClient, send: Send) -> None:
    page = shown(client.get(f"/studies/{sent(send)}"))
    assert [image.facing for run in page.data.stacks for image in run.images] == ["frontal", "lateral"]
    orientation = films.dicom(82, ViewPosition=None, PatientOrientation=["A", "F"])
    page = shown(client.get(f"/studies/{send(('lat.dcm', orientation))}"))
    assert [image.facing for run in page.data.stacks for image in run.images] == ["lateral"]
    page = shown(client.get(f"/studies/{send(('odd.dcm', films.dicom(83, ViewPosition='XTABLE')))}"))
    assert [image.facing for run in page.data.stacks for image in run.images] == [""]


def test_a_study_of_one_film_says_nothing_of_others(client: TestClient, study: str) -> None:
    text = client.get(f"/studies/{study}").text
    assert 'id="study-images"' not in text
    assert 'id="visits"' not in text


def test_an_exams_stacks_have_pictures(client: TestClient, store: Store, tmp_path: Path) -> None:
    page = shown(client.get(f"/studies/{exams.store(store, tmp_path)}"))
    assert len(page.pictures) == len(page.data.stacks)
    assert {one.image for one in page.pictures} <= {image.id for stack in page.data.stacks for image in stack.images}
    assert any(one.shown for one in page.pictures)


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("20251222", "11 days before"),
        ("20260102", "the same day"),
        ("20250601", "7 months before"),
        ("20290102", "3.0 years after"),
        (None, ""),
    ],
)
def test_another_study_of_the_patient_is_named_with_its_distance(
    client: TestClient, send: Send, date: str | None, told: str
) -> None:
    here = send(("now.dcm", films.dicom(1)))
    there = send(("other.dcm", films.dicom(90, PatientID="PH-1", StudyDate=date, StudyDescription="Chest before")))
    page = shown(client.get(f"/studies/{here}"))
    assert [(one.study.id, one.apart) for one in page.visits] == [(there, told)]
    text = client.get(f"/studies/{here}").text
    assert f'<a class="thumb" href="/studies/{there}" data-own="{there}.">' in text
    assert "Chest before" in text
    (visit,) = page.data.visits
    assert (visit.study, visit.data) == (there, f"/studies/{there}/case.json")
    assert visit.earlier == told.endswith("before")
    assert visit.title.endswith(" · ".join(filter(None, (told, "another name"))))
    assert "PHANTOM CHEST 90" in " ".join(text.split()), "another name is said"
    assert [one.study.id for one in shown(client.get(f"/studies/{there}")).visits] == [here]


def test_nobody_elses_study_is_named(client: TestClient, send: Send) -> None:
    here = send(("now.dcm", films.dicom(1)))
    send(("born.dcm", films.dicom(91, PatientID="PH-1", PatientBirthDate="19800101")))
    send(("person.dcm", films.dicom(92, PatientID="PH-1", phantom=False)))
    send(("other.dcm", films.dicom(93)))
    assert shown(client.get(f"/studies/{here}")).visits == ()
    nobody = send(("none.dcm", films.dicom(94, PatientID="")))
    send(("none2.dcm", films.dicom(95, PatientID="")))
    assert shown(client.get(f"/studies/{nobody}")).visits == ()
    gone = send(("gone.dcm", films.dicom(96, PatientID="PH-1")))
    assert [one.study.id for one in shown(client.get(f"/studies/{here}")).visits] == [gone]
    client.post("/removals", data={"study": [gone]})
    assert shown(client.get(f"/studies/{here}")).visits == ()
