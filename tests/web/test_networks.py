"""Networks beside each other: rows, columns, why there is no map, what may be asked for, and the same for scripts."""

import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from app.config import Settings
from app.domain import Answer, Score
from app.evaluation.agreement import Heat, gathered, overlaps, ranks
from app.store import Store
from tests.web import exams, films
from tests.web.conftest import Send, shown

OTHER = "phantom-by-name"
"""It knows one finding, and has not read."""
VERSION = "ee" * 32
HTMX = {"HX-Request": "true"}
METHODS = ["cam", "saliency", "lrp"]


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, in a folder of their own."""
    return shutil.copytree(models, tmp_path / "models")


def opened(client: TestClient, study: str, **asked: Any) -> Any:
    """The page that was made."""
    answer = client.get(f"/studies/{study}/networks", params=asked)
    assert answer.status_code == 200, answer.text
    return shown(answer)


def row(page: Any, model: str) -> Any:
    """A network's row."""
    return page.data.row(model)


def read_by_other(store: Store, study: str, maps: dict[str, NDArray[np.float32]], state: str = "ok") -> None:
    """The other network has read the study, and has these maps."""
    with store.begin() as tx:
        stack = tx.stacks.of_image(tx.studies.get(study).images[0].id).fingerprint
        scores = (Score("Nodule", 0.25, -1.1),)
        said = Answer.of_film(stack, model=OTHER, model_sha256=VERSION, scores=scores, device="cpu", versions={})
        tx.answers.save(study, said)
        for method, values in maps.items():
            known = tx.layers.load(next(one.id for one in tx.layers.of_study(study) if one.method == method))
            tx.layers.save(study, replace(known, model=OTHER, model_sha256=VERSION, values=values, state=state))


def theirs(store: Store, study: str, method: str) -> NDArray[np.float32]:
    """The first network's map."""
    with store.view() as tx:
        rows = tx.layers.of_study(study)
        return tx.layers.values(next(one.id for one in rows if (one.method, one.model) == (method, films.MODEL)))


def test_two_networks_stand_beside_each_other_where_nobody_says_which(client: TestClient, study: str) -> None:
    page = opened(client, study)
    assert [one.model for one in page.data.rows] == [films.MODEL, OTHER]
    assert (page.wanted.finding, len(page.wanted.methods)) == ("Nodule", 3)
    assert page.wanted.minus == (films.MODEL, OTHER)
    mine, other = page.data.rows
    assert (mine.said, mine.score.probability, mine.score.called) == ("read", 0.87, True)
    assert all(cell.drawn for cell in mine.cells)
    assert (other.said, {cell.words for cell in other.cells}, other.lacking) == ("unread", {"not read yet"}, ())
    text = client.get(f"/studies/{study}/networks").text
    assert "This network has not read this film yet." in text
    assert text.count("Let it read") == 1
    assert {one.rank for one in page.pairs[0].alike} == {None}


def test_figures_are_those_of_the_two_maps_alone(client: TestClient, store: Store, study: str) -> None:
    mine = {method: theirs(store, study, method) for method in METHODS}
    other = np.random.default_rng(9).normal(size=mine["lrp"].shape).astype(np.float32)
    read_by_other(store, study, {"cam": mine["cam"], "lrp": other, "saliency": np.zeros_like(other)})
    page = opened(client, study, method=METHODS)
    alike = {one.method: (one.rank, one.overlap) for one in page.pairs[0].alike}
    assert alike["cam"] == (1.0, 1.0)
    assert alike["saliency"] == (None, None)  # the same everywhere: it ranks nothing
    with store.view() as tx:
        extent = tx.layers.of_study(study)[0].extent
    both = gathered({"one": Heat(mine["lrp"], extent), "other": Heat(other, extent)}, (40, 40))
    assert both is not None
    assert alike["lrp"] == pytest.approx((ranks(both.cells)[0, 1], overlaps(both.cells)[0, 1]))
    assert page.pairs[0].letters == ("A", "B")


def test_a_map_that_is_not_defined_says_why_and_one_that_is_missing_can_be_asked_for(
    client: TestClient, store: Store, study: str
) -> None:
    read_by_other(store, study, {"cam": theirs(store, study, "cam")}, state="not defined: no spatial layer before the pooling")
    page = opened(client, study, method=["cam", "saliency", "attended_evidence"])
    words = {cell.method: cell.words for cell in row(page, OTHER).cells}
    assert words["cam"].startswith("not defined: ")
    assert words["saliency"] == "not computed"
    assert words["attended_evidence"] == "not defined: this method is for networks of another architecture"
    assert (row(page, OTHER).lacking, row(page, OTHER).due) == (("saliency",), True)
    assert page.pairs[0].alike[0].rank is None


