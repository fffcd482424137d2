"""Films as other software writes them, by the standard or not: their values and their letters."""

from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from app.grey import grey, window_for
from app.ingest import charset, greyscale, padding, pixels, presentation
from app.ingest.charset import GUESSED
from app.ingest.dicom import UNDELIMITED
from app.ingest.parsing import DELIMITER
from tests.ingest.conftest import CT, Make, ramp
from tests.ingest.test_codecs import PREFIX, Read, jpeg, rle

FILM = ramp(64, 64, 4000)
OCTETS = (FILM >> 4).astype(np.uint8)


def lut(entries: NDArray[np.uint16], bits: int, order: str, name: str = "LUT") -> Dataset:
    item = Dataset()
    item.add_new(f"{name}Descriptor", "US", [len(entries) % 65536, 0, bits])
    item.add_new(f"{name}Data", "OW", entries.astype(f"{order}u2").tobytes())
    return item


@pytest.mark.parametrize("fill", [b"", b"\xff", b"\xff\xff", b"\xff" * 9])
@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        ("4.50", lambda: jpeg(OCTETS, level=95)),
        ("4.51", lambda: jpeg(FILM, level=98, bitspersample=12)),
        ("4.70", lambda: jpeg(FILM, lossless=True, bitspersample=16)),
        ("4.80", lambda: bytes(imagecodecs.jpegls_encode(FILM))),
    ],
)
def test_fill_bytes_before_the_end_marker_are_no_damage(
    make: Make, read_study: Read, syntax: str, encode: Any, fill: bytes
) -> None:
    """ISO 10918-1 B.1.1.2: any marker may have them; writers use one to make a fragment even."""
    whole = encode()
    source = OCTETS if syntax == "4.50" else FILM
    plain, filled = (
        read_study(make(source, PREFIX + syntax, frames=[stream]))[0].series[0].images[0].stored
        for stream in (whole, whole[:-2] + fill + b"\xff\xd9")
    )
    assert np.array_equal(plain, filled)


def test_what_a_lossy_codec_overshoots_is_cut_off_and_not_wrapped_around(make: Make, read_study: Read) -> None:
    film = np.zeros((64, 64), np.uint16)
    film[16:48, 16:48] = 1023
    film[30:34, 30:34] = 700
    stream = jpeg(film, level=60, bitspersample=12)
    assert imagecodecs.jpeg8_decode(stream).max() > 1023
    study, warnings = read_study(
        make(film, PREFIX + "4.51", frames=[stream], BitsStored=10, WindowCenter=512, WindowWidth=1024)
    )
    image = study.series[0].images[0]
    assert image.stored.max() == 1023
    assert (grey(image)[18:28, 18:28] > 0.9).all()
    assert pixels.BEYOND in warnings


def test_a_lossless_stream_that_is_deeper_than_its_header_says_is_believed(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(FILM, PREFIX + "4.80", frames=[bytes(imagecodecs.jpegls_encode(FILM))], BitsStored=10))
    assert np.array_equal(study.series[0].images[0].stored, FILM)
    assert pixels.WIDER in warnings


@pytest.mark.parametrize("high", [11, 13, 15])
@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        ("4.90", lambda: bytes(imagecodecs.jpeg2k_encode(FILM, level=0, codecformat="j2k", bitspersample=12))),
        ("4.90", lambda: bytes(imagecodecs.jpeg2k_encode(FILM, level=0, codecformat="j2k"))),
        ("4.80", lambda: bytes(imagecodecs.jpegls_encode(FILM))),
        ("4.70", lambda: jpeg(FILM, lossless=True, bitspersample=16)),
    ],
)
def test_the_headers_high_bit_moves_no_value_of_a_stream(
    make: Make, read_study: Read, syntax: str, encode: Any, high: int
) -> None:
    """PS3.5 8.1.1 is about cells of native data."""
    study, _ = read_study(make(FILM, PREFIX + syntax, frames=[encode()], BitsStored=12, HighBit=high))
    assert np.array_equal(study.series[0].images[0].stored, FILM)


def test_cells_that_were_packed_as_they_lie_are_still_shifted(make: Make, read_study: Read) -> None:
    high = FILM << 4
    for syntax, frames in (("1", None), ("5", [rle(high)]), ("4.80", [bytes(imagecodecs.jpegls_encode(high))])):
        path = make(high, PREFIX + syntax, frames=frames, BitsStored=12, HighBit=15)
        assert np.array_equal(read_study(path)[0].series[0].images[0].stored, FILM)


