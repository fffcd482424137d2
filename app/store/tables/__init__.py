"""The tables. Internal to the store: rows of these classes never leave it.

Plain SQL only, so that the same tables serve SQLite and PostgreSQL. Relationships are ``lazy="raise"``: a query says what it
loads. ``migrations/`` builds the same schema step by step; a test compares the two.
"""

from app.store.tables.base import Base, Clean, Id, Sha, Utc, belongs, now, one_of, public_id
from app.store.tables.cohorts import CohortCaseTable, CohortMapsTable, CohortTable
from app.store.tables.readers import AnnotationTable, ReaderTable, ReviewTable, WhatIfTable
from app.store.tables.results import (
    AgreementTable,
    AnswerTable,
    CorrectionTable,
    InspectionTable,
    LayerTable,
    NetworkTable,
    PartTable,
    StackImageTable,
    StackTable,
)
from app.store.tables.studies import FileTable, ImageTable, SeriesTable, StudyTable, UploadFileTable, UploadTable
from app.store.tables.work import JobTable

__all__ = [
    "AgreementTable",
    "AnnotationTable",
    "AnswerTable",
    "Base",
    "Clean",
    "CohortCaseTable",
    "CohortMapsTable",
    "CohortTable",
    "CorrectionTable",
    "FileTable",
    "Id",
    "ImageTable",
    "InspectionTable",
    "JobTable",
    "LayerTable",
    "NetworkTable",
    "PartTable",
    "ReaderTable",
    "ReviewTable",
    "SeriesTable",
    "Sha",
    "StackImageTable",
    "StackTable",
    "StudyTable",
    "UploadFileTable",
    "UploadTable",
    "Utc",
    "WhatIfTable",
    "belongs",
    "now",
    "one_of",
    "public_id",
]
