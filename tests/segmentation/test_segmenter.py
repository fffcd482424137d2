"""The anatomy network that comes with the product: on phantoms with exact masks, on films without a chest, its layers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.anatomy import (
    CANONICAL,
    HEART,
    LEFT_LUNG,
    NAMES,
    RIGHT_LUNG,
    SIZE,
    NotMeasurable,
    Pose,
    Ratio,
    aligning,
    cleaned,
    measure,
    reasons,
)
from app.anatomy.figures import pose_in, ratio_in
from app.anatomy.ratio import of_labels
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.domain import Extent, Image, Window, frozen
from app.errors import ModelError
from app.phantoms import chest
from app.segmentation import layers
from app.training.anatomy import measuring
from tests.anatomy.drawn import labels_of
from tests.networks import write_network
from tests.segmenting import beside, shipped


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    torch.set_num_threads(1)
    return shipped()


def film_of(phantom: chest.ChestPhantom) -> Image:
    return Image("1.2.3", 1, frozen(phantom.pixels), windows=(Window(2048, 4096),))


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_it_finds_the_parts_of_phantoms(segmenter: Segmenter, seed: int) -> None:
    phantom = chest.draw(seed, size=256)
    found = segmenter.read(film_of(phantom))
    mine, truth = measuring.on_film(found, (256, 256)), labels_of(phantom)
    for code, least in ((RIGHT_LUNG, 0.92), (LEFT_LUNG, 0.92), (HEART, 0.85)):
        part = truth == code
        if code == HEART:  # a phantom's has no great vessels
            mine = np.where(np.arange(256)[:, None] < np.flatnonzero(part.any(1))[0], 0, mine)
        assert measuring.dice(mine == code, part) > least
    true = measure(of_labels(truth), Extent(0, 0, 256, 256))
    assert isinstance(found.ratio, Ratio)
    assert isinstance(true, Ratio)
    assert found.ratio.value == pytest.approx(true.value, abs=0.04)


def test_a_frame_moves_nothing(segmenter: Segmenter) -> None:
    phantom = chest.draw(104, size=256, marker=False)
    plain = segmenter.read(film_of(phantom))
    page = np.zeros((400, 330), np.uint16)
    page[60:316, 40:296] = phantom.pixels
    framed = segmenter.read(replace(film_of(phantom), stored=frozen(page)))
    assert isinstance(plain.pose, Pose)
    assert isinstance(framed.pose, Pose)
    assert framed.pose.x - 40 == pytest.approx(plain.pose.x, abs=4)
    assert framed.pose.y - 60 == pytest.approx(plain.pose.y, abs=4)
    assert framed.pose.across == pytest.approx(plain.pose.across, rel=0.04)


def test_low_values_bright_or_dark_it_is_one_film(segmenter: Segmenter) -> None:
    phantom = chest.draw(105, size=192)
    plain = segmenter.read(film_of(phantom))
    turned = replace(film_of(phantom), stored=frozen(4095 - phantom.pixels), photometric="MONOCHROME1")
    assert (segmenter.read(turned).labels == plain.labels).mean() > 0.995


def test_lungs_alone_have_no_heart_and_no_ratio(segmenter: Segmenter) -> None:
    phantom = chest.draw(106, size=256)
    alone = np.where(phantom.lungs, phantom.pixels, 0).astype(np.uint16)
    found = segmenter.read(replace(film_of(phantom), stored=frozen(alone)))
    assert isinstance(found.ratio, NotMeasurable)
    assert found.ratio.reason in reasons.REASONS


@pytest.mark.parametrize("grey", [0, 900])
def test_a_blank_film_has_nothing(segmenter: Segmenter, grey: int) -> None:
    found = segmenter.read(replace(film_of(chest.draw(1, size=64)), stored=frozen(np.full((96, 96), grey, np.uint16))))
    assert isinstance(found.ratio, NotMeasurable)
    assert not isinstance(found.pose, Pose)


def test_its_layers(segmenter: Segmenter) -> None:
    phantom = chest.draw(107, size=256)
    image = film_of(phantom)
    made = {(one.producer.name, one.kind): one for one in layers(segmenter, image)}
    assert list(made) == [
        ("chest-anatomy", "labels"),
        ("chest-anatomy", "outline"),
        ("chest-anatomy", "image"),
        ("chest-anatomy-markers", "probability"),
        ("chest-anatomy-gate-64", "attention"),
        ("chest-anatomy-gate-32", "attention"),
        ("chest-anatomy-gate-16", "attention"),
    ]
    for one in made.values():
        assert (one.producer.kind, one.model, one.model_sha256) == ("network", "chest-anatomy", segmenter.card.sha256)
        assert (one.finding, one.state, len(one.values)) == ("", "ok", 1)
        assert np.isfinite(one.values).all()
    labels = made["chest-anatomy", "labels"]
    assert labels.names == NAMES
    assert set(np.unique(labels.values)) == {0, 1, 2, 3}
    assert ratio_in(labels.figures) == segmenter.read(image).ratio
    for side in (64, 32, 16):
        alpha = made[f"chest-anatomy-gate-{side}", "attention"].values
        assert alpha.shape == (1, side, side)
        assert 0 <= alpha.min() < alpha.max() <= 1
    pose = pose_in(labels.figures)
    assert pose is not None
    assert (made["chest-anatomy", "image"].values[0] == aligning.values(image, pose)).all()


def test_the_aligned_film_stands_in_the_canonical_pose(segmenter: Segmenter) -> None:
    phantom = chest.draw(108, size=256)
    leaning = measuring.affine(film_of(phantom), 12, 1.1, 0.92)
    pose = segmenter.read(leaning).pose
    assert isinstance(pose, Pose)
    again = segmenter.read(aligning.film(leaning, pose))
    lying = Pose.fit(again.labels, CANONICAL)
    assert isinstance(lying, Pose)
    assert lying.angle == pytest.approx(0, abs=5)
    assert (lying.x, lying.y) == pytest.approx((SIZE / 2, SIZE / 2), abs=5)


def test_markers_are_told_from_bone(segmenter: Segmenter) -> None:
    phantom = chest.draw(109, size=512, marker=True, devices_too=False)
    found = segmenter.read(film_of(phantom))
    inside = cleaned(found.labels)[::2, ::2] > 0
    assert found.markers.max() > 0.5
    assert found.markers[inside].mean() < 0.05


def test_a_classifier_is_no_segmenter(tmp_path: Path) -> None:
    card = Card.read(write_network(tmp_path, "plain"))
    with pytest.raises(ModelError, match="“plain”"):
        Segmenter.of(load(card, torch.device("cpu")))


def test_it_stands_beside_networks_and_reads_nothing_by_itself(tmp_path: Path) -> None:
    registry = Registry(beside(tmp_path))
    assert [card.name for card in registry.cards()] == ["chest-untrained", "phantom-untrained"]
    (card,) = registry.segmentations()
    assert all(registry.segmentation(one) == card for one in registry.cards())
    assert registry.guards() == ()
    elsewhere = Card.read(write_network(tmp_path, "knees", body_parts=["KNEE"]))
    assert registry.segmentation(elsewhere) is None


def test_films_of_another_hospital(segmenter: Segmenter, real_data: Path) -> None:
    found = measuring.dices(segmenter, list(measuring.drawn(real_data))[:10])
    assert np.mean(found["lungs"]) > 0.92
    assert np.mean(found["heart"]) > 0.9
