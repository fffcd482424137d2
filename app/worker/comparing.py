"""Comparing the maps of a finding: how far the methods agree. Knows the store and the figures."""

from collections.abc import Sequence

from app import explainers
from app.classifiers.registry import Registry
from app.domain import OperatingPoint
from app.errors import NotFound
from app.evaluation import agreement
from app.store import AgreementKey, LayerRow, Store, Transaction

COMPARED = frozenset({"relevance", "attention", "probability"})
"""The kinds of layers that rank the places of a film or a stack."""


def compare(store: Store, registry: Registry, study_id: str = "") -> bool:
    """Keep how far methods agree on every finding whose maps are newer than that, of one study or of some of all: film by film,
    and stack by stack of an exam; and how much that weighs.

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
            weight = _weight(tx, registry, key)
        found = agreement.compared(maps, (image.rows, image.columns))
        with store.begin(key.study_id) as tx:
            tx.agreements.save(key, found.methods, found.rank, found.overlap, found.disagreement, weight=weight)
    return bool(keys)


def _weight(tx: Transaction, registry: Registry, key: AgreementKey) -> float:
    """How much a disagreement weighs: by what this version of the network said last about the stack, and where its card calls
    the finding from. Where readers moved that does not matter: a list is everybody's."""
    said = next((row.answer for row in tx.answers.of_stack(key.stack_id) if row.answer.model_sha256 == key.model_sha256), None)
    score = next((one for one in said.scores if one.finding == key.finding), None) if said else None
    if score is None:
        return 0.0
    try:
        point = registry.remembered(key.model).operating_point(key.finding, key.model_sha256)
    except NotFound:  # the network is not here any more
        point = OperatingPoint()
    return agreement.weight(score.probability, point.at)


def counting(model: str, rows: Sequence[LayerRow]) -> list[LayerRow]:
    """The layers that are compared: those of the default panel's methods without a caution, in the order of the panes, then
    what other software said."""
    panel = [name for name in explainers.panel() if not explainers.describe(name).caution]
    there = [row for row in rows if row.state == "ok" and row.kind in COMPARED and row.values_sha256 is not None]
    ours = {row.method: row for row in there if row.model == model and row.producer.kind == "method"}
    return [ours[name] for name in panel if name in ours] + [row for row in there if row.producer.kind == "import"]
