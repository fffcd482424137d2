"""What the networks and the methods said: predictions and explanations."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain import Explanation, Extent, Prediction, Score, frozen
from app.errors import NotFound
from app.store import agreements
from app.store.blobs import Blobs
from app.store.records import ExplanationRow, PredictionRow
from app.store.tables import ExplanationTable, ImageTable, PredictionTable, SeriesTable, StudyTable, now

TOP = 3
"""How many findings the worklist names."""

READING = (SeriesTable.number, *ImageTable.within_series())
"""The order of a study's images."""


def image_of(session: Session, sop_instance_uid: str, frame: int) -> ImageTable:
    """The stored image that a result or a review is about; NotFound."""
    same = (ImageTable.sop_instance_uid == sop_instance_uid, ImageTable.frame == frame)
    image = session.scalar(select(ImageTable).where(*same))
    if image is None:
        raise NotFound("There is no such image, or it was removed.")
    return image


class Predictions:
    """The predictions of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, study_id: str, prediction: Prediction, *, headline: bool = True) -> PredictionRow:
        """Keep a prediction; one of the same image, network and version is replaced.

        ``headline``: the worklist shows this network's top findings from now on; else only where it has none to show.
        NotFound when the image is not of this study.
        """
        image = image_of(self._session, prediction.sop_instance_uid, prediction.frame)
        study = self._session.get(StudyTable, study_id)
        if study is None or image.study_id != study_id:
            raise NotFound("There is no such study, or it was removed.")
        same = (
            PredictionTable.image_id == image.id,
            PredictionTable.model == prediction.model,
            PredictionTable.model_sha256 == prediction.model_sha256,
        )
        row = self._session.scalar(select(PredictionTable).where(*same))
        if row is None:
            row = PredictionTable(
                study_id=study_id, image_id=image.id, model=prediction.model, model_sha256=prediction.model_sha256
            )
            self._session.add(row)
        row.scores = [list(astuple(score)) for score in prediction.scores]
        row.device = prediction.device
        row.versions = dict(prediction.versions)
        row.seconds = prediction.seconds
        row.created_at = now()
        self._session.flush()
        agreements.forget(self._session, image.id, row.model, row.model_sha256)
        if headline or study.headline in {None, prediction.model}:
            self._show(study, prediction)
        return self._row(row, image)

    def _show(self, study: StudyTable, prediction: Prediction) -> None:
        """Put the highest probability of each finding over all images of the study into the worklist."""
        mine = (PredictionTable.study_id == study.id, PredictionTable.model_sha256 == prediction.model_sha256)
        best: dict[str, Score] = {}
        for scores in self._session.scalars(select(PredictionTable.scores).where(*mine)):
            for score in (Score(*raw) for raw in scores):
                if score.finding not in best or score.probability > best[score.finding].probability:
                    best[score.finding] = score
        top = sorted(best.values(), key=lambda score: -score.probability)[:TOP]
        study.headline = prediction.model
        study.top = [list(astuple(score)) for score in top]
        study.probability = top[0].probability if top else None
        self._session.flush()
        agreements.show(self._session, study)

    def get(self, prediction_id: str) -> PredictionRow:
        """One prediction; NotFound."""
        found = self._rows(_predictions().where(PredictionTable.id == prediction_id))
        if not found:
            raise NotFound("There is no such prediction, or it was removed.")
        return found[0]

    def of_image(self, image_id: str) -> tuple[PredictionRow, ...]:
        """An image's predictions by all networks, newest first."""
        return self._rows(_predictions().where(PredictionTable.image_id == image_id))

    def of_study(self, study_id: str) -> tuple[PredictionRow, ...]:
        """A study's predictions in the order of its images, newest first within an image."""
        return self._rows(_predictions().where(PredictionTable.study_id == study_id))

    def _rows(self, query: "Select[PredictionTable, ImageTable]") -> tuple[PredictionRow, ...]:
        return tuple(self._row(row, image) for row, image in self._session.execute(query))

    def _row(self, row: PredictionTable, image: ImageTable) -> PredictionRow:
        prediction = Prediction(
            sop_instance_uid=image.sop_instance_uid,
            frame=image.frame,
            model=row.model,
            model_sha256=row.model_sha256,
            scores=tuple(Score(*score) for score in row.scores),
            device=row.device,
            versions=row.versions,
            seconds=row.seconds,
        )
        return PredictionRow(
            id=row.id, study_id=row.study_id, image_id=row.image_id, prediction=prediction, created_at=row.created_at
        )


def _predictions() -> "Select[PredictionTable, ImageTable]":
    return (
        select(PredictionTable, ImageTable)
        .join(ImageTable, ImageTable.id == PredictionTable.image_id)
        .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
        .order_by(*READING, PredictionTable.created_at.desc(), PredictionTable.id)
    )


