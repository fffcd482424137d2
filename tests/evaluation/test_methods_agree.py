"""How far methods agree on films and stacks, beside scipy and beside maps that can be compared in the head."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from app.domain import Extent
from app.evaluation.agreement import (
    Heat,
    compared,
    counts,
    distinct,
    gathered,
    iou,
    overlaps,
    ranks,
    top_area,
    weight,
)

FILM = (64, 64)
WHOLE = Extent(0, 0, 64, 64)


def noise(seed: int, *shape: int) -> NDArray[np.float32]:
    """A signed map."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def blob(row: float, column: float, size: int) -> NDArray[np.float32]:
    """One hot place, in shares of the map's size."""
    y, x = np.mgrid[:size, :size] / size
    return np.asarray(np.exp(-((y - row) ** 2 + (x - column) ** 2) * 40), np.float32)


def test_finer_maps_become_means_over_the_coarsest_maps_cells() -> None:
    coarse, fine, odd = noise(1, 8, 8), noise(2, 32, 32), noise(3, 12, 12)
    found = gathered({"fine": Heat(fine, WHOLE), "coarse": Heat(coarse, WHOLE), "odd": Heat(odd, WHOLE)}, FILM)
    assert found is not None
    assert (found.methods, found.shape, found.extent) == (("fine", "coarse", "odd"), (8, 8), WHOLE)
    assert found.on_film.all()
    blocks = np.maximum(fine, 0).reshape(8, 4, 8, 4).mean((1, 3))
    assert found.cells[0].reshape(8, 8) == pytest.approx(blocks, abs=1e-6)
    assert found.cells[1].reshape(8, 8) == pytest.approx(np.maximum(coarse, 0), abs=1e-6)
    # 12 cells over 8: each coarse cell is one and a half fine ones wide; repeating every fine cell twice makes thirds of it
    thirds = np.repeat(np.repeat(np.maximum(odd, 0), 2, 0), 2, 1).reshape(8, 3, 8, 3).mean((1, 3))
    assert found.cells[2].reshape(8, 8) == pytest.approx(thirds, abs=1e-6)


def test_cells_off_the_film_do_not_count() -> None:
    wide = Extent(-32, 0, 96, 128)  # a tall film in a square: 128 rows, 64 columns
    found = gathered({"a": Heat(noise(1, 8, 8), wide), "b": Heat(noise(2, 16, 16), wide)}, (128, 64))
    assert found is not None
    assert found.on_film.sum() == 32
    assert found.on_film[:, 2:6].all()
    assert found.cells.shape == (2, 32)


def test_a_map_of_another_extent_counts_where_it_lies() -> None:
    right = Heat(np.ones((4, 4), np.float32), Extent(32, 0, 64, 64))
    found = gathered({"left and right": Heat(noise(1, 2, 4), WHOLE), "right": right}, FILM)
    assert found is not None
    assert found.cells[1].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_maps_without_an_order_are_left_out() -> None:
    flat = {"zero": np.zeros((4, 4), np.float32), "against": -np.ones((4, 4), np.float32), "same": np.ones((4, 4), np.float32)}
    assert gathered({name: Heat(values, WHOLE) for name, values in flat.items()}, FILM) is None
    assert gathered({}, FILM) is None
    some = {name: Heat(values, WHOLE) for name, values in {**flat, "blob": blob(0.5, 0.5, 8)}.items()}
    found = compared(some, FILM)
    assert (found.methods, found.rank, found.overlap, found.disagreement) == (("blob",), None, None, None)


def test_the_tables_are_scipys() -> None:
    maps = {name: Heat(noise(seed, size, size), WHOLE) for seed, (name, size) in enumerate([("a", 8), ("b", 32), ("c", 24)])}
    found = gathered(maps, FILM)
    assert found is not None
    expected = spearmanr(found.cells.astype(np.float64).T).statistic
    assert ranks(found.cells) == pytest.approx(expected, abs=1e-9)
    table = overlaps(found.cells, 0.1)
    areas = [set(np.argsort(cells)[-6:].tolist()) for cells in found.cells]  # a tenth of 64, rounded
    assert table[0, 1] == pytest.approx(len(areas[0] & areas[1]) / len(areas[0] | areas[1]))
    assert (table == table.T).all()
    assert (np.diag(table) == 1).all()
    overall = compared(maps, FILM)
    pairs = np.triu_indices(3, 1)
    assert overall.rank == pytest.approx(expected[pairs].mean())
    assert overall.overlap == pytest.approx(table[pairs].mean())
    assert counts(found.cells, 0.1).sum() == 18


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.25, 4), (0.3, 5), (0.5, 9)])
def test_a_top_area_takes_ties_in_and_nothing_below_zero(share: float, expected: int) -> None:
    cells = np.array([9, 8, 7, 6, 5, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0], np.float32)
    assert top_area(cells, share).sum() == expected
    assert top_area(cells, 1).sum() == 9


