"""Flipped, cut and lengthened files: always an answer, never an exception, and the same process goes on."""

import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.ingest import Accepted, Rejected, read
from tests.ingest.conftest import Make, ramp

NOISE = (ramp(64, 64, 4000) + np.random.default_rng(3).integers(0, 90, (64, 64))).astype(np.uint16)
GREY = (NOISE >> 4).astype(np.uint8)

KINDS = {
    "uncompressed": ("1.2.840.10008.1.2.1", None),
    "deflated": ("1.2.840.10008.1.2.1.99", None),
    "JPEG lossless": ("1.2.840.10008.1.2.4.70", lambda: imagecodecs.jpeg8_encode(NOISE, lossless=True, bitspersample=16)),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", lambda: imagecodecs.jpegls_encode(NOISE)),
    "JPEG 2000": ("1.2.840.10008.1.2.4.90", lambda: imagecodecs.jpeg2k_encode(NOISE, level=0, codecformat="j2k")),
    "JPEG XL": ("1.2.840.10008.1.2.4.110", lambda: imagecodecs.jpegxl_encode(NOISE, lossless=True)),
    "JPEG": ("1.2.840.10008.1.2.4.50", lambda: imagecodecs.jpeg8_encode(GREY)),
}

flips = st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), min_size=1, max_size=8)
cuts = st.one_of(st.none(), st.floats(0, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_always_gets_an_answer(make: Make, workdir: Path, kind: str) -> None:
    syntax, encode = KINDS[kind]
    frames = None if encode is None else [bytes(encode())]
    path = make(
        GREY if kind == "JPEG" else NOISE, syntax, frames, WindowCenter=2000, WindowWidth=4000, PatientOrientation=["L", "F"]
    )
    whole, mutated, limits = path.read_bytes(), path.with_suffix(".mutated"), Settings(decode_seconds=5)
    me = os.getpid()

    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(flips, cuts)
    def answered(changes: list[tuple[float, int]], cut: float | None) -> None:
        octets = bytearray(whole)
        for where, what in changes:
            octets[128 + int(where * (len(octets) - 128))] ^= what  # the preamble may hold anything anyway
        mutated.write_bytes(octets if cut is None else octets[: int(cut * len(octets))])
        found = list(read(mutated, "mutated", limits, workdir))
        assert len(found) <= 1
        for each in found:
            assert isinstance(each, Accepted | Rejected)
            if isinstance(each, Rejected):
                assert each.error.sentence.endswith(".")
                assert each.error.status in (413, 422)

    answered()
    assert os.getpid() == me
    path.write_bytes(whole)
    (found,) = read(path, "whole", limits, workdir)
    assert isinstance(found, Accepted)
