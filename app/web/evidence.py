"""Where a map's evidence lies, in words and figures: one table for the page, the report, the worklist and the API.

Knows the domain's tables and what the sign is worth; no store, no template.
"""

import math
from dataclasses import dataclass

from app.anatomy import knee
from app.anatomy.signs import WORTH
from app.domain import Evidence, Share
from app.web.wording import Translate

MASK = "chest-masks"
"""The layer of where a finding occurs."""
LAYERS = {
    "right lung": "regions",
    "left lung": "regions",
    "heart and mediastinum": "regions",
    "below the diaphragm": "regions",
    "rest of the body": "regions",
    "outside the body": "regions",
    "outside the finding's mask": f"{MASK}.outline",
    "tubes and wires": "chest-devices",
    **dict.fromkeys(knee.NAMES.values(), "regions"),
}
"""Which layer shows a region's outline, by the name that it has on a page."""


@dataclass(frozen=True, slots=True)
class RowData:
    """One region: its English name and the reader's, its share of the evidence and of the area, and how often the one has the
    other, None on no area. ``layer`` shows its outline, "" where none does; ``odd``: so much lies there that it is said."""

    region: str
    name: str
    share: float
    area: float
    ratio: float | None
    layer: str
    odd: bool


@dataclass(frozen=True, slots=True)
class EvidenceData:
    """A map's table; without positive evidence it has no rows. ``odd``: a sentence where it is odd, "" where not."""

    rows: tuple[RowData, ...]
    odd: str


def region(name: str, _: Translate) -> str:
    """A region's name for reading."""
    names = {
        "right lung": _("right lung"),
        "left lung": _("left lung"),
        "heart and mediastinum": _("heart and mediastinum"),
        "below the diaphragm": _("below the diaphragm"),
        "rest of the body": _("rest of the body"),
        "outside the body": _("outside the body"),
        "markers": _("on markers and text"),
        "tubes and wires": _("on tubes and wires"),
        "outside the finding's mask": _("outside this finding's mask"),
    }
    return names.get(name) or _(name)


def data(told: Evidence | None, _: Translate) -> EvidenceData | None:
    """A map's table for a page; None where nobody told where its evidence lies."""
    if told is None:
        return None
    rows = (
        RowData(
            region=row.region,
            name=region(row.region, _),
            share=row.share,
            area=row.area,
            ratio=row.ratio if math.isfinite(row.ratio) else None,
            layer=LAYERS.get(row.region, ""),
            odd=row.region == told.odd,
        )
        for row in told.shares
    )
    return EvidenceData(tuple(rows), sentence(told, _))


def sentence(told: Evidence | None, _: Translate) -> str:
    """What is odd about where a map's evidence lies; "" where nothing is."""
    row = told.of(told.odd) if told and told.odd else None
    if row is None:
        return ""
    how = times(row)
    sentences = {
        "outside the body": _("%(times)s × as much of the evidence lies outside the body as its area would have.", times=how),
        "markers": _("%(times)s × as much of the evidence lies on markers and text as their area would have.", times=how),
        "tubes and wires": _(
            "%(times)s × as much of the evidence lies on tubes and wires as their area would have.", times=how
        ),
        "below the diaphragm": _(
            "%(times)s × as much of the evidence lies below the diaphragm as its area would have.", times=how
        ),
        "rest of the body": _(
            "%(times)s × as much of the evidence lies beside lungs and heart as that area would have.", times=how
        ),
        "outside the finding's mask": _(
            "Hardly more of the evidence lies where this finding occurs than of a map that knows nothing: outside its mask "
            "%(times)s × as much as that area would have.",
            times=how,
        ),
    }
    return sentences.get(row.region, "")


def times(row: Share) -> str:
    """How many times as much as its area a region has."""
    return f"{row.ratio:.1f}" if math.isfinite(row.ratio) else "∞"


def worth(_: Translate) -> str:
    """What the sign is worth, as it was measured; "" before it was."""
    if not WORTH.hits:
        return ""
    drawn = _(
        "Measured on drawn films: the sign stands on %(hit)s %% of the maps of a network that looked at the wrong thing, and "
        "on %(false)s %% of those of one that did not; where both are equally many, %(right)s %% of the signs are right.",
        hit=f"{100 * WORTH.sensitivity:.0f}",
        false=f"{100 * WORTH.false:.0f}",
        right=f"{100 * WORTH.precision:.0f}",
    )
    real = _(
        "On real films with boxes it stands on %(missed)s of %(misses)s maps that missed, and on %(hit)s of %(hits)s that hit. "
        "All these are maps of findings that the network calls: on others the sign does not stand.",
        missed=WORTH.missed[0],
        misses=WORTH.missed[1],
        hit=WORTH.pointed[0],
        hits=WORTH.pointed[1],
    )
    return f"{drawn} {real}"


def line(told: EvidenceData, _: Translate) -> str:
    """A table on one line of paper: the regions with their shares beside those of the area."""
    if not told.rows:
        return _("no positive evidence")
    rows = (f"{row.name} {100 * row.share:.0f} % ({100 * row.area:.0f} %)" for row in told.rows)
    return " · ".join([*rows, *([told.odd] if told.odd else [])])
