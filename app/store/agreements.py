"""How far methods agree: one row per image, network and finding. What it says is computed elsewhere; this keeps it."""

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, and_, delete, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.store.records import AgreementKey, AgreementRow
from app.store.tables import AgreementTable, ExplanationTable, ImageTable, PredictionTable, SeriesTable, StudyTable, now

KEY = (
    ExplanationTable.study_id,
    ExplanationTable.image_id,
    ExplanationTable.model,
    ExplanationTable.model_sha256,
    ExplanationTable.finding,
)


class Agreements:
    """The agreements of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(
        self, key: AgreementKey, methods: Sequence[str], rank: float | None, overlap: float | None, disagreement: float | None
    ) -> AgreementRow:
        """Keep how far methods agree, in place of what another version of the network led to. NotFound when it is gone."""
        study = self._session.get(StudyTable, key.study_id)
        if study is None or self._session.get(ImageTable, key.image_id) is None:
            raise NotFound("There is no such study, or it was removed.")
        same = {"image_id": key.image_id, "model": key.model, "finding": key.finding}
        row = self._session.scalar(select(AgreementTable).filter_by(**same))
        if row is None:
            row = AgreementTable(study_id=key.study_id, **same)
            self._session.add(row)
        row.model_sha256 = key.model_sha256
        row.methods = list(methods)
        row.rank, row.overlap, row.disagreement = rank, overlap, disagreement
        row.created_at = now()
        self._session.flush()
        show(self._session, study)
        return _row(row)

    def of_study(self, study_id: str) -> tuple[AgreementRow, ...]:
        """A study's agreements, in the order of its images, then by network and finding."""
        query = (
            select(AgreementTable)
            .join(ImageTable, ImageTable.id == AgreementTable.image_id)
            .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
            .where(AgreementTable.study_id == study_id)
            .order_by(SeriesTable.number, *ImageTable.within_series(), AgreementTable.model, AgreementTable.finding)
        )
        return tuple(map(_row, self._session.scalars(query)))

    def missing(self, study_id: str = "", limit: int = 50) -> tuple[AgreementKey, ...]:
        """Findings whose maps are newer than what is kept of their agreement, of one study or of all; at most so many.

        Only the version of a network that read the image last counts: maps of older versions stay what they are.
        """
        known = and_(
            AgreementTable.image_id == ExplanationTable.image_id,
            AgreementTable.model == ExplanationTable.model,
            AgreementTable.model_sha256 == ExplanationTable.model_sha256,
            AgreementTable.finding == ExplanationTable.finding,
        )
        newest = func.max(ExplanationTable.created_at)
        query = select(*KEY).outerjoin(AgreementTable, known).where(ExplanationTable.model_sha256 == _last_version())
        if study_id:
            query = query.where(ExplanationTable.study_id == study_id)
        kept = func.max(AgreementTable.created_at)
        query = query.group_by(*KEY).having((kept.is_(None)) | (kept < newest)).order_by(*KEY).limit(limit)
        return tuple(AgreementKey(*found) for found in self._session.execute(query))


def _last_version() -> "ScalarSelect[str]":
    """The version of an explanation's network that read its image last, as a correlated subquery."""
    same = (PredictionTable.image_id == ExplanationTable.image_id, PredictionTable.model == ExplanationTable.model)
    found = select(PredictionTable.model_sha256).where(*same)
    return (
        found.order_by(PredictionTable.created_at.desc(), PredictionTable.id)
        .limit(1)
        .correlate(ExplanationTable)
        .scalar_subquery()
    )


def forget(session: Session, image_id: str, model: str, model_sha256: str) -> None:
    """Let go of what other versions of a network led to for an image: their maps are not what is shown."""
    old = (AgreementTable.image_id == image_id, AgreementTable.model == model, AgreementTable.model_sha256 != model_sha256)
    session.execute(delete(AgreementTable).where(*old))


def of_findings(session: Session, studies: Sequence[StudyTable]) -> dict[tuple[str, str], float]:
    """The strongest disagreement over each study's images, by study and finding, by the network that the worklist shows."""
    found = (
        select(AgreementTable.study_id, AgreementTable.finding, func.max(AgreementTable.disagreement))
        .join(StudyTable, and_(StudyTable.id == AgreementTable.study_id, StudyTable.headline == AgreementTable.model))
        .where(AgreementTable.study_id.in_([study.id for study in studies]), AgreementTable.disagreement.is_not(None))
        .group_by(AgreementTable.study_id, AgreementTable.finding)
    )
    return {(study_id, finding): value for study_id, finding, value in session.execute(found) if value is not None}


def show(session: Session, study: StudyTable) -> None:
    """Put the strongest disagreement on a finding that the worklist names into the worklist."""
    known = of_findings(session, [study])
    named = (known.get((study.id, str(score[0]))) for score in study.top or [])
    study.disagreement = max((value for value in named if value is not None), default=None)
    session.flush()


def _row(row: AgreementTable) -> AgreementRow:
    return AgreementRow(
        id=row.id,
        key=AgreementKey(row.study_id, row.image_id, row.model, row.model_sha256, row.finding),
        methods=tuple(row.methods),
        rank=row.rank,
        overlap=row.overlap,
        disagreement=row.disagreement,
        created_at=row.created_at,
    )
