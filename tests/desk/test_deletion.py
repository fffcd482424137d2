"""Studies are deleted whole: nothing of them is left, undone they are as they were, and a crash in between leaves no half."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.config import Settings
from app.desk import deletion, studies_cli
from app.desk.intake import take
from app.desk.tidying import tidy
from app.errors import NotFound
from app.store import ExportQuery, FlagQuery, Orphans, Store, WorklistQuery
from tests.desk.test_intake import arrived
from tests.web import films

LATER = timedelta(seconds=11)
NONE = Orphans(rows={}, blobs=0, derived=0, missing=0)


def stored(store: Store, settings: Settings, folder: Path, count: int) -> list[str]:
    """Studies that were read, judged and drawn on, with a picture beside their pixels."""
    files = arrived(folder, *(films.dicom(number, size=24) for number in range(count)))
    take(store, settings, files, folder)
    with store.view() as tx:
        ids = [row.id for row in tx.worklist.page(WorklistQuery(size=200)).rows]
    for study_id in ids[:10]:
        films.analyse(store, study_id)
        films.flag(store, study_id)
    for study_id in ids:
        with store.view() as tx:
            pixels = tx.studies.get(study_id).images[0].pixels_sha256
        store.blobs.derived(pixels, "thumbnail", lambda: b"a picture")
    return ids


def seen(store: Store) -> tuple[int, int, int, int]:
    """In the list, among the verdicts, among the exported predictions and layers."""
    with store.view() as tx:
        lists = (tx.worklist.page(WorklistQuery()).total, tx.flags.page(FlagQuery()).total)
        return *lists, len(list(tx.exports.answers(ExportQuery()))), len(list(tx.exports.layers(ExportQuery())))


def test_a_hundred_studies_leave_nothing_behind(
    store: Store, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stored(store, settings, tmp_path / "in", 101)
    assert len(list(store.blobs.folder.glob("??/*"))) > 300
    deletion.ask(store, ids[:100])
    assert deletion.finish(store, datetime.now(UTC) + LATER) == 100
    assert store.orphans() == NONE
    with store.view() as tx:
        assert tx.studies.count() == 1
    left = {path.name.partition(".")[0] for path in store.blobs.folder.glob("??/*")}
    monkeypatch.setenv("WHYLIGHT_VAR", str(settings.var))
    assert studies_cli.main(["remove", ids[100], "aaaaaaaaaaaa"]) == 1
    assert studies_cli.main(["check"]) == 0
    told = capsys.readouterr()
    assert "1 studies removed" in told.out
    assert "0 rows without a parent" in told.out
    assert "no such study" in told.err
    assert left
    assert list(store.blobs.folder.glob("??/*")) == []


def test_undone_it_is_as_it_was(store: Store, settings: Settings, tmp_path: Path) -> None:
    ids = stored(store, settings, tmp_path / "in", 2)
    before = seen(store)
    wish = deletion.ask(store, ids[:1])
    assert seen(store) == tuple(count // 2 for count in before)
    with store.view() as tx, pytest.raises(NotFound):
        tx.studies.get(ids[0])
    with pytest.raises(NotFound):
        deletion.ask(store, ids)
    assert deletion.finish(store) == 0, "there are ten seconds"
    deletion.undo(store, wish.id)
    assert seen(store) == before
    assert deletion.finish(store, datetime.now(UTC) + LATER) == 0
    with pytest.raises(NotFound):
        deletion.undo(store, wish.id)


def test_what_a_crash_left_half_way_is_whole_until_it_is_gone(store: Store, settings: Settings, tmp_path: Path) -> None:
    ids = stored(store, settings, tmp_path / "in", 3)
    deletion.ask(store, ids[:2])
    store.close()
    again = Store.open(settings)
    assert deletion.finish(again, datetime.now(UTC) + LATER) == 2
    with again.view() as tx:
        assert tx.studies.get(ids[2]).id == ids[2]
    assert again.orphans() == NONE
    again.close()


def test_files_that_come_meanwhile_keep_their_study(store: Store, settings: Settings, tmp_path: Path) -> None:
    (study,) = stored(store, settings, tmp_path / "in", 1)
    deletion.ask(store, [study])
    report = take(store, settings, arrived(tmp_path / "again", films.dicom(0, size=24)), tmp_path / "again")
    assert report.files[0].study_id == study
    assert deletion.finish(store, datetime.now(UTC) + LATER) == 0
    with store.view() as tx:
        assert tx.studies.get(study).id == study


def test_old_studies_go_only_where_the_settings_say_so(store: Store, settings: Settings, tmp_path: Path) -> None:
    stored(store, settings, tmp_path / "in", 2)
    tidy(settings, store)
    assert seen(store)[0] == 2
    assert deletion.expire(store, 30) == 0
    assert deletion.expire(store, 30, datetime.now(UTC) + timedelta(days=31)) == 2
    assert seen(store)[0] == 0
    assert store.orphans() == NONE


def test_what_belongs_to_nothing_is_counted(store: Store, settings: Settings, tmp_path: Path) -> None:
    (study,) = stored(store, settings, tmp_path / "in", 1)
    store.blobs.put(b"nobody's")
    with store.view() as tx:
        pixels = tx.studies.get(study).images[0].pixels_sha256
    store.blobs.path(pixels).unlink()
    assert store.orphans() == Orphans(rows={}, blobs=1, derived=1, missing=1)
