"""From files to small films: 8 and 16 bits, DICOM, what cannot be read, and arrays that the next run finds."""

import dataclasses
import hashlib
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app.classifiers.classifier import prepare_plane
from app.domain import frozen
from app.errors import InputError
from app.grey import grey
from app.phantoms import chest, dicom
from app.training import decoding
from app.training.films import Film
from app.training.progress import Progress, clock


@pytest.fixture(scope="module")
def phantom() -> chest.ChestPhantom:
    return chest.draw(5, ["Effusion"], size=160, severity=0.9)


def of(*paths: Path) -> list[Film]:
    """Records of files."""
    return [Film(path, "table", str(index), "train", (1.0,)) for index, path in enumerate(paths)]


def test_one_film_is_the_same_in_every_format(phantom: chest.ChestPhantom, tmp_path: Path) -> None:
    """Also what a network sees of it later: as far as 8 bits and two ways of resizing allow."""
    Picture.fromarray((phantom.pixels >> 4).astype(np.uint8)).save(tmp_path / "a.png")
    Picture.fromarray((phantom.pixels >> 4).astype(np.uint8)).convert("RGBA").save(tmp_path / "b.png")
    Picture.fromarray(phantom.pixels).save(tmp_path / "c.png")
    Picture.fromarray((phantom.pixels >> 4).astype(np.uint8)).save(tmp_path / "d.jpg", quality=97)
    (tmp_path / "e.dcm").write_bytes(dicom.encode(phantom))
    with Picture.open(tmp_path / "c.png") as sixteen:
        assert sixteen.mode.startswith("I")
    read = decoding.pixels(
        of(*(tmp_path / name for name in ("a.png", "b.png", "c.png", "d.jpg", "e.dcm"))), 64, tmp_path / "kept"
    )
    assert read.unread == ()
    assert read.pixels.shape == (5, 64, 64)
    first = read.pixels[0].astype(float)
    assert first.std() > 40
    for other in read.pixels[1:]:
        assert np.abs(first - other).mean() < 3
    seen = prepare_plane(torch.from_numpy(phantom.pixels.astype(np.float32) / 4095), 64)[0].numpy() / 4 + 0.5
    assert np.abs(first / 255 - seen).mean() < 0.02


def test_low_values_that_are_bright_are_turned(phantom: chest.ChestPhantom, tmp_path: Path) -> None:
    from app import ingest
    from app.config import Settings

    (tmp_path / "one.dcm").write_bytes(dicom.encode(phantom))
    plane = decoding.dicom(tmp_path / "one.dcm", 160)
    (found,) = ingest.read(tmp_path / "one.dcm", "one.dcm", Settings(), tmp_path)
    assert isinstance(found, ingest.Accepted)
    shown = grey(found.study.series[0].images[0])
    assert plane is not None
    assert np.corrcoef(plane.ravel(), shown.ravel())[0, 1] > 0.99


def test_a_wide_film_is_padded_and_never_stretched_wide(tmp_path: Path) -> None:
    wide = np.tile(np.linspace(0, 255, 100).astype(np.uint8), (50, 1))
    Picture.fromarray(wide).save(tmp_path / "wide.png")
    plane = decoding.picture(tmp_path / "wide.png", 64)
    assert plane is not None
    assert not plane[:16].any()
    assert not plane[48:].any()
    assert plane[32, -1] == 255


def test_what_cannot_be_read_is_told_and_its_row_is_not_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    paths = []
    for index in range(6):
        path = tmp_path / f"{index}.png"
        Picture.fromarray(rng.integers(0, 255, (40, 40)).astype(np.uint8)).save(path)
        paths.append(path)
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    other = tmp_path / "notes.dcm"
    other.write_text("not a film", encoding="utf-8")
    films = of(*paths, other)
    read = decoding.pixels(films, 32, tmp_path / "kept")
    assert [film.path.name for film in read.unread] == ["2.png", "notes.dcm"]
    assert len(read.pixels) == 5
    expected = decoding.picture(paths[5], 32)
    assert expected is not None
    assert np.array_equal(read.pixels[4], expected)
    again = decoding.pixels(films, 32, tmp_path / "kept")
    assert again.unread == read.unread
    assert np.array_equal(again.pixels, read.pixels)


def test_kept_films_are_not_decoded_again_unless_they_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Picture.fromarray(np.eye(40, dtype=np.uint8) * 255).save(path)
    first = decoding.pixels(of(path), 32, tmp_path / "kept")
    (kept,) = (tmp_path / "kept").glob("*.npy")
    written = kept.stat().st_mtime_ns
    first.pixels[:] = 0  # mapped copy-on-write: what is done to the array does not reach the file
    assert decoding.pixels(of(path), 32, tmp_path / "kept").pixels.any()
    assert kept.stat().st_mtime_ns == written
    assert decoding.pixels(of(path), 24, tmp_path / "kept").pixels.shape == (1, 24, 24)
    before = path.stat().st_mtime_ns
    Picture.fromarray(np.eye(40, dtype=np.uint8)[::-1] * 255).save(path)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))  # a millisecond later, on a clock of any step
    turned = decoding.pixels(of(path), 32, tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("*.npy"))) == 3
    assert turned.pixels[0, 0, -1] > turned.pixels[0, 0, 0]


