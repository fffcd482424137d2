"""The objects of studies: what an upload led to, one study in a list, and one with its series, stacks and images."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from app.domain import NO_FINDING, Mark
from app.stacks import STACKED
from app.store import ImageRow, Provenance, SeriesRow, Transaction, WorklistRow
from app.store.records import FileState, StudyState
from app.web import upload
from app.web.addresses import served
from app.web.api.jobs import JobOut
from app.web.api.objects import CalledOut, Frozen, PatientOut, Translate, called
from app.web.api.stacks import StackOut
from app.web.calling import Calling
from app.web.errors import Problem


class FileOut(Frozen):
    """What became of one uploaded file."""

    name: str = Field(description="The name it was sent under.")
    state: FileState = Field(description="Accepted, already here, or rejected.")
    reason: str = Field(description="Why it was rejected; empty otherwise.")
    warnings: tuple[str, ...] = Field(description="What to know about an accepted file.")
    study: str | None = Field(description="The study it belongs to.")


class UploadOut(Frozen):
    """The report of one upload."""

    id: str = Field(description="The upload's id.")
    studies: tuple[str, ...] = Field(description="The studies its files belong to, in the order they came.")
    files: tuple[FileOut, ...] = Field(description="Every file, those in archives too.")

    @classmethod
    def of(cls, found: upload.Report) -> "UploadOut":
        """From the report that the pages show."""
        files = tuple(
            FileOut(name=line.name, state=line.state, reason=line.reason, warnings=line.warnings, study=line.study_id)
            for line in found.lines
        )
        return cls(id=found.id, studies=found.studies, files=files)


class RejectedOut(UploadOut, Problem):
    """The report of an upload that had nothing usable in it: a problem with the report beside it."""


class SummaryOut(Frozen):
    """One study in the list."""

    id: str = Field(description="The study's id, for addresses; it says nothing about the patient.")
    patient: PatientOut
    date: str = Field(description="Study Date (0008,0020), as 2026-01-23.")
    accession: str = Field(description="Accession Number (0008,0050).")
    description: str = Field(description="Study Description (0008,1030).")
    modality: str = Field(description="Modality (0008,0060); several joined by a slash.")
    images: int = Field(description="How many images it has.")
    state: StudyState = Field(description="How far its analysis is.")
    top: tuple[CalledOut, ...] = Field(description="The three highest scores, the highest first.")
    called: tuple[str, ...] = Field(
        description="Every finding that is called, the most probable first; that nothing is found is none."
    )
    model: str = Field(description="The network whose scores these are; empty where none has read it.")
    disagreements: tuple[float | None, ...] = Field(
        description="How far methods disagree on each of these findings, 0 to 1; null where that is not known."
    )
    flags: int = Field(description="How many verdicts are in force.")
    caution: Mark | Literal[""] = Field(
        description="The worst that a guard says of its images; “insisted”: refused, yet read; empty: none was asked."
    )
    phantom: bool = Field(description="A drawn phantom, no patient: Quality Control Subject (0010,0200).")
    received_at: datetime = Field(description="When its first file came, UTC.")

    @classmethod
    def of(cls, row: WorklistRow, points: Calling) -> "SummaryOut":
        """From the worklist's row."""
        return cls(
            id=row.id,
            patient=PatientOut.of(row.patient),
            date=row.date,
            accession=row.accession,
            description=row.description,
            modality=row.modality,
            images=row.images,
            state=row.state,
            top=called(row.top, points.of(row.network, row.version)),
            called=tuple(
                one.finding
                for one in called(row.said, points.of(row.network, row.version))
                if one.called and one.finding != NO_FINDING
            ),
            model=row.network,
            disagreements=row.disagreements,
            flags=row.flags,
            caution=row.caution,
            phantom=row.phantom,
            received_at=row.received_at,
        )


class StudiesOut(Frozen):
    """One page of the list of studies."""

    studies: tuple[SummaryOut, ...]
    total: int = Field(description="How many studies fit the filters.")
    page: int = Field(description="This page's number, from 1.")
    pages: int = Field(description="How many pages there are.")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a study's images besides their rows: where each comes from, and the stack that it is in now."""

    sources: Mapping[str, Provenance]
    stacks: Mapping[str, str]

    @classmethod
    def of(cls, tx: Transaction, study_id: str) -> "Known":
        """From the store."""
        stacks = {image: stack.id for stack in tx.stacks.of_study(study_id) for image in stack.images}
        return cls(tx.exports.sources(study_id), stacks)


