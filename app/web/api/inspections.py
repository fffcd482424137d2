"""What guards say of images, for scripts, and the analysis that may insist."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.domain import Admission
from app.errors import InputError
from app.store import InspectionRow
from app.web import pages
from app.web.api.schemas import NOT_FOUND, Frozen, JobOut, Translate

router = APIRouter(responses=NOT_FOUND)


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
            insisted=said.insisted,
            created_at=row.created_at,
        )


class AnalyseIn(BaseModel):
    """Which network is to read a study."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field("", description="The network; empty: the one registered for the study.", max_length=64)
    insist: bool = Field(False, description="Analyse what the network's guard refuses, too; the result carries the warning.")


@router.get("/studies/{study_id}/inspections", summary="Read what guards say")
def inspections(request: Request, study_id: str) -> list[InspectionOut]:
    """What the networks' guards say of the study's images, in their order. A refused image has no prediction."""
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        return [InspectionOut.of(row, pages.gettext(request)) for row in tx.inspections.of_study(study_id)]


@router.post("/studies/{study_id}/analysis", status_code=202, summary="Ask for an analysis")
def analyse(request: Request, study_id: str, asked: AnalyseIn) -> JobOut:
    """Ask for the study's predictions and the maps of its top findings, of what a guard refuses only when you insist."""
    web = pages.of(request)
    card = web.registry.card(asked.model) if asked.model else None
    with web.store.begin() as tx:
        study = tx.studies.get(study_id)
        outline = study.outline()
        if card and not any(card in web.registry.eligible(outline, series.outline()) for series in study.series):
            raise InputError("The network “%(name)s” does not read this kind of film.", {"name": card.name})
        row = tx.jobs.analyse(study_id, model=card.name if card else None, priority=10, insist=asked.insist)
    web.wake()
    return JobOut.of_row(row, pages.gettext(request))
