"""The case page in a real Chromium with software WebGL: first pixels, frames while a window is dragged, one redraw, bytes.

Playwright drives the system's Chromium and comes with the development packages; the product never imports it. What a page does
is measured in the page: gestures are the events that a mouse makes, one per frame, so that nothing waits for the driver.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import numpy as np

from app.bench.figures import Figure
from app.bench.measures import follow, linked
from app.domain import Extent, frozen
from app.errors import Unavailable
from app.grey import resample
from app.phantoms import chest, dicom
from app.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

SIZE = 2500
LARGE = 3000
SCREEN: "ViewportSize" = {"width": 1440, "height": 900}
DRAG_SECONDS = 6.0
CORNERSTONE = 1_143_000
"""Bytes, gzipped, of cornerstone3D's core and tools as a bundled page; a published figure, not measured here."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
FLAGS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")

DRAGGED = """([x, y, button, seconds]) => new Promise((done) => {
    const view = document.querySelector(".pane[data-method=cam] .pane-view");
    view.setPointerCapture = () => {};
    const send = (type, movementX, movementY) => view.dispatchEvent(new PointerEvent(type, {
        bubbles: true, clientX: x, clientY: y, button, buttons: 1, pointerId: 1, pointerType: "mouse", movementX, movementY,
    }));
    let frames = 0;
    send("pointerdown", 0, 0);
    const start = performance.now();
    const step = () => {
        frames += 1;
        send("pointermove", frames % 40 < 20 ? 3 : -3, frames % 20 < 10 ? 3 : -3);
        if (performance.now() - start < seconds * 1000) return requestAnimationFrame(step);
        send("pointerup", 0, 0);
        return done({ frames, seconds: (performance.now() - start) / 1000 });
    };
    requestAnimationFrame(step);
})"""
"""Drags with a button for some seconds, one move per frame; tells how many frames there were."""


SEEN = ("film", "agreement", "map:cam", "map:gradcam", "map:layer_cam", "map:saliency", "map:lrp", "map:rap")
"""What eight panes may show: films, the methods that a version opens with, the overlap map."""
PAINTED = """(least) => new Promise((done) => {
    new PerformanceObserver((list) => {
        const entry = list.getEntries().find(({ identifier, naturalWidth }) => identifier === "film" && naturalWidth > least);
        if (entry) done(entry.renderTime);
    }).observe({ type: "element", buffered: true });
    setTimeout(() => done(Infinity), 500);
})"""
"""When the browser painted the film's picture, in ms after the page was asked for; infinite where the viewer was quicker."""


FILM_SHARE = """() => {
    const views = [...document.querySelectorAll(".pane-view")].map((view) => view.clientWidth * view.clientHeight);
    return views.reduce((sum, area) => sum + area, 0) / (innerWidth * innerHeight);
}"""
"""The share of the window in which films lie: the panes' views, without their heads, bars and verdicts."""


def measure(repeat: int, beside: Path | None = None) -> Iterator[Figure]:
    """Every figure of the viewer at 1440 × 900: a film of 2500 × 2500 pixels under five overlays, and eight panes of one of
    3000 × 3000; with ``beside``, another checkout's folder, those of frames alone, in turn with that one's. Unavailable without
    Chromium."""
    if beside is not None:
        yield from compared(repeat, beside)
        return
    with TemporaryDirectory() as folder, Product(Path(folder) / "var") as product, chromium() as browser:
        study = follow(product, "film.dcm", film()).study
        address = f"http://127.0.0.1:{product.port}/studies/{study}"
        seen, drawn = zip(*opened(browser, address, repeat, full, 600), strict=True)
        yield Figure(f"film of {SIZE} px: first pixels (halved, as it opens) after opening the case", "s", seen)
        yield Figure(f"film of {SIZE} px: drawn by the viewer, every pane", "s", drawn)
        yield from shares(browser, address)
        yield from dragged(browser, address, "five overlays", full)
        large = follow(product, "large.dcm", film(LARGE)).study
        yield from dragged(browser, f"http://127.0.0.1:{product.port}/studies/{large}", f"8 panes of {LARGE} px", eight)
        yield from weights(product, study)


