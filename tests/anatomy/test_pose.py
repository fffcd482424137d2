"""Poses: known affines are found again, films are carried there and back, and bad ones are refused in words."""

import numpy as np
import pytest

from app.anatomy import CANONICAL, HEART, LEFT_LUNG, RIGHT_LUNG, SIZE, NoPose, Pose, cleaned, reasons
from app.anatomy.regions import Labels
from app.domain import Extent
from app.phantoms import chest
from tests.anatomy.drawn import labels_of, turned

FILM = Extent(0, 0, 256, 256)


def posed(labels: Labels, extent: Extent = FILM) -> Pose:
    found = Pose.fit(cleaned(labels), extent)
    assert isinstance(found, Pose)
    return found


@pytest.fixture(scope="module", params=[4, 8])
def labels(request: pytest.FixtureRequest) -> Labels:
    return labels_of(chest.draw(request.param, size=256))


@pytest.mark.parametrize(("angle", "across", "down"), [(12, 1.0, 1.0), (-15, 0.87, 0.87), (9, 1.12, 0.9), (-5, 0.9, 1.15)])
def test_a_known_affine_is_found_again(labels: Labels, angle: float, across: float, down: float) -> None:
    before, after = posed(labels), posed(turned(labels, angle, across, down))  # type: ignore[arg-type]
    moved = after.matrix @ np.linalg.inv(before.matrix)
    turn = np.degrees(np.arctan2(moved[1, 0] - moved[0, 1], moved[0, 0] + moved[1, 1]))
    assert turn == pytest.approx(angle, abs=2)
    assert after.across / before.across == pytest.approx(across, rel=0.04)
    assert after.down / before.down == pytest.approx(down, rel=0.04)


def test_the_pose_goes_with_the_extent(labels: Labels) -> None:
    plain, there = posed(labels), posed(labels, Extent(100, -50, 100 + 512, -50 + 512))
    assert there.numbers() == pytest.approx(
        (plain.x * 2 + 100, plain.y * 2 - 50, plain.angle, plain.across * 2, plain.down * 2)
    )


def test_points_and_boxes_go_there_and_back(labels: Labels) -> None:
    pose = posed(labels)
    points = np.array([[0.0, 0.0], [37.5, 200.25], [255.0, 3.0]])
    assert pose.back(pose.forward(points)) == pytest.approx(points)
    assert pose.forward(np.array([[pose.x, pose.y]])) == pytest.approx(np.full((1, 2), SIZE / 2))
    box = Extent(60, 80, 90, 100)
    around = pose.box_back(pose.box(box))
    assert around.left <= 60
    assert around.top <= 80
    assert around.right >= 90
    assert around.bottom >= 100
    assert Pose.of(pose.numbers()) == pose


def test_lungs_fill_two_thirds_of_the_frame_and_stand_upright(labels: Labels) -> None:
    pose = posed(turned(labels, 10, 1, 1))  # type: ignore[arg-type]
    there = pose.warp(turned(labels, 10, 1, 1), FILM, nearest=True)
    again = posed(there.astype(np.uint8), CANONICAL)
    assert again.angle == pytest.approx(0, abs=1)
    assert (again.x, again.y) == pytest.approx((SIZE / 2, SIZE / 2), abs=0.5)
    assert (again.across, again.down) == pytest.approx((SIZE / 3, SIZE / 3), rel=0.02)


def test_films_in_two_poses_look_alike_once_aligned(labels: Labels) -> None:
    other = turned(labels, -11, 0.9, 1.1)
    one, two = (posed(plane).warp(plane, FILM, nearest=True) for plane in (labels, other))  # type: ignore[arg-type]
    for code in (RIGHT_LUNG, LEFT_LUNG, HEART):
        a, b = one == code, two == code
        assert (a & b).sum() / (a | b).sum() > 0.9


def test_an_overlay_comes_back_within_two_pixels() -> None:
    film = chest.draw(5, size=512)
    whole = Extent(0, 0, 512, 512)
    pose = posed(labels_of(film), whole)
    rows, columns = np.mgrid[0:512, 0:512] + 0.5
    spot = np.exp(-((rows - 300) ** 2 + (columns - 180) ** 2) / (2 * 14**2)).astype(np.float32)
    back = pose.carry_back(pose.warp(spot, whole), whole, (512, 512))
    centre = np.array([(back * rows).sum(), (back * columns).sum()]) / back.sum()
    assert centre == pytest.approx([300, 180], abs=2)
    assert back.max() > 0.9


def test_beyond_the_film_and_the_frame_there_is_what_was_asked_for(labels: Labels) -> None:
    pose = posed(labels)
    far = Pose(pose.x, pose.y, pose.angle, 3 * pose.across, 3 * pose.down)
    assert far.warp(np.ones((256, 256)), FILM, fill=-7)[0, 0] == -7
    near = Pose(pose.x, pose.y, pose.angle, pose.across / 3, pose.down / 3)
    assert near.carry_back(np.ones((SIZE, SIZE)), FILM, (64, 64), fill=-7)[0, 0] == -7


def test_a_fine_film_is_averaged_not_picked_from(labels: Labels) -> None:
    fine = np.zeros((1024, 1024), np.float32)
    fine[::2] = 1
    there = posed(labels).warp(fine, FILM)
    assert np.abs(there[40:90, 40:90] - 0.5).max() < 0.2


def test_a_mean_pose_says_that_it_is_one() -> None:
    mean = Pose.mean(Extent(100, 0, 500, 300))
    assert not mean.measured
    assert 250 < mean.x < 350
    assert mean.angle == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda labels: turned(labels, 44, 0.8, 0.8), reasons.TURNED),
        (lambda labels: turned(labels, 0, 0.35, 1.0), reasons.STRETCHED),
        (lambda labels: np.where(labels == LEFT_LUNG, 0, labels).astype(np.uint8), reasons.ONE_LUNG),
        (lambda labels: turned(labels, 0, 0.25, 0.25), reasons.SMALL),
        (lambda labels: labels[:, ::-1], reasons.SWAPPED),
    ],
)
def test_a_bad_pose_is_refused_in_words(labels: Labels, change, reason: str) -> None:  # type: ignore[no-untyped-def]
    found = Pose.fit(cleaned(change(labels)), FILM)
    assert found == NoPose(reason)
