"""Where a map's evidence lies, kept with the map and searched for in the worklist."""

from dataclasses import replace
from pathlib import Path

from app.domain import Evidence, Share
from app.store import Store, WorklistQuery
from tests.store.films import answer, image, layer, store_file, study

TOLD = Evidence((Share("right lung", 0.2, 0.1), Share("outside the body", 0.6, 0.2)), "outside the body")
SCORES = {"Nodule": 0.9, "Mass": 0.2}


def test_a_table_is_kept_with_its_map(store: Store, tmp_path: Path) -> None:
    added = store_file(store, tmp_path, study(image()))
    with store.begin() as tx:
        with_one = tx.layers.save(added.study_id, replace(layer(), evidence=TOLD))
        without = tx.layers.save(added.study_id, layer(method="lrp"))
        nothing = tx.layers.save(added.study_id, replace(layer(method="rap"), evidence=Evidence(())))
    assert (with_one.evidence, without.evidence, nothing.evidence) == (TOLD, None, Evidence(()))
    with store.view() as tx:
        assert tx.layers.load(with_one.id).evidence == TOLD


def test_the_worklist_tells_what_looks_elsewhere(store: Store, tmp_path: Path) -> None:
    """By the measured methods of the network whose findings are shown, with what it said; others do not count."""
    odd = replace(layer("1.0"), evidence=TOLD)
    cases = (
        odd,
        layer("1.1"),
        replace(layer("1.2", method="lrp"), evidence=TOLD),
        replace(layer("1.3", model="other"), evidence=TOLD),
    )
    ids = []
    for number, one in enumerate(cases):
        added = store_file(store, tmp_path, study(image(f"1.{number}"), uid=f"1.{number}"), content=bytes([number]))
        ids.append(added.study_id)
        with store.begin() as tx:
            tx.answers.save(added.study_id, answer(f"1.{number}", scores=SCORES))
            tx.layers.save(added.study_id, one)
    with store.view() as tx:
        rows = {row.id: row for row in tx.worklist.page(WorklistQuery()).rows}
        everywhere = tx.worklist.elsewhere()
    (lying,) = rows[ids[0]].elsewhere
    assert (lying.study, lying.finding, lying.evidence) == (ids[0], "Nodule", TOLD)
    assert lying.probability == SCORES["Nodule"], "whoever reads says from where on it is called"
    assert not any(rows[other].elsewhere for other in ids[1:])
    assert everywhere == (lying,)
