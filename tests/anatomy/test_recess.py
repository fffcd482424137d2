"""How white the costophrenic recesses are: by hand on rectangles, and on phantoms with an effusion and without."""

import numpy as np
import pytest

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG, recess
from app.phantoms import chest
from tests.anatomy.drawn import labels_of


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A map (60, 60) of two lungs and a heart, and a film of it: lungs 0.2, the heart 0.7."""
    labels = np.zeros((60, 60), np.uint8)
    labels[5:55, 4:26], labels[5:55, 34:56], labels[25:55, 26:34] = RIGHT_LUNG, LEFT_LUNG, HEART
    film = np.where(labels == HEART, 0.7, np.where(labels > 0, 0.2, 0.5)).astype(np.float32)
    return labels, film


def test_by_hand() -> None:
    labels, film = drawn()
    assert recess.whiteness(labels, film) == pytest.approx(0)
    film[46:55, 4:14] = 0.45  # the outer corner of the right lung
    assert recess.whiteness(labels, film) == pytest.approx(0.5)
    film[46:55, 46:56] = 0.7  # and the left one's: the whiter of the two is told
    assert recess.whiteness(labels, film) == pytest.approx(1)
    film[46:55, 4:26] = 0.9
    film[46:55, 46:56] = 0.2
    assert recess.whiteness(labels, film) == pytest.approx(1.4)


def test_the_inner_corner_is_no_recess() -> None:
    labels, film = drawn()
    film[46:55, 16:26] = 0.7
    assert recess.whiteness(labels, film) == pytest.approx(0)


def test_what_is_not_there_is_not_told() -> None:
    labels, film = drawn()
    for code in (RIGHT_LUNG, LEFT_LUNG, HEART):
        assert recess.whiteness(np.where(labels == code, 0, labels).astype(np.uint8), film) is None
    assert recess.whiteness(labels, np.full_like(film, 0.4)) is None


def test_an_effusion_whitens_it() -> None:
    whiter = []
    for seed in range(40, 52):
        healthy, ill = (chest.draw(seed, findings, size=128) for findings in ((), ("Effusion",)))
        values = [recess.whiteness(labels_of(healthy), one.pixels / 4095) for one in (healthy, ill)]
        assert None not in values
        whiter.append(values[1] > values[0] + 0.1)  # type: ignore[operator]
    assert sum(whiter) >= 9, "a small effusion may leave the corner as it is"
