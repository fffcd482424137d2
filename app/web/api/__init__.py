"""The JSON API for scripts, under /api/v1: the same doors as the pages, described by OpenAPI.

A failure is a problem as `app.web.errors` writes it, with the status of its class.
"""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.web.api import (
    annotations,
    answers,
    batches,
    cohorts,
    comparisons,
    counterfactuals,
    exams,
    explanations,
    exports,
    imports,
    inspections,
    jobs,
    layers,
    layouts,
    models,
    opinions,
    points,
    regroupings,
    reviews,
    stacks,
    stages,
    studies,
    what_ifs,
    wishes,
)
from app.web.api.refusals import ALWAYS


def named(route: APIRoute) -> str:
    """An operation is called as the function that answers it."""
    return route.name


router = APIRouter(prefix="/api/v1", responses=ALWAYS, generate_unique_id_function=named)
for room in (
    studies,
    stacks,
    regroupings,
    answers,
    comparisons,
    inspections,
    layers,
    imports,
    wishes,
    jobs,
    batches,
    reviews,
    annotations,
    what_ifs,
    counterfactuals,
    stages,
    layouts,
    opinions,
    points,
    models,
    exports,
    cohorts,
    explanations,
    exams,
):
    router.include_router(room.router)
