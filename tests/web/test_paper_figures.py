"""A pane as a figure for a paper: its size in print, its scale in the patient, what stands under it, and no name."""

import io
import re
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from PIL import Image as Picture

from app.store import Store
from tests.web import films
from tests.web.conftest import Send

SVG = "{http://www.w3.org/2000/svg}"
NOTICE = "Research use only — not for clinical use"


def svg(client: TestClient, study: str, language: str = "en", **asked: str) -> ElementTree.Element:
    """The figure of a pane, taken apart."""
    answer = client.get(f"/studies/{study}/figure", params={"kind": "svg", **asked}, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    return ElementTree.fromstring(answer.content)  # noqa: S314 - made by ourselves


def words(figure: ElementTree.Element) -> list[str]:
    """Every line of it."""
    return [str(one.text) for one in figure.iter(f"{SVG}text")]


def test_a_png_has_the_size_that_was_asked_for(client: TestClient, study: str) -> None:
    answer = client.get(f"/studies/{study}/figure", params={"pane": "lrp", "width": "50.8", "dpi": "300"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'attachment; filename="whylight-{study}-lrp.png"'
    picture = Picture.open(io.BytesIO(answer.content))
    assert picture.width == 600
    assert picture.height > 650, "under the picture of a square film stand the bar and the words"
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert picture.info["Description"] == NOTICE
    assert picture.convert("RGB").getpixel((599, picture.height - 1)) == (255, 255, 255)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_an_svg_says_what_it_is_in_english_and_whose_it_is_nowhere(client: TestClient, study: str, language: str) -> None:
    answer = client.get(f"/studies/{study}/figure?pane=lrp&kind=svg", headers={"Accept-Language": language})
    figure = svg(client, study, language, pane="lrp")
    assert (figure.get("width"), figure.findtext(f"{SVG}title")) == ("85mm", NOTICE)
    said = words(figure)
    assert said[-1] == NOTICE
    assert any(re.fullmatch(r"for [0-9.e−]+", one) for one in said), said
    assert any(one.endswith(" against") for one in said)
    assert "0" in said
    assert "Nodule, probability 0.870" in " ".join(said)
    assert not re.search("[가-힣]", answer.text)
    for name in ("PHANTOM", "PH-1", "A1"):
        assert name not in re.sub(r"base64,[^\"]*", "", answer.text)


def test_the_scale_is_as_long_as_it_says(client: TestClient, store: Store, send: Send) -> None:
    study = send(("calibrated.dcm", films.dicom(70, PixelSpacing=[2.0, 2.0], PixelSpacingCalibrationType="FIDUCIAL")))
    films.analyse(store, study)
    figure = svg(client, study, pane="film", width="80")
    assert "20 mm" in words(figure), "40 pixels of 2 mm on 80 mm of paper, of which it takes at most a third"
    dark, light = [one for one in figure.iter(f"{SVG}rect") if one.get("height") in {"1", "0.6"}]
    assert float(str(light.get("width"))) == pytest.approx(20.0, abs=0.05), "80 mm of the patient on 80 mm of paper"
    assert float(str(dark.get("width"))) > 20
    at_detector = send(("detector.dcm", films.dicom(71, ImagerPixelSpacing=[2.0, 2.0])))
    films.analyse(store, at_detector)
    assert "20 mm at the detector" in words(svg(client, at_detector, pane="film", width="80"))
    unknown = send(("film.png", films.png(72)))
    films.analyse(store, unknown)
    assert not [one for one in words(svg(client, unknown, pane="film")) if " mm" in one]


def test_what_cannot_be_made_is_refused(client: TestClient, study: str) -> None:
    assert client.get(f"/studies/{study}/figure?pane=lrp&width=400&dpi=1200").status_code == 422
    assert client.get(f"/studies/{study}/figure?pane=lrp&width=4").status_code == 422
    assert client.get(f"/studies/{study}/figure?pane=nothing").status_code == 404
    assert client.get("/studies/aaaaaaaaaaaa/figure?pane=lrp").status_code == 404


def test_the_report_offers_its_panes(client: TestClient, study: str) -> None:
    text = client.get(f"/studies/{study}/report").text
    form = text[text.index('action="/studies/') : text.index("</form>", text.index("figure-form"))]
    assert f'"/studies/{study}/figure"' in form
    assert re.findall(r'<option value="([^"]+)">', form)[:2] == ["film", "cam"]
