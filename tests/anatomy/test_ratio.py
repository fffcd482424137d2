"""The cardiothoracic ratio: by hand on rectangles, as drawn on phantoms, and refused where it cannot be told."""

import numpy as np
import pytest

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG, NotMeasurable, Ratio, measure, reasons
from app.anatomy.ratio import of_labels
from app.domain import Extent
from app.phantoms import chest
from tests.anatomy.drawn import labels_of


def chest_of(heart: tuple[int, int]) -> np.ndarray:
    """A map (64, 64): lungs from column 6 to 58, a heart between two columns."""
    labels = np.zeros((64, 64), np.uint8)
    labels[10:50, 6:28] = RIGHT_LUNG
    labels[10:50, 36:58] = LEFT_LUNG
    labels[34:52, heart[0] : heart[1]] = HEART
    labels[10:34, 29:35] = HEART
    return labels


def test_by_hand() -> None:
    found = measure(of_labels(chest_of((22, 48))), Extent(0, 0, 640, 640))
    assert isinstance(found, Ratio)
    assert found.value == pytest.approx(26 / 52)
    assert (found.heart.left, found.heart.right) == (220, 480)
    assert (found.chest.left, found.chest.right) == (60, 580)
    assert 340 < found.heart.y < 520
    assert found.low <= found.value <= found.high


def test_what_lies_above_the_carina_is_not_the_heart() -> None:
    labels = chest_of((26, 40))
    labels[12:16, 14:50] = HEART  # a wide top
    found = measure(of_labels(labels), Extent(0, 0, 64, 64))
    assert isinstance(found, Ratio)
    assert found.heart.length == 14


def test_borders_lie_between_cells_and_leave_an_interval() -> None:
    shares = of_labels(chest_of((22, 48)))
    shares[HEART, 34:52, 48], shares[LEFT_LUNG, 34:50, 48] = 0.4, 0.6
    found = measure(shares, Extent(0, 0, 64, 64))
    assert isinstance(found, Ratio)
    assert found.heart.right == pytest.approx(47.5 + (1 - 0.5) / 0.6)
    assert found.high > found.value > found.low


def test_an_unsure_border_is_no_ratio() -> None:
    shares = of_labels(chest_of((22, 48)))
    for column in range(48, 58):
        shares[HEART, 34:50, column], shares[LEFT_LUNG, 34:50, column] = 0.45, 0.55
    assert measure(shares, Extent(0, 0, 64, 64)) == NotMeasurable(reasons.UNSURE)


def test_a_chest_that_the_film_cuts_is_not_measured() -> None:
    labels = of_labels(chest_of((22, 48)))
    assert measure(labels, Extent(0, 0, 64, 64), Extent(6, 0, 64, 64)) == NotMeasurable(reasons.CUT_OFF)
    assert isinstance(measure(labels, Extent(0, 0, 64, 64), Extent(4, 0, 62, 64)), Ratio)


@pytest.mark.parametrize("seed", [1, 4])
def test_a_drawn_heart_grows(seed: int) -> None:
    ratios = []
    for findings in ([], ["Cardiomegaly"]):
        found = measure(of_labels(labels_of(chest.draw(seed, findings, size=192, severity=0.8))), Extent(0, 0, 192, 192))
        assert isinstance(found, Ratio)
        ratios.append(found.value)
    assert 0.35 < ratios[0] < 0.5 < ratios[1] < 0.75


def test_one_lung_alone_is_not_measured() -> None:
    labels = chest_of((22, 48))
    labels[labels == LEFT_LUNG] = 0
    assert measure(of_labels(labels), Extent(0, 0, 64, 64)) == NotMeasurable(reasons.ONE_LUNG)
