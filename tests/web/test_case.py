"""The case page: what it shows in every state of a study, its payload, its job fragment, and asking for maps."""

import json
import re
from dataclasses import asdict, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app import explainers
from app.domain import REASONS, VERDICTS, Producer
from app.store import Store
from app.web.case.page import CasePage, JobFragment
from app.web.case.payload import CaseData
from tests.web import films
from tests.web.conftest import SAME_SITE, Send, shown

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}
NOTICE = "Research use only — not for clinical use"


def payload_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="case-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return dict(json.loads(found.group(1)))


def test_an_analysed_case_shows_patient_findings_and_a_pane_per_method(client: TestClient, study: str) -> None:
    response = client.get(f"/studies/{study}")
    assert response.status_code == 200
    page: CasePage = shown(response)
    assert page.grid
    assert page.data.finding == "Nodule"
    for text in (
        "PHANTOM",
        "CHEST 1",
        "PH-1",
        "1970-01-02",
        "2026-01-02",
        "A1",
        "DX PA",
        "PHANTOM – drawn, no patient",
        NOTICE,
    ):
        assert text in response.text
    assert page.data.prediction is not None
    assert [score.finding for score in page.data.prediction.scores] == ["Nodule", "Cardiomegaly", "Effusion"]
    for method in explainers.panel():
        assert f'id="pane-{method}"' in response.text
    assert "style=" not in response.text


def test_the_payload_in_the_page_is_the_one_at_case_json_and_fits_its_dataclass(client: TestClient, study: str) -> None:
    page = client.get(f"/studies/{study}")
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    assert payload_of(page.text) == told
    data: CaseData = shown(page).data
    assert json.loads(json.dumps(asdict(data))) == told
    assert told["verdicts"] == list(VERDICTS)
    assert told["reasons"] == list(REASONS)
    (image,) = told["stacks"][0]["images"]
    assert (image["rows"], image["columns"], image["signed"], image["photometric"]) == (40, 40, False, "MONOCHROME2")
    assert image["windows"] == [{"centre": 2048.0, "width": 4096.0, "function": "LINEAR", "label": ""}]
    assert [entry["method"] for entry in told["explanations"]] == list(explainers.panel())
    assert {entry["extent"][2] for entry in told["explanations"]} == {40.0}


def test_what_can_be_asked_for_besides_is_listed_and_stands_among_the_layers_once_it_is_there(
    client: TestClient, study: str, store: Store
) -> None:
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    more = {entry["name"]: entry for entry in told["more"]}
    assert set(more) >= {"gradcam", "rise", "expected_gradients", "lrp.sd", "gradcam.mean", "rap.random-100"}
    assert not {*explainers.panel(), "lrp.members-sd"}.intersection(more), "this network has no members"
    assert (more["lrp.sd"]["title"], more["lrp.sd"]["of"], more["lrp.sd"]["signed"]) == ("LRP, SD over noise", "LRP", False)
    assert more["cam.random-5"]["title"] == "CAM, top 5% random"
    assert "(seed 0)" in more["cam.random-5"]["caution"]
    with store.begin() as tx:
        (stack,) = tx.stacks.of_study(study)
        (plain,) = (row for row in tx.layers.of_stack(stack.id) if row.method == "lrp")
        layer = tx.layers.load(plain.id)
        tx.layers.save(study, replace(layer, producer=Producer("method", "lrp.sd"), scale="positive"))
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    assert [entry["method"] for entry in told["explanations"]] == [*explainers.panel(), "lrp.sd"]
    assert [entry["name"] for entry in told["methods"]] == list(explainers.panel()), "panes open with the panel alone"


@pytest.mark.parametrize(("methods", "kept"), [("lrp.sd", ("lrp.sd",)), ("gradcam,rise", ("gradcam", "rise"))])
def test_a_method_or_a_variant_is_asked_for_by_its_name(
    client: TestClient, study: str, store: Store, methods: str, kept: tuple[str, ...]
) -> None:
    wish = {"finding": "Nodule", "model": films.MODEL, "methods": methods}
    response = client.post(f"/studies/{study}/explanations", data=wish, headers=JSON | SAME_SITE)
    assert response.status_code == 202
    with store.view() as tx:
        job = tx.jobs.of_study(study, films.MODEL)
    assert job is not None
    assert (job.kind, job.methods) == ("explain", kept)
    assert (
        client.post(f"/studies/{study}/explanations", data=wish | {"methods": "guess"}, headers=JSON | SAME_SITE).status_code
        == 404
    )


