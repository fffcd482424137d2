"""A PostgreSQL of one's own, and what the product stands when it is restarted."""

from pathlib import Path

import pytest

from app.errors import AppError, Unavailable
from app.torture import cluster as module
from app.torture import database
from app.torture.cli import main
from app.torture.cluster import Cluster


def test_a_restart_under_load_loses_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster.log()
    for name, value in {"BETWEEN_SECONDS": 1.0, "PAUSE_SECONDS": 0.2, "UPLOADERS": 1}.items():
        monkeypatch.setattr(database, name, value)
    code = main(["database", "--restarts", "2"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "of these lost 0\njobs failed 0, left open 0\n" in told
    assert "2 restarts" in told


def test_a_cluster_leaves_nothing_behind(cluster: Cluster) -> None:
    with Cluster() as other:
        assert other.folder != cluster.folder
        folder = other.folder
        other.start()  # it runs: nothing
        other.stop()
        other.stop()
    assert not folder.exists()


def test_a_cluster_that_does_not_start_says_why(cluster: Cluster) -> None:
    made = Cluster()
    with pytest.raises(AppError, match="could not be started"):
        made.start()  # nothing was made that it could serve
    made.close()
    assert not made.folder.exists()


def test_without_the_programs_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"postgresql\.sh"):
        Cluster()
