"""Blobs: kept once, under their checksum, whole or not at all."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from app.errors import NotFound, Unavailable
from app.store import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def files(blobs: Blobs) -> list[Path]:
    return [path for path in blobs.folder.rglob("*") if path.is_file()]


def test_what_was_put_is_read_and_lies_under_its_checksum(blobs: Blobs) -> None:
    sha256 = blobs.put(b"octets")
    assert sha256 == hashlib.sha256(b"octets").hexdigest()
    assert blobs.read(sha256) == b"octets"
    assert blobs.path(sha256).relative_to(blobs.folder).as_posix() == f"{sha256[:2]}/{sha256[2:]}"
    assert blobs.has(sha256)


def test_the_same_octets_are_kept_once_however_they_come(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    assert blobs.put_file(source) == blobs.put(source.read_bytes()) == blobs.put_file(source)
    assert len(files(blobs)) == 1


def test_a_blob_that_is_gone_is_not_found(blobs: Blobs) -> None:
    sha256 = blobs.put(b"octets")
    blobs.remove(sha256)
    blobs.remove(sha256)
    with pytest.raises(NotFound):
        blobs.read(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_only_checksums_are_paths(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        blobs.path(name)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_said_and_leaves_nothing(blobs: Blobs, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os if call == "fsync" else Path, call, full)
        with pytest.raises(Unavailable, match="disk is full"):
            blobs.put(b"octets")
    assert files(blobs) == []
    assert blobs.read(blobs.put(b"octets")) == b"octets"


def test_another_failure_of_the_disk_is_not_called_full(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        blobs.put(b"octets")


def test_old_blobs_are_named_and_old_temporary_files_go(blobs: Blobs) -> None:
    old, new = blobs.put(b"old"), blobs.put(b"new")
    left = blobs.folder / "tmp" / "left"
    left.write_bytes(b"half")
    (blobs.folder / "tmp" / "fresh").write_bytes(b"half")
    for path in (blobs.path(old), left):
        os.utime(path, (1, 1))
    assert list(blobs.old(60)) == [old]
    blobs.drop_temporary(60)
    assert [path.name for path in (blobs.folder / "tmp").iterdir()] == ["fresh"]
    blobs.put(b"old")  # put again: young again
    assert list(blobs.old(60)) == []
    assert new


def test_what_is_derived_is_made_once_and_goes_with_its_blob(blobs: Blobs) -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"small"

    sha256 = blobs.put(b"large")
    assert [blobs.derived(sha256, "picture-1", make) for _ in range(3)] == [b"small"] * 3
    assert blobs.derived(sha256, "picture-2", lambda: b"other") == b"other"
    assert len(made) == 1
    assert list(blobs.old(-1)) == [sha256]  # what is derived is no blob
    blobs.remove(sha256)
    assert files(blobs) == []
    assert blobs.derived(sha256, "picture-1", make) == b"small"  # its blob is gone: nothing is left of it
    assert files(blobs) == []
    with pytest.raises(ValueError, match="kind"):
        blobs.derived(sha256, "../picture", make)
