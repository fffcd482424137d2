"""Everything that is kept: tables, blobs by checksum, one transaction at a time. The only room that knows SQL.

``Store.open(settings)`` migrates nothing (see `app.store.migrating`); ``with store.begin() as tx:`` writes and commits at its
end, ``with store.view() as tx:`` reads one consistent snapshot. A transaction has one attribute per noun: ``tx.studies``,
``tx.uploads``, ``tx.worklist``, ``tx.inspections``, ``tx.predictions``, ``tx.explanations``, ``tx.agreements``, ``tx.jobs``,
``tx.reviews``, ``tx.exams``, ``tx.exam_reviews``, ``tx.flags``, ``tx.measures``, ``tx.layouts``, ``tx.questions``,
``tx.what_ifs``. What comes out are the frozen rows of `app.store.records` and `app.store.exam_records`.
"""

from app.store.blobs import Blobs
from app.store.exam_records import ExamPredictionRow, ExamReviewRow, FlagRow, StackExplanationRow
from app.store.inspections import InspectionRow
from app.store.jobs import LeaseLost
from app.store.layouts import Layout, LayoutRow
from app.store.migrating import migrate
from app.store.questions import Question, QuestionRow
from app.store.records import (
    FLAG_SORTS,
    STUDY_STATES,
    WORKLIST_SORTS,
    Added,
    AgreementKey,
    AgreementRow,
    Choices,
    ExplanationRow,
    FileOutcome,
    FlagQuery,
    ImageRow,
    JobRow,
    MeasureRow,
    Page,
    PredictionRow,
    ReviewRow,
    SeriesRow,
    StudyRow,
    UploadRow,
    WorklistQuery,
    WorklistRow,
)
from app.store.store import Store, Transaction
from app.store.studies import Staged
from app.store.what_ifs import Kept, WhatIfRow

__all__ = [
    "FLAG_SORTS",
    "STUDY_STATES",
    "WORKLIST_SORTS",
    "Added",
    "AgreementKey",
    "AgreementRow",
    "Blobs",
    "Choices",
    "ExamPredictionRow",
    "ExamReviewRow",
    "ExplanationRow",
    "FileOutcome",
    "FlagQuery",
    "FlagRow",
    "ImageRow",
    "InspectionRow",
    "JobRow",
    "Kept",
    "Layout",
    "LayoutRow",
    "LeaseLost",
    "MeasureRow",
    "Page",
    "PredictionRow",
    "Question",
    "QuestionRow",
    "ReviewRow",
    "SeriesRow",
    "StackExplanationRow",
    "Staged",
    "Store",
    "StudyRow",
    "Transaction",
    "UploadRow",
    "WhatIfRow",
    "WorklistQuery",
    "WorklistRow",
    "migrate",
]
