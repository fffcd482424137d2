"""In which letters a header is written, where what it says of them is missing or cannot be true. Knows octets and encodings.

Specific Character Set (0008,0005; PS3.3 C.12.1.1.2) is believed where the text is what it says. Writers in Korea, Japan and
China leave it out, misspell it, or declare Latin-1 over their own code page; many declare nothing and write UTF-8. What can
only be UTF-8 is read so. A code page of two octets per letter is guessed from the letters that come out of it, names first,
and said to be guessed.
"""

import re
import unicodedata
from typing import Final

from pydicom.dataset import Dataset

from app.ingest.header import Header

GUESSED = "The header does not say rightly in which letters it is written; they were recognised, and names may be wrong."
TEXTS: Final = (
    "PatientName", "StudyDescription", "SeriesDescription", "InstitutionName", "ReferringPhysicianName", "ProtocolName",
    "BodyPartExamined", "RequestedProcedureDescription", "PerformedProcedureStepDescription", "PatientComments",
    "OperatorsName", "PerformingPhysicianName", "ImageComments",
)  # fmt: skip
"""Elements that may hold letters beyond ASCII, in the order in which they are believed."""
NAMED: Final = {
    "ISOIR149": "cp949", "ISO2022IR149": "cp949", "KSC5601": "cp949", "KSX1001": "cp949", "EUCKR": "cp949", "CP949": "cp949",
    "MS949": "cp949", "SHIFTJIS": "cp932", "SJIS": "cp932", "CP932": "cp932", "MS932": "cp932", "WINDOWS31J": "cp932",
    "EUCJP": "euc_jp", "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "CP936": "gb18030", "EUCCN": "gb18030",
    "ISOIR58": "gb18030", "ISO2022IR58": "gb18030", "ISOIR192": "utf_8", "UTF8": "utf_8", "ISO10646": "utf_8",
}  # fmt: skip
"""Character sets as they are spelt, without signs, that stand alone for one encoding of any octets without escapes."""
RIGHT: Final = frozenset({"ISO_IR 192", "GB18030", "GBK"})
"""Of those the terms that the standard has for it (PS3.3 table C.12-5): nothing need be said of them."""

KOREAN = (
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구나민진지엄원천방공현함"
    "변염여추도소석선설마길연위표명기반왕금옥육인맹제모류라탁국어은편용"
)
CHINESE = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁"
    "魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹"
    "熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧司上"
)
"""The first letters of most family names: what a code page makes of the first octets of a name speaks for or against it."""


def settle(dataset: Dataset, header: Header) -> None:
    """Have a data set's text read in the encoding that it is in, and warn where that was guessed."""
    texts = [octets for octets in (_octets(dataset, keyword) for keyword in TEXTS) if octets]
    if all(map(bytes.isascii, texts)) or any(b"\x1b" in octets for octets in texts):
        return  # an escape says itself what follows (PS3.5 6.1.2.5)
    told = header.lines("SpecificCharacterSet")
    plain = re.sub(r"[^A-Z0-9]", "", "".join(told).upper())
    named = NAMED.get(plain)
    joined = b"\n".join(texts)
    if named is not None and _decoded(joined, named) is not None:
        if len(told) == 1 and told[0].upper() in RIGHT:
            return
        _set(dataset, named)
        if not plain.startswith("ISO2022"):
            header.warn(GUESSED)
        return
    if told and plain not in UNSURE and named is None:
        return
    encoding = _guessed(texts, latin=bool(told))
    if encoding is not None:
        _set(dataset, encoding)
        if encoding != "utf_8" or told:
            header.warn(GUESSED)


UNSURE: Final = frozenset(
    {"", "ISOIR6", "ISO2022IR6", "ISOIR100", "ISO2022IR100", "ISOIR192", "UTF8", "GB18030", "GBK", "ISOIR13"}
)
"""Declared sets that others write over: none, ASCII, Latin-1, and those whose octets cannot be what they claim."""


def _octets(dataset: Dataset, keyword: str) -> bytes:
    element = dataset.get_item(keyword)
    value = getattr(element, "value", None)
    return value if isinstance(value, bytes) else b""


def _set(dataset: Dataset, encoding: str) -> None:
    implicit, little = dataset.original_encoding
    dataset.set_original_encoding(implicit, little, [encoding])


def _guessed(texts: list[bytes], *, latin: bool) -> str | None:
    """The encoding that the octets are in; None where they may be what is declared. ``latin``: Latin-1 is."""
    joined = b"\n".join(texts)
    if _decoded(joined, "utf_8") is not None:
        return "utf_8"
    if _alone(joined):
        return None if latin else "latin_1"
    scores = {encoding: _score(texts, encoding) for encoding in ("cp949", "cp932", "gb18030")}
    best = max(scores, key=lambda encoding: scores[encoding])  # of equals the first
    return best if scores[best] > 0 else None


def _decoded(octets: bytes, encoding: str) -> str | None:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError:
        return None


def _alone(octets: bytes) -> bool:
    """Whether letters beyond ASCII stand alone among ASCII letters, as in “Müller” and “Élodie” in Latin-1; those of two octets
    hang together, and some of their first octets are controls there."""
    if re.search(rb"[\x80-\x90\x93-\x9f]", octets):
        return False
    single = rb"(?:(?<=[A-Za-z])[\x80-\xff](?![\x80-\xff]))|(?:(?<![\x80-\xff])[\x80-\xff](?=[a-z]{2}|[\n^= ]|$))"
    return re.search(single, octets) is not None


def _score(texts: list[bytes], encoding: str) -> float:
    """How much what comes out looks like what people in that language write; negative where it cannot be."""
    total = 0.0
    for octets in texts:
        text = _decoded(octets, encoding)
        if text is None:
            return -1.0
        letters = [letter for letter in text if not letter.isascii()]
        total += sum(_common(letter, encoding) for letter in letters)
        first = next((letter for letter in text if not letter.isascii()), "")
        known = {"cp949": KOREAN, "gb18030": CHINESE}.get(encoding, "")
        total += 2.0 if first and first in known else 0.0
    return total


def _common(letter: str, encoding: str) -> float:
    """How likely a letter is in its language: those of the standard's first level, which are in everyday use, above all."""
    name = unicodedata.name(letter, "")
    if encoding == "cp949":
        if "가" <= letter <= "힣":
            return 1.0 if len(letter.encode("euc_kr", "ignore")) == 2 else -1.0
        return 0.5 if name.startswith("CJK UNIFIED") else -1.0
    if encoding == "cp932":
        lead = letter.encode("cp932", "ignore")[:1]
        if name.startswith(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")):
            return 0.3 if name.startswith("HALF") else 1.0
        return (1.0 if b"\x88" <= lead <= b"\x97" else 0.3) if name.startswith("CJK UNIFIED") else -1.0
    pair = letter.encode("gb2312", "ignore")
    if not name.startswith("CJK UNIFIED") or not pair:
        return -1.0
    return 0.9 if pair[:1] <= b"\xd7" else 0.4
