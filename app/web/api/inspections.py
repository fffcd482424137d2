"""What guards say of images, for scripts: whether a network may read one, and why not."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.domain import Admission
from app.store import InspectionRow
from app.web import pages
from app.web.api.objects import Frozen, Translate
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED

router = APIRouter(tags=["predictions"], responses=NAMED)


class InspectionOut(Frozen):
    """What a network's guard says of one image before the network reads it."""

    id: str = Field(description="The inspection's id.")
    image: str = Field(description="The image.")
    model: str = Field(description="The network that was to read it.")
    guard: str = Field(description="The guard.")
    guard_sha256: str = Field(description="The checksum of its weights.")
    verdict: Admission = Field(description="“ok”, “warned” or “refused”.")
    reasons: tuple[str, ...] = Field(description="Why, in words; empty when it is ok.")
    film: float = Field(description="How much it looks like a film the network was made for, 0 to 1.")
    distance: float = Field(
        description="How far it lies from the films the guard knows; 1: as far as one in a hundred of them."
    )
    remarks: tuple[str, ...] = Field(description="What the guard remarks besides; it keeps nobody from reading.")
    field: tuple[int, int, int, int] | None = Field(
        description="The exposed rectangle that alone is read: top, left, bottom, right in pixels; null where that is all."
    )
    insisted: bool = Field(description="Refused, and analysed all the same because somebody asked for that.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: InspectionRow, _: Translate) -> "InspectionOut":
        """From the store's row."""
        said = row.inspection
        return cls(
            id=row.id,
            image=row.image_id,
            model=said.model,
            guard=said.guard,
            guard_sha256=said.guard_sha256,
            verdict=said.verdict,
            reasons=tuple(_(reason) for reason in said.reasons),
            film=said.film,
            distance=said.distance,
            remarks=tuple(_(remark) for remark in said.remarks),
            field=said.field,
            insisted=said.insisted,
            created_at=row.created_at,
        )


@router.get("/studies/{study_id}/inspections", responses=HEADERS, summary="Read what guards say")
def list_inspections(request: Request, response: Response, study_id: str, paging: Whole) -> list[InspectionOut]:
    """What the networks' guards say of the study's images, in their order. A refused image has no prediction."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.inspections.of_study(study_id)
    return [InspectionOut.of(row, pages.gettext(request)) for row in paging.cut(response, rows)]