def compared(repeat: int, beside: Path) -> Iterator[Figure]:
    """What frames cost here and in another checkout, in one browser in turn: both, and the ratios."""
    with pair(beside) as products, chromium() as browser:
        for size, seen, arranged in ((SIZE, "five overlays", full), (LARGE, f"8 panes of {LARGE} px", eight)):
            content = film(size)
            studies = [follow(product, f"{size}.dcm", content).study for product in products]
            addresses = [f"http://127.0.0.1:{one.port}/studies/{study}" for one, study in zip(products, studies, strict=True)]
            measured = partial(dragged, browser, seen=seen, arranged=arranged)
            yield from in_turn([partial(measured, address) for address in addresses], repeat)


@contextmanager
def pair(beside: Path) -> Iterator[tuple[Product, Product]]:
    """This checkout's product and the other's, both serving."""
    with (
        TemporaryDirectory() as folder,
        Product(Path(folder) / "here") as here,
        Product(Path(folder) / "there", beside) as there,
    ):
        yield here, there


def in_turn(measured: Sequence[Callable[[], Iterator[Figure]]], repeat: int) -> Iterator[Figure]:
    """The same figures of this product and of another, measured in turn so that a busy machine is as busy for either; and this
    one's as multiples of the other's, round by round."""
    units: dict[str, str] = {}
    samples: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for number in range(repeat):
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            for figure in measured[which]():
                units[figure.name] = figure.unit
                samples[which].setdefault(figure.name, []).extend(figure.samples)
    for name, unit in units.items():
        mine, theirs = (tuple(found[name]) for found in samples)
        yield Figure(name, unit, mine)
        yield Figure(f"{name}, the other checkout", unit, theirs)
        yield Figure(f"{name} ÷ the other checkout's", "×", tuple(a / b for a, b in zip(mine, theirs, strict=True)))


def film(size: int = SIZE) -> bytes:
    """A chest phantom as a DICOM file, enlarged to ``size``, with noise as fine as its pixels."""
    small = chest.draw(5, ("Cardiomegaly",), size=512)
    large = resample(small.pixels.astype(np.float32), Extent(0.0, 0.0, size, size), (size, size))
    noisy = np.clip(large + np.random.default_rng(size).normal(0, 6, large.shape), 0, 4095).astype(np.uint16)
    return dicom.encode(replace(small, pixels=frozen(noisy), spacing=small.spacing * 512 / size))


@contextmanager
def chromium() -> "Iterator[Browser]":
    """The system's Chromium, headless, WebGL drawn by the processor."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a development package, for this measurement only
    except ImportError as error:
        raise Unavailable("The browser's driver is not installed; run “make develop”.") from error
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise Unavailable("There is no Chromium here; install the system's package “chromium”.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, chromium_sandbox=False, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def opened(
    browser: "Browser", address: str, repeat: int, ready: "Callable[[Page], None]", least: int
) -> Iterator[tuple[float, float]]:
    """Seconds from asking for the case until the film's picture was painted in its pane (the browser's own Element Timing; more
    than ``least`` pixels wide), and until the viewer has drawn it. Each time a new reader, who comes from the worklist."""
    for _ in range(repeat):
        page = browser.new_page(viewport=SCREEN)
        page.goto(urljoin(address, "/"), wait_until="networkidle")
        page.goto(address)
        ready(page)
        drawn = float(page.evaluate("performance.getEntriesByName('film drawn')[0].startTime")) / 1000
        yield min(float(page.evaluate(PAINTED, least)) / 1000, drawn), drawn
        page.close()


def shares(browser: "Browser", address: str) -> Iterator[Figure]:
    """How much of the screen is the films' in two rows of three panes, as the case opens and in reading mode."""
    page = browser.new_page(viewport=SCREEN)
    page.goto(address)
    full(page)
    yield Figure("screen that is film, 2 × 3", "share", (float(page.evaluate(FILM_SHARE)),))
    page.keyboard.press("Shift+Q")
    page.wait_for_timeout(300)
    yield Figure("screen that is film, 2 × 3, reading mode", "share", (float(page.evaluate(FILM_SHARE)),))
    page.close()


