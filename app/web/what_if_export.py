"""Kept what-ifs as files: CSV with one row per finding, and the entries that the JSON of the flagged maps carries along."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.store import WhatIfRow
from app.web import exports, pages, what_if

router = APIRouter(include_in_schema=False)

FIELDS = (
    "what_if", "study", "stack", "image", "images", "patient_id", "accession", "model", "model_sha256", "fills", "covered",
    "finding", "before", "after", "change", "comment", "reader", "created_at", "use",
)  # fmt: skip
"""The columns; docs/reference/what-if.md says what each is."""


@router.get("/what-ifs.csv")
def as_csv(request: Request) -> Response:
    """Every kept what-if that was not taken back, a row per finding, the biggest change first."""
    with pages.of(request).store.view() as tx:
        rows = (line for found in tx.what_ifs.export() for line in lines(*found))
        return exports.csv_file("what-ifs", FIELDS, rows)


def lines(row: WhatIfRow, patient: str, accession: str) -> Iterator[tuple[object, ...]]:
    """One row per finding, by the names in ``FIELDS``."""
    fills = " + ".join(f"{edit.fill}{' outside' if edit.outside else ''}" for edit in row.edits)
    for one in what_if.changes(row.before, row.after, str):
        yield (
            row.id, row.study_id, row.stack_id, row.image_id, " ".join(row.images), patient, accession,
            row.model, row.model_sha256, fills, row.covered,
            one.finding, one.before, one.after, one.change, row.comment, row.reader, row.created_at.isoformat(), exports.NOTICE,
        )  # fmt: skip


def entries(request: Request) -> list[dict[str, Any]]:
    """Every kept what-if with its edits, for the JSON of the flagged maps."""
    with pages.of(request).store.view() as tx:
        return [
            {
                "id": row.id,
                "study": row.study_id,
                "stack": row.stack_id,
                "image": row.image_id,
                "images": row.images,
                "patient_id": patient,
                "accession": accession,
                "model": row.model,
                "model_sha256": row.model_sha256,
                "edits": what_if.edits_of(row),
                "covered": row.covered,
                "before": {score.finding: score.probability for score in row.before},
                "after": {score.finding: score.probability for score in row.after},
                "comment": row.comment,
                "reader": row.reader,
                "created_at": row.created_at.isoformat(),
            }
            for row, patient, accession in tx.what_ifs.export()
        ]
