"""Who else has the store open: what may be swept at a start without taking it from under somebody."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.config import Settings
from app.store import Store
from app.store.company import Company
from tests.waiting import until


def test_who_opens_alone_knows_that_nothing_older_is_somebodys(tmp_path: Path) -> None:
    alone = Company(tmp_path)
    assert alone.seconds(3600) < 60
    second = Company(tmp_path)
    assert second.seconds(3600) == 3600
    alone.leave()
    alone.leave()
    third = Company(tmp_path)
    assert third.seconds(3600) == 3600  # the second is still there
    second.leave()
    third.leave()
    assert Company(tmp_path).seconds(3600) < 60


def test_a_killed_process_holds_nothing_and_a_living_one_keeps_its_blobs(store: Store, settings: Settings) -> None:
    store.close()
    code = (
        "import sys; from app.config import Settings; from app.store import Store;"
        "s = Store.open(Settings()); print(s.blobs.put(b'theirs'), flush=True); sys.stdin.read()"
    )
    piped: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = os.environ | {"WHYLIGHT_VAR": str(settings.var)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, text=True, **piped) as other:
        assert other.stdout is not None
        sha256 = other.stdout.readline().strip()
        beside = Store.open(settings)
        assert beside.sweep(beside.undisturbed()) == 0
        assert beside.blobs.has(sha256)
        beside.close()
        other.kill()
        other.wait()
    killed = time.time()
    until(lambda: time.time() > killed + 0.2)  # clocks of file systems lag
    after = Store.open(settings)
    ours = after.blobs.put(b"ours")
    assert after.sweep(after.undisturbed()) == 1
    assert not after.blobs.has(sha256)
    assert after.blobs.has(ours)
    after.close()
