"""A cohort on its way in: its table is kept, its films and exams are taken in as any upload. The API's goes the same way."""

import asyncio
from contextlib import ExitStack
from functools import partial

from fastapi import Request

from app.desk import cohorts
from app.desk.folders import folder
from app.desk.intake import Intake
from app.errors import InputError
from app.store import CohortRow, UploadRow
from app.web import pages, receiving
from app.web.upload import part_of


async def replace_table(request: Request, cohort_id: str) -> None:
    """Take another table for a cohort's films or exams. Async: see `take`. InputError for what is no table; NotFound."""
    web = pages.of(request)
    held = ExitStack()
    into = await web.lanes.arriving.run(lambda: held.enter_context(folder(web.settings)))
    try:
        arrived = await receiving.receive(request, into, web.settings, web.lanes.arriving)
        await web.lanes.storing.run(partial(cohorts.replace_table, web.store, cohort_id, arrived))
    finally:
        await web.lanes.arriving.run(held.close)


async def take(request: Request) -> tuple[CohortRow, UploadRow]:
    """Take a form's files in: the cohort, and what became of each film. Async, because the body is streamed to disk while it
    arrives; the work is done in the uploads' threads. InputError without a table or without a film that can be read; other
    errors as of `app.web.upload.take`. Films may have come before as parts of an upload (``upload``): then the table
    comes last, with what else has to come with it."""
    part = part_of(request)
    web = pages.of(request)
    lanes = web.lanes
    held = ExitStack()
    into = await lanes.arriving.run(lambda: held.enter_context(folder(web.settings)))
    try:
        arrived = await receiving.receive(request, into, web.settings, lanes.arriving)
        try:
            sheet, others = await lanes.storing.run(partial(cohorts.sheet, arrived, last=part is not None))
        except InputError:
            # Without its table it is an upload like any other: what came is read.
            if part is not None:
                await lanes.storing.run(Intake(web.store, web.settings, (), into, part=part).step)
                web.wake()
            raise
        intake = Intake(web.store, web.settings, others, into, part=part)
        try:
            while await lanes.storing.run(intake.step):
                pass
        except asyncio.CancelledError:  # the server ends
            await lanes.storing.run(intake.break_off)
            raise
        finally:
            web.wake()
        assert intake.report is not None  # noqa: S101 - the last step leaves it
        row = await lanes.storing.run(partial(cohorts.create, web.store, sheet, intake.instances))
        return row, intake.report
    finally:
        await lanes.arriving.run(held.close)
