"""Studies, series, images, the files they came in, and the reports of uploads."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.store.tables.base import Base, Id, Sha, one_of, public_id


class StudyTable(Base):
    """A study. ``searched`` is the casefolded text the worklist searches; ``state``, ``top``, ``probability``, ``flags``,
    ``disagreement``, ``weighed`` (by how likely the finding is) and ``caution`` repeat for it what jobs, predictions, reviews,
    agreements and inspections say. ``removal`` is the wish that removes it at ``removal_at``; before, it is not found."""

    __tablename__ = "studies"
    __table_args__ = (one_of("state", ("waiting", "analysing", "done", "failed", "no network")),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_uid: Mapped[str] = mapped_column(unique=True)
    patient_name: Mapped[str]
    patient_id: Mapped[str]
    birth_date: Mapped[str]
    sex: Mapped[str]
    date: Mapped[str]
    time: Mapped[str]
    accession: Mapped[str]
    description: Mapped[str]
    phantom: Mapped[bool]
    received_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime]
    searched: Mapped[str]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    headline: Mapped[str | None]
    top: Mapped[list[Any]] = mapped_column(default=list)
    probability: Mapped[float | None]
    disagreement: Mapped[float | None]
    weighed: Mapped[float | None]
    flags: Mapped[int] = mapped_column(default=0)
    caution: Mapped[str] = mapped_column(String(16), default="", server_default=text("''"))
    removal: Mapped[str | None] = mapped_column(String(12), index=True)
    removal_at: Mapped[datetime | None]

    series: Mapped[list["SeriesTable"]] = relationship(lazy="raise", order_by="SeriesTable.number", passive_deletes=True)
    files: Mapped[list["FileTable"]] = relationship(lazy="raise", order_by="FileTable.number", passive_deletes=True)


class SeriesTable(Base):
    """A series of a study; ``number`` counts them in the order they came, ``planes`` are the normals its slices lie along.
    ``unsorted``: images came since its stacks were last made."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_id", "series_uid"), one_of("source", ("dicom", "film image")))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    number: Mapped[int]
    series_uid: Mapped[str]
    modality: Mapped[str] = mapped_column(index=True)
    body_part: Mapped[str]
    view_position: Mapped[str]
    description: Mapped[str]
    source: Mapped[str] = mapped_column(String(16))
    planes: Mapped[list[Any]] = mapped_column(default=list)
    weighting: Mapped[str] = mapped_column(default="", server_default=text("''"))
    localizer: Mapped[bool] = mapped_column(default=False, server_default=false())
    unsorted: Mapped[bool] = mapped_column(default=False, server_default=false())

    images: Mapped[list["ImageTable"]] = relationship(
        lazy="raise",
        order_by=lambda: ImageTable.within_series(),  # noqa: PLW0108 - the class comes further down
        passive_deletes=True,
    )


class FileTable(Base):
    """A stored file; the SOP Instance UID stands for one content for ever."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    sop_instance_uid: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(Sha, index=True)
    size: Mapped[int]
    received_at: Mapped[datetime]


class ImageTable(Base):
    """An image. Its place in the series: slices of one plane by how far they lie along its normal, in mm; planes one after the
    other; without geometry last, by instance number; at last in the order in which their files came (``number``)."""

    __tablename__ = "images"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "frame"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), index=True)
    sop_instance_uid: Mapped[str]
    frame: Mapped[int]
    plane: Mapped[int]
    along: Mapped[float]
    instance_number: Mapped[int]
    number: Mapped[int]
    rows: Mapped[int]
    columns: Mapped[int]
    signed: Mapped[bool]
    pixels: Mapped[str] = mapped_column(Sha, index=True)
    slope: Mapped[float]
    intercept: Mapped[float]
    units: Mapped[str]
    photometric: Mapped[str] = mapped_column(String(16))
    windows: Mapped[list[Any]]
    voi_lut: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    pixel_spacing: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    spacing_kind: Mapped[str]
    orientation: Mapped[list[Any]]
    position: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    axes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    echo_time: Mapped[float | None]
    frame_of_reference_uid: Mapped[str] = mapped_column(default="", server_default=text("''"))
    sop_class_uid: Mapped[str] = mapped_column(default="", server_default=text("''"))
    location: Mapped[float | None]
    kind: Mapped[str] = mapped_column(default="", server_default=text("''"))
    moment: Mapped[float | None]
    aspect: Mapped[float] = mapped_column(default=1.0, server_default=text("1.0"))
    series_number: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    warnings: Mapped[list[Any]]

    @classmethod
    def within_series(cls) -> tuple[ColumnElement[Any], ...]:
        """The columns to order a series by."""
        return tuple(column.expression for column in (cls.plane, cls.along, cls.instance_number, cls.frame, cls.number))


class UploadTable(Base):
    """An upload report."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    received_at: Mapped[datetime] = mapped_column(index=True)

    files: Mapped[list["UploadFileTable"]] = relationship(
        lazy="raise", order_by="UploadFileTable.number", passive_deletes=True, cascade="all"
    )


class UploadFileTable(Base):
    """One file of an upload report. The report outlives the study it names."""

    __tablename__ = "upload_files"

    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="SET NULL"), index=True)
    template: Mapped[str]
    values: Mapped[dict[str, Any]]
    warnings: Mapped[list[Any]]
    sop_instance_uid: Mapped[str] = mapped_column(default="", server_default=text("''"))
