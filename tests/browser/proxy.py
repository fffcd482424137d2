"""A real nginx on loopback before a server, with the configuration that docs/how-to/serve-behind-a-proxy.md shows."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
NAME = "reading-room.example"
"""A name that is not localhost; the tests' Chromium finds it on this machine (tests/browser/conftest.py)."""
PREFIX = "/whylight"
LARGEST = "300k"
"""What a request may have, so little that one phantom fits and several do not."""
AROUND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    types {{ }}
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


def program() -> str:
    """Where nginx is; a test that finds none is skipped and says so (`.ci/nginx.sh`)."""
    own = ROOT / ".nginx" / "nginx"
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or (str(own) if own.is_file() else None)
    if found is None:
        pytest.skip("not tested behind a proxy: nginx is not there; run .ci/nginx.sh, or install the package “nginx”")
    return found


def documented() -> tuple[str, dict[str, str]]:
    """The server's part of nginx's configuration, and Whylight's settings, as the document shows them."""
    page = (ROOT / "docs" / "how-to" / "serve-behind-a-proxy.md").read_text(encoding="utf-8")
    server = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)
    assert server
    return server[1], {name.lower(): value for name, value in re.findall(r"^export WHYLIGHT_(\w+)=(.*)$", page, re.MULTILINE)}


class Proxy:
    """One nginx in the foreground, before the server of a port."""

    def __init__(self, folder: Path, port: int, behind: int, server: str) -> None:
        self.url = f"http://{NAME}:{port}{PREFIX}"
        self.port = port
        self.behind = behind
        self._folder = folder
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, behind: int | None = None, waits: str = "120s") -> None:
        """Begin, before the server or whatever else listens ``behind``, and wait until it answers."""
        told = {
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "127.0.0.1:8000": f"127.0.0.1:{behind or self.behind}",
            " 64m;": f" {LARGEST};",
            " 120s;": f" {waits};",
        }
        server = self._server
        for documented_, here in told.items():
            assert documented_ in server
            server = server.replace(documented_, here)
        (self._folder / "nginx.conf").write_text(AROUND.format(folder=self._folder, server=server), encoding="utf-8")
        command = [program(), "-p", str(self._folder), "-c", "nginx.conf", "-e", str(self._folder / "error.log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until(self._listening, 10, "nginx did not listen")

    def _listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @contextmanager
    def before(self, behind: int, waits: str = "120s") -> Iterator[None]:
        """For a while before something else that listens, or does not."""
        self.stop()
        self.start(behind, waits)
        try:
            yield
        finally:
            self.stop()
            self.start()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None