def test_the_exposed_field_is_decoded_where_a_run_asks_for_it(phantom: chest.ChestPhantom, tmp_path: Path) -> None:
    """PNG, 16 bits and DICOM alike; and an array of whole films keeps the name that it had before there were fields."""
    film = (phantom.pixels // 2 + 900).astype(np.uint16)
    around = np.pad(film, ((30, 20), (40, 10)))
    for name, stored in (("alone", film), ("framed", around)):
        Picture.fromarray((stored >> 4).astype(np.uint8)).save(tmp_path / f"{name}.png")
        Picture.fromarray(stored).save(tmp_path / f"{name}-16.png")
        bare = dataclasses.replace(phantom, pixels=frozen(stored))
        (tmp_path / f"{name}.dcm").write_bytes(dicom.encode(bare))
    kept = tmp_path / "kept"
    for kind in (".png", "-16.png", ".dcm"):
        films = of(tmp_path / f"alone{kind}", tmp_path / f"framed{kind}")
        read = decoding.pixels(films, 64, kept, "exposed").pixels.astype(float)
        assert np.abs(read[0] - read[1]).max() <= 1, kind
        whole = decoding.pixels(films, 64, kept).pixels.astype(float)
        assert np.abs(whole[0] - whole[1]).mean() > 10, kind
    told = hashlib.sha256(f"{decoding.RECIPE} 64".encode())
    for film_ in films:
        stat = film_.path.stat()
        told.update(f"\n{film_.path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode())
    assert (kept / f"{told.hexdigest()[:24]}.npy").is_file()


def test_two_runs_that_begin_together_decode_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Picture.fromarray(np.eye(40, dtype=np.uint8) * 255).save(path)
    with ThreadPoolExecutor(4) as runs:
        read = list(runs.map(lambda _: decoding.pixels(of(path), 32, tmp_path / "kept").pixels, range(4)))
    assert all(np.array_equal(read[0], other) for other in read)
    assert [file.suffix for file in sorted((tmp_path / "kept").iterdir())] == [".json", ".lock", ".npy"]


def test_decoding_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    paths = []
    for index in range(4):
        paths.append(tmp_path / f"{index}.png")
        Picture.fromarray(np.roll(np.eye(40, dtype=np.uint8) * 255, index * 9, 1)).save(paths[-1])
    films, kept = of(*paths), tmp_path / "kept"
    whole = decoding.pixels(films, 32, kept).pixels.copy()
    (file,), (notes,) = kept.glob("*.npy"), kept.glob("*.json")
    array = np.load(file)
    array[0] = 7  # had it been decoded again, this would be gone
    array[2:] = 0
    file.unlink()
    np.save(file.with_name(file.stem + ".partial.npy"), array)
    notes.write_text(json.dumps({"seen": [2], "unread": []}), encoding="utf-8")
    after = decoding.pixels(films, 32, kept).pixels
    assert (after[0] == 7).all()
    assert np.array_equal(after[1:], whole[1:])


def test_many_films_are_decoded_by_other_processes_in_order(tmp_path: Path) -> None:
    paths = []
    for index in range(decoding.FEW + 40):
        paths.append(tmp_path / f"{index:03d}.png")
        column = np.zeros((16, 16), np.uint8)
        column[:, index % 16] = 255
        Picture.fromarray(column).save(paths[-1])
    read = decoding.pixels(of(*paths), 16, tmp_path / "kept").pixels
    assert [int(plane[0].argmax()) for plane in read] == [index % 16 for index in range(len(paths))]


def test_a_full_disk_is_told_before_anything_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="need 953674316 MB in the runs folder"):
        decoding.room(tmp_path, 10**15)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_and_plain_lines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.training.progress.time.monotonic", lambda: now[0])
    terminal, plain = Terminal(), io.StringIO()
    bars = [Progress("run", 100, 20, terminal), Progress("run", 100, 20, plain)]
    for _ in range(4):
        now[0] += 10
        for bar in bars:
            bar.advance(10, "loss 0.5")
    assert terminal.getvalue().count("\r") == 4
    assert "run [==============          ] 60%, loss 0.5, 0:40 left" in terminal.getvalue()
    assert plain.getvalue().splitlines() == ["run 50%, loss 0.5, 0:50 left"]
    bars[0].say("epoch 1 of 2")
    assert terminal.getvalue().endswith(" \repoch 1 of 2\n")


def test_times_as_people_read_them() -> None:
    assert [clock(seconds) for seconds in (42, 725, 11220, float("nan"))] == ["0:42", "12:05", "3:07:00", "–"]
