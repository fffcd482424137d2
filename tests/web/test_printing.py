"""The report as page and PDF: everything in it, on every page what must be there, pictures as the panes are."""

import base64
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image as Picture

from app import grey, render
from app.domain import Extent, Image, Layer, Producer, Window, frozen
from app.store import Store
from app.web import pages
from app.web.printing import fonts, plates, view
from app.web.printing.view import View
from tests.web import films, paper
from tests.web.conftest import Send, shown

COMMENT = "표지자 <b>위</b> & Ödem, Žižka 山"


def packed(state: object, version: int = 1) -> str:
    """A view as it stands in an address."""
    return f"{version}." + base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


@pytest.fixture
def judged(client: TestClient, study: str, store: Store) -> str:
    """A study with a verdict, a region and two measures."""
    films.flag(store, study, comment=COMMENT)
    image = client.get(f"/studies/{study}/case.json", headers={"Accept": "application/json"}).json()["image"]
    for letter, kind in (("a", "length"), ("b", "ellipse")):
        body = {"image": image, "kind": kind, "points": [[5, 6], [25, 30]]}
        assert client.put(f"/api/v1/studies/{study}/measures/{letter * 12}", json=body).status_code == 200
    return study


def pdf(client: TestClient, study: str, text: str = "", language: str = "en") -> paper.Paper:
    """The report, taken apart."""
    answer = client.get(f"/studies/{study}/report.pdf?view={quote(text)}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    return paper.read(answer.content)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_pdf_says_all_of_it_on_pages_that_say_what_they_are(client: TestClient, judged: str, language: str) -> None:
    found = pdf(client, judged, language=language)
    use = {"en": "Research use only — not for clinical use", "ko": "연구용 — 임상에 사용할 수 없음"}[language]
    assert len(found.pages) >= 2
    for number, text in enumerate(found.pages, 1):
        assert use in text
        assert "PH-1" in text, "a page without its patient"
        count = {"en": f"Page {number} of {len(found.pages)}", "ko": f"{len(found.pages)}쪽 중 {number}쪽"}[language]
        assert count in text.replace("\n", ""), "a line is written in pieces where its letters are of several parts of a font"
    told = found.text.replace("\n", "")
    probability = f"{100 * films.SCORES['Nodule']:.0f} %"
    words = {
        "en": ("Nodule", probability, "Wrong region", "text marker", "1 Length", "2 Ellipse", "mean", "It was never trained.",
               "(against) to"),
        "ko": ("결절", probability, "부위 틀림", "문자 표식", "1 길이", "2 타원", "평균", "phantom-untrained", "(반대) ~"),
    }[language]  # fmt: skip
    assert [word for word in words if word.replace(" ", "") not in told.replace(" ", "")] == []
    assert "표지자<b>위</b>&Ödem" in told.replace(" ", ""), "the comment is not as its reader wrote it"
    assert "山" not in found.text
    assert {"en": "printed as □.", "ko": "□로 인쇄됩니다."}[language].replace(" ", "") in told.replace(" ", "")
    assert {"NanumGothic", "NanumGothicBold"} <= found.fonts


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_map_stands_against_the_region(client: TestClient, judged: str, language: str) -> None:
    page = client.get(f"/studies/{judged}/report", headers={"Accept-Language": language})
    against = page.context["page"].against  # type: ignore[attr-defined]  # Starlette's test client adds it
    assert [row.title for row in against] == [plate.title for plate in page.context["page"].plates[1:]]  # type: ignore[attr-defined]
    told = pdf(client, judged, language=language).text.replace("\n", "").replace(" ", "")
    for row in against:
        assert all(figure not in ("", "–") for figure in row.figures[:2]), "pointing and IoU are defined for every map"
        assert f"<td>{row.figures[1]}</td>" in page.text
        assert "".join(row.figures).replace(" ", "") in told


@pytest.mark.parametrize(
    ("language", "words"), [("en", "26% of this map lies outside the image"), ("ko", "이 맵의 26%는 영상 바깥")]
)
def test_what_lies_in_padding_is_said_on_page_report_and_pdf(
    client: TestClient, judged: str, language: str, words: str
) -> None:
    headers = {"Accept-Language": language}
    data = client.get(f"/studies/{judged}/case.json", headers=headers).json()
    notes = {entry["method"]: " ".join(entry["notes"]) for entry in data["explanations"]}
    assert [method for method, said in notes.items() if words in said] == ["rap_contrastive"], "0.4% is not worth a word"
    assert client.get(f"/studies/{judged}/report", headers=headers).text.count(words) == 1
    assert pdf(client, judged, language=language).text.replace("\n", "").replace(" ", "").count(words.replace(" ", "")) == 1


def test_a_report_without_a_region_has_no_figures_against_one(client: TestClient, study: str) -> None:
    assert client.get(f"/studies/{study}/report").context["page"].against == ()  # type: ignore[attr-defined]


def test_the_pdf_names_no_patient_outside_of_its_pages(client: TestClient, judged: str) -> None:
    answer = client.get(f"/studies/{judged}/report.pdf")
    assert answer.headers["content-disposition"] == f'attachment; filename="whylight-{judged}.pdf"'
    found = paper.read(answer.content)
    plain = b"".join(part.split(b"stream")[0] for part in found.raw.split(b"endobj"))
    assert b"PHANTOM" not in plain
    assert b"PH-1" not in plain


def test_the_pictures_of_page_and_pdf_are_the_same_and_follow_the_view(client: TestClient, judged: str) -> None:
    turned = packed(
        {"display": {"view": {"zoom": 1.5, "x": 0.4, "y": 0.6, "turn": [0, -1, 1, 0]}, "invert": True, "unsigned": "magma"}}
    )
    pictures = {}
    for text in ("", turned):
        page = client.get(f"/studies/{judged}/report?view={quote(text)}")
        assert page.status_code == 200
        sheet = page.context["page"]  # type: ignore[attr-defined]  # Starlette's test client adds it
        drawn = [opened(client.get(plate.url).content) for plate in sheet.plates]
        printed = pdf(client, judged, text).pictures
        assert len(drawn) == len(printed) == 6
        for picture in drawn:
            assert any(picture.shape == other.shape and (picture == other).all() for other in printed)
        pictures[text] = drawn
    for first, second in zip(pictures[""], pictures[turned], strict=True):
        assert np.abs(first.astype(int) - second).mean() > 5


def test_a_film_that_stands_beside_is_printed_and_another_study_is_not(client: TestClient, send: Send) -> None:
    study = "1.2.840.99999.1901"
    frontal = films.dicom(190, StudyInstanceUID=study)
    lateral = films.dicom(191, StudyInstanceUID=study, ViewPosition="LL", SeriesDescription="Chest LAT", PatientID="PH-190")
    here = send(("pa.dcm", frontal), ("lat.dcm", lateral))
    images = [image.id for run in shown(client.get(f"/studies/{here}")).data.stacks for image in run.images]
    layers = ["film", f"@{images[1]}|film", f"@aaaaaaaaaaaa.{images[0]}|film"]
    text = packed(
        {
            "panes": {"layout": {"rows": 1, "columns": 3, "layers": layers}},
            "display": {"windows": {f"@{images[1]}": {"window": None, "preset": 0, "invert": True}}},
        }
    )
    page = client.get(f"/studies/{here}/report?view={quote(text)}")
    plates = page.context["page"].plates  # type: ignore[attr-defined]  # Starlette's test client adds it
    assert [plate.title for plate in plates] == ["Film", "2 · Chest LAT · LL"]
    assert "it is not printed" in page.text
    first, second = (opened(client.get(plate.url).content) for plate in plates)
    assert first.mean() != second.mean()
    assert pdf(client, here, text).pictures


def opened(octets: bytes) -> NDArray[np.uint8]:
    """A PNG as uint8 (rows, columns, 3)."""
    return np.asarray(Picture.open(io.BytesIO(octets)).convert("RGB"))


def test_an_enlarged_pane_is_printed_alone(client: TestClient, judged: str) -> None:
    text = packed({"panes": {"large": "pane-lrp", "box": [900, 700]}})
    page = client.get(f"/studies/{judged}/report?view={text}")
    (plate,) = page.context["page"].plates  # type: ignore[attr-defined]  # Starlette's test client adds it
    assert plate.layer == "lrp"
    rows, columns, _ = opened(client.get(plate.url).content).shape
    assert (columns, rows) == (1440, 1120 + plates.BAR + 4)
    assert len(pdf(client, judged, text).pictures) == 1
    assert client.get(plate.url.replace("lrp.png", "film.png")).status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.!!!", "damaged"),
        ("nonsense", "damaged"),
        (packed([1]), "damaged"),
        (packed({}, 9), "newer version"),
        (packed({"display": {"opacity": 7}}), "left out"),
        (packed({"display": 7}), "left out"),
        (packed({"at": {"version": "ef" * 32}}), "it was version efefefef, what is shown is by version cdcdcdcd"),
    ],
)
def test_an_odd_view_is_said_and_the_report_is_made(client: TestClient, judged: str, text: str, said: str) -> None:
    page = client.get(f"/studies/{judged}/report?view={quote(text)}")
    assert page.status_code == 200
    assert said in page.text
    assert said in pdf(client, judged, text).text.replace("\n", " ")


