"""A network whose pooling is weighted by masks: exact sums, masks of ones change nothing, and what it is read from."""

import pytest
import torch

from app.classifiers.compact import CompactResidual
from app.classifiers.masked import CompactMasked, MaskedHead, floored
from app.classifiers.networks import build
from app.training.members import answering, take

SHAPE = {"widths": [4, 6], "strides": [1, 2], "blocks": 1}


@pytest.fixture
def network() -> CompactMasked:
    torch.manual_seed(0)
    built = build("compact-masked", 3, {**SHAPE, "cells": 4})
    assert isinstance(built, CompactMasked)
    built.head.masks.copy_(floored(torch.rand(3, 4, 4), 0.3))
    return built.double()


def test_both_terms_of_every_cell_add_up_to_the_logit(network: CompactMasked) -> None:
    films = torch.rand(2, 1, 32, 32, dtype=torch.float64)
    features = network.features(network.stem(films))
    attended, whole = network.head.terms((4, 4))
    cells = torch.einsum("fchw,nchw->nfhw", attended + whole, features)
    torch.testing.assert_close(cells.sum((2, 3)) + network.head.bias, network(films), rtol=1e-12, atol=1e-12)
    by_hand = torch.einsum("fc,nfc->nf", network.head.weight, torch.einsum("fhw,nchw->nfc", network.head.masks, features) / 16)
    by_hand += features.mean((2, 3)) @ network.head.whole.T + network.head.bias
    torch.testing.assert_close(network(films), by_hand, rtol=1e-12, atol=1e-12)


def test_a_mask_of_ones_answers_as_the_plain_network_it_began_with() -> None:
    torch.manual_seed(1)
    plain, films = CompactResidual(5, **SHAPE).eval(), torch.rand(2, 1, 32, 32)  # type: ignore[arg-type]
    masked = build("compact-masked", 3, {**SHAPE, "cells": 4})
    take(masked, plain.state_dict())
    torch.testing.assert_close(masked(films), plain(films)[:, :3])


def test_masks_are_brought_to_a_map_of_another_size_with_the_mean_one(network: CompactMasked) -> None:
    attended, _ = network.head.terms((6, 6))
    weights = attended.sum((2, 3))  # a mask's mean is 1: over the cells its weights are the channel's own
    torch.testing.assert_close(weights, network.head.weight, rtol=1e-6, atol=1e-9)
    assert network(torch.rand(1, 1, 48, 48, dtype=torch.float64)).shape == (1, 3)


def test_a_floor_leaves_something_everywhere() -> None:
    shares = torch.zeros(2, 3, 3)
    shares[0, 1, 1] = 0.2
    masks = floored(shares, 0.25)
    torch.testing.assert_close(masks.mean((1, 2)), torch.ones(2))
    assert masks[0].min() == 0.25
    assert torch.equal(masks[1], torch.ones(3, 3))  # nothing is known of it: plain pooling


def test_what_is_written_has_no_helper_questions(network: CompactMasked) -> None:
    films = torch.rand(2, 1, 32, 32, dtype=torch.float64)
    before = network(films)[:, :2]
    cut = answering([network], 2)
    assert isinstance(cut.head, MaskedHead)
    assert torch.equal(cut(films), before)
