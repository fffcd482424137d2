"""Where the evidence of other software's maps lies, from the import to the page. The shipped network for anatomy."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from app.config import Settings
from app.domain import Evidence, frozen
from app.store import LayerRow, Store
from tests.test_anatomy import film, networks, sent
from tests.test_guarded import Product

__all__ = ["film", "networks"]  # fixtures


@pytest.fixture
def product(networks: Path, store: Store, settings: Settings) -> Product:
    return Product(networks, store, settings)


def handed_in(product: Product, study_id: str, like: LayerRow) -> LayerRow:
    """The very values of one of our maps, as other software's."""
    with product.store.view() as tx:
        values = tx.layers.values(like.id)
        image = tx.studies.get(study_id).images[0]
    file = BytesIO()
    np.save(file, values[0])
    layer = {
        "file": "m.npy",
        "image": {"sop_instance_uid": image.sop_instance_uid},
        "kind": "relevance",
        "finding": like.finding,
        "extent": like.extent.numbers()[:4],
    }
    manifest = json.dumps({"version": 1, "producer": {"name": "Acme"}, "layers": [layer]})
    files = [("files", ("manifest.json", manifest.encode())), ("files", ("m.npy", file.getvalue()))]
    assert product.client.post(f"/api/v1/studies/{study_id}/layers", files=files).status_code in (200, 201)
    return stored(product, study_id, "acme")


def stored(product: Product, study_id: str, method: str) -> LayerRow:
    with product.store.view() as tx:
        return next(row for row in tx.layers.of_study(study_id) if row.method == method)


def same(one: Evidence | None, other: Evidence | None) -> None:
    assert one is not None
    assert other is not None
    assert one.odd == other.odd
    assert [row.region for row in one.shares] == [row.region for row in other.shares]
    for row, like in zip(one.shares, other.shares, strict=True):
        assert (row.share, row.area) == pytest.approx((like.share, like.area), abs=1e-6)


def test_a_map_that_is_handed_in_has_the_table_that_ours_has(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    ours = stored(product, study_id, "lrp")
    theirs = handed_in(product, study_id, ours)
    same(theirs.evidence, ours.evidence)
    assert 'id="evidence-acme"' in product.page(study_id)


def test_one_that_was_there_before_the_analysis_has_it_after(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    ours = stored(product, study_id, "lrp")
    handed_in(product, study_id, ours)
    with product.store.begin(study_id) as tx:  # as it was before there were tables
        row = stored(product, study_id, "acme")
        tx.layers.save(study_id, replace(tx.layers.load(row.id), evidence=None))
    with product.store.begin(study_id) as tx:
        tx.jobs.analyse(study_id)
    assert product.worker.work_once()
    same(stored(product, study_id, "acme").evidence, ours.evidence)


def test_no_positive_evidence_is_an_answer_of_its_own(product: Product, film: bytes) -> None:
    study_id = sent(product, film)
    ours = stored(product, study_id, "cam")
    with product.store.begin(study_id) as tx:
        loaded = tx.layers.load(ours.id)
        tx.layers.save(study_id, replace(loaded, values=frozen(-np.abs(loaded.values))))
    assert handed_in(product, study_id, stored(product, study_id, "cam")).evidence == Evidence(())
