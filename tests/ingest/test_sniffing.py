"""What a file is, by its first octets."""

import struct

import pytest

from app.errors import NotReadable
from app.ingest.sniffing import kind

JPEG, PNG = b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\0" * 128 + b"DICM", "dicom"),
        (b"PK\x03\x04".ljust(128) + b"DICM", "dicom"),
        (b"%PDF-1.4".ljust(128) + b"DICM", "dicom"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (PNG, "png"),
        (JPEG, "jpeg"),
        (struct.pack("<HHI", 8, 5, 10) + b"ISO_IR 100" + struct.pack("<HHI", 8, 0x16, 4) + b"1.2\0", "dicom"),
        (struct.pack("<HH2sH", 8, 5, b"CS", 10) + b"ISO_IR 100" + struct.pack("<HH2sH", 8, 0x16, b"UI", 4) + b"1.2\0", "dicom"),
        (struct.pack(">HH2sH", 8, 5, b"CS", 10) + b"ISO_IR 100" + struct.pack(">HH2sH", 8, 0x16, b"UI", 4) + b"1.2\0", "dicom"),
    ],
)
def test_what_is_read(head: bytes, what: str) -> None:
    assert kind(head, 100_000) == what


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"Dear colleague,\n", "text file"),
        ("안녕하세요".encode(), "text file"),
        ("text".encode("utf-16"), "text file"),
        (b"II*\0....", "TIFF image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP image"),
        (b"\0\0\0\x18ftypheic", "HEIC image"),
        (b"\0\0\0\x18ftypisom", "MP4 video"),
        (b"GIF89a", "GIF image"),
        (b"Rar!\x1a\x07\x01\0", "RAR archive"),
        (b"\x1f\x8b\x08", "gzip archive"),
        (b"%PDF-1.7", "PDF document"),
        (b"\x5c\x01\0\0".ljust(344, b"\0") + b"n+1\0", "NIfTI file"),
        (b"\x7fELF\x02\x01\x01\0", "neither DICOM"),
        (b"\x08\0", "neither DICOM"),
        (b"\x08\x00\x05\x00" + b"\xff" * 60, "neither DICOM"),
        (struct.pack("<HH2sHI", 8, 5, b"OB", 0, 4) + b"\0" * 4 + b"\xff" * 30, "neither DICOM"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, words: str) -> None:
    with pytest.raises(NotReadable, match=words) as caught:
        kind(head, len(head))
    assert caught.value.sentence.endswith(".")


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(NotReadable, match="empty"):
        kind(b"", 0)
