"""Comparing the maps of a finding: how far the methods agree. Knows the store and the figures."""

from collections.abc import Sequence

from app import explainers
from app.evaluation import agreement
from app.store import LayerRow, Store

COMPARED = frozenset({"relevance", "attention", "probability"})
"""The kinds of layers that rank the places of a film or a stack."""


def compare(store: Store, study_id: str = "") -> bool:
    """Keep how far methods agree on every finding whose maps are newer than that, of one study or of some of all: film by film,
    and stack by stack of an exam.

    False when nothing was left to do. Methods with a standing caution do not count: that they differ says something about them,
    not about the image.
    """
    with store.view() as tx:
        keys = tx.agreements.missing(study_id)
    for key in keys:
        with store.view() as tx:
            image = tx.studies.image(tx.stacks.get(key.stack_id).images[0])
            rows = tx.layers.of_stack(key.stack_id, model_sha256=key.model_sha256, finding=key.finding, imported=True)
            maps = {row.method: agreement.Heat(tx.layers.values(row.id), row.extent) for row in counting(key.model, rows)}
        found = agreement.compared(maps, (image.rows, image.columns))
        with store.begin(key.study_id) as tx:
            tx.agreements.save(key, found.methods, found.rank, found.overlap, found.disagreement)
    return bool(keys)


def counting(model: str, rows: Sequence[LayerRow]) -> list[LayerRow]:
    """The layers that are compared: those of the default panel's methods without a caution, in the order of the panes, then
    what other software said."""
    panel = [name for name in explainers.panel() if not explainers.describe(name).caution]
    there = [row for row in rows if row.state == "ok" and row.kind in COMPARED and row.values_sha256 is not None]
    ours = {row.method: row for row in there if row.model == model and row.producer.kind == "method"}
    return [ours[name] for name in panel if name in ours] + [row for row in there if row.producer.kind == "import"]
