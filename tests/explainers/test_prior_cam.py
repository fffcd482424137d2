"""Prior-weighted CAM on the networks under models/: the mask, weighed by CAM, on the film's own pose."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from app import explainers
from app.anatomy import Pose
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.likely import masks
from app.classifiers.loading import load
from app.config import Settings
from app.domain import Extent, Image, Series, Window
from app.errors import InputError
from app.explainers.methods.prior_cam import SIDE
from app.phantoms import chest


@pytest.fixture(scope="module")
def network() -> Classifier:
    return load(Card.read(Settings().models / "chest-phantom"), torch.device("cpu"))


def film(pose: Pose | None = None) -> Series:
    pixels = chest.draw(7_720_000, ("Effusion",), size=256).pixels
    image = Image("1.2.3", 1, pixels, windows=(Window(2048, 4096),), pose=pose.numbers() if pose else None)
    return Series("1.2", "DX", (image,), "CHEST", "PA")


def test_without_weight_it_is_the_mask_by_the_pose_of_the_film(network: Classifier) -> None:
    pose = Pose(128, 118, 4, 90, 80)
    known = masks(network.card)
    assert known is not None
    trace = explainers.record(network, film(pose))
    (layer,) = explainers.load("prior_cam").explain(network, trace, ["Effusion"], weight=0)
    mask = known.on_film("Effusion", pose, None, Extent(0, 0, 256, 256), (SIDE, SIDE))
    assert mask is not None
    np.testing.assert_allclose(layer.values[0], mask, atol=1e-6)
    assert layer.notes == ()


def test_weight_moves_it_to_where_the_network_saw_the_finding(network: Classifier) -> None:
    trace = explainers.record(network, film(Pose(128, 118, 0, 90, 80)))
    method = explainers.load("prior_cam")
    plain, moved = (method.explain(network, trace, ["Effusion"], weight=weight)[0].values[0] for weight in (0.0, 0.5))
    (cam,) = explainers.load("cam").explain(network, trace, ["Effusion"])
    gained = np.log((moved + 1e-12) / (plain + 1e-12))[plain > 0.01]
    heat = np.kron(cam.values[0], np.ones((4, 4)))[plain > 0.01]
    assert np.corrcoef(gained, heat)[0, 1] > 0.9


def test_a_film_whose_pose_is_not_known_says_so(network: Classifier) -> None:
    trace = explainers.record(network, film())
    (layer,) = explainers.load("prior_cam").explain(network, trace, ["Effusion"])
    assert layer.notes == ("How the chest lies could not be told: the mask lies as on an average film.",)
    assert layer.state == "ok"


def test_a_finding_without_a_mask_is_refused_alone(network: Classifier) -> None:
    trace = explainers.record(network, film())
    without, with_one = explainers.load("prior_cam").explain(network, trace, ["Consolidation", "Mass"])
    assert without.state == "not defined: there is no mask of where this finding occurs: no reader drew boxes of it"
    assert not without.values.any()
    assert with_one.state == "ok"


def test_a_network_without_masks_beside_it_is_refused(network: Classifier, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = replace(network, card=replace(network.card, folder=tmp_path_factory.mktemp("models") / "chest-phantom"))
    (layer,) = explainers.load("prior_cam").explain(alone, explainers.record(alone, film()), ["Effusion"])
    assert layer.state.startswith("not defined: needs masks of where findings occur")
    with pytest.raises(InputError):
        explainers.load("prior_cam").with_parameters({"weight": -1.0})