def test_every_address_in_the_payload_answers(client: TestClient, study: str) -> None:
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    (image,) = told["stacks"][0]["images"]
    assert len(client.get(image["pixels_url"]).content) == 40 * 40 * 2
    assert client.get(image["thumbnail_url"]).headers["content-type"] == "image/png"
    for entry in told["explanations"]:
        assert len(client.get(entry["values_url"]).content) == entry["width"] * entry["height"] * 4
    assert client.get(told["explanations"][0]["overlay_url"]).headers["content-type"] == "image/png"
    assert client.get(told["urls"]["job"], headers=HTMX).status_code == 200


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ({"ImagerPixelSpacing": [0.14, 0.14]}, "pixel spacing at detector, uncalibrated"),
        (
            {"ImagerPixelSpacing": [0.14, 0.14], "PixelSpacing": [0.12, 0.12], "PixelSpacingCalibrationType": "GEOMETRY"},
            "pixel spacing calibrated",
        ),
        ({}, "pixel spacing unknown"),
    ],
)
def test_the_spacing_says_what_it_is_worth(client: TestClient, send: Send, elements: dict[str, Any], kind: str) -> None:
    study = send(("film.dcm", films.dicom(13, **elements)))
    film = shown(client.get(f"/studies/{study}")).data.film
    assert (film.spacing_kind, film.spacing is not None) == (kind, bool(elements))


def test_the_true_region_belongs_to_the_finding_and_ranges_of_keys_read_as_ranges(client: TestClient, study: str) -> None:
    html = client.get(f"/studies/{study}").text
    assert "one for all methods" in html
    assert "<kbd>Shift+1</kbd> … <kbd>Shift+5</kbd>" in html
    assert "<kbd>1</kbd> … <kbd>5</kbd>" in html


def test_text_from_a_file_stays_text(client: TestClient, send: Send) -> None:
    study = send(("x.dcm", films.dicom(7, PatientName="<script>alert(1)</script>", StudyDescription="</script><b>")))
    html = client.get(f"/studies/{study}").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "</script><b>" not in html


def test_payload_json_never_ends_its_script_element(client: TestClient, study: str) -> None:
    data: CaseData = shown(client.get(f"/studies/{study}")).data
    broken = asdict(data) | {"strings": {"x": "</script><!--&"}}
    text = str(CaseData(**{**{name: getattr(data, name) for name in broken}, "strings": broken["strings"]}).json())
    assert "<" not in text
    assert "&" not in text
    assert json.loads(text)["strings"]["x"] == "</script><!--&"


def test_a_case_that_waits_reserves_its_panes_and_asks_again(client: TestClient, send: Send) -> None:
    study = send(("film.dcm", films.dicom(2)))
    html = client.get(f"/studies/{study}").text
    assert 'hx-trigger="load delay:700ms, ' in html
    assert html.count('class="pane"') == 1 + len(explainers.panel())
    assert payload_of(html)["prediction"] is None
    fragment = client.get(f"/studies/{study}/job", headers=HTMX)
    assert 'data-state="queued"' in fragment.text
    assert "hx-trigger" in fragment.text
    assert "HX-Trigger" not in fragment.headers


def test_a_running_job_says_how_far_it_is(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(3)))
    with store.begin() as tx:
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.progress(job.id, "test", 2, 7, "Computing the maps")
    fragment = client.get(f"/studies/{study}/job", headers=HTMX).text
    assert 'data-state="running"' in fragment
    assert 'max="7" value="2"' in fragment


def test_the_end_of_a_job_is_announced_once_and_nothing_asks_again(client: TestClient, study: str) -> None:
    fragment = client.get(f"/studies/{study}/job", headers=HTMX)
    assert isinstance(shown(fragment), JobFragment)
    assert fragment.headers["HX-Trigger"] == "analysed"
    assert "hx-trigger" not in fragment.text
    assert client.get(f"/studies/{study}/job", headers=JSON).json()["job"]["state"] == "done"


def test_a_failed_job_says_why_and_offers_another_try(client: TestClient, send: Send, store: Store, woken: list[str]) -> None:
    study = send(("film.dcm", films.dicom(4)))
    with store.begin() as tx:
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.fail(job.id, "test", "The network “%(name)s” fell over.", {"name": "<b>"})
    fragment = client.get(f"/studies/{study}/job", headers=HTMX)
    assert "The network “&lt;b&gt;” fell over." in fragment.text
    assert "hx-trigger" not in fragment.text
    assert 'data-state="failed"' in client.get(f"/studies/{study}").text
    woken.clear()
    again = client.post(f"/studies/{study}/explanations", data={"finding": "", "model": "", "image": ""}, headers=HTMX)
    assert again.status_code == 202
    assert 'data-state="queued"' in again.text
    assert woken == ["wake"]


