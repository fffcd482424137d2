"""What a killed process leaves behind goes at the next start, and nothing that a living one uses."""

import subprocess
import sys
import time
from pathlib import Path

from app.config import ROOT, Settings
from app.desk import folders, tidying
from app.desk.intake import Intake
from app.store import Store
from tests.desk.test_intake import arrived, slices
from tests.store.films import store_file, study
from tests.waiting import until


def test_folders_in_use_stay_and_the_others_go(settings: Settings) -> None:
    root = settings.var / "uploads"
    for name in ("old", "older"):
        (root / name).mkdir(parents=True)
        (root / name / "000000").write_bytes(b"x")
    (root / "no folder").write_bytes(b"")
    with folders.folder(settings) as mine:
        assert mine.is_dir()
        assert folders.swept(settings) == 1
        assert {path.name for path in root.iterdir()} == {mine.name, "no folder"}
        code = (
            "from app.config import Settings; from app.desk import folders;"
            f"print(folders.swept(Settings(var={str(settings.var)!r})))"
        )
        other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert other.stdout == "1\n"
        assert mine.is_dir()
    assert {path.name for path in root.iterdir()} == {"no folder"}


def test_a_start_removes_what_nobody_refers_to_and_asks_for_missing_analyses(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    kept = store_file(store, tmp_path, study())  # stored, and killed before anybody asked
    store.blobs.put(b"nobody's")
    (settings.var / "uploads" / "left").mkdir(parents=True)
    store.close()
    closed = time.time()
    until(lambda: time.time() > closed + 0.3)  # clocks of file systems lag
    again = Store.open(settings)
    young = again.blobs.put(b"on its way")
    assert tidying.tidy(settings, again) == 1
    assert tidying.tidy(settings, again) == 0
    with again.view() as tx:
        job = tx.jobs.of_study(kept.study_id)
        assert job is not None
        assert job.state == "queued"
    names = {path.parent.name + path.name for path in again.blobs.folder.glob("??/*")}
    assert len(names) == 3
    assert young in names
    assert list((settings.var / "uploads").iterdir()) == []
    again.close()


def test_an_upload_on_its_way_is_not_taken_for_one_that_broke_off(store: Store, settings: Settings, tmp_path: Path) -> None:
    with folders.folder(settings) as into:
        taking = Intake(store, settings, arrived(into, *slices(2)), into)
        while taking.step():
            pass
        added = store_file(store, tmp_path, study())  # as a batch of another would be
        assert tidying.tidy(settings, store) == 0
    assert tidying.tidy(settings, store) == 1
    with store.view() as tx:
        assert tx.jobs.of_study(added.study_id) is not None
