"""The report of an exam, and of layers that are not relevance: every pane as seen, everything that was said."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app import render
from app.domain import SCALES, Layer, Producer, Window, frozen
from app.store import Store
from app.web import pages
from app.web.printing import plates, view
from app.web.printing.sheet import Sheet
from app.web.printing.view import View
from tests.store import exams
from tests.web import exams as knees
from tests.web import films, paper
from tests.web.test_printing import film, opened, packed, pdf

JSON = {"Accept": "application/json"}
SAID = exams.exam_answer(model=knees.READER)


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, and one of exams."""
    return knees.beside(models, tmp_path / "networks")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam of two planes with an answer and the maps of two methods."""
    return knees.store(store, tmp_path, knees.READER)


def told(client: TestClient, study: str) -> dict[str, Any]:
    """The payload."""
    return dict(client.get(f"/studies/{study}/case.json", headers=JSON).json())


def report(client: TestClient, study: str, text: str = "", language: str = "en") -> Sheet:
    """The report page's dataclass."""
    page = client.get(f"/studies/{study}/report?view={quote(text)}", headers={"Accept-Language": language})
    assert page.status_code == 200, page.text
    return page.context["page"]  # type: ignore[attr-defined,no-any-return]  # Starlette's test client adds it


def laid(*layers: str, **parts: Any) -> str:
    """A view with panes of its own."""
    return packed({"panes": {"layout": {"rows": 1, "columns": len(layers), "layers": list(layers)}}, **parts})


def test_an_exam_opens_as_three_planes_under_the_first_method(client: TestClient, exam: str) -> None:
    data, sheet = told(client, exam), report(client, exam)
    first = data["methods"][0]
    opens = {part["plane"]: part["opens"][data["finding"]] + 1 for part in data["prediction"]["parts"]}
    assert [(plate.name, plate.title) for plate in sheet.plates] == [
        (f"{plane}|{first['name']}", f"{plane.title()} · slice {opens[plane]} of {exams.SLICES} · {first['title']}")
        for plane in ("sagittal", "coronal")
    ]
    assert sheet.finding == sheet.subject
    printed = pdf(client, exam)
    for plate in sheet.plates:
        picture = opened(client.get(plate.url).content)
        assert any(picture.shape == other.shape and (picture == other).all() for other in printed.pictures)
    assert len(printed.pictures) == len(sheet.plates)


def test_a_pane_is_its_slice_under_its_layer_through_the_stacks_window(client: TestClient, exam: str, store: Store) -> None:
    data = told(client, exam)
    sagittal = next(run for run in data["stacks"] if run["plane"] == "sagittal")
    shape = {"centre": 2000, "width": 1500, "shape": "LINEAR"}
    text = laid(
        "sagittal|map:cam",
        "sagittal|film",
        slices={"at": {sagittal["id"]: 2}, "stack": "", "most": False},
        display={"windows": {sagittal["series"]: {"window": shape, "preset": -1, "invert": True}}, "robust": False},
    )
    sheet = report(client, exam, text)
    assert [plate.name for plate in sheet.plates] == ["sagittal|cam", "sagittal|film"]
    assert sheet.plates[1].title == f"Sagittal · slice 3 of {exams.SLICES}"
    image_id = sagittal["images"][2]["id"]
    with store.view() as tx:
        image = tx.studies.load_image(image_id)
        (row,) = (row for row in tx.layers.of_stack(sagittal["id"]) if row.method == "cam")
        layer = tx.layers.load(row.id)
    seen = View(window=Window(2000, 1500, "LINEAR"), invert=True, robust=False)
    over = render.Over(layer, 2, plates.ends(layer, robust=False))
    expected = plates.plate(image, seen, (720, 720), plates.Marks(), over)
    np.testing.assert_array_equal(opened(client.get(sheet.plates[0].url).content), np.asarray(expected))
    bare = plates.plate(image, seen, (720, 720), plates.Marks())
    np.testing.assert_array_equal(opened(client.get(sheet.plates[1].url).content), np.asarray(bare))
    assert any("centre 2000, width 1500" in line.words and "inverted" in line.words for line in sheet.seen)


def test_the_largest_values_of_a_stack_are_printed_where_the_reader_sees_them(
    client: TestClient, exam: str, store: Store
) -> None:
    sagittal = next(run for run in told(client, exam)["stacks"] if run["plane"] == "sagittal")
    sheet = report(client, exam, laid("sagittal|map:cam", slices={"at": {sagittal["id"]: 0}, "most": True}))
    with store.view() as tx:
        image = tx.studies.load_image(sagittal["images"][0]["id"])
        (row,) = (row for row in tx.layers.of_stack(sagittal["id"]) if row.method == "cam")
        layer = tx.layers.load(row.id)
    most = replace(layer, values=frozen(layer.values.max(axis=0, keepdims=True)))
    expected = plates.plate(image, View(), (1440, 1440), plates.Marks(), render.Over(most, 0, plates.ends(layer, robust=True)))
    np.testing.assert_array_equal(opened(client.get(sheet.plates[0].url).content), np.asarray(expected))
    assert any("largest value" in line.words for line in sheet.seen)


