"""One page for films and exams: the same payload, addresses and remarks, whatever is shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.domain import SCALES, Layer, LayerKind, Producer, frozen
from app.store import Store
from app.web.case.page import CasePage
from tests.store import exams
from tests.store import films as stored
from tests.web import exams as knees
from tests.web import films
from tests.web.conftest import Send, shown

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}
OUTSIDE = {"model": "outside", "model_sha256": "0a" * 32}
KINDS: tuple[LayerKind, ...] = tuple(SCALES)


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, and one of exams."""
    return knees.beside(models, tmp_path / "networks")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam of two planes that was read."""
    study = knees.store(store, tmp_path, knees.READER)
    with store.begin() as tx:
        tx.reviews.add(tx.layers.of_study(study)[0].id, exams.stack_review())
    return study


@pytest.fixture
def film(store: Store, study: str) -> str:
    """A film that was read and judged."""
    films.flag(store, study)
    return study


@pytest.fixture(params=["film", "exam"])
def case(request: pytest.FixtureRequest) -> str:
    """One and the other."""
    return str(request.getfixturevalue(request.param))


def told(client: TestClient, study: str, **query: str) -> dict[str, Any]:
    """The payload."""
    answer = client.get(f"/studies/{study}/case.json", params=query, headers=JSON)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def outline(value: Any) -> Any:
    """The keys of a tree; of a list those of its first entry, of what is named by a reader's data nothing."""
    if isinstance(value, dict):
        return {key: outline(one) for key, one in value.items() if key not in LOOSE}
    return [outline(value[0])] if isinstance(value, list) and value else None


LOOSE = {
    "strings", "planes", "contributions", "slice_scores", "slice_weights", "opens", "regions", "measures", "names",
    "inspection", "job", "windows", "voi_lut", "spacing", "position", "axes", "warnings", "oddities", "notes", "missing",
}  # fmt: skip
"""What is named by planes, findings, images, methods or numbers, or is there in some studies only."""


def test_films_and_exams_are_told_by_the_same_keys(client: TestClient, film: str, exam: str) -> None:
    one, other = (told(client, study) for study in (film, exam))
    assert outline(one) == outline(other)
    assert list(one) == list(other)
    assert set(one["strings"]) == set(other["strings"])


def test_every_image_says_which_stack_it_is_in_and_where(client: TestClient, case: str, store: Store) -> None:
    data = told(client, case)
    with store.view() as tx:
        stacks = {stack.id: stack.images for stack in tx.stacks.of_study(case)}
    for run in data["stacks"]:
        assert run["kind"] == ("slices" if data["arrangement"] == "planes" else "film")
        for image in run["images"]:
            assert stacks[image["stack"]][image["at"]] == image["id"]
    known = {image["stack"] for run in data["stacks"] for image in run["images"]}
    said = {part["stack"] for part in data["prediction"]["parts"]}
    assert said == {layer["stack"] for layer in data["explanations"]} <= known
    assert {review["stack"] for review in data["reviews"]} <= said


def test_a_film_is_a_stack_of_its_own_and_its_one_part_the_whole(client: TestClient, film: str) -> None:
    data = told(client, film)
    (run,) = data["stacks"]
    assert (data["arrangement"], data["planes"], run["used"], run["windows"]) == ("grid", {}, True, [])
    assert run["images"][0]["stack"] == data["stack"]
    (part,) = data["prediction"]["parts"]
    assert (part["stack"], part["contributions"], part["slice_scores"], part["opens"]) == (data["stack"], {}, {}, {})
    assert part["slice_weights"] == {}
    by_finding = {score["finding"]: score for score in data["prediction"]["scores"]}
    for score in part["scores"]:
        whole = by_finding.pop(score["finding"])
        assert {name: score[name] for name in ("label", "probability", "logit")} == {
            name: whole[name] for name in ("label", "probability", "logit")
        }
        assert (score["called"], score["point"]) == (False, None), "a part calls nothing by itself"
        assert whole["point"] == 0.5
    assert not by_finding


