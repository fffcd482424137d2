"""Cohorts: tables of labels with the films or exams that they are about, and what networks said of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Id, Sha, public_id


class CohortTable(Base):
    """A cohort. ``table`` is the blob of its CSV file, ``header`` its columns; ``files`` are the names its images came under,
    with their SOP Instance UIDs. ``columns`` says what of the table is what, ``models`` which networks are measured,
    ``matched`` what became of the rows, and ``report`` the figures; None before. ``names`` are what readers called groups of
    its films: network, finding, name and the keys of the cases. ``earlier_table`` is the name of the table that the figures are
    of, where another one was sent since; else empty."""

    __tablename__ = "cohorts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    name: Mapped[str]
    table: Mapped[str] = mapped_column(Sha, index=True)
    table_name: Mapped[str]
    header: Mapped[list[Any]]
    files: Mapped[list[Any]]
    columns: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    models: Mapped[list[Any]] = mapped_column(default=list)
    matched: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    names: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    earlier_table: Mapped[str] = mapped_column(default="", server_default=text("''"))
    created_at: Mapped[datetime]


class CohortMapsTable(Base):
    """What was made of a cohort's maps of one finding by one network; ``values`` is None as long as it was only asked for."""

    __tablename__ = "cohort_maps"

    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    finding: Mapped[str] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class CohortCaseTable(Base):
    """A row of a cohort's table with the film or exam that it is about; ``number`` counts them. ``said`` has per network what
    it said, None before. It outlives the study, whose labels then lead nowhere."""

    __tablename__ = "cohort_cases"

    cohort_id: Mapped[str] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    name: Mapped[str]
    patient: Mapped[str]
    labels: Mapped[list[Any]]
    groups: Mapped[list[Any]]
    said: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="SET NULL"), index=True)
    image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"), index=True)