def test_a_network_that_does_not_know_the_finding_says_so(client: TestClient, store: Store, study: str) -> None:
    read_by_other(store, study, {})
    page = opened(client, study, finding="Effusion")
    other = row(page, OTHER)
    assert (other.said, other.sentence) == ("unknown", "“Effusion” is not one of the findings that this network knows.")
    assert {cell.words for cell in other.cells} == {"does not know this finding"}
    assert (other.score, other.lacking) == (None, ())
    assert row(page, films.MODEL).lacking == page.wanted.methods  # its maps are of the other finding
    assert opened(client, study, finding="No such").wanted.finding == "Nodule"


def test_a_network_whose_guard_refuses_says_so(client: TestClient, store: Store, send: Send) -> None:
    study = send(("second.dcm", films.dicom(2)))
    films.refuse(store, study)
    page = opened(client, study, network=[films.MODEL, OTHER])
    refused = row(page, films.MODEL)
    assert (refused.said, {cell.words for cell in refused.cells}) == ("refused", {"refused by the guard"})
    assert refused.inspection.reasons
    text = client.get(f"/studies/{study}/networks?network={films.MODEL}&network={OTHER}").text
    assert refused.inspection.reasons[0] in text


def test_an_address_that_makes_no_sense_is_refused(client: TestClient, study: str) -> None:
    address = f"/studies/{study}/networks"
    assert client.get(f"{address}?network=nobody").status_code == 404
    assert client.get(f"{address}?network=chest-untrained").status_code == 422  # made for people, this is a phantom
    assert client.get(f"{address}?method=nothing").status_code == 404
    assert client.get(f"{address}?image=nothing").status_code == 404
    assert client.get(address, params={"method": METHODS * 3}).status_code == 422
    assert client.get("/studies/nothing/networks").status_code == 404


def test_only_a_network_that_is_named_is_asked_to_read(client: TestClient, store: Store, study: str, woken: list[str]) -> None:
    address = f"/studies/{study}/networks?finding=Nodule&method=cam"
    assert client.post(address).status_code == 303
    with store.view() as tx:
        assert tx.jobs.waiting() == 0
    answer = client.post(address, data={"model": OTHER})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/studies/{study}/networks?")
    with store.view() as tx:
        job = tx.jobs.of_study(study, OTHER)
    assert job is not None
    assert (job.kind, job.state, job.model, woken) == ("analyse", "queued", OTHER, ["wake"])
    page = opened(client, study, finding="Nodule")
    assert row(page, OTHER).job.open
    assert page.open
    assert client.post(address, data={"model": "nobody"}).status_code == 422


def test_missing_maps_are_asked_for_all_at_once(client: TestClient, store: Store, study: str) -> None:
    read_by_other(store, study, {"cam": theirs(store, study, "cam")})
    answer = client.post(f"/studies/{study}/networks?method=cam&method=rise&method=saliency", headers=HTMX)
    assert answer.status_code == 200
    assert 'id="networks-poll" data-state="open"' in answer.text
    assert answer.text.count('hx-swap-oob="true"') == 3  # two heads, and the figures
    assert "<html" not in answer.text
    with store.view() as tx:
        jobs = {model: tx.jobs.of_study(study, model) for model in (films.MODEL, OTHER)}
    told = {model: job.methods for model, job in jobs.items() if job and job.open}
    assert told == {films.MODEL: ("rise",), OTHER: ("rise", "saliency")}
    page = opened(client, study, method=["cam", "rise"])
    assert row(page, OTHER).cell("rise").words == "being computed"
    assert not row(page, OTHER).due
    update = client.get(f"/studies/{study}/networks/update", params={"method": ["cam", "rise"], "again": 3})
    assert "again=4" in update.text


def test_what_scripts_know_changes_its_mark_when_a_map_comes(client: TestClient, store: Store, study: str) -> None:
    read_by_other(store, study, {})
    before = opened(client, study, method="cam")
    read_by_other(store, study, {"cam": theirs(store, study, "cam")})
    after = opened(client, study, method="cam")
    assert before.mark != after.mark
    data = client.get(f"/studies/{study}/networks.json", params={"method": "cam"}).json()
    assert [one["model"] for one in data["rows"]] == [films.MODEL, OTHER]
    assert data["rows"][1]["cells"][0]["layer"]["model"] == OTHER
    assert len(data["stacks"][0]["images"]) == 1


def test_the_case_leads_there_where_several_networks_read_it(client: TestClient, study: str) -> None:
    text = client.get(f"/studies/{study}").text
    assert f'href="/studies/{study}/networks?image=' in text
    assert "Compare networks" in client.get("/help").text
    korean = client.get(f"/studies/{study}/networks", headers={"Accept-Language": "ko"}).text
    assert "Let it read" not in korean
    assert "not read yet" not in korean


