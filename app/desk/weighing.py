"""Where the evidence of other software's maps lies: told as of our own, by the regions that the film was divided into when it
was analysed. A film that was not has no regions, and its maps have no table until then.

Knows the store and the regions; no network runs here.
"""

from collections.abc import Callable, Sequence

import numpy as np

from app.anatomy import HEART
from app.anatomy.evidence import DEVICE, evidence, odd
from app.anatomy.figures import pose_in
from app.anatomy.ground import Ground, Mask, grid, nearest
from app.anatomy.masks import HELD
from app.anatomy.regions import around
from app.anatomy.signs import BOUNDS
from app.classifiers import likely
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Evidence, Extent
from app.store import LayerRow, Store, Transaction

MARKED = 0.5
"""A place is a marker's from this share on, as for our own maps (`app.reading.lying`)."""


def weigh(store: Store, registry: Registry, study_id: str) -> int:
    """Tell of every relevance map of other software on the study's films where its evidence lies, where that is not told yet
    or has changed; how many it was told of."""
    with store.view() as tx:
        told = {row.id: row.evidence for row in tx.layers.of_study(study_id) if _theirs(row)}
        found = {layer: table for layer, table in _tables(tx, registry, study_id) if table != told[layer]}
    if found:
        with store.begin(study_id) as tx:
            for layer, table in found.items():
                tx.layers.weigh(layer, table)
    return len(found)


def _theirs(row: LayerRow) -> bool:
    return row.producer.kind == "import" and row.kind == "relevance" and row.values_sha256 is not None


def _tables(tx: Transaction, registry: Registry, study_id: str) -> "list[tuple[str, Evidence]]":
    rows = tx.layers.of_study(study_id)
    found = []
    for stack in dict.fromkeys(row.stack_id for row in rows if _theirs(row)):
        mine = [row for row in rows if row.stack_id == stack]
        ground = _ground(tx, registry, mine)
        if ground is None:
            continue
        places = _places(tx, registry, mine, ground)
        for row in mine:
            if _theirs(row):
                table = evidence(tx.layers.values(row.id)[0], row.extent, ground, places(row.finding))
                sign = odd(table, BOUNDS)
                found.append((row.id, Evidence(table.shares, sign.region if sign else "")))
    return found


def _newest(rows: Sequence[LayerRow], kind: str, method: str = "") -> LayerRow | None:
    """Of layers that networks beside the one that answered made, about no finding, the newest one."""
    there = (row for row in rows if row.producer.kind == "network" and row.kind == kind and not row.finding)
    return max((row for row in there if method in ("", row.method)), key=lambda row: row.created_at, default=None)


def _ground(tx: Transaction, registry: Registry, rows: Sequence[LayerRow]) -> Ground | None:
    """A film as it was divided; None where it was not."""
    divided = _newest(rows, "outline", "regions")
    if divided is None:
        return None
    labels = tx.layers.values(divided.id)[0].astype(np.uint8)
    film = (round(divided.extent.bottom), round(divided.extent.right))
    anatomy = _newest(rows, "labels")
    beside = _card(registry, anatomy.model) if anatomy else None
    devices = registry.devices(beside) if beside else None

    def where(method: str, least: float) -> Mask | None:
        seen = _newest(rows, "probability", method)
        if seen is None:
            return None
        return nearest(tx.layers.values(seen.id)[0] >= least, seen.extent, film, grid(*film)).astype(bool)

    return Ground(
        labels,
        film,
        where(f"{anatomy.method}-markers", MARKED) if anatomy else None,
        measured=bool(np.isin(labels, (1, 2)).any()),
        devices=where(devices.name, DEVICE) if devices else None,
    )


def _places(tx: Transaction, registry: Registry, rows: Sequence[LayerRow], ground: Ground) -> Callable[[str], Mask | None]:
    """By finding where it occurs on this film, on the ground's grid; None where its mask cannot be laid over it."""
    anatomy = _newest(rows, "labels")
    pose = pose_in(anatomy.figures) if anatomy else None
    beside = _card(registry, anatomy.model) if anatomy else None
    card = registry.masks(beside) if beside else None
    if anatomy is None or pose is None or card is None:
        return lambda _: None
    masks, heart = likely.load(card), around(tx.layers.values(anatomy.id)[0] == HEART, anatomy.extent)
    window = Extent(0, 0, ground.film[1], ground.film[0])

    def places(finding: str) -> Mask | None:
        plane = masks.on_film(finding, pose, heart, window, ground.labels.shape, levels=True)
        return None if plane is None else np.asarray(plane >= 1 - HELD[-1], bool)

    return places


def _card(registry: Registry, name: str) -> Card | None:
    """The card of a segmentation network."""
    return next((one for one in registry.segmentations() if one.name == name), None)