def test_a_report_counts_slices_as_its_reader_does_and_shows_the_same_ones(client: TestClient, exam: str) -> None:
    sagittal = next(run for run in told(client, exam)["stacks"] if run["plane"] == "sagittal")
    text = laid("sagittal|map:cam", "coronal|film", slices={"at": {sagittal["id"]: 0}})
    stored = report(client, exam, text)
    client.post("/preferences", data={"sagittal": "right", "directed": "yes"})
    turned = report(client, exam, text)
    assert [plate.title.split(" · ")[1] for plate in stored.plates] == ["slice 1 of 3", "slice 2 of 3"]
    assert [plate.title.split(" · ")[1] for plate in turned.plates] == ["slice 3 of 3", "slice 2 of 3"]
    assert ["left to right" in stored.seen[0].words, "right to left" in turned.seen[0].words] == [True, True]
    for before, after in zip(stored.plates, turned.plates, strict=True):
        assert client.get(before.url).content == client.get(after.url).content


def test_turns_belong_to_a_plane(client: TestClient, exam: str) -> None:
    turned = {"zoom": 1, "x": 0.5, "y": 0.5, "turn": [-1, 0, 0, 1]}
    sheet = report(client, exam, packed({"display": {"views": {"coronal": turned}}}))
    usual = report(client, exam)
    for plate, other in zip(sheet.plates, usual.plates, strict=True):
        one, two = (opened(client.get(each.url).content)[: 720 - plates.BAR] for each in (plate, other))
        assert (one == two).all() == plate.name.startswith("sagittal")
    assert [("as stored" in line.words) for line in sheet.seen[:2]] == [True, False]


def test_the_enlarged_pane_stands_alone_and_others_are_not_there(client: TestClient, exam: str) -> None:
    text = packed({"panes": {"large": "pane-2", "box": [900, 700]}})
    (plate,) = report(client, exam, text).plates
    assert plate.name.startswith("coronal|")
    assert opened(client.get(plate.url).content).shape[:2] == (1120 + plates.BAR + 4, 1440)
    for name in ("sagittal%7Ccam", "axial%7Ccam", "sagittal%7Ctea", "tea"):
        assert client.get(f"/studies/{exam}/report/{name}.png?view={text}").status_code == 404


def test_one_plane_under_every_method_and_a_stack_by_its_id(client: TestClient, exam: str) -> None:
    data = told(client, exam)
    coronal = data["planes"]["coronal"]
    every = report(
        client, exam, packed({"panes": {"layout": {"layers": ["film", "map:cam", "map:lrp"]}}, "slices": {"stack": coronal}})
    )
    assert [plate.name for plate in every.plates] == ["film", "cam", "lrp"]
    assert all(plate.title.startswith("Coronal · ") for plate in every.plates)
    (named,) = report(client, exam, laid(f"{coronal}|map:lrp", "axial|film", "nothing|film")).plates
    assert named.title.startswith("Coronal · ")
    pictures = [client.get(plate.url).content for plate in (every.plates[2], named)]
    assert opened(pictures[0]).shape[1] < opened(pictures[1]).shape[1], "alone it is larger"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_everything_that_was_said_of_an_exam_is_printed(client: TestClient, exam: str, store: Store, language: str) -> None:
    data = told(client, exam)
    sagittal = next(run for run in data["stacks"] if run["plane"] == "sagittal")
    part = next(part for part in data["prediction"]["parts"] if part["stack"] == sagittal["id"])
    opens = part["opens"][data["finding"]]
    shown = sagittal["images"][opens]["id"]
    oval = {"kind": "ellipse", "points": [[1.0, 2.0], [7.5, 9.0]]}
    given = {
        "stack": sagittal["id"], "model": knees.READER, "model_sha256": exams.SHA, "method": "lrp", "finding": data["finding"],
        "verdict": "wrong", "reason": "other anatomy", "comment": "behind it", "regions": {shown: [oval]},
    }  # fmt: skip
    assert client.post(f"/studies/{exam}/reviews", json=given, headers=JSON).status_code == 201
    other = sagittal["images"][(opens + 1) % 3]["id"]
    for letter, image in (("a", shown), ("b", other)):
        body = {"image": image, "kind": "length", "points": [[1, 2], [5, 6]]}
        assert client.put(f"/api/v1/studies/{exam}/measures/{letter * 12}", json=body).status_code == 200
    sheet = report(client, exam, language=language)
    found = pdf(client, exam, language=language)
    text = found.text.replace("\n", "").replace(" ", "")
    for page in found.pages:
        assert "ID-7" in page
    assert [(row.name, row.percent) for row in sheet.probabilities] == [
        (label, pages.percent(score.probability))
        for label, score in zip((row.name for row in sheet.probabilities), SAID.scores, strict=True)
    ], "in the network's order"
    assert [share.adds for share in sheet.shares] == ["+1.00", "+1.00", ""]
    assert sheet.shares[0].alone == "88 %"
    assert sheet.shares[2].words
    (judged,) = sheet.verdicts
    assert judged.title.startswith({"en": "Sagittal · ", "ko": "시상면 · "}[language])
    assert (judged.comment, judged.region) == ("behind it", True)
    assert len(sheet.against) == len(data["methods"])
    assert any(row.figures[1] not in ("", "–") for row in sheet.against)
    (ruler,) = sheet.measures
    assert {"en": "1 Length", "ko": "1 길이"}[language] == ruler.name
    assert {"en": f"slice {opens + 1} of 3", "ko": f"단면 3장 중 {opens + 1}번"}[language] in ruler.words
    assert [line.name for line in sheet.versions if sagittal["id"] in line.words] == [
        sagittal["title"] if language == "en" else "시상면"
    ]
    words = (
        *(share.adds for share in sheet.shares), *(share.words for share in sheet.shares), judged.title, judged.verdict,
        judged.reason, judged.comment, ruler.words, *(row.title for row in sheet.against), "Random knees", exams.SHA,
    )  # fmt: skip
    assert [word for word in words if word.replace(" ", "") not in text] == []
    page = client.get(f"/studies/{exam}/report", headers={"Accept-Language": language}).text
    assert sheet.shares[2].words in page
    assert judged.title in page


