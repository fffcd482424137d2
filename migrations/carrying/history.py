"""What the number of a stack meant at any time.

Up to this step a stack was its series and its number, and what that number meant was computed at every call, from the images
that were there then. So what a row meant that was written at some time follows from the images whose files had come by that
time, sorted as the product sorts them. The product's own sorting is imported here, against the custom of steps, because the
numbers in the old rows were made by it: a copy could only drift away from it. Should it ever sort otherwise, its present form
is to be kept here.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from app.stacks import Stack, arrange
from migrations.carrying.rows import Row, Rows

WITHIN_SERIES = ("plane", "along", "instance_number", "frame", "number")
"""The columns that order the images of a series."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """An image, as far as sorting wants to know, and when its file came."""

    id: str
    sop_instance_uid: str
    frame: int
    instance_number: int
    rows: int
    columns: int
    pixel_spacing: tuple[float, float] | None
    position: tuple[float, float, float] | None
    axes: tuple[float, float, float, float, float, float] | None
    echo_time: float | None
    received_at: datetime
    frame_of_reference_uid: str = ""
    pixels: str = ""
    location: None = None
    kind: str = ""
    moment: None = None
    warnings: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """What tells its pixels from other pixels."""
        return self.pixels


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """A series with the images that it has, in its order; the times at which files of it came, each once."""

    id: str
    study_id: str
    series_uid: str
    modality: str
    weighting: str
    localizer: bool
    images: tuple[Slice, ...]
    arrivals: tuple[datetime, ...]


class History:
    """All series, now and at any time."""

    def __init__(self, rows: Rows) -> None:
        received = {row["sop_instance_uid"]: row["received_at"] for row in rows["files"]}
        studies = {row["id"]: row["received_at"] for row in rows["studies"]}
        images: dict[str, list[Slice]] = {}
        for row in sorted(rows["images"], key=lambda row: tuple(row[name] for name in WITHIN_SERIES)):
            came = received.get(row["sop_instance_uid"], studies[row["study_id"]])
            images.setdefault(row["series_id"], []).append(_slice(row, came))
        ordered = sorted(rows["series"], key=lambda row: (row["study_id"], row["number"], row["id"]))
        self.series = {row["id"]: _gathered(row, images.get(row["id"], ())) for row in ordered}
        self.of_image = {image.id: image for several in images.values() for image in several}
        self.series_of = {image.id: series for series, several in images.items() for image in several}
        self._known: dict[tuple[str, int], tuple[Stack[Slice], ...]] = {}

    def now(self, series_id: str) -> tuple[Stack[Slice], ...]:
        """The stacks of a series with all its images."""
        return self._after(series_id, len(self.series[series_id].arrivals))

    def at(self, series_id: str, moment: datetime) -> tuple[Stack[Slice], ...]:
        """The stacks of a series with the images that had come at some time."""
        return self._after(series_id, bisect_right(self.series[series_id].arrivals, moment))

    def named(self, series_id: str, number: int, moment: datetime) -> Stack[Slice] | None:
        """The stack that a number meant at some time; None where there was none of that number."""
        found = self.at(series_id, moment)
        return found[number] if 0 <= number < len(found) else None

    def number(self, series_id: str, fingerprint: str, moment: datetime) -> int | None:
        """The number that a stack had at some time; None where there was no such stack."""
        return next((one.number for one in self.at(series_id, moment) if one.fingerprint == fingerprint), None)

    def following(self, series_id: str, moment: datetime) -> datetime | None:
        """When the next file of a series came."""
        arrivals = self.series[series_id].arrivals
        place = bisect_right(arrivals, moment)
        return arrivals[place] if place < len(arrivals) else None

    def latest(self, series_id: str, number: int, slices: int, moment: datetime) -> Stack[Slice] | None:
        """The last stack of a number, before some time, that had so many slices."""
        for count in range(bisect_right(self.series[series_id].arrivals, moment), 0, -1):
            found = self._after(series_id, count)
            if 0 <= number < len(found) and len(found[number].images) == slices:
                return found[number]
        return None

    def alone(self, image_id: str) -> Stack[Slice]:
        """The stack that an image makes by itself."""
        gathered = self.series[self.series_of[image_id]]
        return arrange(replace(gathered, images=(self.of_image[image_id],)))[0]

    def _after(self, series_id: str, count: int) -> tuple[Stack[Slice], ...]:
        """The stacks of a series after so many arrivals."""
        if (series_id, count) not in self._known:
            gathered = self.series[series_id]
            if count < len(gathered.arrivals):
                until = gathered.arrivals[count]
                gathered = replace(gathered, images=tuple(one for one in gathered.images if one.received_at < until))
            self._known[series_id, count] = arrange(gathered) if gathered.images else ()
        return self._known[series_id, count]


def _slice(row: Row, received_at: datetime) -> Slice:
    names = ("id", "sop_instance_uid", "frame", "instance_number", "rows", "columns", "echo_time", "pixels")
    told: Row = {name: row[name] for name in names}
    told |= {name: row[name] and tuple(row[name]) for name in ("pixel_spacing", "position", "axes")}
    return Slice(received_at=received_at, **told)


def _gathered(row: Row, images: Iterable[Slice]) -> Gathered:
    names = ("id", "study_id", "series_uid", "modality", "weighting", "localizer")
    images = tuple(images)
    arrivals = tuple(sorted({image.received_at for image in images}))
    return Gathered(**{name: row[name] for name in names}, images=images, arrivals=arrivals)
