"""The JSON API for scripts, under /api/v1: the same doors as the pages, described by OpenAPI.

A failure is ``{"error": sentence, "code": class of the error}`` with the class's status.
"""

from fastapi import APIRouter

from app.web.api import exams, inspections, layouts, measures, models, results, reviews, studies, what_ifs
from app.web.api.schemas import Failure

router = APIRouter(
    prefix="/api/v1",
    responses={
        422: {"model": Failure, "description": "What was sent cannot be used; the sentence says why."},
    },
)
for room in (studies, models, inspections, results, reviews, measures, layouts, what_ifs, exams):
    router.include_router(room.router)
