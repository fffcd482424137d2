"""What the API speaks: its objects, each field described, made from the store's rows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.classifiers.card import Card
from app.domain import Mark
from app.store import AgreementRow, ExplanationRow, ImageRow, JobRow, PredictionRow, StudyRow, WorklistRow
from app.store.records import FileState, JobKind, JobState, StudyState
from app.web import filling, upload

Translate = Callable[..., str]


class Frozen(BaseModel):
    """Every object of the API is a value."""

    model_config = ConfigDict(frozen=True)


class Failure(Frozen):
    """What went wrong, for people and for programs."""

    error: str = Field(description="A sentence that says what went wrong and what to do.")
    code: str = Field(description="The class of the failure, such as NotFound.")


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Failure, "description": "There is no such thing, or no longer."}}
"""For every operation whose path names something."""


class PatientOut(Frozen):
    """The patient as the header has it; the empty string where it says nothing."""

    name: str = Field(description="Patient's Name (0010,0010).")
    id: str = Field(description="Patient ID (0010,0020).")
    birth_date: str = Field(description="Patient's Birth Date (0010,0030), as 1970-01-02.")
    sex: str = Field(description="Patient's Sex (0010,0040).")


class ScoreOut(Frozen):
    """What a network said of one finding."""

    finding: str = Field(description="The finding by NIH's name.")
    probability: float = Field(description="The calibrated probability, 0 to 1.")
    logit: float = Field(description="The network's raw output.")


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


class RejectedOut(UploadOut):
    """The report of an upload that had nothing usable in it."""

    error: str = Field(description="That nothing could be used.")
    code: str = Field(description="InputError.")


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
    top: tuple[ScoreOut, ...] = Field(description="The three highest scores, the highest first.")
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
    def of(cls, row: WorklistRow) -> "SummaryOut":
        """From the worklist's row."""
        return cls(
            id=row.id,
            patient=patient(row),
            date=row.date,
            accession=row.accession,
            description=row.description,
            modality=row.modality,
            images=row.images,
            state=row.state,
            top=tuple(ScoreOut(finding=s.finding, probability=s.probability, logit=s.logit) for s in row.top),
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


class ImageOut(Frozen):
    """One image without its pixels."""

    id: str = Field(description="The image's id.")
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
    def of(cls, row: ImageRow, _: Translate) -> "ImageOut":
        """From the store's row."""
        return cls(
            id=row.id,
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
            pixels=f"/api/v1/images/{row.id}/pixels",
        )


class JobOut(Frozen):
    """A job: work that outlives the request that asked for it."""

    id: str = Field(description="The job's id.")
    kind: JobKind = Field(description="Analyse a study, or explain one finding.")
    state: JobState = Field(description="How far it is.")
    study: str = Field(description="The study it is about.")
    image: str | None = Field(description="The image, for an explanation.")
    model: str | None = Field(description="The network that was asked for.")
    finding: str | None = Field(description="The finding, for an explanation.")
    step: int = Field(description="Steps done.")
    of: int = Field(description="Steps in all; 0 while unknown.")
    what: str = Field(description="What is being done, in words.")
    error: str = Field(description="Why it failed; empty otherwise.")

    @classmethod
    def of_row(cls, row: JobRow, _: Translate) -> "JobOut":
        """From the store's row."""
        return cls(
            id=row.id,
            kind=row.kind,
            state=row.state,
            study=row.study_id,
            image=row.image_id,
            model=row.model,
            finding=row.finding,
            step=row.step,
            of=row.of,
            what=filling.doing(row, _),
            error=_(row.error_template, **row.error_values),
        )


class StudyOut(Frozen):
    """One study with its images and the job it waits for."""

    id: str = Field(description="The study's id.")
    patient: PatientOut
    date: str = Field(description="Study Date (0008,0020), as 2026-01-23.")
    time: str = Field(description="Study Time (0008,0030).")
    accession: str = Field(description="Accession Number (0008,0050).")
    description: str = Field(description="Study Description (0008,1030).")
    phantom: bool = Field(description="A drawn phantom, no patient.")
    state: StudyState = Field(description="How far its analysis is.")
    received_at: datetime = Field(description="When its first file came, UTC.")
    images: tuple[ImageOut, ...] = Field(description="In reading order.")
    exam: str | None = Field(description="Where what was said of its stacks is; null without MR series.")
    job: JobOut | None = Field(description="The job that runs, waits, or ended last.")

    @classmethod
    def of(cls, row: StudyRow, job: JobRow | None, _: Translate) -> "StudyOut":
        """From the store's row."""
        return cls(
            id=row.id,
            patient=patient(row),
            date=row.date,
            time=row.time,
            accession=row.accession,
            description=row.description,
            phantom=row.phantom,
            state=row.state,
            received_at=row.received_at,
            images=tuple(ImageOut.of(image, _) for image in row.images),
            exam=f"/api/v1/studies/{row.id}/exam" if any(part.modality == "MR" for part in row.series) else None,
            job=JobOut.of_row(job, _) if job else None,
        )


class PredictionOut(Frozen):
    """What one network said about one image."""

    id: str = Field(description="The prediction's id.")
    image: str = Field(description="The image.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    device: str = Field(description="What it ran on.")
    versions: dict[str, str] = Field(description="Of the libraries it ran with.")
    scores: tuple[ScoreOut, ...] = Field(description="One per finding the network knows.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: PredictionRow) -> "PredictionOut":
        """From the store's row."""
        told = row.prediction
        return cls(
            id=row.id,
            image=row.image_id,
            model=told.model,
            model_sha256=told.model_sha256,
            device=told.device,
            versions=told.versions,
            scores=tuple(ScoreOut(finding=s.finding, probability=s.probability, logit=s.logit) for s in told.scores),
            created_at=row.created_at,
        )


class ExtentOut(Frozen):
    """A rectangle in image pixels: pixel (r, c) covers [c, c+1) × [r, r+1)."""

    left: float
    top: float
    right: float
    bottom: float


class ExplanationOut(Frozen):
    """One method's map for one finding of one image, without its values."""

    id: str = Field(description="The explanation's id.")
    image: str = Field(description="The image.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    method: str = Field(description="The explaining method.")
    finding: str = Field(description="The finding it explains.")
    state: str = Field(description="“ok”, or in words why there is no picture.")
    signed: bool = Field(description="Whether negative values are evidence against the finding.")
    shape: tuple[int, int] = Field(description="Rows and columns of the raw map.")
    extent: ExtentOut = Field(description="Where the map lies on the image.")
    minimum: float = Field(description="The lowest raw value.")
    maximum: float = Field(description="The highest raw value.")
    parameters: dict[str, str | float | int | bool] = Field(description="The method's parameters.")
    device: str = Field(description="What it ran on.")
    conservation_error: float | None = Field(description="The share of relevance that was lost (LRP, RAP), or null.")
    notes: tuple[str, ...] = Field(description="What else to know.")
    values: str = Field(description="Where the raw map is, as octets: little-endian float32.")
    npy: str = Field(description="Where the raw map is, as a NumPy file.")
    png: str = Field(description="Where the map over the film is.")

    @classmethod
    def of(cls, row: ExplanationRow) -> "ExplanationOut":
        """From the store's row."""
        extent = ExtentOut(left=row.extent.left, top=row.extent.top, right=row.extent.right, bottom=row.extent.bottom)
        here = f"/api/v1/explanations/{row.id}"
        return cls(
            id=row.id,
            image=row.image_id,
            model=row.model,
            model_sha256=row.model_sha256,
            method=row.method,
            finding=row.finding,
            state=row.state,
            signed=row.signed,
            shape=(row.height, row.width),
            extent=extent,
            minimum=row.minimum,
            maximum=row.maximum,
            parameters=row.parameters,
            device=row.device,
            conservation_error=row.conservation_error,
            notes=row.notes,
            values=f"{here}/values",
            npy=f"{here}/values.npy",
            png=f"{here}/overlay.png",
        )


class AgreementOut(Frozen):
    """How far methods agree on one finding of one image."""

    image: str = Field(description="The image.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    finding: str = Field(description="The finding.")
    methods: tuple[str, ...] = Field(description="The methods that count; see the reference on metrics.")
    rank: float | None = Field(description="Mean rank correlation of their maps over all pairs; null below two methods.")
    overlap: float | None = Field(description="Mean IoU of their top tenths over all pairs; null below two methods.")
    disagreement: float | None = Field(description="1 − rank, cut to 0 … 1; null below two methods.")
    created_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: AgreementRow) -> "AgreementOut":
        """From the store's row."""
        return cls(
            image=row.key.image_id,
            model=row.key.model,
            model_sha256=row.key.model_sha256,
            finding=row.key.finding,
            methods=row.methods,
            rank=row.rank,
            overlap=row.overlap,
            disagreement=row.disagreement,
            created_at=row.created_at,
        )


class AskIn(BaseModel):
    """Which finding to explain."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    finding: str = Field(description="One of the network's findings.", max_length=64)
    image: str = Field("", description="The image; empty: the study's first.", max_length=64)


class ModelOut(Frozen):
    """A network, in short; its card is at /models/{name}."""

    name: str
    title: str
    summary: str
    findings: tuple[str, ...]
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    phantom: bool = Field(description="Reads phantoms and nothing else.")
    default: bool = Field(description="Chosen by itself; the others by name.")
    sha256: str = Field(description="The checksum of its weights.")

    @classmethod
    def of(cls, card: Card) -> "ModelOut":
        """From the card."""
        return cls(
            name=card.name,
            title=card.title,
            summary=card.summary,
            findings=card.findings,
            modalities=card.modalities,
            body_parts=card.body_parts,
            phantom=card.phantom,
            default=card.default,
            sha256=card.sha256,
        )


def patient(row: StudyRow | WorklistRow) -> PatientOut:
    """The patient of a row."""
    told = row.patient
    return PatientOut(name=told.name, id=told.id, birth_date=told.birth_date, sex=told.sex)
