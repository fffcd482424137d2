"""An upload that comes in parts: one report and one analysis of it, whatever was sent twice because an answer was not heard."""

from pathlib import Path

import pytest

from app.config import Settings
from app.desk.intake import Intake, Part
from app.store import Store, UploadRow, WorklistQuery
from tests.desk.test_intake import arrived, slices
from tests.web import films

UPLOAD = "abcdefghij23"


@pytest.fixture
def send(store: Store, settings: Settings, tmp_path: Path) -> "Send":
    """Takes a part in."""
    return Send(store, settings, tmp_path)


class Send:
    def __init__(self, store: Store, settings: Settings, folder: Path) -> None:
        self.store, self.settings, self.folder, self.sent = store, settings, folder, 0

    def __call__(self, *files: bytes, first: int = 0, more: bool = True) -> UploadRow:
        self.sent += 1
        into = self.folder / str(self.sent)
        named = [type(one)(f"scan/{first + n}.dcm", one.path) for n, one in enumerate(arrived(into, *files))]
        taking = Intake(self.store, self.settings, named, into, part=Part(UPLOAD, more))
        while taking.step():
            pass
        assert taking.report is not None
        return taking.report


def states(row: UploadRow) -> list[tuple[str, str]]:
    return [(file.name, file.state) for file in row.files]


def test_parts_are_one_study_one_report_and_one_analysis(send: Send, store: Store) -> None:
    files = slices(6)
    assert states(send(*files[:3])) == [(f"scan/{n}.dcm", "accepted") for n in range(3)]
    with store.view() as tx:
        assert tx.jobs.waiting() == 0, "a study that is not whole is not read"
    whole = send(*files[3:], first=3, more=False)
    assert states(whole) == [(f"scan/{n}.dcm", "accepted") for n in range(6)]
    assert whole.id == UPLOAD
    with store.view() as tx:
        (row,) = tx.worklist.page(WorklistQuery()).rows
        assert len(tx.studies.get(row.id).files) == 6
        assert tx.jobs.waiting() == 1


def test_a_part_that_came_twice_is_told_of_once(send: Send, store: Store) -> None:
    files = slices(4)
    send(*files[:2], b"text, no film")
    again = send(*files[:2], b"text, no film")
    assert [state for _, state in states(again)] == ["already here", "already here", "rejected"]
    send(*files[2:], first=3)
    first, last = send(more=False), send(more=False)
    accepted = [(f"scan/{n}.dcm", "rejected" if n == 2 else "accepted") for n in range(5)]
    assert states(first) == states(last) == accepted
    with store.view() as tx:
        assert tx.jobs.waiting() == 1, "what is analysed already is not analysed again"


def test_what_nobody_ended_is_analysed_by_the_next_sweep(send: Send, store: Store, settings: Settings) -> None:
    from app.desk.tidying import tidy

    send(*slices(2))
    assert tidy(settings, store) == 1
    with store.view() as tx:
        assert tx.jobs.waiting() == 1


def test_two_films_of_one_name_are_two(send: Send) -> None:
    send(films.dicom(1))
    assert states(send(films.dicom(2), more=False)) == [("scan/0.dcm", "accepted")] * 2
