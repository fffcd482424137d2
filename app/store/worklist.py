"""The worklist: studies searched, filtered, sorted and paged by the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session, contains_eager, load_only, selectinload

from app.anatomy.signs import METHODS
from app.domain import Evidence, Patient, Score, Share
from app.store import agreements
from app.store.agreements import Apart
from app.store.answers import said, scores_of
from app.store.readings import reads
from app.store.records import Lying, Page, WorklistQuery, WorklistRow, WorklistSort
from app.store.tables import (
    AnswerTable,
    ImageTable,
    LayerTable,
    NetworkTable,
    PartTable,
    SeriesTable,
    StackTable,
    StudyTable,
)

STATE_ORDER = {"failed": 0, "analysing": 1, "waiting": 2, "no network": 3, "done": 5}
"""What needs a person comes first when the worklist is sorted by state."""
REFUSED = StudyTable.caution == "refused"
NOT_READ = (and_(StudyTable.state == "done", REFUSED), 4)
"""An analysis that ended with a refusal stands before those that ended with an answer."""

SORTS: dict[WorklistSort, tuple[Any, ...]] = {
    "received": (),
    "study date": (StudyTable.date, StudyTable.time),
    "patient": (StudyTable.searched,),  # begins with the name, casefolded
    "state": (case(NOT_READ, *((StudyTable.state == state, place) for state, place in STATE_ORDER.items()), else_=9),),
    "probability": (func.coalesce(StudyTable.probability, -1.0),),
    "disagreement": (func.coalesce(StudyTable.weighed, -1.0),),
    "flags": (StudyTable.flags,),
}


def contains(column: Any, text: str) -> list[ColumnElement[bool]]:
    """One condition per word: the casefolded column contains it, with the wildcards of LIKE taken as plain characters."""
    return [column.contains(word, autoescape=True) for word in text.casefold().split()]


def clipped(number: int, size: int, total: int) -> int:
    """The page asked for, or the nearest there is."""
    return min(max(1, number), max(1, -(-total // size)))


class Worklist:
    """The worklist of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, query: WorklistQuery) -> Page[WorklistRow]:
        """One page; a page beyond the last is the last."""
        size = min(max(1, query.size), 200)
        chosen = _filtered(query)
        total = self._session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        number = clipped(query.number, size, total)
        rows = self._session.scalars(
            select(StudyTable).where(StudyTable.id.in_(chosen)).order_by(*_order(query)).limit(size).offset((number - 1) * size)
        ).all()
        modalities, counts = self._contents([row.id for row in rows])
        known = agreements.of_findings(self._session, rows)
        planes = self._planes([row.id for row in rows])
        said = self.said([row.id for row in rows])
        elsewhere = self.elsewhere([row.id for row in rows])
        return Page(
            rows=tuple(
                replace(
                    _row(row, modalities.get(row.id, ""), counts.get(row.id, 0), self.thumbnail(row.id), known),
                    planes=planes.get(row.id, 0),
                    version=said[row.id][0] if row.id in said else "",
                    said=said[row.id][1] if row.id in said else (),
                    elsewhere=tuple(one for one in elsewhere if one.study == row.id),
                    apart={finding: one.disagreement for (study, finding), one in known.items() if study == row.id},
                    counted={finding: one.counted for (study, finding), one in known.items() if study == row.id},
                )
                for row in rows
            ),
            total=total,
            number=number,
            size=size,
        )

    def ids(self, query: WorklistQuery) -> tuple[str, ...]:
        """Every study that the query takes, sorted as it says, without paging."""
        return tuple(self._session.scalars(_filtered(query).order_by(*_order(query))))

    def of_patient(self, study_id: str) -> tuple[WorklistRow, ...]:
        """The other studies of the patient of a study, the newest first, at most 50: those with the same Patient ID, which is
        none of a phantom where the study is one's of a person, and no other date of birth. Nothing without a Patient ID."""
        mine = self._session.get(StudyTable, study_id)
        if mine is None or not mine.patient_id:
            return ()
        same = [StudyTable.patient_id == mine.patient_id, StudyTable.phantom == mine.phantom, StudyTable.id != mine.id]
        if mine.birth_date:
            same.append(StudyTable.birth_date.in_(("", mine.birth_date)))
        found = frozenset(self._session.scalars(select(StudyTable.id).where(StudyTable.removal.is_(None), *same)))
        return self.page(WorklistQuery(only=found, sort="study date", size=50)).rows if found else ()

    def _contents(self, ids: list[str]) -> tuple[dict[str, str], dict[str, int]]:
        modalities: dict[str, str] = {}
        kinds = select(SeriesTable.study_id, SeriesTable.modality).where(SeriesTable.study_id.in_(ids)).distinct()
        for study_id, modality in self._session.execute(kinds.order_by(SeriesTable.modality)):
            modalities[study_id] = f"{modalities[study_id]}/{modality}" if study_id in modalities else modality
        counted = select(ImageTable.study_id, func.count()).where(ImageTable.study_id.in_(ids)).group_by(ImageTable.study_id)
        return modalities, {row[0]: row[1] for row in self._session.execute(counted)}

    def elsewhere(self, ids: Sequence[str] | None = None) -> tuple[Lying, ...]:
        """The maps of these studies, or of all, that look elsewhere, were their finding called: by the measured methods, of the
        network whose findings are shown, on what is there now. Who reads decides what is called."""
        query = (
            select(LayerTable, NetworkTable.name, NetworkTable.sha256, said().label("said"))
            .options(load_only(LayerTable.study_id, LayerTable.finding, LayerTable.evidence, LayerTable.odd))
            .join(StackTable, StackTable.id == LayerTable.stack_id)
            .join(NetworkTable, NetworkTable.id == LayerTable.network_id)
            .join(StudyTable, and_(StudyTable.id == LayerTable.study_id, StudyTable.headline == NetworkTable.name))
            .where(LayerTable.odd != "", LayerTable.method.in_(METHODS), LayerTable.values.is_not(None), StackTable.current)
            .order_by(LayerTable.created_at, LayerTable.id)
        )
        if ids is not None:
            query = query.where(LayerTable.study_id.in_(ids))
        return tuple(
            Lying(
                study=layer.study_id,
                finding=layer.finding,
                network=network,
                version=version,
                probability={score.finding: score.probability for score in scores_of(scores or ())}.get(layer.finding),
                evidence=Evidence(tuple(Share(*one) for one in layer.evidence or ()), layer.odd),
            )
            for layer, network, version, scores in self._session.execute(query)
        )

    def _planes(self, ids: list[str]) -> dict[str, int]:
        """How many planes of each exam were read by the network whose findings are shown."""
        query = (
            select(AnswerTable.study_id, AnswerTable.id, func.count(PartTable.place))
            .join(PartTable, PartTable.answer_id == AnswerTable.id)
            .join(NetworkTable, NetworkTable.id == AnswerTable.network_id)
            .join(StudyTable, StudyTable.id == AnswerTable.study_id)
            .where(AnswerTable.study_id.in_(ids), NetworkTable.name == StudyTable.headline, PartTable.plane != "")
            .group_by(AnswerTable.study_id, AnswerTable.id, AnswerTable.created_at)
            .order_by(AnswerTable.created_at)
        )
        return {study_id: count for study_id, _answer, count in self._session.execute(query)}

    def said(self, ids: Sequence[str], network: str = "") -> dict[str, tuple[str, tuple[Score, ...]]]:
        """By study: the last version of this network, or of the one whose findings are shown, and the highest score of every
        finding over all that it read of what is there now."""
        query = (
            select(AnswerTable)
            .join(AnswerTable.network)
            .join(StudyTable, StudyTable.id == AnswerTable.study_id)
            .where(AnswerTable.study_id.in_(ids), NetworkTable.name == (network or StudyTable.headline))
            .options(contains_eager(AnswerTable.network), selectinload(AnswerTable.parts).selectinload(PartTable.stack))
            .order_by(AnswerTable.created_at.desc(), AnswerTable.id)
        )
        versions: dict[str, str] = {}
        best: dict[str, dict[str, Score]] = {}
        for row in self._session.scalars(query):
            if versions.setdefault(row.study_id, row.network.sha256) != row.network.sha256:
                continue
            mine = best.setdefault(row.study_id, {})
            for score in scores_of(row.scores) if all(part.stack.current for part in row.parts) else ():
                if score.finding not in mine or score.probability > mine[score.finding].probability:
                    mine[score.finding] = score
        ordered = {study: tuple(sorted(mine.values(), key=lambda one: -one.probability)) for study, mine in best.items()}
        return {study: (versions[study], scores) for study, scores in ordered.items()}

    def headlines(self, ids: Sequence[str]) -> dict[str, str]:
        """The network whose findings are shown of each of these studies that any network has read."""
        found = select(StudyTable.id, StudyTable.headline).where(StudyTable.id.in_(ids), StudyTable.headline.is_not(None))
        return {study: network for study, network in self._session.execute(found) if network}

    def thumbnail(self, study_id: str) -> str | None:
        """The image in the middle of the first series."""
        series = select(SeriesTable.id).where(SeriesTable.study_id == study_id).order_by(SeriesTable.number).limit(1)
        mine = ImageTable.series_id == series.scalar_subquery()
        count = self._session.scalar(select(func.count()).select_from(ImageTable).where(mine)) or 0
        ordered = select(ImageTable.id).where(mine).order_by(*ImageTable.within_series())
        return self._session.scalar(ordered.limit(1).offset(count // 2))

    def modalities(self) -> tuple[str, ...]:
        """The modalities that occur, sorted; PNG and JPEG films have none."""
        found = select(SeriesTable.modality).where(SeriesTable.modality != "").distinct().order_by(SeriesTable.modality)
        return tuple(self._session.scalars(found))

    def titles(self, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Patient name and description of each of these studies that is stored, by its id."""
        found = select(StudyTable.id, StudyTable.patient_name, StudyTable.description)
        found = found.where(StudyTable.id.in_(tuple(ids)), StudyTable.removal.is_(None))
        return {row.id: (row.patient_name, row.description) for row in self._session.execute(found)}


def _order(query: WorklistQuery) -> list[Any]:
    columns = (*SORTS[query.sort], StudyTable.received_at, StudyTable.id)
    return [column.desc() if query.descending else column.asc() for column in columns]


def _filtered(query: WorklistQuery) -> Select[str]:
    chosen = select(StudyTable.id).where(StudyTable.removal.is_(None), *contains(StudyTable.searched, query.text))
    if query.modality:
        having = select(SeriesTable.study_id).where(SeriesTable.modality == query.modality)
        chosen = chosen.where(StudyTable.id.in_(having))
    if query.state is not None:
        chosen = chosen.where(StudyTable.state == query.state)
    if query.refused is not None:
        chosen = chosen.where(REFUSED if query.refused else ~REFUSED)
    if query.flagged is not None:
        chosen = chosen.where(StudyTable.flags > 0 if query.flagged else StudyTable.flags == 0)
    if query.disagreement is not None:
        chosen = chosen.where(StudyTable.disagreement >= query.disagreement)
    if query.phantom is not None:
        chosen = chosen.where(StudyTable.phantom == query.phantom)
    if query.only is not None:
        chosen = chosen.where(StudyTable.id.in_(tuple(query.only)))
    if query.without:
        chosen = chosen.where(StudyTable.id.not_in(tuple(query.without)))
    if query.reading:
        chosen = chosen.where(reads(query.reader, query.reading))
    return chosen


def _row(
    row: StudyTable, modality: str, images: int, thumbnail: str | None, known: Mapping[tuple[str, str], Apart]
) -> WorklistRow:
    top = tuple(Score(*score) for score in row.top)
    apart = [known.get((row.id, score.finding)) for score in top]
    return WorklistRow(
        id=row.id,
        patient=Patient(row.patient_name, row.patient_id, row.birth_date, row.sex),
        date=row.date,
        accession=row.accession,
        description=row.description,
        modality=modality,
        images=images,
        state=cast(Any, row.state),
        top=top,
        disagreements=tuple(None if one is None else one.disagreement for one in apart),
        flags=row.flags,
        thumbnail=thumbnail,
        received_at=row.received_at,
        phantom=row.phantom,
        caution=cast(Any, row.caution),
        network=row.headline or "",
        study_uid=row.study_uid,
    )
