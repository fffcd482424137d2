"""A PostgreSQL of one's own: a cluster in a temporary folder, spoken to through a socket in that folder and nothing else.

Knows PostgreSQL's own programs. For the tests and for the torture of the database; what it holds is gone when it is closed.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import AppError, Unavailable

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
"""Where distributions put the programs that are not for everybody's PATH."""
START_SECONDS = 30.0
LOOK_EVERY = 0.02
NOBODY = "postgres"
"""Whom the server runs as when root starts it, for it refuses to run as root."""


def programs() -> Path:
    """The folder of PostgreSQL's programs, the newest there is; Unavailable, with the reason, where there are none."""
    found = [folder for pattern in FOLDERS for folder in Path("/").glob(pattern[1:]) if (folder / "initdb").exists()]
    if found:
        return max(found, key=lambda folder: [int(word) for word in re.findall(r"\d+", folder.parent.name)])
    if (on_path := shutil.which("initdb")) is not None:
        return Path(on_path).resolve().parent
    raise Unavailable("PostgreSQL's programs are not installed; run .ci/postgresql.sh, or install the package “postgresql”.")


class Cluster:
    """One server and its folder; a context manager that stops it and removes the folder at the end.

    ``durable`` False leaves to the system when it writes to the disk: quicker, and what was committed outlives the server all
    the same, unless somebody pulls the plug.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = programs()
        self._root = os.geteuid() == 0
        if self._root and shutil.which("setpriv") is None:
            raise Unavailable("PostgreSQL does not run as root, and there is no setpriv to start it as another.")
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="whylight-pg-"))

    def __enter__(self) -> Self:
        try:
            if self._root:
                shutil.chown(self.folder, NOBODY, NOBODY)
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def address(self, name: str = "postgres") -> str:
        """The address of one of its databases, for ``WHYLIGHT_DATABASE_URL``."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def start(self) -> None:
        """Start the server and wait until it takes connections; nothing where it runs. AppError when it ends instead.

        It ends with the thread that calls this, however that ends.
        """
        if self._server is not None and self._server.poll() is None:
            return
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
            "max_connections": "100",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*self._as(), self._programs / "postgres", "-D", self.folder / "data", *words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise AppError("PostgreSQL could not be started: %(log)s", {"log": self.log()})
            time.sleep(LOOK_EVERY)

    def stop(self, how: str = "fast") -> None:
        """End the server: "fast" ends every session, as an operator does; "immediate" leaves everything lying, as a crash."""
        if self._server is None:
            return
        if self._server.poll() is None:
            self._run("pg_ctl", "stop", "-D", self.folder / "data", "-m", how, "-w")
        self._server.wait(START_SECONDS)
        self._server = None

    def close(self) -> None:
        """Stop the server and remove all it held."""
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """The end of what the server wrote."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-600:] if path.is_file() else ""

    def _make(self) -> None:
        # By code points, as Whylight sorts; a locale of the system's might not be installed.
        words = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self._run("initdb", "-D", self.folder / "data", *words, *([] if self._durable else ["--no-sync"]))

    def _answers(self) -> bool:
        asked: list[str | Path] = [self._programs / "pg_isready", "--quiet", "-h", self.folder]
        return subprocess.run(asked, cwd=self.folder, check=False).returncode == 0

    def _run(self, program: str, *words: str | Path) -> None:
        command = [*self._as(), self._programs / program, *words]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()[-600:]
            raise AppError("PostgreSQL's %(program)s failed: %(said)s", {"program": program, "said": said})

    def _as(self) -> list[str]:
        """What lets a program run as nobody special, and end with whoever started it, where the system can do that."""
        if shutil.which("setpriv") is None:
            return []
        other = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self._root else []
        return ["setpriv", *other, "--pdeathsig=INT", "--"]
