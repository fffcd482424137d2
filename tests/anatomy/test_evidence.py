"""Where the evidence of a map lies, on films where the truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG
from app.anatomy.evidence import MARKERS, OFF_MASK, Bound, evidence, odd
from app.anatomy.ground import BELOW, REGIONS, REST, Ground, ground
from app.classifiers import exposed
from app.domain import Evidence, Extent, Image, Share, Window, frozen
from app.phantoms import chest

SIDE = 256
WHOLE = Extent(0, 0, SIDE, SIDE)


def found(film: chest.ChestPhantom) -> NDArray[np.uint8]:
    """Lungs and heart of a phantom by number."""
    labels = np.zeros(film.lungs.shape, np.uint8)
    labels[film.heart] = HEART
    left = np.arange(labels.shape[1]) >= np.flatnonzero(film.heart.any(0)).mean()
    labels[film.lungs & ~left] = RIGHT_LUNG
    labels[film.lungs & left] = LEFT_LUNG
    return labels


def truth(film: chest.ChestPhantom) -> Ground:
    """What lies where on a phantom; what no beam reached shows no body."""
    labels = np.where(film.body, np.where(film.below, BELOW, REST), 0)
    labels = np.where(found(film) > 0, found(film), labels)
    labels[film.pixels <= film.pixels.min()] = 0
    return Ground(frozen(labels.astype(np.uint8)), film.pixels.shape)


def shown(film: chest.ChestPhantom) -> Image:
    return exposed.held(Image("1", 0, film.pixels, windows=(Window(2048, 4096),)))


def focus(x: float, y: float, wide: float = 1.5, cells: int = 14) -> NDArray[np.float32]:
    """A map with one blob, in cells, and evidence against the finding elsewhere."""
    rows, columns = np.mgrid[0:cells, 0:cells]
    return np.asarray(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / wide**2) - 0.05, np.float32)


def test_the_table_of_a_phantom_equals_its_truth() -> None:
    """Where no beam reached and arms touch the frame the outline may err; of all rows nineteen in twenty are right to .03."""
    off = []
    for seed in range(7_710_000, 7_710_010):
        film = chest.draw(seed, ("Nodule",), size=SIDE, marker=False)
        mine, known = ground(shown(film), found(film)), truth(film)
        rng = np.random.default_rng(seed)
        for values in (rng.random((7, 7)), rng.random((56, 56)), *(focus(*rng.uniform(1, 12, 2)) for _ in range(3))):
            told, wanted = evidence(values, WHOLE, mine), evidence(values, WHOLE, known)
            assert [row.region for row in told.shares] == [*REGIONS[1:], REGIONS[0]]
            off += [abs(row.share - right.share) for row, right in zip(told.shares, wanted.shares, strict=True)]
    assert np.mean(off) < 0.01
    assert np.quantile(off, 0.95) < 0.03


def test_coarse_cells_are_spread_by_area() -> None:
    """One cell of four, over a film whose left third is lung: two thirds of the cell lie in it."""
    labels = np.full((6, 12), REST, np.uint8)
    labels[:, :4] = RIGHT_LUNG
    told = evidence(np.array([[0, 3], [0, -9]], np.float32)[:, ::-1], Extent(0, 0, 12, 6), Ground(labels, (6, 12)))
    assert told.of("right lung") == Share("right lung", pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert told.of("rest of the body") == Share("rest of the body", pytest.approx(1 / 3), pytest.approx(2 / 3))
    ratio = told.shares[0].ratio
    assert ratio == pytest.approx(2)


def test_a_map_that_knows_nothing_is_everywhere_as_much_as_its_area() -> None:
    film = chest.draw(7_710_020, size=SIDE)
    told = evidence(np.ones((14, 14), np.float32), WHOLE, ground(shown(film), found(film)))
    assert all(row.ratio == pytest.approx(1, abs=1e-6) for row in told.shares if row.area)
    assert sum(row.share for row in told.shares) == pytest.approx(1)


def test_padding_that_was_read_is_no_body() -> None:
    """A film twice as high as wide, padded to a square: half of the map's area is beside it."""
    labels = np.full((8, 4), REST, np.uint8)
    told = evidence(np.ones((4, 4)), Extent(-2, 0, 6, 8), Ground(labels, (8, 4), measured=False))
    assert [row.region for row in told.shares] == ["rest of the body", "outside the body"]
    assert told.of("outside the body") == Share("outside the body", pytest.approx(0.5), pytest.approx(0.5))


def test_markers_and_the_findings_mask_lie_across_the_regions() -> None:
    labels = np.full((4, 4), REST, np.uint8)
    marks, likely = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    marks[0, 0], likely[2:] = True, True
    values = np.zeros((4, 4))
    values[0, 0], values[3, 3] = 1, 3
    told = evidence(values, Extent(0, 0, 4, 4), Ground(labels, (4, 4), marks), likely)
    assert told.of(MARKERS) == Share(MARKERS, 0.25, 1 / 16)
    assert told.of(OFF_MASK) == Share(OFF_MASK, 0.25, 0.5)


def test_no_positive_evidence_is_an_answer_of_its_own() -> None:
    told = evidence(-np.ones((3, 3)), Extent(0, 0, 3, 3), Ground(np.zeros((3, 3), np.uint8), (3, 3)))
    assert told == Evidence(())
    assert odd(told, [Bound("outside the body", 0, 0)]) is None


def test_lungs_that_were_not_found_have_no_rows() -> None:
    film = chest.draw(7_710_021, size=SIDE)
    told = evidence(np.ones((2, 2)), WHOLE, ground(shown(film), None))
    assert [row.region for row in told.shares] == ["rest of the body", "outside the body"]


def test_odd_is_what_is_furthest_beyond_its_bound() -> None:
    told = Evidence((Share("outside the body", 0.3, 0.1), Share(MARKERS, 0.2, 0.02), Share("right lung", 0.5, 0.1)))
    bounds = [Bound("outside the body", 0.2, 2), Bound(MARKERS, 0.1, 4)]
    assert odd(told, bounds) == Share(MARKERS, 0.2, 0.02)
    assert odd(told, bounds[:1]) == Share("outside the body", 0.3, 0.1)
    assert odd(told, [Bound("outside the body", 0.31, 2)]) is None
    assert odd(told, [Bound("outside the body", 0.2, 3.1)]) is None