def test_a_study_of_several_films_offers_each(client: TestClient, send: Send) -> None:
    same = pydicom.dcmread(io.BytesIO(films.dicom(1)))
    other = films.dicom(2, **{name: same[name].value for name in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID")})
    study = send(("first.dcm", films.dicom(1)), ("second.dcm", other))
    page = opened(client, study)
    assert [words for _, words in page.films] == ["1 · PA · 1 / 2", "1 · PA · 2 / 2"]
    second = opened(client, study, image=page.films[1][0])
    assert second.wanted.image == page.films[1][0]
    assert [image.id for image in second.data.stacks[0].images] == [second.wanted.image]
    assert opened(client, study, image=page.films[0][0]).data.rows[0].stack != second.data.rows[0].stack


def test_a_film_that_no_network_reads_has_nothing_to_compare(
    client: TestClient, script: TestClient, send: Send, settings: Settings
) -> None:
    study = send(("film.dcm", films.dicom(4)))
    shutil.move(settings.models, settings.models.with_name("elsewhere"))
    page = opened(client, study)
    assert (page.data.rows, page.pairs, page.wanted.minus) == ((), (), ())
    text = client.get(f"/studies/{study}/networks").text
    assert "No network reads this, so there is nothing to compare." in text
    assert 'id="grid"' not in text
    assert 'id="compare-networks"' not in client.get(f"/studies/{study}").text
    assert script.get(f"/api/v1/studies/{study}/networks").json()["networks"] == []


class TestExam:
    """An exam goes plane by plane, by the same page."""

    @pytest.fixture
    def models(self, models: Path, tmp_path: Path) -> Path:
        """The networks of every test, and one of exams."""
        return exams.beside(models, tmp_path / "networks")

    def test_an_exam_goes_plane_by_plane(self, client: TestClient, store: Store, tmp_path: Path) -> None:
        study = exams.store(store, tmp_path, exams.READER)
        page = opened(client, study, method=["cam", "lrp"])
        (only,) = page.data.rows
        assert (page.wanted.plane, only.said) == ("sagittal", "read")
        assert page.data.run(only.run).plane == "sagittal"
        assert all(cell.drawn for cell in only.cells)
        other = opened(client, study, method=["cam", "lrp"], plane="coronal")
        assert other.data.run(other.data.rows[0].run).plane == "coronal"
        text = client.get(f"/studies/{study}/networks").text
        assert "Only one network reads this" in text


def test_scripts_get_the_same(script: TestClient, store: Store, study: str) -> None:
    read_by_other(store, study, {"cam": theirs(store, study, "cam")})
    told = script.get(f"/api/v1/studies/{study}/networks", params={"method": ["cam", "saliency"]}).json()
    assert (told["finding"], told["methods"], told["plane"]) == ("Nodule", ["cam", "saliency"], "")
    mine, other = told["networks"]
    assert (mine["probability"], mine["called"], mine["point"]) == (0.87, True, 0.5)
    assert (other["probability"], other["called"]) == (0.25, False)
    assert [one["state"] for one in other["maps"]] == ["ok", "not computed"]
    assert told["agreement"][0] == {"networks": [films.MODEL, OTHER], "method": "cam", "rank": 1.0, "overlap": 1.0}
    assert told["agreement"][1]["rank"] is None
    unknown = script.get(f"/api/v1/studies/{study}/networks", params={"finding": "Effusion"}).json()["networks"][1]
    assert (unknown["said"], unknown["probability"]) == ("unknown", None)
    assert script.get(f"/api/v1/studies/{study}/networks", params={"network": "nobody"}).status_code == 404


def test_more_than_a_page_has_room_for_is_said(client: TestClient, study: str) -> None:
    asked = "&".join(f"method=m{number}" for number in range(9))
    answer = client.get(f"/studies/{study}/networks?{asked}")
    assert answer.status_code == 422
    assert "room for 8 networks" in answer.text


def test_what_was_asked_for_and_cannot_be_shown_is_said(client: TestClient, study: str) -> None:
    first = opened(client, study).data.rows[0].model
    page = opened(client, study, finding="Gout", minus=[first, first])
    assert page.wanted.finding in dict(page.findings)
    text = client.get(f"/studies/{study}/networks", params={"finding": "Gout", "minus": [first, first]}).text
    assert "None of these networks knows “Gout”." in text
    assert "A difference needs two networks of those that are compared." in text
    plain = client.get(f"/studies/{study}/networks").text
    assert "None of these networks knows" not in plain
    assert "A difference needs" not in plain
