"""A real browser and the real product: what every browser test stands on.

`small_server` is ``python -m app serve`` as its own process, shared by all tests that run in this one; `start_server` starts
others, for modules whose server must be another. `stored` is a case on `small_server`. `page` is a page of a real Chromium that
fails its test when the browser complained about anything: a console error, an exception in a script, a Content-Security-Policy
violation, a request to any other host. A test that provokes a refusal on purpose (an upload answered with 422) says so:
``browser_watch.allow("422")``.
"""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, sync_playwright

from app.phantoms import chest, dicom
from tests.browser.cases import PATIENCE_S, Case, ready, sent
from tests.browser.exams import BANNER
from tests.browser.proxy import NAME, Proxy, documented
from tests.exams import write_exam_network
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
# The engine without a window first: a page there costs three quarters of one in a browser that has windows (`.ci/chromium.sh`).
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Every window would start two pages of its own for the address bar's suggestions, half of what a new page costs. The last list
# of features counts: what Playwright itself puts out comes first.
FEATURES_OUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,"
    "MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,"
    "NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"
)
CHROMIUM_FLAGS = (
    f"--disable-features={FEATURES_OUT}",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
)
OURS = ("http://127.0.0.1:", "http://localhost:", f"http://{NAME}:")
READY_SECONDS = 90
LAST_BROWSER = 0.9
"""The share of the files after which the last one of browser tests stands."""
PLACES = pytest.StashKey[dict[Path, float]]()
UNTOUCHING = {"test_accessibility", "test_probe", "test_report", "test_touch"}
"""Modules whose tests leave the case as they found it: one does for all of them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything here is marked ``browser``, so that ``-m "not browser"`` leaves it out. It waits for pages more than it
    computes, so its files stand between the others that compute alone: whoever runs several files at once keeps every core
    busy. They end before the others do, and the longest of them comes first, so that nobody waits for one in the end."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
    for browser, end in ((True, LAST_BROWSER), (False, 1.0)):
        counts = Counter(item.path for item in items if item.path.is_relative_to(here) == browser)
        ordered = sorted(counts, key=lambda path: -counts[path]) if browser else list(counts)
        config.stash.setdefault(PLACES, {}).update({path: end * at / len(ordered) for at, path in enumerate(ordered)})
    places = config.stash[PLACES]
    items.sort(key=lambda item: places[item.path])


class Server:
    """The real product in its own process and var folder; it can be stopped and started again over the same folder."""

    def __init__(self, var: Path, settings: dict[str, str]) -> None:
        self.var = var
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = var.parent / f"{var.name}.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything the product wrote so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """``python -m app …`` with this server's settings, its output going to the log."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WHYLIGHT_")}
        if "WHYLIGHT_MODELS" in os.environ:
            environment["WHYLIGHT_MODELS"] = os.environ["WHYLIGHT_MODELS"]
        environment |= {"WHYLIGHT_VAR": str(self.var), "WHYLIGHT_PORT": str(self.port), "WHYLIGHT_THREADS": "1"}
        environment |= self._settings
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app", *words],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> None:
        """Serve, and wait until /readyz says yes."""
        self._process = self.command("serve")
        try:
            until(self._ready, READY_SECONDS, "the server was not ready")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.log}") from error

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server ended by itself"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it as an operator would (SIGTERM) and fail if it hung or had written a traceback."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            pytest.fail(f"the server did not stop within 30 s:\n{self.log[-4000:]}")
        finally:
            self._process = None
        assert "Traceback (most recent call last)" not in self.log, self.log[-8000:]

    def restart(self) -> None:
        """Stop and start over the same var folder and port: what was stored must still be there."""
        self.stop()
        self.start()


class StartServer(Protocol):
    """What the fixture `start_server` gives."""

    def __call__(self, *, demo: bool = False, **settings: str) -> Server:
        """A started server over an empty var folder; ``settings`` are WHYLIGHT_* names without the prefix, in lower case."""


