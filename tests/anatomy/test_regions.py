"""Maps of labels: their largest parts, holes and areas, and why nothing is measured on some."""

import numpy as np
import pytest

from app.anatomy import HEART, LEFT_LUNG, NAMES, RIGHT_LUNG, areas, cleaned, reasons, unmeasurable
from app.domain import Extent
from app.phantoms import chest
from tests.anatomy.drawn import labels_of


def boxes(**at: tuple[int, int, int, int]) -> np.ndarray:
    """A map (40, 40) of rectangles: rows from, to, columns from, to."""
    out = np.zeros((40, 40), np.uint8)
    for name, (top, bottom, left, right) in at.items():
        out[top:bottom, left:right] = {"right": RIGHT_LUNG, "left": LEFT_LUNG, "heart": HEART}[name]
    return out


def test_the_codes_are_frozen() -> None:
    assert (RIGHT_LUNG, LEFT_LUNG, HEART) == (1, 2, 3)
    assert list(NAMES) == [0, 1, 2, 3]


def test_specks_go_and_holes_close() -> None:
    labels = boxes(right=(5, 30, 4, 14), left=(5, 30, 26, 36), heart=(15, 32, 15, 25))
    labels[0, 39] = RIGHT_LUNG
    labels[35, 2] = HEART
    labels[10:12, 8:10] = HEART  # a speck within a lung
    labels[20, 30] = 0
    found = cleaned(labels)
    assert found[0, 39] == found[35, 2] == 0
    assert (found[5:30, 4:14] == RIGHT_LUNG).all()
    assert found[20, 30] == LEFT_LUNG
    assert not found.flags.writeable


def test_what_several_enclose_is_none_of_them() -> None:
    labels = boxes(right=(5, 30, 4, 20), left=(5, 30, 21, 36))
    labels[5:8, 20] = labels[27:30, 20] = RIGHT_LUNG
    assert (cleaned(labels)[10:25, 20] == 0).all()


def test_areas_are_in_pixels_of_the_image() -> None:
    labels = boxes(right=(0, 10, 0, 10))
    assert areas(labels, Extent(-20, 0, 380, 200)) == {RIGHT_LUNG: 100 * 10 * 5, LEFT_LUNG: 0, HEART: 0}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (boxes(), reasons.NO_LUNGS),
        (boxes(left=(5, 30, 26, 36), heart=(15, 32, 15, 25)), reasons.ONE_LUNG),
        (boxes(right=(25, 30, 4, 14), left=(5, 30, 26, 36), heart=(15, 32, 15, 25)), reasons.ONE_LUNG),
        (boxes(right=(5, 9, 4, 8), left=(5, 9, 12, 16), heart=(6, 9, 9, 11)), reasons.SMALL),
        (boxes(right=(5, 30, 26, 36), left=(5, 30, 4, 14), heart=(15, 32, 15, 25)), reasons.SWAPPED),
        (boxes(right=(5, 30, 4, 14), left=(5, 30, 26, 36)), reasons.NO_HEART),
        (boxes(right=(5, 30, 4, 14), left=(5, 30, 26, 36), heart=(15, 32, 15, 25)), ""),
    ],
)
def test_why_nothing_is_measured(labels: np.ndarray, reason: str) -> None:
    assert unmeasurable(labels) == reason
    assert not reason or reason in reasons.REASONS


@pytest.mark.parametrize("seed", range(4))
def test_phantoms_are_measurable(seed: int) -> None:
    assert unmeasurable(cleaned(labels_of(chest.draw(seed, size=128)))) == ""
