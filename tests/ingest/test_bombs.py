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


def tiles(make: Make) -> Path:
    whole = bytearray(imagecodecs.jpeg2k_encode(np.zeros((2000, 2000), np.uint8), level=0, codecformat="j2k"))
    struct.pack_into("!2I", whole, 24, 1, 1)
    return make(np.zeros((2000, 2000), np.uint8), PREFIX + "4.90", frames=[bytes(whole)])


def frames(make: Make) -> Path:
    return make(ramp(), PREFIX + "4.80", frames=[b"\xff\xd8" * 20], NumberOfFrames=2**31 - 1)


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
        tiles,
        frames,
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