def test_the_region_and_the_measures_lie_on_their_slice_alone(client: TestClient, exam: str) -> None:
    data = told(client, exam)
    sagittal = next(run for run in data["stacks"] if run["plane"] == "sagittal")
    given = {
        "stack": sagittal["id"], "model": knees.READER, "model_sha256": exams.SHA, "method": "lrp", "finding": data["finding"],
        "verdict": "right", "regions": {sagittal["images"][0]["id"]: [{"kind": "rectangle", "points": [[1, 2], [7, 9]]}]},
    }  # fmt: skip
    before = [
        opened(
            client.get(report(client, exam, laid("sagittal|film", slices={"at": {sagittal["id"]: at}})).plates[0].url).content
        )
        for at in range(3)
    ]
    assert client.post(f"/studies/{exam}/reviews", json=given, headers=JSON).status_code == 201
    after = [
        opened(
            client.get(report(client, exam, laid("sagittal|film", slices={"at": {sagittal["id"]: at}})).plates[0].url).content
        )
        for at in range(3)
    ]
    assert [bool((one == two).all()) for one, two in zip(before, after, strict=True)] == [False, True, True]
    assert (after[0] == plates.REGION).all(axis=2).any()


def test_an_exam_that_nobody_read_has_a_report_too(client: TestClient, store: Store, tmp_path: Path) -> None:
    study = exams.store_exam(store, tmp_path)
    sheet = report(client, study)
    assert [plate.layer for plate in sheet.plates] == ["film", "film"]
    assert (sheet.probabilities, sheet.shares, sheet.against, sheet.subject) == ((), (), (), "Slices")
    assert len(pdf(client, study).pictures) == 1, "the slices of this exam are alike, and a picture is kept once"


def brought(layer: Layer, kind: Any) -> Layer:
    """A layer of some software in the place of one of ours: classes or values between 0 and 1."""
    scale = SCALES[kind][0]
    values = np.abs(layer.values) / np.abs(layer.values).max()
    told_as = np.rint(2 * values) if scale == "classes" else 0.4 * values if kind == "probability" else 3000 * values
    names = {1: "왼쪽 폐", 2: "right lung"} if scale == "classes" else {}
    return replace(
        layer, kind=kind, scale=scale, producer=Producer("import", f"outside-{kind}", "1", f"Outside {kind}"), model="outside",
        model_sha256="0a" * 32, values=frozen(told_as.astype(np.float32)), names=names,
        total=None, conservation_error=None,
    )  # fmt: skip


