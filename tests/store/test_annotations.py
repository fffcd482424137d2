"""Annotations: the last word counts, a removed one can come back, and none is anybody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain import Annotation
from app.errors import Conflict, NotFound
from app.store import Store
from tests.store.films import image, store_file, study

ONE, TWO = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def annotation(uid: str = "1.2.3.1", **fields: object) -> Annotation:
    """A length."""
    told = {"kind": "length", "points": ((1.0, 2.0), (3.5, 4.25)), "reader": "reader", "created_at": datetime.now(UTC)} | fields
    return Annotation(sop_instance_uid=uid, frame=0, **told)  # type: ignore[arg-type]


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study with two images."""
    store_file(store, tmp_path, study(image("1.2.3.2", 1)), b"other")
    return store_file(store, tmp_path, study(image())).study_id


def test_an_annotation_comes_back_as_it_was_and_twice_is_once(store: Store, study_id: str) -> None:
    given = annotation()
    with store.begin() as tx:
        tx.annotations.keep(ONE, given)
        kept = tx.annotations.keep(ONE, given)
    with store.view() as tx:
        assert tx.annotations.of_study(study_id) == (kept,)
        assert tx.annotations.get(ONE).annotation == given


def test_changed_removed_and_brought_back(store: Store, study_id: str) -> None:
    first = annotation()
    with store.begin() as tx:
        tx.annotations.keep(ONE, first)
        tx.annotations.keep(TWO, annotation("1.2.3.2", kind="angle", points=((0.0, 0.0), (1.0, 1.0), (2.0, 0.0))))
        changed = tx.annotations.keep(ONE, annotation(points=((1.0, 2.0), (9.0, 9.0)))).annotation
    assert changed.points[1] == (9.0, 9.0)
    assert changed.created_at == first.created_at
    with store.begin() as tx:
        gone = tx.annotations.withdraw(ONE)
        assert tx.annotations.withdraw(ONE).withdrawn_at == gone.withdrawn_at
        assert [row.id for row in tx.annotations.of_study(study_id)] == [TWO]
    with store.begin() as tx:
        tx.annotations.keep(ONE, first)
        assert {row.id for row in tx.annotations.of_study(study_id)} == {ONE, TWO}


def test_an_id_stays_with_its_image_and_its_reader(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.annotations.keep(ONE, annotation())
    for other in (annotation("1.2.3.2"), annotation(reader="somebody else")):
        with pytest.raises(Conflict), store.begin() as tx:
            tx.annotations.keep(ONE, other)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.annotations.keep(TWO, annotation("9.9.9"))
    with pytest.raises(NotFound), store.begin() as tx:
        tx.annotations.withdraw(TWO)
