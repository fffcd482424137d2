"""What readers say of the findings of studies: each reader's own, and gone with the study."""

from pathlib import Path

from app.store import Store
from tests.store import films


def test_an_opinion_is_what_a_reader_last_said(store: Store, tmp_path: Path) -> None:
    study = films.store_file(store, tmp_path, films.study()).study_id
    with store.begin() as tx:
        tx.opinions.give(study, "reader", "Mass", "unsure")
        row = tx.opinions.give(study, "reader", "Mass", "present")
        tx.opinions.give(study, "another", "Mass", "absent")
        tx.opinions.give(study, "reader", "Edema", "absent")
    with store.view() as tx:
        assert tx.opinions.of_reader("reader") == {study: {"Mass": "present", "Edema": "absent"}}
        said = [(one.reader, one.finding, one.opinion) for one in tx.opinions.of_study(study)]
        assert said == [("reader", "Edema", "absent"), ("another", "Mass", "absent"), ("reader", "Mass", "present")]
        assert row in tx.opinions.every()
    with store.begin() as tx:
        assert tx.opinions.take_back(study, "reader", "Mass")
        assert not tx.opinions.take_back(study, "reader", "Mass")
        assert tx.opinions.of_reader("reader") == {study: {"Edema": "absent"}}
        tx.studies.remove(study)
    with store.view() as tx:
        assert tx.opinions.every() == ()
