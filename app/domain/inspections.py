"""What a guard says of an image before a network reads it."""

from dataclasses import dataclass
from typing import Literal

Admission = Literal["ok", "warned", "refused"]
"""What a guard says of an image, the worst last."""
Mark = Literal["ok", "warned", "insisted", "refused"]
"""What is shown beside a study: as `Admission`; ``insisted``: refused, and read all the same."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a guard said of one image before the network ``model`` read it: whether it is the kind of image the network is for.

    ``reasons`` are sentences for people, empty when ``verdict`` is "ok". ``film`` in [0, 1] is how much it looks like a film
    the network was made for; ``distance`` how far it lies from the films the guard was fitted to (1: as far as the farthest
    hundredth of them). ``insisted``: a person asked for the analysis all the same. ``remarks`` are sentences that keep nobody
    from reading; ``field`` is the exposed rectangle that is looked at and read alone, top, left, bottom and right in pixels,
    None where that is the whole image.
    """

    sop_instance_uid: str
    frame: int
    model: str
    guard: str
    guard_sha256: str
    verdict: Admission
    reasons: tuple[str, ...]
    film: float
    distance: float
    insisted: bool = False
    remarks: tuple[str, ...] = ()
    field: tuple[int, int, int, int] | None = None

    @property
    def stopped(self) -> bool:
        """Whether the network does not read the image."""
        return self.verdict == "refused" and not self.insisted

    @property
    def mark(self) -> Mark:
        """What to show beside the study."""
        return "insisted" if self.verdict == "refused" and self.insisted else self.verdict
