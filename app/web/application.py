"""Putting the web room together: ``create_app`` makes one application out of settings, a store and a way to wake the worker."""

import logging
import time
from collections.abc import Callable

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.classifiers.registry import Registry
from app.config import Settings
from app.store import Store
from app.web import (
    api,
    batches,
    case,
    cohorts,
    counterfactuals,
    docs,
    errors,
    flagged,
    growing,
    guide,
    health,
    i18n,
    images,
    models,
    networks,
    pages,
    preferences,
    printing,
    queues,
    removals,
    stages,
    upload,
    what_if,
    what_if_export,
    worklist,
)
from app.web.addresses import Under
from app.web.api.description import Described
from app.web.security import Edge, Gate, Heads, Limit

log = logging.getLogger(__name__)

FOR_GOOD = "public, max-age=31536000, immutable"
"""For a static file that was asked for by its content's hash."""
MULTIPART = 1024 * 1024
"""Octets an upload's form may have around its files."""

DESCRIPTION = (
    "Upload studies, read what the networks said and where the explainers point, and keep verdicts on them. "
    "Research use only — not for clinical use."
)


def create_app(settings: Settings, store: Store, wake: Callable[[], None], alive: Callable[[], bool] | None = None) -> FastAPI:
    """The application.

    ``wake`` tells the worker that a job waits; ``alive`` says whether the worker in this process lives, None when workers run
    apart.
    """
    app = Described(
        title="Whylight",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        separate_input_output_schemas=False,
        servers=[{"url": settings.prefix}] if settings.prefix else None,
    )
    app.state.web = pages.Web(
        settings=settings,
        store=store,
        registry=Registry(settings.models),
        wake=wake,
        alive=alive,
        catalogues=i18n.read(),
        templates=pages.environments(),
        pictures=pages.Pictures(),
    )
    errors.install(app)
    of_lists = (worklist, queues, removals, batches, flagged)
    of_a_case = (case, networks, counterfactuals, what_if, what_if_export, stages, printing, images)
    of_networks = (growing, models)
    for room in (*of_lists, upload, *of_a_case, cohorts, *of_networks, preferences, docs, guide, health, api):
        app.include_router(room.router)
    # Nothing secret is in these files, so that compressing them tells nobody anything.
    app.mount("/static", GZipMiddleware(Static(pages.Assets()), minimum_size=1024), name="static")
    app.add_middleware(Heads)
    app.add_middleware(Limit, respond=errors.respond, upload_bytes=settings.max_upload_mb * 1024 * 1024 + MULTIPART)
    app.add_middleware(
        Gate, respond=errors.respond, allowed_hosts=settings.allowed_hosts.split(","), proxies=settings.proxies.split(",")
    )
    app.add_middleware(Edge, respond=errors.respond)
    app.add_middleware(Journal)
    app.add_middleware(Under, prefix=settings.prefix)
    return app


class Static(StaticFiles):
    """The files under static/. One asked for by its content's hash may be kept for good, the others are asked for again."""

    def __init__(self, assets: pages.Assets) -> None:
        super().__init__(directory=assets.folder)
        self.assets = assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Async because Starlette's own is."""
        response = await super().get_response(path, scope)
        asked = scope["query_string"].decode("latin-1").removeprefix("v=")
        current = isinstance(response, FileResponse) and asked and asked == self.assets.digest(path)
        response.headers["Cache-Control"] = FOR_GOOD if current else "no-cache"
        return response


class Journal:
    """One line in the log per request: the route as it is written here, never the address with what a reader put into it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            log.info("%s %s %d %.0f ms", scope["method"], written(scope), status, 1000 * (time.perf_counter() - started))


def written(scope: Scope) -> str:
    """A request's path with the names of its parameters in the places of their values; "-" where no route has it."""
    if not isinstance(scope.get("route"), Route):
        return "-"
    names = {str(value): f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in str(scope["path"]).split("/"))
