"""Studies, series, images and the files they came in."""

import base64
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.domain import Image, Patient, Series, Study, VoiLut, Window, frozen
from app.errors import Conflict, NotFound, Unavailable
from app.store.blobs import Blobs
from app.store.exam_tables import StackExplanationTable
from app.store.questions import QuestionTable
from app.store.records import Added, ImageRow, SeriesRow, StudyRow
from app.store.tables import ExplanationTable, FileTable, ImageTable, SeriesTable, StudyTable, now
from app.store.what_ifs import WhatIfTable

MAPPED = 256
"""Most images of a study whose pixels stay mapped from disk: each holds a file open. Beyond, pixels are read at once."""
SAME = 0.99
"""Cosine between two normals from which on slices count as parallel."""
NOWHERE = 1_000_000
"""The plane of images without a position: after all others."""


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """One file whose blobs are written and which no row refers to yet: its study without images, and the images' columns."""

    study: Study
    images: tuple[tuple[int, dict[str, Any]], ...]
    sop_instance_uid: str
    name: str
    sha256: str
    size: int


def stage(blobs: Blobs, study: Study, name: str, path: Path) -> Staged:
    """Put a file and its images into the blobs. ValueError unless the study holds exactly one instance (0008,0018)."""
    uids = {image.sop_instance_uid for series in study.series for image in series.images}
    if len(uids) != 1:
        raise ValueError(f"a file holds one instance, not {len(uids)}")
    images = tuple(
        (index, _columns(image, blobs.put(_octets(image))))
        for index, series in enumerate(study.series)
        for image in series.images
    )
    return Staged(
        study=replace(study, series=tuple(replace(series, images=()) for series in study.series)),
        images=images,
        sop_instance_uid=uids.pop(),
        name=name,
        sha256=blobs.put_file(path),
        size=path.stat().st_size,
    )


def _octets(image: Image) -> memoryview:
    if image.stored.dtype not in (np.int16, np.uint16):
        raise ValueError(f"stored values are int16 or uint16, not {image.stored.dtype}")
    little: NDArray[Any] = image.stored.astype("<i2" if image.stored.dtype == np.int16 else "<u2", copy=False)
    return np.ascontiguousarray(little).reshape(-1).view(np.uint8).data


def _columns(image: Image, pixels: str) -> dict[str, Any]:
    lut = image.voi_lut
    return {
        "sop_instance_uid": image.sop_instance_uid,
        "frame": image.frame,
        "rows": image.stored.shape[0],
        "columns": image.stored.shape[1],
        "signed": image.stored.dtype == np.int16,
        "pixels": pixels,
        "slope": image.slope,
        "intercept": image.intercept,
        "units": image.units,
        "photometric": image.photometric,
        "windows": [list(astuple(window)) for window in image.windows],
        "voi_lut": lut
        and {
            "first": lut.first,
            "bits": lut.bits,
            "label": lut.label,
            "data": base64.b64encode(lut.data.astype("<u2").tobytes()).decode(),
        },
        "pixel_spacing": image.pixel_spacing and list(image.pixel_spacing),
        "spacing_kind": image.spacing_kind,
        "orientation": list(image.orientation),
        "position": image.position and list(image.position),
        "axes": image.axes and list(image.axes),
        "warnings": list(image.warnings),
        "instance_number": image.instance_number,
        "echo_time": image.echo_time,
    }


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


