"""The child process: limits in force, survived by the parent whatever happens to it."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from app.domain import Image
from app.errors import NotReadable, TooLarge, Unavailable
from app.ingest import decoder, decoder_child, dicom, sheet, wire
from app.ingest.decoder import Pool
from tests.ingest.conftest import LIMITS, Make, ramp


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    yield made
    made.close()


def request(path: Path, kind: str = "dicom") -> dict[str, Any]:
    return {"path": str(path), "kind": kind, "sha256": "ab" * 32, "pixels": str(path.with_name(uuid4().hex))}


def first_image(path: Path, pool: Pool) -> Image:
    asked = request(path)
    message, buffers = decoder.decode(asked, LIMITS, pool)
    return wire.study_of(message["study"], buffers, sheet.mapped(Path(asked["pixels"]))).series[0].images[0]


def pid(pool: Pool) -> int:
    with pool.lend() as child:
        return child.pid


def test_a_file_is_read_over_there_and_the_child_is_kept(make: Make, pool: Pool) -> None:
    path = make(ramp())
    first = pid(pool)
    assert np.array_equal(first_image(path, pool).stored, ramp())
    assert pid(pool) == first != os.getpid()


def test_what_the_child_refuses_arrives_as_it_was_said(make: Make, pool: Pool) -> None:
    with pytest.raises(NotReadable, match="Rows") as caught:
        decoder.decode(request(make(ramp(), Rows=None)), LIMITS, pool)
    assert caught.value.values["keyword"] == "Rows"
    with pytest.raises(TooLarge):
        decoder.decode(request(make(ramp(), Rows=60000, Columns=60000)), LIMITS, pool)


def test_a_child_that_hangs_is_ended_in_time_and_the_next_file_is_read(make: Make, pool: Pool) -> None:
    path = make(ramp())
    stuck = pid(pool)
    os.kill(stuck, signal.SIGSTOP)
    start = time.monotonic()
    with pytest.raises(NotReadable, match="longer than 1 seconds"):
        decoder.decode(request(path), replace(LIMITS, seconds=1), pool)
    assert time.monotonic() - start < 3
    decoder.decode(request(path), LIMITS, pool)
    assert pid(pool) != stuck


def test_a_child_that_crashes_blames_the_file_and_the_next_one_is_read(make: Make, pool: Pool) -> None:
    path = make(ramp())
    dying = pid(pool)
    os.kill(dying, signal.SIGSTOP)  # so that it dies in the middle of the request
    threading.Timer(0.2, os.kill, (dying, signal.SIGSEGV)).start()
    threading.Timer(0.3, os.kill, (dying, signal.SIGCONT)).start()
    with pytest.raises(NotReadable, match="made the decoder fail"):
        decoder.decode(request(path), LIMITS, pool)
    decoder.decode(request(path), LIMITS, pool)


def test_a_child_that_died_in_its_sleep_costs_no_file(make: Make, pool: Pool) -> None:
    dead = pid(pool)
    os.kill(dead, signal.SIGKILL)
    os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)  # it is dead, and whoever started it has not been told yet
    decoder.decode(request(make(ramp())), LIMITS, pool)


def test_a_child_that_gets_nonsense_ends_and_says_nothing(pool: Pool) -> None:
    with pytest.raises(decoder.Gone), pool.lend() as child:
        child.ask({"no": "limits"}, 10)


def test_memory_is_limited(tmp_path: Path, make: Make, pool: Pool) -> None:
    plain = make(ramp(), "1.2.840.10008.1.2.1.99")
    octets = plain.read_bytes()
    start = octets.index(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    # An element of 100 MB in front of the rest: more than the child may have, less than a file may inflate to.
    bomb = b"\x08\x00\x01\x00OB\0\0" + (100 * 2**20).to_bytes(4, "little") + bytes(100 * 2**20)
    inflated = zlib.decompress(octets[start:], -15)
    path = tmp_path / "bomb.dcm"
    path.write_bytes(octets[:start] + packer.compress(bomb + inflated) + packer.flush())
    roomy = replace(LIMITS, octets=300 * 2**20)
    with pytest.raises(TooLarge, match="64 MB of memory"):
        decoder.decode(request(path), replace(roomy, memory=64 * 2**20), pool)
    message, _ = decoder.decode(request(path), roomy, pool)  # the same child, now with enough
    assert message["study"]["patient"]["id"] == "P-1"


def test_many_threads_share_few_children(make: Make, pool: Pool) -> None:
    paths = [make(ramp(top=top)) for top in range(100, 124)]

    def top(path: Path) -> int:
        return int(first_image(path, pool).stored.max())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(top, paths)) == list(range(100, 124))
    assert len(pool._idle) <= 2


def test_no_child_without_a_python_to_run_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexit 3\n")
    silent.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(silent))
    with pytest.raises(Unavailable, match="could not be started"):
        decoder.Child()


class Pipe(io.BytesIO):
    """A standard output that stays open, so that it can be read afterwards."""

    def close(self) -> None:
        """Stay."""


def test_the_childs_loop_answers_each_request_and_ends_with_its_input(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)  # this process must not be limited
    (tmp_path / "film.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    asked = [request(make(ramp())), request(tmp_path / "film.png", "png"), request(tmp_path / "missing")]
    source = io.BytesIO(b"".join(bytes(piece) for each in asked for piece in wire.packed({**each, "limits": asdict(LIMITS)})))
    sink = Pipe()
    decoder_child.serve(source, sink)
    octets, said = sink.getvalue(), []
    while octets:
        length, count = wire.HEAD.unpack_from(octets)
        lengths = [int.from_bytes(octets[8 + 8 * index : 16 + 8 * index], "big") for index in range(count)]
        start = 8 + 8 * count
        said.append(json.loads(octets[start : start + length]))
        octets = octets[start + length + sum(lengths) :]
    ready, study, broken, missing = said
    assert ready == {"ready": True}
    assert study["study"]["patient"]["name"] == "Hong Gildong"
    assert "damaged" in broken["error"]["template"]
    assert "damaged" in missing["error"]["template"]


def test_each_kind_of_failure_has_its_sentence(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {**request(make(ramp())), "limits": asdict(LIMITS)}
    for failure, words in ((MemoryError, "MB of memory"), (RecursionError, "nested too deeply"), (KeyError, "damaged")):

        def fail(*_: object, failure: type[Exception] = failure) -> None:
            raise failure

        monkeypatch.setattr(dicom, "study", fail)
        message, _ = decoder_child.answer({**asked, "pixels": f"{asked['pixels']}{failure.__name__}"})
        assert words in message["error"]["template"]


def test_the_child_needs_nothing_of_the_server(make: Make) -> None:
    """No settings, no web, no torch: it starts in a fraction of a second and knows no passwords."""
    heavy = ("torch", "pydantic", "sqlalchemy", "fastapi")
    code = f"import sys, app.ingest.decoder_child; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_parent_knows_no_pydicom() -> None:
    code = "import sys, app.ingest; print([n for n in ('pydicom', 'imagecodecs', 'torch') if n in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