@pytest.mark.parametrize("where", ["film", "exam"])
def test_layers_of_every_kind_are_printed_as_what_they_are(
    client: TestClient, store: Store, study: str, exam: str, where: str
) -> None:
    case, front = (study, "") if where == "film" else (exam, "sagittal|")
    kinds = ("probability", "labels", "outline", "image")
    with store.begin() as tx:
        finding = told(client, case)["finding"]
        ours = next(row for row in tx.layers.of_study(case, finding=finding) if row.method == "cam")
        for kind in kinds:
            tx.layers.save(case, brought(tx.layers.load(ours.id), kind))
    text = laid(*(f"{front}map:outside-{kind}" for kind in kinds), f"{front}film", display={"threshold": 0.9})
    sheet = report(client, case, text)
    by_kind = dict(zip((*kinds, "film"), sheet.plates, strict=True))
    assert (by_kind["probability"].low, by_kind["probability"].high) == ("0.00 (unlikely)", "1.00 (likely)")
    assert by_kind["labels"].classes == by_kind["outline"].classes == "1 왼쪽 폐 · 2 right lung"
    assert [by_kind[kind].high for kind in ("labels", "outline", "image")] == ["", "", ""]
    assert by_kind["labels"].least == ""
    assert by_kind["image"].most.startswith("3000")
    pictures = {kind: opened(client.get(plate.url).content)[:700] for kind, plate in by_kind.items()}
    colourful = {kind: bool((np.ptp(picture[60:640], axis=2) > 0).any()) for kind, picture in pictures.items()}
    assert colourful == {"probability": True, "labels": True, "outline": True, "image": False, "film": False}
    assert (pictures["image"] != pictures["film"]).any(), "it stands in the film's place"
    found = pdf(client, case, text)
    assert len(found.pictures) == 5
    assert "right lung" in found.text


def test_an_image_layer_is_seen_through_the_films_window_where_it_has_values_in_it() -> None:
    chosen = Window(2048, 4096)
    assert plates.through((0.0, 3000.0), chosen) is chosen
    assert plates.through((-1.0, 1.0), Window(500, 100)) == Window(0.0, 2.0, "LINEAR_EXACT")
    assert plates.through((10.0, 30.0), None) == Window(20.0, 20.0, "LINEAR_EXACT")


def test_pixels_of_the_film_are_shown_as_they_are_when_the_reader_wants_them_so() -> None:
    image = film()
    sharp = plates.draw(image, View(interpolated=False), (400, 600))
    assert (sharp[::10, ::10] == sharp[9::10, 9::10]).all()
    assert not (plates.draw(image, View(), (400, 600))[::10, ::10] == sharp[::10, ::10]).all()


def test_a_view_of_planes_and_series_is_read_as_far_as_it_makes_sense() -> None:
    turned = {"zoom": 2, "x": 0.5, "y": 0.5, "turn": [0, 1, -1, 0]}
    window = {"window": {"centre": 5, "width": 2, "shape": "LINEAR"}, "preset": -1, "invert": True}
    read, said = view.read(
        packed(
            {
                "display": {"views": {"axial": turned}, "windows": {"s1": window}, "alone": True},
                "slices": {"at": {"r1": 7}, "stack": "r1", "most": True},
                "panes": {"layout": {"layers": ["axial|map:rap", "axial|film", "map:cam", "overlap", ""]}},
            }
        )
    )
    assert said == ""
    assert read.most
    assert (read.layers, read.run, read.slices, read.alone) == (
        ("axial|rap", "axial|film", "cam", "overlap"),
        "r1",
        {"r1": 7},
        True,
    )
    axial = read.of("axial", "r1", "s1")
    assert (axial.zoom, axial.turn, axial.window, axial.invert) == (2.0, (0, 1, -1, 0), Window(5.0, 2.0, "LINEAR"), True)
    assert read.of("coronal", "r2", "s2") == read
    for odd in (
        {"slices": {"at": {"r1": -1}}},
        {"slices": {"at": {"r1": "3"}}},
        {"slices": {"at": [3]}},
        {"slices": {"stack": 3}},
        {"slices": {"most": "yes"}},
        {"slices": [3]},
        {"display": {"views": {"axial": {"zoom": 1}}}},
        {"display": {"views": 3}},
        {"display": {"windows": {"s1": {"window": {"centre": 1, "width": 0, "shape": "LINEAR"}}}}},
        {"display": {"windows": {"s1": 4}}},
    ):
        assert view.read(packed(odd))[1] == view.PARTLY, odd


def test_the_pdf_of_an_exam_names_no_patient_outside_of_its_pages(client: TestClient, exam: str) -> None:
    found = paper.read(client.get(f"/studies/{exam}/report.pdf").content)
    plain = b"".join(part.split(b"stream")[0] for part in found.raw.split(b"endobj"))
    assert b"Doe" not in plain
    assert b"ID-7" not in plain
    assert films.MODEL not in found.text
