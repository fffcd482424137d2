"""Cohorts as the store has them: plain values, which `app.desk.cohorts` puts into the words of `app.cohorts`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A cohort. ``files`` are the names of its files and the SOP Instance UIDs of what is in them; ``columns``, ``matched`` and
    ``report`` are None as long as nobody said what of the table is what, its rows were not put to images, it was not measured.
    ``cases`` counts its films or exams. ``earlier_table`` is the name of the table that the figures are of where another one
    was sent since; else empty."""

    id: str
    name: str
    table_sha256: str
    table_name: str
    header: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    columns: dict[str, Any] | None = field(hash=False)
    models: tuple[str, ...]
    matched: dict[str, Any] | None = field(hash=False)
    report: dict[str, Any] | None = field(hash=False)
    created_at: datetime
    cases: int
    earlier_table: str = ""


@dataclass(frozen=True, slots=True)
class CohortCaseRow:
    """A film or an exam of a cohort. ``labels`` are 1, 0, or None where it is not known; ``said`` is per network its
    probabilities by finding or None, the sentences that say why not, and whether a guard refused it; None before."""

    number: int
    key: str
    name: str
    patient: str
    labels: tuple[float | None, ...]
    groups: tuple[str, ...]
    said: tuple[tuple[dict[str, float] | None, tuple[str, ...], bool], ...] | None = field(hash=False)
    study_id: str | None
    image_id: str | None


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """What the table of a cohort says of a study: ``labels`` by finding, of those that are known."""

    cohort_id: str
    cohort: str
    name: str
    image_id: str | None
    labels: tuple[tuple[str, float], ...]
    groups: tuple[tuple[str, str], ...]
