"""Stacks as readers part and join them: on what headers give, in the order in which it was said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain import Image, Series
from app.stacks import JOINED, Regrouping, Stack, cannot_join, parted, regrouped, regrouping, stacks, widest_gap
from tests.stacks.test_directions import AXIAL, SAGITTAL
from tests.store.films import image

SPACING = (0.5, 0.5)


def slices(count: int, first: int = 0, uid: str = "1", x: float = 0.0, **fields: Any) -> tuple[Image, ...]:
    """Axial slices, 4 mm apart from ``first`` on."""
    told: dict[str, Any] = {"axes": AXIAL, "pixel_spacing": SPACING, "frame_of_reference_uid": "1.7", **fields}
    return tuple(
        image(f"{uid}.{n}", frame=1, seed=n, position=(x, 0.0, 4.0 * n), instance_number=n + 1, **told)
        for n in range(first, first + count)
    )


def stacked(*groups: Sequence[Image]) -> tuple[Stack[Image], ...]:
    """The stacks of series of these images, a series each."""
    return tuple(one for n, group in enumerate(groups) for one in stacks(Series(f"1.{n}", "MR", tuple(group))))


def members(stack: Stack[Image]) -> list[str]:
    return [one.sop_instance_uid for one in stack.images]


def split(uid: str) -> Regrouping:
    return Regrouping("split", ((uid, 1),))


def join(*uids: str) -> Regrouping:
    return Regrouping("join", tuple((uid, 1) for uid in uids))


def test_a_stack_is_split_before_a_slice_and_says_so() -> None:
    whole = stacked(slices(6))
    first, second = regrouped(whole, [split("1.2")])
    assert (members(first), members(second)) == (["1.0", "1.1"], ["1.2", "1.3", "1.4", "1.5"])
    assert (first.number, second.number, first.between, second.between, first.plane) == (0, 1, 4.0, 4.0, "axial")
    assert first.oddities == second.oddities == (regrouping.SPLIT,)
    assert regrouped(whole, [split("1.0")]) == whole, "before its first slice there is nothing"
    assert regrouped(whole, [split("9.9")]) == whole


def test_distances_are_said_of_the_parts() -> None:
    (whole,) = stacked([*slices(3), *slices(3, 4), *slices(2, 9)])
    assert [odd.values["a"] for odd in whole.oddities] == [3, 6]
    first, second = regrouped([whole], [split("1.4")])
    assert first.oddities == (regrouping.SPLIT,)
    assert [dict(odd.values).get("a") for odd in second.oddities] == [None, 3]


def test_stacks_of_two_series_are_joined_along_their_normal() -> None:
    upper, lower = stacked(slices(3, 3), slices(3))
    (one,) = regrouped([upper, lower], [join("1.5", "1.0")])
    assert members(one) == [f"1.{n}" for n in range(6)]
    assert (one.series_uid, one.between, one.plane, one.frame) == (upper.series_uid, 4.0, "axial", "1.7")
    assert [odd.sentence for odd in one.oddities] == ["A reader joined this stack from 2 stacks."]


def test_twenty_series_of_a_slice_each_are_joined_at_once_and_split_again() -> None:
    alone = stacked(*([one] for one in slices(20)))
    words = [join(*(f"1.{n}" for n in range(20))), split("1.12")]
    first, second = regrouped(alone, words)
    assert (len(first.images), len(second.images), second.number) == (12, 8, 1)
    assert regrouped(alone, words[1:]) == alone


def test_words_hold_for_what_came_since_and_change_nothing_where_they_no_longer_apply() -> None:
    words = [split("1.2"), join("1.0", "2.0")]
    first, second, other = regrouped(stacked([*slices(3), *slices(1, 7)], slices(3, uid="2")), words)
    assert (members(first), members(second)) == (["1.0", "1.1"], ["1.2", "1.7"])
    assert len(other.images) == 3, "slices of both lie in one place, so they are no stack"


def test_what_was_put_together_without_a_header_lies_apart_again() -> None:
    alone = tuple(replace(one, warnings=(JOINED,)) for one in slices(2, 4))
    (whole,) = stacked([*slices(4), *alone])
    found = regrouped([whole], [Regrouping("single", (("1.0", 1),))])
    assert [members(one) for one in found] == [["1.0", "1.1", "1.2", "1.3"], ["1.4"], ["1.5"]]
    assert [len(parted(one.images)) for one in (whole, *found)] == [3, 1, 1, 1]


def test_a_stack_in_one_place_stays_in_the_order_of_time_when_it_is_split() -> None:
    moving = [replace(one, position=(0.0, 0.0, 0.0)) for one in slices(4)]
    (whole,) = stacked(moving)
    assert [one.between for one in regrouped([whole], [split("1.2")])] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (slices(3, 3, uid="2"), None),
        (slices(3, 3, uid="2", frame_of_reference_uid="1.8"), regrouping.FRAMES),
        (slices(3, 3, uid="2", pixel_spacing=(0.6, 0.6)), regrouping.SIZES),
        (slices(3, 3, uid="2", shape=(13, 10)), regrouping.SIZES),
        (slices(3, 3, uid="2", axes=SAGITTAL), regrouping.TURNED),
        (slices(3, 3, uid="2", x=40.0), regrouping.BESIDE),
        (slices(3, 2, uid="2"), regrouping.TWICE),
        (slices(3, 3, uid="2", axes=None), regrouping.NOWHERE),
    ],
)
def test_what_cannot_be_joined_says_why(other: Sequence[Image], why: str | None) -> None:
    assert cannot_join([slices(3), other]) == why
    before = stacked(slices(3), other)
    assert len(regrouped(before, [join("1.0", other[0].sop_instance_uid)])) == len(before) - (why is None)


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ([slices(4), slices(4, 4, "2")], None),
        ([slices(4), slices(4, 5, "2")], (8.0, 4.0)),
        ([slices(4), slices(3, 5, "2"), slices(2, 12, "3")], (20.0, 4.0)),
        ([slices(1, n, str(n)) for n in (0, 1, 2, 5)], (12.0, 4.0)),
        ([(*slices(1), *slices(1, 2)), slices(1, 1, "2")], None),
    ],
)
def test_what_is_missing_between_stacks_is_told(groups: list[tuple[Image, ...]], found: tuple[float, float] | None) -> None:
    assert widest_gap(groups) == found
