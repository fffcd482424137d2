"""What a counterfactual may change: planes around this film's own anatomy."""

import numpy as np
from scipy import ndimage

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG
from app.anatomy.limits import LIMITS, SIDE, limits
from app.phantoms import chest
from app.training.counterfactual.drawn import labels

HULL, LUNGS, HEART_, BASES, BORDER = range(len(LIMITS))


def test_the_limits_lie_around_the_film_s_own_anatomy() -> None:
    phantom = chest.draw(5, size=128)
    codes = labels(phantom)
    planes = limits(codes)
    assert planes.shape == (5, SIDE, SIDE)
    assert 0 <= planes.min() <= planes.max() <= 1
    small = codes[1::2, 1::2]
    lungs, heart = np.isin(small, (RIGHT_LUNG, LEFT_LUNG)), small == HEART
    assert planes[HULL][lungs | heart].mean() > 0.9
    assert planes[HEART_][heart].mean() > 0.9
    assert planes[HEART_].sum() < 0.6 * planes[HULL].sum()
    rows = np.flatnonzero(lungs.any(1))
    upper = slice(0, int(rows[0] + 0.25 * len(rows)))
    assert planes[BASES][upper].max() == 0, "nothing of the base lies high"
    assert planes[BORDER][upper].max() == 0, "nothing moves above the hila"
    assert planes[BORDER].max() > 0.9
    inside = ndimage.binary_erosion(heart, iterations=5)
    assert inside.any()
    for plane in (LUNGS, BASES):
        assert planes[plane][inside].max() < 0.05, "no stamp over the heart"
        assert planes[plane][lungs].max() > 0.9
    corner = planes[:, : SIDE // 16, : SIDE // 16]
    assert corner.max() < 0.05, "beyond the chest nothing may be changed"


def test_a_moved_chest_moves_its_limits() -> None:
    codes = labels(chest.draw(5, size=128))
    there, here = limits(np.roll(codes, 8, 1)), limits(codes)
    np.testing.assert_allclose(there[:, :, 12:], here[:, :, 8:-4], atol=0.02)


def test_without_a_lung_there_is_no_limit() -> None:
    assert not limits(np.zeros((64, 64), np.uint8)).any()
    only_heart = np.zeros((64, 64), np.uint8)
    only_heart[30:50, 20:44] = HEART
    assert not limits(only_heart).any()
