"""What stands before every route: the security headers, the host, the origin of a request, and how much of it is read.

Pure ASGI, so that it also holds for static files, for streamed uploads and for errors. Knows no route but the two that take
uploads. ``Edge`` is outermost: it is the one place of this room that catches ``Exception``.
"""

import logging
import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, Forbidden, TooLarge, where

log = logging.getLogger(__name__)

Respond = Callable[[Request, AppError], Response]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Answered-By": "Whylight",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), "
        "payment=(), usb=()"
    ),
}
"""On every response. No inline script, style or handler runs, and nobody may frame a page. What a proxy answers in our place
has none of them, so that scripts can tell (static/js/between.js). Other sites are told no referrer;
our own pages must be, because a browser that may tell none says ``Origin: null`` of a form, and over plain HTTP to another name
than localhost it says nothing else of where the form was (Fetch, "append a request Origin header"; Fetch Metadata, 2.2)."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SMALL = 1024 * 1024
"""Bytes that a request may carry which is not an upload."""
UPLOADS = re.compile(r"/cohorts|/api/v1/cohorts|/studies|/api/v1/studies|/api/v1/studies/[^/]+/layers")
"""Where files may be sent."""


class Edge:
    """Outermost: puts the headers on everything, and turns a failure nobody foresaw into a plain page.

    The log gets the failure's type and where it happened, never its text: that may quote a file.
    """

    def __init__(self, app: ASGIApp, respond: Respond) -> None:
        self.app = app
        self.respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                protect(MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the edge of the room: whatever it is, the reader gets a sentence
            log.error("Unexpected failure: %s", where(error))
            if started:
                raise RuntimeError("a response broke off; the failure is logged above") from None
            await self.respond(Request(scope), AppError("Something went wrong on our side. Nothing you sent was lost."))(
                scope, receive, guarded
            )


def protect(headers: MutableHeaders) -> None:
    """Add the security headers; nothing is stored by a browser unless the route says what may be."""
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


class Gate:
    """Refuses a host name we do not answer to, and a change that another site asks for."""

    def __init__(self, app: ASGIApp, respond: Respond, allowed_hosts: Iterable[str], proxies: Iterable[str] = ()) -> None:
        self.app = app
        self.respond = respond
        self.allowed_hosts = frozenset(host.strip().lower() for host in allowed_hosts if host.strip())
        self.proxies = frozenset(address.strip() for address in proxies if address.strip())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await self.respond(Request(scope), refusal)(scope, receive, send)
                return
        elif scope["type"] != "lifespan":
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Forbidden | None:
        headers = Headers(scope=scope)
        here = reached(scope, headers, self.proxies)
        # Also the Host that came: a proxy that hands on what a browser calls a forwarded host must not open another door.
        if not {hostname(headers.get("host", "")), hostname(here.host)} <= self.allowed_hosts:
            return Forbidden("This address is not one that Whylight answers to. Use the one that it was started with.")
        if scope["method"] in SAFE_METHODS or same_site(scope, headers, here):
            return None
        return Forbidden("This change was asked for by another site, so it was not made. Open Whylight itself and try again.")


def hostname(host: str) -> str:
    """The name in a Host header, without the port; an IPv6 address keeps its brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host


@dataclass(frozen=True, slots=True)
class Here:
    """How the browser reached us: ``http`` or ``https``, and the name with its port."""

    scheme: str
    host: str

    def same(self, origin: str) -> bool:
        """Whether this is that origin (RFC 6454 4: scheme, name and port)."""
        parts = urlsplit(origin)
        port = PORTS.get(self.scheme, "")
        return parts.scheme == self.scheme and parts.netloc.lower().removesuffix(port) == self.host.lower().removesuffix(port)


PORTS = {"http": ":80", "https": ":443"}


def reached(scope: Scope, headers: Headers, proxies: Container[str]) -> Here:
    """How the browser reached us: as the request says, or as a proxy that we were told to believe says of it. Of a list the
    last one counts, which that proxy added itself."""
    scheme, host = str(scope.get("scheme", "http")), headers.get("host", "")
    if (scope.get("client") or ("",))[0] in proxies:
        scheme = headers.get("x-forwarded-proto", scheme).rpartition(",")[2].strip().lower()
        host = headers.get("x-forwarded-host", host).rpartition(",")[2].strip()
    return Here(scheme, host)


def same_site(scope: Scope, headers: Headers, here: Here) -> bool:
    """Whether an unsafe request comes from our own pages, or from a script that is no browser (to the API only).

    Browsers send Sec-Fetch-Site and Origin by themselves and no page can forge them; the first only where nobody can listen,
    over HTTPS or to localhost. Without both it is no browser of the last years; then only the API answers, which a form of
    another site cannot reach with a body it would accept either.
    """
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is not None:
        return here.same(origin)
    return str(scope["path"]).startswith("/api/v1/")


class Heads:
    """Answers HEAD as GET without the body (RFC 9110 9.3.2); FastAPI's own routes take GET alone. Innermost, so that what
    stands around it, and the server, still see a HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            scope["method"] = "HEAD"  # the server takes no body of another length than announced, but for a HEAD
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        scope["method"] = "GET"  # in place: the routes write into this scope what the journal reads
        try:
            await self.app(scope, receive, bare)
        finally:
            scope["method"] = "HEAD"


class Limit:
    """Stops reading a request at its limit: what is over is never read, let alone kept."""

    def __init__(self, app: ASGIApp, respond: Respond, upload_bytes: int) -> None:
        self.app = app
        self.respond = respond
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        upload = scope["method"] == "POST" and UPLOADS.fullmatch(scope["path"]) is not None
        limit = self.upload_bytes if upload else SMALL
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced) > limit:
            await self.respond(Request(scope), beyond(limit))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise beyond(limit)
            return message

        await self.app(scope, counted, send)


def beyond(limit: int) -> TooLarge:
    """The refusal of a request over its limit."""
    return TooLarge(
        "The upload is larger than the %(limit)s MB that one upload may have. Send it in parts.",
        {"limit": limit // (1024 * 1024)},
    )
