"""A film as PNG or JPEG to a study: grey values, and nothing else a DICOM file would tell. Knows Pillow; runs in the child."""

from pathlib import Path
from typing import cast

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps

from app.domain import Image, Patient, Series, Study, Window, frozen
from app.errors import NotReadable, TooLarge
from app.ingest import identity
from app.ingest.layout import COLOUR
from app.ingest.limits import BOMB, MEGABYTE, RATIO, RATIO_FROM, SMALLEST, Limits
from app.ingest.sheet import Keep, Stored

NOT_DICOM = "Not DICOM: no spacing, no orientation."
TURNED = "The image was turned upright, as its file asks (Exif orientation)."

PIL.Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded


def study(path: Path, sha256: str, limits: Limits, keep: Keep | None = None) -> tuple[Study, tuple[str, ...]]:
    """The film in a PNG or JPEG file, 8 or 16 bits, and the warnings; ``keep`` says where its pixels go.

    Raises NotReadable, TooLarge, OSError of the disk.
    """
    with path.open("rb") as file:
        try:
            opened = PIL.Image.open(file, formats=("PNG", "JPEG"))
        except (OSError, ValueError, SyntaxError) as error:
            raise NotReadable("The image file is damaged. Save it again as PNG or JPEG, or upload the DICOM file.") from error
        _within(opened, limits, path.stat().st_size)
        try:
            opened.load()
        except (OSError, ValueError, SyntaxError) as error:
            raise NotReadable("The image file breaks off or is damaged. Copy it again, or upload the DICOM file.") from error
        warnings = [NOT_DICOM]
        values, bits = _grey(_upright(opened, warnings), warnings)
    stored = cast(Stored, frozen(values))
    image = Image(
        sop_instance_uid=identity.generated(sha256, "SOPInstanceUID"),
        frame=1,
        stored=stored if keep is None else keep(stored, 1),
        # 8 bits were made for showing as they are; 16 may hold 12 bits of anything, so there the percentiles decide.
        windows=(Window(centre=128, width=256, label="full range"),) if bits == 8 else (),
        warnings=tuple(warnings),
    )
    series = Series(identity.generated(sha256, "SeriesInstanceUID"), "", (image,), source="film image")
    return Study(identity.generated(sha256), Patient(), (series,)), tuple(warnings)


def _within(image: PIL.Image.Image, limits: Limits, octets: int) -> None:
    columns, rows = image.size
    if rows < SMALLEST or columns < SMALLEST:
        sentence = "An image of %(columns)s × %(rows)s pixels is too small to read. Upload the full image."
        raise NotReadable(sentence, {"columns": columns, "rows": rows})
    if rows * columns > limits.pixels:
        sentence = (
            "An image of %(columns)s × %(rows)s pixels is too large: at most %(limit)s pixels are read. Export it smaller."
        )
        raise TooLarge(sentence, {"columns": columns, "rows": rows, "limit": limits.pixels})
    if 2 * rows * columns > limits.octets:
        raise TooLarge("The image takes more than %(limit)s MB once it is decoded.", {"limit": limits.octets // MEGABYTE})
    decoded = rows * columns * len(image.getbands()) * (2 if image.mode.startswith("I") else 1)
    if decoded > RATIO_FROM and decoded > RATIO * octets:
        raise TooLarge(BOMB, {"ratio": RATIO})


def _upright(image: PIL.Image.Image, warnings: list[str]) -> PIL.Image.Image:
    """A photographed film may lie on its side."""
    try:
        turned = ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError):  # damaged Exif is no reason to lose the film
        return image
    if turned is not image and image.getexif().get(0x0112, 1) != 1:
        warnings.append(TURNED)
    return turned


def _grey(image: PIL.Image.Image, warnings: list[str]) -> tuple[NDArray[np.uint16], int]:
    """uint16 (rows, columns), and the bits that count."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16), 16
    if image.mode not in ("1", "L"):
        plain = image.convert("RGB")
        red, green, blue = (np.asarray(band) for band in plain.split())
        if np.array_equal(red, green) and np.array_equal(green, blue):  # a grey film saved as colour has lost nothing
            return red.astype(np.uint16), 8
        warnings.append(COLOUR)
        image = plain
    return np.asarray(image.convert("L")).astype(np.uint16), 8
