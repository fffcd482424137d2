"""Cohorts: tables of labels, their films or exams, and the figures of networks on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.store.blobs import Blobs
from app.store.records.cohorts import CohortCaseRow, CohortRow, LabelledRow
from app.store.tables import CohortCaseTable, CohortMapsTable, CohortTable, FileTable, InspectionTable, now


class Cohorts:
    """The cohorts of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def add(
        self, name: str, table: bytes, table_name: str, header: Sequence[str], files: Sequence[tuple[str, str]]
    ) -> CohortRow:
        """Keep a table and the names of the files that came with it."""
        row = CohortTable(
            name=name,
            table=self._blobs.put(table),
            table_name=table_name,
            header=list(header),
            files=[list(file) for file in files],
            created_at=now(),
        )
        self._session.add(row)
        self._session.flush()
        return self.get(row.id)

    def get(self, cohort_id: str) -> CohortRow:
        """One cohort; NotFound."""
        return self._row(self._get(cohort_id))

    def measured(self, cohort_id: str) -> bool:
        """Whether its figures are there."""
        mine = (CohortTable.id == cohort_id, CohortTable.report.is_not(None))
        return bool(self._session.scalar(select(exists().where(*mine))))

    def every(self) -> tuple[CohortRow, ...]:
        """All cohorts, the newest first."""
        rows = self._session.scalars(select(CohortTable).order_by(CohortTable.created_at.desc(), CohortTable.id))
        return tuple(map(self._row, rows))

    def table(self, cohort_id: str) -> bytes:
        """The octets of its table; NotFound, Damaged."""
        return self._blobs.read(self._get(cohort_id).table)

    def study_ids(self, sop_instance_uids: Sequence[str]) -> tuple[str, ...]:
        """The studies that hold any of these instances."""
        found: dict[str, None] = {}
        for start in range(0, len(sop_instance_uids), 500):
            some = sop_instance_uids[start : start + 500]
            query = select(FileTable.study_id).where(FileTable.sop_instance_uid.in_(some)).distinct()
            found |= dict.fromkeys(self._session.scalars(query))
        return tuple(found)

    def settle(
        self,
        cohort_id: str,
        columns: Mapping[str, Any],
        models: Sequence[str],
        matched: Mapping[str, Any],
        cases: Sequence[CohortCaseRow],
    ) -> None:
        """Say what of the table is what, which networks are measured and what the cases are; what was measured before goes, but
        for what readers called groups of its films. NotFound."""
        row = self._get(cohort_id)
        row.names = [[*at, list(keys)] for at, keys in self.names(cohort_id)]
        row.columns, row.models, row.matched, row.report = dict(columns), list(models), dict(matched), None
        row.earlier_table = ""
        for table in (CohortCaseTable, CohortMapsTable):
            self._session.execute(delete(table).where(table.cohort_id == cohort_id))
        for case in cases:
            self._session.add(
                CohortCaseTable(
                    cohort_id=cohort_id,
                    number=case.number,
                    key=case.key,
                    name=case.name,
                    patient=case.patient,
                    labels=list(case.labels),
                    groups=list(case.groups),
                    said=None,
                    study_id=case.study_id,
                    image_id=case.image_id,
                )
            )
        self._session.flush()

    def replace_table(self, cohort_id: str, table: bytes, table_name: str, header: Sequence[str]) -> None:
        """Put another table in place of a cohort's. What was measured stays, as of the table before. NotFound."""
        row = self._get(cohort_id)
        self._doomed.add(row.table)
        if row.report is not None:
            row.earlier_table = row.earlier_table or row.table_name
        row.table, row.table_name, row.header = self._blobs.put(table), table_name, list(header)
        self._doomed.discard(row.table)
        self._session.flush()

    def names(self, cohort_id: str) -> tuple[tuple[tuple[str, str, str], frozenset[str]], ...]:
        """What readers called groups of its films: network, finding and name, and the keys of the films. Those of maps that are
        there, and of others that were there before and were not made anew. NotFound."""
        row = self._get(cohort_id)
        keys = {case.number: case.key for case in self.cases(cohort_id)}
        found: dict[tuple[str, str, str], frozenset[str]] = {}
        made = [(network, finding, values) for network, finding, values in self.maps(cohort_id) if values is not None]
        for network, finding, values in made:
            for group in values["groups"]:
                if group["name"]:
                    found[network, finding, group["name"]] = frozenset(keys[number] for number in group["cases"])
        anew = {(network, finding) for network, finding, _ in made}
        for network, finding, name, of in row.names:
            if (network, finding) not in anew:
                found.setdefault((network, finding, name), frozenset(of))
        return tuple(found.items())

    def cases(self, cohort_id: str) -> tuple[CohortCaseRow, ...]:
        """Its films or exams, in the order of the table."""
        query = select(CohortCaseTable).where(CohortCaseTable.cohort_id == cohort_id).order_by(CohortCaseTable.number)
        return tuple(map(_case, self._session.scalars(query)))

    def inspected(self, cohort_id: str, model: str) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
        """What the guard of a network said of its films: number, mark (`app.domain.Inspection.mark`) and remarks."""
        query = (
            select(CohortCaseTable.number, InspectionTable)
            .join(InspectionTable, InspectionTable.image_id == CohortCaseTable.image_id)
            .where(CohortCaseTable.cohort_id == cohort_id, InspectionTable.model == model)
            .order_by(CohortCaseTable.number)
        )
        return tuple(
            (number, "insisted" if row.insisted else row.verdict, tuple(row.remarks))
            for number, row in self._session.execute(query)
        )

    def said(self, cohort_id: str, number: int, said: Sequence[tuple[Mapping[str, float] | None, Sequence[str], bool]]) -> None:
        """Keep what the networks said of a case. NotFound."""
        row = self._session.get(CohortCaseTable, (cohort_id, number))
        if row is None:
            raise NotFound("There is no such cohort, or it was removed.")
        row.said = [[None if told is None else dict(told), list(why), refused] for told, why, refused in said]
        self._session.flush()

    def keep(self, cohort_id: str, report: Mapping[str, Any]) -> None:
        """Keep its figures. NotFound."""
        self._get(cohort_id).report = dict(report)
        self._session.flush()

    def maps(self, cohort_id: str) -> tuple[tuple[str, str, dict[str, Any] | None], ...]:
        """What was made of its maps, by network and finding; None where it was only asked for."""
        query = select(CohortMapsTable).where(CohortMapsTable.cohort_id == cohort_id)
        rows = self._session.scalars(query.order_by(CohortMapsTable.network, CohortMapsTable.finding))
        return tuple((row.network, row.finding, row.values) for row in rows)

    def keep_maps(self, cohort_id: str, network: str, finding: str, values: Mapping[str, Any] | None) -> None:
        """Keep what was made of its maps of a finding by a network; None asks for it. NotFound."""
        self._get(cohort_id)
        row = self._session.get(CohortMapsTable, (cohort_id, network, finding))
        if row is None:
            row = CohortMapsTable(cohort_id=cohort_id, network=network, finding=finding)
            self._session.add(row)
        row.values = None if values is None else dict(values)
        self._session.flush()

    def remove(self, cohort_id: str) -> None:
        """Remove a cohort with its labels and figures; its studies stay. NotFound."""
        row = self._get(cohort_id)
        self._doomed.add(row.table)
        self._session.delete(row)
        self._session.flush()

    def of_study(self, study_id: str) -> tuple[LabelledRow, ...]:
        """What the tables of cohorts say of a study, the newest first."""
        query = (
            select(CohortCaseTable, CohortTable)
            .join(CohortTable, CohortTable.id == CohortCaseTable.cohort_id)
            .where(CohortCaseTable.study_id == study_id)
            .order_by(CohortTable.created_at.desc(), CohortCaseTable.number)
        )
        return tuple(_labelled(case, cohort) for case, cohort in self._session.execute(query))

    def given(self) -> dict[str, dict[str, bool]]:
        """By study and finding, whether the finding is there, as the tables of cohorts say; the newest table counts, and what
        one is uncertain about does not."""
        query = select(CohortCaseTable.study_id, CohortCaseTable.labels, CohortTable.matched).join(
            CohortTable, CohortTable.id == CohortCaseTable.cohort_id
        )
        found: dict[str, dict[str, bool]] = {}
        rows = self._session.execute(query.where(CohortCaseTable.study_id.is_not(None)).order_by(CohortTable.created_at))
        for study, labels, matched in rows:
            names = (matched or {}).get("findings", ())
            told = {name: label == 1 for name, label in zip(names, labels, strict=False) if label in (0, 1)}
            found.setdefault(study, {}).update(told)
        return found

    def _get(self, cohort_id: str) -> CohortTable:
        row = self._session.get(CohortTable, cohort_id, populate_existing=True)
        if row is None:
            raise NotFound("There is no such cohort, or it was removed.")
        return row

    def _row(self, row: CohortTable) -> CohortRow:
        count = select(func.count()).select_from(CohortCaseTable).where(CohortCaseTable.cohort_id == row.id)
        return CohortRow(
            id=row.id,
            name=row.name,
            table_sha256=row.table,
            table_name=row.table_name,
            header=tuple(row.header),
            files=tuple((name, uid) for name, uid in row.files),
            columns=row.columns,
            models=tuple(row.models),
            matched=row.matched,
            report=row.report,
            created_at=row.created_at,
            cases=self._session.scalar(count) or 0,
            earlier_table=row.earlier_table,
        )


def _case(row: CohortCaseTable) -> CohortCaseRow:
    said = None if row.said is None else tuple((told, tuple(why), refused) for told, why, refused in row.said)
    return CohortCaseRow(
        row.number, row.key, row.name, row.patient, tuple(row.labels), tuple(row.groups), said, row.study_id, row.image_id
    )


def _labelled(case: CohortCaseTable, cohort: CohortTable) -> LabelledRow:
    matched = cohort.matched or {}
    labels = zip(matched.get("findings", ()), case.labels, strict=False)
    groups = zip(matched.get("groups", ()), case.groups, strict=False)
    known = tuple((finding, label) for finding, label in labels if label is not None)
    return LabelledRow(cohort.id, cohort.name, case.name, case.image_id, known, tuple(groups))
