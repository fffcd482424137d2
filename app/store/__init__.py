"""Everything that is kept: tables, blobs by checksum, one transaction at a time. The only room that knows SQL.

``Store.open(settings)`` migrates nothing (see `app.store.migrating`); ``with store.begin() as tx:`` writes and commits at its
end, ``with store.view() as tx:`` reads one consistent snapshot. A transaction has one attribute per noun: ``tx.studies``,
``tx.stacks``, ``tx.answers``, ``tx.layers``, ``tx.reviews`` and so on. What comes out are the frozen rows of
`app.store.records`.
"""

from app.store.batches import BATCH_STATES, Batch, BatchState, BatchStudy, Wanted
from app.store.blobs import Blobs
from app.store.exports import AnsweredRow, ExportQuery, LayeredRow, Slice, Source
from app.store.faults import waiting_for
from app.store.inspections import InspectionRow
from app.store.jobs import LeaseLost
from app.store.layouts import Layout, LayoutRow
from app.store.migrating import migrate
from app.store.opinions import OpinionRow
from app.store.orphans import Orphans
from app.store.patience import patiently
from app.store.points import PointRow
from app.store.questions import Question, QuestionRow
from app.store.queues import Entry, Queue
from app.store.readings import READINGS, Reading
from app.store.records import (
    FIGURES,
    FLAG_SORTS,
    STUDY_STATES,
    WORKLIST_SORTS,
    Added,
    AgreementKey,
    AgreementRow,
    AnnotationRow,
    AnswerRow,
    Choices,
    CohortCaseRow,
    CohortRow,
    CorrectionRow,
    FileOutcome,
    FlagCount,
    FlagQuery,
    FlagRow,
    ImageRow,
    JobRow,
    LabelledRow,
    LayerRow,
    NetworkRow,
    Page,
    Provenance,
    ReviewRow,
    SeriesRow,
    StackRow,
    StudyRow,
    UploadRow,
    WorklistQuery,
    WorklistRow,
)
from app.store.regroupings import RegroupingRow
from app.store.removals import Removal
from app.store.staging import RENAMED, Staged, Staging
from app.store.store import Store, Transaction
from app.store.studies import TAKEN
from app.store.what_ifs import Kept, WhatIfRow

__all__ = [
    "BATCH_STATES",
    "FIGURES",
    "FLAG_SORTS",
    "READINGS",
    "RENAMED",
    "STUDY_STATES",
    "TAKEN",
    "WORKLIST_SORTS",
    "Added",
    "AgreementKey",
    "AgreementRow",
    "AnnotationRow",
    "AnswerRow",
    "AnsweredRow",
    "Batch",
    "BatchState",
    "BatchStudy",
    "Blobs",
    "Choices",
    "CohortCaseRow",
    "CohortRow",
    "CorrectionRow",
    "Entry",
    "ExportQuery",
    "FileOutcome",
    "FlagCount",
    "FlagQuery",
    "FlagRow",
    "ImageRow",
    "InspectionRow",
    "JobRow",
    "Kept",
    "LabelledRow",
    "LayerRow",
    "LayeredRow",
    "Layout",
    "LayoutRow",
    "LeaseLost",
    "NetworkRow",
    "OpinionRow",
    "Orphans",
    "Page",
    "PointRow",
    "Provenance",
    "Question",
    "QuestionRow",
    "Queue",
    "Reading",
    "RegroupingRow",
    "Removal",
    "ReviewRow",
    "SeriesRow",
    "Slice",
    "Source",
    "StackRow",
    "Staged",
    "Staging",
    "Store",
    "StudyRow",
    "Transaction",
    "UploadRow",
    "Wanted",
    "WhatIfRow",
    "WorklistQuery",
    "WorklistRow",
    "migrate",
    "patiently",
    "waiting_for",
]