@pytest.mark.parametrize(("syntax", "order"), [(ExplicitVRBigEndian, ">"), (ExplicitVRLittleEndian, "<")])
def test_tables_of_words_lie_in_the_files_order(make: Make, read_study: Read, syntax: str, order: str) -> None:
    """PS3.5 6.2: OW is swapped as pixels are."""
    curve = (np.sqrt(np.arange(4096) / 4095) * 4095).astype(np.uint16)
    values = FILM.astype(f"{order}u2")
    image = read_study(make(values, syntax, VOILUTSequence=[lut(curve, 12, order)], BitsStored=12))[0].series[0].images[0]
    assert np.abs(grey(image) - curve[FILM] / 4095).max() < 1e-3
    item = lut(curve, 12, order)
    item.ModalityLUTType = "US"
    found = read_study(make(values, syntax, ModalityLUTSequence=[item], BitsStored=12))[0].series[0].images[0]
    assert np.array_equal(found.stored, curve[FILM])
    shades = np.arange(256, dtype=np.uint16) * 257
    colours: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        one = lut(shades, 16, order, f"{colour}PaletteColorLookupTable")
        colours |= {element.keyword: element.value for element in one}
    path = make(OCTETS, syntax, PhotometricInterpretation="PALETTE COLOR", **colours)
    assert np.array_equal(read_study(path)[0].series[0].images[0].stored, shades[OCTETS])


def test_octets_in_big_endian_words_are_put_right(make: Make, read_study: Read) -> None:
    swapped = OCTETS.reshape(-1).view(np.uint16).byteswap().view(np.uint8).reshape(OCTETS.shape)
    path = make(swapped, ExplicitVRBigEndian)
    data = path.read_bytes()
    words = data.replace(b"\x7f\xe0\x00\x10OB", b"\x7f\xe0\x00\x10OW")
    assert np.array_equal(read_study(path)[0].series[0].images[0].stored, swapped)  # OB lies as it is
    path.write_bytes(words)
    assert np.array_equal(read_study(path)[0].series[0].images[0].stored, OCTETS)


@pytest.mark.parametrize(
    ("photometric", "shape", "shown"),
    [
        ("MONOCHROME2", "INVERSE", "MONOCHROME1"),
        ("MONOCHROME1", "IDENTITY", "MONOCHROME2"),
        ("MONOCHROME1", "INVERSE", "MONOCHROME1"),
        ("MONOCHROME2", "IDENTITY", "MONOCHROME2"),
        ("MONOCHROME2", "LIN OD", "MONOCHROME2"),
        ("MONOCHROME1", None, "MONOCHROME1"),
    ],
)
def test_a_shape_that_contradicts_the_photometric_interpretation_wins(
    make: Make, read_study: Read, photometric: str, shape: str | None, shown: str
) -> None:
    study, warnings = read_study(make(FILM, PhotometricInterpretation=photometric, PresentationLUTShape=shape))
    assert study.series[0].images[0].photometric == shown
    assert any("contradicts" in warning for warning in warnings) == (photometric != shown)


@pytest.mark.parametrize(
    ("says", "top", "bits"), [(16, 4095, 12), (16, 1023, 10), (12, 255, 8), (16, 65535, 16), (16, 40000, 16), (12, 4000, 12)]
)
def test_a_table_is_as_deep_as_its_entries(make: Make, read_study: Read, says: int, top: int, bits: int) -> None:
    entries = np.linspace(0, top, 4096).astype(np.uint16)
    study, warnings = read_study(make(FILM, VOILUTSequence=[lut(entries, says, "<")], BitsStored=12))
    table = study.series[0].images[0].voi_lut
    assert table is not None
    assert table.bits == bits
    assert (greyscale.SHALLOW in warnings) == (bits != says)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("value", "limit"), [(0, None), (65535, None), (60000, 65535), (5, 0)])
