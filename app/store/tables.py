"""The tables. Internal to the store: rows of these classes never leave it.

Plain SQL only, so that the same tables serve SQLite and PostgreSQL. Relationships are ``lazy="raise"``: a query says what it
loads. ``migrations/`` builds the same schema step by step; a test compares the two.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def public_id() -> str:
    """A new public id: twelve random characters, 60 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def now() -> datetime:
    """The time, UTC, with its zone."""
    return datetime.now(UTC)


class Utc(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no zone, so it goes in without one and gets it back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone; bring the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Clean(TypeDecorator[str]):
    """Text that any database takes: lone surrogates (from file names) and NUL characters become the replacement character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 — SQLAlchemy's signature
        """Replace what cannot be stored."""
        if value is None:
            return None
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can name it too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Utc, str: Clean, float: Float(53), dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


Id = String(12)
Sha = String(64)


class StudyTable(Base):
    """A study. ``searched`` is the casefolded text the worklist searches; ``state``, ``top``, ``probability``, ``flags``,
    ``disagreement`` and ``caution`` repeat for it what jobs, predictions, reviews, agreements and inspections say."""

    __tablename__ = "studies"

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
    flags: Mapped[int] = mapped_column(default=0)
    caution: Mapped[str] = mapped_column(String(16), default="", server_default=text("''"))

    series: Mapped[list["SeriesTable"]] = relationship(lazy="raise", order_by="SeriesTable.number", passive_deletes=True)
    files: Mapped[list["FileTable"]] = relationship(lazy="raise", order_by="FileTable.number", passive_deletes=True)


class SeriesTable(Base):
    """A series of a study; ``number`` counts them in the order they came, ``planes`` are the normals its slices lie along."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_id", "series_uid"),)

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


class PredictionTable(Base):
    """One network version's answer about one image."""

    __tablename__ = "predictions"
    __table_args__ = (UniqueConstraint("image_id", "model", "model_sha256"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    scores: Mapped[list[Any]]
    device: Mapped[str]
    versions: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created_at: Mapped[datetime]


class InspectionTable(Base):
    """What a guard said of one image before a network read it."""

    __tablename__ = "inspections"
    __table_args__ = (UniqueConstraint("image_id", "model"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    guard: Mapped[str]
    guard_sha256: Mapped[str] = mapped_column(Sha)
    verdict: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[Any]]
    film: Mapped[float]
    distance: Mapped[float]
    insisted: Mapped[bool]
    created_at: Mapped[datetime]


class ExplanationTable(Base):
    """One map; ``parameters_key`` is the sha256 of its parameters, written the same way every time."""

    __tablename__ = "explanations"
    __table_args__ = (
        UniqueConstraint(
            "image_id", "model", "model_sha256", "method", "finding", "parameters_key", name="uq_explanations_key"
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    method: Mapped[str]
    finding: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    parameters_key: Mapped[str] = mapped_column(Sha)
    state: Mapped[str]
    signed: Mapped[bool]
    width: Mapped[int]
    height: Mapped[int]
    extent: Mapped[list[Any]]
    minimum: Mapped[float]
    maximum: Mapped[float]
    versions: Mapped[dict[str, Any]]
    device: Mapped[str]
    seconds: Mapped[float]
    total: Mapped[float | None]
    conservation_error: Mapped[float | None]
    notes: Mapped[list[Any]]
    values: Mapped[str] = mapped_column(Sha, index=True)
    created_at: Mapped[datetime]


class AgreementTable(Base):
    """How far methods agree on one finding of one image, by the network's version that was seen last. What is None could not be
    compared; ``disagreement`` repeats for sorting what the others say."""

    __tablename__ = "agreements"
    __table_args__ = (UniqueConstraint("image_id", "model", "finding"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    finding: Mapped[str]
    methods: Mapped[list[Any]]
    rank: Mapped[float | None]
    overlap: Mapped[float | None]
    disagreement: Mapped[float | None]
    created_at: Mapped[datetime]


class JobTable(Base):
    """A job and its lease."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state", "priority", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    kind: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str | None]
    finding: Mapped[str | None]
    insist: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(16), default="queued")
    step: Mapped[int] = mapped_column(default=0)
    of: Mapped[int] = mapped_column(default=0)
    what: Mapped[str] = mapped_column(default="")
    what_values: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    error_template: Mapped[str] = mapped_column(default="")
    error_values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ReviewTable(Base):
    """A verdict; ``number`` orders verdicts of the same instant, ``token`` is the sender's own name for it. ``region`` is a
    list of [kind, points], ``measures`` a list of four figures by method."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_key", "image_id", "model", "model_sha256", "method", "finding", "reader", "number"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    method: Mapped[str]
    finding: Mapped[str]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    comment: Mapped[str]
    region: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    measures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    reader: Mapped[str]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class MeasureTable(Base):
    """A measure; ``points`` are [x, y] in image pixels."""

    __tablename__ = "measures"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    points: Mapped[list[Any]]
    reader: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
