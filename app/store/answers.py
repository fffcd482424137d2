"""What the networks said: answers, one per network version and the stacks that it read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from sqlalchemy import ScalarSelect, Select, exists, func, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from app.domain import Answer, Part, Score
from app.errors import NotFound
from app.store import agreements
from app.store.parties import network
from app.store.records import AnswerRow
from app.store.stacks import missing, over
from app.store.tables import (
    AnswerTable,
    LayerTable,
    NetworkTable,
    PartTable,
    ReviewTable,
    SeriesTable,
    StackTable,
    StudyTable,
    now,
)

TOP = 3
"""How many findings the worklist names."""


class Answers:
    """The answers of a transaction."""

    def __init__(self, session: Session, doomed: set[str]) -> None:
        self._session = session
        self._doomed = doomed

    def save(self, study_id: str, answer: Answer, *, headline: bool = True) -> AnswerRow:
        """Keep an answer; one of the same network version about the same stacks is replaced.

        ``headline``: the worklist shows this network's top findings from now on; else only where it has none to show.
        NotFound when a stack is not of this study.
        """
        ids = self._stacks(study_id, answer.stacks)
        study = self._session.get_one(StudyTable, study_id)
        party = network(self._session, answer.model, answer.model_sha256)
        self._let_go(party, {ids[part.stack]: part.plane for part in answer.parts})
        key = {"study_id": study_id, "network_id": party.id, "over": over(answer.stacks)}
        row = self._session.scalar(select(AnswerTable).filter_by(**key).options(selectinload(AnswerTable.parts)))
        if row is None:
            row = AnswerTable(**key, parts=[])
            self._session.add(row)
        row.scores = plain(answer.scores)
        row.missing = list(answer.missing)
        row.device, row.versions, row.seconds = answer.device, dict(answer.versions), answer.seconds
        row.created_at = now()
        row.parts = []
        self._session.flush()
        row.parts = [_part(place, ids[part.stack], part) for place, part in enumerate(answer.parts)]
        self._session.flush()
        for stack_id in ids.values():
            agreements.forget(self._session, stack_id, party)
        if headline or study.headline in {None, answer.model}:
            self._show(study, party)
        return self.get(row.id)

    def _let_go(self, party: NetworkTable, read: Mapping[str, str]) -> None:
        """Let the maps of stacks go that this network version read as another plane before: another part of it made them. Those
        that somebody judged stay without values, and no map to come takes their place."""
        query = select(PartTable.stack_id, PartTable.plane).join(AnswerTable, AnswerTable.id == PartTable.answer_id)
        mine = (PartTable.stack_id.in_(read), AnswerTable.network_id == party.id)
        before = dict(self._session.execute(query.where(*mine).order_by(AnswerTable.created_at)).all())
        turned = [stack_id for stack_id, plane in before.items() if plane != read[stack_id]]
        made = (LayerTable.stack_id.in_(turned), LayerTable.network_id == party.id, LayerTable.producer == "method")
        judged = exists().where(ReviewTable.layer_id == LayerTable.id)
        query_made = select(LayerTable, judged).where(*made, LayerTable.values.is_not(None))
        for row, kept in self._session.execute(query_made).all() if turned else ():
            self._doomed.add(str(row.values))
            if kept:
                row.values, row.parameters_key = None, hashlib.sha256(f"{row.parameters_key} {row.id}".encode()).hexdigest()
            else:
                self._session.delete(row)
        self._session.flush()

    def _stacks(self, study_id: str, fingerprints: Sequence[str]) -> dict[str, str]:
        """The ids of these stacks of a study, by their fingerprints; NotFound where one is not there."""
        mine = (StackTable.study_id == study_id, StackTable.fingerprint.in_(fingerprints))
        query = select(StackTable.fingerprint, StackTable.id).where(*mine)
        found = dict(self._session.execute(query).all())
        if not fingerprints or set(found) != set(fingerprints):
            raise missing()
        return found

    def _show(self, study: StudyTable, party: NetworkTable) -> None:
        """Put the highest probability of each finding, over all that this network version read, into the worklist."""
        best: dict[str, Score] = {}
        for row in self.of_study(study.id, network_id=party.id):
            for score in row.answer.scores if row.current else ():
                if score.finding not in best or score.probability > best[score.finding].probability:
                    best[score.finding] = score
        top = sorted(best.values(), key=lambda score: -score.probability)[:TOP]
        study.headline = party.name
        study.top = plain(top)
        study.probability = top[0].probability if top else None
        self._session.flush()
        agreements.show(self._session, study)

    def get(self, answer_id: str) -> AnswerRow:
        """One answer; NotFound."""
        found = self._rows(AnswerTable.id == answer_id)
        if not found:
            raise NotFound("There is no such prediction, or it was removed.")
        return found[0]

    def of_stack(self, stack_id: str) -> tuple[AnswerRow, ...]:
        """What all networks said of a stack, alone or among others; newest first."""
        return self._rows(AnswerTable.id.in_(select(PartTable.answer_id).where(PartTable.stack_id == stack_id)))

    def of_study(self, study_id: str, *, network_id: str = "") -> tuple[AnswerRow, ...]:
        """A study's answers in the order of its series and stacks, newest first of those about the same."""
        mine = [AnswerTable.study_id == study_id]
        return self._rows(*mine, *([AnswerTable.network_id == network_id] if network_id else []))

    def _rows(self, *conditions: Any) -> tuple[AnswerRow, ...]:
        rows = self._session.scalars(_answers().where(*conditions).execution_options(populate_existing=True))
        return tuple(map(_row, rows.unique()))


