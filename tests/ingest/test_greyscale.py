"""Modality LUT, rescale, windows, VOI LUT, and the way to 16 bits."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from app.domain import Window
from app.errors import NotReadable
from app.ingest import greyscale
from app.ingest.greyscale import Grey, lookup_table, modality_values, sixteen, voi_lut, windows
from app.ingest.header import Header


def header(**elements: Any) -> Header:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return Header([ds])


def table(first: int, bits: int, entries: list[int], **more: Any) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return item


def test_rescale_is_noted_and_pixels_stay_as_stored() -> None:
    stored = np.array([[0, 1], [2, 3]], np.uint16)
    grey = modality_values(stored, header(RescaleSlope=2, RescaleIntercept=-1024, RescaleType="HU"), "CT")
    assert grey.stored is stored
    assert (grey.slope, grey.intercept, grey.units) == (2, -1024, "HU")


@pytest.mark.parametrize(
    ("elements", "modality", "units"),
    [
        ({"RescaleSlope": 1, "RescaleType": "US"}, "CT", ""),
        ({"RescaleSlope": 1}, "CT", "HU"),
        ({"RescaleSlope": 1, "ImageType": ["DERIVED", "PRIMARY"]}, "CT", ""),
        ({"RescaleSlope": 1}, "MR", ""),
        ({"Units": "BQML"}, "PT", "BQML"),
    ],
)
def test_units(elements: dict[str, Any], modality: str, units: str) -> None:
    assert modality_values(np.zeros((2, 2), np.uint16), header(**elements), modality).units == units


def test_a_slope_of_zero_is_not_believed() -> None:
    read = header(RescaleSlope=0, RescaleIntercept=5)
    grey = modality_values(np.ones((2, 2), np.uint16), read, "DX")
    assert (grey.slope, grey.intercept) == (1, 0)
    assert read.warnings == [greyscale.BAD_RESCALE]


def test_a_modality_lut_is_applied_and_rescale_ignored() -> None:
    read = header(RescaleSlope=7, ModalityLUTSequence=Items([table(-1, 12, [10, 20, 30], ModalityLUTType="OD")]))
    grey = modality_values(np.array([[-5, -1, 0, 1, 9]], np.int16), read, "CR")
    assert grey.stored.tolist() == [[10, 10, 20, 30, 30]]
    assert (grey.slope, grey.intercept, grey.units) == (1, 0, "OD")


def test_a_damaged_modality_lut_is_left_out_with_a_warning() -> None:
    item = table(0, 12, [1, 2, 3])
    item.LUTDescriptor = [9, 0, 12]
    read = header(ModalityLUTSequence=Items([item]))
    assert modality_values(np.ones((2, 2), np.uint16), read, "CR").stored.tolist() == [[1, 1], [1, 1]]
    assert read.warnings == [greyscale.BAD_LUT]


def test_windows_are_presets_with_their_explanations() -> None:
    read = header(
        WindowCenter=[40, -600, 5], WindowWidth=[400, 1500, 0], WindowCenterWidthExplanation=["SOFT, TISSUE", "LUNG", "BAD"]
    )
    assert windows(read) == (Window(40, 400, "LINEAR", "SOFT, TISSUE"), Window(-600, 1500, "LINEAR", "LUNG"))
    assert read.warnings == [greyscale.BAD_WINDOW]


def test_window_functions() -> None:
    assert windows(header(WindowCenter=5, WindowWidth=2, VOILUTFunction="SIGMOID"))[0].function == "SIGMOID"
    assert windows(header(WindowCenter=5, WindowWidth=2, VOILUTFunction="LINEAR_EXACT"))[0].function == "LINEAR_EXACT"
    assert windows(header(WindowCenter=5, WindowWidth=0.5))[0].function == "LINEAR_EXACT"
    assert windows(header(WindowCenter=5)) == ()


def test_a_voi_lut_keeps_its_sign() -> None:
    read = header(VOILUTSequence=Items([table(64512, 8, [0, 128, 255], LUTExplanation="NORMAL")]))
    found = voi_lut(read, Grey(np.zeros((1, 1), np.uint16), 1, -1024, "HU"))
    assert found is not None
    assert (found.first, found.bits, found.data.tolist(), found.label) == (-1024, 8, [0, 128, 255], "NORMAL")
    assert not found.data.flags.writeable


@pytest.mark.parametrize(
    ("descriptor", "vr", "data", "bits", "entries"),
    [
        ([4, 0, 8], "OW", bytes([1, 2, 3, 4]), 8, [1, 2, 3, 4]),  # octets, packed
        ([3, 0, 8], "OW", bytes([1, 0, 2, 0, 3, 0]), 8, [1, 2, 3]),  # octets in words
        ([2, 0, 16], "OW", b"\x01\x02\xff\xff", 16, [0x0201, 0xFFFF]),
        ([4, 0, 8], "US", [0x0201, 0x0403], 8, [1, 2, 3, 4]),
        ([2, 0, 8], "US", [0, 4095], 12, [0, 4095]),  # deeper than it says
    ],
)
def test_lookup_tables_come_in_many_shapes(descriptor: list[int], vr: str, data: Any, bits: int, entries: list[int]) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", descriptor)
    item.add_new("LUTData", vr, data)
    found = lookup_table(Header([item]), "LUTDescriptor", "LUTData", signed=False)
    assert found is not None
    assert (found[1], found[2].tolist()) == (bits, entries)


@pytest.mark.parametrize(("descriptor", "data"), [([9, 0, 16], b"\0\0"), ([2, 0], b"\0\0\0\0"), ([0, 0, 16], b"\0\0")])
def test_lookup_tables_that_make_no_sense(descriptor: list[int], data: bytes) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", descriptor)
    item.add_new("LUTData", "OW", data)
    assert lookup_table(Header([item]), "LUTDescriptor", "LUTData", signed=False) is None


def test_values_that_fit_are_exact_and_others_are_reduced_with_a_warning() -> None:
    read = header()
    small, slope, base = sixteen(np.array([[-7, 300]], np.int32), read)
    assert small.dtype == np.int16
    assert (small.tolist(), slope, base) == ([[-7, 300]], 1, 0)
    assert not read.warnings
    wide, slope, base = sixteen(np.array([[0, 10, 1_000_000]], np.int32), read)
    assert np.allclose(wide * slope + base, [[0, 10, 1_000_000]], atol=slope / 2)
    assert read.warnings == [greyscale.REDUCED]


def test_floats_are_quantised_and_what_is_no_number_becomes_the_lowest() -> None:
    read = header()
    values, slope, base = sixteen(np.array([[0.25, 0.75, np.nan, np.inf]], np.float32), read)
    assert np.allclose(values * slope + base, [[0.25, 0.75, 0.25, 0.25]], atol=1e-5)
    assert greyscale.NOT_FINITE in read.warnings
    flat, _, base = sixteen(np.full((2, 2), 3.5, np.float64), read)
    assert flat.max() == 0
    assert base == 3.5
    with pytest.raises(NotReadable, match="finite"):
        sixteen(np.full((2, 2), np.nan, np.float32), read)
