"""The command that has studies read again: one batch, followed to its end, with what failed named."""

from pathlib import Path

import pytest

from app.config import Settings
from app.desk import batches, studies_cli
from app.desk.intake import take
from app.store import Store, WorklistQuery
from tests.desk.test_intake import arrived
from tests.web import films

OTHER = "phantom-by-name"


@pytest.fixture
def studies(store: Store, settings: Settings, tmp_path: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two films of phantoms and one of a person, all read by nobody yet; the command works on their store."""
    sent = (films.dicom(1, size=24), films.dicom(2, size=24), films.dicom(3, size=24, phantom=False))
    take(store, settings, arrived(tmp_path / "in", *sent), tmp_path / "in")
    monkeypatch.setenv("WHYLIGHT_VAR", str(settings.var))
    monkeypatch.setenv("WHYLIGHT_MODELS", str(untrained))
    with store.view() as tx:
        return list(tx.worklist.ids(WorklistQuery(sort="patient", descending=False)))


def test_it_is_followed_to_its_end(
    store: Store, studies: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def worked(_seconds: float) -> None:
        with store.begin() as tx:
            mine = [one for one in tx.batches.studies(tx.batches.newest()[0].id) if one.state == "queued"]
            assert tx.jobs.claim("test", 20, mine[0].job_id) is not None
            tx.jobs.finish(mine[0].job_id, "test")

    monkeypatch.setattr("app.desk.studies_cli.time.sleep", worked)
    assert studies_cli.main(["read", "--model", OTHER, "--all", "--modality", "DX"]) == 1
    told = capsys.readouterr()
    assert "0 of 3" not in told.out  # what it does not read waits for nothing
    assert [line.split(" has ")[1].split(" studies")[0] for line in told.out.splitlines()] == ["1 of 3", "2 of 3", "3 of 3"]
    assert f"{studies[2]}: The network “{OTHER}” does not read this kind of film." in told.err


def test_it_is_asked_for_and_stopped(store: Store, studies: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert studies_cli.main(["read", "--model", OTHER, studies[0], "--no-wait"]) == 0
    with store.view() as tx:
        batch = tx.batches.newest()[0]
    assert batch.id in capsys.readouterr().out
    assert studies_cli.main(["stop", batch.id]) == 0
    with store.view() as tx:
        assert tx.batches.get(batch.id).counts["cancelled"] == 1


def test_a_batch_is_let_go_and_its_work_stays(store: Store, studies: list[str], untrained: Path) -> None:
    from datetime import timedelta

    from app.classifiers.registry import Registry
    from app.store import batches as kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "KEPT", timedelta(0))
        first = batches.ask(store, Registry(untrained), OTHER, studies[:1])
        batches.ask(store, Registry(untrained), OTHER, studies[1:2])
    with store.view() as tx:
        assert [batch.total for batch in tx.batches.newest()] == [1]
        assert first.id not in {batch.id for batch in tx.batches.newest()}
        job = tx.jobs.of_study(studies[0], OTHER)
    assert job is not None
    assert job.open
    assert not store.orphans().rows