def _answers() -> "Select[AnswerTable]":
    first = (
        select(PartTable.answer_id, func.min(SeriesTable.number * 1_000_000 + StackTable.number).label("place"))
        .join(StackTable, StackTable.id == PartTable.stack_id)
        .join(SeriesTable, SeriesTable.id == StackTable.series_id)
        .group_by(PartTable.answer_id)
        .subquery()
    )
    return (
        select(AnswerTable)
        .join(AnswerTable.network)
        .join(first, first.c.answer_id == AnswerTable.id)
        .options(contains_eager(AnswerTable.network), selectinload(AnswerTable.parts).selectinload(PartTable.stack))
        .order_by(first.c.place, AnswerTable.created_at.desc(), AnswerTable.id)
    )


def plain(scores: Sequence[Score]) -> list[Any]:
    """Scores as the table has them."""
    return [list(astuple(score)) for score in scores]


def scores_of(stored: Sequence[Any]) -> tuple[Score, ...]:
    """Scores from what the table has."""
    return tuple(Score(*score) for score in stored)


def _part(place: int, stack_id: str, part: Part) -> PartTable:
    return PartTable(
        place=place,
        stack_id=stack_id,
        plane=part.plane,
        scores=plain(part.scores),
        contributions=list(part.contributions),
        slice_scores=[list(scores) for scores in part.slice_scores],
        slice_weights=[list(weights) for weights in part.slice_weights],
    )


def _row(row: AnswerTable) -> AnswerRow:
    parts = tuple(
        Part(
            stack=part.stack.fingerprint,
            plane=part.plane,  # type: ignore[arg-type]  # written by `save` alone
            scores=scores_of(part.scores),
            contributions=tuple(part.contributions),
            slice_scores=tuple(tuple(scores) for scores in part.slice_scores),
            slice_weights=tuple(tuple(weights) for weights in part.slice_weights),
        )
        for part in row.parts
    )
    answer = Answer(
        model=row.network.name,
        model_sha256=row.network.sha256,
        scores=scores_of(row.scores),
        parts=parts,
        device=row.device,
        versions=row.versions,
        seconds=row.seconds,
        missing=tuple(row.missing),
    )
    return AnswerRow(
        id=row.id,
        study_id=row.study_id,
        stacks=tuple(part.stack_id for part in row.parts),
        answer=answer,
        current=all(part.stack.current for part in row.parts),
        created_at=row.created_at,
    )


def said() -> ScalarSelect[Any]:
    """The scores of a layer's network version, of its newest answer about the layer's stack, as a correlated subquery."""
    found = (
        select(AnswerTable.scores)
        .join(PartTable, PartTable.answer_id == AnswerTable.id)
        .where(PartTable.stack_id == LayerTable.stack_id, AnswerTable.network_id == LayerTable.network_id)
        .order_by(AnswerTable.created_at.desc(), AnswerTable.id)
        .limit(1)
    )
    return found.correlate(LayerTable).scalar_subquery()
