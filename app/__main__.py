"""The command line: ``python -m app serve | worker | analyse | validate | migrate | models | studies | layers | train |
evaluate | bench | torture``.

The only place where everything meets. It prints, turns failures into one line each, and loads torch only for the commands that
need it.
"""

import argparse
import gc
import importlib
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from app import __version__
from app.config import UNFINISHED_DEMO, Settings
from app.errors import AppError, InputError, Unavailable, where

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.store import Store

NOTICE = "Research use only — not for clinical use."
PASSED_ON = {
    "analyse": ("app.analysis.cli", "analyse files without a server"),
    "validate": ("app.analysis.validation.cli", "say how good a network is on films with a table of labels"),
    "train": ("app.training.cli", "train a network and write its folder under models/"),
    "evaluate": ("app.reporting.cli", "measure a network and its explanations, and write a report"),
    "models": ("app.adoption.cli", "list the networks there are, bring one's own, check or take one away"),
    "studies": ("app.desk.studies_cli", "have studies read again, remove them, count what belongs to nothing"),
    "layers": ("app.desk.cli", "take in maps and masks from other software"),
    "bench": ("app.bench.cli", "measure the product on this machine"),
    "torture": ("app.torture.cli", "ill-treat the product on this machine, and count what is lost"),
}
"""Commands with a command line of their own: the module whose ``main(arguments)`` it is, and the line of help."""

HOUR = 3600.0
SECOND = 1.0
SWITCH_SECONDS = 0.0005
"""How long a thread of the server keeps the interpreter while others want it. The loop that answers wants it for every piece of
every body that arrives; behind Python's 5 ms a burst of uploads made it three times as late."""

log = logging.getLogger("app")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 something could not be used, 2 nothing was done, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in PASSED_ON:
            return passed_on(words[0], words[1:])
        given = parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = given.run
        return run(given)
    except AppError as error:
        complain(error.sentence)
        return 2
    except KeyboardInterrupt:
        return 130


def complain(line: str) -> None:
    """One line on stderr, whatever was in a file's name."""
    print("".join(letter if letter.isprintable() else "?" for letter in line), file=sys.stderr)


def passed_on(name: str, arguments: list[str]) -> int:
    """A command with a command line of its own."""
    result: int = importlib.import_module(PASSED_ON[name][0]).main(arguments)
    return result


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    top = argparse.ArgumentParser(
        prog="python -m app",
        description=f"Whylight {__version__}: a light box for radiology AI that shows why. {NOTICE}",
        epilog="Settings are environment variables, WHYLIGHT_<NAME>: docs/reference/settings.md.",
    )
    top.add_argument("--version", action="version", version=f"Whylight {__version__}")
    commands = top.add_subparsers(title="commands", required=True)

    serve_ = commands.add_parser("serve", help="serve the pages and the API, with a worker", description=serve.__doc__)
    serve_.set_defaults(run=serve)
    worker_ = commands.add_parser("worker", help="run jobs in a process of their own", description=worker.__doc__)
    worker_.set_defaults(run=worker)

    migrate_ = commands.add_parser("migrate", help="bring the database to the newest schema", description=migrate.__doc__)
    migrate_.set_defaults(run=migrate)
    for name, (_, line) in PASSED_ON.items():
        commands.add_parser(name, help=line, add_help=False)
    return top


def migrate(_: argparse.Namespace) -> int:
    """Create the database, or bring it to the newest schema. Serving does so too."""
    from app.store import migrate as upgrade

    log_to_stderr()
    upgrade(Settings())
    print("The database has the newest schema.")
    return 0


