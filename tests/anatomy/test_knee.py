"""Where evidence lies on a knee's slices: against sums that are worked out by hand, and against drawn knees."""

import numpy as np
import pytest

from app.anatomy import knee
from app.domain import Evidence, Extent
from app.phantoms import knee as drawn
from app.phantoms.knee.parts import PARTS

WHOLE = Extent(0, 0, 8, 8)


def parts() -> knee.Parts:
    """Two slices of 4 × 4 cells over 8 × 8 pixels: the left half bone, of the first slice the right upper quarter meniscus."""
    codes = np.zeros((2, 4, 4), np.uint8)
    codes[:, :, :2] = knee.BONES
    codes[0, :2, 2:] = knee.MENISCI
    return knee.Parts(codes, WHOLE)


def test_a_map_that_knows_nothing_has_the_shares_of_the_areas() -> None:
    table = knee.evidence(np.ones((2, 3, 3)), WHOLE, parts())
    told = {row.region: (row.share, row.area, row.ratio) for row in table.shares}
    assert told["bones"] == pytest.approx((0.5, 0.5, 1))
    assert told["where menisci lie"] == pytest.approx((0.125, 0.125, 1))
    assert told["outside the knee"] == pytest.approx((0.375, 0.375, 1))


def test_slices_count_by_what_they_hold_and_a_cell_by_area() -> None:
    values = np.zeros((2, 2, 2))
    values[0] = [[0, 3], [0, 0]]  # all of it on the meniscus
    values[1] = [[1, 0], [-5, 0]]  # on bone; what speaks against does not count
    told = {row.region: row.share for row in knee.evidence(values, WHOLE, parts()).shares}
    assert told["where menisci lie"] == pytest.approx(0.75)
    assert told["bones"] == pytest.approx(0.25)
    assert knee.evidence(-values.clip(0), WHOLE, parts()) == Evidence(())


def test_padding_is_outside_of_the_knee() -> None:
    told = {row.region: row.share for row in knee.evidence(np.ones((2, 1, 1)), Extent(-8, 0, 8, 16), parts()).shares}
    assert told["bones"] == pytest.approx(0.125)
    assert sum(told.values()) == pytest.approx(1)


def test_a_drawn_knee_is_bone_menisci_ligaments_tissue_and_air() -> None:
    phantom = drawn.draw(8_500_001, ("ACL discontinuity",), size=96, slices=20, parted=True)
    assert len(PARTS) + 2 == len(knee.NAMES)
    for stack in phantom.stacks:
        assert stack.parts is not None
        low, high = np.percentile(stack.pixels, (1, 99.5))
        grey = np.clip((stack.pixels - low) / (high - low), 0, 1)
        codes = knee.divided(stack.parts, grey, Extent(0, 0, 96, 96)).codes
        for code in (knee.BONES, knee.MENISCI, knee.CRUCIATES):
            np.testing.assert_array_equal(codes == code, stack.parts == code)
        assert (codes == knee.BONES).mean() > 0.08
        assert 0.3 < (codes != knee.OUTSIDE).mean() < 0.8, stack.plane
        assert not (codes[:, :2, :2] != knee.OUTSIDE).any() or stack.plane != "axial"
        torn = stack.masks["ACL discontinuity"]
        assert (codes[torn] == knee.CRUCIATES).mean() > 0.3, "the torn ligament lies where ligaments lie"
    assert drawn.draw(8_500_001, (), size=64, slices=20).stacks[0].parts is None
