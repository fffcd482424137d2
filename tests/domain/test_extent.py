"""Rectangles on images: where a layer's cells lie, how far they are drawn, and how much of them is padding."""

import numpy as np
import pytest

from app.domain import Extent

READ = Extent(-20, 0, 80, 100)
"""A film of 100 × 60 pixels, padded to a square."""


def test_an_extent_comes_back_from_its_numbers() -> None:
    for one in (READ, Extent(-23.5, -3.5, 72.5, 92.5, READ)):
        assert Extent.of(one.numbers()) == one
        assert one.drawn == READ


def test_seen_from_elsewhere_the_reach_moves_along() -> None:
    moved = Extent(-24, -4, 76, 96, READ).seen_from(-20, 0, 2.24, 2.24)
    assert moved.numbers() == pytest.approx([-8.96, -8.96, 215.04, 215.04, 0, 0, 224, 224])


def test_cells_are_drawn_as_far_as_the_reach() -> None:
    down, across = Extent(-2, 1, 6, 7, Extent(0, 0, 8, 8)).edges(3, 4)
    assert down.tolist() == [0, 3, 5, 8]  # held up to both borders
    assert across.tolist() == [0, 0, 2, 4, 8]  # the first lies outside, the last is held up to the border
    down, across = Extent(0, 0, 6, 9).edges(3, 2)
    assert (down.tolist(), across.tolist()) == ([0, 3, 6, 9], [0, 3, 6])


def test_the_share_in_padding_goes_by_size_and_area() -> None:
    values = np.zeros((1, 5, 5), np.float32)
    assert READ.beyond(values, (100, 60)) == 0
    values[0, :, 0] = -1  # the columns of padding on the left
    assert READ.beyond(values, (100, 60)) == pytest.approx(1)
    values[0, :, 2] = 3
    assert READ.beyond(values, (100, 60)) == pytest.approx(0.25)
    assert Extent(0, 0, 60, 100).beyond(values, (100, 60)) == 0
    half = Extent(-10, 0, 70, 100, READ)  # cells of 16 pixels, the first is drawn 26 wide: 20 of them in padding
    only = np.zeros((2, 1, 5), np.float32)
    only[1, 0, 0] = 1
    assert half.beyond(only, (100, 60)) == pytest.approx(20 / 26)