def test_maps_that_failed_are_not_said_over_another_findings_complete_ones(
    client: TestClient, study: str, store: Store
) -> None:
    whole: CasePage = shown(client.get(f"/studies/{study}"))
    others = (score.finding for score in whole.data.prediction.scores) if whole.data.prediction else iter(())
    finding = next(name for name in others if name != whole.data.finding)
    client.post(f"/studies/{study}/explanations", data={"finding": finding}, headers=HTMX)
    with store.begin() as tx:
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.fail(job.id, "test", "It fell over.")
    said = re.compile(r'role="alert">It fell over\.')
    assert not said.search(client.get(f"/studies/{study}").text)
    assert said.search(client.get(f"/studies/{study}?finding={finding}").text)


def test_a_cancelled_job_can_be_asked_for_again(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(5)))
    with store.begin() as tx:
        job = tx.jobs.of_study(study)
        assert job is not None
        tx.jobs.cancel(job.id)
    assert "The analysis was stopped." in client.get(f"/studies/{study}/job", headers=HTMX).text


def test_a_film_without_a_network_stands_alone_and_says_why(client: TestClient, send: Send) -> None:
    study = send(("knee.dcm", films.dicom(6, phantom=False, Modality="MR", BodyPartExamined="KNEE")))
    response = client.get(f"/studies/{study}")
    page: CasePage = shown(response)
    assert not page.grid
    assert page.why in response.text
    assert response.text.count('class="pane"') == 1
    assert 'id="judge"' not in response.text
    assert page.data.job is not None
    assert "Waiting for its turn" not in response.text
    refused = client.post(f"/studies/{study}/explanations", data={"finding": "Nodule"}, headers=JSON)
    assert refused.status_code == 422


def test_a_finding_without_maps_is_asked_for_and_the_worker_is_woken(
    client: TestClient, study: str, store: Store, woken: list[str]
) -> None:
    woken.clear()
    response = client.post(f"/studies/{study}/explanations", data={"finding": "Effusion"}, headers=HTMX)
    assert response.status_code == 202
    assert 'data-state="queued"' in response.text
    assert woken == ["wake"]
    with store.view() as tx:
        job = tx.jobs.of_study(study)
    assert job is not None
    assert (job.kind, job.finding, job.model) == ("explain", "Effusion", films.MODEL)
    told = client.get(f"/studies/{study}/case.json?finding=Effusion", headers=JSON).json()
    assert told["finding"] == "Effusion"
    assert told["explanations"] == []


def test_asking_for_maps_needs_a_finding_that_the_network_knows(client: TestClient, study: str) -> None:
    response = client.post(f"/studies/{study}/explanations", data={"finding": "Fracture"}, headers=JSON)
    assert response.status_code == 422
    assert "Fracture" in response.json()["error"]


def test_a_browser_without_scripts_comes_back_to_the_case(client: TestClient, study: str) -> None:
    response = client.post(f"/studies/{study}/explanations", data={"finding": "Effusion"})
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"/studies/{study}?")
    assert "finding=Effusion" in response.headers["location"]


def test_another_network_can_be_chosen_and_let_read(client: TestClient, study: str, store: Store) -> None:
    page = client.get(f"/studies/{study}?model=phantom-by-name")
    assert page.status_code == 200
    assert "This network has not read this film yet." in page.text
    assert client.post(f"/studies/{study}/explanations", data={"model": "phantom-by-name"}, headers=HTMX).status_code == 202
    with store.view() as tx:
        job = tx.jobs.of_study(study)
    assert job is not None
    assert (job.kind, job.model) == ("analyse", "phantom-by-name")


def test_while_a_job_is_open_its_network_is_shown_and_afterwards_the_one_that_read(
    client: TestClient, send: Send, store: Store
) -> None:
    study = send(("film.dcm", films.dicom(9)))
    with store.begin() as tx:
        waiting = tx.jobs.of_study(study)
        assert waiting is not None
        tx.jobs.cancel(waiting.id)
        tx.jobs.analyse(study, model="phantom-by-name", priority=10)
    page: CasePage = shown(client.get(f"/studies/{study}"))
    assert (page.data.model, page.data.prediction) == ("phantom-by-name", None)
    assert shown(client.get(f"/studies/{study}?model={films.MODEL}")).data.model == films.MODEL
    films.analyse(store, study, {"Nodule": 0.4}, model="phantom-by-name")
    done = client.get(f"/studies/{study}/case.json?model=&finding=", headers=JSON).json()
    assert (done["model"], done["finding"], done["prediction"]["model"]) == ("phantom-by-name", "Nodule", "phantom-by-name")
    with store.begin() as tx:
        tx.jobs.analyse(study, model=films.MODEL)
    assert shown(client.get(f"/studies/{study}")).data.model == films.MODEL