class Explanations:
    """The explanations of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def save(self, study_id: str, explanation: Explanation) -> ExplanationRow:
        """Keep an explanation; one of the same image, network version, method, parameters and finding is replaced.

        NotFound when the image is not of this study. ValueError for values that are not finite float32.
        """
        values = explanation.values
        if values.dtype != np.float32 or values.ndim != 2 or not np.isfinite(values).all():
            raise ValueError("an explanation's values are finite float32 (height, width)")
        image = image_of(self._session, explanation.sop_instance_uid, explanation.frame)
        if image.study_id != study_id:
            raise NotFound("There is no such study, or it was removed.")
        octets = self._blobs.put(np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8).data)
        row = self._place(image, explanation)
        if row.values is not None and row.values != octets:
            self._doomed.add(row.values)
        row.values = octets
        row.state = explanation.state
        row.signed = explanation.signed
        row.height, row.width = values.shape
        row.extent = list(astuple(explanation.extent))
        row.minimum, row.maximum = float(values.min()), float(values.max())
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

    def _place(self, image: ImageTable, explanation: Explanation) -> ExplanationTable:
        """The row this explanation belongs into: the one of the same key, else a new one."""
        key = {
            "image_id": image.id,
            "model": explanation.model,
            "model_sha256": explanation.model_sha256,
            "method": explanation.method,
            "finding": explanation.finding,
            "parameters_key": parameters_key(explanation.parameters),
        }
        row = self._session.scalar(select(ExplanationTable).filter_by(**key))
        if row is None:
            row = ExplanationTable(study_id=image.study_id, **key)
            self._session.add(row)
        return row

    def get(self, explanation_id: str) -> ExplanationRow:
        """One explanation without its values; NotFound. Values: ``store.blobs.path(row.values_sha256)``, float32 LE."""
        return _explanation_row(self._get(explanation_id))

    def _get(self, explanation_id: str) -> ExplanationTable:
        row = self._session.get(ExplanationTable, explanation_id)
        if row is None:
            raise NotFound("There is no such explanation, or it was removed.")
        return row

    def values(self, explanation_id: str) -> NDArray[np.float32]:
        """The map, float32 (height, width), read-only; NotFound."""
        row = self._get(explanation_id)
        flat = np.frombuffer(self._blobs.read(row.values), "<f4")
        return cast("NDArray[np.float32]", frozen(flat.reshape(row.height, row.width)))

    def load(self, explanation_id: str) -> Explanation:
        """An explanation as the domain knows it; NotFound."""
        row = self.get(explanation_id)
        image = self._session.get_one(ImageTable, row.image_id)
        return Explanation(
            sop_instance_uid=image.sop_instance_uid,
            frame=image.frame,
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

    def of_image(self, image_id: str, *, model_sha256: str = "", finding: str = "") -> tuple[ExplanationRow, ...]:
        """An image's explanations, the newest per network version × method × finding, sorted by finding, then method."""
        query = select(ExplanationTable).where(ExplanationTable.image_id == image_id)
        if model_sha256:
            query = query.where(ExplanationTable.model_sha256 == model_sha256)
        if finding:
            query = query.where(ExplanationTable.finding == finding)
        order = (ExplanationTable.finding, ExplanationTable.method, ExplanationTable.created_at)
        newest = {
            (row.finding, row.method, row.model, row.model_sha256): row for row in self._session.scalars(query.order_by(*order))
        }
        return tuple(_explanation_row(row) for row in newest.values())

    def of_study(self, study_id: str) -> tuple[ExplanationRow, ...]:
        """A study's explanations, all of them, in the order of its images."""
        query = (
            select(ExplanationTable)
            .join(ImageTable, ImageTable.id == ExplanationTable.image_id)
            .join(SeriesTable, SeriesTable.id == ImageTable.series_id)
            .where(ExplanationTable.study_id == study_id)
            .order_by(*READING, ExplanationTable.finding, ExplanationTable.method, ExplanationTable.created_at)
        )
        return tuple(_explanation_row(row) for row in self._session.scalars(query))

    def missing(self, image_id: str, model_sha256: str, finding: str, methods: Sequence[str]) -> tuple[str, ...]:
        """Which of these methods have no map yet for a finding of an image by a network version."""
        known = {row.method for row in self.of_image(image_id, model_sha256=model_sha256, finding=finding)}
        return tuple(method for method in methods if method not in known)


def parameters_key(parameters: Mapping[str, str | float | int | bool]) -> str:
    """The sha256 of a method's parameters, written the same way every time."""
    return hashlib.sha256(json.dumps(dict(parameters), sort_keys=True).encode()).hexdigest()


def _explanation_row(row: ExplanationTable) -> ExplanationRow:
    return ExplanationRow(
        id=row.id,
        study_id=row.study_id,
        image_id=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=row.method,
        finding=row.finding,
        state=row.state,
        signed=row.signed,
        width=row.width,
        height=row.height,
        extent=Extent(*row.extent),
        minimum=row.minimum,
        maximum=row.maximum,
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
