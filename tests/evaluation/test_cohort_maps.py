"""Mean maps in one pose, and groups of films on which a network looks at the same place."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import Extent
from app.evaluation import cohort_maps
from app.evaluation.cohort_maps import Cluster, clusters, mean_map, posed

Map = NDArray[np.float32]


def spot(random: np.random.Generator, centre: tuple[float, float], side: int = 32, spread: float = 1.5) -> Map:
    """A map with one spot near a place, on a little of everything."""
    down, over = np.mgrid[0:side, 0:side]
    y, x = random.normal(centre, 0.8)
    bump = np.exp(-((down - y) ** 2 + (over - x) ** 2) / (2 * spread**2))
    return np.asarray(random.uniform(0.5, 5) * (bump + 0.02 * random.random((side, side))), np.float32)


def test_a_posed_map_keeps_its_sum_wherever_its_cells_lie() -> None:
    """Seven cells on sixteen, over a rectangle that begins before the field: what is within adds up, by area."""
    values = np.random.default_rng(0).random((7, 5)).astype(np.float32)
    field = Extent(10, 20, 110, 220)
    laid = posed(values, Extent(10, 20, 110, 220), field, 16)
    assert laid.shape == (16, 16)
    assert float(laid.sum()) == pytest.approx(float(values.sum()), rel=1e-5)
    half = posed(values, Extent(-90, 20, 110, 220), field, 16)
    assert float(half.sum()) == pytest.approx(float(values[:, 2].sum() / 2 + values[:, 3:].sum()), rel=1e-5)


def test_a_pose_makes_films_of_every_size_and_frame_alike() -> None:
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = 3
    small = posed(values, Extent(0, 0, 40, 40), Extent(0, 0, 40, 40), 8)
    large = posed(values, Extent(300, 100, 1100, 900), Extent(300, 100, 1100, 900), 8)
    np.testing.assert_allclose(small, large, atol=1e-6)
    assert np.argwhere(small > 0).tolist() == [[2, 4], [2, 5], [3, 4], [3, 5]]


def test_the_outermost_cells_are_as_wide_as_they_are_drawn() -> None:
    values = np.ones((2, 2), np.float32)
    shifted = Extent(-5, -5, 15, 15, reach=Extent(0, 0, 20, 20))
    laid = posed(values, shifted, side=4)
    assert float(laid.sum()) == pytest.approx(4)
    assert laid[0, 0] == pytest.approx(1.0, abs=1e-6), "the first cell is drawn from 0 to 5"


def test_every_film_counts_alike_in_a_mean_and_signs_stay() -> None:
    strong, weak = np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)
    strong[0, 0], weak[1, 1] = 1000, -0.5
    whole = Extent(0, 0, 2, 2)
    mean = mean_map([strong, weak, np.zeros((2, 2), np.float32)], [whole] * 3, side=2)
    assert mean.tolist() == [[0.5, 0.0], [0.0, -0.5]]
    assert not mean_map([], [], side=4).any()
    with pytest.raises(ValueError, match="argument"):
        mean_map([strong], [whole, whole])


@pytest.mark.parametrize("planted", [8, 20])
def test_films_that_look_at_a_corner_are_a_group_of_their_own(planted: int) -> None:
    random = np.random.default_rng(planted)
    maps = [spot(random, (22, 10)) for _ in range(100)] + [spot(random, (20, 22)) for _ in range(60)]
    maps += [spot(random, (2, 29)) for _ in range(planted)]
    found = clusters(maps)
    own = [one for one in found if 160 in one.members]
    assert [set(one.members) for one in own] == [set(range(160, 160 + planted))]
    assert 4 <= len(found) <= 12
    assert all(len({member < 100 for member in one.members if member < 160}) <= 1 for one in found), (
        "no place is mixed with another"
    )
    assert sum(one.share for one in found) == pytest.approx(1)
    row, column = np.unravel_index(own[0].mean.argmax(), own[0].mean.shape)
    assert abs(row - 2) <= 2
    assert abs(column - 29) <= 2
    assert float(own[0].mean.sum()) == pytest.approx(1, rel=1e-4)


def test_one_place_is_one_group_among_few_films_and_the_most_typical_film_comes_first() -> None:
    random = np.random.default_rng(4)
    maps = [spot(random, (16, 16)) for _ in range(30)]
    maps[17] = spot(np.random.default_rng(1), (16, 19))
    (only,) = clusters(maps)
    assert isinstance(only, Cluster)
    assert sorted(only.members) == list(range(30))
    assert only.members[-1] == 17
    assert only.typical(4) == only.members[:4]


def test_groups_are_the_same_each_time_and_whatever_a_map_is_worth() -> None:
    random = np.random.default_rng(6)
    maps = [spot(random, centre) for centre in [(8, 8)] * 30 + [(24, 24)] * 30]
    first, again = clusters(maps), clusters(maps)
    assert [one.members for one in first] == [one.members for one in again]
    louder = [one * factor for one, factor in zip(maps, random.uniform(0.001, 1000, 60).astype(np.float32), strict=True)]
    assert [set(one.members) for one in clusters(louder)] == [set(one.members) for one in first]


def test_maps_without_evidence_are_in_no_group() -> None:
    random = np.random.default_rng(2)
    maps = [spot(random, (8, 8)) for _ in range(10)]
    maps[3] = -maps[3]
    maps[5] = np.zeros_like(maps[5])
    maps[7] = np.full_like(maps[7], np.nan)
    assert {member for one in clusters(maps) for member in one.members} == {0, 1, 2, 4, 6, 8, 9}
    assert clusters([]) == ()
    assert clusters([maps[5]]) == ()
    (few,) = clusters(maps[:3])
    assert few.size == 3


def test_the_number_of_groups_is_where_the_eigenvalues_leap() -> None:
    """Five groups that touch nowhere: the normalised Laplacian has 0 five times (von Luxburg 2007, proposition 4)."""
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(10 * at, 0.1, (20, 3)) for at in range(5)])
    graph = cohort_maps._graph(points)
    np.testing.assert_array_equal(graph, graph.T)
    values, _ = cohort_maps._spectrum(graph, 7)
    np.testing.assert_allclose(values[:5], 0, atol=1e-9)
    assert values[5] > 0.02
    groups = cohort_maps.grouped(points)
    assert [len(set(groups[start : start + 20])) for start in range(0, 100, 20)] == [1] * 5
    assert len(set(groups.tolist())) == 5
