"""Text from a header made fit for people: no control characters, readable names, ISO dates. Knows strings only."""

import re
import unicodedata
from datetime import date

LONGEST = 256
"""Characters that are kept of one value; DICOM's own limits are 64 for most."""

# Bidirectional controls could show a name backwards or hide part of it.
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def clean(text: str, longest: int = LONGEST) -> str:
    """One line of text without control characters, trimmed."""
    text = _HIDDEN.sub("", text)
    text = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") else letter for letter in text[: 4 * longest]
    )
    return " ".join(text.split())[:longest]


def base_name(path: str, longest: int = 64) -> str:
    """A file's own name without the folders before it, fit for people; as long as Study Description (0008,1030) may be."""
    return clean(path.replace("\\", "/").rstrip("/").rpartition("/")[2], longest)


def person_name(text: str) -> str:
    """A person name (PS3.5 6.2.1.1) as people write it.

    ``Hong^Gildong=洪^吉洞=홍^길동`` → ``Hong Gildong (洪 吉洞, 홍 길동)``
    """
    groups = [clean(group.replace("^", " ")) for group in text.split("=")[:3]]
    first, *others = [group for group in groups if group] or [""]
    return f"{first} ({', '.join(others)})" if others else first


def iso_date(text: str) -> str:
    """A date (DA, also ACR-NEMA's with dots) as YYYY-MM-DD; the empty string where it is none."""
    found = re.fullmatch(r"(\d{4})([.-]?)(\d{2})\2(\d{2})", text.strip(" \0"))
    if found is None:
        return ""
    try:
        return date(int(found[1]), int(found[3]), int(found[4])).isoformat()
    except ValueError:
        return ""


def iso_time(text: str) -> str:
    """A time (TM, also ACR-NEMA's with colons) as HH:MM or HH:MM:SS; the empty string where it is none."""
    found = re.match(r"([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d|60))?", text.strip(" \0"))
    if found is None:
        return ""
    return ":".join(part for part in found.groups() if part)
