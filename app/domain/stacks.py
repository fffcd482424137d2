"""The identity of a stack: what a reader scrolls and a network reads at once. A film is a stack of one image.

A stack is its members in their order, and nothing else: not its number in a series, nor what its header says of it. Everything
that was said of a stack refers to that, so that it can never end up on other slices.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

Plane = Literal["sagittal", "coronal", "axial", "oblique", ""]
"""Where a stack's slices lie; "oblique" where no plane is near, "" where the header does not say, or on a film."""

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial", "oblique", "")
READ_PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""The planes of an exam, in the order in which they are shown."""

Member = tuple[str, int]
"""One image: its SOP Instance UID (0008,0018) and its frame, from 1."""


def fingerprint(members: Iterable[Member]) -> str:
    """The identity of the stack with these members in this order: a sha256 in hex. Two stacks share none, because no two
    images share a SOP Instance UID and a frame."""
    digest = hashlib.sha256()
    for uid, frame in members:
        digest.update(f"{uid}\n{frame}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
