"""Which row of which cohort's table is about an image, so that what is exported can be joined with labels."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import CohortCaseTable, CohortTable

Rows = Mapping[str, list[tuple[str | None, str, str]]]
"""By cohort, the newest first: the image that each of its rows is about, None for a whole exam, and what cohort and row are
called."""


def labelled(session: Session, studies: Collection[str]) -> Mapping[str, Rows]:
    """The rows about each of these studies that any cohort has."""
    found: dict[str, dict[str, list[tuple[str | None, str, str]]]] = {}
    query = (
        select(CohortCaseTable.study_id, CohortTable.id, CohortCaseTable.image_id, CohortTable.name, CohortCaseTable.name)
        .join(CohortTable, CohortTable.id == CohortCaseTable.cohort_id)
        .where(CohortCaseTable.study_id.in_(studies))
        .order_by(CohortTable.created_at.desc(), CohortTable.id, CohortCaseTable.number)
    )
    for study, cohort, image, called, name in session.execute(query) if studies else ():
        found.setdefault(str(study), {}).setdefault(cohort, []).append((image, called, name))
    return found


def about(cohorts: Rows, image: str) -> tuple[str, str]:
    """The cohort and the row about an image; or about all of its study, where a cohort has one row of it. Two empty strings
    where there is none."""
    for rows in cohorts.values():
        for of, cohort, name in rows:
            if of == image or len(rows) == 1:
                return cohort, name
    return "", ""
