"""How far methods agree: kept per stack, network and finding, and repeated for the worklist."""

from pathlib import Path

import pytest

from app.errors import NotFound
from app.store import AgreementKey, Store, WorklistQuery
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


def test_a_removed_study_takes_its_agreements_along(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.agreements.save(key(store, study_id), (), None, None, None)
        tx.studies.remove(study_id)
        assert tx.agreements.of_study(study_id) == ()
