"""Lists that are searched, filtered, sorted and paged: the worklist, and the verdicts of all studies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar, get_args

from app.domain import Evidence, Mark, Patient, Score, Verdict
from app.store.records.studies import StudyState

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list: its rows, how many rows there are in all, the page's number from 1, and the rows per page."""

    rows: tuple[Row, ...]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))


WorklistSort = Literal["received", "study date", "patient", "state", "probability", "disagreement", "flags"]
WORKLIST_SORTS: tuple[WorklistSort, ...] = (
    "received", "study date", "patient", "state", "probability", "disagreement", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What the worklist shows. ``text`` is searched in patient name, patient id, accession and description, word by word;
    ``None`` and the empty string mean "no filter". ``refused``: with, or without, an image that a guard kept from being read.
    ``reading``: how far ``reader`` is with it. ``disagreement``: at least so much, on a finding that is likely enough to count.
    ``only``: no other studies than these; ``without``: none of these. ``number`` is the page, from 1."""

    text: str = ""
    modality: str = ""
    state: StudyState | None = None
    refused: bool | None = None
    flagged: bool | None = None
    disagreement: float | None = None
    phantom: bool | None = None
    reading: Literal["", "unread", "read", "done"] = ""
    reader: str = ""
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    sort: WorklistSort = "received"
    descending: bool = True
    number: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True)
class Lying:
    """Where the evidence of a map of a finding lies that looks elsewhere: of a version of the network whose findings are shown
    of the study, with what that version said of the finding on the stack, None where it said nothing."""

    study: str
    finding: str
    network: str
    version: str
    probability: float | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One study in the worklist. ``modality`` joins several with "/"; ``top`` are the three highest scores, highest first;
    ``disagreements`` how far methods disagree on each of them, 0 to 1, None where that is not known; ``flags`` counts the
    verdicts in force; ``thumbnail`` is the id of the image in the middle of the first series; ``planes`` counts those that the
    network of the shown findings read of an exam; ``network`` is that network's name, "" where none has read, and ``version``
    the checksum of its weights; ``said`` is the highest score of every finding by that version, highest first; ``apart`` how
    far methods disagree, by finding, ``counted`` the same where the finding is likely enough to count; ``elsewhere``: maps that
    look elsewhere, were their finding called; ``study_uid`` tells undated studies of one patient apart."""

    id: str
    patient: Patient
    date: str
    accession: str
    description: str
    modality: str
    images: int
    state: StudyState
    top: tuple[Score, ...]
    disagreements: tuple[float | None, ...]
    flags: int
    thumbnail: str | None
    received_at: datetime
    phantom: bool
    caution: Mark | Literal[""] = ""
    planes: int = 0
    network: str = ""
    version: str = ""
    said: tuple[Score, ...] = ()
    apart: Mapping[str, float] = field(default_factory=dict, hash=False)
    counted: Mapping[str, float | None] = field(default_factory=dict, hash=False)
    study_uid: str = ""
    elsewhere: tuple[Lying, ...] = ()


FlagSort = Literal[
    "created", "patient", "study date", "verdict", "method", "finding",
    "probability", "disagreement", "pointing", "iou", "outside_inside", "mass",
]  # fmt: skip
FLAG_SORTS: tuple[FlagSort, ...] = get_args(FlagSort)
FIGURES: tuple[FlagSort, ...] = ("probability", "disagreement", "pointing", "iou", "outside_inside", "mass")
"""What verdicts can be sorted by as a figure: of the finding, and of how the judged map lies to the true region."""


@dataclass(frozen=True, slots=True)
class FlagQuery:
    """Which verdicts the flagged page shows; empty strings mean "no filter". ``text`` is searched in patient name, patient id,
    accession, study description and the comment, word by word; ``study`` is a study's id."""

    text: str = ""
    study: str = ""
    verdict: str = ""
    method: str = ""
    finding: str = ""
    model: str = ""
    reader: str = ""
    reason: str = ""
    sort: FlagSort = "created"
    descending: bool = True
    number: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True)
class Choices:
    """The values that occur in the current verdicts, sorted: for the filters of the flagged page."""

    verdicts: tuple[str, ...]
    methods: tuple[str, ...]
    findings: tuple[str, ...]
    models: tuple[str, ...]
    readers: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagCount:
    """How many verdicts there are on a method's maps with this judgement and reason, "" for none."""

    method: str
    verdict: Verdict
    reason: str
    count: int
