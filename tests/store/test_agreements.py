"""How far methods agree: kept per stack, network and finding, and repeated for the worklist."""

from pathlib import Path

import pytest

from app.errors import NotFound
from app.store import AgreementKey, Store, WorklistQuery
from tests.store import exams
from tests.store.films import SHA, answer, image, layer, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study of two frames, both read."""
    added = store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1)))
    with store.begin() as tx:
        tx.answers.save(added.study_id, answer())
        tx.answers.save(added.study_id, answer(frame=1))
    return added.study_id


def key(store: Store, study_id: str, place: int = 0, **change: str) -> AgreementKey:
    with store.view() as tx:
        stacks = tx.stacks.of_study(study_id)
    names = {"model": "net", "model_sha256": SHA, "finding": "Nodule"} | change
    return AgreementKey(study_id=study_id, stack_id=stacks[place].id, **names)


def listed(store: Store) -> tuple[float | None, ...]:
    with store.view() as tx:
        return tx.worklist.page(WorklistQuery()).rows[0].disagreements


def test_what_was_kept_comes_back_and_is_replaced(store: Store, study_id: str) -> None:
    first, second = key(store, study_id), key(store, study_id, 1)
    with store.begin() as tx:
        tx.agreements.save(second, ("cam", "lrp"), 0.9, 0.5, 0.1)
        old = tx.agreements.save(first, (), None, None, None)
        new = tx.agreements.save(first, ("cam", "lrp"), 0.25, 0.5, 0.75)
    assert new.id == old.id
    with store.view() as tx:
        found = tx.agreements.of_study(study_id)
    assert [row.key for row in found] == [first, second]
    assert found[0] == new
    assert (new.methods, new.rank, new.overlap, new.disagreement) == (("cam", "lrp"), 0.25, 0.5, 0.75)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.agreements.save(AgreementKey("a" * 12, first.stack_id, "net", SHA, "Mass"), (), None, None, None)


def test_the_worklist_shows_the_strongest_of_the_findings_that_it_names(store: Store, study_id: str) -> None:
    assert listed(store) == (None, None, None)
    with store.begin() as tx:
        tx.agreements.save(key(store, study_id), ("cam", "lrp"), 0.9, 0.5, 0.1)
        tx.agreements.save(key(store, study_id, 1), ("cam", "lrp"), 0.7, 0.5, 0.3)
        tx.agreements.save(key(store, study_id, finding="Hernia"), ("cam", "lrp"), 0.1, 0.1, 0.9)  # named by nobody
        tx.agreements.save(key(store, study_id, model="other"), ("cam", "lrp"), 0.1, 0.1, 0.8)
    assert listed(store) == (0.3, None, None)  # Nodule, Edema, Mass
    with store.view() as tx:
        assert [tx.worklist.page(WorklistQuery(disagreement=least)).total for least in (0.3, 0.31)] == [1, 0]
    with store.begin() as tx:
        tx.agreements.save(key(store, study_id, finding="Mass"), ("cam", "lrp"), 0.4, 0.2, 0.6)
    assert listed(store) == (0.3, None, 0.6)
    with store.view() as tx:
        assert tx.worklist.page(WorklistQuery(disagreement=0.6)).total == 1


def test_a_disagreement_weighs_as_much_as_its_finding_is_likely(store: Store, study_id: str, tmp_path: Path) -> None:
    other = store_file(store, tmp_path, study(image("2.1"), uid="2", series_uid="2.0"), b"2", "2.dcm").study_id
    with store.begin() as tx:
        tx.answers.save(other, answer("2.1"))
        tx.agreements.save(key(store, study_id), ("cam", "lrp"), 0.05, 0.1, 0.95, weight=0.17)
        tx.agreements.save(key(store, study_id, finding="Mass"), ("cam", "lrp"), 0.01, 0.1, 0.99, weight=0.0)
        tx.agreements.save(key(store, other), ("cam", "lrp"), 0.2, 0.1, 0.8, weight=0.9)
    by = WorklistQuery(sort="disagreement")
    with store.view() as tx:
        first, second = tx.worklist.page(by).rows
        assert (first.id, second.id) == (other, study_id), "a likely finding first"
        assert second.disagreements == (0.95, None, 0.99), "what is known is shown all the same"
        assert second.counted == {"Nodule": 0.95, "Mass": None}
        assert [tx.worklist.page(WorklistQuery(disagreement=least)).total for least in (0.8, 0.9, 0.96)] == [2, 1, 0]


def test_another_version_of_the_network_lets_go_of_the_old_ones(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.agreements.save(key(store, study_id), ("cam", "lrp"), 0.4, 0.5, 0.6)
        tx.answers.save(study_id, answer(model_sha256="cd" * 32))
        assert tx.agreements.of_study(study_id) == ()
        assert tx.worklist.page(WorklistQuery(disagreement=0.1)).total == 0


def test_what_is_missing_is_what_has_newer_maps_of_the_last_version(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        for method in ("cam", "lrp"):
            tx.layers.save(study_id, layer(method=method))
        tx.layers.save(study_id, layer(finding="Mass"))
        tx.layers.save(study_id, layer(finding="Mass", model_sha256="ef" * 32))
        nodule, mass = key(store, study_id), key(store, study_id, finding="Mass")
        assert set(tx.agreements.missing()) == set(tx.agreements.missing(study_id)) == {nodule, mass}
        assert len(tx.agreements.missing(limit=1)) == 1
        assert tx.agreements.missing("a" * 12) == ()
        tx.agreements.save(nodule, ("cam", "lrp"), 0.4, 0.5, 0.6)
        tx.agreements.save(mass, ("cam",), None, None, None)
        assert tx.agreements.missing() == ()
        tx.layers.save(study_id, layer(method="lrp", seed=9))
        assert tx.agreements.missing() == (nodule,)


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """A stored exam of two stacks, read, each with the maps of two methods."""
    study_id = exams.store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.answers.save(study_id, exams.exam_answer())
        for seed, method in enumerate(("cam", "lrp")):
            tx.layers.save(study_id, exams.stack_layer(method=method, seed=seed))
            tx.layers.save(study_id, exams.stack_layer(exams.CORONAL, method=method, seed=seed))
    return study_id


def of_stack(store: Store, study_id: str, series_uid: str = exams.SAGITTAL, finding: str = "ACL tear") -> AgreementKey:
    with store.view() as tx:
        stack = tx.stacks.of_fingerprint(study_id, exams.stack(series_uid))
    return AgreementKey(study_id, stack.id, "knee", exams.SHA, finding)


def test_an_exam_is_compared_stack_by_stack_and_listed_by_the_strongest(store: Store, exam: str) -> None:
    sagittal, coronal = of_stack(store, exam), of_stack(store, exam, exams.CORONAL)
    with store.begin() as tx:
        assert set(tx.agreements.missing()) == {sagittal, coronal}
        tx.agreements.save(sagittal, ("cam", "lrp"), 0.6, 0.5, 0.4)
        tx.agreements.save(coronal, ("cam", "lrp"), 0.2, 0.1, 0.8)
        assert tx.agreements.missing(exam) == ()
        assert [row.key for row in tx.agreements.of_study(exam)] == [sagittal, coronal]
    assert listed(store) == (0.8, None, None)  # ACL tear first
    with store.view() as tx:
        assert [tx.worklist.page(WorklistQuery(disagreement=least)).total for least in (0.75, 0.81)] == [1, 0]


def test_a_stack_that_is_read_no_more_says_nothing_in_the_worklist(store: Store, exam: str, tmp_path: Path) -> None:
    """A reader left the coronal stack out, and the exam was read again; then the sagittal series grew."""
    with store.begin() as tx:
        tx.agreements.save(of_stack(store, exam), ("cam", "lrp"), 0.6, 0.5, 0.4)
        tx.agreements.save(of_stack(store, exam, exams.CORONAL), ("cam", "lrp"), 0.2, 0.1, 0.8)
    with store.begin() as tx:
        tx.answers.save(exam, exams.exam_answer(parts=(exams.part(),)))
    assert listed(store)[0] == 0.4
    with store.view() as tx:
        assert tx.worklist.page(WorklistQuery(disagreement=0.75)).total == 0
    old = of_stack(store, exam)
    later = exams.slice_of(exams.SAGITTAL, exams.SLICES)
    store_file(store, tmp_path, exams.knee(later), b"later", "later.dcm")
    with store.begin() as tx:
        assert not tx.stacks.get(old.stack_id).current
        tx.layers.save(exam, exams.stack_layer(method="lrp", seed=9))
        assert old not in tx.agreements.missing(exam), "an earlier state of its series stays as it is"
    assert listed(store)[0] is None


def test_a_removed_study_takes_its_agreements_along(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.agreements.save(key(store, study_id), (), None, None, None)
        tx.studies.remove(study_id)
        assert tx.agreements.of_study(study_id) == ()