def eight(page: "Page") -> None:
    """Eight panes in two rows: the film, the maps that the case opens with, the overlap map, and the film once more, whatever
    else a version may offer: checkouts are compared by what both of them draw."""
    full(page)
    page.locator("#layout > summary").click()
    page.locator('.layout-cell[data-rows="2"][data-columns="4"]').click()
    for place in range(8):
        pane = page.locator(".pane").nth(place)
        if not (pane.get_attribute("data-layer") or "").startswith(SEEN):
            pane.focus()
            page.locator('.chip[data-layer="film"]').press("Enter")
    page.locator('.pane-state[data-state="full"]').nth(7).wait_for(
        state="attached", timeout=120_000
    )  # hidden where panes are narrow
    page.wait_for_timeout(1000)


def dragged(browser: "Browser", address: str, seen: str, arranged: "Callable[[Page], None]") -> Iterator[Figure]:
    """Frames while the window is dragged, and while the film is moved; what a frame costs scripts, and all of the browser.

    ``seen`` says what is on the screen, ``arranged`` waits for it, or puts it there.
    """
    page = browser.new_page(viewport=SCREEN)
    page.goto(address)
    arranged(page)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    box = page.locator('.pane[data-method="cam"] .pane-view').bounding_box()
    assert box is not None  # noqa: S101 - it was drawn; this tells mypy
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    for name, button in (("dragging the window", 0), ("moving the film", 1)):
        before, scripts = spent(), scripted(devtools)
        told = page.evaluate(DRAGGED, [*middle, button, DRAG_SECONDS])
        cost, scripts = spent() - before, scripted(devtools) - scripts
        yield Figure(f"{name}, {seen}", "frames/s", (told["frames"] / told["seconds"],))
        yield Figure(f"{name}, {seen}: processor time of a frame, whole browser", "s", (cost / told["frames"],))
        yield Figure(f"{name}, {seen}: processor time of a redraw outside the rasteriser", "s", (scripts / told["frames"],))
    page.close()


def scripted(devtools: "CDPSession") -> float:
    """Seconds of processor time that the page's scripts, commands to the rasteriser included, have taken so far."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "ScriptDuration")


def full(page: "Page") -> None:
    """Wait until every pane is drawn in full."""
    page.locator('.pane-state[data-state="full"]').nth(5).wait_for(timeout=120_000)
    page.wait_for_timeout(300)


def spent() -> float:
    """Seconds of processor time of this process' descendants that are browsers, where the system tells (Linux); else nan."""
    processes: dict[int, tuple[int, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = path.read_text(encoding="utf-8", errors="replace").split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        told = fields.split()
        ticks = int(told[11]) + int(told[12]) if "chrom" in name else 0
        processes[int(path.parent.name)] = (int(told[1]), ticks / os.sysconf("SC_CLK_TCK"))
    mine, waiting = 0.0, [os.getpid()]
    while waiting:
        parent = waiting.pop()
        children = [(pid, seconds) for pid, (above, seconds) in processes.items() if above == parent]
        mine += sum(seconds for _, seconds in children)
        waiting += [pid for pid, _ in children]
    return mine if processes else float("nan")


def weights(product: Product, study: str) -> Iterator[Figure]:
    """Bytes that travel, compressed as they are sent: scripts and styles of the case page, the film, each map."""
    parts = dict(linked(product, product.get(f"/studies/{study}").body.decode()))
    yield Figure("case page, scripts + styles", "bytes", (sum(parts.values()),))
    yield Figure("a page with cornerstone3D, core + tools (published)", "bytes", (CORNERSTONE,))
    data = product.get(f"/studies/{study}/case.json").json()
    yield Figure(f"film of {SIZE} px", "bytes", (product.get(data["stacks"][0]["images"][0]["pixels_url"]).travelled,))
    for entry in data["explanations"]:
        size = product.get(entry["values_url"]).travelled
        yield Figure(f"map by {entry['method']}, {entry['width']} × {entry['height']} values", "bytes", (size,))
