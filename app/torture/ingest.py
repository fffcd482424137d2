"""Mutated files and frames, thousands of them, through the door that uploads take: each must get an answer, and no process may
be lost over it."""

import io
import struct
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import imagecodecs
import numpy as np

from app.config import Settings
from app.ingest import Accepted, Rejected, decoder, read
from app.phantoms import chest, dicom

SIDE = 64
PREFIX = "1.2.840.10008.1.2."
SECONDS = 5
"""Longest that one file may take; a decoder that takes longer is ended, and counts as lost."""
TOLD = 1000
"""After how many files a line is printed."""


def run(files: int, seed: int, keep: Path | None) -> int:
    """Mutate so many files and read each; prints what came of them. 1 where anything was not answered, else 0. What was not is
    kept in the folder ``keep``, if there is one."""
    kinds = _kinds()
    random = np.random.default_rng(seed)
    counts: Counter[str] = Counter()
    longest, started = 0.0, time.perf_counter()
    settings = Settings(decode_seconds=SECONDS)
    with TemporaryDirectory() as folder:
        for number in range(files):
            name = list(kinds)[number % len(kinds)]
            octets = mutated(kinds[name], random)
            path = Path(folder) / "mutated"
            path.write_bytes(octets)
            begun = time.perf_counter()
            outcomes = list(_outcomes(path, settings, Path(folder)))
            longest = max(longest, time.perf_counter() - begun)
            counts.update(outcomes)
            if keep is not None and {"exceptions", "lost processes"} & set(outcomes):
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}-{name}").write_bytes(octets)
            if (number + 1) % TOLD == 0:
                print(f"  {number + 1} files, {time.perf_counter() - started:.0f} s", flush=True)
            for left in Path(folder).iterdir():
                left.unlink()
    print(f"{files} mutated files and frames of {len(kinds)} kinds, seed {seed}, in {time.perf_counter() - started:.0f} s:")
    for what in ("read", "refused with a reason", "exceptions", "lost processes"):
        print(f"  {counts[what]:6d} {what}")
    print(f"  longest {longest:.2f} s")
    return 1 if counts["exceptions"] or counts["lost processes"] else 0


def _outcomes(path: Path, settings: Settings, workdir: Path) -> Iterator[str]:
    """What came of one file, in a word per answer."""
    try:
        for found in read(path, "mutated", settings, workdir):
            if isinstance(found, Accepted):
                np.asarray(found.study.images[0].stored).sum()  # a file that was mapped may still not be readable
                yield "read"
            elif isinstance(found, Rejected):
                lost = found.error.template in (decoder.FAILED, decoder.LATE)
                yield "lost processes" if lost else "refused with a reason"
    except Exception:  # noqa: BLE001 - that there is one is what this looks for
        traceback.print_exc()
        yield "exceptions"


def mutated(octets: bytes, random: np.random.Generator) -> bytes:
    """The same octets with up to eight changed, and some of them cut off, doubled, left out or overwritten."""
    out = bytearray(octets)
    start = 128 if octets[128:132] == b"DICM" else 0  # what is in a preamble may be anything
    pixels = out.rfind(b"\xe0\x7f\x10\x00")
    if random.random() < 0.4 and pixels > 0:
        start = pixels  # a frame, not its header
    for _ in range(int(random.integers(1, 9))):
        out[int(random.integers(start, len(out)))] ^= int(random.integers(1, 256))
    at = int(random.integers(start, len(out)))
    long = int(random.integers(1, 65))
    what = random.random()
    if what < 0.15:
        del out[at:]
    elif what < 0.25:
        out[at:at] = out[at : at + long]
    elif what < 0.35:
        del out[at : at + long]
    elif what < 0.5:
        piece = out[at : at + long]
        out[at : at + long] = (b"\0" if what < 0.43 else b"\xff") * len(piece)
    return bytes(out)


@cache
def _kinds() -> dict[str, bytes]:
    """A small film in every form that is read."""
    film = chest.draw(7, size=SIDE)
    values = np.asarray(film.pixels, np.uint16)
    grey = (values >> 4).astype(np.uint8)
    frames = {
        "JPEG": ("4.50", imagecodecs.jpeg8_encode(grey, level=95)),
        "JPEG of 12 bits": ("4.51", imagecodecs.jpeg8_encode(values, level=98, bitspersample=12)),
        "JPEG lossless": ("4.70", imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=16)),
        "JPEG-LS": ("4.80", imagecodecs.jpegls_encode(values)),
        "JPEG 2000": ("4.90", imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k")),
        "high-throughput JPEG 2000": ("4.201", imagecodecs.htj2k_encode(values)),
    }
    jpeg_xl = imagecodecs.jpegxl_encode(values, lossless=True)
    plain = _file(film, "1.2.840.10008.1.2.1", b"", 16)
    kinds = {
        "uncompressed": plain,
        "implicit": _file(film, "1.2.840.10008.1.2", b"", 16),
        "deflated": _file(film, PREFIX + "1.99", b"", 16),
        "without meta information": plain[plain.index(b"\x08\x00\x16\x00UI") :],
        **{
            name: _file(film, PREFIX + syntax, bytes(frame), 8 if name == "JPEG" else 16)
            for name, (syntax, frame) in frames.items()
        },
        # The library that writes these files knows no JPEG XL.
        "JPEG XL": _file(film, PREFIX + "4.201", bytes(jpeg_xl), 16).replace(b"4.201", b"4.110"),
        "PNG": imagecodecs.png_encode(grey),
        "JPEG film": imagecodecs.jpeg8_encode(grey),
        "zip": _zipped({"a.dcm": plain, "b/c.dcm": plain, "DICOMDIR": b"nothing"}),
    }
    return {name: bytes(octets) for name, octets in kinds.items()}


def _file(film: chest.ChestPhantom, syntax: str, frame: bytes, bits: int) -> bytes:
    """A phantom's film as a DICOM file, with a frame in place of its pixels where there is one, and elements that pixels depend
    on."""
    ds = dicom.dataset(film, dicom.Header(number=7))
    ds.PixelPaddingValue, ds.PixelPaddingRangeLimit, ds.PixelAspectRatio = 0, 3, [1, 1]
    ds.file_meta.TransferSyntaxUID = type(ds.file_meta.TransferSyntaxUID)(syntax)
    if frame:
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, min(bits, 12), min(bits, 12) - 1
        item = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(frame) + len(frame) % 2)
        ds.PixelData = item + frame + b"\0" * (len(frame) % 2) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    octets = io.BytesIO()
    implicit = syntax == "1.2.840.10008.1.2"
    ds.save_as(octets, enforce_file_format=True, implicit_vr=implicit, little_endian=True)
    return octets.getvalue()


def _zipped(files: dict[str, bytes]) -> bytes:
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return octets.getvalue()
