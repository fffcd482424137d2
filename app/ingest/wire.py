"""What the two processes say to one another: JSON with raw octets behind it, length first. Never a pickle.

A message is two unsigned 32-bit numbers in network order, the length of the JSON and the number of buffers; then that many
64-bit buffer lengths; then the JSON; then the buffers. Knows the domain and numpy.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from app.domain import Image, Patient, Series, Study, VoiLut, Window, frozen

HEAD = struct.Struct("!II")
JSON_MOST = 256 * 2**20
"""Longest JSON that is taken from the child: 5,000 frames with all their geometry take 5 MB."""
BUFFERS_MOST = 200_000

Buffer = bytes | bytearray | memoryview


def packed(message: dict[str, Any], buffers: Sequence[Buffer] = ()) -> list[Buffer]:
    """The octets of one message, in pieces, so that no pixel is copied to send it."""
    text = json.dumps(message, allow_nan=True).encode()
    lengths = struct.pack(f"!{len(buffers)}Q", *(len(buffer) for buffer in buffers))
    return [HEAD.pack(len(text), len(buffers)) + lengths + text, *buffers]


def study_message(study: Study) -> tuple[dict[str, Any], list[Buffer]]:
    """A study as JSON values, and its arrays as buffers, little-endian."""
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
    message["voi_lut"] = lut and {**_plain(lut, "data"), "data": _array_message(lut.data, buffers)}
    message["stored"] = _array_message(image.stored, buffers)
    return message


def _array_message(array: np.ndarray[Any, Any], buffers: list[Buffer]) -> dict[str, Any]:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    buffers.append(little.reshape(-1).view(np.uint8).data)
    return {"buffer": len(buffers) - 1, "signed": array.dtype == np.int16, "shape": list(array.shape)}


def study_of(message: dict[str, Any], buffers: Sequence[Buffer]) -> Study:
    """The study again. Any KeyError, TypeError or ValueError means that the sender is broken."""
    series = tuple(
        Series(**{**each, "images": tuple(_image_of(image, buffers) for image in each["images"])}) for each in message["series"]
    )
    return Study(**{**message, "patient": Patient(**message["patient"]), "series": series})


def _image_of(message: dict[str, Any], buffers: Sequence[Buffer]) -> Image:
    lut = message["voi_lut"]
    tuples: dict[str, Any] = {
        name: tuple(message[name])
        for name in ("pixel_spacing", "orientation", "position", "axes", "warnings")
        if message[name] is not None
    }
    image = Image(**{**message, "stored": _array_of(message["stored"], buffers), "windows": (), "voi_lut": None})
    return replace(
        image,
        **tuples,
        windows=tuple(Window(**window) for window in message["windows"]),
        voi_lut=lut and VoiLut(**{**lut, "data": _array_of(lut["data"], buffers)}),
    )


def _array_of(message: dict[str, Any], buffers: Sequence[Buffer]) -> Any:
    values = np.frombuffer(buffers[message["buffer"]], dtype="<i2" if message["signed"] else "<u2")
    native = values.astype(np.int16 if message["signed"] else np.uint16, copy=False)
    return frozen(native.reshape(message["shape"]))
