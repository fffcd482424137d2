"""Reads back what the report wrote: text, pages and pictures of a PDF as reportlab makes it."""

import re
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OBJECT = re.compile(rb"(\d+) 0 obj\s*")
STREAM = re.compile(rb"stream\r?\n")
SHOWN = re.compile(rb"/(F\d+(?:\+\d+)?) [\d.]+ Tf|\((.*?)(?<!\\)\) Tj", re.DOTALL)
ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
MAPPED = re.compile(rb"<([0-9A-Fa-f]{2,4})> <([0-9A-Fa-f]{4,})>")


@dataclass(frozen=True)
class Paper:
    """A PDF: its pages' text in the order it was written, and its pictures, uint8 (rows, columns, 3)."""

    pages: tuple[str, ...]
    pictures: tuple[NDArray[np.uint8], ...]
    fonts: frozenset[str]
    raw: bytes

    @property
    def text(self) -> str:
        """All pages."""
        return "\n".join(self.pages)


def read(octets: bytes) -> Paper:
    """Take a PDF apart."""
    objects: dict[int, tuple[bytes, bytes]] = {}
    at = 0
    while found := OBJECT.search(octets, at):
        end = octets.index(b"endobj", found.end())
        head, stream = octets[found.end() : end], b""
        if begun := STREAM.search(head):
            head = head[: begun.start()]
            length = int(re.search(rb"/Length (\d+)", head)[1])  # type: ignore[index]
            start = found.end() + begun.end()
            stream = zlib.decompress(octets[start : start + length])
            end = octets.index(b"endobj", start + length)
        objects[int(found[1])] = (head, stream)
        at = end
    letters = fonts(objects)
    pages = tuple(
        page_text(objects[int(re.search(rb"/Contents (\d+)", head)[1])][1], letters)  # type: ignore[index]
        for head, _ in objects.values()
        if b"/Type /Page " in head.replace(b"\n", b" ") and b"/Contents" in head
    )
    pictures = tuple(picture(head, stream) for head, stream in objects.values() if b"/Subtype /Image" in head)
    embedded = frozenset(name.decode() for head, _ in objects.values() for name in re.findall(rb"/FontName /\w+\+(\w+)", head))
    return Paper(pages, pictures, embedded, octets)


def fonts(objects: dict[int, tuple[bytes, bytes]]) -> dict[bytes, dict[int, str]]:
    """What each font's codes stand for."""
    found: dict[bytes, dict[int, str]] = {}
    for head, _ in objects.values():
        name, unicode = re.search(rb"/Name /(F\d+\+\d+)", head), re.search(rb"/ToUnicode (\d+)", head)
        if name and unicode:
            pairs = objects[int(unicode[1])][1]
            found[name[1]] = {
                int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be") for code, letter in MAPPED.findall(pairs)
            } | ranges(pairs)
    return found


def ranges(pairs: bytes) -> dict[int, str]:
    """The ``<00> <7F> [<0000> …]`` form of a map."""
    out: dict[int, str] = {}
    for first, last, listed in re.findall(rb"<(\w+)> <(\w+)> \[(.*?)\]", pairs, re.DOTALL):
        codes = range(int(first, 16), int(last, 16) + 1)
        for code, letter in zip(codes, re.findall(rb"<(\w+)>", listed), strict=False):
            out[code] = bytes.fromhex(letter.decode()).decode("utf-16-be")
    return out


def page_text(content: bytes, letters: dict[bytes, dict[int, str]]) -> str:
    """The text of one page, one line per piece that was written at once."""
    out, font = [], b""
    for name, shown in SHOWN.findall(content):
        if name:
            font = name
            continue
        codes = ESCAPED.sub(lambda found: bytes([int(found[1], 8)]) if len(found[1]) == 3 else found[1], shown)
        known = letters.get(font, {})
        out.append("".join(known.get(code, chr(code)) for code in codes))
    return "\n".join(out)


def picture(head: bytes, stream: bytes) -> NDArray[np.uint8]:
    """One embedded picture."""
    rows, columns = (int(re.search(rb"/%b (\d+)" % side, head)[1]) for side in (b"Height", b"Width"))  # type: ignore[index]
    return np.frombuffer(stream, np.uint8).reshape(rows, columns, 3)
