"""Identifiers for what has none of its own. Knows UIDs (PS3.5 9) and hashes only."""

import hashlib
import re

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


def valid(uid: str) -> bool:
    """Whether this can be a UID: digits and dots, at most 64. Leading zeros, which are forbidden but common, pass."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def generated(sha256: str, what: str = "") -> str:
    """A UID from a file's sha256 (hex) and what it is for: the same file gets the same one. PS3.5 B.2: 2.25 and 128 bits."""
    digest = hashlib.sha256(f"{sha256}{what}".encode()).hexdigest() if what else sha256
    return f"2.25.{int(digest[:32], 16)}"
