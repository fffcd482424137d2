"""What a film opens with before all of it has travelled: its picture, and its values halved; made once, kept beside its pixels.

Knows the store and the renderer. The picture and the halved values are what the viewer's script would draw, so that nothing
changes on the screen when the whole film arrives.
"""

import gzip
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Image, frozen
from app.grey import window_for
from app.render import film_png
from app.store import Store
from app.store.records import ImageRow

PICTURE = 1280
"""The longest side of the picture that a film's panes open with, in pixels: as many as most screens' largest pane shows."""
PREVIEW = 720
"""The longest side of the halved values, in pixels: about what a pane shows."""
MOST_HALVED = 6
"""How often a film's pixels can be asked for halved."""
FORM = 1
"""Of what is kept; a change of how it is made changes this number."""


@dataclass(frozen=True, slots=True)
class Halved:
    """``packed``: the values, gzip. ``spread``: the least, the 0.5th and 99.5th percentile and the greatest stored value of the
    whole film, as text."""

    packed: bytes
    spread: str


def times_halved(rows: int, columns: int) -> int:
    """How often a film is to be halved so that a preview of it travels at once; 0 for one that is small anyway."""
    times = max(0, math.ceil(math.log2(max(rows, columns) / PREVIEW)))
    return times if times <= MOST_HALVED and min(rows, columns) >> times else 0


def keep(store: Store, study_id: str) -> None:
    """Make what the large films of a study open with, so that nobody waits for it."""
    with store.view() as tx:
        rows = tx.studies.get(study_id).images
    for row in rows:
        if times := times_halved(row.rows, row.columns):
            picture(store, row)
            halved(store, row, times)


def picture(store: Store, row: ImageRow) -> bytes:
    """The film as it opens, PNG, at most `PICTURE` long. NotFound when its pixels are gone."""

    def made() -> bytes:
        with store.view() as tx:
            return picture_png(tx.studies.load_image(row.id))

    return store.blobs.derived(row.pixels_sha256, f"picture-{FORM}-{row.id}", made)


def picture_png(image: Image) -> bytes:
    """Halved as the viewer's script halves it, through the window of the whole film: the greys that the viewer will draw."""
    times = next(times for times in range(MOST_HALVED + 1) if max(image.stored.shape) >> times <= PICTURE)
    if not times or not min(image.stored.shape) >> times:  # of a strip nothing would be left
        return film_png(image)
    small = half(image.stored, times)
    stored = frozen(small.astype(np.int16)) if image.stored.dtype == np.int16 else frozen(small.astype(np.uint16))
    return film_png(replace(image, stored=stored), None if image.voi_lut else window_for(image))


def halved(store: Store, row: ImageRow, times: int) -> Halved:
    """The film's values halved ``times`` over, little-endian, of the stored values' type. NotFound when its pixels are gone."""
    dtype = "<i2" if row.signed else "<u2"

    def made() -> bytes:
        whole = np.frombuffer(store.blobs.read(row.pixels_sha256), dtype).reshape(row.rows, row.columns)
        spread = ",".join(f"{value:.10g}" for value in np.percentile(whole, (0, 0.5, 99.5, 100)))
        packed = gzip.compress(half(whole, times).astype(dtype).tobytes(), compresslevel=4, mtime=0)
        return spread.encode("ascii") + b"\n" + packed

    kind = f"halved-{FORM}-{times}-{dtype[1:]}-{row.rows}"
    spread, _, packed = store.blobs.derived(row.pixels_sha256, kind, made).partition(b"\n")
    return Halved(packed, spread.decode("ascii"))


def half(values: NDArray[np.integer[Any]], times: int) -> NDArray[np.int32]:
    """Averages over 2 × 2 values (rows, columns), ``times`` over, half up; a last odd row or column falls away. As the viewer's
    script halves a film (static/js/viewport/film.js)."""
    out = values.astype(np.int32)
    for _ in range(times):
        rows, columns = (length >> 1 << 1 for length in out.shape)
        out = (
            out[:rows:2, :columns:2] + out[1:rows:2, :columns:2] + out[:rows:2, 1:columns:2] + out[1:rows:2, 1:columns:2] + 2
        ) >> 2
    return out
