"""The command line: its commands, the server and the worker as real processes, the demo."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app import __main__ as cli
from app import __version__
from app.config import ROOT, Settings
from app.errors import InputError
from app.phantoms import demo
from app.phantoms.knee import demo as knee_demo
from app.store import Store, WorklistQuery, migrate
from tests.store.films import image, store_file, study
from tests.work import wait_until_ended

pytestmark = pytest.mark.usefixtures("environment")


def test_help_version_models_and_migrate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for words in (
        ["--help"],
        ["--version"],
        ["analyse", "--help"],
        ["train", "--help"],
        ["bench", "--help"],
        ["evaluate", "--help"],
        ["models", "--help"],
        ["models", "add", "--help"],
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["nonsense"])
    assert ended.value.code == 2
    capsys.readouterr()
    assert cli.main(["models"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == ["chest-untrained", "phantom-by-name", "phantom-untrained"]
    assert "phantoms, by name only" in listed[1]
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path))
    assert cli.main(["models", "list"]) == 0
    assert "no networks" in capsys.readouterr().out
    assert cli.main(["migrate"]) == 0
    assert (tmp_path / "var" / "whylight.sqlite3").is_file()


def test_an_interrupted_command_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "migrate", interrupted)
    assert cli.main(["migrate"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])  # noqa: S104 - addresses to be refused
def test_serve_refuses_to_leave_this_machine(
    host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHYLIGHT_HOST", host)
    assert cli.main(["serve"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Whylight has no accounts yet, so it serves this machine only")
    assert host in line


def test_a_port_in_use_is_said_and_a_container_may_listen_everywhere() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="cannot be served on: Address already in use"):
            cli.listen(Settings(port=taken.getsockname()[1]))
    everywhere = "0.0.0.0"  # noqa: S104 - inside a container
    cli.listen(Settings(host=everywhere, port=0, container=True)).close()
    cli.listen(Settings(host="::1", port=0)).close()


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start ``python -m app …``; what still runs at the end of the test is killed."""
    running: list[subprocess.Popen[str]] = []

    def started(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "app", *words]
        running.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        )
        return running[-1]

    yield started
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, log = process.communicate(timeout=120)
    return process.returncode, log


def test_serve_answers_works_and_ends_on_sigterm(start: Start, tmp_path: Path) -> None:
    settings = Settings()
    migrate(settings)
    store = Store.open(settings)
    added = store_file(store, tmp_path, study(image(shape=(64, 64))))
    with store.begin() as tx:
        job = tx.jobs.analyse(added.study_id)
    server = start("serve")
    assert server.stdout is not None
    address = server.stdout.readline().split()[-1]
    assert address.startswith("http://127.0.0.1:")
    assert server.stdout.readline() == "Research use only — not for clinical use.\n"
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/readyz?patient=Canary^Patient")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["status"]) == (200, "ok")
    connection.close()
    assert wait_until_ended(store, job).state == "done"
    store.close()
    code, log = ended(server, signal.SIGTERM)
    assert code == 0, log
    assert "Traceback" not in log
    assert "Canary" not in log
    assert f"job {job.id} (analyse) done" in log


def test_serve_ends_on_ctrl_c_and_a_worker_on_sigterm(
    start: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHYLIGHT_IN_PROCESS_WORKER", "no")
    assert cli.main(["worker"]) == 2
    assert "Run “python -m app migrate” first" in capsys.readouterr().err
    server = start("serve")
    assert server.stdout is not None
    assert server.stdout.readline().startswith("Whylight serves ")
    worker = start("worker")
    assert worker.stderr is not None
    assert "waits for jobs" in worker.stderr.readline()
    for process, number in ((worker, signal.SIGTERM), (server, signal.SIGINT)):
        code, log = ended(process, number)
        assert code == 0, log
        assert "Traceback" not in log


def test_the_demo_fills_an_empty_database_and_goes_on_where_it_stopped(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "studies", partial(demo.studies, size=96))
    monkeypatch.setattr(knee_demo, "exams", partial(knee_demo.exams, size=64))
    over = threading.Event()
    woken: list[int] = []

    def wake() -> None:
        woken.append(1)
        if len(woken) == 2:
            over.set()

    def names() -> list[str]:
        with store.view() as tx:
            page = tx.worklist.page(WorklistQuery(size=50))
            assert all(row.phantom and row.state == "waiting" for row in page.rows)
            return [row.patient.name for row in page.rows]

    cli.fill(settings, store, wake, over)
    assert len(names()) == 2
    cli.fill(settings, store, cli.nobody, threading.Event())
    assert len(set(names())) == len(demo.SCENES) + len(knee_demo.SCENES) == 12
    with store.begin() as tx:
        first = tx.worklist.page(WorklistQuery()).rows[0].id
        tx.studies.remove(first)
    cli.fill(settings, store, cli.nobody, threading.Event())
    assert len(names()) == 11  # there is something already: nothing is put back


def test_neither_a_full_disk_nor_a_database_that_is_away_ends_the_server(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()

    def full(*_: object) -> None:
        over.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo, "studies", partial(demo.studies, size=96))
    monkeypatch.setattr(knee_demo, "exams", partial(knee_demo.exams, size=64))
    monkeypatch.setattr(Path, "replace", full)
    cli.tend(settings.model_copy(update={"demo": True}), store, cli.nobody, over)
    assert "putting in the demo failed: Unavailable at" in caplog.text
    store.close()
    (settings.var / "whylight.sqlite3").write_bytes(b"no database" * 1000)
    cli.tidy(settings, store, cli.nobody)
    assert "tidying up failed: " in caplog.text


def test_a_server_tidies_up_at_its_start_and_every_hour(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "HOUR", 0.01)
    over, woken = threading.Event(), threading.Event()
    tending = threading.Thread(target=cli.tend, args=(settings, store, woken.set, over))
    tending.start()
    try:
        for number in range(2):  # what uploads that were killed stored, one after the other
            store_file(store, tmp_path, study(image(f"1.{number}"), uid=str(number)), content=bytes([number]))
            assert woken.wait(60)
            woken.clear()
    finally:
        over.set()
        tending.join()
    with store.view() as tx:
        assert tx.jobs.waiting() == 2
