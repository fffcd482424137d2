"""A network that reads the chest in one pose and weighs by masks: its terms are exact, and its maps lie on the film again."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from app import explainers
from app.anatomy import Pose
from app.anatomy.reasons import READ_BY_MEAN
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.likely import heart_of, masks, pose_of
from app.classifiers.loading import Loaded, load
from app.classifiers.masked import MaskedHead, floored
from app.classifiers.registry import Registry
from app.domain import Extent, Image, Layer, Series, Window, frozen
from app.errors import ModelError
from app.explainers.attended import SHARE
from app.grey import resample
from app.phantoms import chest
from tests.networks import PARAMETERS, write_network
from tests.segmenting import SHIPPED

SIDE = 320
CELLS = 4
"""Of 64 pixels a side at a total stride of 16."""
FINDINGS = ("Cardiomegaly", "Effusion", "Nodule")
TERMS = ("attended_evidence", "attended_by_mask", "attended_by_film")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("upright")
    write_network(folder, "plain", findings=FINDINGS, seed=3)
    write_network(
        folder,
        "upright",
        findings=FINDINGS,
        architecture="compact-masked",
        parameters={**PARAMETERS, "cells": CELLS},
        preprocessing={"field": "exposed", "frame": "canonical"},
        seed=4,
    )
    write_network(folder, "turned", findings=FINDINGS, preprocessing={"frame": "canonical"}, seed=6)
    for each in (SHIPPED, SHIPPED.with_name("chest-masks")):
        shutil.copytree(each, folder / each.name)
    return Loaded(Registry(folder), "cpu")


@pytest.fixture(scope="module")
def network(loaded: Loaded) -> Classifier:
    found = loaded.get(loaded.registry.card("upright"))
    head = found.network.head
    assert isinstance(head, MaskedHead)
    torch.manual_seed(5)
    with torch.no_grad():
        head.masks.copy_(floored(torch.rand(3, CELLS, CELLS), 0.3))
        head.bias.copy_(torch.tensor([0.3, -0.7, 1.1]))
    return found


def series_of(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> Series:
    return Series("1.2", "DX", (Image("1.2.3", 1, frozen(pixels), windows=(Window(2048, 4096),)),), "CHEST", "PA")


@pytest.fixture(scope="module")
def film() -> Series:
    return series_of(chest.draw(101, ("Effusion",), size=SIDE, marker=False).pixels)


def maps(network: Classifier, film: Series, *methods: str) -> dict[str, Layer]:
    trace = explainers.record(network, film)
    return {method: explainers.load(method).explain(network, trace, ["Effusion"])[0] for method in methods}


def test_both_terms_add_up_to_the_answer(network: Classifier, film: Series) -> None:
    found = maps(network, film, *TERMS)
    both = found["attended_by_mask"].values + found["attended_by_film"].values
    np.testing.assert_allclose(found["attended_evidence"].values, both, atol=1e-6)
    (answer,) = network.predict(film)
    score, head = answer.score("Effusion"), network.network.head
    assert score is not None
    assert isinstance(head, MaskedHead)
    assert found["attended_evidence"].total == pytest.approx(score.logit - float(head.bias[1]), abs=1e-4)
    error = found["attended_evidence"].conservation_error
    assert error is not None
    assert error < 1e-5
    assert any(note.startswith(SHARE) for note in found["attended_by_film"].notes)


def test_the_cells_of_the_map_are_the_terms_by_hand(network: Classifier, film: Series) -> None:
    trace = explainers.record(network, film)
    found = explainers.load("attended_evidence").relevance(trace, [2])
    features, head = trace.layer("features")[0].detach().double(), network.network.head
    assert isinstance(head, MaskedHead)
    weights = head.weight[2].double()[:, None, None] * head.masks[2].double() + head.whole[2].double()[:, None, None]
    by_hand = (weights * features).sum(0) / CELLS**2
    np.testing.assert_allclose(found.maps[0, 0].numpy(), by_hand.numpy(), rtol=1e-4, atol=1e-7)


def test_a_film_that_lies_otherwise_is_read_alike_and_its_map_goes_with_it(network: Classifier, film: Series) -> None:
    plain = film.images[0].stored
    turn = np.radians(9)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * 1.08
    middle = np.array(plain.shape) / 2
    offset = middle - matrix @ (middle + np.array((12, -9)))
    leaning = series_of(ndimage.affine_transform(plain, matrix, offset, order=1, mode="nearest").astype(np.uint16))
    first, second = (network.held(one).images[0] for one in (film, leaning))
    poses = [Pose.of(one.pose) for one in (first, second) if one.pose is not None]
    assert abs(poses[1].angle - poses[0].angle) > 6
    whole = Extent(0, 0, SIDE, SIDE)
    planes = [pose.warp(image.stored, whole) for pose, image in zip(poses, (first, second), strict=True)]
    laid = [
        pose.warp(layer.values[0], layer.extent)
        for pose, layer in zip(
            poses, (maps(network, one, "attended_evidence")["attended_evidence"] for one in (film, leaning)), strict=True
        )
    ]
    inner = (slice(24, 104), slice(24, 104))  # what both films show
    assert np.corrcoef(planes[0][inner].ravel(), planes[1][inner].ravel())[0, 1] > 0.95
    assert np.corrcoef(laid[0][inner].ravel(), laid[1][inner].ravel())[0, 1] > 0.9


def test_a_map_of_pixels_lies_on_what_was_changed(network: Classifier, film: Series) -> None:
    """Saliency of a network that looks at one place of the canonical frame alone, carried back, is where that place lies."""
    (image,) = network.held(film).images
    assert image.pose is not None
    pose = Pose.of(image.pose)
    spot = np.zeros((64, 64), np.float32)
    spot[40:44, 20:24] = 1
    values, extent = network.on_film(image, spot, network.frame(image))
    rows, columns = np.nonzero(values > 0.5)
    x = extent.left + (columns.mean() + 0.5) * (extent.right - extent.left) / values.shape[1]
    y = extent.top + (rows.mean() + 0.5) * (extent.bottom - extent.top) / values.shape[0]
    ((wanted_x, wanted_y),) = pose.back(np.array([[22 * 2, 42 * 2]], np.float64))
    assert (x, y) == pytest.approx((wanted_x, wanted_y), abs=2)
    again = network.on_input(image, values, extent)
    assert np.unravel_index(again.argmax(), again.shape) == pytest.approx((41.5, 21.5), abs=2)


def test_every_method_says_where_its_map_lies_or_why_there_is_none(network: Classifier, film: Series) -> None:
    trace = explainers.record(network, film)
    window = network.extent(film.images[0] if film.images[0].pose else network.held(film).images[0])
    for method in explainers.names(network.card):
        if method in {"occlusion", "rise", "expected_gradients"}:  # slow, and their maps lie as saliency's
            continue
        (layer,) = explainers.load(method).explain(network, trace, ["Effusion"])
        assert layer.state.startswith("not defined") or layer.extent.numbers()[:4] == pytest.approx(window.numbers()[:4])


def test_what_is_changed_on_a_film_moves_its_pose_nowhere(network: Classifier, film: Series) -> None:
    held = network.held(film)
    (image,) = held.images
    blank = replace(image, stored=frozen(np.where(np.arange(SIDE) < SIDE // 2, 0, image.stored).astype(np.uint16)))
    assert network.held(replace(held, images=(blank,))).images[0].pose == image.pose


def test_a_film_without_a_chest_is_read_by_the_mean_pose_and_says_so(network: Classifier) -> None:
    noise = np.random.default_rng(0).integers(0, 4096, (SIDE, SIDE)).astype(np.uint16)
    (layer,) = maps(network, series_of(noise), "attended_evidence").values()
    assert READ_BY_MEAN in layer.notes


def test_other_networks_are_not_asked_for_terms(loaded: Loaded, film: Series) -> None:
    plain = loaded.get(loaded.registry.card("plain"))
    assert not set(TERMS) & set(explainers.names(plain.card))
    assert set(TERMS) <= set(explainers.names(loaded.registry.card("upright")))
    (layer,) = maps(plain, film, "attended_evidence").values()
    assert layer.state == "not defined: needs a network that weighs what it sees by masks of where findings occur"


def test_without_a_network_that_tells_how_a_chest_lies_it_is_not_loaded(tmp_path: Path) -> None:
    write_network(tmp_path, "upright", preprocessing={"frame": "canonical"})
    with pytest.raises(ModelError, match="tells how a chest lies"):
        Loaded(Registry(tmp_path), "cpu").get(Card.read(tmp_path / "upright"))
    assert load(Card.read(tmp_path / "upright"), torch.device("cpu")).laid is None


def test_without_weight_prior_weighted_cam_is_the_mask_however_the_network_reads(loaded: Loaded, film: Series) -> None:
    (image,) = loaded.get(loaded.registry.card("turned")).held(film).images
    known, whole = masks(loaded.registry.card("turned")), Extent(0, 0, SIDE, SIDE)
    assert known is not None
    wanted = known.on_film("Effusion", pose_of(image), heart_of(image), whole, (SIDE, SIDE))
    assert wanted is not None
    for name in ("turned", "plain"):
        classifier = loaded.get(loaded.registry.card(name))
        trace = explainers.record(classifier, Series("1.2", "DX", (image,), "CHEST", "PA"))
        (layer,) = explainers.load("prior_cam").explain(classifier, trace, ["Effusion"], weight=0.0)
        found = resample(layer.values[0], layer.extent, (SIDE, SIDE))
        inner = (slice(60, 260), slice(60, 260))
        assert np.corrcoef(found[inner].ravel(), wanted[inner].ravel())[0, 1] > 0.99, name
