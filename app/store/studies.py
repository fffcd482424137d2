"""Studies, series, images and the files they came in."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.domain import Image, Patient, Series, Study, VoiLut, Window, frozen
from app.errors import Conflict, NotFound, Unavailable
from app.stacks import JOINED
from app.store.blobs import Blobs
from app.store.questions import QuestionTable
from app.store.records import Added, ImageRow, SeriesRow, StudyRow
from app.store.removals import wanted
from app.store.staging import Staged
from app.store.tables import FileTable, ImageTable, LayerTable, SeriesTable, StudyTable, WhatIfTable, now

TAKEN = "A different file with the same SOP Instance UID is stored already. The stored one was kept; this one was not added."
MAPPED = 256
"""Most images of a study whose pixels stay mapped from disk: each holds a file open. Beyond, pixels are read at once."""
SAME = 0.99
"""Cosine between two normals from which on slices count as parallel."""
NOWHERE = 1_000_000
"""The plane of images without a position: after all others."""


def _place(series: SeriesTable, columns: dict[str, Any]) -> dict[str, Any]:
    """Which plane of the series a slice lies in, and how far along that plane's normal, in mm: Image Position (0020,0032) and
    Image Orientation (0020,0037), PS3.3 C.7.6.2.1.1. A plane that is new to the series is noted there."""
    if columns["position"] is None or columns["axes"] is None:
        return {"plane": NOWHERE, "along": 0.0}
    normal = np.cross(columns["axes"][:3], columns["axes"][3:])
    plane = next((index for index, known in enumerate(series.planes) if float(np.dot(known, normal)) > SAME), None)
    if plane is None:
        plane = len(series.planes)
        series.planes = [*series.planes, normal.tolist()]
    return {"plane": plane, "along": round(float(np.dot(columns["position"], series.planes[plane])), 3)}


READING = (SeriesTable.number, *ImageTable.within_series())
"""The order of a study's images."""


def image_of(session: Session, sop_instance_uid: str, frame: int) -> ImageTable:
    """The stored image that a result or a reader's mark is about; NotFound."""
    same = (ImageTable.sop_instance_uid == sop_instance_uid, ImageTable.frame == frame)
    image = session.scalar(select(ImageTable).where(*same))
    if image is None:
        raise NotFound("There is no such image, or it was removed.")
    return image