class ImageOut(Frozen):
    """One image without its pixels."""

    id: str = Field(description="The image's id.")
    study: str = Field(description="The study.")
    series: str = Field(description="Its series.")
    stack: str | None = Field(description="The stack that it is in now.")
    sop_instance_uid: str = Field(description="SOP Instance UID (0008,0018).")
    frame: int = Field(description="Its frame, from 1.")
    instance_number: int = Field(description="Instance Number (0020,0013), 0 where the header does not say.")
    file: str = Field(description="The name of the file that it came in.")
    rows: int = Field(description="Rows (0028,0010).")
    columns: int = Field(description="Columns (0028,0011).")
    dtype: Literal["<i2", "<u2"] = Field(description="Of the octets at `pixels`: little-endian int16 or uint16.")
    slope: float = Field(description="Modality value = stored value × slope + intercept.")
    intercept: float = Field(description="See slope.")
    units: str = Field(description="Of the modality values, such as HU.")
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = Field(description="MONOCHROME1: low values are bright.")
    pixel_spacing: tuple[float, float] | None = Field(description="Between rows and between columns, mm.")
    spacing_kind: str = Field(description="Whether lengths are calibrated, at the detector, or unknown.")
    warnings: tuple[str, ...] = Field(description="What to know about this image.")
    pixels: str = Field(description="Where the stored values are.")

    @classmethod
    def of(cls, row: ImageRow, known: Known, _: Translate) -> "ImageOut":
        """From the store's row and what else is known of it."""
        source = known.sources[row.id]
        return cls(
            id=row.id,
            study=row.study_id,
            series=row.series_id,
            stack=known.stacks.get(row.id),
            sop_instance_uid=row.sop_instance_uid,
            frame=row.frame,
            instance_number=row.instance_number,
            file=source.file,
            rows=row.rows,
            columns=row.columns,
            dtype="<i2" if row.signed else "<u2",
            slope=row.slope,
            intercept=row.intercept,
            units=row.units,
            photometric=row.photometric,
            pixel_spacing=row.pixel_spacing,
            spacing_kind=row.spacing_kind,
            warnings=tuple(_(warning) for warning in row.warnings),
            pixels=served(f"/api/v1/images/{row.id}/pixels"),
        )


class SeriesOut(Frozen):
    """One series of a study."""

    id: str = Field(description="The series' id.")
    series_uid: str = Field(description="Series Instance UID (0020,000E).")
    modality: str = Field(description="Modality (0008,0060); empty for a PNG or JPEG.")
    body_part: str = Field(description="Body Part Examined (0018,0015).")
    view_position: str = Field(description="View Position (0018,5101).")
    description: str = Field(description="Series Description (0008,103E).")
    weighting: str = Field(description="Of an MR series: T1, T2, PD FS and the like, or empty.")
    localizer: bool = Field(description="Whether it was made to plan others.")
    source: Literal["dicom", "film image"] = Field(description="“film image”: a PNG or JPEG.")
    images: int = Field(description="How many images it has.")

    @classmethod
    def of(cls, row: SeriesRow) -> "SeriesOut":
        """From the store's row."""
        names = [name for name in cls.model_fields if name != "images"]
        return cls(**{name: getattr(row, name) for name in names}, images=len(row.images))


class StudyOut(Frozen):
    """One study with its series, stacks and images, and the job it waits for."""

    id: str = Field(description="The study's id.")
    study_uid: str = Field(description="Study Instance UID (0020,000D).")
    patient: PatientOut
    date: str = Field(description="Study Date (0008,0020), as 2026-01-23.")
    time: str = Field(description="Study Time (0008,0030).")
    accession: str = Field(description="Accession Number (0008,0050).")
    description: str = Field(description="Study Description (0008,1030).")
    phantom: bool = Field(description="A drawn phantom, no patient.")
    state: StudyState = Field(description="How far its analysis is.")
    received_at: datetime = Field(description="When its first file came, UTC.")
    series: tuple[SeriesOut, ...] = Field(description="In the order they came.")
    stacks: tuple[StackOut, ...] = Field(description="What readers scroll and networks read at once, as they are now.")
    images: tuple[ImageOut, ...] = Field(description="In reading order.")
    exam: str | None = Field(description="Where what was said of its stacks is; null without MR series.")
    job: JobOut | None = Field(description="The job that runs, waits, or ended last.")

    @classmethod
    def of(cls, tx: Transaction, study_id: str, _: Translate) -> "StudyOut":
        """From the store; NotFound."""
        row = tx.studies.get(study_id)
        job = tx.jobs.of_study(study_id)
        known = Known.of(tx, study_id)
        stacked = any(part.modality in STACKED for part in row.series)
        return cls(
            id=row.id,
            study_uid=row.study_uid,
            patient=PatientOut.of(row.patient),
            date=row.date,
            time=row.time,
            accession=row.accession,
            description=row.description,
            phantom=row.phantom,
            state=row.state,
            received_at=row.received_at,
            series=tuple(map(SeriesOut.of, row.series)),
            stacks=tuple(StackOut.of(stack, _) for stack in tx.stacks.of_study(study_id)),
            images=tuple(ImageOut.of(image, known, _) for image in row.images),
            exam=served(f"/api/v1/studies/{row.id}/exam") if stacked else None,
            job=JobOut.of_row(tx, job, _) if job else None,
        )
