"""The case: the reading page of a study, of films and exams alike, with its payload, its job and the verdicts."""

from fastapi import APIRouter

from app.web.case import opinions, regroupings, reviews, routes

router = APIRouter(include_in_schema=False)
for room in (routes, reviews, regroupings, opinions):
    router.include_router(room.router)
