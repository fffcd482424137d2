"""Readers, and what they leave: verdicts, rulers, what-ifs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.domain import ANNOTATIONS, VERDICTS
from app.store.tables.base import Base, Id, Sha, belongs, one_of, public_id
from app.store.tables.results import LayerTable, NetworkTable


class ReaderTable(Base):
    """Somebody who reads here, under the name that they picked."""

    __tablename__ = "readers"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ReviewTable(Base):
    """A verdict on a layer; ``number`` orders verdicts of the same instant, ``token`` is the sender's own name for it.
    ``regions`` is a list of [kind, points] by the slice's place, ``localisations`` a list of four figures by method,
    ``image_id`` the slice that stands for the stack. ``doubtful``: it was carried over from tables that knew stacks by their
    number, and may have been given about other slices."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_key", "layer_id", "reader_id", "number"), one_of("verdict", VERDICTS))

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    layer_id: Mapped[str] = belongs("layers", index=False)
    image_id: Mapped[str] = belongs("images")
    shown: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    comment: Mapped[str]
    regions: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    localisations: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    reader_id: Mapped[str] = belongs("readers")
    doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    layer: Mapped[LayerTable] = relationship(lazy="raise")
    reader: Mapped[ReaderTable] = relationship(lazy="raise")


class AnnotationTable(Base):
    """A ruler; ``points`` are [x, y] in image pixels."""

    __tablename__ = "annotations"
    __table_args__ = (one_of("kind", ANNOTATIONS),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    study_id: Mapped[str] = belongs("studies")
    image_id: Mapped[str] = belongs("images")
    kind: Mapped[str] = mapped_column(String(16))
    points: Mapped[list[Any]]
    reader_id: Mapped[str] = belongs("readers")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    reader: Mapped[ReaderTable] = relationship(lazy="raise")


class WhatIfTable(Base):
    """A kept what-if: the edits, the pixels they covered as a blob, and the scores before and after. ``slices`` are the places
    of those that the edits covered something of, and ``image_id`` is the one of them that stands for the stack."""

    __tablename__ = "what_ifs"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    stack_id: Mapped[str] = belongs("stacks")
    image_id: Mapped[str] = belongs("images")
    network_id: Mapped[str] = belongs("networks")
    edits: Mapped[list[Any]]
    slices: Mapped[list[Any]]
    mask: Mapped[str] = mapped_column(Sha, index=True)
    covered: Mapped[float]
    before: Mapped[list[Any]]
    after: Mapped[list[Any]]
    comment: Mapped[str]
    reader_id: Mapped[str] = belongs("readers")
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    network: Mapped[NetworkTable] = relationship(lazy="raise")
    reader: Mapped[ReaderTable] = relationship(lazy="raise")