def test_values_have_an_address_of_their_own_and_every_picture_answers(client: TestClient, case: str, store: Store) -> None:
    for layer in told(client, case)["explanations"]:
        with store.view() as tx:
            sha256 = tx.layers.get(layer["id"]).values_sha256 or ""
        assert layer["values_url"] == f"/layers/{layer['id']}/values?v={sha256[:12]}"
        octets = client.get(layer["values_url"]).content
        assert len(octets) == 4 * layer["slices"] * layer["height"] * layer["width"]
        assert client.get(layer["overlay_url"]).headers["content-type"] == "image/png"
        assert len(layer["mass"]) == layer["slices"]


def test_a_stacks_picture_by_the_server_is_of_the_slice_that_opens(client: TestClient, exam: str) -> None:
    data = told(client, exam)
    opens = {part["stack"]: part["opens"][data["finding"]] for part in data["prediction"]["parts"]}
    for layer in data["explanations"]:
        assert layer["overlay_url"].endswith(f"?slice={opens[layer['stack']] + 1}")


@pytest.mark.parametrize("more", [{}, {"image": "first"}, {"upload": "none"}, {"finding": "None such"}])
def test_links_of_both_kinds_still_lead_to_the_case(client: TestClient, case: str, more: dict[str, str]) -> None:
    data = told(client, case)
    first = data["stacks"][0]["images"][0]["id"]
    query = {"model": data["model"], "finding": data["finding"], **more}
    query = {name: first if value == "first" else value for name, value in query.items()}
    assert client.get(f"/studies/{case}", params=query, headers=HTMX).status_code == 200
    page: CasePage = shown(client.get(f"/studies/{case}", params=query, headers=HTMX))
    assert (page.data.model, page.data.finding, page.data.arrangement) == (data["model"], data["finding"], data["arrangement"])


def test_an_image_of_an_exam_opens_its_stack_there(client: TestClient, exam: str) -> None:
    data = told(client, exam)
    stack = data["stacks"][0]
    wanted = stack["images"][2]["id"]
    page: CasePage = shown(client.get(f"/studies/{exam}", params={"image": wanted}, headers=HTMX))
    assert (page.data.image, page.data.arrangement, page.image.id) == (wanted, "planes", wanted)
    opened = {run.id: page.data.opening(run).id for run in page.data.shown}
    assert opened[stack["id"]] == wanted
    (part,) = (part for part in data["prediction"]["parts"] if part["stack"] == stack["id"])
    usual: CasePage = shown(client.get(f"/studies/{exam}", headers=HTMX))
    assert usual.data.image == ""
    assert usual.data.opening(usual.data.shown[0]).id == stack["images"][part["opens"][data["finding"]]]["id"]


def test_what_is_not_there_is_not_found(client: TestClient, case: str) -> None:
    for query in ("image=aaaaaaaaaaaa", "model=nothing"):
        assert client.get(f"/studies/{case}?{query}").status_code == 404
        assert client.get(f"/studies/{case}/case.json?{query}", headers=JSON).status_code == 404
    for gone in ("exam/data", "exam/job"):
        assert client.get(f"/studies/{case}/{gone}").status_code == 404
    for gone in ("exam/reviews", "exam/explanations", "exam/corrections"):
        assert client.post(f"/studies/{case}/{gone}", data={"stack": "x"}).status_code == 404
    assert client.delete("/exam-reviews/aaaaaaaaaaaa").status_code == 404
    assert client.post(f"/studies/{case}/corrections", data={"stack": "aaaaaaaaaaaa"}).status_code == 404
    assert client.post("/studies/aaaaaaaaaaaa/corrections", data={"stack": "aaaaaaaaaaaa"}).status_code == 404


def test_a_network_that_reads_other_things_is_refused_in_words(client: TestClient, film: str, exam: str) -> None:
    for study, model, words in ((film, knees.READER, "kind of film"), (exam, "chest-untrained", "this exam")):
        answer = client.get(f"/studies/{study}/case.json", params={"model": model}, headers=JSON)
        assert answer.status_code == 422
        assert words in answer.json()["error"]


