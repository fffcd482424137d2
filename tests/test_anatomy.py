"""The anatomy of a film, from the upload to the page: worker, page, report, API, the analyse command. The shipped network."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from app import __main__ as cli
from app.anatomy import reasons
from app.config import Settings
from app.phantoms import chest
from app.store import Store
from tests.segmenting import beside
from tests.test_guarded import Product

KINDS = ["labels", "outline", "image", "probability", "attention", "attention", "attention", "outline"]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return beside(tmp_path_factory.mktemp("networks"))


def png(grey: np.ndarray) -> bytes:
    """A film image of grey values in 0 to 4095."""
    file = BytesIO()
    Picture.fromarray((grey / 4095 * 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def film() -> bytes:
    return png(np.asarray(chest.draw(201, size=256).pixels))


@pytest.fixture
def product(networks: Path, store: Store, settings: Settings) -> Product:
    return Product(networks, store, settings)


def sent(product: Product, film: bytes) -> str:
    answer = product.client.post("/studies", files=[("files", ("film.png", film))])
    assert product.worker.work_once()
    return str(answer.headers["location"]).split("/")[2].split("?")[0]


def test_every_chest_analysis_has_it(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    data = product.client.get(f"/studies/{study_id}/case.json").json()
    anatomy = data["anatomy"]
    assert 0.3 < anatomy["ratio"] < 0.6
    assert anatomy["reasons"] == []
    assert [name for name, _ in anatomy["lines"]] == [
        "Cardiothoracic ratio", "Right lung, of both", "Left lung, of both", "The chest leans",
    ]  # fmt: skip
    offered = {one["name"]: one for one in data["more"] if one["imported"]}
    assert sorted(one["kind"] for one in offered.values()) == sorted(KINDS)
    assert not {one["name"] for one in data["methods"]} & set(offered), "a case opens with what the network goes by"
    assert offered["chest-anatomy"]["title"] == "Chest anatomy: labels"
    assert offered["chest-anatomy.image"]["title"] == "Aligned film"
    there = {one["method"]: one for one in data["explanations"]}
    assert set(offered) <= set(there)
    heart, chest_line = there["chest-anatomy"]["rules"]
    assert chest_line[0][0] < heart[0][0] < heart[1][0] < chest_line[1][0]
    assert (heart[1][0] - heart[0][0]) / (chest_line[1][0] - chest_line[0][0]) == pytest.approx(anatomy["ratio"])
    assert there["cam"]["rules"] == []


def test_page_and_report_say_it(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    page, report = product.page(study_id), product.client.get(f"/studies/{study_id}/report").text
    for text in (page, report):
        assert "Cardiothoracic ratio" in text
        assert "Right lung, of both" in text
    korean = product.client.get(f"/studies/{study_id}", headers={"Accept-Language": "ko"}).text
    assert "심흉곽비" in korean


def test_scripts_read_the_figures(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    layers = product.client.get(f"/api/v1/studies/{study_id}/layers", params={"kind": "labels"}).json()
    (labels,) = layers if isinstance(layers, list) else layers["layers"]
    assert labels["names"] == {"0": "background", "1": "right lung", "2": "left lung", "3": "heart with mediastinum"}
    figures = labels["figures"]
    assert figures["ratio_low"] <= figures["ratio"] <= figures["ratio_high"]
    assert figures["pose_across"] > figures["pose_down"] > 0
    there = product.client.get(f"/studies/{study_id}/case.json").json()["explanations"]
    (aligned,) = (one for one in there if one["kind"] == "image")
    left, top, right, bottom = aligned["extent"]
    a, b, c, d, e, f = aligned["moves"]
    x, y = figures["pose_x"], figures["pose_y"]
    middle = (a * x + b * y + e, c * x + d * y + f)
    assert middle == pytest.approx(((left + right) / 2, (top + bottom) / 2)), "the chest's centre lies in the middle"
    assert [one["kind"] for one in there if one["moves"]] == ["image"]


def test_a_map_is_carried_to_the_aligned_film(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    found = product.client.get(f"/api/v1/studies/{study_id}/layers").json()
    layers = {one["method"] + "." + one["kind"]: one for one in (found if isinstance(found, list) else found["layers"])}
    for name in ("lrp.relevance", "chest-anatomy.outline"):
        address = layers[name]["png"]
        plain, aligned = (product.client.get(address, params={"aligned": told}).content for told in (False, True))
        assert aligned != plain
        with Picture.open(BytesIO(aligned)) as picture:
            assert picture.format == "PNG"
    refused = product.client.get(layers["chest-anatomy.image"]["png"], params={"aligned": True})
    assert refused.status_code == 404
    assert "aligned film" in refused.json()["error"]


def test_what_is_there_is_not_made_again(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    with product.store.view() as tx:
        before = {row.id: row.created_at for row in tx.layers.of_study(study_id)}
    with product.store.begin(study_id) as tx:
        tx.jobs.analyse(study_id, priority=10)
    assert product.worker.work_once()
    with product.store.view() as tx:
        assert {row.id: row.created_at for row in tx.layers.of_study(study_id)} == before


def test_a_film_without_a_chest_says_why(product: Product) -> None:
    blank = np.full((120, 120), 2000)
    blank[40:80, 40:80] = 2500
    study_id = sent(product, png(blank))
    anatomy = product.client.get(f"/studies/{study_id}/case.json").json()["anatomy"]
    assert anatomy["ratio"] is None
    assert set(anatomy["reasons"]) <= set(reasons.REASONS)
    assert anatomy["reasons"]
    assert "Not measurable" in product.page(study_id)


def test_the_analyse_command_writes_it(networks: Path, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(networks))
    monkeypatch.setenv("WHYLIGHT_DEVICE", "cpu")
    (tmp_path / "film.png").write_bytes(film)
    out = tmp_path / "out"
    assert cli.main(["analyse", str(tmp_path / "film.png"), "--out", str(out), "--methods", "cam"]) == 0
    (entry,) = json.loads((out / "result.json").read_text(encoding="utf-8"))["images"]
    assert 0.3 < entry["anatomy"]["figures"]["ratio"] < 0.6
    assert entry["anatomy"]["reasons"] == []
    mine = [one for one in entry["explanations"] if one["finding"] == ""]
    assert [one["kind"] for one in mine] == KINDS
    assert len({one["file"] for one in entry["explanations"]}) == len(entry["explanations"])
    codes = np.load(out / mine[0]["file"])
    assert set(np.unique(codes)) == {0, 1, 2, 3}


def test_without_maps_there_is_none(networks: Path, film: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(networks))
    (tmp_path / "film.png").write_bytes(film)
    assert cli.main(["analyse", str(tmp_path / "film.png"), "--out", str(tmp_path / "out"), "--methods", "none"]) == 0
    (entry,) = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["images"]
    assert (entry["anatomy"], entry["explanations"]) == (None, [])