def test_padding_has_no_part_in_the_picture_and_is_drawn_as_background(
    make: Make, read_study: Read, photometric: str, value: int, limit: int | None
) -> None:
    """PS3.3 C.7.5.1.1.2."""
    film = np.full((96, 96), value, np.uint16)
    film[20:84, 20:84] = FILM + 100
    film[84:90] = value if limit is None else limit
    own = np.zeros(film.shape, bool)
    own[20:84, 20:84] = True
    elements = {"PhotometricInterpretation": photometric, "PixelPaddingValue": value, "PixelPaddingRangeLimit": limit}
    study, warnings = read_study(make(film, **elements))
    image = study.series[0].images[0]
    assert padding.PADDED in warnings
    assert np.array_equal(image.stored[own], film[own])
    low, high = np.percentile(film[own], (0.5, 99.5))
    window = window_for(image)
    assert (window.centre, window.width) == pytest.approx(((low + high) / 2, high - low))
    assert (grey(image)[~own] == 0).all()
    assert np.ptp(grey(image)[own]) == pytest.approx(1, abs=1e-3)


def test_padding_of_signed_values_and_of_nothing(make: Make, read_study: Read) -> None:
    film = (FILM.astype(np.int16) - 1000).clip(-1000)
    film[:8] = -2000
    for vr, value in (("SS", -2000), ("US", 63536)):
        path = make(film, Modality="CT", SOPClassUID=CT)
        ds = pydicom.dcmread(path)
        ds.add_new("PixelPaddingValue", vr, value)
        ds.save_as(path)
        assert read_study(path)[0].series[0].images[0].stored.min() == film[8:].min()
    study, warnings = read_study(make(np.zeros((32, 32), np.uint16), PixelPaddingValue=0))
    assert study.series[0].images[0].stored.max() == 0
    assert padding.PADDED not in warnings


def test_compressed_pixels_without_a_transfer_syntax_are_read_by_their_stream(make: Make, read_study: Read) -> None:
    for syntax, stream, source in (
        ("4.50", jpeg(OCTETS, level=95), OCTETS),
        ("4.70", jpeg(FILM, lossless=True, bitspersample=16), FILM),
        ("4.80", bytes(imagecodecs.jpegls_encode(FILM)), FILM),
        ("4.90", bytes(imagecodecs.jpeg2k_encode(FILM, level=0, codecformat="j2k")), FILM),
        ("4.110", bytes(imagecodecs.jpegxl_encode(FILM, lossless=True)), FILM),
        ("5", rle(FILM), FILM),
    ):
        path = make(source, PREFIX + syntax, frames=[stream])
        wanted = read_study(path)[0].series[0].images[0].stored
        data = path.read_bytes()
        headless = path.with_suffix(".headless")
        headless.write_bytes(data[data.index(b"\x08\x00\x16\x00UI") :])
        study, warnings = read_study(headless)
        assert np.array_equal(study.series[0].images[0].stored, wanted), syntax
        assert pixels.NO_SYNTAX in warnings


def test_a_missing_last_delimiter_loses_no_pixel_and_a_cut_fragment_is_refused(make: Make, read_study: Read) -> None:
    path = make(OCTETS, PREFIX + "4.50", frames=[jpeg(OCTETS, level=95)])
    wanted = read_study(path)[0].series[0].images[0].stored
    whole = path.read_bytes()
    assert whole.endswith(DELIMITER)
    path.write_bytes(whole[: -len(DELIMITER)])
    study, warnings = read_study(path)
    assert np.array_equal(study.series[0].images[0].stored, wanted)
    assert UNDELIMITED in warnings
    path.write_bytes(whole[:-200])
    with pytest.raises(Exception, match=r"incomplete|damaged"):
        read_study(path)


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, presentation.FOR_PROCESSING),
        ({"BurnedInAnnotation": "YES"}, presentation.BURNED_IN),
        ({"LossyImageCompression": "01"}, presentation.COMPRESSED),
        ({"PixelAspectRatio": [0, 1]}, "aspect ratio"),
        ({}, ""),
    ],
)
def test_what_a_reader_should_know_is_said(make: Make, read_study: Read, elements: dict[str, Any], sentence: str) -> None:
    _, warnings = read_study(make(FILM, **elements))
    assert any(sentence in warning for warning in warnings) if sentence else warnings == ()


def test_overlay_planes_are_said(make: Make, read_study: Read) -> None:
    plane = Dataset()
    plane.add_new(0x60000010, "US", 64)
    plane.add_new(0x60003000, "OW", b"\1" * 512)
    path = make(FILM)
    ds = pydicom.dcmread(path)
    ds.update(plane)
    ds.save_as(path)
    assert presentation.OVERLAYS in read_study(path)[1]