def test_maps_are_asked_for_alike(client: TestClient, case: str, woken: list[str], store: Store) -> None:
    woken.clear()
    data = told(client, case)
    other = next(score["finding"] for score in data["prediction"]["scores"] if score["finding"] != data["finding"])
    wish = {"finding": other, "model": data["model"], "image": data["image"]}
    answer = client.post(f"/studies/{case}/explanations", data=wish, headers=JSON)
    assert (answer.status_code, woken) == (202, ["wake"])
    job = answer.json()["job"]
    assert (job["kind"], job["model"], job["finding"], job["stack"]) == ("explain", data["model"], other, data["stack"])
    back = client.post(f"/studies/{case}/explanations", data=wish)
    assert back.status_code == 303
    assert client.get(back.headers["location"], headers=HTMX).status_code == 200
    unknown = client.post(f"/studies/{case}/explanations", data=wish | {"finding": "Fracture"}, headers=JSON)
    assert unknown.status_code == 422


def test_remarks_about_headers_stand_once_on_either_page(client: TestClient, store: Store, tmp_path: Path, send: Send) -> None:
    odd = "The pixel spacing was left out."
    for number in range(exams.SLICES):
        one = replace(exams.slice_of(exams.SAGITTAL, number), warnings=(odd,))
        study = stored.store_file(store, tmp_path, exams.knee(one), f"{number}".encode(), f"{number}.dcm").study_id
    page: CasePage = shown(client.get(f"/studies/{study}", headers=HTMX))
    assert page.remarks == (odd,)
    assert {image.warnings for run in page.data.stacks for image in run.images} == {(odd,)}
    film: CasePage = shown(client.get(f"/studies/{send(('film.png', films.png()))}", headers=HTMX))
    assert film.remarks == film.data.film.warnings  # type: ignore[union-attr]
    assert len(film.remarks) == 1


def test_an_exams_upload_and_its_other_studies_are_told(client: TestClient) -> None:
    axes = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
    slices = [
        ("files", (f"{number}.dcm", films.dicom(
            number, phantom=False, Modality="MR", BodyPartExamined="KNEE", ViewPosition=None, StudyInstanceUID="1.7",
            SeriesInstanceUID="1.7.1", PatientID="K", PatientName="Knee^Jane", InstanceNumber=number,
            ImageOrientationPatient=axes, ImagePositionPatient=[4.0 * number, 0, 0],
        )))
        for number in (1, 2, 3)
    ]  # fmt: skip
    uploaded = client.post("/studies", files=[*slices, ("files", ("film.dcm", films.dicom(9)))])
    page: CasePage = shown(client.get(uploaded.headers["location"], headers=HTMX))
    assert page.data.arrangement == "planes"
    assert page.report is not None
    assert set(page.report.titles.values()) == {"Knee Jane", "PHANTOM CHEST 9"}
    assert len(page.report.studies) == 2
    assert shown(client.get(f"/studies/{page.study.id}", headers=HTMX)).report is None


def test_a_study_of_both_leads_from_one_to_the_other(client: TestClient, exam: str, store: Store, tmp_path: Path) -> None:
    knee = stored.study(stored.image("9.9.1"), uid=exams.STUDY, series_uid="9.9", body_part="KNEE")
    assert stored.store_file(store, tmp_path, knee, b"a film", "film.dcm").study_id == exam
    page: CasePage = shown(client.get(f"/studies/{exam}", headers=HTMX))
    assert page.data.arrangement == "planes"
    (film,) = page.others
    there: CasePage = shown(client.get(f"/studies/{exam}", params={"image": film.images[0].id}, headers=HTMX))
    assert (there.data.arrangement, [run.series for run in there.data.stacks]) == ("grid", [film.id])
    assert {series.modality for series in there.others} == {"MR"}
    back = {"image": there.others[0].images[0].id}
    assert shown(client.get(f"/studies/{exam}", params=back, headers=HTMX)).data.arrangement == "planes"