class Studies:
    """The studies of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def add(self, staged: Staged) -> Added:
        """Store one staged file; a study, a series it adds to grows.

        The same file again is "already here". Conflict, and nothing is stored, when a different file is stored under the same
        SOP Instance UID (0008,0018), or when the study is stored under another patient ID (0010,0020).
        """
        known = self._session.scalar(select(FileTable).where(FileTable.sop_instance_uid == staged.sop_instance_uid))
        if known is not None:
            if known.sha256 == staged.sha256:
                return Added("already here", known.study_id)
            self._doomed.update(_blobs_of(staged))
            raise Conflict(
                "A different file with the same SOP Instance UID is stored already. The stored one was kept; this one was not "
                "added."
            )
        if not all(self._blobs.has(sha256) for sha256 in _blobs_of(staged)):
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
        for index, columns in staged.images:
            place = _place(series[index], columns)
            self._session.add(ImageTable(study_id=study.id, series_id=series[index].id, number=number, **columns, **place))
        self._session.flush()
        return Added("accepted", study.id)

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
            self._doomed.update(_blobs_of(staged))
            raise Conflict(
                "The study this file belongs to is stored under another patient ID, or as a phantom where this one is not. "
                "The file was not added."
            )
        row.changed_at = now()
        self._session.flush()
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

    def get(self, study_id: str) -> StudyRow:
        """A study's rows, without pixels; NotFound."""
        row = self._session.scalar(
            select(StudyTable)
            .where(StudyTable.id == study_id)
            .options(selectinload(StudyTable.series).selectinload(SeriesTable.images), selectinload(StudyTable.files))
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("There is no such study, or it was removed.")
        return _study_row(row)

    def image(self, image_id: str) -> ImageRow:
        """One image's row, without pixels; NotFound. Its pixels: ``store.blobs.path(row.pixels_sha256)``.

        ``ordinal`` counts within the whole study, as in `get`.
        """
        study_id = self._session.scalar(select(ImageTable.study_id).where(ImageTable.id == image_id))
        if study_id is None:
            raise NotFound("There is no such image, or it was removed.")
        return next(image for image in self.get(study_id).images if image.id == image_id)

    def load(self, study_id: str) -> Study:
        """The study as the domain knows it; pixels are mapped from disk and read when used. NotFound."""
        row = self.get(study_id)
        mapped = len(row.images) <= MAPPED
        series = tuple(
            replace(part.outline(), images=tuple(self._image(image, mapped) for image in part.images)) for part in row.series
        )
        return replace(row.outline(), series=series)

    def load_image(self, image_id: str) -> Image:
        """One image as the domain knows it. NotFound."""
        return self._image(self.image(image_id), mapped=True)

    def _image(self, row: ImageRow, mapped: bool) -> Image:
        kind = np.dtype("<i2" if row.signed else "<u2")
        path, shape = self._blobs.path(row.pixels_sha256), (row.rows, row.columns)
        try:
            stored = np.asarray(np.memmap(path, kind, "r", shape=shape)) if mapped else np.fromfile(path, kind).reshape(shape)
        except FileNotFoundError as error:
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
        )

    def count(self) -> int:
        """How many studies there are."""
        return self._session.scalar(select(func.count()).select_from(StudyTable)) or 0

    def remove(self, study_id: str) -> None:
        """Remove a study with everything about it; blobs that nothing else refers to go after the commit. NotFound."""
        row = self._session.get(StudyTable, study_id)
        if row is None:
            raise NotFound("There is no such study, or it was removed.")
        for column, table in (
            (FileTable.sha256, FileTable),
            (ImageTable.pixels, ImageTable),
            (ExplanationTable.values, ExplanationTable),
            (StackExplanationTable.values, StackExplanationTable),
            (QuestionTable.values, QuestionTable),
            (WhatIfTable.mask, WhatIfTable),
        ):
            of_study = select(column).where(table.study_id == study_id, column.is_not(None))
            self._doomed.update(sha256 for sha256 in self._session.scalars(of_study) if sha256)
        self._session.delete(row)
        self._session.flush()
        self._session.expunge_all()  # the database removed the rows below; nothing may remember them


def _blobs_of(staged: Staged) -> set[str]:
    return {staged.sha256, *(columns["pixels"] for _, columns in staged.images)}


def _searched(study: Study) -> str:
    """What the worklist searches, casefolded: a DICOM name both as written and with spaces for its carets."""
    name = study.patient.name
    texts = (name, name.replace("^", " "), study.patient.id, study.accession, study.description)
    return "\n".join(texts).casefold()


def _study_row(row: StudyTable) -> StudyRow:
    series: list[SeriesRow] = []
    ordinal = 0
    for part in row.series:
        images = tuple(_image_row(image, ordinal + index) for index, image in enumerate(part.images))
        ordinal += len(images)
        series.append(
            SeriesRow(
                id=part.id,
                series_uid=part.series_uid,
                modality=part.modality,
                body_part=part.body_part,
                view_position=part.view_position,
                description=part.description,
                source=cast(Any, part.source),
                images=images,
                weighting=part.weighting,
                localizer=part.localizer,
            )
        )
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
        series=tuple(series),
        files=tuple(file.name for file in row.files),
    )


def _image_row(row: ImageTable, ordinal: int) -> ImageRow:
    return ImageRow(
        id=row.id,
        study_id=row.study_id,
        ordinal=ordinal,
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
    )


def _lut(raw: dict[str, Any] | None) -> VoiLut | None:
    if raw is None:
        return None
    data = np.frombuffer(base64.b64decode(raw["data"]), "<u2")
    return VoiLut(first=raw["first"], bits=raw["bits"], data=cast("NDArray[np.uint16]", frozen(data)), label=raw["label"])