class Watch:
    """What the browser complained about during one test."""

    def __init__(self) -> None:
        self._complaints: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Complaints matching this regular expression are expected by the test."""
        self._allowed.append(re.compile(pattern))

    def complain(self, complaint: str) -> None:
        """Note one complaint."""
        self._complaints.append(complaint)

    def complaints(self) -> list[str]:
        """What the browser complained about and nobody expected."""
        return [text for text in self._complaints if not any(pattern.search(text) for pattern in self._allowed)]

    def follow(self, page: Page) -> None:
        """Listen to everything a page may complain about."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complain(f"exception: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Content-Security-Policy violations and failed requests come as console errors too.
        if message.type == "error":
            self.complain(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((*OURS, "data:", "blob:", "about:")):
            self.complain(f"request to another host: {request.url}")


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """What starts servers, each over a var folder of its own; all are stopped in the end, and their logs checked."""
    started: list[Server] = []

    def start(*, demo: bool = False, **settings: str) -> Server:
        var = tmp_path_factory.mktemp("server") / "var"
        environment = {f"WHYLIGHT_{name.upper()}": value for name, value in settings.items()}
        server = Server(var, {"WHYLIGHT_DEMO": "true" if demo else "false", **environment})
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Starts servers of this module's own. Each costs six seconds of a processor: most tests do with `small_server`."""
    with starting(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def small_server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Server]:
    """A server with small untrained networks: these tests are about what the page does, not about what a network says. It is
    shared: a test puts in what it needs, and leaves alone what others put in."""
    with starting(tmp_path_factory) as start:
        yield start(models=str(models))


@pytest.fixture(scope="session")
def exam_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same for exams: a server with a small network of exams that was never trained."""
    networks = tmp_path_factory.mktemp("networks")
    write_exam_network(networks, banner=BANNER)
    with starting(tmp_path_factory) as start:
        yield start(models=str(networks))


@pytest.fixture(scope="session")
def proxied(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[tuple[Proxy, Server]]:
    """A server as the document says behind a proxy, and the proxy, a real nginx: one for all tests that run in this process."""
    configuration, settings = documented()
    with starting(tmp_path_factory) as start:
        hosts, prefix, proxies = (settings[name] for name in ("allowed_hosts", "prefix", "proxies"))
        server = start(models=str(models), allowed_hosts=hosts, prefix=prefix, proxies=proxies)
        proxy = Proxy(tmp_path_factory.mktemp("nginx"), free_port(), server.port, configuration)
        proxy.start()
        yield proxy, server
        proxy.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's own driver; it drives the system's browser and downloads none."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A real Chromium of the system. A missing one fails: a skipped browser test would look like a passed one."""
    own = playwright.chromium.executable_path if Path(playwright.chromium.executable_path).exists() else None
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), own)
    if executable is None:
        pytest.fail("Browser tests need Chromium. Run once: sudo apt-get install -y chromium-headless-shell")
    browser = playwright.chromium.launch(executable_path=executable, chromium_sandbox=False, args=list(CHROMIUM_FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def browser_watch() -> Iterator[Watch]:
    """Fails the test at its end when the browser complained about something the test did not expect."""
    watch = Watch()
    yield watch
    assert watch.complaints() == []


@pytest.fixture
def open_page(chromium: Browser, browser_watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens watched pages in contexts of their own; options are Playwright's (``viewport``, ``color_scheme``, ``locale`` …)."""
    contexts = []

    def open_one(**options: Any) -> Page:
        chosen: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
        context = chromium.new_context(**(chosen | options))
        context.set_default_timeout(1000 * PATIENCE_S)
        context.grant_permissions(["clipboard-write"])  # as a browser with windows does when keys are pressed
        contexts.append(context)
        page = context.new_page()
        browser_watch.follow(page)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """One watched page, 1440×900, English."""
    return open_page()


@pytest.fixture(scope="session")
def untouched(small_server: Server) -> Case:
    """A phantom, uploaded and analysed once for all modules whose tests leave it as it is."""
    return analysed(small_server, "for all")


@pytest.fixture(scope="module")
def stored(request: pytest.FixtureRequest, small_server: Server) -> Case:
    """The same phantom, uploaded and analysed as a patient of this module's own, so that tests may judge and measure it."""
    if request.module.__name__.rpartition(".")[2] in UNTOUCHING:
        return request.getfixturevalue("untouched")  # type: ignore[no-any-return]
    return analysed(small_server, request.module.__name__)


def analysed(server: Server, whose: str) -> Case:
    """A phantom of the patient ``whose``: the same picture for everybody, but a study of its own."""
    phantom = chest.draw(77, ("Nodule",), size=256)
    octets = dicom.encode(phantom, dicom.Header(number=zlib.crc32(whose.encode())))
    return Case(sent(server.url, [("a.dcm", octets)], read=True), phantom)


@pytest.fixture
def case(page: Page, stored: Case) -> Page:
    """The case, opened, with film and maps drawn."""
    page.goto(stored.url)
    ready(page)
    return page
