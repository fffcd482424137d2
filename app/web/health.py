"""Whether the process lives, and whether it can take work: two addresses for whoever watches over it."""

import shutil
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.errors import AppError
from app.web import pages
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

ROOM = 256 * 1024 * 1024
"""Free octets below which an upload may not fit."""


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers. Touches nothing else, so that a slow disk does not get it killed; async, so that it waits for no
    thread either."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether the database answers and takes writing, the worker lives, and the disk has room: 503 names what does not."""
    web = pages.of(request)
    checks: dict[str, Callable[[], bool]] = {
        "database": lambda: _writable(web),
        "worker": lambda: web.alive is None or web.alive(),
        "disk": lambda: shutil.disk_usage(web.settings.var).free >= ROOM,
    }
    found = {name: "ok" if check() else "failing" for name, check in checks.items()}
    ready = all(state == "ok" for state in found.values())
    return JSONResponse({"status": "ok" if ready else "not ready", "checks": found}, 200 if ready else 503)


def _writable(web: Web) -> bool:
    """Whether the schema is the newest and a writing transaction can be opened and ended."""
    try:
        if not web.store.ready():
            return False
        with web.store.begin() as tx:
            tx.jobs.waiting()
    except AppError:
        return False
    return True