def test_iou_of_nothing_is_not_a_number() -> None:
    nothing = np.zeros(4, np.bool_)
    assert np.isnan(iou(nothing, nothing))
    assert iou(nothing, ~nothing) == 0


def test_maps_that_are_one_map_have_one_vote() -> None:
    hot, other = blob(0.2, 0.2, 16), blob(0.8, 0.8, 16)
    found = compared({"cam": Heat(hot, WHOLE), "gradcam": Heat(hot * 7, WHOLE), "lrp": Heat(other, WHOLE)}, FILM)
    assert found.methods == ("cam", "lrp")
    assert found.rank is not None
    assert found.rank < 0
    assert (found.overlap, found.disagreement) == (0, 1)
    assert distinct(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], np.float64)) == [0, 2]
    alike = compared({"cam": Heat(hot, WHOLE), "lrp": Heat(hot + noise(0, 16, 16) * 1e-3, WHOLE)}, FILM)
    assert alike.disagreement is not None
    assert alike.disagreement < 0.3


def test_a_stack_is_ranked_over_all_its_slices_together() -> None:
    coarse, fine = noise(1, 3, 8, 8), noise(2, 3, 32, 32)
    maps = {"coarse": Heat(coarse, WHOLE), "fine": Heat(fine, WHOLE)}
    found = gathered(maps, FILM)
    assert found is not None
    assert (found.shape, found.slices, found.cells.shape) == ((8, 8), 3, (2, 3 * 64))
    assert found.cells[0] == pytest.approx(np.maximum(coarse, 0).ravel(), abs=1e-6)
    assert found.cells[1] == pytest.approx(np.maximum(fine, 0).reshape(3, 8, 4, 8, 4).mean((2, 4)).ravel(), abs=1e-6)
    expected = spearmanr(found.cells.astype(np.float64).T).statistic
    assert compared(maps, FILM).rank == pytest.approx(expected, abs=1e-9)
    areas = [set(np.argsort(cells)[-19:].tolist()) for cells in found.cells]  # a tenth of 192, rounded
    assert compared(maps, FILM).overlap == pytest.approx(len(areas[0] & areas[1]) / len(areas[0] | areas[1]))


def test_a_slice_may_be_empty_and_the_strongest_slice_has_the_top_area() -> None:
    """Of ten slices one is hot on both maps: film by film nine would have nothing to compare."""
    hot, other = (np.zeros((10, 8, 8), np.float32) for _ in range(2))
    hot[4], other[4] = blob(0.3, 0.3, 8), blob(0.4, 0.4, 8)
    found = gathered({"a": Heat(hot, WHOLE), "b": Heat(other, WHOLE)}, FILM)
    assert found is not None
    for cells in found.cells:
        assert set(np.flatnonzero(top_area(cells)) // 64) == {4}
    told = compared({"a": Heat(hot, WHOLE), "b": Heat(other, WHOLE)}, FILM)
    assert told.disagreement is not None
    assert told.disagreement < 0.1
    assert compared({"a": Heat(hot * 0, WHOLE), "b": Heat(other, WHOLE)}, FILM).methods == ("b",)


def test_a_film_is_a_stack_of_one_to_the_last_bit_and_cells_off_its_slices_do_not_count() -> None:
    wide = Extent(-32, 0, 96, 128)
    flat = {name: noise(seed, size, size) for seed, (name, size) in enumerate([("a", 8), ("b", 16), ("c", 24)])}
    film, one = (
        {name: Heat(values.reshape(*shape, *values.shape), wide) for name, values in flat.items()} for shape in ((), (1,))
    )
    assert compared(film, (128, 64)) == compared(one, (128, 64))
    stack = gathered({name: Heat(np.stack([values] * 3), wide) for name, values in flat.items()}, (128, 64))
    alone = gathered(film, (128, 64))
    assert stack is not None
    assert alone is not None
    np.testing.assert_array_equal(stack.cells, np.tile(alone.cells, 3))


def test_maps_of_different_stacks_are_not_compared() -> None:
    with pytest.raises(ValueError, match="as many slices"):
        gathered({"a": Heat(noise(1, 3, 8, 8), WHOLE), "b": Heat(noise(2, 4, 8, 8), WHOLE)}, FILM)


def test_a_disagreement_weighs_as_much_as_the_finding_is_likely_and_nothing_far_below_its_point() -> None:
    assert [weight(p, 0.5) for p in (0.9, 0.5, 0.25, 0.24, 0.04)] == [0.9, 0.5, 0.25, 0.0, 0.0]
    assert [weight(p, 0.16) for p in (0.17, 0.08, 0.07)] == [0.17, 0.08, 0.0], "a rare finding is called from a small one on"