def test_a_film_that_no_network_reads_has_a_report_too(client: TestClient, send: Send) -> None:
    study = send(("hand.dcm", films.dicom(3, BodyPartExamined="HAND", StudyDescription="Hand", phantom=False)))
    found = pdf(client, study)
    assert len(found.pictures) == 1
    assert "PH-3" in found.text


def test_what_is_not_there_is_not_found(client: TestClient, study: str) -> None:
    for address in (
        "/studies/aaaaaaaaaaaa/report",
        f"/studies/{study}/report?image=aaaaaaaaaaaa",
        f"/studies/{study}/report/tea.png",
    ):
        assert client.get(address).status_code == 404
    assert client.get(f"/studies/{study}/report?view={'x' * 20000}").status_code == 422


def test_without_the_korean_font_the_report_is_english_and_says_so(
    client: TestClient, judged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = fonts.fonts(tmp_path)
    assert not bare.hangul
    monkeypatch.setattr("app.web.printing.pdf.fonts", lambda: bare)
    text = pdf(client, judged, language="ko").text.replace("\n", " ")
    assert "The Korean font is not installed" in text
    assert "Research use only — not for clinical use" in text
    assert "NanumGothic" not in pdf(client, judged, language="ko").fonts


def film(**fields: Any) -> Image:
    """A film of 60 × 40 random values with letters."""
    stored = np.random.default_rng(3).integers(0, 4096, (60, 40)).astype(np.uint16)
    told = {"windows": (Window(2048, 4096),), "orientation": ("R", "H", "L", "F")} | fields
    return Image(sop_instance_uid="1", frame=1, stored=frozen(stored), **told)


def heat(image: Image, *, signed: bool) -> Layer:
    """A map of 6 × 4 values over a part of the film."""
    values = np.random.default_rng(4).normal(size=(1, 6, 4)).astype(np.float32)
    return Layer(
        stack=image.stack,
        kind="relevance",
        scale="signed" if signed else "positive",
        producer=Producer("method", "cam"),
        model="net",
        model_sha256="ab" * 32,
        finding="Mass",
        values=values,
        extent=Extent(-2, 3, 38, 57),
    )


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_film_at_its_own_size_is_the_grey_pipeline(photometric: Any) -> None:
    image = film(photometric=photometric)
    shown = plates.draw(image, View(), (40, 60))
    assert np.abs(shown[..., 0] / 255 - grey.grey(image)).max() < 1 / 500
    other = Window(1000, 500, "SIGMOID")
    inverted = plates.draw(image, View(window=other, invert=True), (40, 60))
    assert np.abs(inverted[..., 1] / 255 - (1 - grey.grey(image, other))).max() < 1 / 500


@pytest.mark.parametrize(("signed", "colours"), [(False, "magma"), (True, "berlin")])
def test_a_map_lies_where_it_belongs_in_its_colours(signed: bool, colours: str) -> None:
    image = film()
    found = heat(image, signed=signed)
    scale = plates.ends(found, robust=False)
    over = render.Over(found, 0, scale)
    looks = View(opacity=1.0, threshold=0.5, edge="hard", unsigned="magma", signed="berlin")
    shown = plates.draw(image, looks, (40, 60), over)
    values = grey.resample(found.values[0], found.extent, (60, 40))
    size = np.abs(values) if signed else values
    covered = size >= 0.5 * scale[1]
    assert (np.ptp(shown, axis=2) > 0)[~covered].sum() == 0
    place = np.floor((values[covered] - scale[0]) / (scale[1] - scale[0]) * 255 + 0.5).astype(int)
    assert np.abs(shown[covered].astype(int) - render.table(colours)[place]).max() <= 6
    assert covered.sum() > 20
    native = plates.draw(image, View(opacity=1.0, threshold=0.5, edge="hard", smooth=False), (40, 60), over)
    assert len(np.unique(native[covered].reshape(-1, 3), axis=0)) < 60


@pytest.mark.parametrize("turn", sorted(view.TURNS))
def test_turns_move_pixels_marks_and_letters_alike(turn: view.Turn) -> None:
    image = film()
    size = (40, 60) if turn[0] else (60, 40)
    shown = plates.draw(image, View(turn=turn), size)
    upright = plates.draw(image, View(), (40, 60))
    place = plates.placed(View(turn=turn), image, size)
    for x, y in ((0.5, 0.5), (39.5, 0.5), (10.5, 42.5)):
        across, down = place.through(x, y)
        assert (shown[int(down), int(across)] == upright[int(y), int(x)]).all()
    ends = {"R": (0, 30), "H": (20, 0), "L": (40, 30), "F": (20, 60)}
    left, top, right, bottom = plates.letters(image.orientation, View(turn=turn))
    assert place.through(*ends[left])[0] == pytest.approx(0)
    assert place.through(*ends[top])[1] == pytest.approx(0)
    assert place.through(*ends[right])[0] == pytest.approx(size[0])
    assert place.through(*ends[bottom])[1] == pytest.approx(size[1])


def test_shared_scales_are_one_for_each_kind_of_map() -> None:
    image = film()
    maps = {"cam": heat(image, signed=False), "lrp": heat(image, signed=True)}
    assert plates.scales(maps, View()) == {name: plates.ends(found, robust=True) for name, found in maps.items()}
    shared = plates.scales(maps, View(shared=True, robust=False))
    assert shared["lrp"] == (-shared["lrp"][1], shared["lrp"][1])
    assert shared["cam"][0] == 0


def test_a_view_is_read_as_far_as_it_makes_sense() -> None:
    display = {
        "view": {"zoom": 99, "x": -1, "y": 0.25, "turn": [-1, 0, 0, 1]},
        "window": {"centre": 5, "width": 2, "shape": "LINEAR"},
    }
    told = packed({"display": display, "panes": {"box": [300, 200], "large": "pane-cam"}, "future": {"x": 1}})
    read, said = view.read(told)
    assert said == ""
    assert (read.zoom, read.x, read.y, read.turn, read.box, read.large) == (32.0, 0.0, 0.25, (-1, 0, 0, 1), (300, 200), "cam")
    assert read.window == Window(5.0, 2.0, "LINEAR")
    for odd in (
        {"window": {"centre": 1, "width": -2, "shape": "LINEAR"}},
        {"signed": "jet"},
        {"view": {"zoom": 1}},
        {"invert": 1},
    ):
        assert view.read(packed({"display": odd}))[1] == view.PARTLY
    assert view.read("")[1] == ""
    assert pages.STATIC.is_dir()
