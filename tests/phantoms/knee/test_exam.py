"""Drawn knees: one seed, one knee; lesions lie where their masks say, in all planes alike; healthy knees are not clean."""

import numpy as np
import pytest

from app.errors import InputError
from app.phantoms import knee
from app.phantoms.knee import joint, person
from tests.phantoms.knee.places import in_knee, patient, shared, voxel

SIZE = 64


def test_the_same_seed_draws_the_same_examination() -> None:
    first, again, other = (knee.draw(seed, size=SIZE) for seed in (5, 5, 6))
    assert (first.lesions, first.mimics, first.side) == (again.lesions, again.mimics, again.side)
    for one, two, three in zip(first.stacks, again.stacks, other.stacks, strict=True):
        assert np.array_equal(one.pixels, two.pixels)
        assert one.masks.keys() == two.masks.keys()
        assert all(np.array_equal(one.masks[name], two.masks[name]) for name in one.masks)
        assert one.pixels.shape != three.pixels.shape or not np.array_equal(one.pixels, three.pixels)


def test_stacks_are_what_a_scanner_sends() -> None:
    exam = knee.draw(8, size=SIZE)
    assert tuple(stack.plane for stack in exam.stacks) == knee.PLANES
    for stack in exam.stacks:
        slices, rows, columns = stack.pixels.shape
        assert 20 <= slices <= 34
        assert (rows, columns) == (SIZE, SIZE)
        assert stack.pixels.dtype == np.uint16
        assert stack.pixels.max() <= 4095
        assert not stack.pixels.flags.writeable
        assert 3 <= stack.thickness <= 4
        assert stack.between > stack.thickness
        assert 140 < stack.spacing[0] * SIZE < 165
        axes = np.asarray(stack.axes)
        assert axes[:3] @ axes[3:] == pytest.approx(0, abs=1e-9)
        assert np.linalg.norm(axes[:3]) == pytest.approx(1) == np.linalg.norm(axes[3:])


def test_as_many_slices_as_are_asked_for_cover_the_knee() -> None:
    few, many = (knee.draw(8, size=48, slices=count).stacks[0] for count in (12, 24))
    assert (len(few.pixels), len(many.pixels)) == (12, 24)
    assert few.between * 12 == pytest.approx(many.between * 24)


def test_findings_follow_from_the_lesions() -> None:
    for lesions, findings in (
        ([], ()),
        (["effusion"], ("abnormality",)),
        (["bone bruise"], ("abnormality",)),
        (["meniscal tear"], ("abnormality", "meniscal tear")),
        (["ACL discontinuity", "effusion"], ("abnormality", "ACL tear")),
    ):
        exam = knee.draw(4, lesions, size=48)
        assert exam.findings == findings
        assert set(exam.lesions) == set(lesions)
        for stack in exam.stacks:
            assert set(stack.masks) == {*findings, *lesions}
            assert all(mask.shape == stack.pixels.shape and mask.any() for mask in stack.masks.values())
            if findings:
                assert np.array_equal(stack.masks["abnormality"], np.logical_or.reduce([stack.masks[name] for name in lesions]))


def test_a_lesion_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="gout"):
        knee.draw(1, ["gout"])


@pytest.mark.parametrize("lesion", knee.LESIONS)
def test_a_lesion_lies_at_one_place_in_all_three_planes(lesion: str) -> None:
    for seed in (31, 32):
        exam = knee.draw(seed, [lesion], size=96)
        places = [shared(exam, patient(stack, stack.masks[lesion])) for stack in exam.stacks]
        centres = [each.mean(axis=0) for each in places]
        volumes = [len(each) * voxel(stack) for each, stack in zip(places, exam.stacks, strict=True)]
        for centre in centres[1:]:
            assert np.linalg.norm(centre - centres[0]) < 3.0
        assert max(volumes) < 1.8 * min(volumes)