class Studies:
    """The studies of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def add(self, staged: Staged, *, anew: bool = False) -> Added:
        """Store one staged file; a study, a series it adds to grows.

        The same file again is "already here", and repairs what of it was damaged. Conflict, and nothing is stored, when a
        different file is stored under the same SOP Instance UID (0008,0018), unless it may be stored ``anew`` under another
        one; or when the study is stored under another patient ID (0010,0020).
        """
        known = self._session.scalar(select(FileTable).where(FileTable.sop_instance_uid == staged.sop_instance_uid))
        if known is not None:
            if known.sha256 == staged.sha256:
                wanted(self._session, known.study_id)
                self._repair(known, staged)
                return Added("already here", known.study_id)
            if anew:
                added = self.add(staged.renamed())
                return replace(added, renamed=True)
            self._doomed.update(staged.blobs())
            raise Conflict(TAKEN)
        if not all(self._blobs.has(sha256) for sha256 in staged.blobs()):
            raise Unavailable("The file was removed while it was being stored. Send it again.")
        study = self._study(staged)
        number = self._session.scalar(select(func.count()).where(FileTable.study_id == study.id)) or 0
        series = [self._series(study, part) for part in staged.study.series]
        self._session.add(
            FileTable(
                study_id=study.id,
                number=number,
                sop_instance_uid=staged.sop_instance_uid,
                name=staged.name,
                sha256=staged.sha256,
                size=staged.size,
                received_at=study.changed_at,
            )
        )
        for part in series:
            part.unsorted = True
        for index, columns in staged.images:
            place = _place(series[index], columns)
            self._session.add(ImageTable(study_id=study.id, series_id=series[index].id, number=number, **columns, **place))
        self._session.flush()
        return Added("accepted", study.id)

    def _repair(self, known: FileTable, staged: Staged) -> None:
        """Refer to the pixels that came where those stored are damaged or gone. Staging has replaced them if they are the same;
        another version of the product may have read others out of the same file."""
        found = {columns["frame"]: columns for _, columns in staged.images}
        mine = select(ImageTable).where(ImageTable.sop_instance_uid == known.sop_instance_uid)
        for image in self._session.scalars(mine):
            columns = found.get(image.frame)
            if columns and columns["pixels"] != image.pixels and not self._blobs.sound(image.pixels):
                for name, value in columns.items():
                    setattr(image, name, value)
        self._session.flush()

    def _study(self, staged: Staged) -> StudyTable:
        """The row of a file's study, made where there is none."""
        study, patient = staged.study, staged.study.patient
        row = self._session.scalar(select(StudyTable).where(StudyTable.study_uid == study.study_uid))
        if row is None:
            row = StudyTable(
                study_uid=study.study_uid,
                patient_name=patient.name,
                patient_id=patient.id,
                birth_date=patient.birth_date,
                sex=patient.sex,
                date=study.date,
                time=study.time,
                accession=study.accession,
                description=study.description,
                phantom=study.phantom,
                received_at=now(),
                searched=_searched(study),
            )
            self._session.add(row)
        elif row.patient_id != patient.id or row.phantom != study.phantom:
            self._doomed.update(staged.blobs())
            raise Conflict(
                "The study this file belongs to is stored under another patient ID, or as a phantom where this one is not. "
                "The file was not added."
            )
        row.changed_at = now()
        self._session.flush()
        wanted(self._session, row.id)
        return row

    def _series(self, study: StudyTable, series: Series) -> SeriesTable:
        """The row of a series, made where there is none."""
        mine = SeriesTable.study_id == study.id
        row = self._session.scalar(select(SeriesTable).where(mine, SeriesTable.series_uid == series.series_uid))
        if row is None:
            row = SeriesTable(
                study_id=study.id,
                number=self._session.scalar(select(func.count()).where(mine)) or 0,
                series_uid=series.series_uid,
                modality=series.modality,
                body_part=series.body_part,
                view_position=series.view_position,
                description=series.description,
                source=series.source,
                planes=[],
                weighting=series.weighting,
                localizer=series.localizer,
            )
            self._session.add(row)
            self._session.flush()
        return row

    def join(self, series: Sequence[str]) -> None:
        """Put the images of some series of a study, by their ids, into the first of them, and say so of those that came alone;
        the others go."""
        rows = {row.id: row for row in self._session.scalars(select(SeriesTable).where(SeriesTable.id.in_(series)))}
        if len(rows) != len(series):
            return  # one went meanwhile
        first, *others = (rows[one] for one in series)
        images = list(self._session.scalars(select(ImageTable).where(ImageTable.series_id.in_(series))))
        came = Counter(image.series_id for image in images)
        alone = {image.id for image in images if came[image.series_id] == 1}
        for image in images:
            if image.id in alone and JOINED not in image.warnings:
                image.warnings = [*image.warnings, JOINED]
            where = {"position": image.position, "axes": image.axes}
            image.series_id = first.id
            for name, value in _place(first, where).items():
                setattr(image, name, value)
        first.unsorted = True
        self._session.flush()
        for row in others:
            self._session.delete(row)
        self._session.flush()
        self._session.expire_all()

    def get(self, study_id: str) -> StudyRow:
        """A study's rows, without pixels; NotFound, also when it is to be removed."""
        return self._get(study_id, StudyTable.removal.is_(None))

    def _get(self, study_id: str, *conditions: Any) -> StudyRow:
        row = self._session.scalar(
            select(StudyTable)
            .where(StudyTable.id == study_id, *conditions)
            .options(selectinload(StudyTable.series).selectinload(SeriesTable.images), selectinload(StudyTable.files))
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("There is no such study, or it was removed.")
        return _study_row(row)

    def image(self, image_id: str) -> ImageRow:
        """One image's row, without pixels; NotFound. Its pixels: ``store.blobs.path(row.pixels_sha256)``."""
        row = self._session.get(ImageTable, image_id)
        if row is None:
            raise NotFound("There is no such image, or it was removed.")
        return _image_row(row)

    def series(self, series_id: str) -> SeriesRow:
        """One series and its images in geometric order; NotFound."""
        row = self._session.scalar(
            select(SeriesTable)
            .where(SeriesTable.id == series_id)
            .options(selectinload(SeriesTable.images))
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("There is no such series, or it was removed.")
        return _series_row(row)

    def files(self, study_id: str) -> dict[str, str]:
        """The names under which a study's files came, by SOP Instance UID."""
        query = select(FileTable.sop_instance_uid, FileTable.name).where(FileTable.study_id == study_id)
        return dict(self._session.execute(query).all())

    def of_image(self, sop_instance_uid: str, frame: int, file_name: str) -> str:
        """The study of an image, by its SOP Instance UID and frame, or else by the name of the file that it came in, where only
        one has it. NotFound."""
        by_uid = select(ImageTable.study_id).where(ImageTable.sop_instance_uid == sop_instance_uid, ImageTable.frame <= frame)
        by_name = select(FileTable.study_id).where(FileTable.name == file_name)
        found = list(self._session.scalars((by_uid if sop_instance_uid else by_name).distinct().limit(2)))
        if len(found) != 1:
            raise NotFound("There is no such image, or it was removed.")
        return found[0]

    def load(self, study_id: str) -> Study:
        """The study as the domain knows it; pixels are checked, then mapped from disk. NotFound, Damaged."""
        row = self._get(study_id)  # a job goes on with what is to be removed: that may be undone
        mapped = len(row.images) <= MAPPED
        series = tuple(
            replace(part.outline(), images=tuple(self._image(image, mapped) for image in part.images)) for part in row.series
        )
        return replace(row.outline(), series=series)

    def load_image(self, image_id: str) -> Image:
        """One image as the domain knows it. NotFound, Damaged."""
        return self._image(self.image(image_id), mapped=True)

    def _image(self, row: ImageRow, mapped: bool) -> Image:
        kind = np.dtype("<i2" if row.signed else "<u2")
        sha256, shape = row.pixels_sha256, (row.rows, row.columns)
        try:
            stored: NDArray[Any] = (
                np.asarray(np.memmap(self._blobs.checked(sha256), kind, "r", shape=shape))
                if mapped
                else np.frombuffer(self._blobs.read(sha256), kind).reshape(shape)
            )
        except (FileNotFoundError, NotFound) as error:
            raise NotFound("There is no such image, or it was removed.") from error
        return Image(
            sop_instance_uid=row.sop_instance_uid,
            frame=row.frame,
            stored=cast("NDArray[np.int16] | NDArray[np.uint16]", frozen(stored)),
            slope=row.slope,
            intercept=row.intercept,
            units=row.units,
            photometric=row.photometric,
            windows=row.windows,
            voi_lut=row.voi_lut,
            pixel_spacing=row.pixel_spacing,
            spacing_kind=row.spacing_kind,
            orientation=row.orientation,
            position=row.position,
            axes=row.axes,
            warnings=row.warnings,
            instance_number=row.instance_number,
            echo_time=row.echo_time,
            frame_of_reference_uid=row.frame_of_reference_uid,
            sop_class_uid=row.sop_class_uid,
            location=row.location,
            kind=row.kind,
            moment=row.moment,
            aspect=row.aspect,
            series_number=row.series_number,
        )

    def count(self) -> int:
        """How many studies there are."""
        return self._session.scalar(select(func.count()).where(StudyTable.removal.is_(None))) or 0

    def remove(self, study_id: str) -> None:
        """Remove a study with everything about it; blobs that nothing else refers to go after the commit. NotFound."""
        row = self._session.get(StudyTable, study_id)
        if row is None:
            raise NotFound("There is no such study, or it was removed.")
        for column, table in (
            (FileTable.sha256, FileTable),
            (ImageTable.pixels, ImageTable),
            (LayerTable.values, LayerTable),
            (QuestionTable.values, QuestionTable),
            (WhatIfTable.mask, WhatIfTable),
        ):
            of_study = select(column).where(table.study_id == study_id, column.is_not(None))
            self._doomed.update(sha256 for sha256 in self._session.scalars(of_study) if sha256)
        self._session.delete(row)
        self._session.flush()
        self._session.expunge_all()  # the database removed the rows below; nothing may remember them


def _searched(study: Study) -> str:
    """What the worklist searches, casefolded: a DICOM name both as written and with spaces for its carets."""
    name = study.patient.name
    texts = (name, name.replace("^", " "), study.patient.id, study.accession, study.description)
    return "\n".join(texts).casefold()


def _study_row(row: StudyTable) -> StudyRow:
    return StudyRow(
        id=row.id,
        study_uid=row.study_uid,
        patient=Patient(row.patient_name, row.patient_id, row.birth_date, row.sex),
        date=row.date,
        time=row.time,
        accession=row.accession,
        description=row.description,
        phantom=row.phantom,
        state=cast(Any, row.state),
        received_at=row.received_at,
        series=tuple(map(_series_row, row.series)),
        files=tuple(file.name for file in row.files),
    )


def _series_row(row: SeriesTable) -> SeriesRow:
    return SeriesRow(
        id=row.id,
        series_uid=row.series_uid,
        modality=row.modality,
        body_part=row.body_part,
        view_position=row.view_position,
        description=row.description,
        source=cast(Any, row.source),
        images=tuple(map(_image_row, row.images)),
        weighting=row.weighting,
        localizer=row.localizer,
    )


def _image_row(row: ImageTable) -> ImageRow:
    return ImageRow(
        id=row.id,
        study_id=row.study_id,
        series_id=row.series_id,
        sop_instance_uid=row.sop_instance_uid,
        frame=row.frame,
        rows=row.rows,
        columns=row.columns,
        signed=row.signed,
        pixels_sha256=row.pixels,
        slope=row.slope,
        intercept=row.intercept,
        units=row.units,
        photometric=cast(Any, row.photometric),
        windows=tuple(Window(*window) for window in row.windows),
        voi_lut=_lut(row.voi_lut),
        pixel_spacing=cast(Any, row.pixel_spacing and tuple(row.pixel_spacing)),
        spacing_kind=cast(Any, row.spacing_kind),
        orientation=cast(Any, tuple(row.orientation)),
        position=cast(Any, row.position and tuple(row.position)),
        axes=cast(Any, row.axes and tuple(row.axes)),
        warnings=tuple(row.warnings),
        instance_number=row.instance_number,
        echo_time=row.echo_time,
        frame_of_reference_uid=row.frame_of_reference_uid,
        sop_class_uid=row.sop_class_uid,
        location=row.location,
        kind=row.kind,
        moment=row.moment,
        aspect=row.aspect,
        series_number=row.series_number,
    )


def _lut(raw: dict[str, Any] | None) -> VoiLut | None:
    if raw is None:
        return None
    data = np.frombuffer(base64.b64decode(raw["data"]), "<u2")
    return VoiLut(first=raw["first"], bits=raw["bits"], data=cast("NDArray[np.uint16]", frozen(data)), label=raw["label"])