def test_a_pixels_aspect_is_read_where_nothing_says_its_size(make: Make, read_study: Read) -> None:
    tall = read_study(make(FILM, PixelAspectRatio=[1, 2]))[0].series[0].images[0]
    assert (tall.aspect, tall.tall, tall.pixel_spacing) == (0.5, 0.5, None)
    sized = read_study(make(FILM, PixelAspectRatio=[1, 2], ImagerPixelSpacing=[0.3, 0.1]))[0].series[0].images[0]
    assert sized.tall == pytest.approx(3)
    scanned = read_study(make(FILM, NominalScannedPixelSpacing=[0.2, 0.1]))[0].series[0].images[0]
    assert (scanned.pixel_spacing, scanned.spacing_kind) == ((0.2, 0.1), "at detector, uncalibrated")


NAMES = [
    ("cp949", "홍^길동", "홍 길동"),
    ("cp949", "Hong^Gildong=洪^吉洞=김^영희", "Hong Gildong (洪 吉洞, 김 영희)"),
    ("cp932", "山田^太郎", "山田 太郎"),
    ("cp932", "Yamada^Tarou=鈴木^花子=やまだ^たろう", "Yamada Tarou (鈴木 花子, やまだ たろう)"),
    ("gb18030", "王^小东", "王 小东"),
    ("gb18030", "Zhang^Wei=张^伟", "Zhang Wei (张 伟)"),
    ("utf_8", "Müller^Jörg", "Müller Jörg"),
    ("utf_8", "홍^길동", "홍 길동"),
]


def with_name(make: Make, octets: bytes, declared: str | None) -> Any:
    path = make(FILM, PatientName="X" * (len(octets) + len(octets) % 2), SpecificCharacterSet=declared)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"X" * (len(octets) + len(octets) % 2), octets + b" " * (len(octets) % 2)))
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("declared", [None, "ISO_IR 100", "ISO_IR 6"])
@pytest.mark.parametrize("named", NAMES)
def test_letters_are_read_where_the_header_declares_others(
    make: Make, read_study: Read, named: tuple[str, str, str], declared: str | None
) -> None:
    encoding, name, shown = named
    study, warnings = read_study(with_name(make, name.encode(encoding), declared))
    assert study.patient.name == shown
    assert (GUESSED in warnings) == (encoding != "utf_8" or declared is not None)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "told",
    [
        ("ISO_IR 149", "cp949", "홍^길동", True),
        ("EUC-KR", "cp949", "홍^길동", True),
        ("Shift_JIS", "cp932", "山田^太郎", True),
        ("GB2312", "gb18030", "王^小东", True),
        ("GB18030", "gb18030", "王^小东", False),
        ("UTF-8", "utf_8", "홍^길동", True),
        ("ISO_IR 192", "utf_8", "홍^길동", False),
        ("ISO_IR 192", "cp949", "홍^길동", True),
        ("ISO_IR 100", "latin_1", "Müller^Jörg", False),
        ("ISO_IR 100", "latin_1", "PEÑA^MARÍA", False),
        ("ISO_IR 100", "latin_1", "Élodie^Ça", False),
    ],
)
def test_character_sets_that_are_misspelt_untrue_or_right(
    make: Make, read_study: Read, told: tuple[str, str, str, bool]
) -> None:
    declared, encoding, name, said = told
    study, warnings = read_study(with_name(make, name.encode(encoding), declared))
    assert study.patient.name == name.replace("^", " ")
    assert (charset.GUESSED in warnings) == said


def test_korean_with_the_standards_own_escape_is_left_alone(make: Make, read_study: Read) -> None:
    octets = b"Hong^Gildong==\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
    path = make(FILM, PatientName="X" * (len(octets) + len(octets) % 2), SpecificCharacterSet=["", "ISO 2022 IR 149"])
    path.write_bytes(path.read_bytes().replace(b"X" * (len(octets) + len(octets) % 2), octets + b" " * (len(octets) % 2)))
    study, warnings = read_study(path)
    assert study.patient.name == "Hong Gildong (홍 길동)"
    assert GUESSED not in warnings


def test_a_window_with_a_comma_is_left_out_and_the_film_is_read(make: Make, read_study: Read) -> None:
    path = make(FILM, WindowWidth=4096, WindowCenter=2048)
    path.write_bytes(path.read_bytes().replace(b"2048", b"20,8"))
    study, warnings = read_study(path)
    assert study.series[0].images[0].windows == ()
    assert len(warnings) == 1
