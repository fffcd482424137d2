"""The tables of exams of stacks. Internal to the store, as `app.store.tables` is.

A stack is no row: which stacks a series has follows from its images. What refers to one names the series and
the stack's number.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables import Base, Id, Sha, public_id


class ExamPredictionTable(Base):
    """One network version's answer about one exam. ``planes`` has an object per plane: its stack, scores, contributions and
    slice scores."""

    __tablename__ = "exam_predictions"
    __table_args__ = (UniqueConstraint("study_id", "model", "model_sha256"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    scores: Mapped[list[Any]]
    planes: Mapped[list[Any]]
    missing: Mapped[list[Any]]
    device: Mapped[str]
    versions: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created_at: Mapped[datetime]


class StackExplanationTable(Base):
    """One method's maps over one stack; ``parameters_key`` is the sha256 of its parameters, written the same way every time."""

    __tablename__ = "stack_explanations"
    __table_args__ = (
        UniqueConstraint(
            "series_id", "stack", "model", "model_sha256", "method", "finding", "parameters_key",
            name="uq_stack_explanations_key",
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    stack: Mapped[int]
    plane: Mapped[str] = mapped_column(String(16))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    method: Mapped[str]
    finding: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    parameters_key: Mapped[str] = mapped_column(Sha)
    state: Mapped[str]
    signed: Mapped[bool]
    slices: Mapped[int]
    height: Mapped[int]
    width: Mapped[int]
    extent: Mapped[list[Any]]
    minimum: Mapped[float]
    maximum: Mapped[float]
    mass: Mapped[list[Any]]
    versions: Mapped[dict[str, Any]]
    device: Mapped[str]
    seconds: Mapped[float]
    total: Mapped[float | None]
    conservation_error: Mapped[float | None]
    notes: Mapped[list[Any]]
    values: Mapped[str] = mapped_column(Sha, index=True)
    created_at: Mapped[datetime]


class CorrectionTable(Base):
    """What a reader said of a stack in place of its header."""

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("series_id", "stack"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    stack: Mapped[int]
    plane: Mapped[str | None] = mapped_column(String(16))
    weighting: Mapped[str | None]
    used: Mapped[bool | None]
    created_at: Mapped[datetime]


class ExamReviewTable(Base):
    """A verdict on a stack; as `app.store.tables.ReviewTable`. ``region`` is a list of [kind, points] by image id, ``image_id``
    the slice that stands for the stack."""

    __tablename__ = "exam_reviews"
    __table_args__ = (
        Index(
            "ix_exam_reviews_key", "series_id", "stack", "model", "model_sha256", "method", "finding", "reader", "number",
        ),
    )  # fmt: skip

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True, default=public_id)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    series_id: Mapped[str] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    stack: Mapped[int]
    plane: Mapped[str] = mapped_column(String(16))
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    method: Mapped[str]
    finding: Mapped[str]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    comment: Mapped[str]
    region: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    measures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    reader: Mapped[str]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