def test_a_failed_job_leaves_its_network_on_the_page(client: TestClient, send: Send, store: Store) -> None:
    study = send(("film.dcm", films.dicom(10)))
    with store.begin() as tx:
        waiting = tx.jobs.of_study(study)
        assert waiting is not None
        tx.jobs.cancel(waiting.id)
        tx.jobs.analyse(study, model="phantom-by-name")
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.fail(job.id, "test", "The network “%(name)s” fell over.", {"name": "x"})
    assert shown(client.get(f"/studies/{study}")).data.model == "phantom-by-name"


@pytest.mark.parametrize(
    ("query", "status"),
    [("model=nothing", 404), ("model=chest-untrained", 422), ("image=aaaaaaaaaaaa", 404), ("finding=Fracture", 200)],
)
def test_addresses_that_fit_nothing(client: TestClient, study: str, query: str, status: int) -> None:
    assert client.get(f"/studies/{study}?{query}").status_code == status


def test_a_study_that_is_not_there(client: TestClient) -> None:
    assert client.get("/studies/aaaaaaaaaaaa").status_code == 404
    assert client.get("/studies/aaaaaaaaaaaa/case.json", headers=JSON).status_code == 404
    assert client.get("/studies/aaaaaaaaaaaa/job", headers=HTMX).status_code == 404


def test_htmx_gets_the_findings_and_the_banner_alone(client: TestClient, study: str) -> None:
    fragment = client.get(f"/studies/{study}", headers=HTMX)
    assert "<html" not in fragment.text
    assert 'value="Nodule" checked' in fragment.text
    assert 'id="banner" hx-swap-oob="true"' in fragment.text
    assert "hx-swap-oob" not in client.get(f"/studies/{study}").text


def test_the_report_of_the_upload_is_shown_where_it_led_to(client: TestClient) -> None:
    files = [("files", ("film.dcm", films.dicom(8))), ("files", ("notes.txt", b"no film at all"))]
    uploaded = client.post("/studies", files=files)
    page = client.get(uploaded.headers["location"])
    assert "notes.txt" in page.text
    assert 'class="case-report"' in page.text
    assert 'class="case-report"' not in client.get(uploaded.headers["location"].split("?")[0]).text


def test_images_of_one_study_can_be_chosen(client: TestClient, send: Send) -> None:
    def film(number: int) -> bytes:
        return films.dicom(
            number, StudyInstanceUID="1.2.3.4", PatientID="PH-X", SeriesInstanceUID="1.2.3.4.5", InstanceNumber=number
        )

    study = send(("a.dcm", film(11)), ("b.dcm", film(12)))
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    (series,) = told["stacks"]
    assert len({image["stack"] for image in series["images"]}) == 2, "every film is a stack of its own"
    second = series["images"][1]["id"]
    html = client.get(f"/studies/{study}?image={second}").text
    assert payload_of(html)["image"] == second
    assert 'aria-valuemax="2"' in html


def test_a_stack_is_one_series_and_the_others_are_offered(client: TestClient, send: Send) -> None:
    def slice_(number: int, series: str, axes: list[float], description: str) -> bytes:
        return films.dicom(
            number,
            phantom=False,
            Modality="CT",
            BodyPartExamined="KNEE",
            ViewPosition=None,
            StudyInstanceUID="1.2.3.5",
            PatientID="K",
            SeriesInstanceUID=series,
            SeriesDescription=description,
            InstanceNumber=number,
            ImageOrientationPatient=axes,
            ImagePositionPatient=[number, number, 0],
        )

    coronal, sagittal = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
    study = send(
        *((f"c{n}.dcm", slice_(n, "1.2.3.5.1", coronal, "PD <cor>")) for n in (1, 2, 3)),
        *((f"s{n}.dcm", slice_(n, "1.2.3.5.2", sagittal, "")) for n in (4, 5)),
    )
    response = client.get(f"/studies/{study}")
    page: CasePage = shown(response)
    assert {(run.title[4:], len(run.images)) for run in page.data.stacks} == {("PD <cor> · coronal", 3), ("sagittal", 2)}
    assert {run.listed[4:] for run in page.data.stacks} == {"PD <cor> · coronal · 3 images", "sagittal · 2 images"}
    assert "PD &lt;cor&gt; · coronal · 3 images" in response.text
    (first,) = page.data.shown
    assert [run.used for run in page.data.stacks] == [run is first for run in page.data.stacks]
    (other,) = (run for run in page.data.stacks if run is not first)
    there: CasePage = shown(client.get(f"/studies/{study}?image={other.images[0].id}"))
    assert (there.data.shown[0].id, there.series.id, there.others) == (other.id, other.series, ())
