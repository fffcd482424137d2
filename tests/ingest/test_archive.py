"""Zip files: good members kept, each bad one with its reason, nothing outside the folder."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app import ingest
from app.config import Settings
from app.errors import InputError, NotReadable, TooLarge
from app.ingest.archive import ArchiveLimits, Member, count, members
from tests.ingest.conftest import ramp

LIMITS = ArchiveLimits(members=50, member=40 * 2**20, total=60 * 2**20)


@pytest.fixture
def film() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(ramp(20, 30, 255).astype("uint8")).save(stream, "png")
    return stream.getvalue()


def pack(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, octets in entries:
            archive.writestr(name, octets)
    return path


def unpack(path: Path, workdir: Path, limits: ArchiveLimits = LIMITS) -> list[Member]:
    return list(members(path, limits, workdir))


def reason(member: Member) -> str:
    assert isinstance(member.found, InputError)
    return member.found.sentence


def test_members_come_one_by_one_under_names_of_our_making(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", ("disc/series 1/a.png", film), ("b.png", film), ("disc/", b""))
    first, second = unpack(path, workdir)
    assert (first.name, second.name) == ("disc/series 1/a.png", "b.png")
    assert isinstance(first.found, Path)
    assert first.found.read_bytes() == film
    assert {file.name for file in workdir.iterdir()} == {
        file.found.name for file in (first, second) if isinstance(file.found, Path)
    }
    assert all(len(file.name) == 32 for file in workdir.iterdir())


def test_what_file_managers_leave_is_not_mentioned(tmp_path: Path, workdir: Path, film: bytes) -> None:
    junk = [(name, b"x") for name in ("__MACOSX/._a.png", ".DS_Store", "folder/._b", "Thumbs.db", "x/desktop.ini")]
    path = pack(tmp_path / "a.zip", *junk, ("a.png", film), ("folder/", b""))
    assert [member.name for member in unpack(path, workdir)] == ["a.png"]
    assert count(path, LIMITS) == 1


def test_files_are_counted_without_unpacking_any(tmp_path: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", *((f"{number}.png", film) for number in range(7)))
    assert ingest.count(path, Settings()) == 7
    (tmp_path / "b.zip").write_bytes(path.read_bytes()[:-30])
    assert ingest.count(tmp_path / "b.zip", Settings()) == ingest.count(tmp_path / "none.zip", Settings()) == 1


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/cron.d/evil.png", "a/../../evil.png", "C:\\evil.png", "..\\evil.png", "\\\\host\\evil.png"]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, workdir: Path, film: bytes, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    bad, good = unpack(pack(tmp_path / "a.zip", (name, film), ("good.png", film)), workdir)
    assert "leads out of it" in reason(bad)
    assert isinstance(good.found, Path)
    new = set(tmp_path.rglob("*")) - set(before)
    assert {file.parent for file in new} == {tmp_path, workdir}


def test_links_passwords_and_odd_methods_are_refused(tmp_path: Path, workdir: Path, film: bytes) -> None:
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    odd = zipfile.ZipInfo("odd.png")
    odd.compress_type = zipfile.ZIP_BZIP2
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, b"/etc/passwd")
        archive.writestr(odd, film, zipfile.ZIP_BZIP2)
        archive.writestr("empty.dcm", b"")
        archive.writestr("locked.png", film)
    octets = bytearray(path.read_bytes())
    at = octets.rindex(b"locked.png") - 46
    octets[at + 8] |= 1  # the directory's flag bit: encrypted
    path.write_bytes(bytes(octets))
    found = [reason(member) for member in unpack(path, workdir)]
    words = ("a link", "unusual way", "empty", "password")
    assert [word in sentence for word, sentence in zip(words, found, strict=True)] == [True] * 4
    assert not list(workdir.iterdir())


def test_a_broken_member_is_named_and_the_others_are_kept(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", ("a.png", film), ("b.png", film), ("c.png", film), method=zipfile.ZIP_STORED)
    octets = bytearray(path.read_bytes())
    octets[octets.index(b"b.png") + len(film) // 2] ^= 0xFF
    path.write_bytes(bytes(octets))
    a, b, c = unpack(path, workdir)
    assert isinstance(a.found, Path)
    assert isinstance(c.found, Path)
    assert "damaged inside" in reason(b)
    assert len(list(workdir.iterdir())) == 2


def test_a_member_longer_than_it_says_is_broken(tmp_path: Path, workdir: Path) -> None:
    dicom = b"\0" * 128 + b"DICM" + b"x" * 5000
    path = pack(tmp_path / "a.zip", ("a.dcm", dicom))
    octets = bytearray(path.read_bytes())
    at = octets.rindex(b"a.dcm") - 46
    struct.pack_into("<I", octets, at + 24, 140)  # the directory's uncompressed size
    path.write_bytes(bytes(octets))
    assert "damaged inside" in reason(unpack(path, workdir)[0])


def test_members_that_overlap_are_refused(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", ("a.png", film), ("b.png", film), ("c.png", film), method=zipfile.ZIP_STORED)
    octets = bytearray(path.read_bytes())
    directory = octets.index(b"PK\x01\x02")
    second = octets.index(b"PK\x01\x02", directory + 4)
    octets[second + 42 : second + 46] = octets[directory + 42 : directory + 46]  # b's octets are a's
    path.write_bytes(bytes(octets))
    a, b, c = unpack(path, workdir)
    assert "shares its bytes" in reason(a)
    assert "shares its bytes" in reason(b)
    assert isinstance(c.found, Path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, workdir: Path) -> None:
    head = b"\0" * 128 + b"DICM"
    path = pack(
        tmp_path / "a.zip",
        ("ratio.dcm", head + bytes(20 * 2**20)),
        ("large.dcm", head + bytes(41 * 2**20)),
        ("zeros", bytes(30 * 2**20)),
    )
    ratio, large, zeros = unpack(path, workdir)
    assert "zip bomb" in reason(ratio)
    assert "more than 40 MB" in reason(large)
    assert "zip bomb" in reason(zeros)
    assert not list(workdir.iterdir())


def test_all_members_together_have_a_limit(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", *((f"{number}.png", film) for number in range(4)))
    found = unpack(path, workdir, ArchiveLimits(members=50, member=2**20, total=2 * len(film) + 10))
    assert [isinstance(member.found, Path) for member in found] == [True, True, False, False]
    assert "in all" in reason(found[2])


def cut(octets: bytes) -> bytes:
    return octets[: len(octets) // 2]


def swapped(octets: bytes) -> bytes:
    return octets.replace(b"PK\x01\x02", b"PK\x00\x00")


@pytest.mark.parametrize("damage", [cut, swapped])
def test_a_broken_archive_is_refused_as_a_whole(
    tmp_path: Path, workdir: Path, film: bytes, damage: Callable[[bytes], bytes]
) -> None:
    path = pack(tmp_path / "a.zip", *((f"{number}.png", film) for number in range(9)))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NotReadable, match="zip file"):
        unpack(path, workdir)


def test_empty_archives_and_office_documents_are_named(tmp_path: Path, workdir: Path) -> None:
    with pytest.raises(NotReadable, match="no files in it"):
        unpack(pack(tmp_path / "a.zip"), workdir)
    with pytest.raises(NotReadable, match="Office document"):
        unpack(pack(tmp_path / "b.zip", ("[Content_Types].xml", b"<xml/>")), workdir)


def test_too_many_members_are_refused_before_the_directory_is_read(tmp_path: Path, workdir: Path) -> None:
    many = pack(tmp_path / "a.zip", *((f"{number}", b"x") for number in range(51)))
    with pytest.raises(TooLarge, match="51 files"):
        unpack(many, workdir)
    far_too_many = pack(tmp_path / "b.zip", *((f"{'n' * 200}{number}", b"x") for number in range(800)))
    with pytest.raises(TooLarge, match="far more"):
        unpack(far_too_many, workdir)


def test_a_member_without_a_name_is_read(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = tmp_path / "a.zip"
    told = struct.pack("<3I2H", zlib.crc32(film), len(film), len(film), 0, 0)
    here = b"PK\x03\x04" + struct.pack("<5H", 20, 0, 0, 0, 0x21) + told + film
    listed = b"PK\x01\x02" + struct.pack("<6H", 20, 20, 0, 0, 0, 0x21) + told + bytes(14)
    path.write_bytes(here + listed + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), len(here), 0))
    (only,) = unpack(path, workdir)
    assert only.name == "?"
    assert isinstance(only.found, Path)
    assert only.found.read_bytes() == film


def test_names_of_korean_windows_are_readable(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = pack(tmp_path / "a.zip", ("AAAAAAAA.png", film), ("BBBBBBBBB.png", film), ("CCCC.png", film))
    octets = path.read_bytes().replace(b"AAAAAAAA", "흉부사진".encode("cp949"))
    octets = octets.replace(b"BBBBBBBBB", "사진들".encode()).replace(b"CCCC", b"caf\x82")
    path.write_bytes(octets)
    assert [member.name for member in unpack(path, workdir)] == ["흉부사진.png", "사진들.png", "café.png"]


def nested(film: bytes, deep: int) -> bytes:
    """An archive in so many others, a film beside each."""
    octets = film
    for level in range(deep + 1):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip" if level else "innermost.png", octets)
            archive.writestr(f"film-{level}.png", film + bytes([level]))
        octets = stream.getvalue()
    return octets


def test_archives_in_archives_are_opened_so_deep_and_no_deeper(
    tmp_path: Path, workdir: Path, settings: Settings, film: bytes
) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(nested(film, 3))
    found = list(ingest.read(path, "outer.zip", settings, workdir))
    assert all(isinstance(one, ingest.Accepted) for one in found)
    assert len(found) == 5
    assert "outer.zip/inner.zip/inner.zip/inner.zip/innermost.png" in {one.name for one in found}
    path.write_bytes(nested(film, 4))
    refused = [one for one in ingest.read(path, "outer.zip", settings, workdir) if isinstance(one, ingest.Rejected)]
    assert ["more than 3 others" in one.error.sentence for one in refused] == [True]


def test_the_limits_are_for_an_archive_and_all_inside_of_it(tmp_path: Path, workdir: Path, film: bytes) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(nested(film, 3))
    few = Settings(var=tmp_path / "var", max_files=6)
    found = list(ingest.read(path, "outer.zip", few, workdir))
    assert any("at most 6 are read" in one.error.sentence for one in found if isinstance(one, ingest.Rejected))
    black = io.BytesIO()
    with zipfile.ZipFile(black, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", film + bytes(2**20))
    outer = pack(path, *((f"{number}.zip", black.getvalue()) for number in range(4)))
    little = Settings(var=tmp_path / "var", max_upload_mb=2)
    told = [one.error.sentence for one in ingest.read(outer, "o.zip", little, workdir) if isinstance(one, ingest.Rejected)]
    assert sum("more than 2 MB in all" in sentence for sentence in told) >= 2
