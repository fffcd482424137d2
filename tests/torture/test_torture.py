"""The torture commands run against the real product, small, and tell what a limit that was missed is."""

from pathlib import Path

import pytest

from app.product import Product
from app.store import Blobs
from app.torture import kills, slices, uploads
from app.torture.cli import main


def test_slices_are_a_studys_files_and_the_same_every_time() -> None:
    first, again = (dict(slices.files(3, 4, size=32)) for _ in range(2))
    assert first == again
    assert len(set(first.values())) == 4
    assert set(dict(slices.files(4, 4, size=32)).values()).isdisjoint(first.values())


def test_uploads_at_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "ALIVE_SECONDS", 30.0)  # whatever else this machine does
    monkeypatch.setattr(uploads, "WRITE_SECONDS", 30.0)
    assert main(["uploads", "--clients", "3", "--files", "2", "--slices", "5"]) == 0
    told = capsys.readouterr().out
    assert "3 × 201" in told
    assert "1 × 201" in told
    monkeypatch.setattr(uploads, "ALIVE_SECONDS", 0.0)
    assert main(["uploads", "--clients", "1", "--files", "1", "--slices", "1"]) == 1
    assert "MISSED: /healthz took up to" in capsys.readouterr().out


def test_kills(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "FILES", 8)
    assert main(["kills", "--kills", "2"]) == 0
    assert "   0 acknowledged studies lost" in capsys.readouterr().out


def test_what_is_lost_and_left_is_counted(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with Product(var, in_process_worker="false") as product:
        (var / "uploads" / "left").mkdir(parents=True, exist_ok=True)
        (var / "blobs" / "tmp" / "left").write_bytes(b"half")
        Blobs(var / "blobs").put(b"nobody's")
        found = kills._counted(product, var, {"aaaaaaaaaaaa": 1})
    assert list(found.values()) == [1, 0, 1, 1, 1]
