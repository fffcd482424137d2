"""Tubes and wires as a region and a layer of a film that is read, by an untrained network beside the anatomy that ships."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.anatomy.evidence import DEVICE, DEVICES
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.config import ROOT
from app.domain import Image, Layer, Patient, Series, Study, Window
from app.errors import ModelError
from app.phantoms import chest
from app.reading import read, readings
from app.segmentation import devices as segmenting
from app.training import cards
from app.training.anatomy import devices
from tests.explainers.families import randomise
from tests.networks import write_network

PARAMETERS = {"widths": [4, 6, 8], "gated": False}


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    write_network(tmp_path, "phantom-untrained", seed=2, phantom=True)
    shutil.copytree(ROOT / "models" / "chest-anatomy", tmp_path / "chest-anatomy")
    told = devices.Config.read(Path(devices.__file__).parents[1] / "chest-devices.toml")
    network = randomise(build("attention-unet", 1, PARAMETERS), 4)
    cards.write(tmp_path / "chest-devices", network, devices.card("chest-devices", told) | {"parameters": PARAMETERS}, {})
    return Loaded(Registry(tmp_path), "cpu")


def test_a_film_has_a_region_of_tubes_and_wires_and_a_layer(loaded: Loaded) -> None:
    image = Image("1.2.3", 1, chest.draw(5, tube=True, size=128).pixels, windows=(Window(2048, 4096),))
    study = Study("1", Patient(), (Series("1.2", "DX", (image,), "CHEST", "PA"),), phantom=True)
    due = readings(study, loaded.registry)
    layers = [one for one in read(due, loaded, methods=("saliency",), anatomy=True) if isinstance(one, Layer)]
    (seen,) = (one for one in layers if one.producer.name == "chest-devices")
    assert (seen.kind, seen.scale, seen.finding, seen.producer.title) == ("probability", "unit", "", "Tubes and wires")
    (map_,) = (one for one in layers if one.kind == "relevance")
    assert map_.evidence is not None
    row = map_.evidence.of(DEVICES)
    assert row is not None
    assert row.area == pytest.approx(float((seen.values >= DEVICE).mean()), abs=0.01)
    assert map_.evidence.shares[-1].region == DEVICES, "there is no mask here"
    assert np.isfinite(seen.values).all()


def test_the_anatomy_tells_no_devices(loaded: Loaded) -> None:
    registry = loaded.registry
    assert registry.segmentation(registry.card("phantom-untrained")) == Card.read(registry.folder / "chest-anatomy")
    image = Image("1", 1, chest.draw(5, size=128).pixels)
    with pytest.raises(ModelError, match="no segmentation network"):
        segmenting.shares(loaded.get(Card.read(registry.folder / "chest-anatomy")), image)
