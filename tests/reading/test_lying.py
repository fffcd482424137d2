"""What is told of every map of a film: where its evidence lies, and where its finding occurs. The networks under models/."""

import numpy as np
import pytest

from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Image, Layer, Patient, Series, Study, Window
from app.phantoms import chest
from app.reading import read, readings
from tests.anatomy.test_evidence import truth


@pytest.fixture(scope="module")
def told() -> tuple[chest.ChestPhantom, list[Layer]]:
    """A phantom with a mass, and its layers by the network of phantoms."""
    film = chest.draw(7_730_001, ("Mass",), size=256, marker=False, severity=0.8)
    image = Image("1.2.3", 1, film.pixels, windows=(Window(2048, 4096),))
    study = Study("1", Patient(), (Series("1.2", "DX", (image,), "CHEST", "PA"),), phantom=True)
    loaded = Loaded(Registry(Settings().models), "cpu")
    due = readings(study, loaded.registry, "chest-phantom")
    found = read(due, loaded, methods=("cam", "prior_cam"), findings="Mass", anatomy=True)
    return film, [one for one in found if isinstance(one, Layer)]


def test_every_map_says_where_its_evidence_lies(told: tuple[chest.ChestPhantom, list[Layer]]) -> None:
    """By the network's own outlines, beside the truth of the phantom: lungs, below the diaphragm, outside."""
    film, layers = told
    known = truth(film)
    for layer in layers:
        if layer.kind != "relevance":
            assert layer.evidence is None
            continue
        assert layer.evidence is not None
        rows = {row.region: row for row in layer.evidence.shares}
        assert set(rows) >= {"right lung", "left lung", "outside the body", "markers", "outside the finding's mask"}
        assert sum(rows[name].area for name in list(rows)[:6]) == pytest.approx(1)
        for region in ("right lung", "left lung", "below the diaphragm", "outside the body"):
            assert rows[region].area == pytest.approx(float(known.where(region).mean()), abs=0.03), region


def test_a_mask_comes_with_its_contours(told: tuple[chest.ChestPhantom, list[Layer]]) -> None:
    _, layers = told
    mask, lines = (one for one in layers if one.producer.name == "chest-masks")
    assert (mask.kind, mask.scale, mask.finding, lines.kind) == ("probability", "unit", "Mass", "outline")
    assert mask.values.min() >= 0
    assert mask.values.max() <= 1
    for number, level in ((3, 0.9), (2, 0.5), (1, 0.1)):
        np.testing.assert_array_equal(lines.values >= number, mask.values >= np.float32(level))
    assert lines.names[3] == "a tenth of its places"


def test_the_regions_are_a_layer_of_their_own(told: tuple[chest.ChestPhantom, list[Layer]]) -> None:
    _, layers = told
    (regions,) = (one for one in layers if one.producer.name == "regions")
    assert regions.kind == "outline"
    assert regions.names[4] == "below the diaphragm"
    assert set(np.unique(regions.values)) <= set(range(6))
