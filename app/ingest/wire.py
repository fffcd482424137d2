"""What the two processes say to one another: JSON with raw octets behind it, length first. Never a pickle.

A message is two unsigned 32-bit numbers in network order, the length of the JSON and the number of buffers; then that many
64-bit buffer lengths; then the JSON; then the buffers. Pixels are in none of them: they are in a file (`app.ingest.sheet`), in
the order of the images. Knows the domain and numpy.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Image, Patient, Series, Study, VoiLut, Window, frozen
from app.ingest.limits import TABLES

HEAD = struct.Struct("!II")
JSON_MOST = 8 * 2**20
"""Longest JSON that is taken from the child: 5,000 frames with all their geometry take 5 MB, and ten times that as objects."""

Buffer = bytes | bytearray | memoryview


class TooLong(Exception):
    """More than a message may hold."""


def packed(message: dict[str, Any], buffers: Sequence[Buffer] = ()) -> list[Buffer]:
    """The octets of one message, in pieces. Raises TooLong."""
    text = json.dumps(message, allow_nan=True).encode()
    if len(text) > JSON_MOST or sum(map(len, buffers)) > TABLES:
        raise TooLong
    lengths = struct.pack(f"!{len(buffers)}Q", *(len(buffer) for buffer in buffers))
    return [HEAD.pack(len(text), len(buffers)) + lengths + text, *buffers]


def study_message(study: Study) -> tuple[dict[str, Any], list[Buffer]]:
    """A study as JSON values, and its lookup tables as buffers, little-endian; of pixels only what they are."""
    buffers: list[Buffer] = []
    series = [
        {**_plain(each, "images"), "images": [_image_message(image, buffers) for image in each.images]} for each in study.series
    ]
    return {**_plain(study, "series", "patient"), "patient": asdict(study.patient), "series": series}, buffers


def _plain(value: Any, *without: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__ if name not in without}


def _image_message(image: Image, buffers: list[Buffer]) -> dict[str, Any]:
    lut = image.voi_lut
    message = _plain(image, "stored", "windows", "voi_lut")
    message["windows"] = [asdict(window) for window in image.windows]
    message["voi_lut"] = lut and {**_plain(lut, "data"), "data": _table_message(lut.data, buffers)}
    message["stored"] = {"signed": image.stored.dtype.kind == "i", "rows": image.rows, "columns": image.columns}
    return message


def _table_message(table: NDArray[np.uint16], buffers: list[Buffer]) -> int:
    buffers.append(table.astype("<u2").view(np.uint8).data)
    return len(buffers) - 1


def study_of(message: dict[str, Any], buffers: Sequence[Buffer], pixels: NDArray[np.uint16]) -> Study:
    """The study again, its images views of ``pixels`` (all stored values, one after the other), which are not looked at.

    Any KeyError, TypeError, ValueError or IndexError means that the sender is broken.
    """
    left = pixels
    several = []
    for each in message["series"]:
        images = []
        for told in each["images"]:
            size = told["stored"]["rows"] * told["stored"]["columns"]
            images.append(_image_of(told, buffers, left[:size]))
            left = left[size:]
        several.append(Series(**{**each, "images": tuple(images)}))
    if left.size:
        raise ValueError("more pixels than images")
    return Study(**{**message, "patient": Patient(**message["patient"]), "series": tuple(several)})


def _image_of(message: dict[str, Any], buffers: Sequence[Buffer], pixels: NDArray[np.uint16]) -> Image:
    lut = message["voi_lut"]
    tuples: dict[str, Any] = {
        name: tuple(message[name])
        for name in ("pixel_spacing", "orientation", "position", "axes", "warnings")
        if message[name] is not None
    }
    told = message["stored"]
    stored = pixels.view("<i2" if told["signed"] else "<u2").reshape(told["rows"], told["columns"])
    image = Image(**{**message, "stored": frozen(stored), "windows": (), "voi_lut": None})
    return replace(
        image,
        **tuples,
        windows=tuple(Window(**window) for window in message["windows"]),
        voi_lut=lut and VoiLut(**{**lut, "data": frozen(np.frombuffer(buffers[lut["data"]], "<u2"))}),
    )
