"""Operating points: from which probability on findings are called, where a reader moved that."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi import Response as Answer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.desk import wishes
from app.store import PointRow
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT

router = APIRouter(tags=["points"])

Finding = Annotated[str, Path(max_length=64, description="The finding.")]


class PointIn(BaseModel):
    """Where to move a point to."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    probability: float = Field(description="The finding is called from this probability on.", gt=0, lt=1)


class PointOut(Frozen):
    """A point that the reader moved."""

    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights: a point is of one version.")
    finding: str = Field(description="The finding.")
    probability: float = Field(description="The finding is called from this probability on.")
    changed_at: datetime = Field(description="When it was moved, UTC.")

    @classmethod
    def of(cls, row: PointRow) -> "PointOut":
        """From the store's row."""
        return cls(
            model=row.model,
            model_sha256=row.model_sha256,
            finding=row.finding,
            probability=row.probability,
            changed_at=row.changed_at,
        )


@router.get("/points", responses=HEADERS, summary="List moved points")
def list_points(request: Request, response: Answer, paging: Whole) -> list[PointOut]:
    """The points that this reader moved, by network and finding. Where none was moved, the network's card says."""
    with pages.of(request).store.view() as tx:
        rows = tx.points.of_reader(pages.reader(request))
    return [PointOut.of(row) for row in paging.cut(response, rows)]


@router.put("/models/{name}/points/{finding}", responses=NAMED | SENT, summary="Move a point")
def move_point(request: Request, name: str, finding: Finding, asked: PointIn) -> PointOut:
    """Call a finding of the network's present version from this probability on, for this reader, everywhere at once."""
    web = pages.of(request)
    card = web.registry.remembered(name)
    wishes.known(card, finding)
    with web.store.begin() as tx:
        return PointOut.of(tx.points.move(pages.reader(request), (card.name, card.sha256), finding, asked.probability))


@router.delete("/models/{name}/points/{finding}", status_code=204, responses=NAMED, summary="Put a point back")
def reset_point(request: Request, name: str, finding: Finding) -> Response:
    """Let the card's point hold again for this reader. One that was not moved stays where it is."""
    web = pages.of(request)
    card = web.registry.remembered(name)
    with web.store.begin() as tx:
        tx.points.reset(pages.reader(request), (card.name, card.sha256), finding)
    return Response(status_code=204)
