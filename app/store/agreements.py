"""How far methods agree: one row per stack, network and finding. What it says is computed elsewhere; this keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, delete, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from app.errors import NotFound
from app.store.parties import network
from app.store.records import AgreementKey, AgreementRow
from app.store.tables import (
    AgreementTable,
    AnswerTable,
    LayerTable,
    NetworkTable,
    PartTable,
    SeriesTable,
    StackTable,
    StudyTable,
    now,
)

KEY = (LayerTable.study_id, LayerTable.stack_id, NetworkTable.name, NetworkTable.sha256, LayerTable.finding)


class Agreements:
    """The agreements of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(
        self,
        key: AgreementKey,
        methods: Sequence[str],
        rank: float | None,
        overlap: float | None,
        disagreement: float | None,
        *,
        weight: float = 1.0,
    ) -> AgreementRow:
        """Keep how far methods agree, and how much it weighs (0: not at all), in place of what another version of the network
        led to. NotFound when it is gone."""
        study = self._session.get(StudyTable, key.study_id)
        if study is None or self._session.get(StackTable, key.stack_id) is None:
            raise NotFound("There is no such study, or it was removed.")
        party = network(self._session, key.model, key.model_sha256)
        forget(self._session, key.stack_id, party)
        same = {"stack_id": key.stack_id, "network_id": party.id, "finding": key.finding}
        row = self._session.scalar(select(AgreementTable).filter_by(**same))
        if row is None:
            row = AgreementTable(study_id=key.study_id, **same)
            self._session.add(row)
        row.methods = list(methods)
        row.rank, row.overlap, row.disagreement, row.weight = rank, overlap, disagreement, weight
        row.created_at = now()
        self._session.flush()
        show(self._session, study)
        return self._rows(AgreementTable.id == row.id)[0]

    def renew(self, stack_id: str, finding: str) -> None:
        """Let what is kept of a finding be computed anew: another map came to it."""
        same = (AgreementTable.stack_id == stack_id, AgreementTable.finding == finding)
        self._session.execute(delete(AgreementTable).where(*same))

    def of_study(self, study_id: str) -> tuple[AgreementRow, ...]:
        """A study's agreements, in the order of its stacks, then by network and finding."""
        return self._rows(AgreementTable.study_id == study_id)

    def _rows(self, *conditions: Any) -> tuple[AgreementRow, ...]:
        query = _agreements().where(*conditions).execution_options(populate_existing=True)
        return tuple(map(_row, self._session.scalars(query)))

    def missing(self, study_id: str = "", limit: int = 50) -> tuple[AgreementKey, ...]:
        """Findings of films and stacks whose maps are newer than what is kept of their agreement, or whose agreement was never
        weighed, of one study or of all; at most so many.

        Only the version of a network that read the stack last counts: maps of older versions stay what they are, and so do
        those of earlier states of a series.
        """
        known = and_(
            AgreementTable.stack_id == LayerTable.stack_id,
            AgreementTable.network_id == LayerTable.network_id,
            AgreementTable.finding == LayerTable.finding,
        )
        newest, kept = func.max(LayerTable.created_at), func.max(AgreementTable.created_at)
        unweighed = func.count(AgreementTable.weight) == 0
        query = (
            select(*KEY)
            .join(NetworkTable, NetworkTable.id == LayerTable.network_id)
            .join(StackTable, StackTable.id == LayerTable.stack_id)
            .outerjoin(AgreementTable, known)
            .where(LayerTable.producer == "method", StackTable.current, LayerTable.network_id == _last_version())
        )
        if study_id:
            query = query.where(LayerTable.study_id == study_id)
        query = query.group_by(*KEY).having(unweighed | (kept < newest)).order_by(*KEY).limit(limit)
        return tuple(AgreementKey(*found) for found in self._session.execute(query))


def _agreements() -> "Select[AgreementTable]":
    return (
        select(AgreementTable)
        .join(AgreementTable.network)
        .join(StackTable, StackTable.id == AgreementTable.stack_id)
        .join(SeriesTable, SeriesTable.id == StackTable.series_id)
        .options(contains_eager(AgreementTable.network))
        .order_by(SeriesTable.number, StackTable.number, StackTable.id, NetworkTable.name, AgreementTable.finding)
    )


