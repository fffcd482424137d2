"""The generator's network: it starts as nothing, and keeps within its limits whatever it has learned."""

import pytest
import torch

from app.classifiers.generator import Generator, Parts, applied, warped
from app.classifiers.networks import build
from app.errors import ModelError

SETTINGS = {"widths": [8, 8, 8], "ways": ["flow", "residual", "both"], "within": ["heart", "bases", "hull"], "reach": 0.1}


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    network = build("la-gan", 3, SETTINGS)
    assert isinstance(network, Generator)
    return network


def shaken(generator: Generator) -> Generator:
    """The same as if it had learned something."""
    random = torch.Generator().manual_seed(1)
    for parameter in generator.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=random)
    return generator


def test_an_untrained_generator_changes_nothing(generator: Generator) -> None:
    films = torch.rand((2, 1, 32, 32))
    for finding in range(3):
        parts = generator((films - 0.5) * 4, torch.ones(2, 5, 64, 64), finding, -1, torch.ones(2))
        torch.testing.assert_close(applied(films, parts), films, atol=1e-5, rtol=0)


def test_it_changes_only_what_its_limits_allow_and_by_its_own_ways(generator: Generator) -> None:
    shaken(generator)
    films, bounds = torch.rand((2, 1, 32, 32)), torch.zeros(2, 5, 32, 32)
    bounds[:, :, 8:24, 8:24] = 1
    moving, adding, both = (generator((films - 0.5) * 4, bounds, finding, -1, torch.ones(2)) for finding in range(3))
    assert not moving.residual.any()
    assert not adding.flow.any()
    assert both.flow.any()
    assert both.residual.any()
    assert float(both.flow.detach().abs().max()) <= 0.1 + 1e-6
    for parts in (moving, adding, both):
        away = (applied(films, parts) - films).detach()
        assert away.abs().max() > 1e-3
        assert away[..., :6, :].abs().max() == away[..., :, 26:].abs().max() == 0


def test_what_is_asked_matters(generator: Generator) -> None:
    shaken(generator)
    films, bounds = torch.rand((1, 1, 32, 32)), torch.ones(1, 5, 32, 32)
    less, more = (generator(films, bounds, 2, direction, torch.ones(1)).residual for direction in (-1, 1))
    much = generator(films, bounds, 2, -1, 3 * torch.ones(1)).residual
    assert not torch.allclose(less, more)
    assert not torch.allclose(less, much)


def test_what_is_needed_is_told_in_gaps(generator: Generator) -> None:
    generator.scales[1] = torch.tensor([1.0, 2.0, 4.0])  # the point, the spread, the gap
    assert generator.goal(1, -1) == 0
    assert generator.goal(1, 1) == 2
    torch.testing.assert_close(generator.needed(torch.tensor([2.0, -1.0, 99.0]), 1, -1), torch.tensor([0.5, 0.0, 3.0]))
    torch.testing.assert_close(generator.needed(torch.tensor([0.0]), 1, 1), torch.tensor([0.5]))


def test_a_flow_says_where_a_pixel_comes_from() -> None:
    films = torch.arange(8.0).repeat(8, 1)[None, None] / 8
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0] = 1 / 8
    torch.testing.assert_close(warped(films, flow)[..., :7], films[..., 1:], atol=1e-5, rtol=0)
    half = applied(films, Parts(flow, torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 4, 4)), 0.5)
    torch.testing.assert_close(half[..., :7], films[..., :7] + 1 / 16, atol=1e-5, rtol=0)


def test_ways_and_limits_have_to_be_known() -> None:
    with pytest.raises(ModelError, match="do not fit"):
        build("la-gan", 3, {**SETTINGS, "ways": ["magic"] * 3})
    with pytest.raises(ModelError, match="do not fit"):
        build("la-gan", 2, SETTINGS)


def test_an_autoencoder_draws_films_of_the_same_size_from_a_finer_map_than_one_number() -> None:
    network = build("autoencoder", 1, {"widths": [8, 8], "latent": 3})
    films = torch.rand(2, 1, 64, 64)
    assert network(films).shape == films.shape
    assert network.encode(films).shape == (2, 3, 16, 16)  # type: ignore[operator]
    with pytest.raises(ModelError, match="one output"):
        build("autoencoder", 2, {"widths": [8, 8], "latent": 3})
