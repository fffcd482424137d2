"""What networks and methods said of exams of stacks, and what readers said of the stacks themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import Extent, Score, frozen
from app.errors import NotFound
from app.exam import ExamPrediction, PlaneAnswer, StackExplanation, StackKey
from app.stacks import Correction
from app.store import agreements
from app.store.blobs import Blobs
from app.store.exam_records import ExamPredictionRow, StackExplanationRow
from app.store.exam_tables import CorrectionTable, ExamPredictionTable, StackExplanationTable
from app.store.results import TOP, parameters_key
from app.store.tables import SeriesTable, StudyTable, now


def series_of(session: Session, study_id: str, key: StackKey) -> SeriesTable:
    """The stored series of a stack; NotFound."""
    same = (SeriesTable.study_id == study_id, SeriesTable.series_uid == key.series_uid)
    series = session.scalar(select(SeriesTable).where(*same))
    if series is None:
        raise NotFound("There is no such series, or it was removed.")
    return series


class Exams:
    """The exams of a transaction: predictions, maps of stacks, and readers' corrections."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def save_prediction(self, study_id: str, prediction: ExamPrediction, *, headline: bool = True) -> ExamPredictionRow:
        """Keep a prediction; one of the same study, network and version is replaced.

        ``headline``: the worklist shows this network's top findings from now on; else only where it has none to show.
        NotFound when it is another study's.
        """
        study = self._session.get(StudyTable, study_id)
        if study is None or study.study_uid != prediction.study_uid:
            raise NotFound("There is no such study, or it was removed.")
        key = {"study_id": study_id, "model": prediction.model, "model_sha256": prediction.model_sha256}
        row = self._session.scalar(select(ExamPredictionTable).filter_by(**key))
        if row is None:
            row = ExamPredictionTable(**key)
            self._session.add(row)
        row.scores = _plain(prediction.scores)
        row.planes = [_plane(answer) for answer in prediction.planes]
        row.missing = list(prediction.missing)
        row.device = prediction.device
        row.versions = dict(prediction.versions)
        row.seconds = prediction.seconds
        row.created_at = now()
        self._session.flush()
        if headline or study.headline in {None, prediction.model}:
            self._show(study, prediction)
        return _prediction_row(row, study.study_uid)

    def _show(self, study: StudyTable, prediction: ExamPrediction) -> None:
        """Put the highest probabilities into the worklist."""
        top = sorted(prediction.scores, key=lambda score: -score.probability)[:TOP]
        study.headline = prediction.model
        study.top = _plain(top)
        study.probability = top[0].probability if top else None
        self._session.flush()
        agreements.show(self._session, study)

    def predictions(self, study_id: str) -> tuple[ExamPredictionRow, ...]:
        """A study's predictions as an exam, newest first."""
        query = (
            select(ExamPredictionTable, StudyTable.study_uid)
            .join(StudyTable, StudyTable.id == ExamPredictionTable.study_id)
            .where(ExamPredictionTable.study_id == study_id)
            .order_by(ExamPredictionTable.created_at.desc(), ExamPredictionTable.id)
        )
        return tuple(_prediction_row(row, uid) for row, uid in self._session.execute(query))

    def save_explanation(self, study_id: str, explanation: StackExplanation) -> StackExplanationRow:
        """Keep a stack's maps; those of the same stack, network version, method, parameters and finding are replaced.

        NotFound when the stack is not of this study. ValueError for values that are not finite float32.
        """
        values = explanation.values
        if values.dtype != np.float32 or values.ndim != 3 or not values.size or not np.isfinite(values).all():
            raise ValueError("a stack's maps are finite float32 (slices, height, width)")
        series = series_of(self._session, study_id, explanation.stack)
        octets = self._blobs.put(np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8).data)
        row = self._place(series, explanation)
        if row.values is not None and row.values != octets:
            self._doomed.add(row.values)
        row.values = octets
        row.plane = explanation.plane
        row.state = explanation.state
        row.signed = explanation.signed
        row.slices, row.height, row.width = values.shape
        row.extent = list(astuple(explanation.extent))
        row.minimum, row.maximum = float(values.min()), float(values.max())
        row.mass = list(explanation.mass())
        row.parameters = dict(explanation.parameters)
        row.versions = dict(explanation.versions)
        row.device = explanation.device
        row.seconds = explanation.seconds
        row.total = explanation.total
        row.conservation_error = explanation.conservation_error
        row.notes = list(explanation.notes)
        row.created_at = now()
        self._session.flush()
        return _explanation_row(row)

    def _place(self, series: SeriesTable, explanation: StackExplanation) -> StackExplanationTable:
        """The row these maps belong into: the one of the same key, else a new one."""
        key = {
            "series_id": series.id,
            "stack": explanation.stack.number,
            "model": explanation.model,
            "model_sha256": explanation.model_sha256,
            "method": explanation.method,
            "finding": explanation.finding,
            "parameters_key": parameters_key(explanation.parameters),
        }
        row = self._session.scalar(select(StackExplanationTable).filter_by(**key))
        if row is None:
            row = StackExplanationTable(study_id=series.study_id, **key)
            self._session.add(row)
        return row

    def explanation(self, explanation_id: str) -> StackExplanationRow:
        """One stack's maps without their values; NotFound. Values: ``store.blobs.path(row.values_sha256)``, float32 LE."""
        row = self._session.get(StackExplanationTable, explanation_id)
        if row is None:
            raise NotFound("There is no such explanation, or it was removed.")
        return _explanation_row(row)

    def values(self, explanation_id: str) -> NDArray[np.float32]:
        """The maps, float32 (slices, height, width), read-only; NotFound."""
        row = self.explanation(explanation_id)
        flat = np.frombuffer(self._blobs.read(row.values_sha256), "<f4")
        return cast("NDArray[np.float32]", frozen(flat.reshape(row.slices, row.height, row.width)))

    def load(self, explanation_id: str) -> StackExplanation:
        """A stack's maps as the domain knows them; NotFound."""
        row = self.explanation(explanation_id)
        series = self._session.get_one(SeriesTable, row.series_id)
        return StackExplanation(
            study_uid=self._session.get_one(StudyTable, row.study_id).study_uid,
            stack=StackKey(series.series_uid, row.stack),
            plane=row.plane,
            model=row.model,
            model_sha256=row.model_sha256,
            method=row.method,
            finding=row.finding,
            values=self.values(explanation_id),
            extent=row.extent,
            state=row.state,
            signed=row.signed,
            parameters=row.parameters,
            versions=row.versions,
            device=row.device,
            seconds=row.seconds,
            total=row.total,
            conservation_error=row.conservation_error,
            notes=row.notes,
        )

    def explanations(self, study_id: str, *, model_sha256: str = "", finding: str = "") -> tuple[StackExplanationRow, ...]:
        """A study's maps of stacks, the newest per stack × network version × method × finding, in the order of its series."""
        query = (
            select(StackExplanationTable)
            .join(SeriesTable, SeriesTable.id == StackExplanationTable.series_id)
            .where(StackExplanationTable.study_id == study_id)
        )
        if model_sha256:
            query = query.where(StackExplanationTable.model_sha256 == model_sha256)
        if finding:
            query = query.where(StackExplanationTable.finding == finding)
        order = [getattr(StackExplanationTable, name) for name in ("stack", "finding", "method", "created_at")]
        newest = {
            (row.series_id, row.stack, row.model, row.model_sha256, row.method, row.finding): row
            for row in self._session.scalars(query.order_by(SeriesTable.number, *order))
        }
        return tuple(_explanation_row(row) for row in newest.values())

    def missing(
        self,
        study_id: str,
        model_sha256: str,
        finding: str,
        methods: Sequence[str],
        *,
        stacks: Mapping[StackKey, int],
        versions: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """Which of these methods lack maps of a finding by a network version on one of the ``stacks``, given with their numbers
        of slices: maps of fewer slices, or of other ``versions`` of the software where they are given, do not count."""
        uids = dict(self._session.execute(select(SeriesTable.id, SeriesTable.series_uid).filter_by(study_id=study_id)).all())
        known = {
            (row.method, StackKey(uids[row.series_id], row.stack), row.slices)
            for row in self.explanations(study_id, model_sha256=model_sha256, finding=finding)
            if versions is None or row.versions == versions
        }
        return tuple(method for method in methods if any((method, key, slices) not in known for key, slices in stacks.items()))

    def correct(self, study_id: str, correction: Correction) -> bool:
        """Keep what a reader says of a stack, in place of what was said before; one that says nothing is let go. NotFound.

        Whether it changed anything.
        """
        series = series_of(self._session, study_id, correction.key)
        place = {"series_id": series.id, "stack": correction.key.number}
        row = self._session.scalar(select(CorrectionTable).filter_by(**place))
        said = (correction.plane, correction.weighting, correction.used)
        nothing = (None, None, None)
        if said == (nothing if row is None else (row.plane, row.weighting, row.used)):
            return False
        if row is not None:
            self._session.delete(row)
            self._session.flush()
        if said != nothing:
            row = CorrectionTable(study_id=study_id, **place, created_at=now())
            row.plane, row.weighting, row.used = said
            self._session.add(row)
        self._session.get_one(StudyTable, study_id).changed_at = now()
        self._session.flush()
        return True

    def corrections(self, study_id: str) -> tuple[Correction, ...]:
        """What readers say of a study's stacks, in the order of its series."""
        query = (
            select(CorrectionTable, SeriesTable.series_uid)
            .join(SeriesTable, SeriesTable.id == CorrectionTable.series_id)
            .where(CorrectionTable.study_id == study_id)
            .order_by(SeriesTable.number, CorrectionTable.stack)
        )
        return tuple(
            Correction(StackKey(uid, row.stack), cast(Any, row.plane), row.weighting, row.used)
            for row, uid in self._session.execute(query)
        )


def _plain(scores: Sequence[Score]) -> list[Any]:
    return [list(astuple(score)) for score in scores]


def _plane(answer: PlaneAnswer) -> dict[str, Any]:
    return {
        "series_uid": answer.stack.series_uid,
        "stack": answer.stack.number,
        "plane": answer.plane,
        "scores": _plain(answer.scores),
        "contributions": list(answer.contributions),
        "slice_scores": [list(scores) for scores in answer.slice_scores],
    }


def _prediction_row(row: ExamPredictionTable, study_uid: str) -> ExamPredictionRow:
    planes = tuple(
        PlaneAnswer(
            stack=StackKey(raw["series_uid"], raw["stack"]),
            plane=raw["plane"],
            scores=tuple(Score(*score) for score in raw["scores"]),
            contributions=tuple(raw["contributions"]),
            slice_scores=tuple(tuple(scores) for scores in raw["slice_scores"]),
        )
        for raw in row.planes
    )
    prediction = ExamPrediction(
        study_uid=study_uid,
        model=row.model,
        model_sha256=row.model_sha256,
        scores=tuple(Score(*score) for score in row.scores),
        planes=planes,
        missing=tuple(row.missing),
        device=row.device,
        versions=row.versions,
        seconds=row.seconds,
    )
    return ExamPredictionRow(id=row.id, study_id=row.study_id, prediction=prediction, created_at=row.created_at)


def _explanation_row(row: StackExplanationTable) -> StackExplanationRow:
    return StackExplanationRow(
        id=row.id,
        study_id=row.study_id,
        series_id=row.series_id,
        stack=row.stack,
        plane=cast(Any, row.plane),
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        state=row.state,
        signed=row.signed,
        slices=row.slices,
        height=row.height,
        width=row.width,
        extent=Extent(*row.extent),
        minimum=row.minimum,
        maximum=row.maximum,
        mass=tuple(row.mass),
        parameters=row.parameters,
        versions=row.versions,
        device=row.device,
        seconds=row.seconds,
        total=row.total,
        conservation_error=row.conservation_error,
        notes=tuple(row.notes),
        values_sha256=row.values,
        created_at=row.created_at,
    )
