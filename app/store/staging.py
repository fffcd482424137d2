"""Files on their way into the store: their blobs are written, and no row refers to them yet.

Knows the blobs and the columns of an image; no SQL.
"""

import base64
import hashlib
import mmap
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Image, Study
from app.store.blobs import Batch

RENAMED = "Another file has the same SOP Instance UID; this one was stored under a new one."


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """One file whose blobs are written and which no row refers to yet: its study without images, and the images' columns."""

    study: Study
    images: tuple[tuple[int, dict[str, Any]], ...]
    sop_instance_uid: str
    name: str
    sha256: str
    size: int

    def blobs(self) -> set[str]:
        """The sha256 of everything it refers to."""
        return {self.sha256, *(columns["pixels"] for _, columns in self.images)}

    def renamed(self) -> "Staged":
        """The same under a SOP Instance UID made from its content (PS3.5 B.2), with a remark: another file has its own."""
        uid = f"2.25.{int(hashlib.sha256(f'{self.sha256}copy'.encode()).hexdigest()[:32], 16)}"
        images = tuple(
            (index, {**columns, "sop_instance_uid": uid, "warnings": [*columns["warnings"], RENAMED]})
            for index, columns in self.images
        )
        return replace(self, sop_instance_uid=uid, images=images)


def stage(batch: Batch, study: Study, name: str, path: Path) -> Staged:
    """Write a file and its images aside, among what is put together. ValueError unless the study holds exactly one instance
    (0008,0018)."""
    uids = {image.sop_instance_uid for series in study.series for image in series.images}
    if len(uids) != 1:
        raise ValueError(f"a file holds one instance, not {len(uids)}")
    images = tuple(
        (index, _columns(image, _put(batch, image))) for index, series in enumerate(study.series) for image in series.images
    )
    return Staged(
        study=replace(study, series=tuple(replace(series, images=()) for series in study.series)),
        images=images,
        sop_instance_uid=uids.pop(),
        name=name,
        sha256=batch.put_file(path),
        size=path.stat().st_size,
    )


def _put(batch: Batch, image: Image) -> str:
    """Put an image's pixels. Those mapped from a file leave memory again: a file may have thousands of images."""
    sha256 = batch.put(_octets(image))
    base: Any = image.stored
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)
    return sha256


def _octets(image: Image) -> memoryview:
    if image.stored.dtype not in (np.int16, np.uint16):
        raise ValueError(f"stored values are int16 or uint16, not {image.stored.dtype}")
    little: NDArray[Any] = image.stored.astype("<i2" if image.stored.dtype == np.int16 else "<u2", copy=False)
    return np.ascontiguousarray(little).reshape(-1).view(np.uint8).data


def _columns(image: Image, pixels: str) -> dict[str, Any]:
    lut = image.voi_lut
    return {
        "sop_instance_uid": image.sop_instance_uid,
        "frame": image.frame,
        "rows": image.stored.shape[0],
        "columns": image.stored.shape[1],
        "signed": image.stored.dtype == np.int16,
        "pixels": pixels,
        "slope": image.slope,
        "intercept": image.intercept,
        "units": image.units,
        "photometric": image.photometric,
        "windows": [list(astuple(window)) for window in image.windows],
        "voi_lut": lut
        and {
            "first": lut.first,
            "bits": lut.bits,
            "label": lut.label,
            "data": base64.b64encode(lut.data.astype("<u2").tobytes()).decode(),
        },
        "pixel_spacing": image.pixel_spacing and list(image.pixel_spacing),
        "spacing_kind": image.spacing_kind,
        "orientation": list(image.orientation),
        "position": image.position and list(image.position),
        "axes": image.axes and list(image.axes),
        "warnings": list(image.warnings),
        "instance_number": image.instance_number,
        "echo_time": image.echo_time,
        "frame_of_reference_uid": image.frame_of_reference_uid,
        "sop_class_uid": image.sop_class_uid,
        "location": image.location,
        "kind": image.kind,
        "moment": image.moment,
        "aspect": image.aspect,
        "series_number": image.series_number,
    }


class Staging:
    """Files that are staged together, so that the disk is waited for once. See `app.store.Store.staging`."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def add(self, study: Study, name: str, path: Path) -> Staged:
        """Stage one file as `app.store.Store.stage` does; nothing refers to it before `settle`."""
        return stage(self._batch, study, name, path)

    def settle(self) -> None:
        """Have everything on the disk that was added. Unavailable when the disk is full."""
        self._batch.settle()

    def blobs(self) -> set[str]:
        """The sha256 of everything that was added."""
        return set(self._batch.names)
