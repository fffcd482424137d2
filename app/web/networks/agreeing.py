"""How far the maps of two networks by one method agree: the figures that methods are compared by, of networks in their place.

Knows the store's rows and the figures; no words. Definitions: docs/reference/metrics.md.
"""

import math
from collections.abc import Sequence

from app.domain import Extent
from app.errors import Damaged, NotFound
from app.evaluation.agreement import Heat, gathered, overlaps, ranks
from app.store import LayerRow, Transaction

COMPARED = frozenset({"relevance", "attention", "probability"})
"""The kinds of layers that rank the places of a film or a stack."""
ROOM = 512
Figures = tuple[float | None, float | None]
"""Rank correlation, and overlap of the top areas; None: not defined."""
_known: dict[tuple[str, Extent, str, Extent, tuple[int, int]], Figures] = {}


def alike(tx: Transaction, one: LayerRow, other: LayerRow, image: tuple[int, int]) -> Figures:
    """How far two maps of one stack agree, whose slices each have (rows, columns), on the cells of the coarser one. The same
    two are compared once while there is room."""
    comparable = one.stack_id == other.stack_id and one.slices == other.slices
    if not comparable or not {one.kind, other.kind} <= COMPARED or one.values_sha256 is None or other.values_sha256 is None:
        return (None, None)
    key = (one.values_sha256, one.extent, other.values_sha256, other.extent, image)
    found = _known.get(key)
    if found is None:
        found = _compared(tx, (one, other), image)
        if len(_known) >= ROOM:
            _known.clear()
        _known[key] = found
    return found


def _compared(tx: Transaction, rows: Sequence[LayerRow], image: tuple[int, int]) -> Figures:
    try:
        maps = {str(place): Heat(tx.layers.values(row.id), row.extent) for place, row in enumerate(rows)}
    except (Damaged, NotFound):  # its pane says so
        return (None, None)
    found = gathered(maps, image)
    if found is None or len(found.methods) < len(maps):
        return (None, None)
    told = (float(table[0, 1]) for table in (ranks(found.cells), overlaps(found.cells)))
    rank, overlap = (value if math.isfinite(value) else None for value in told)
    return (rank, overlap)
