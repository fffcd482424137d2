"""Upload reports: what became of each file of an upload."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.errors import NotFound
from app.store.records import FileOutcome, UploadRow
from app.store.tables import UploadFileTable, UploadTable, now


class Uploads:
    """The upload reports of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, files: Sequence[FileOutcome]) -> str:
        """Keep a report; returns its id."""
        row = UploadTable(received_at=now())
        row.files = [_file(number, file) for number, file in enumerate(files)]
        self._session.add(row)
        self._session.flush()
        return row.id

    def append(self, upload_id: str, files: Sequence[FileOutcome]) -> None:
        """Keep what became of more files of an upload that comes in parts; the first of them begins its report, under the id
        that its sender chose. A part that came twice, because its sender did not hear the answer, is told of once: what was
        accepted stays so, though the second time it was here already."""
        if self._session.get(UploadTable, upload_id) is None:
            self._session.add(UploadTable(id=upload_id, received_at=now()))
            self._session.flush()
        mine = UploadFileTable.upload_id == upload_id
        named = select(UploadFileTable).where(mine, UploadFileTable.name.in_({file.name for file in files}))
        known = {(row.name, row.study_id): row for row in self._session.scalars(named)}
        last = self._session.scalar(select(func.max(UploadFileTable.number)).where(mine))
        number = 0 if last is None else last + 1
        for file in files:
            row = known.get((file.name, file.study_id))
            if row is not None and not row.state == file.state == "accepted":
                row.state = "accepted" if "accepted" in {row.state, file.state} else file.state
                continue
            self._session.add(_file(number, file, upload_id))
            number += 1
        self._session.flush()

    def get(self, upload_id: str) -> UploadRow:
        """A report; NotFound."""
        row = self._session.scalar(
            select(UploadTable)
            .where(UploadTable.id == upload_id)
            .options(selectinload(UploadTable.files))
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("There is no such upload.")
        return _row(row)

    def of_study(self, study_id: str) -> tuple[UploadRow, ...]:
        """The reports that name a study, newest first; each holds all files of its upload."""
        named = select(UploadFileTable.upload_id).where(UploadFileTable.study_id == study_id)
        rows = self._session.scalars(
            select(UploadTable)
            .where(UploadTable.id.in_(named))
            .options(selectinload(UploadTable.files))
            .order_by(UploadTable.received_at.desc())
            .execution_options(populate_existing=True)
        )
        return tuple(_row(row) for row in rows)


def _file(number: int, file: FileOutcome, upload_id: str | None = None) -> UploadFileTable:
    row = UploadFileTable(
        number=number,
        name=file.name,
        state=file.state,
        study_id=file.study_id,
        template=file.template,
        values=dict(file.values),
        warnings=list(file.warnings),
        sop_instance_uid=file.sop_instance_uid,
    )
    if upload_id is not None:
        row.upload_id = upload_id
    return row


def _row(row: UploadTable) -> UploadRow:
    files = tuple(
        FileOutcome(
            name=file.name,
            state=cast(Any, file.state),
            study_id=file.study_id,
            template=file.template,
            values=file.values,
            warnings=tuple(file.warnings),
            sop_instance_uid=file.sop_instance_uid,
        )
        for file in row.files
    )
    return UploadRow(id=row.id, received_at=row.received_at, files=files)