def brought(found: Layer, kind: LayerKind, finding: str = "", **more: Any) -> Layer:
    """A layer of some software, of a kind, in the place of one of ours."""
    scale = SCALES[kind][0]
    values = np.abs(found.values)
    shape = np.rint(values) % 3 if scale == "classes" else values / values.max()
    return replace(
        found,
        kind=kind,
        scale=scale,
        producer=Producer("import", "segmenter", "2.1", "Segmenter"),
        values=frozen(shape.astype(np.float32)),
        finding=finding,
        names={1: "left lung"} if scale == "classes" else {},
        total=None,
        conservation_error=None,
        **{**OUTSIDE, **more},
    )


@pytest.fixture
def every_kind(store: Store, case: str) -> str:
    """A case to which one software brought a layer of every kind under one name, about no finding."""
    with store.begin() as tx:
        ours = tx.layers.of_study(case)[0]
        found = tx.layers.load(ours.id)
        for kind in KINDS:
            tx.layers.save(case, brought(found, kind))
    return case


def test_a_layer_of_every_kind_lies_over_films_and_stacks_under_a_name_of_its_own(client: TestClient, every_kind: str) -> None:
    data = told(client, every_kind)
    brought_in = {method["name"]: method["kind"] for method in data["methods"] if method["imported"]}
    names = ["segmenter", *(f"segmenter.{kind}" for kind in KINDS[1:])]
    assert brought_in == dict(zip(names, KINDS, strict=True))
    layers = {layer["method"]: layer for layer in data["explanations"] if layer["method"] in names}
    assert {name: layer["kind"] for name, layer in layers.items()} == brought_in
    assert {layer["finding"] for layer in layers.values()} == {data["finding"]}, "what is about no finding stands under each"
    titles = {method["name"]: method["title"] for method in data["methods"]}
    assert (titles["segmenter"], titles["segmenter.labels"]) == ("Segmenter", "Segmenter: labels")
    assert layers["segmenter.labels"]["names"] == {"1": "left lung"}
    assert layers["segmenter.image"]["names"] == {}
    for layer in layers.values():
        assert client.get(layer["overlay_url"]).status_code == 200


def test_each_kind_is_judged_for_itself_and_the_verdict_stands_on_it(client: TestClient, every_kind: str, store: Store) -> None:
    data = told(client, every_kind)
    layers = {layer["method"]: layer for layer in data["explanations"] if layer["method"].startswith("segmenter")}
    for name, layer in layers.items():
        given = {key: layer[key] for key in ("stack", "model", "model_sha256", "method", "finding")} | {"verdict": "right"}
        answer = client.post(f"/studies/{every_kind}/reviews", json=given, headers=JSON)
        assert answer.status_code == 201, answer.text
        assert answer.json()["review"]["method"] == name
        again = client.post(f"/studies/{every_kind}/reviews", json=given | {"verdict": "partly"}, headers=JSON).json()["review"]
        with store.view() as tx:
            assert tx.reviews.get(again["id"]).layer_id == layer["id"]
        before = client.delete(f"/reviews/{again['id']}", headers=JSON).json()["review"]
        assert (before["method"], before["verdict"]) == (name, "right")
    ours = {review["method"] for review in data["reviews"]}
    assert {review["method"] for review in told(client, every_kind)["reviews"]} - ours == set(layers)


def test_the_newest_version_of_a_software_is_what_is_shown(client: TestClient, case: str, store: Store) -> None:
    with store.begin() as tx:
        found = tx.layers.load(tx.layers.of_study(case)[0].id)
        tx.layers.save(case, brought(found, "probability", found.finding))
        newer = tx.layers.save(case, brought(found, "probability", found.finding, model_sha256="0b" * 32))
        tx.layers.save(case, brought(found, "probability", model_sha256="0c" * 32))
    data = told(client, case, finding=found.finding)
    assert [layer["id"] for layer in data["explanations"] if layer["method"] == "segmenter"] == [newer.id]
    assert [method["name"] for method in data["methods"] if method["imported"]] == ["segmenter"]
