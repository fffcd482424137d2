"""Stacks, and what networks, methods and other software said of them: answers, layers, agreements, inspections."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.domain import PLANES, SCALES
from app.store.tables.base import Base, Id, Sha, belongs, one_of, public_id


class StackTable(Base):
    """A stack: the images that `StackImageTable` lists, and no others, ever. ``number`` counts those of a series for showing;
    plane, weighting and localizer are the header's. One that is not ``current`` is an earlier state of its series, kept for
    what was said of it."""

    __tablename__ = "stacks"
    __table_args__ = (one_of("plane", PLANES), CheckConstraint("slices > 0", name="slices"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    series_id: Mapped[str] = belongs("series")
    fingerprint: Mapped[str] = mapped_column(Sha, unique=True)
    number: Mapped[int]
    plane: Mapped[str] = mapped_column(String(16))
    weighting: Mapped[str]
    localizer: Mapped[bool]
    between: Mapped[float | None]
    oddities: Mapped[list[Any]]
    slices: Mapped[int]
    current: Mapped[bool] = mapped_column(default=True, server_default=true())
    doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class StackImageTable(Base):
    """One member of a stack; ``place`` counts from 0."""

    __tablename__ = "stack_images"

    stack_id: Mapped[str] = mapped_column(Id, ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = belongs("images")


class CorrectionTable(Base):
    """What a reader said of a stack in place of its header."""

    __tablename__ = "corrections"

    stack_id: Mapped[str] = mapped_column(Id, ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True)
    plane: Mapped[str | None] = mapped_column(String(16))
    weighting: Mapped[str | None]
    used: Mapped[bool | None]
    created_at: Mapped[datetime]


class NetworkTable(Base):
    """One version of a network that said something here: one of ours, or (``imported``) somebody else's, under the name and
    version that its results came with."""

    __tablename__ = "networks"
    __table_args__ = (UniqueConstraint("name", "sha256"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(Sha)
    title: Mapped[str] = mapped_column(default="", server_default=text("''"))
    version: Mapped[str] = mapped_column(default="", server_default=text("''"))
    imported: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class AnswerTable(Base):
    """One network version's answer about one film or one exam; ``over`` is the sha256 of the stacks that it read."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("study_id", "network_id", "over"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies", index=False)
    network_id: Mapped[str] = belongs("networks")
    over: Mapped[str] = mapped_column(Sha)
    scores: Mapped[list[Any]]
    missing: Mapped[list[Any]]
    device: Mapped[str]
    versions: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created_at: Mapped[datetime]

    network: Mapped[NetworkTable] = relationship(lazy="raise")
    parts: Mapped[list["PartTable"]] = relationship(
        lazy="raise", order_by="PartTable.place", passive_deletes=True, cascade="all, delete-orphan"
    )


class PartTable(Base):
    """What an answer says of one stack."""

    __tablename__ = "answer_parts"

    answer_id: Mapped[str] = mapped_column(Id, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    stack_id: Mapped[str] = belongs("stacks")
    plane: Mapped[str] = mapped_column(String(16))
    scores: Mapped[list[Any]]
    contributions: Mapped[list[Any]]
    slice_scores: Mapped[list[Any]]
    slice_weights: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    stack: Mapped[StackTable] = relationship(lazy="raise")


class LayerTable(Base):
    """One layer; ``parameters_key`` is the sha256 of its parameters, written the same way every time, ``method`` the producer's
    name, ``extent`` what `app.domain.Extent.numbers` gives, ``evidence`` rows of region, share and area, ``odd`` the region in
    which so much lies that a reader should know. ``values`` is None where the picture that a verdict was about is gone."""

    __tablename__ = "layers"
    __table_args__ = (
        UniqueConstraint("stack_id", "network_id", "kind", "method", "finding", "parameters_key", name="uq_layers_key"),
        one_of("kind", SCALES),
        one_of("scale", sorted({scale for scales in SCALES.values() for scale in scales})),
        one_of("producer", ("method", "network", "reader", "import")),
        CheckConstraint("slices > 0 AND height > 0 AND width > 0", name="shape"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    stack_id: Mapped[str] = belongs("stacks", index=False)
    network_id: Mapped[str] = belongs("networks")
    kind: Mapped[str] = mapped_column(String(16))
    scale: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str]
    finding: Mapped[str]
    producer: Mapped[str] = mapped_column(String(16))
    method: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    parameters_key: Mapped[str] = mapped_column(Sha)
    state: Mapped[str]
    slices: Mapped[int]
    height: Mapped[int]
    width: Mapped[int]
    extent: Mapped[list[Any]]
    minimum: Mapped[float]
    maximum: Mapped[float]
    mass: Mapped[list[Any]]
    names: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    device: Mapped[str]
    seconds: Mapped[float]
    total: Mapped[float | None]
    conservation_error: Mapped[float | None]
    padding: Mapped[float | None]
    notes: Mapped[list[Any]]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    evidence: Mapped[list[Any] | None]
    odd: Mapped[str] = mapped_column(default="", server_default=text("''"))
    values: Mapped[str | None] = mapped_column(Sha, index=True)
    created_at: Mapped[datetime]

    network: Mapped[NetworkTable] = relationship(lazy="raise")
    stack: Mapped[StackTable] = relationship(lazy="raise")


class AgreementTable(Base):
    """How far methods agree on one finding of one stack, beside one network version's answer. What is None could not be
    compared; ``disagreement`` repeats for sorting what the others say, and ``weight`` is how much that weighs (see
    `app.evaluation.agreement`); None: not weighed yet."""

    __tablename__ = "agreements"
    __table_args__ = (UniqueConstraint("stack_id", "network_id", "finding"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    study_id: Mapped[str] = belongs("studies")
    stack_id: Mapped[str] = belongs("stacks", index=False)
    network_id: Mapped[str] = belongs("networks")
    finding: Mapped[str]
    methods: Mapped[list[Any]]
    rank: Mapped[float | None]
    overlap: Mapped[float | None]
    disagreement: Mapped[float | None]
    weight: Mapped[float | None]
    created_at: Mapped[datetime]

    network: Mapped[NetworkTable] = relationship(lazy="raise")


class InspectionTable(Base):
    """What a guard said of one image before a network read it; ``field`` is the exposed rectangle, empty where that is all."""

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
    remarks: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    field: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    created_at: Mapped[datetime]
