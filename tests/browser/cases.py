"""A case that browser tests work on: what it is, when it is drawn in full, and how a reader drags on a pane."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from app.phantoms import chest
from tests import waiting

REVIEWS = re.compile(r"/studies/[a-z2-7]+/reviews$")
ANALYSED_MS = 120_000
PATIENCE_S = 30  # two busy cores may take this long for an answer that normally takes a second
PANES = 6


@dataclass(frozen=True)
class Case:
    """A case on a server, and what the server says of it."""

    url: str
    phantom: chest.ChestPhantom

    def read(self, path: str = "/case.json") -> bytes:
        """What the server answers."""
        address = path if path.startswith("http") else f"{self.url}{path}"
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            return bytes(answer.read())

    @property
    def data(self) -> dict[str, Any]:
        """The payload as it is now."""
        return dict(json.loads(self.read()))

    def values(self, method: str) -> tuple[dict[str, Any], NDArray[np.float32]]:
        """A method's entry and its raw map."""
        (entry,) = (found for found in self.data["explanations"] if found["method"] == method)
        raw = self.read(self.url.split("/studies")[0] + entry["values_url"])
        return entry, np.frombuffer(raw, "<f4").reshape(entry["height"], entry["width"])


def sent(server: str, files: Iterable[tuple[str, bytes]], *, read: bool = False) -> str:
    """The address of the study that files became, sent as a program sends them: what a page of a browser costs for that is left
    to the tests of the upload page. ``read``: not before its networks have answered and every map is there."""
    answer = httpx2.post(f"{server}/api/v1/studies", files=[("files", file) for file in files], timeout=2 * PATIENCE_S)
    assert answer.status_code == httpx2.codes.CREATED, answer.text
    (study,) = answer.json()["studies"]

    def ended() -> bool:
        state = httpx2.get(f"{server}/api/v1/studies/{study}/job", timeout=PATIENCE_S).json()["state"]
        assert state in {"queued", "running", "done"}, state
        return str(state) == "done"

    if read:
        waiting.until(ended, ANALYSED_MS / 1000, "it was not read in time")
    return f"{server}/studies/{study}"


def ready(page: Page) -> None:
    """Wait until every pane is drawn in full."""
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(PANES)


def drag(page: Page, method: str, start: tuple[float, float], end: tuple[float, float], button: Any = "left") -> None:
    """Drag in a pane, in shares of its size."""
    box = page.locator(f"#pane-{method} .pane-view").bounding_box()
    assert box is not None
    at = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down(button=button)
    page.mouse.move((at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2)
    page.mouse.move(*at[1])
    page.mouse.up(button=button)


def painted(page: Page) -> None:
    """Wait until everything asked for so far is on the screen. What a frame draws may ask for another frame, and the first may
    have begun before it was asked."""
    page.evaluate(
        """() => new Promise((done) => {
            const next = (left) => (left ? requestAnimationFrame(() => next(left - 1)) : done());
            next(3);
        })"""
    )


def until(page: Page, done: Callable[[], bool], told: str = "what was said never reached the server") -> None:
    """Wait for what the server has, or for what several looks at the page tell; the page goes on meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, told
        painted(page)


def became(page: Page, condition: str, given: object = None) -> None:
    """Wait until a JavaScript expression or function tells something true. Playwright's own ``wait_for_function`` compiles its
    condition in the page as soon as it has to ask twice, which the page's content security policy forbids."""
    until(page, lambda: bool(page.evaluate(condition, given)), f"it never became true: {condition}")
