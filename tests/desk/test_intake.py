"""Files come in batch by batch: short transactions, nothing lost of what was stored, one report, analyses asked for once."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.desk import disc
from app.desk import intake as module
from app.desk.intake import Arrived, Intake, take
from app.errors import Unavailable
from app.store import RENAMED, TAKEN, Store, WorklistQuery
from app.store.studies import Studies
from tests.web import films


def arrived(folder: Path, *files: bytes) -> list[Arrived]:
    """Files as a form's parser leaves them."""
    folder.mkdir(exist_ok=True)
    found = []
    for number, octets in enumerate(files):
        path = folder / f"{number:06d}"
        path.write_bytes(octets)
        found.append(Arrived(f"{number}.dcm", path))
    return found


def slices(count: int, study: int = 900) -> list[bytes]:
    """Files of one study."""
    uids: dict[str, Any] = {
        "StudyInstanceUID": f"2.25.{study}",
        "SeriesInstanceUID": f"2.25.{study}1",
        "PatientID": "PH",
        "PatientName": "P",
    }
    return [films.dicom(study + number, **uids) for number in range(count)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files a batch."""
    monkeypatch.setattr(module, "BATCH_FILES", 2)
    monkeypatch.setattr(module, "BATCH_SECONDS", 1e9)


@pytest.mark.usefixtures("small")
def test_a_batch_is_stored_before_the_next_is_read(store: Store, settings: Settings, tmp_path: Path) -> None:
    taking = Intake(store, settings, arrived(tmp_path / "in", *slices(5), b""), tmp_path / "in")
    seen = []
    while taking.step():
        with store.view() as tx:
            (row,) = tx.worklist.page(WorklistQuery()).rows
            seen.append((len(tx.studies.get(row.id).files), tx.jobs.waiting()))
    assert seen == [
        (2, 0),
        (4, 0),
        (5, 0),
    ]  # the empty file ends a batch; nobody knows that it is the last
    assert taking.report is not None
    assert [file.state for file in taking.report.files] == ["accepted"] * 5 + ["rejected"]
    with store.view() as tx:
        assert tx.jobs.waiting() == 1


@pytest.mark.parametrize("limit", ["BATCH_SECONDS", "BATCH_OCTETS"])
def test_a_batch_ends_after_a_while_and_with_large_files(
    limit: str, store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, 0)
    taking = Intake(store, settings, arrived(tmp_path / "in", *slices(3)), tmp_path / "in")
    steps = 1
    while taking.step():
        steps += 1
    assert steps == 4


def breaking(monkeypatch: pytest.MonkeyPatch, after: int, error: Exception) -> None:
    """Let the disk or the database fail at the file after so many."""
    add: Callable[..., Any] = Studies.add
    calls = []

    def failing(self: Studies, staged: Any, **_: Any) -> Any:
        calls.append(1)
        if len(calls) > after:
            raise error
        return add(self, staged)

    monkeypatch.setattr(Studies, "add", failing)


@pytest.mark.usefixtures("small")
def test_what_was_stored_before_an_upload_broke_off_stays_and_is_analysed(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        breaking(broken, 3, Unavailable("The database is busy. Try again in a moment."))
        with pytest.raises(Unavailable, match="2 of its files are stored"):
            take(store, settings, arrived(tmp_path / "in", *slices(5)), tmp_path / "in")
    with store.view() as tx:
        (row,) = tx.worklist.page(WorklistQuery()).rows
        assert len(tx.studies.get(row.id).files) == 2
        assert tx.jobs.waiting() == 1
    assert store.sweep(-1) == 0, "the third and fourth file's blobs went at once"
    report = take(store, settings, arrived(tmp_path / "again", *slices(5)), tmp_path / "again")
    assert [file.state for file in report.files] == ["already here"] * 2 + ["accepted"] * 3


@pytest.mark.usefixtures("small")
def test_an_upload_that_fails_at_its_first_batch_says_why(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, 0, Unavailable("The database is busy. Try again in a moment."))
    with pytest.raises(Unavailable, match="database is busy"):
        take(store, settings, arrived(tmp_path / "in", *slices(3)), tmp_path / "in")
    assert store.sweep(-1) == 0


@pytest.mark.usefixtures("small")
def test_a_study_whose_upload_was_killed_is_analysed_when_it_is_sent_again(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    killed = Intake(store, settings, arrived(tmp_path / "in", *slices(4)), tmp_path / "in")
    killed.step()
    killed.step()  # and no more: nobody asked for an analysis
    with store.view() as tx:
        assert tx.jobs.waiting() == 0
    report = take(store, settings, arrived(tmp_path / "again", *slices(4)), tmp_path / "again")
    assert {file.state for file in report.files} == {"already here"}
    with store.view() as tx:
        assert tx.jobs.waiting() == 1


def test_a_rejected_files_blobs_do_not_take_those_another_upload_stages(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Two files with the same pixels: one does not fit what is stored, the other is on its way."""
    take(store, settings, arrived(tmp_path / "a", films.dicom(1)), tmp_path / "a")
    forged = films.dicom(1, PatientName="OTHER", PixelData=bytes(2 * 40 * 40))
    good = films.dicom(2, PixelData=bytes(2 * 40 * 40))
    slow = Intake(store, settings, arrived(tmp_path / "b", good), tmp_path / "b")
    with store.staging() as staging:
        read, _ = slow._batch(staging)
        staging.settle()
        report = take(store, settings, arrived(tmp_path / "c", forged), tmp_path / "c")
        assert report.files[0].state == "rejected"
        with store.begin() as tx:
            assert module._stored(tx, read[0]).state == "accepted"
    assert store.sweep(-1) == 0


def test_what_lies_beside_a_discs_images_is_one_line(store: Store, settings: Settings, tmp_path: Path) -> None:
    names = ("VIEWER/run.exe", "VIEWER/a.dll", "autorun.inf", "VIEWER/help.htm", "IMAGES/1", "IMAGES/2", "IMAGES/broken")
    exe, text = b"MZ\x90\0" * 40, b"[autorun]\nopen=run.exe\n"
    (one, two) = slices(2)
    files = [exe, exe + b"x", text, b"<html>", one, two, one[:2000]]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, octets in zip(names, files, strict=True):
            archive.writestr(name, octets)
    sent = [replace(arrived(tmp_path / "in", stream.getvalue())[0], name="cd.zip")]
    report = take(store, settings, sent, tmp_path / "in")
    rejected = [file for file in report.files if file.state == "rejected"]
    assert [file.template == disc.LEFT_OUT for file in rejected] == [False, True]
    assert rejected[1].values["count"] == 4
    assert "run.exe, a.dll, autorun.inf, help.htm" in str(rejected[1].values["names"])


def test_files_chosen_by_themselves_are_told_of_one_by_one(store: Store, settings: Settings, tmp_path: Path) -> None:
    report = take(store, settings, arrived(tmp_path / "in", *slices(1), b"text", b"other text"), tmp_path / "in")
    assert [file.state for file in report.files] == ["accepted", "rejected", "rejected"]


def test_slices_that_share_an_identifier_are_taken_in_under_new_ones_when_the_sender_says_so(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    uids: dict[str, Any] = {"StudyInstanceUID": "2.25.7", "SeriesInstanceUID": "2.25.71", "PatientID": "PH", "PatientName": "P"}
    files = [films.dicom(number, SOPInstanceUID="2.25.777", **uids) for number in range(4)]
    report = take(store, settings, arrived(tmp_path / "a", *files), tmp_path / "a")
    assert [file.state for file in report.files] == ["accepted", "rejected", "rejected", "rejected"]
    assert report.files[1].template == TAKEN
    for again in (False, True):
        taking = Intake(store, settings, arrived(tmp_path / f"b{again}", *files), tmp_path / f"b{again}", copies=True)
        while taking.step():
            pass
        report = taking.report or report
        states = [file.state for file in report.files]
        assert states == (["already here"] * 4 if again else ["already here", "accepted", "accepted", "accepted"])
    assert RENAMED in report.files[1].warnings
    with store.view() as tx:
        images = tx.studies.get(report.files[0].study_id or "").images
    assert len(images) == len({image.sop_instance_uid for image in images}) == 4
    assert sum(RENAMED in image.warnings for image in images) == 3
