"""How much one file may take. Knows numbers only; both processes use it, so it imports nothing heavy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the child must not pay for pydantic at its start
    from app.config import Settings

MEGABYTE = 2**20

SMALLEST = 16
"""Fewest rows and columns of an image that anybody could read."""

PARSE_SHARE = 0.1
"""Share of a file's seconds that parsing its header may take, as processor time: 2 of 20."""

ITEMS = 100_000
"""Most items in one sequence that is parsed late (functional groups, lookup tables), and most windows of all frames."""

TABLES = 16 * MEGABYTE
"""Most octets of the frames' lookup tables: one of 4,096 entries for each of 2,000 frames."""

MUCH_SAID = "The header says more about its frames than can be read at once. Export fewer frames per file."

RATIO = 500
"""What shrank to less than a five-hundredth is constant: no film is. Deflate cannot do better than 1:1032."""
RATIO_FROM = 16 * MEGABYTE
"""Up to here data may shrink as they like: an empty mask or a black frame does no harm."""
BOMB = "The pixels decode to more than %(ratio)s times their size, as a bomb's do. Export the image uncompressed."


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for one file: ``pixels`` of a frame, ``octets`` of a file, also inflated or decoded, seconds, octets of memory."""

    pixels: int
    octets: int
    seconds: int
    memory: int

    @classmethod
    def of(cls, settings: "Settings") -> "Limits":
        """The limits that the settings ask for."""
        return cls(
            pixels=settings.max_pixels,
            octets=settings.max_file_mb * MEGABYTE,
            seconds=settings.decode_seconds,
            memory=settings.decode_memory_mb * MEGABYTE,
        )
