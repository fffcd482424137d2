"""The exam page in a real Chromium with software WebGL: first slice, frames while scrolling with overlays, memory, bytes.

The exam is a phantom's, three stacks of 32 slices of 256 × 256 pixels. How a browser is driven is `app.bench.viewer`.
"""

import os
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from app.bench.figures import Figure
from app.bench.measures import linked
from app.bench.viewer import SCREEN, chromium, in_turn, opened, pair, scripted, spent
from app.errors import AppError
from app.phantoms import knee
from app.phantoms.knee import dicom
from app.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZE = 256
SLICES = 32
SECONDS = 6.0
PATIENCE = 900.0
LOOK_EVERY = 0.5

SCROLLED = """([number, seconds]) => new Promise((done) => {
    const view = document.querySelectorAll(".pane .pane-view")[number];
    const { x, y } = view.getBoundingClientRect();
    let frames = 0;
    const start = performance.now();
    const step = () => {
        frames += 1;
        const deltaY = frames % 40 < 20 ? 100 : -100;
        const place = { clientX: x + 9, clientY: y + 9 };
        view.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY, ...place }));
        if (performance.now() - start < seconds * 1000) return requestAnimationFrame(step);
        return done({ frames, seconds: (performance.now() - start) / 1000 });
    };
    requestAnimationFrame(step);
})"""
"""Scrolls a pane, by its place, by a slice per frame for some seconds; tells how many frames there were."""


def measure(repeat: int, beside: Path | None = None) -> Iterator[Figure]:
    """Every figure of the exam page at 1440 × 900; with ``beside``, another checkout's folder, those of frames and memory,
    in turn with that one's. Unavailable without Chromium."""
    if beside is not None:
        with pair(beside) as products, chromium() as browser:
            addresses = [f"http://127.0.0.1:{product.port}/studies/{stored(product)}" for product in products]
            yield from in_turn([partial(scrolled, browser, address) for address in addresses], repeat)
        return
    with TemporaryDirectory() as folder, Product(Path(folder) / "var") as product, chromium() as browser:
        study = stored(product)
        address = f"http://127.0.0.1:{product.port}/studies/{study}"
        seen, drawn = zip(*opened(browser, address, repeat, lambda page: full(page, 3), SIZE // 2), strict=True)
        yield Figure(f"exam of 3 × {SLICES} slices: first slice after opening it", "s", seen)
        yield Figure(f"exam of 3 × {SLICES} slices: drawn by the viewer", "s", drawn)
        yield from scrolled(browser, address)
        parts = dict(linked(product, product.get(f"/studies/{study}").body.decode()))
        yield Figure("exam page, scripts + styles", "bytes", (sum(parts.values()),))


def stored(product: Product) -> str:
    """Upload the phantom exam and wait until its job has ended; its public id."""
    phantom = knee.draw(5, ("ACL discontinuity",), SIZE, SLICES)
    answer = product.upload(dict(dicom.encode(phantom)))
    if answer.status != 201:
        raise AppError("The upload was refused: %(body)s", {"body": answer.body.decode(errors="replace")[:300]})
    study = str(answer.json()["studies"][0])
    started = time.perf_counter()
    while time.perf_counter() - started < PATIENCE:
        job = product.get(f"/api/v1/studies/{study}/job")
        if job.status != 200 or job.json()["state"] not in {"queued", "running"}:
            break
        time.sleep(LOOK_EVERY)
    return study


def scrolled(browser: "Browser", address: str) -> Iterator[Figure]:
    """Frames while slices are scrolled, in either layout, what a frame costs, and the page's memory after all of it."""
    page = browser.new_page(viewport=SCREEN)
    page.goto(address)
    full(page, 3)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    for name, panes in (("three planes", 3), ("one plane, every method", 6)):
        if panes > 3:
            page.keyboard.press(";")
            full(page, panes)
        before, scripts = spent(), scripted(devtools)
        told = page.evaluate(SCROLLED, [1, SECONDS])
        cost, scripts = spent() - before, scripted(devtools) - scripts
        yield Figure(f"scrolling with overlays, {name}", "frames/s", (told["frames"] / told["seconds"],))
        yield Figure(f"scrolling, {name}: processor time of a frame, whole browser", "s", (cost / told["frames"],))
        yield Figure(f"scrolling, {name}: processor time of scripts per frame", "s", (scripts / told["frames"],))
    for plane in ("coronal", "axial"):
        page.locator(f'[data-arrange="grid"][data-plane="{plane}"]').click()
        full(page, 6)
        page.wait_for_timeout(2000)
    yield Figure("memory of the page, every plane and method looked at", "bytes", (held(),))
    page.close()


def full(page: "Page", panes: int) -> None:
    """Wait until every slice and every map on the screen is there."""
    page.locator('.pane-state[data-state="full"]').nth(panes - 1).wait_for(timeout=120_000)
    page.wait_for_timeout(1500)


def held() -> float:
    """Bytes of this process' largest renderer, shared pages counted in part, where the system tells (Linux); else nan."""
    sizes = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if "--type=renderer" not in (path / "cmdline").read_text(encoding="utf-8", errors="replace"):
                continue
            told = re.search(r"^Pss:\s+(\d+) kB", (path / "smaps_rollup").read_text(encoding="utf-8"), re.MULTILINE)
        except OSError:
            continue
        if told and ours(int(path.name)):
            sizes.append(1024.0 * int(told[1]))
    return max(sizes, default=float("nan"))


def ours(process: int) -> bool:
    """Whether a process descends from this one."""
    while process > 1:
        if process == os.getpid():
            return True
        try:
            fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return False
        process = int(fields[1])
    return False
