"""Figures about counterfactuals, on made answers and made films."""

import math

import numpy as np
import pytest

from app.evaluation import counterfactual as figures


def test_a_flip_lies_half_a_spread_beyond_the_point() -> None:
    after = np.array([0.9, 0.49, 0.51, -3.0])
    assert figures.flipped(after, 1.0, 1.0).tolist() == [False, True, False, True]
    assert figures.flipped(np.array([1.4, 1.6]), 1.0, 1.0, 1).tolist() == [False, True]


def test_changes_are_told_in_the_network_s_own_gaps() -> None:
    answers = np.array([5.0, 3.0, 4.0, -1.0, 0.0, 1.0, 9.0])
    called = np.array([True, True, True, False, False, False, False])
    normal = np.array([False, False, False, True, True, True, False])
    assert figures.gap(answers, called, normal) == 4.0
    assert math.isnan(figures.gap(answers, np.zeros(7, bool), normal))
    assert figures.moved(np.array([0.0, 1.0]), np.array([1.0, 0.0]), 4.0) == 0.25


def test_the_badge_says_whom_an_edit_fools() -> None:
    own = np.array([-1.0, -1.2, -0.8])
    said = [figures.badge(figures.gap_ratio(share * own, own)) for share in (0.1, 1.0, 2.0)]
    assert said == [figures.FOOLED, figures.AGREED, figures.ELSEWHERE]
    assert figures.badge(figures.gap_ratio(own, 0 * own)) == ""
    assert figures.badge(figures.gap_ratio(-own, own)) == figures.FOOLED, "the other way is no agreement"


def test_pixels_count_as_changed_above_two_hundredths() -> None:
    before = np.zeros((2, 10, 10))
    after = before.copy()
    after[0, :5] = 0.03
    after[1, :5] = 0.01
    assert figures.pixels_changed(before, after).tolist() == [0.5, 0.0]


def test_a_stamp_is_alike_on_every_film_and_findings_are_not() -> None:
    rng = np.random.default_rng(0)
    stamp = np.zeros((40, 40))
    stamp[10:20, 5:15] = -0.3
    assert figures.between_films(np.stack([stamp * strength for strength in (1, 0.5, -2)])) > 0.99
    spots = np.zeros((6, 40, 40))
    for place in spots:
        row, column = rng.integers(0, 32, 2)
        place[row : row + 6, column : column + 6] = 0.2
    assert figures.between_films(spots) < 0.2
    assert math.isnan(figures.between_films(np.zeros((3, 8, 8))))
    assert math.isnan(figures.between_films(spots[:1]))


def test_the_share_inside_a_region() -> None:
    change = np.zeros((8, 8))
    change[0, :4], change[7, :4] = 1, -3
    region = np.zeros((8, 8), bool)
    region[:4] = True
    assert figures.share_inside(change, region) == 0.25
    assert math.isnan(figures.share_inside(np.zeros((8, 8)), region))


def test_structural_similarity_sees_where_a_film_was_changed() -> None:
    film = np.random.default_rng(0).random((40, 40))
    after = film.copy()
    after[:20] = film[:20][::-1]
    upper = np.zeros((40, 40), bool)
    upper[:24] = True
    assert figures.ssim(film, film).min() == pytest.approx(1.0)
    assert figures.ssim_outside(film, after, upper) == pytest.approx(1.0)
    assert figures.ssim_outside(film, after, ~upper) < 0.6
    assert math.isnan(figures.ssim_outside(film, after, np.ones((40, 40), bool)))
    flat, brighter = np.full((9, 9), 0.4), np.full((9, 9), 0.6)
    assert figures.ssim(flat, brighter)[4, 4] == pytest.approx((2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4))


def test_the_distance_to_the_healthy_twin() -> None:
    ill, twin = np.ones((4, 4)), np.zeros((4, 4))
    assert figures.nearer(ill, 0.25 * ill, twin) == 0.25
    assert figures.nearer(ill, ill, twin) == 1
    assert math.isnan(figures.nearer(ill, ill, ill))


def test_overlap_stands_beside_maps_that_know_nothing() -> None:
    truth = np.zeros((32, 32), bool)
    truth[20:28, 4:12] = True
    mask = np.zeros((32, 32), np.float32)
    mask[16:, :16] = 1
    maps = figures.beside((32, 32), np.random.default_rng(0), {"mask": mask})
    assert set(maps) == {"random", "centre", "mask"}
    assert figures.overlap(truth.astype(np.float32), truth) == figures.Overlap(1.0, 1.0, 1.0)
    assert figures.overlap(maps["mask"], truth).mass == pytest.approx(0.25)
    assert figures.overlap(maps["centre"], truth).pointing == 0
    assert math.isnan(figures.overlap(mask, np.zeros((32, 32), bool)).iou)


def test_a_fresh_critic_is_judged_on_patients_that_it_did_not_see() -> None:
    rng = np.random.default_rng(0)
    healthy, edited = rng.random((30, 6, 6)), rng.random((30, 6, 6))
    edited[:, 0, 0] += 5
    own, other = (np.array([f"{name}{place // 2}" for place in range(30)]) for name in "ab")
    asked: list[int] = []

    def by_corner(films: np.ndarray, truth: np.ndarray, rest: np.ndarray) -> np.ndarray:
        asked.append(len(films))
        sign = np.sign(films[truth, 0, 0].mean() - films[~truth, 0, 0].mean())
        return np.asarray(sign * rest[:, 0, 0])

    def by_heart(films: np.ndarray, truth: np.ndarray, rest: np.ndarray) -> np.ndarray:
        known = {film.tobytes(): bool(side) for film, side in zip(films, truth, strict=True)}
        return np.array([float(known.get(film.tobytes(), False)) for film in rest])

    assert figures.fresh_critic(edited, healthy, own, other, by_corner).value > 0.99
    assert sum(asked) == 60
    assert 0.3 < figures.fresh_critic(edited, healthy, own, other, by_heart).value < 0.7
