"""Rasters that other software hands over: NumPy files, and greyscale PNG files of 8 or 16 bits whose codes span a range.

Every size is read off a header, and weighed, before anything is allocated; nothing is unpickled.
"""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from app.errors import InputError, NotFound, TooLarge

MOST_VALUES = 64 * 1024 * 1024
"""How many values all layers of one manifest may have together: 256 MB as they are stored."""
MOST_OCTETS = 8 * MOST_VALUES + 4096
"""How large one file of so many may be: float64, and a header."""
LONGEST_SIDE = 8192


class Rasters(Protocol):
    """Where the files that a manifest names are found."""

    def __call__(self, name: str) -> bytes:
        """A file's octets. NotFound, TooLarge."""


def among(files: Mapping[str, Path]) -> Rasters:
    """Files that were sent together, by the names that their sender gave them."""

    def found(name: str) -> bytes:
        path = files.get(name)
        if path is None or not path.is_file():
            raise NotFound("The manifest names the file “%(name)s”, which is not beside it.", {"name": name[:200]})
        if path.stat().st_size > MOST_OCTETS:
            raise TooLarge("The file “%(name)s” has more values than can be taken in at once.", {"name": name[:200]})
        return path.read_bytes()

    return found


def beside(manifest: Path) -> Rasters:
    """Files in the folder of a manifest, or below."""
    folder = manifest.resolve().parent

    def found(name: str) -> bytes:
        path = (folder / name).resolve()
        return among({name: path} if path.is_relative_to(folder) else {})(name)

    return found


def read(names: Sequence[str], files: Rasters, number: int, room: int, span: tuple[float, float] | None) -> NDArray[np.float32]:
    """The values of layer ``number``, float32 (slices, height, width): of one ``.npy`` file, or of a PNG file per slice.

    ``room`` is how many values there may be; ``span`` what the lowest and the highest code of a PNG stand for, None for the
    codes themselves. InputError, NotFound and TooLarge name the layer or the file.
    """
    if len(names) == 1 and names[0].endswith(".npy"):
        return _npy(files(names[0]), number, room)
    planes = [_png(files(name), number, room // len(names), span) for name in names]
    if len({plane.shape for plane in planes}) != 1:
        raise InputError("Layer %(n)s: its PNG files differ in size, or there is none.", {"n": number})
    return np.stack(planes)


def _npy(octets: bytes, number: int, room: int) -> NDArray[np.float32]:
    """Floats or whole numbers (height, width) or (slices, height, width) out of a .npy file; nothing is unpickled."""
    file = io.BytesIO(octets)
    try:
        major, _minor = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(file)
    except (ValueError, SyntaxError, EOFError) as error:
        raise InputError("Layer %(n)s: its file is no .npy file.", {"n": number}) from error
    if dtype.kind not in "fiu" or dtype.itemsize > 8 or len(shape) not in {2, 3} or fortran:
        raise InputError(
            "Layer %(n)s: its .npy file holds numbers, as (height, width) or (slices, height, width), in C order.",
            {"n": number},
        )
    size = math.prod(shape)
    if not size or size > room or max(shape[-2:]) > LONGEST_SIDE:
        raise TooLarge("Layer %(n)s: its file has more values than can be taken in at once.", {"n": number})
    data = octets[file.tell() :]
    if len(data) != size * dtype.itemsize:
        raise InputError("Layer %(n)s: its .npy file has not as many values as it says.", {"n": number})
    array = np.frombuffer(data, dtype).reshape(shape).astype(np.float32)
    return array if array.ndim == 3 else array[None]


def _png(octets: bytes, number: int, room: int, span: tuple[float, float] | None) -> NDArray[np.float32]:
    """Values (height, width) out of a greyscale PNG of 8 or 16 bits: the codes as they are, or spread over ``span``."""
    try:
        picture = Picture.open(io.BytesIO(octets), formats=("PNG",))
        if picture.mode not in {"L", "I;16", "I;16B", "I"}:
            raise InputError("Layer %(n)s: its PNG file is not greyscale of 8 or 16 bits.", {"n": number})
        if picture.width * picture.height > room or max(picture.size) > LONGEST_SIDE:
            raise TooLarge("Layer %(n)s: its file has more values than can be taken in at once.", {"n": number})
        codes = np.asarray(picture).astype(np.float64)
    except (OSError, SyntaxError, ValueError, Picture.DecompressionBombError) as error:
        raise InputError("Layer %(n)s: its file is no PNG file, or a damaged one.", {"n": number}) from error
    if span is None:
        return codes.astype(np.float32)
    most = 255 if picture.mode == "L" else 65535
    return (span[0] + codes * (span[1] - span[0]) / most).astype(np.float32)
