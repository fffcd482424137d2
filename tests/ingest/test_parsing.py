"""Files as data sets: damaged lengths; deflated ones whole, cut, damaged, wrapped."""

import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.domain import Study
from app.errors import NotReadable
from tests.ingest.conftest import Make, ramp

DEFLATED = "1.2.840.10008.1.2.1.99"
START = DEFLATED.encode()


def test_a_deflated_data_set_is_read_also_in_zlibs_wrapping(
    make: Make, read_study: Callable[[Path], tuple[Study, object]]
) -> None:
    path = make(ramp(), DEFLATED)
    octets = path.read_bytes()
    start = octets.index(START) + len(START)
    for packed in (octets[start:], zlib.compress(zlib.decompress(octets[start:], -15))):
        path.write_bytes(octets[:start] + packed)
        assert np.array_equal(read_study(path)[0].series[0].images[0].stored, ramp())


def test_a_damaged_length_asks_for_no_memory(make: Make, read_study: Callable[[Path], tuple[Study, object]]) -> None:
    path = make(ramp())
    octets = bytearray(path.read_bytes())
    at = octets.index(b"\xe0\x7f\x10\x00OW")
    octets[at + 8 : at + 12] = b"\xf0\xff\xff\xef"  # 4 GB of pixels
    path.write_bytes(octets)
    tracemalloc.start()
    read_study(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 2**20


def test_cut_and_damaged_ones_are_refused(make: Make, read_study: Callable[[Path], tuple[Study, object]]) -> None:
    path = make(ramp(), DEFLATED)
    octets = path.read_bytes()
    path.write_bytes(octets[:-200])
    with pytest.raises(NotReadable, match="breaks off"):
        read_study(path)
    start = octets.index(START) + len(START)
    path.write_bytes(octets[:start] + b"\xff" * 40)
    with pytest.raises(NotReadable, match="deflated data set is damaged"):
        read_study(path)
    path.write_bytes(octets[:start] + zlib.compressobj(9, 8, -15).flush())
    with pytest.raises(NotReadable):
        read_study(path)
