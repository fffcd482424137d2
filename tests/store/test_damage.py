"""What the disk changed is not shown: it is said, and mended by the same file."""

import os
from pathlib import Path

import numpy as np
import pytest

from app.errors import Damaged
from app.store import Blobs, Store
from app.store import studies as module
from tests.store.films import image, layer, store_file, study


def flip(path: Path, *, quietly: bool = False) -> None:
    """Change one bit of a file; ``quietly``: its time stays."""
    times = path.stat()
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)
    if quietly:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.mark.parametrize("quietly", [False, True])
def test_a_changed_blob_is_not_read_and_putting_it_again_mends_it(blobs: Blobs, tmp_path: Path, quietly: bool) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"octets" * 1000)
    sha256 = blobs.put_file(source)
    for whole in (True, False):
        assert blobs.checked(sha256).read_bytes() == source.read_bytes()
        flip(blobs.path(sha256), quietly=quietly)
        assert not blobs.sound(sha256)
        for use in (blobs.read, blobs.checked):
            with pytest.raises(Damaged, match="damaged on the disk"):
                use(sha256)
        assert (blobs.put_file(source) if whole else blobs.put(source.read_bytes())) == sha256
        assert blobs.read(sha256) == source.read_bytes()


def test_a_cut_blob_is_damaged_too(blobs: Blobs) -> None:
    sha256 = blobs.put(b"octets")
    blobs.path(sha256).write_bytes(b"")
    with pytest.raises(Damaged):
        blobs.checked(sha256)


def test_a_check_is_done_once_while_nobody_touches_the_file(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = blobs.put(b"octets")
    with monkeypatch.context() as blind:
        blind.setattr("hashlib.file_digest", None)
        assert blobs.sound(sha256)
    os.utime(blobs.path(sha256), (1, 1))
    with monkeypatch.context() as blind:
        blind.setattr("hashlib.file_digest", None)
        with pytest.raises(TypeError):
            blobs.sound(sha256)


def test_what_is_derived_carries_its_own_check(blobs: Blobs) -> None:
    sha256 = blobs.put(b"large")
    assert blobs.derived(sha256, "small", lambda: b"small\nthing") == b"small\nthing"
    assert blobs.derived(sha256, "small", lambda: b"never") == b"small\nthing"
    kept = blobs.path(sha256).with_name(blobs.path(sha256).name + ".small")
    flip(kept)
    assert blobs.derived(sha256, "small", lambda: b"made anew") == b"made anew"
    kept.write_bytes(b"as an earlier version kept it")
    assert blobs.derived(sha256, "small", lambda: b"made again") == b"made again"
    assert blobs.derived(sha256, "small", lambda: b"never") == b"made again"


@pytest.mark.parametrize("mapped", [256, 0])
def test_a_study_with_damaged_pixels_is_not_loaded_until_its_file_comes_again(
    store: Store, tmp_path: Path, mapped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAPPED", mapped)
    added = store_file(store, tmp_path, study())
    with store.view() as tx:
        row = tx.studies.get(added.study_id).images[0]
        tx.studies.load(added.study_id)
    flip(store.blobs.path(row.pixels_sha256))
    with store.view() as tx:
        with pytest.raises(Damaged):
            tx.studies.load(added.study_id)
        with pytest.raises(Damaged):
            tx.studies.load_image(row.id)
    assert store_file(store, tmp_path, study()).state == "already here"
    with store.view() as tx:
        np.testing.assert_array_equal(tx.studies.load_image(row.id).stored, image().stored)


def test_pixels_that_are_read_otherwise_today_mend_damaged_ones_too(store: Store, tmp_path: Path) -> None:
    """The same file, out of which another version of the product read other values."""
    added = store_file(store, tmp_path, study(image(seed=1)))
    with store.view() as tx:
        row = tx.studies.get(added.study_id).images[0]
    store_file(store, tmp_path, study(image(seed=2)))
    with store.view() as tx:
        assert tx.studies.image(row.id).pixels_sha256 == row.pixels_sha256, "sound ones stay"
    flip(store.blobs.path(row.pixels_sha256))
    assert store_file(store, tmp_path, study(image(seed=2))).state == "already here"
    with store.view() as tx:
        np.testing.assert_array_equal(tx.studies.load_image(row.id).stored, image(seed=2).stored)


def test_a_damaged_map_says_so(store: Store, tmp_path: Path) -> None:
    added = store_file(store, tmp_path, study())
    with store.begin() as tx:
        kept = tx.layers.save(added.study_id, layer())
    flip(store.blobs.path(str(kept.values_sha256)))
    with store.view() as tx, pytest.raises(Damaged, match="This map is damaged"):
        tx.layers.values(kept.id)
