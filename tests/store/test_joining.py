"""Slices that each came under a series UID of their own are one series, whenever they come."""

from dataclasses import replace
from pathlib import Path

from app.stacks import JOINED
from app.store import Store
from tests.store.exams import SAGITTAL, knee, slice_of
from tests.store.films import store_file


def send(store: Store, tmp_path: Path, numbers: range) -> str:
    study_id = ""
    for number in numbers:
        one = replace(slice_of(SAGITTAL, number), series_number=4, pixel_spacing=(0.5, 0.5))
        of = knee(one)
        series = replace(of.series[0], series_uid=f"{SAGITTAL}.9.{number}", description="sag")
        of = replace(of, series=(series,))
        study_id = store_file(store, tmp_path, of, f"{number}".encode(), f"{number}").study_id
    return study_id


def test_slices_with_a_series_each_become_one_stack_and_later_ones_join_it(store: Store, tmp_path: Path) -> None:
    study_id = send(store, tmp_path, range(1, 5))
    store.arrange(study_id)
    with store.view() as tx:
        (series,) = tx.studies.get(study_id).series
        (stack,) = tx.stacks.of_study(study_id)
    assert len(series.images) == len(stack.images) == 4
    assert all(JOINED in image.warnings for image in series.images)
    send(store, tmp_path, range(5, 8))
    store.arrange(study_id)
    with store.view() as tx:
        (series,) = tx.studies.get(study_id).series
        (stack,) = tx.stacks.of_study(study_id)
    numbers = [image.instance_number for image in series.images]
    assert numbers == sorted(numbers, reverse=True)  # along the normal, which points to the right
    assert len(series.images) == len(stack.images) == 7


def test_slices_of_a_series_that_takes_in_others_are_not_said_to_have_come_alone(store: Store, tmp_path: Path) -> None:
    first = replace(slice_of(SAGITTAL, 0), series_number=4)
    more = [replace(slice_of(SAGITTAL, number), series_number=4) for number in (1, 2)]
    for number, one in enumerate([first, *more]):
        series = replace(knee(one).series[0], series_uid=f"{SAGITTAL}.9.0", description="sag")
        store_file(store, tmp_path, replace(knee(one), series=(series,)), b"one %d" % number, f"one {number}")
    study_id = send(store, tmp_path, range(3, 4))
    with store.view() as tx:
        (whole,) = tx.studies.get(study_id).series
    assert [JOINED in image.warnings for image in whole.images] == [True, False, False, False]
