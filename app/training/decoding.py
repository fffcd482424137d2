"""From files to one array of small films: several processes, a bar, and an array on disk that the next run finds.

Knows files and pixels; knows no torch, because its processes start with what this module imports.
"""

import fcntl
import hashlib
import json
import multiprocessing
import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageOps

from app import ingest
from app.classifiers import exposed
from app.classifiers.preprocessing import Field
from app.config import Settings
from app.errors import InputError
from app.grey import grey
from app.training.films import Film
from app.training.progress import Progress

RECIPE = 2
"""Counts up when `plane_of` makes something else of a film: arrays of before are not used then."""
FIELDS = 1
"""The same for `app.classifiers.exposed`, where the exposed fields are decoded."""
CHUNK = 32
FEW = 256
"""So few films are decoded before other processes have started."""
KEPT_EVERY = 1024
"""Films between two notes of how far the decoding is; a run that is killed decodes at most so many again."""
PICTURES = (".png", ".jpg", ".jpeg")
UNREADABLE = (OSError, ValueError, SyntaxError, Picture.DecompressionBombError)
Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """``pixels`` uint8 (n, size, size) of the films that could be read, in their order, and those that could not."""

    pixels: Plane
    unread: tuple[Film, ...]


def pixels(films: Sequence[Film], size: int, folder: Path, field: Field = "film") -> Decoded:
    """The films, or the exposed ``field`` of each, grey, padded to a square and stretched between their 1st and 99th
    percentile, mapped from a file in ``folder``.

    The file's name is made of the films' paths, sizes and times, of ``size`` and of ``field``: who asks again is answered at
    once.
    The array may be written to; nothing of that reaches the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = content(films, size, field)
    whole, notes = folder / f"{name}.npy", folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two runs that begin together, one decodes and the other waits for it
        if not whole.is_file():
            partial = folder / f"{name}.partial.npy"
            if not partial.is_file():
                room(folder, len(films) * size * size)
            _fill(films, size, field, partial, notes)
            partial.replace(whole)
    unread = [films[index] for index in _noted(notes)["unread"]]
    mapped: Plane = np.load(whole, mmap_mode="c")
    return Decoded(mapped[: len(films) - len(unread)], tuple(unread))


def content(films: Sequence[Film], size: int, field: Field = "film") -> str:
    """A name for what the films hold: a hash over each file's path, size and time, the side, the recipe and the field. Arrays
    of whole films keep the name that they had before there were fields: a run that began with one goes on with it."""
    told = hashlib.sha256(f"{RECIPE} {size}{'' if field == 'film' else f' {field} {FIELDS}'}".encode())
    for film in films:
        stat = film.path.stat()
        told.update(f"\n{film.path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode())
    return told.hexdigest()[:24]


def _noted(notes: Path) -> dict[str, list[int]]:
    """What was noted: how many films were looked at (one number), and the indices of those that could not be read."""
    if not notes.is_file():
        return {"seen": [0], "unread": []}
    told: dict[str, list[int]] = json.loads(notes.read_text(encoding="utf-8"))
    return told


def _fill(films: Sequence[Film], size: int, field: Field, partial: Path, notes: Path) -> None:
    """Decode into ``partial``, going on after the films that were noted."""
    noted = _noted(notes) if partial.is_file() else {"seen": [0], "unread": []}
    seen, unread = noted["seen"][0], noted["unread"]
    mode = "r+" if seen else "w+"
    shape = None if seen else (len(films), size, size)
    array = np.lib.format.open_memmap(partial, mode=mode, dtype=np.uint8, shape=shape)
    row = seen - len(unread)
    progress = Progress("films decoded", len(films), seen)
    for plane in planes([film.path for film in films[seen:]], size, field):
        if plane is None:
            unread.append(seen)
        else:
            array[row] = plane
            row += 1
        seen += 1
        progress.advance(1, f"{seen} of {len(films)}")
        if seen % KEPT_EVERY == 0 or seen == len(films):
            array.flush()
            _note(notes, seen, unread)


def _note(notes: Path, seen: int, unread: list[int]) -> None:
    aside = notes.with_suffix(".json.partial")
    aside.write_text(json.dumps({"seen": [seen], "unread": unread}), encoding="utf-8")
    aside.replace(notes)


def planes(paths: Sequence[Path], size: int, field: Field = "film") -> Iterator[Plane | None]:
    """One plane uint8 (size, size) per file, in order; None for a file that cannot be read."""
    chunks = [paths[at : at + CHUNK] for at in range(0, len(paths), CHUNK)]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:  # DICOM is decoded by ingest's own processes
        for chunk, decoded in zip(chunks, _decoded(chunks, size, field), strict=True):
            others = [path for path in chunk if path.suffix.lower() not in PICTURES]
            read = dict(zip(others, threads.map(lambda path: dicom(path, size, field), others), strict=True))
            for path, plane in zip(chunk, decoded, strict=True):
                yield read.get(path, plane)


def _decoded(chunks: Sequence[Sequence[Path]], size: int, field: Field) -> Iterator[list[Plane | None]]:
    """The PNG and JPEG films of every chunk, in order; chunks are decoded ahead, but not further than memory can bear."""
    if len(chunks) * CHUNK <= FEW:
        yield from (pictures(chunk, size, field) for chunk in chunks)
        return
    processes = min(16, len(os.sched_getaffinity(0)))
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads in the middle of what they do
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=end_with_parent) as pool:
        ahead: deque[Future[list[Plane | None]]] = deque()
        for chunk in chunks:
            ahead.append(pool.submit(pictures, chunk, size, field))
            if len(ahead) > 4 * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def end_with_parent() -> None:
    """End this process when the one that started it is gone: a run that is killed must leave nothing behind."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def pictures(paths: Sequence[Path], size: int, field: Field = "film") -> list[Plane | None]:
    """The planes of PNG and JPEG files; None for one that cannot be read, and for other kinds of file."""
    return [picture(path, size, field) if path.suffix.lower() in PICTURES else None for path in paths]


