"""Methods that read the film again and again: expected gradients beside healthy phantoms, and RISE under random masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from app import explainers
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import load_exam
from app.domain import KNEE_FINDINGS, Image, Series
from app.errors import InputError, NotExplainable
from app.explainers.healthy import healthy
from app.explainers.methods.expected_gradients import ExpectedGradients
from app.explainers.methods.integrated_gradients import IntegratedGradients
from app.explainers.methods.rise import RISE
from app.phantoms import knee
from tests.exams import write_exam_network
from tests.explainers.families import FINDINGS, classifier, exact, family, film, randomise, series

TARGETS = range(len(FINDINGS))


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """The sagittal member of an exam's network."""
    folder = write_exam_network(tmp_path_factory.mktemp("models"))
    return exact(load_exam(Card.read(folder), torch.device("cpu")).member("sagittal", KNEE_FINDINGS[0]))


@pytest.fixture(scope="module")
def sagittal() -> Series:
    """A drawn sagittal stack of six slices, with where its slices lie."""
    (stack,) = (one for one in knee.draw(3, size=64, slices=6).stacks if one.plane == "sagittal")
    images = tuple(
        Image(f"1.9.{at}", 1, pixels, axes=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0)) for at, pixels in enumerate(stack.pixels)
    )
    return Series("1.9", "MR", images, "KNEE")


def test_expected_gradients_add_up_to_what_sets_the_film_apart_from_healthy_ones() -> None:
    """Smooth activations, so that few places are enough: the rest is the quadrature's."""

    class Smooth(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.Softplus(), nn.Conv2d(4, 4, 3, 2, 1), nn.Softplus())
            self.head = nn.Linear(4, len(FINDINGS))

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.features(x).mean((2, 3)))  # type: ignore[no-any-return]

    reader = exact(classifier(randomise(Smooth(), 0)))
    trace = explainers.record(reader, series(film(1), film(2)))
    found = ExpectedGradients(films=3, steps=6).relevance(trace, TARGETS)
    others = healthy(trace, 3)
    wanted = trace.logits - torch.stack([reader.network(other) for other in others]).mean(0)
    torch.testing.assert_close(found.maps.sum((2, 3)), wanted.T, rtol=1e-5, atol=1e-8)
    assert found.conservation_error is not None
    assert float(found.conservation_error.max()) < 1e-4


def test_with_one_film_they_are_integrated_gradients_from_it() -> None:
    reader = exact(family("compact"))
    trace = explainers.record(reader, series(film(1)))
    (other,) = healthy(trace, 1)
    found = ExpectedGradients(films=1, steps=5).relevance(trace, TARGETS).maps
    apart = trace.input.detach() - other
    places, weights = np.polynomial.legendre.leggauss(5)
    total = sum(
        weight / 2 * trace.gradients_at(other + (place + 1) / 2 * apart, TARGETS)[1]
        for place, weight in zip(places.tolist(), weights.tolist(), strict=True)
    )
    torch.testing.assert_close(found, (apart * total).sum(2), rtol=1e-9, atol=1e-12)
    assert IntegratedGradients().baseline == "black"


def test_the_films_are_healthy_fixed_and_of_what_the_network_reads(part: Classifier, sagittal: Series) -> None:
    trace = explainers.record(family("compact"), series(film(1)))
    once, again = healthy(trace, 4), healthy(trace, 4)
    assert len(once) == 4
    assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert not torch.equal(once[0], once[1])
    assert all(one.shape == trace.input.shape for one in once)
    stacks = healthy(explainers.record(part, sagittal), 2)
    assert all(one.shape == (6, 1, 64, 64) for one in stacks)
    turned = replace(sagittal, images=tuple(replace(i, axes=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)) for i in sagittal.images))
    axial = healthy(explainers.record(part, turned), 2)
    assert not torch.equal(stacks[0], axial[0]), "of the plane that the stack lies in"


def test_they_are_not_defined_for_what_no_phantom_is_drawn_of() -> None:
    reader = family("compact")
    other = Classifier(card=replace(reader.card, body_parts=("HAND",)), network=reader.network, device=reader.device)
    trace = explainers.record(other, series(film(1)))
    with pytest.raises(NotExplainable, match="healthy phantoms"):
        ExpectedGradients().relevance(trace, [0])
    (layer,) = explainers.load("expected_gradients").explain(other, trace, FINDINGS[:1])
    assert layer.state.startswith("not defined: needs healthy phantoms")


class Corner(nn.Module):
    """Answers with the mean of the left upper quarter, times the finding's number."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.features.weight)

    def forward(self, x: Tensor) -> Tensor:
        half = x.shape[-1] // 2
        told = self.features(x)[:, :, :half, :half].mean((2, 3))
        return torch.cat([told * number for number in range(1, len(FINDINGS) + 1)], 1)


def test_rise_finds_where_the_answer_comes_from_and_says_nothing_of_the_rest() -> None:
    reader = exact(classifier(Corner().eval(), size=64))
    bright = film(4, 64, 64).stored.copy()
    bright[:32, :32] = 4000
    trace = explainers.record(reader, series(Image("1.5", 0, bright)))
    maps = RISE(masks=400).relevance(trace, TARGETS).maps[:, 0]
    inside, outside = maps[:, 8:24, 8:24], maps[:, 40:, 40:]
    assert (inside.mean((1, 2)) > 5 * outside.abs().mean((1, 2))).all()
    torch.testing.assert_close(maps[2], 3 * maps[0], rtol=1e-9, atol=1e-12)


def test_rise_on_a_stack_tells_slices_apart(part: Classifier, sagittal: Series) -> None:
    trace = explainers.record(part, sagittal)
    assert trace.stacked
    maps = RISE(masks=40).relevance(trace, range(len(KNEE_FINDINGS))).maps
    assert maps.shape == (len(KNEE_FINDINGS), 6, 64, 64)
    assert not torch.allclose(maps[:, 0], maps[:, 1])
    assert not explainers.record(family("compact"), series(film(1), film(2))).stacked


def test_the_same_film_gives_the_same_map_and_another_seed_another() -> None:
    trace = explainers.record(family("compact"), series(film(1)))
    one, again, other = (RISE(masks=24, seed=seed).relevance(trace, [0]).maps for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("rise", {"masks": 1}),
        ("rise", {"share": 1.0}),
        ("expected_gradients", {"films": 0}),
        ("expected_gradients", {"steps": 0}),
    ],
)
def test_impossible_values_are_refused(method: str, parameters: dict[str, float]) -> None:
    with pytest.raises(InputError):
        explainers.load(method).with_parameters(parameters)