def test_a_torn_ligament_lies_along_the_ligament() -> None:
    for seed in range(40, 44):
        exam = knee.draw(seed, ["ACL discontinuity"], size=96)
        line = joint.acl_line(person.invent(seed))
        for stack in exam.stacks:
            places = in_knee(exam, patient(stack, stack.masks["ACL tear"]))
            away = np.linalg.norm(places[:, None] - line[None], axis=2).min(axis=1)
            assert np.median(away) < 6
            assert away.max() < 13


def test_a_torn_meniscus_lies_on_the_plateau() -> None:
    for seed in range(50, 54):
        exam = knee.draw(seed, ["meniscal tear"], size=96)
        for stack in exam.stacks:
            places = in_knee(exam, patient(stack, stack.masks["meniscal tear"]))
            u, v, w = np.abs(places[:, 0]), places[:, 1], places[:, 2]
            assert 8 < np.median(u) < 42
            assert np.abs(v).max() < 42
            assert -8 < np.median(w) < 8


def test_effusion_lies_above_and_bruise_beside_the_joint_line() -> None:
    exam = knee.draw(61, ["effusion", "bone bruise"], size=96)
    for stack in exam.stacks:
        fluid = in_knee(exam, patient(stack, stack.masks["effusion"]))
        marrow = in_knee(exam, patient(stack, stack.masks["bone bruise"]))
        assert fluid[:, 2].min() > 0
        assert fluid[:, 1].mean() < -10
        assert np.abs(marrow[:, 2]).max() < 26
        assert 10 < np.abs(marrow[:, 0].mean()) < 34


def test_a_lesion_changes_what_its_mask_covers() -> None:
    for seed in (70, 71):
        torn, whole = (knee.draw(seed, lesions, size=96) for lesions in (["ACL discontinuity"], []))
        for one, two in zip(torn.stacks, whole.stacks, strict=True):
            assert one.position == two.position
            mask = one.masks["ACL tear"]
            change = np.abs(one.pixels.astype(float) - two.pixels)
            assert change[mask].mean() > 3 * np.median(change)
            if one.weighting.endswith("FS"):
                assert one.pixels[mask].mean() > 1.3 * two.pixels[mask].mean()


def test_left_and_right_knees_are_mirrored() -> None:
    exams = [knee.draw(seed, ["ACL discontinuity"], size=48, slices=16) for seed in range(8)]
    assert {exam.side for exam in exams} == {"L", "R"}
    for exam in exams:
        inner, outer = (in_knee_to_patient(exam, u) for u in (-30.0, 30.0))
        towards_left = outer[0] - inner[0]
        assert towards_left > 0 if exam.side == "L" else towards_left < 0


def in_knee_to_patient(exam: knee.KneePhantom, u: float) -> np.ndarray:
    """The patient's mm of the knee's (u, 0, 0), found by search over a stack's voxels."""
    stack = exam.stacks[2]
    places = patient(stack, np.ones(stack.pixels.shape, bool))
    away = np.linalg.norm(in_knee(exam, places) - np.array([u, 0, 0]), axis=1)
    assert away.min() < 6
    return np.asarray(places[away.argmin()])


def test_healthy_knees_are_not_clean() -> None:
    exams = [knee.draw(seed, [], size=32, slices=8) for seed in range(30)]
    seen = [set(exam.mimics) for exam in exams]
    assert all(seen)
    for mimic in ("bright patch in fat", "signal within a meniscus", "fluid in bursae", "red marrow", "small cyst", "plica"):
        assert sum(mimic in each for each in seen) > 5


def test_lesions_by_chance_are_sensible() -> None:
    from app.phantoms.knee.exam import by_chance

    drawn = [by_chance(seed) for seed in range(2000)]
    healthy = sum(not lesions for lesions in drawn) / len(drawn)
    assert 0.3 < healthy < 0.5
    for lesion in knee.LESIONS:
        assert 0.15 < sum(lesion in lesions for lesions in drawn) / len(drawn) < 0.45
