"""Addresses as browsers must ask for them: the one way that an address leaves the product.

Inside, every address begins at the product's own root. Behind a proxy that serves it under a path (``WHYLIGHT_PREFIX``) the
browser's begins with that path: `served` puts it in front, in templates too, and ``static/js/served.js`` does so for scripts.
`Under` takes it off what comes in, so that no route knows of it. A test in tests/house refuses any other way.
"""

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api/v1"
_prefix: ContextVar[str] = ContextVar("prefix", default="")


def served(path: str) -> str:
    """Where a browser finds what is at this path of ours: ``/studies/…`` as ``/whylight/studies/…``."""
    return _prefix.get() + path


def inside(path: str) -> str:
    """A path of ours that is kept and compared in here, such as which list is read through, and goes to a browser only as a
    name or through `served`."""
    return path


def in_api(address: str) -> str:
    """The same of the API: what a page finds at the ``served`` address, programs find there."""
    return served(API + address.removeprefix(_prefix.get()))


class Under:
    """Outside of everything else: whoever asks below the prefix is answered as if there were none, and with addresses that have
    it. A proxy may hand the prefix on or take it off."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Each request has a task of its own, so that the value ends with it; threads that routes run in take it over.
        _prefix.set(self.prefix)
        path = scope.get("path", "")
        if self.prefix and (path == self.prefix or path.startswith(self.prefix + "/")):
            raw: bytes = scope.get("raw_path") or path.encode()
            inside = path.removeprefix(self.prefix) or "/"
            scope = {**scope, "path": inside, "raw_path": raw.removeprefix(self.prefix.encode()) or b"/"}
        await self.app(scope, receive, send)
