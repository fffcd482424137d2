"""The limited child process: reads one request after another from its standard input, and answers on its standard output.

Everything that parses or decodes runs here. Started by `app.ingest.decoder` as ``python -m app.ingest.decoder_child``; it ends
when its input ends. It dies rather than go on after something that is not an ordinary exception, a decoder's panic for one.
"""

import errno
import json
import logging
import os
import resource
import signal
import struct
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
from PIL import JpegImagePlugin, PngImagePlugin

from app.errors import InputError, NotReadable, TooLarge
from app.ingest import dicom, film_image, wire
from app.ingest.limits import MUCH_SAID, Limits
from app.ingest.sheet import Sheet

GRACE = 5
"""Seconds beyond the limit after which the child ends itself, should its parent no longer be there to do it."""

LOADED = (imagecodecs.jpeg8_decode, imagecodecs.jpegls_decode, imagecodecs.jpeg2k_decode, imagecodecs.jpegxl_decode,
          imagecodecs.dicomrle_decode, JpegImagePlugin, PngImagePlugin)  # fmt: skip
"""The codecs, loaded before any limit: a library that cannot be mapped for want of memory would look like a broken file."""


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], list[wire.Buffer]]:
    """The reply to one request: the study, whose pixels are in the file for them, or the sentence why there is none."""
    limits = Limits(**request["limits"])
    read = film_image.study if request["kind"] in ("png", "jpeg") else dicom.study
    try:
        sheet = Sheet(Path(request["pixels"]))
    except OSError as error:
        return {"disk": error.errno}, []
    try:
        with sheet:
            study, told = read(Path(request["path"]), request["sha256"], limits, sheet.keep)
        message, buffers = wire.study_message(study)
    except InputError as error:
        return _refusal(error), []
    except RecursionError:
        return _refusal(NotReadable("The header is nested too deeply to be read. Export the image again.")), []
    except Exception as error:  # noqa: BLE001 - the edge: whatever a parser trips over is one file's fault and its sentence
        return _fault(error, limits), []
    return {"study": message, "warnings": list(told)}, buffers


def _reply(request: dict[str, Any]) -> list[wire.Buffer]:
    """The octets of the reply, which are made within the limits too."""
    try:
        return wire.packed(*answer(request))
    except (wire.TooLong, MemoryError):
        return wire.packed(_refusal(TooLarge(MUCH_SAID)))


def _fault(error: Exception, limits: Limits) -> dict[str, Any]:
    """What to say of a fault that nobody worded: the memory's, the disk's, or else the file's."""
    number = error.errno if isinstance(error, OSError) else 0
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return {"disk": number}
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        sentence = "Reading this needs more than %(limit)s MB of memory. Upload fewer frames per file, or raise the limit."
        return _refusal(TooLarge(sentence, {"limit": limits.memory // 2**20}))
    sentence = "The file is damaged: it could not be read to its end. Copy or export it again, and upload that."
    return _refusal(NotReadable(sentence))


def _refusal(error: InputError) -> dict[str, Any]:
    return {"error": {"class": type(error).__name__, "template": error.template, "values": error.values}}


def limit(limits: dict[str, int], base: int) -> None:
    """Put the limits for one file in force: address space beyond what is in use already, and a last-resort alarm."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = base + limits["memory"]
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    signal.alarm(limits["seconds"] + GRACE)


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until there are no more."""
    base = _address_space()
    _send(sink, wire.packed({"ready": True}))
    while (request := _next(source)) is not None:
        limit(request["limits"], base)
        reply = _reply(request)
        resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)
        _send(sink, reply)
        signal.alarm(0)
        del request, reply  # the next file finds the memory free


def _next(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(wire.HEAD.size)
    if len(head) < wire.HEAD.size:
        return None
    length, count = wire.HEAD.unpack(head)
    struct.unpack(f"!{count}Q", source.read(8 * count))
    request: dict[str, Any] = json.loads(source.read(length))
    return request


def _send(sink: BinaryIO, pieces: list[wire.Buffer]) -> None:
    for piece in pieces:
        sink.write(piece)
    sink.flush()


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def main() -> None:
    """Keep the real standard output for answers alone, so that nothing a library prints can get between them."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold a patient's images
    warnings.simplefilter("ignore")
    logging.disable()
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with sink, sys.stdin.buffer as source:
        serve(source, sink)


if __name__ == "__main__":
    main()
