"""Answers for scripts: what networks said of films and exams, and how far the methods that explain them agree."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.domain import Part, Plane
from app.store import AgreementRow, AnswerRow, StackRow, Transaction
from app.web import calling, pages
from app.web.api.objects import CalledOut, Frozen, ScoreOut, called, scores
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED
from app.web.calling import Calling

router = APIRouter(tags=["predictions"], responses=NAMED)


class PartOut(Frozen):
    """What a network said of one stack."""

    stack: str = Field(description="The stack that was read.")
    plane: Plane = Field(description="What it was read as; empty on a film.")
    scores: tuple[ScoreOut, ...] = Field(description="What the stack alone says, one per finding.")
    contributions: dict[str, float] = Field(description="What the stack adds to the answer's logit, by finding.")
    slice_scores: dict[str, tuple[float, ...]] = Field(
        description="Every slice's part of the stack's logit, by finding; empty where the stack does not answer for it."
    )
    slice_weights: dict[str, tuple[float, ...]] = Field(
        description="How much every slice weighs, together 1, by finding; empty where the network weighs no slices."
    )

    @classmethod
    def of(cls, stack: str, part: Part) -> "PartOut":
        """From the domain's; ``stack`` is the stack's id."""
        return cls(
            stack=stack,
            plane=part.plane,
            scores=scores(part.scores),
            contributions={one.finding: value for one, value in zip(part.scores, part.contributions, strict=True)},
            slice_scores={one.finding: part.of_slices(one.finding) for one in part.scores},
            slice_weights={one.finding: part.weights_of(one.finding) for one in part.scores},
        )


class AnswerOut(Frozen):
    """What one network said of one film or of one exam."""

    id: str = Field(description="The prediction's id.")
    image: str | None = Field(description="The film that was read; null for an exam.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    device: str = Field(description="What it ran on.")
    versions: dict[str, str] = Field(description="Of the libraries it ran with.")
    seconds: float = Field(description="How long it took.")
    scores: tuple[CalledOut, ...] = Field(description="One per finding the network knows, of the film or of the whole exam.")
    parts: tuple[PartOut, ...] = Field(description="The stacks that were read; a film is one.")
    missing: tuple[Plane, ...] = Field(description="Planes that the network reads and the exam does not have.")
    current: bool = Field(description="Whether the stacks that were read are what their series are now.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: AnswerRow, films: dict[str, str], points: Calling) -> "AnswerOut":
        """From the store's row; ``films`` are the images of films, by the ids of their stacks."""
        told = row.answer
        return cls(
            id=row.id,
            image=films.get(row.stacks[0]) if len(row.stacks) == 1 and not told.parts[0].plane else None,
            model=told.model,
            model_sha256=told.model_sha256,
            device=told.device,
            versions=told.versions,
            seconds=told.seconds,
            scores=called(told.scores, points.of(told.model, told.model_sha256)),
            parts=tuple(PartOut.of(stack, part) for stack, part in zip(row.stacks, told.parts, strict=True)),
            missing=told.missing,
            current=row.current,
            created_at=row.created_at,
        )


class AgreementOut(Frozen):
    """How far methods agree on one finding of one film, or of one stack of an exam."""

    stack: str = Field(description="The stack.")
    image: str | None = Field(description="The film; null for a stack of several slices.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    finding: str = Field(description="The finding.")
    methods: tuple[str, ...] = Field(description="The methods that count; see the reference on metrics.")
    rank: float | None = Field(description="Mean rank correlation of their maps over all pairs; null below two methods.")
    overlap: float | None = Field(description="Mean IoU of their top tenths over all pairs; null below two methods.")
    disagreement: float | None = Field(description="1 − rank, cut to 0 … 1; null below two methods.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: AgreementRow, films: dict[str, str]) -> "AgreementOut":
        """From the store's row; ``films`` as of `AnswerOut`."""
        return cls(
            stack=row.key.stack_id,
            image=films.get(row.key.stack_id),
            model=row.key.model,
            model_sha256=row.key.model_sha256,
            finding=row.key.finding,
            methods=row.methods,
            rank=row.rank,
            overlap=row.overlap,
            disagreement=row.disagreement,
            created_at=row.created_at,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers to list."""

    model: Annotated[str, Query(description="Only of this network.")] = ""
    current: Annotated[bool | None, Query(description="Only about stacks that are, or are not, what their series are now.")] = (
        None
    )

    def takes(self, row: AnswerRow) -> bool:
        """Whether an answer is among them."""
        return self.model in {"", row.answer.model} and self.current in {None, row.current}


def stacks_of(tx: Transaction, study_id: str) -> dict[str, StackRow]:
    """A study's stacks by their ids, earlier states too. NotFound for a study there is not."""
    tx.studies.get(study_id)
    return {row.id: row for row in tx.stacks.of_study(study_id, earlier=True)}


def films_of(tx: Transaction, study_id: str) -> dict[str, str]:
    """The images of a study's films, by the ids of their stacks. NotFound for a study there is not."""
    return {stack: row.images[0] for stack, row in stacks_of(tx, study_id).items() if len(row.images) == 1}


@router.get("/studies/{study_id}/predictions", responses=HEADERS, summary="Read predictions")
def list_predictions(
    request: Request, response: Response, study_id: str, paging: Whole, wanted: Annotated[Wanted, Depends()]
) -> list[AnswerOut]:
    """What networks said of films and exams, in the order of the study's stacks, the newest first."""
    with pages.of(request).store.view() as tx:
        films = films_of(tx, study_id)
        rows = [row for row in tx.answers.of_study(study_id) if wanted.takes(row)]
        points = calling.of(request, tx)
    return [AnswerOut.of(row, films, points) for row in paging.cut(response, rows)]


@router.get("/studies/{study_id}/agreement", responses=HEADERS, summary="Read how far methods agree")
def list_agreements(
    request: Request,
    response: Response,
    study_id: str,
    paging: Whole,
    finding: Annotated[str, Query(description="Only of this finding.")] = "",
) -> list[AgreementOut]:
    """How far the methods' maps agree on each finding that was explained, in the order of the study's stacks."""
    with pages.of(request).store.view() as tx:
        films = films_of(tx, study_id)
        rows = [row for row in tx.agreements.of_study(study_id) if finding in {"", row.key.finding}]
    return [AgreementOut.of(row, films) for row in paging.cut(response, rows)]
