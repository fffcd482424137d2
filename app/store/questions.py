"""Questions: what a page waits for and a worker answers at once, beside its job, wherever that worker runs.

They are no jobs: nobody is told how far they are, and one that nobody answers in time is simply asked again. An answer is kept
under the key of all that was asked, so that the same question is answered once, for as long as there is room.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import ForeignKey, Index, String, exists, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import __version__
from app.errors import NotFound
from app.store.blobs import Blobs
from app.store.records import Values
from app.store.tables import Base, Id, ImageTable, Sha, StackImageTable, belongs, now, public_id

KEPT = 256
"""How many questions are kept with their answers."""
PATIENCE = 30
"""Seconds after which a question that a worker took without answering may be taken by another."""


QuestionKind = Literal["what if", "stages", "counterfactual"]
QuestionState = Literal["waiting", "taken", "answered", "failed"]


@dataclass(frozen=True, slots=True, eq=False)
class QuestionRow:
    """What a page waits for. ``asked`` says what; ``answer`` what came out, with the blob ``values_sha256`` where there is one.
    ``error_code`` names the class of a failure, ``error_template`` with ``error_values`` is its sentence."""

    id: str
    kind: QuestionKind
    study_id: str
    stack_id: str
    image_id: str
    model: str
    model_sha256: str
    asked: Mapping[str, Any]
    state: QuestionState
    answer: Mapping[str, Any]
    values_sha256: str | None
    error_code: str
    error_template: str
    error_values: Values
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one network version about one stack, a film or more; ``asked`` is JSON, ``image_id`` the slice that it
    is about, or the stack's first."""

    kind: QuestionKind
    study_id: str
    stack_id: str
    image_id: str
    model: str
    model_sha256: str
    asked: Mapping[str, Any]


class QuestionTable(Base):
    """What a page waits for an answer to; ``key`` stands for all that was asked, so that it is asked once."""

    __tablename__ = "questions"
    __table_args__ = (Index(None, "state", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    key: Mapped[str] = mapped_column(Sha, unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    stack_id: Mapped[str] = belongs("stacks")
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), index=True)
    model: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(Sha)
    asked: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    answer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    values: Mapped[str | None] = mapped_column(Sha, index=True)
    error_code: Mapped[str] = mapped_column(default="")
    error_template: Mapped[str] = mapped_column(default="")
    error_values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]


class Questions:
    """The questions of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def ask(self, question: Question) -> QuestionRow:
        """Put a question; the same one that waits or was answered is returned instead. NotFound for a stack or an image there
        is not."""
        pixels = self._pixels(question)
        if question.image_id not in pixels:
            raise NotFound("There is no such image, or it was removed.")
        key = _key(question, list(pixels.values()))
        known = self._session.scalar(select(QuestionTable).where(QuestionTable.key == key))
        if known is not None and known.state != "failed":
            return _row(known)
        if known is not None:
            self._remove(known)
        self._prune()
        row = QuestionTable(
            key=key,
            kind=question.kind,
            study_id=question.study_id,
            stack_id=question.stack_id,
            image_id=question.image_id,
            model=question.model,
            model_sha256=question.model_sha256,
            asked=dict(question.asked),
            created_at=now(),
        )
        self._session.add(row)
        self._session.flush()
        return _row(row)

    def _pixels(self, question: Question) -> dict[str, str]:
        """The sha256 of the pixels of every slice of the stack that is asked about, by its image's id, in order."""
        mine = (StackImageTable.stack_id == question.stack_id, ImageTable.study_id == question.study_id)
        query = select(ImageTable.id, ImageTable.pixels).join(StackImageTable, StackImageTable.image_id == ImageTable.id)
        return dict(self._session.execute(query.where(*mine).order_by(StackImageTable.place)).all())

    def _prune(self) -> None:
        old = select(QuestionTable).order_by(QuestionTable.created_at.desc(), QuestionTable.id).offset(KEPT - 1).limit(KEPT)
        for row in self._session.scalars(old).all():
            self._remove(row)

    def _remove(self, row: QuestionTable) -> None:
        if row.values:
            self._doomed.add(row.values)
        self._session.delete(row)
        self._session.flush()

    def get(self, question_id: str) -> QuestionRow:
        """One question; NotFound when it is gone to make room for others."""
        row = self._session.get(QuestionTable, question_id)
        if row is None:
            raise NotFound("This answer is no longer kept. Ask again.")
        return _row(row)

    def drop(self, question_id: str) -> None:
        """Nobody waits for this one any more."""
        row = self._session.get(QuestionTable, question_id)
        if row is not None and row.state != "answered":
            self._remove(row)

    def due(self) -> bool:
        """Whether there is a question to take."""
        return bool(self._session.scalar(select(exists().where(_open()))))

    def take(self) -> QuestionRow | None:
        """Take the oldest open question, so that no other worker does; None where there is none."""
        query = select(QuestionTable.id).where(_open()).order_by(QuestionTable.created_at, QuestionTable.id).limit(1)
        while (found := self._session.scalar(query)) is not None:
            taken = self._session.execute(
                update(QuestionTable)
                .where(QuestionTable.id == found, _open())  # compare, and set in the same statement
                .values(state="taken", taken_at=now())
                .execution_options(synchronize_session=False)
            )
            if cast(Any, taken).rowcount == 1:
                return _row(self._session.get_one(QuestionTable, found, populate_existing=True))
        return None

    def answer(self, question_id: str, answer: Mapping[str, Any], values: bytes | None = None) -> None:
        """Keep an answer, with its octets where it has some; one that nobody waits for any more is let go."""
        row = self._session.get(QuestionTable, question_id)
        if row is not None:
            row.state, row.answer = "answered", dict(answer)
            row.values = self._blobs.put(values) if values is not None else None
            self._session.flush()

    def fail(self, question_id: str, code: str, template: str, values: Values) -> None:
        """Keep why there is no answer; ``code`` names the class of the failure."""
        row = self._session.get(QuestionTable, question_id)
        if row is not None:
            row.state, row.error_code, row.error_template, row.error_values = "failed", code, template, dict(values)
            self._session.flush()


def _open() -> Any:
    late = QuestionTable.taken_at < now() - timedelta(seconds=PATIENCE)
    return or_(QuestionTable.state == "waiting", (QuestionTable.state == "taken") & late)


def _key(question: Question, pixels: Sequence[str]) -> str:
    """All that an answer depends on: the pixels, the network's version, the product's, and what was asked."""
    about = (question.kind, question.stack_id, question.image_id, pixels)
    told = (*about, question.model, question.model_sha256, question.asked, __version__)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _row(row: QuestionTable) -> QuestionRow:
    return QuestionRow(
        id=row.id,
        kind=cast(QuestionKind, row.kind),
        study_id=row.study_id,
        stack_id=row.stack_id,
        image_id=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        asked=row.asked,
        state=cast(Any, row.state),
        answer=row.answer,
        values_sha256=row.values,
        error_code=row.error_code,
        error_template=row.error_template,
        error_values=row.error_values,
        created_at=row.created_at,
    )
