"""Small valid DICOM files in any number: the slices of a study that nobody has, a phantom's film in every one of them."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO

import numpy as np

from app.phantoms import chest, dicom


def files(study: int, count: int, size: int = 64) -> Iterator[tuple[str, bytes]]:
    """``count`` files of one study, by name: ``size`` × ``size`` pixels of 16 bits each, no two with the same pixels.

    The same numbers give the same files, so that they can be sent again.
    """
    film = _film(size)
    ds = dicom.dataset(film, dicom.Header(number=study))
    ds.StudyInstanceUID = dicom.uid("torture", "study", study)
    ds.SeriesInstanceUID = dicom.uid("torture", "series", study)
    for number in range(count):
        instance = dicom.uid("torture", "instance", study, number)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = instance
        ds.InstanceNumber = number + 1
        noise = np.random.default_rng((study, number)).integers(0, 4096, film.pixels.shape)
        ds.PixelData = noise.astype("<u2").tobytes()
        octets = BytesIO()
        ds.save_as(octets, enforce_file_format=True)
        yield f"{number:05d}.dcm", octets.getvalue()


@cache
def _film(size: int) -> chest.ChestPhantom:
    return chest.draw(7, size=size)
