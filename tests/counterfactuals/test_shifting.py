"""The latent shift: it moves an answer, stays exact between its frames, and refuses what the reconstruction did."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import load
from app.counterfactuals.edit import edited
from app.counterfactuals.generating import Generating
from app.counterfactuals.shifting import direction, seen, shift
from app.domain import Image, Series, Window, frozen
from app.errors import ModelError
from tests.classifiers.conftest import write_model

CPU = torch.device("cpu")


@pytest.fixture
def image() -> Image:
    plane = np.random.default_rng(3).random((80, 60))
    return Image("1", 0, frozen((plane * 4000).astype(np.uint16)), windows=(Window(2000, 4000),))


@pytest.fixture
def encoder(tmp_path: Path) -> Classifier:
    entries = {"architecture": "autoencoder", "kind": "autoencoder", "findings": ["film"], "temperature": [1.0]}
    folder = write_model(tmp_path, name="encoder", **entries, parameters={"widths": [8, 8], "latent": 4}, input_size=32)
    return load(Card.read(folder), CPU)


@pytest.fixture
def network(tmp_path: Path) -> Classifier:
    return load(Card.read(write_model(tmp_path)), CPU)


def test_a_shift_moves_the_answer_both_ways(encoder: Classifier, network: Classifier, image: Image) -> None:
    ask = seen(network, 1, encoder, image)
    films = torch.rand((5, 1, 32, 32), generator=torch.Generator().manual_seed(0)) * 4 - 2
    along = direction(encoder.network, films, ask)  # type: ignore[arg-type]
    torch.testing.assert_close(along.norm(), torch.tensor(1.0))
    start = shift(encoder, network, image, "Nodule", along, goal=-99, gap=1e9).answers[0]
    for goal, sign in ((start + 0.003, 1), (start - 0.003, -1)):
        found = shift(encoder, network, image, "Nodule", along, goal=float(goal), gap=1e9)
        assert sign * (found.answers[found.one] - found.answers[0]) > 0
        assert found.reached == (sign * (found.answers[found.one] - goal) >= 0)
        assert not found.frames[0].any()
        assert len(found.frames) == len(found.answers) == int(np.ceil(1.5 * found.one)) + 1


def test_its_frames_are_kept_so_that_every_strength_is_exact(encoder: Classifier, network: Classifier, image: Image) -> None:
    along = torch.ones(4, 8, 8) / 16
    found = shift(encoder, network, image, "Mass", along, goal=99, gap=1e9)
    np.testing.assert_array_equal(found.edit(1.0).residual, found.frames[found.one])
    assert not found.edit(0.0).residual.any()
    np.testing.assert_allclose(found.edit(1.5).residual, found.frames[-1], atol=1e-6)
    shown = edited(image, found.edit(1.0))
    assert not np.array_equal(shown.stored, image.stored)
    assert shown.stored.shape == image.stored.shape


def test_a_reconstruction_that_moves_the_answer_is_refused(encoder: Classifier, network: Classifier, image: Image) -> None:
    along = torch.ones(4, 8, 8) / 16
    found = shift(encoder, network, image, "Mass", along, goal=0, gap=1e9)
    moved = abs(float(found.answers[0]) - found.film)
    assert not found.refused
    assert moved > 0
    assert shift(encoder, network, image, "Mass", along, goal=0, gap=3.9 * moved).refused
    assert not shift(encoder, network, image, "Mass", along, goal=0, gap=4.1 * moved).refused


def test_a_network_of_another_rectangle_and_scale_sees_the_same_film(encoder: Classifier, tmp_path: Path, image: Image) -> None:
    """What the autoencoder's own plane is made into is what the network would have read of the film."""
    other = {"fit": "crop", "stretch": "full", "scale": [-1024.0, 1024.0]}
    network = load(Card.read(write_model(tmp_path, name="other", preprocessing=other, input_size=30)), CPU)
    kept: list[torch.Tensor] = []
    network.network.register_forward_pre_hook(lambda _module, given: kept.append(given[0]))
    smooth = np.add.outer(np.linspace(0.2, 0.6, 80), np.linspace(0, 0.3, 60))
    image = replace(image, stored=frozen((smooth * 4000).astype(np.uint16)))
    large = replace(encoder, card=replace(encoder.card, input_size=64))
    series = Series("", "", (image,))
    seen(network, 0, large, image)(large.prepare(series))
    network.predict(series)
    inner = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    assert (kept[0][inner] - kept[1][inner]).abs().max() < 0.02 * 2048


def test_only_an_autoencoder_and_a_generator_do_it(network: Classifier, image: Image) -> None:
    with pytest.raises(ModelError, match="no autoencoder"):
        shift(network, network, image, "Mass", torch.ones(1), goal=0, gap=1)
    with pytest.raises(ModelError, match="no counterfactuals"):
        Generating.of(network)
