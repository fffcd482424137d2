"""The product from outside: ``python -m app serve`` in its own process over a folder of its own, spoken to over HTTP.

What measures it (bench) and what ill-treats it (torture) begin here. Knows the command line and the JSON API, as any script
does, and nothing inside the product.
"""

import gzip
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.config import ROOT
from app.errors import AppError

START_SECONDS = 120.0
STOP_SECONDS = 30.0
LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: its status, what it says, and how many bytes of body travelled for it."""

    status: int
    body: bytes
    travelled: int

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Product:
    """One server that can be started again over the same folder; a context manager that stops it at the end."""

    def __init__(self, var: Path, root: Path = ROOT, **settings: str) -> None:
        """``root`` is the checkout whose product it is."""
        self.var = var
        self._root = root
        self.port = _free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> float:
        """Serve and wait until it is ready; returns the seconds that took."""
        self.stop()
        started = time.perf_counter()
        self._process = self._serve()
        while not self._ready():
            if self._process.poll() is not None or time.perf_counter() - started > START_SECONDS:
                raise AppError("The product could not be started: %(log)s", {"log": self.log()})
            time.sleep(LOOK_EVERY)
        return time.perf_counter() - started

    def stop(self) -> None:
        """End the process, as an operator would; kill it when it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the process as a power cut would (SIGKILL): it gets to do nothing more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """The end of what the product wrote."""
        path = self.var.with_suffix(".log")
        return path.read_text(encoding="utf-8", errors="replace")[-600:] if path.is_file() else ""

    def processor_seconds(self) -> float | None:
        """Processor time that the server has taken so far, all its threads together; None where the system does not say."""
        path = Path(f"/proc/{self._process.pid}/stat") if self._process else Path()
        if not path.is_file():
            return None
        user, system = path.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def get(self, address: str) -> Answer:
        """GET, compressed as a browser asks for it."""
        return self._ask("GET", address, {"Accept-Encoding": "gzip"}, None)

    def post(self, address: str, body: Any) -> Answer:
        """POST JSON."""
        return self._ask("POST", address, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def put(self, address: str, body: Any) -> Answer:
        """PUT JSON."""
        return self._ask("PUT", address, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def upload(self, files: dict[str, bytes], seconds: float = START_SECONDS) -> Answer:
        """POST files to the JSON API; waits at most so long for every step of the answer."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'.encode()
            + b"Content-Type: application/octet-stream\r\n\r\n"
            + content
            + b"\r\n"
            for name, content in files.items()
        ]
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._ask("POST", "/api/v1/studies", headers, body, seconds)

    def command(self) -> list[str]:
        """What is run."""
        return [sys.executable, "-m", "app", "serve"]

    def _serve(self) -> subprocess.Popen[bytes]:
        names = {f"WHYLIGHT_{name.upper()}": value for name, value in self._settings.items()}
        environment = (
            os.environ | {"WHYLIGHT_VAR": str(self.var), "WHYLIGHT_PORT": str(self.port), "WHYLIGHT_DEMO": "false"} | names
        )
        with self.var.with_suffix(".log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program
                self.command(),
                cwd=self._root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _ready(self) -> bool:
        try:
            return self._ask("GET", "/readyz", {}, None).status == http.client.OK
        except OSError:
            return False

    def _ask(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None, seconds: float = START_SECONDS
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, address, body, headers)
            response = connection.getresponse()
            content = response.read()
            plain = gzip.decompress(content) if response.getheader("Content-Encoding") == "gzip" else content
            return Answer(status=response.status, body=plain, travelled=len(content))
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
