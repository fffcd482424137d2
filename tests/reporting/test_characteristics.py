"""The review's first table in figures: masks that ask no network and counterfactuals stand beside the methods."""

import pytest

from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.evaluation.intervals import Mean
from app.reporting import cases, characteristics
from app.reporting.characteristics import CHANGED, MASK, Characteristic


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded(Registry(Settings().models), "cpu")


@pytest.fixture(scope="module")
def network(loaded: Loaded) -> Classifier:
    return loaded.get(loaded.registry.card("chest-phantom"))


@pytest.fixture(scope="module")
def known(network: Classifier) -> list[cases.Case]:
    """Called phantoms: two with a large heart, for which there is a counterfactual, and one with a pneumothorax."""
    drawn = [*cases.phantoms(("Cardiomegaly",), 2), *cases.phantoms(("Pneumothorax",), 1)]
    assert all(characteristics.seen(network, case) for case in drawn)
    return drawn


def test_masks_and_counterfactuals_stand_beside_the_methods(
    loaded: Loaded, network: Classifier, known: list[cases.Case]
) -> None:
    lying = [characteristics.lying(loaded, network, case) for case in known]
    assert all(case.series.images[0].pose is not None for case in lying)
    mask, change = characteristics.besides(loaded, network, lying, 17)
    assert (mask.method, mask.network, mask.defined, mask.localisation.count) == (MASK, "", 0, 3)
    assert (change.method, change.network, change.localisation.count) == (CHANGED, "chest-phantom", 2), "offered: hearts alone"
    heat = characteristics.changed(loaded, network, lying[0])
    assert heat.shape == lying[0].truth.shape
    assert heat.min() == 0 < heat.max()
    assert heat[lying[0].truth].mean() > 2 * heat[~lying[0].truth].mean(), "what changes is the heart"


def test_findings_without_either_have_no_row(loaded: Loaded, network: Classifier, known: list[cases.Case]) -> None:
    (row,) = characteristics.besides(loaded, network, known[2:], 17)
    assert row.method == MASK, "nobody offers a counterfactual of a pneumothorax"


def test_what_nobody_called_has_no_figure() -> None:
    nothing = Mean(float("nan"), float("nan"), float("nan"), 0)
    rows = [
        Characteristic("cam", "chest-phantom", Mean(0.5, 0.25, 0.75, 4), 14, 17, 16, 128),
        Characteristic(MASK, "", Mean(0.25, 0.0, 0.5, 4), 0, 17, 256, 128),
        Characteristic(CHANGED, "chest-phantom", nothing, 1, 17, 64, 128),
        Characteristic("random map", "", Mean(0.0, 0.0, 0.0, 4), 17, 17, 0, 0),
    ]
    assert list(characteristics.lines(rows))[2:] == [
        "| CAM | chest-phantom | 0.50 [0.25, 0.75] (4) | 14 of 17 architectures | 16 on 128 |",
        f"| {MASK} | – | 0.25 [0.00, 0.50] (4) | asks no network | 256 on 128 |",
        f"| {CHANGED} | chest-phantom | – (0) | the network that it was made for | 64 on 128 |",
        "| random map | – | 0.00 [0.00, 0.00] (4) | – | – |",
    ]
