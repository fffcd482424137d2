"""The verdict that a link leads to: which map of which network's version was judged, by whom, how, and the true region.

A case that is opened at a verdict shows the finding, the network, the image and the map that it is about.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import Request
from markupsafe import Markup

from app import explainers
from app.classifiers.registry import Registry
from app.errors import NotFound
from app.store import ReviewRow, Transaction
from app.web import pages

SHOWN = 8
"""How many digits of a version's checksum are shown."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict, for the case that it is about. ``model`` is "" where the network is not here or is other software;
    ``regions`` are the shapes by the id of the image they lie on; ``gone``: its map is not kept any more; ``imported``: it
    came from other software."""

    id: str
    image: str
    model: str
    finding: str
    method: str
    title: str
    network: str
    version: str
    verdict: str
    reason: str
    comment: str
    reader: str
    regions: dict[str, list[dict[str, Any]]]
    gone: bool
    imported: bool

    def json(self) -> Markup:
        """What the page's scripts know of it: nothing that a reader typed."""
        names = ("id", "image", "method", "finding", "regions")
        told = json.dumps({name: asdict(self)[name] for name in names})
        return Markup(told.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - JSON with its angle brackets escaped ends no script


def judged(request: Request, study: str, review: str) -> Judged | None:
    """The verdict that an address names; None without one, or where it is of another study, was taken back or removed."""
    if not review:
        return None
    _ = pages.gettext(request)
    web = pages.of(request)
    with web.store.view() as tx:
        try:
            row = tx.reviews.get(review)
        except NotFound:
            return None
        if row.study_id != study or row.withdrawn_at is not None:
            return None
        titles = tx.layers.titles()
        regions = _regions(tx, row)
    return Judged(
        id=row.id,
        image=row.image_id,
        model=row.model if not row.imported and _remembered(web.registry, row.model) else "",
        finding=row.finding,
        method=row.method,
        title=titles.get(row.method)
        or (explainers.describe(row.method).titled(_) if explainers.known(row.method) else row.method),
        network=row.model,
        version=row.model_sha256,
        verdict=row.review.verdict,
        reason=row.review.reason,
        comment=row.review.comment,
        reader=row.review.reader,
        regions=regions,
        gone=row.gone,
        imported=row.imported,
    )


def _remembered(registry: Registry, network: str) -> bool:
    """Whether a network is here, or was: its answers and maps are shown even when it was taken away."""
    try:
        registry.remembered(network)
    except NotFound:
        return False
    return True


def _regions(tx: Transaction, row: ReviewRow) -> dict[str, list[dict[str, Any]]]:
    if not row.review.regions:
        return {}
    images = tx.stacks.get(row.stack_id).images
    return {
        images[place]: [{"kind": shape.kind, "points": [list(point) for point in shape.points]} for shape in region.shapes]
        for place, region in row.review.regions.items()
        if place < len(images)
    }
