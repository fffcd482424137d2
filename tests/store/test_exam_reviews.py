"""Verdicts on stacks: kept with their region, the latest in force, counted with those on films."""

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from app.domain import Measures, Region
from app.errors import NotFound
from app.exam import StackKey
from app.store import FlagQuery, Store, WorklistQuery
from tests.store.exams import CORONAL, exam_prediction, exam_review, stack_explanation, store_exam
from tests.store.films import review


def slices(store: Store, study_id: str) -> list[list[str]]:
    """The ids of the images, series by series."""
    with store.view() as tx:
        return [[image.id for image in series.images] for series in tx.studies.get(study_id).series]


def flags(store: Store) -> int:
    """How many verdicts the worklist counts."""
    with store.view() as tx:
        return tx.worklist.page(WorklistQuery()).rows[0].flags


def test_a_verdict_comes_back_with_its_region_and_measures(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (first, second, _), _ = slices(store, study_id)
    given = exam_review(second, region={first: Region.rectangle(0, 0, 2, 2), second: Region.rectangle(1, 1, 3, 3)})
    with store.begin() as tx:
        row = tx.exam_reviews.add(study_id, given, sent_as="t" * 20)
    assert row.review == given
    assert row.review.region == given.region
    assert row.review.measures == {"cam": Measures(1.0, 0.25, inf, None)}
    with store.view() as tx:
        assert tx.exam_reviews.sent("t" * 20) == row
        assert tx.exam_reviews.sent("u" * 20) is None
        assert tx.exam_reviews.of_study(study_id) == (row,)
        with pytest.raises(NotFound):
            tx.exam_reviews.get("aaaaaaaaaaaa")


def test_the_latest_is_in_force_and_taking_it_back_revives_the_one_before(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (shown, other, _), (coronal, *_) = slices(store, study_id)
    with store.begin() as tx:
        old = tx.exam_reviews.add(study_id, exam_review(shown, verdict="right"))
        new = tx.exam_reviews.add(study_id, exam_review(other, verdict="wrong"))
        tx.exam_reviews.add(study_id, exam_review(shown, method="lrp"))
        tx.exam_reviews.add(study_id, exam_review(coronal, stack=StackKey(CORONAL)))
        tx.exam_reviews.add(study_id, exam_review(shown, stack=StackKey("1.9.1", 1)))
        assert tx.exam_reviews.in_force(study_id, exam_review(shown)) == new
        assert len(tx.exam_reviews.of_study(study_id)) == 4
    assert flags(store) == 4
    with store.begin() as tx:
        assert tx.exam_reviews.withdraw(new.id).withdrawn_at is not None
        assert tx.exam_reviews.in_force(study_id, exam_review(shown)) == old
    with store.begin() as tx:
        tx.exam_reviews.withdraw(old.id)
        assert tx.exam_reviews.in_force(study_id, exam_review(shown)) is None
        with pytest.raises(NotFound):
            tx.exam_reviews.withdraw("aaaaaaaaaaaa")
    assert flags(store) == 3


def test_flags_count_films_and_stacks_of_one_study(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (shown, *_), _ = slices(store, study_id)
    with store.begin() as tx:
        uid = tx.studies.image(shown).sop_instance_uid
        tx.reviews.add(replace(review(uid), frame=1))
        tx.exam_reviews.add(study_id, exam_review(shown))
    assert flags(store) == 2


def test_a_slice_of_another_series_is_refused(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (shown, *_), (coronal, *_) = slices(store, study_id)
    for given in (exam_review(coronal), exam_review(shown, region={coronal: Region.rectangle(0, 0, 1, 1)})):
        with pytest.raises(NotFound), store.begin() as tx:
            tx.exam_reviews.add(study_id, given)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.exam_reviews.add("aaaaaaaaaaaa", exam_review(shown))


def test_flags_list_verdicts_on_films_and_stacks_together(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (shown, *_), _ = slices(store, study_id)
    with store.begin() as tx:
        uid = tx.studies.image(shown).sop_instance_uid
        tx.exams.save_prediction(study_id, exam_prediction())
        maps = tx.exams.save_explanation(study_id, stack_explanation())
        film = tx.reviews.add(replace(review(uid, finding="Nodule", comment="a Scar"), frame=1))
        stack = tx.exam_reviews.add(study_id, exam_review(shown, verdict="right", comment="torn"))
        gone = tx.exam_reviews.add(study_id, exam_review(shown, method="lrp", verdict="partly"))

    def listed(**query: Any) -> list[str]:
        with store.view() as tx:
            page = [row.id for row in tx.flags.page(FlagQuery(**query)).rows]
            assert page == [row.id for row in tx.flags.export(FlagQuery(**query))]
            return page

    assert listed() == [gone.id, stack.id, film.id]
    assert listed(descending=False) == [film.id, stack.id, gone.id]
    assert listed(sort="verdict") == [film.id, gone.id, stack.id]
    assert listed(model="knee") == [gone.id, stack.id]
    assert listed(text="doe TORN") == [stack.id]
    assert listed(text="scar") == [film.id]
    with store.view() as tx:
        middle = tx.flags.page(FlagQuery(size=1, number=2))
    assert ([row.id for row in middle.rows], middle.total) == ([stack.id], 3)
    with store.view() as tx:
        rows = {row.id: row for row in tx.flags.page(FlagQuery()).rows}
        choices = tx.flags.choices()
    assert rows[stack.id].explanation_id == maps.id
    assert rows[gone.id].explanation_id is None
    assert rows[stack.id].probability == pytest.approx(0.880797)
    assert rows[film.id].probability is None
    assert rows[stack.id].review == stack.review
    assert rows[film.id].review == film.review
    assert choices.models == ("knee", "net")
    assert choices.findings == ("ACL tear", "Nodule")
    with store.begin() as tx:
        tx.exam_reviews.withdraw(stack.id)
    assert listed() == [gone.id, film.id]
