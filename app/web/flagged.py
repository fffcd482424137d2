"""The flagged maps: every verdict in force, filtered, sorted and paged by the store, and exported whole as CSV or JSON.

The search text may be a patient's name: like the worklist's it travels in the body of a POST.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from app import explainers
from app.domain import Region
from app.exam import ExamReview
from app.store import FLAG_SORTS, Choices, FlagQuery, FlagRow, Page
from app.store.records import FlagSort
from app.web import figures, pages, regions, stack_names, tables

router = APIRouter(include_in_schema=False)

NOTICE = "Research use only — not for clinical use"
"""On every export, in English: the file may be read anywhere."""
FIELDS = (
    "review", "study", "image", "patient_name", "patient_id", "study_date", "accession", "modality", "phantom", "model",
    "model_sha256", "method", "finding", "probability", "disagreement", "verdict", "reason", "comment", "region_left",
    "region_top", "region_right", "region_bottom", "region_shapes", "region_area", "pointing", "iou", "outside_inside", "mass",
    "image_columns", "image_rows", "reader", "created_at", "explanation", "stack", "plane", "use",
)  # fmt: skip
"""The columns of the CSV and the keys of the JSON; docs/reference/api.md says what each is."""


@dataclass(frozen=True, slots=True)
class FlaggedPage:
    """templates/flagged.html: one page of verdicts, the query it answers, and the values each filter offers.

    ``order`` is the query's order as the form sends it; ``methods`` gives each method's title, ``against`` by a verdict's id
    how the judged map lies to the true region.
    """

    template: ClassVar[str] = "flagged.html"

    query: FlagQuery
    flags: Page[FlagRow]
    choices: Choices
    columns: tuple[tables.Column, ...]
    order: str
    methods: Mapping[str, str]
    against: Mapping[str, tuple[str, ...]]


class Named(BaseModel):
    """What the address of the flagged page may name. ``sort`` and ``go`` are the buttons: a new order, another page."""

    verdict: str = ""
    method: str = ""
    finding: str = ""
    model: str = ""
    order: str = ""
    sort: str = ""
    go: str = ""

    def query(self, text: str = "") -> FlagQuery:
        """As the store asks it."""
        sort, descending = tables.ordering(self.sort or self.order, FLAG_SORTS, "created")
        return FlagQuery(
            text=text.strip()[:200],
            verdict=self.verdict,
            method=self.method,
            finding=self.finding,
            model=self.model,
            sort=cast(FlagSort, sort),
            descending=descending,
            number=tables.number(self.go),
        )


class Asked(Named):
    """What the form of the flagged page sends: the same, and the text to search for."""

    text: str = ""


@router.get("/flagged")
def flagged(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """The flagged maps, with the filters that the address names."""
    return _answer(request, asked.query())


@router.post("/flagged")
def search(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """The flagged maps as the form asks for them: to htmx the table alone, to a browser without scripts the page."""
    return _answer(request, asked.query(asked.text))


def _answer(request: Request, query: FlagQuery) -> Response:
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        flags = tx.flags.page(query)
        choices = tx.flags.choices()
    page = FlaggedPage(
        query=query,
        flags=flags,
        choices=choices,
        columns=_columns(request, query),
        order=f"-{query.sort}" if query.descending else query.sort,
        against={row.id: figures.against(row.review.measures.get(row.review.method), _) for row in flags.rows},
        methods={name: _(explainers.describe(name).title) for name in explainers.names()},
    )
    return pages.render(request, page, template="partials/flagged_table.html" if pages.is_htmx(request) else None)


def _columns(request: Request, query: FlagQuery) -> tuple[tables.Column, ...]:
    _ = pages.gettext(request)
    headings = (
        (_("Map"), "", False),
        (_("Patient"), "patient", False),
        (_("Study date"), "study date", False),
        (_("Finding"), "finding", False),
        (_("Method"), "method", False),
        (_("Verdict"), "verdict", False),
        (_("True region"), "", False),
        (_("Peak"), "", True),
        ("IoU", "", True),
        (_("Out/in"), "", True),
        (_("Inside"), "", True),
        (_("Comment"), "", False),
        (_("Judged"), "created", False),
    )
    return tables.columns(headings, query.sort, query.descending, ("created", "study date"))


@router.get("/flagged.csv")
def named_csv(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as CSV."""
    return _csv(request, asked.query())


@router.post("/flagged.csv")
def searched_csv(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as CSV."""
    return _csv(request, asked.query(asked.text))


@router.get("/flagged.json")
def named_json(request: Request, asked: Annotated[Named, Query()]) -> Response:
    """Every flagged map that the address asks for, as JSON."""
    return _json(request, asked.query())


@router.post("/flagged.json")
def searched_json(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Every flagged map that the form asks for, as JSON."""
    return _json(request, asked.query(asked.text))


def _records(request: Request, query: FlagQuery) -> Iterator[dict[str, Any]]:
    with pages.of(request).store.view() as tx:
        for row in tx.flags.export(query):
            yield record(row)


def record(row: FlagRow) -> dict[str, Any]:
    """One verdict for an export, by the names in ``FIELDS``. A region is in image pixels, to the hundredth; of a stack's region
    every shape names the image of its slice."""
    review = row.review
    drawn = {image: told for image, part in row.regions.items() if (told := regions.data(part))}
    whole = regions.data(Region(tuple(shape for part in row.regions.values() for shape in part.shapes))) if drawn else None
    edges = (whole.left, whole.top, whole.right, whole.bottom) if whole else (None,) * 4
    on_stack = isinstance(review, ExamReview)
    shapes = [asdict(shape) | ({"image": image} if on_stack else {}) for image, part in drawn.items() for shape in part.shapes]
    area = sum(regions.area(part, row.rows, row.columns) for part in row.regions.values())
    found = review.measures.get(review.method)
    lies = astuple(regions.measured(found)) if found else (None,) * 4
    values = (
        row.id, row.study_id, row.image_id, row.patient.name, row.patient.id, row.date, row.accession, row.modality,
        row.phantom, review.model, review.model_sha256, review.method, review.finding, row.probability, row.disagreement,
        review.verdict, review.reason, review.comment, *edges, shapes or None, area if drawn else None, *lies,
        row.columns, row.rows, review.reader, review.created_at.isoformat(), row.explanation_id,
        stack_names.name(row.series_id, row.stack) if row.stack is not None else None,
        review.plane if isinstance(review, ExamReview) else None, NOTICE,
    )  # fmt: skip
    return dict(zip(FIELDS, values, strict=True))


def cell(value: object) -> object:
    """A value as a cell of the CSV: nothing for what is not there, shapes as JSON."""
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else harmless(value)


def harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula, with an apostrophe before it; figures and all else as they are."""
    risky = isinstance(value, str) and value.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%"))
    return f"'{value}" if risky else value


def _csv(request: Request, query: FlagQuery) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(FIELDS)
    for found in _records(request, query):
        writer.writerow([cell(value) for value in found.values()])
    return _file(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "csv")


def _json(request: Request, query: FlagQuery) -> Response:
    from app.web import what_if_export  # noqa: PLC0415 - it takes its notice and its care with spreadsheets from here

    body = {
        "use": NOTICE,
        "exported_at": datetime.now(UTC).isoformat(),
        "flags": list(_records(request, query)),
        "what_ifs": what_if_export.entries(request),
    }
    return _file(json.dumps(body, ensure_ascii=False, indent=1).encode(), "application/json", "json")


def _file(octets: bytes, media_type: str, ending: str) -> Response:
    name = f"whylight-flagged-{datetime.now(UTC):%Y-%m-%d}.{ending}"
    return Response(octets, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
