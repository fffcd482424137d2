"""Small files that ask for the world: each refused at once, the parent none the larger."""

import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset

from app.config import Settings
from app.ingest import Rejected, read
from tests.ingest.conftest import Make, ramp

PREFIX = "1.2.840.10008.1.2."


def insert(path: Path, octets: bytes) -> Path:
    """Put elements before Samples per Pixel."""
    whole = path.read_bytes()
    at = whole.index(b"\x28\x00\x02\x00US")
    path.write_bytes(whole[:at] + octets + whole[at:])
    return path


def nested(make: Make) -> Path:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return insert(make(ramp()), (b"\x28\x00\x10\x30SQ\0\0\xff\xff\xff\xff" + item) * 5000)


def nested_with_lengths(make: Make) -> Path:
    inside = b""
    for _ in range(2000):
        inside = (
            b"\x28\x00\x10\x30SQ\0\0"
            + struct.pack("<I", len(inside) + 8)
            + b"\xfe\xff\x00\xe0"
            + struct.pack("<I", len(inside))
            + inside
        )
    return insert(make(ramp()), inside)


def elements(make: Make) -> Path:
    many = b"".join(struct.pack("<HH2sH", 0x0029 + 2 * (n >> 16), n & 0xFFFF, b"LO", 0) for n in range(1_500_000))
    return insert(make(ramp()), many)


def items(make: Make) -> Path:
    return insert(make(ramp()), b"\x28\x00\x10\x30SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 2_000_000)


def inflating(make: Make) -> Path:
    path = make(ramp(), PREFIX + "1.99")
    octets = path.read_bytes()
    start = octets.index(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"\x08\x00\x01\x00OB\0\0\xff\xff\xff\x7f")
    packed += b"".join(packer.compress(bytes(2**24)) for _ in range(36))
    path.write_bytes(octets[:start] + packed + packer.flush())
    return path


def run_lengths(make: Make) -> Path:
    return make(
        ramp(), PREFIX + "5", frames=[struct.pack("<16I", 2, 64, 66, *([0] * 13)) + b"\x81\0\x81\0"], Rows=9000, Columns=9000
    )


def wavelets(make: Make) -> Path:
    whole = bytearray(imagecodecs.jpeg2k_encode(ramp(), level=0, codecformat="j2k"))
    struct.pack_into("!2I", whole, 8, 60000, 60000)
    struct.pack_into("!2I", whole, 24, 60000, 60000)
    return make(ramp(), PREFIX + "4.90", frames=[bytes(whole[:250])], Rows=60000, Columns=60000)


def wavelets_that_disagree(make: Make) -> Path:
    whole = bytearray(imagecodecs.jpeg2k_encode(ramp(), level=0, codecformat="j2k"))
    struct.pack_into("!2I", whole, 8, 9000, 9000)
    return make(ramp(), PREFIX + "4.90", frames=[bytes(whole)])


def wavelets_of_nothing(make: Make) -> Path:
    """63 frames of one grey, all as the standard wants them: 12 kB that become 504 MB."""
    frame = imagecodecs.jpeg2k_encode(np.full((2000, 2000), 1000, np.uint16), level=0, codecformat="j2k")
    return make(np.zeros((2000, 2000), np.uint16), PREFIX + "4.90", frames=[frame] * 63, NumberOfFrames=63)


def presets(make: Make) -> Path:
    """1,000 windows for each of 3,000 frames: 3 million for one film's worth of pixels."""
    windows = {"WindowCenter": list(range(1000)), "WindowWidth": list(range(1, 1001))}
    return make(np.tile(ramp(16, 16), (3000, 1, 1)), NumberOfFrames=3000, **windows)


def tables(make: Make) -> Path:
    """A lookup table of 128 kB for each of 3,000 frames."""
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [0, 0, 16], np.arange(65536, dtype=np.uint16).tobytes()
    return make(np.tile(ramp(16, 16), (3000, 1, 1)), NumberOfFrames=3000, VOILUTSequence=[table])


def tiles(make: Make) -> Path:
    whole = bytearray(imagecodecs.jpeg2k_encode(np.zeros((2000, 2000), np.uint8), level=0, codecformat="j2k"))
    struct.pack_into("!2I", whole, 24, 1, 1)
    return make(np.zeros((2000, 2000), np.uint8), PREFIX + "4.90", frames=[bytes(whole)])


def frames(make: Make) -> Path:
    return make(ramp(), PREFIX + "4.80", frames=[b"\xff\xd8" * 20], NumberOfFrames=2**31 - 1)


def endless_list(make: Make) -> Path:
    """1.5 million entries, one by the end record, and a signature of zip64 that is not the record's."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, *([0] * 14))
    path = make(ramp()).with_suffix(".zip")
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        for _ in range(15):
            file.write(entry * 100_000)
        file.write(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *(1_500_000,) * 2, 46 * 1_500_000, 4))
        file.write(b"PK\x06\x07" + bytes(4) + b"PK\x06\x06" + bytes(4) + b"\1\0\0\0")
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 46, 4, 0))
    return path


def png(make: Make) -> Path:
    chunk = struct.pack("!2I5B", 100_000, 100_000, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(10**6))
    path = make(ramp()).with_suffix(".png")
    pieces = ((b"IHDR", chunk), (b"IDAT", packed), (b"IEND", b""))
    body = b"".join(
        struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data)) for name, data in pieces
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize(
    "bomb",
    [
        nested,
        nested_with_lengths,
        elements,
        items,
        inflating,
        run_lengths,
        wavelets,
        wavelets_that_disagree,
        wavelets_of_nothing,
        presets,
        tables,
        tiles,
        frames,
        endless_list,
        png,
    ],
)
def test_a_bomb_is_refused_at_once(make: Make, workdir: Path, bomb: Callable[[Make], Path]) -> None:
    path, settings = bomb(make), Settings(decode_seconds=10)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    found = list(read(path, "bomb", settings, workdir))
    seconds = time.monotonic() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if bomb is nested_with_lengths:  # nobody asks for what is nested there, so nobody parses it
        assert len(found) == 1
    else:
        assert isinstance(found[0], Rejected), found
    assert seconds < 5 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))  # on a machine with nothing else to do: 5
    assert grown < 200
