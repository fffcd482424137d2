"""Where evidence lies on an exam's stacks, from the reading to the page. Untrained networks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.anatomy import knee
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Answer, Layer
from app.reading import read, readings
from app.store import Store
from app.training import cards
from app.training.anatomy import knees
from app.web.application import create_app
from tests.exams import write_exam_network
from tests.explainers.families import randomise
from tests.reading.test_exams import study
from tests.store import exams
from tests.web.conftest import HOST

CONFIG = Path(knees.__file__).parents[1] / "knee-anatomy.toml"


def write_parts(models: Path) -> Path:
    """An untrained network of a knee's parts, with the card that the trained one has."""
    told = replace(knees.Config.read(CONFIG), plan=replace(knees.Config.read(CONFIG).plan, widths=(4, 6, 8)))
    network = randomise(build("attention-unet", len(knees.FINDINGS), {"widths": [4, 6, 8], "gated": False}), 3)
    cards.write(models / "knee-anatomy", network, knees.card("knee-anatomy", told), {})
    return models


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_exam_network(tmp_path / "networks")
    return write_parts(tmp_path / "networks")


def test_every_map_of_every_stack_has_a_table_and_every_stack_its_parts(models: Path) -> None:
    loaded = Loaded(Registry(models), "cpu")
    exam = study()
    due = readings(exam, loaded.registry)
    answer, *layers = read(due, loaded, methods=("cam", "saliency"), anatomy=True)
    assert isinstance(answer, Answer)
    told = [layer for layer in layers if isinstance(layer, Layer)]
    assert len(told) == 3 * (2 + 2)
    for stack in answer.stacks:
        mine = [layer for layer in told if layer.stack == stack]
        labels, outline = (next(one for one in mine if one.kind == kind) for kind in ("labels", "outline"))
        assert labels.producer.name == "knee-anatomy"
        assert labels.notes == (knee.DRAWN_ONLY,)
        assert outline.producer.name == "regions"
        np.testing.assert_array_equal(labels.values, outline.values)
        assert labels.values.shape[0] == 20
        areas = {code: float((labels.values == code).mean()) for code in knee.NAMES}
        for one in mine:
            if one.kind != "relevance":
                continue
            assert one.evidence is not None
            assert [row.region for row in one.evidence.shares] == [knee.NAMES[code] for code in knee.ORDER]
            assert sum(row.share for row in one.evidence.shares) == pytest.approx(1)
            for code, row in zip(knee.ORDER, one.evidence.shares, strict=True):
                assert row.area == pytest.approx(areas[code], abs=1e-5)  # slices are square
            assert one.evidence.odd == ""


def test_films_and_exams_have_networks_of_their_own(models: Path) -> None:
    registry = Registry(models)
    assert registry.segmentation(registry.card("knee-test")) == Card.read(models / "knee-anatomy")
    assert registry.segmentation(replace(registry.card("knee-test"), kind="network")) is None
    assert registry.devices(registry.card("knee-test")) is None


def test_the_page_says_what_the_regions_are_worth(models: Path, store: Store, settings: Settings, tmp_path: Path) -> None:
    exam = exams.store_exam(store, tmp_path)
    write_exam_network(models, phantom=False)
    whole = exams.stack_layer(exams.SAGITTAL).extent
    table = knee.evidence(np.ones((1, 2, 2)), whole, knee.Parts(np.ones((1, 2, 2), np.uint8), whole))
    with store.begin() as tx:
        tx.answers.save(exam, exams.exam_answer(model="knee-test"))
        for uid in (exams.SAGITTAL, exams.CORONAL):
            tx.layers.save(exam, replace(exams.stack_layer(uid, method="cam", model="knee-test"), evidence=table))
    client = TestClient(create_app(settings.model_copy(update={"models": models}), store, lambda: None), HOST)
    text = client.get(f"/studies/{exam}").text
    assert 'id="evidence-cam-sagittal"' in text
    assert 'id="evidence-cam-coronal"' in text
    assert "where menisci lie" in text
    assert "반월상연골이 놓인 곳" in client.get(f"/studies/{exam}", headers={"Accept-Language": "ko"}).text
