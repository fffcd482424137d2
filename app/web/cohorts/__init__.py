"""Cohorts as pages: taking one in, saying what its table means, its figures, the films behind them, its report."""

from fastapi import APIRouter

from app.web.cohorts import files, listing, maps, routes

router = APIRouter()
router.include_router(routes.router)
router.include_router(listing.router)
router.include_router(files.router)
router.include_router(maps.router)