def picture(path: Path, size: int, field: Field = "film") -> Plane | None:
    """One PNG or JPEG film, 8 or 16 bits, as `ingest` would read it; None when it cannot be read."""
    try:
        with Picture.open(path) as opened:
            if field == "film":
                opened.draft("L", (size, size))  # a field is looked for at full size, as the product does
            upright = ImageOps.exif_transpose(opened)
            if field == "exposed":
                plain = upright if upright.mode.startswith("I") else upright.convert("L")
                top, left, bottom, right = exposed.find(np.asarray(plain))
                upright = plain.crop((left, top, right, bottom))
            if upright.mode in ("I;16", "I;16B", "I;16L", "I"):
                return plane_of(between_percentiles(np.asarray(upright, np.float32)), size)
            return plane_of(upright.convert("L"), size)
    except UNREADABLE:
        return None


def dicom(path: Path, size: int, field: Field = "film") -> Plane | None:
    """One film of a DICOM file, seen as its header asks; None when it cannot be read or holds more than one image."""
    with tempfile.TemporaryDirectory() as workdir:
        for found in ingest.read(path, path.name, Settings(), Path(workdir)):
            if isinstance(found, ingest.Rejected):
                return None
            images = [image for series in found.study.series for image in series.images]
            if len(images) != 1:
                return None
            film = exposed.cropped(images[0]) if field == "exposed" else images[0]
            return plane_of(Picture.fromarray(grey(film) * 255), size)
    return None


def between_percentiles(values: NDArray[np.float32]) -> Picture.Image:
    """Sixteen bits may hold twelve of anything: grey 0 to 255 from the 0.5th to the 99.5th percentile, as in `app.grey`."""
    low, high = np.percentile(values, (0.5, 99.5))
    shown = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    return Picture.fromarray(shown.astype(np.float32))


def plane_of(film: Picture.Image, size: int) -> Plane:
    """A grey film (mode L or F, 0 to 255) as uint8 (size, size)."""
    scale = size / max(film.size)
    inner = (max(1, round(film.width * scale)), max(1, round(film.height * scale)))
    small = np.asarray(film.resize(inner, Picture.Resampling.BILINEAR, reducing_gap=3.0), np.float32)
    low, high = np.percentile(small, (1, 99))
    small = np.clip((small - low) / max(high - low, 1e-6), 0, 1) * 255
    plane = np.zeros((size, size), np.uint8)
    top, left = (size - inner[1]) // 2, (size - inner[0]) // 2
    plane[top : top + inner[1], left : left + inner[0]] = small.round().astype(np.uint8)
    return plane


def room(folder: Path, octets: int) -> None:
    """InputError when the disk has no room for an array of so many octets."""
    folder.mkdir(parents=True, exist_ok=True)
    stat = os.statvfs(folder)
    if stat.f_bavail * stat.f_frsize < octets:
        raise InputError(
            "The decoded films need %(needed)s MB in the runs folder, and the disk has less. Choose another with --runs.",
            {"needed": octets // 2**20},
        )
