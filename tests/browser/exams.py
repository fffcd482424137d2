"""An exam of stacks that browser tests work on: how it comes to a server, and what its page says of where it stands."""

import re
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Browser, FilePayload, Page, expect

PLANES = ("sagittal", "coronal", "axial")
BANNER = "Trained on phantoms: probabilities of a real exam mean nothing; the maps show mechanism, not diagnosis."
"""What the network of `exam_server` warns of."""
FULL_MS = 60_000


def uploaded(chromium: Browser, server: str, files: Iterable[tuple[str, bytes]]) -> str:
    """Hands files in as a reader does; the address of the exam they became."""
    page = chromium.new_page()
    page.goto(f"{server}/upload")
    payload = [FilePayload(name=name, mimeType="application/dicom", buffer=octets) for name, octets in files]
    page.locator("#files").set_input_files(payload)
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}"), timeout=FULL_MS)
    url = page.url.split("?")[0]
    page.close()
    return url


def full(page: Page, panes: int = 3) -> None:
    """Wait until every slice of every pane's stack is there."""
    expect(page.locator('.pane-state[data-state="full"]')).to_have_count(panes, timeout=FULL_MS)


def pane(page: Page, number: int) -> Any:
    """A pane by its number from 1."""
    return page.locator(".pane").nth(number - 1)


def stands(page: Page, number: int) -> int:
    """At which slice a pane stands, from 1."""
    return int(str(pane(page, number).locator(".pane-place").inner_text()).split("/")[0])


def letters(page: Page, number: int) -> list[str]:
    """What a pane's edges say: left, top, right, bottom."""
    return [str(text) for text in pane(page, number).locator(".letter").all_inner_texts()]


def crossed(page: Page, number: int) -> tuple[float, float, float] | None:
    """Where a pane shows the carried point: column, row, and mm off its slice; None where it does not show it."""
    said = pane(page, number).get_attribute("data-cross")
    if said is None:
        return None
    x, y, away = map(float, said.split(","))
    return x, y, away


def at(page: Page, number: int, x: float, y: float) -> tuple[float, float]:
    """A point of a pane's picture, in shares of its size, on the screen."""
    box = pane(page, number).locator(".pane-view").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y
