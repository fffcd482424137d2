"""Pixel for pixel: what is read out of DICOM files here, beside what a second reader makes of the same files.

The second reader is pydicom with the permissively licensed decoders of the development requirements: its own for native and RLE
data, Pillow (JPEG, JPEG 2000), CharLS through pyjpegls; of lossless JPEG, which these do not read, the decoder of dcm2niix that
imagecodecs has beside libjpeg-turbo, with which the product reads. Knows pydicom, as ingest and phantoms do, and nothing of how
ingest works.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, ImplicitVRLittleEndian

from app.config import Settings
from app.ingest import Accepted, read

LUMINANCE = np.array([0.299, 0.587, 0.114])
COLOUR_STEPS, SATURATED_STEPS = 2.0, 8.0
"""A luminance is rounded twice; of strong colours in YBR it is besides clipped by whoever makes RGB of them first."""
LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
EXPLAINED = ("Bits Stored", "reduced", "deeper than")
"""Words of the remarks that say why values are not those of the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file: transfer syntax, photometric interpretation, bits, who read it besides, and what came of it."""

    file: str
    syntax: str
    photometric: str
    bits: str
    second: str
    outcome: str

    @property
    def wrong(self) -> bool:
        """Whether values differ and nothing says why."""
        return self.outcome.startswith("DIFFERS")


def run(folders: Sequence[Path], *, every: bool) -> int:
    """Compare every file below some folders, and print a line for each that is not equal (with ``every``: for each), then the
    table by kind. 1 where any differs without a remark, else 0."""
    rows: list[Row] = []
    with TemporaryDirectory() as work:
        for folder in folders:
            paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
            for path in paths:
                rows += compared(path, str(path.relative_to(folder)) if folder.is_dir() else path.name, Path(work))
    for row in rows:
        if every or not row.outcome.startswith("equal"):
            print(f"{row.file}: {row.syntax}, {row.photometric}, {row.bits}: {row.outcome} ({row.second})")
    kinds = Counter((row.syntax, row.photometric, row.bits, row.second, _sort(row.outcome)) for row in rows)
    print(f"\n{'transfer syntax':44} {'photometric':16} {'bits':>6}  {'second reader':22} files  outcome")
    for (syntax, photometric, bits, second, outcome), count in sorted(kinds.items()):
        print(f"{syntax[:44]:44} {photometric:16} {bits:>6}  {second:22} {count:5}  {outcome}")
    sorts = Counter(_sort(row.outcome) for row in rows)
    print("\n" + ", ".join(f"{count} {what}" for what, count in sorted(sorts.items())) + f"; {len(rows)} files")
    return 1 if any(row.wrong for row in rows) else 0


def compared(path: Path, name: str, workdir: Path) -> Iterator[Row]:
    """The row of one file; none for what is no DICOM file, or not read here at all."""
    found = next(iter(read(path, path.name, Settings(), workdir)), None)
    if not isinstance(found, Accepted) or found.study.series[0].source != "dicom":
        return
    ours = np.stack([image.stored for image in found.study.images]).astype(np.int64)
    with warnings.catch_warnings(action="ignore"):
        ds = pydicom.dcmread(path, force=True)
        syntax = UID(str(ds.file_meta.get("TransferSyntaxUID") or ""))
        photometric = str(ds.get("PhotometricInterpretation", ""))
        bits = f"{ds.get('BitsStored', '?')}/{ds.get('BitsAllocated', '?')}"
        theirs, second = _second(ds, syntax)
    outcome = "no second reader decodes it" if theirs is None else _outcome(ours, theirs, ds, found.warnings)
    yield Row(name, syntax.name or "none", photometric, bits, second, outcome)


def _second(ds: Any, syntax: UID) -> tuple[NDArray[Any] | None, str]:
    """The stored values by the second reader, colours as luminance, (frames, rows, columns); and its name."""
    if "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    try:
        plugins = get_decoder(syntax).available_plugins if syntax and syntax.is_compressed else ()
    except (NotImplementedError, ValueError):
        plugins = ()
    photometric = ds.get("PhotometricInterpretation")
    try:
        values = pixel_array(ds, raw=photometric != "RGB")  # what claims RGB may be YBR inside
        if photometric == "PALETTE COLOR":
            values = apply_color_lut(values, ds)
        elif "ModalityLUTSequence" in ds:
            values = apply_modality_lut(values, ds)
    except Exception as error:  # noqa: BLE001 - whatever a decoder trips over, it has not read the file
        other = _lossless(ds, syntax)
        if other is None:
            return None, type(error).__name__
        values = other
        plugins = ("jpegsof3",)
    if values.shape[-1] == 3:
        values = values[..., 0] if str(photometric).startswith("YBR_FULL") else values @ LUMINANCE
    return values, "pydicom" + (f"/{plugins[0]}" if plugins else "")


def _lossless(ds: Any, syntax: UID) -> NDArray[Any] | None:
    """The stored values of lossless JPEG (process 14), by its other decoder."""
    if syntax not in LOSSLESS_JPEG:
        return None
    try:
        frames = generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames", 1) or 1))
        values = np.stack([imagecodecs.jpegsof3_decode(frame) for frame in frames])
    except Exception:  # noqa: BLE001 - as above
        return None
    bits = np.dtype(f"{'i' if ds.PixelRepresentation else 'u'}{ds.BitsAllocated // 8}")
    if "ModalityLUTSequence" in ds:
        return np.asarray(apply_modality_lut(values.astype(bits), ds))
    return values.astype(bits)


def _padding(ds: Any, theirs: NDArray[Any]) -> NDArray[np.bool_]:
    ends = [int(ds[name].value) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit") if name in ds]
    ends = [end - 65536 if ds.PixelRepresentation and end > 32767 else end for end in ends]
    return np.asarray((theirs >= min(ends)) & (theirs <= max(ends))) if ends else np.zeros(theirs.shape, bool)


def _outcome(ours: NDArray[Any], theirs: NDArray[Any], ds: Any, remarks: Sequence[str]) -> str:
    """Whether the values are the same; where not, the remark that says why, or by how much they differ."""
    if theirs.size != ours.size:
        return f"DIFFERS: {ours.shape} beside {theirs.shape}"
    theirs = theirs.reshape(ours.shape)
    off = np.abs(ours - theirs)
    hidden = _padding(ds, theirs) if any("padding" in remark for remark in remarks) else np.zeros(off.shape, bool)
    if hidden.any() and not off[~hidden].any():
        return "equal but for padding, which is remarked"
    colour = ds.get("SamplesPerPixel") == 3 or ds.get("PhotometricInterpretation") == "PALETTE COLOR"
    if float(off.max()) <= (COLOUR_STEPS if colour else 0):
        return "equal" if not colour else "equal (luminance, rounded)"
    why = next((remark for remark in remarks if any(word in remark for word in EXPLAINED)), "")
    if why:
        return f"remarked: {why}"
    if colour and ds.get("PhotometricInterpretation") == "RGB" and float(off.max()) <= SATURATED_STEPS:
        return "equal (luminance, rounded)"
    return f"DIFFERS: up to {off.max():g}, {100 * float((off > 0).mean()):.2f} % of the pixels"


def _sort(outcome: str) -> str:
    return outcome.partition(":")[0]
