"""The bench of an exam's pixels asks a real server, and finds the octets that lie on the disk."""

import pytest

from app.bench import pixels


def test_the_pixels_are_what_lies_on_the_disk_and_both_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "SIZE", 64)
    monkeypatch.setattr(pixels, "SLICES", 2)
    slices, disk, ratio = pixels.measure(2)
    assert slices.name.startswith("6 slices of an exam")
    assert (len(slices.samples), len(disk.samples), ratio.unit) == (2, 2, "×")
    assert min(*slices.samples, *disk.samples, *ratio.samples) > 0
