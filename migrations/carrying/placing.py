"""Which stack an old row belongs to, and the rows of all stacks that come of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from app.stacks import Stack
from migrations.carrying.history import History, Slice
from migrations.carrying.rows import Row, public_id


class Placing:
    """The stacks: those that there are now, and what old rows need beside them: earlier states of a series, images of a stack
    that were read alone, and, marked, stacks of which it cannot be told which slices were meant."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.rows: list[Row] = []
        self.members: list[Row] = []
        self._by_fingerprint: dict[str, Row] = {}
        self._images: dict[str, tuple[str, ...]] = {}
        self._of_series: dict[str, list[Row]] = {}
        self._of_image: dict[str, Row] = {}
        for series_id in history.series:
            for stack in history.now(series_id):
                row = self._add(series_id, stack, current=True)
                self._of_image.update((image.id, row) for image in stack.images)

    def images(self, stack_id: str) -> tuple[str, ...]:
        """The ids of a stack's images, in order."""
        return self._images[stack_id]

    def having(self, series_id: str, images: Iterable[str]) -> Row | None:
        """A stack of a series that has all of these images; one of now before an earlier one."""
        wanted = set(images)
        return next((row for row in self._of_series.get(series_id, ()) if wanted <= set(self.images(row["id"]))), None)

    def of_image(self, image_id: str) -> Row:
        """The stack that an image is in now; by itself where it is in none, being there twice."""
        return self._of_image.get(image_id) or self.alone(image_id)

    def alone(self, image_id: str) -> Row:
        """The stack of an image that was read by itself."""
        stack = self.history.alone(image_id)
        return self._by_fingerprint.get(stack.fingerprint) or self._earlier(
            self.history.series_of[image_id], stack, stack.number, self.history.of_image[image_id].received_at
        )

    def known(self, series_id: str, number: int, moment: datetime) -> Row | None:
        """The stack that a number meant at some time; None where there was none of that number."""
        stack = self.history.named(series_id, number, moment)
        return None if stack is None else self._of(series_id, stack, number, moment)

    def meant(
        self, series_id: str, number: int, moment: datetime, *, since: datetime | None = None, slices: int | None = None
    ) -> Row:
        """The stack that a row meant which was written at ``moment``, by a job that took its images at ``since`` where that is
        known, and which says something of so many ``slices``. One that is marked where that cannot be told."""
        taken = moment if since is None else min(since, moment)
        fitting: dict[str, tuple[Stack[Slice], datetime]] = {}
        for when in (taken, moment):
            stack = self.history.named(series_id, number, when)
            if stack and slices in {None, len(stack.images)}:
                fitting.setdefault(stack.fingerprint, (stack, when))
        if len(fitting) == 1:
            stack, when = next(iter(fitting.values()))
            return self._of(series_id, stack, number, when)
        return self.doubtful(series_id, number, self._likely(series_id, number, taken, slices), moment)

    def _likely(self, series_id: str, number: int, moment: datetime, slices: int | None) -> list[str]:
        """The images that were meant most likely: those of the last stack of this number with so many slices; else so many of
        those it had then; else so many of the series."""
        then = self.history.named(series_id, number, moment)
        found = then if slices is None else self.history.latest(series_id, number, slices, moment) or then
        images = found.images if found else ()
        if not images or len(images) < (slices or 0):
            images = self.history.series[series_id].images
        return [image.id for image in images[:slices]]

    def doubtful(self, series_id: str, number: int, images: Sequence[str], moment: datetime) -> Row:
        """The stack that may have been meant by a number, of these images, marked. Its fingerprint is none of its images alone:
        nothing is ever taken for it."""
        members = [self.history.of_image[image] for image in images]
        told = "".join(f"{image.sop_instance_uid}\n{image.frame}\n" for image in members)
        name = f"doubtful\n{series_id}\n{number}\n{told}"
        fingerprint = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        known = self._by_fingerprint.get(fingerprint)
        if known is not None:
            return known
        like = self.having(series_id, images)
        gathered = self.history.series[series_id]
        stack = Stack(
            series_uid=gathered.series_uid,
            number=number,
            plane=like["plane"] if like else "",
            weighting=like["weighting"] if like else gathered.weighting,
            localizer=gathered.localizer,
            images=tuple(members),
        )
        return self._earlier(series_id, stack, number, moment, fingerprint)

    def _of(self, series_id: str, stack: Stack[Slice], number: int, moment: datetime) -> Row:
        return self._by_fingerprint.get(stack.fingerprint) or self._earlier(series_id, stack, number, moment)

    def _earlier(self, series_id: str, stack: Stack[Slice], number: int, moment: datetime, doubtful: str | None = None) -> Row:
        row = self._add(series_id, stack, fingerprint=doubtful)
        row["number"] = number
        row["superseded_at"] = self.history.following(series_id, max(moment, row["created_at"]))
        return row

    def _add(self, series_id: str, stack: Stack[Slice], *, current: bool = False, fingerprint: str | None = None) -> Row:
        row: Row = {
            "id": public_id(),
            "study_id": self.history.series[series_id].study_id,
            "series_id": series_id,
            "fingerprint": fingerprint or stack.fingerprint,
            "number": stack.number,
            "plane": stack.plane,
            "weighting": stack.weighting,
            "localizer": stack.localizer,
            "between": stack.between,
            "oddities": [asdict(oddity) for oddity in stack.oddities],
            "slices": len(stack.images),
            "current": current,
            "doubtful": fingerprint is not None,
            "created_at": max(image.received_at for image in stack.images),
            "superseded_at": None,
        }
        images = tuple(image.id for image in stack.images)
        self.rows.append(row)
        self.members += [{"stack_id": row["id"], "place": place, "image_id": image} for place, image in enumerate(images)]
        self._by_fingerprint[row["fingerprint"]] = row
        self._images[row["id"]] = images
        self._of_series.setdefault(series_id, []).append(row)
        return row