def log_to_stderr() -> None:
    """The log of a server or a worker: one line per event, never a patient's name."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


def worker(_: argparse.Namespace) -> int:
    """Run jobs in this process until it is told to stop (Ctrl-C, SIGTERM). Several may run beside one server."""
    from app.store import Store
    from app.worker import Worker

    log_to_stderr()
    settings = Settings()
    store = Store.open(settings)
    if not store.ready():
        raise InputError("The database is not there, or is older than this product. Run “python -m app migrate” first.")
    mine = Worker(settings, store)

    def stop(_number: int, _frame: FrameType | None) -> None:
        mine.stop(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    log.info("the worker waits for jobs")
    mine.run()
    store.close()
    return 0


def serve(_: argparse.Namespace) -> int:
    """Bring the database to the newest schema, put in demo studies when it is empty, and serve until told to stop."""
    from app.store import Store
    from app.store import migrate as upgrade
    from app.web.application import create_app
    from app.web.pages import Assets
    from app.worker import Worker

    log_to_stderr()
    if not Assets().fresh():
        raise Unavailable("The pages' scripts were changed after they were put together. Run “make setup”, then start again.")
    settings = Settings()
    listening = listen(settings)
    sys.setswitchinterval(SWITCH_SECONDS)
    upgrade(settings)
    store = Store.open(settings)
    mine = Worker(settings, store) if settings.in_process_worker else None
    wake = mine.wake if mine else nobody
    app = create_app(settings, store, wake, mine.alive if mine else None)
    over = threading.Event()

    def ready() -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        gc.collect()
        gc.freeze()  # what is here stays: looking through it again stops every thread for a fifth of a second, and longer
        print(f"Whylight serves http://{host}:{listening.getsockname()[1]}\n{NOTICE}", flush=True)
        if mine is not None:
            mine.start()
        threading.Thread(target=tend, args=(settings, store, wake, over), name="tidy", daemon=True).start()
        threading.Thread(target=remove, args=(store, over), name="remove", daemon=True).start()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once it has shut down
    try:
        serve_until_stopped(app, listening, ready)
    finally:
        over.set()
        if mine is not None:
            mine.stop()
        store.close()
        listening.close()
    return 0


def nobody() -> None:
    """Where workers run apart there is nobody here to wake; they look for themselves."""


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on. InputError for an address beyond this machine, or one that is taken."""
    try:
        loopback = settings.host == "localhost" or ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        loopback = False
    if not (loopback or settings.container):
        raise InputError(
            "Whylight has no accounts yet, so it serves this machine only: WHYLIGHT_HOST must be a loopback address such as "
            "127.0.0.1, not “%(host)s”.",
            {"host": settings.host},
        )
    found = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as error:
        found.close()
        raise InputError(
            "The address %(host)s:%(port)s cannot be served on: %(reason)s. Choose another one with WHYLIGHT_PORT.",
            {"host": settings.host, "port": settings.port, "reason": str(error.strerror)},
        ) from error
    return found


def serve_until_stopped(app: "FastAPI", listening: socket.socket, ready: Callable[[], None]) -> None:
    """Run uvicorn on a socket; ``ready`` is called once requests are answered. Returns after Ctrl-C."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Async because uvicorn's own is."""
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
        access_log=False,  # addresses may carry what a reader typed; the application writes its own lines without it
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    with suppress(KeyboardInterrupt):  # Ctrl-C is how a server ends
        Server(config).run(sockets=[listening])


def tend(settings: Settings, store: "Store", wake: Callable[[], None], over: threading.Event) -> None:
    """What a server has to do and nobody has to wait for: tidy up and put in the demo at its start, tidy up every hour."""
    tidy(settings, store, wake)
    try:
        if settings.demo:
            fill(settings, store, wake, over)
    except Exception as error:  # noqa: BLE001 - the edge of a thread: the product serves all the same
        log.error("putting in the demo failed: %s", where(error))
    while not over.wait(HOUR):
        tidy(settings, store, wake)


def tidy(settings: Settings, store: "Store", wake: Callable[[], None]) -> None:
    """Remove what interrupted uploads left, and have analysed what they stored."""
    from app.desk import tidying

    try:
        if tidying.tidy(settings, store):
            wake()
    except Exception as error:  # noqa: BLE001 - the edge of a thread: the product serves all the same
        log.error("tidying up failed: %s", where(error))


def remove(store: "Store", over: threading.Event) -> None:
    """Remove studies for good once the time is up in which that could be undone."""
    from app.desk import deletion

    while not over.wait(SECOND):
        try:
            deletion.finish(store)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: it looks again in a second
            log.error("removing studies failed: %s", where(error))


def fill(settings: Settings, store: "Store", wake: Callable[[], None], over: threading.Event) -> None:
    """Put the demo's studies into an empty database, or go on with it where an earlier start was interrupted.

    They come in through the same door as an upload. A network that is not there is left to the registry's choice.
    """
    from app.classifiers.registry import Registry
    from app.phantoms import demo
    from app.phantoms.knee import demo as knee_demo

    unfinished = settings.var / UNFINISHED_DEMO
    with store.view() as tx:
        if tx.studies.count() and not unfinished.exists():
            return
    unfinished.touch()
    networks = {card.name for card in Registry(settings.models).cards()}
    for study in demo.studies():
        if over.is_set():
            return
        take_in(settings, store, ((study.name, study.file),), study.model if study.model in networks else None)
        wake()
    for exam in knee_demo.exams():
        if over.is_set():
            return
        take_in(settings, store, exam.files, None)
        wake()
    unfinished.unlink()


def take_in(settings: Settings, store: "Store", files: Sequence[tuple[str, bytes]], model: str | None) -> None:
    """Take a study's files in, by name, as an upload does. A file of ours that is refused is a fault."""
    from app.desk.folders import folder
    from app.desk.intake import Arrived, take

    with folder(settings) as into:
        arrived = []
        for number, (name, file) in enumerate(files):
            path = into / f"{number:06d}"
            path.write_bytes(file)
            arrived.append(Arrived(name, path))
        report = take(store, settings, arrived, into, model=model)
    for outcome in report.files:
        if outcome.state == "rejected":
            raise InputError(outcome.template, outcome.values)


if __name__ == "__main__":
    sys.exit(main())