def _last_version() -> "ScalarSelect[str]":
    """The version of a layer's network that read its stack last, as a correlated subquery."""
    version = aliased(NetworkTable)
    found = (
        select(AnswerTable.network_id)
        .join(PartTable, PartTable.answer_id == AnswerTable.id)
        .join(version, version.id == AnswerTable.network_id)
        .where(PartTable.stack_id == LayerTable.stack_id, version.name == NetworkTable.name)
        .order_by(AnswerTable.created_at.desc(), AnswerTable.id)
        .limit(1)
    )
    return found.correlate(LayerTable, NetworkTable).scalar_subquery()


def forget(session: Session, stack_id: str, party: NetworkTable) -> None:
    """Let go of what other versions of a network led to for a stack: their maps are not what is shown."""
    others = select(NetworkTable.id).where(NetworkTable.name == party.name, NetworkTable.id != party.id)
    session.execute(delete(AgreementTable).where(AgreementTable.stack_id == stack_id, AgreementTable.network_id.in_(others)))


@dataclass(frozen=True, slots=True)
class Apart:
    """How far methods are apart on one finding of a study, at most over its stacks: in all, where it counts (None where it
    nowhere does), and weighed by how likely the finding is."""

    disagreement: float
    counted: float | None
    weighed: float | None


def of_findings(session: Session, studies: Sequence[StudyTable]) -> dict[tuple[str, str], Apart]:
    """The strongest disagreement over each study's stacks, by study and finding, by the network that the worklist shows: over
    all films, and over the stacks of an exam that it read last."""
    counts = AgreementTable.weight > 0
    found = (
        select(
            AgreementTable.study_id,
            AgreementTable.finding,
            func.max(AgreementTable.disagreement),
            func.max(case((counts, AgreementTable.disagreement))),
            func.max(case((counts, AgreementTable.disagreement * AgreementTable.weight))),
        )
        .join(NetworkTable, NetworkTable.id == AgreementTable.network_id)
        .join(StackTable, and_(StackTable.id == AgreementTable.stack_id, StackTable.current))
        .join(StudyTable, and_(StudyTable.id == AgreementTable.study_id, StudyTable.headline == NetworkTable.name))
        .where(AgreementTable.study_id.in_([study.id for study in studies]), AgreementTable.disagreement.is_not(None), _shown())
        .group_by(AgreementTable.study_id, AgreementTable.finding)
    )
    return {(study, finding): Apart(*figures) for study, finding, *figures in session.execute(found)}


def _shown() -> ColumnElement[bool]:
    """Whether an agreement is about a film, or about a stack in the network's last answer about its study: a stack that a
    reader left out since is part of an earlier one."""
    network = aliased(NetworkTable)
    last = (
        select(AnswerTable.id)
        .join(network, network.id == AnswerTable.network_id)
        .where(AnswerTable.study_id == AgreementTable.study_id, network.name == NetworkTable.name)
        .order_by(AnswerTable.created_at.desc(), AnswerTable.id)
        .limit(1)
        .correlate(AgreementTable, NetworkTable)
        .scalar_subquery()
    )
    mine = PartTable.stack_id == AgreementTable.stack_id
    in_an_exam = exists().where(mine, PartTable.plane != "")
    return or_(~in_an_exam, exists().where(mine, PartTable.answer_id == last))


def show(session: Session, study: StudyTable) -> None:
    """Put the strongest disagreement that counts on a finding that the worklist names into the worklist, and the strongest once
    they are weighed."""
    known = of_findings(session, [study])
    named = [apart for score in study.top or [] if (apart := known.get((study.id, str(score[0]))))]
    study.disagreement = max((one.counted for one in named if one.counted is not None), default=None)
    study.weighed = max((one.weighed for one in named if one.weighed is not None), default=None)
    session.flush()


def _row(row: AgreementTable) -> AgreementRow:
    return AgreementRow(
        id=row.id,
        key=AgreementKey(row.study_id, row.stack_id, row.network.name, row.network.sha256, row.finding),
        methods=tuple(row.methods),
        rank=row.rank,
        overlap=row.overlap,
        disagreement=row.disagreement,
        created_at=row.created_at,
    )
