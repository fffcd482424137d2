"""Which layer each verdict was about.

An old verdict names its film, or its stack by series and number, the network, the method and the finding, and no map: a map
that was computed anew took the place of the one that was judged. A film's verdict belongs to the newest map of that name which
was there when it was given, else to the oldest. A stack's does too, and is marked where the number meant other slices when it
was given than when the map was made: the reader saw the map of the one over the other. Where the judged map was replaced by
that of other slices, or where there is none, a layer without values stands for it.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from migrations.carrying.parties import Parties
from migrations.carrying.placing import Placing
from migrations.carrying.rows import Row, public_id
from migrations.carrying.working import Working

PLAIN = ("number", "id", "study_id", "image_id", "verdict", "reason", "comment", "token", "created_at", "withdrawn_at")
"""What a verdict keeps as it was; the token unless another one has it, the number among all others."""
NO_PARAMETERS = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
"""The sha256 of a method's parameters where there are none."""

Key = tuple[Any, ...]


class Layers:
    """The layers that are there, as verdicts look for them; ``numbered`` has the series and the number that a stack's had."""

    def __init__(self, rows: Iterable[Row], numbered: Mapping[str, tuple[str, int]]) -> None:
        self.rows = sorted(rows, key=lambda row: row["created_at"])
        self._by_stack: dict[Key, list[Row]] = {}
        self._by_number: dict[Key, list[Row]] = {}
        for row in self.rows:
            said = row["network_id"], row["method"], row["finding"]
            self._by_stack.setdefault((row["stack_id"], *said), []).append(row)
            if row["id"] in numbered:
                self._by_number.setdefault((*numbered[row["id"]], *said), []).append(row)

    def of_number(self, series_id: str, number: int, said: Key, moment: datetime) -> Row | None:
        """The last layer of a number that was there at some time. A newer one of the same stack with the same values is the
        same picture, and the one that is shown."""
        there = [row for row in self._by_number.get((series_id, number, *said), ()) if row["created_at"] <= moment]
        if not there:
            return None
        same = (row for row in self.of_stack(there[-1]["stack_id"], said) if row["values"] == there[-1]["values"])
        return [*same][-1]

    def of_stack(self, stack_id: str, said: Key) -> Sequence[Row]:
        """The layers of a stack, oldest first."""
        return self._by_stack.get((stack_id, *said), ())

    def there(self, stack_id: str, said: Key, moment: datetime) -> Row | None:
        """The last layer of a stack that was there at some time; else the oldest."""
        each = self.of_stack(stack_id, said)
        return next((row for row in reversed(each) if row["created_at"] <= moment), each[0] if each else None)

    def add(self, row: Row) -> Row:
        """One more layer, unless there is one of its key."""
        said = row["network_id"], row["method"], row["finding"]
        each = self._by_stack.setdefault((row["stack_id"], *said), [])
        known = next((one for one in each if one["parameters_key"] == row["parameters_key"]), None)
        if known is None:
            self.rows.append(row)
            each.append(row)
        return known or row


class Verdicts:
    """Carries verdicts over, and adds to ``layers`` those that stand for maps that are not there."""

    def __init__(self, placing: Placing, parties: Parties, working: Working, layers: Layers) -> None:
        self._placing, self._parties, self._working, self.layers = placing, parties, working, layers

    def carried(self, films: Iterable[Row], exams: Iterable[Row]) -> list[Row]:
        """The verdicts on films and on stacks, numbered anew in the order in which they were given; those of one table stay in
        their order whatever their times say."""
        ordered = (sorted(rows, key=lambda row: row["number"]) for rows in (films, exams))
        tokens: set[str] = set()
        answer = []
        for number, row in enumerate(heapq.merge(*ordered, key=lambda row: row["created_at"]), start=1):
            new = self._exam(row) if "series_id" in row else self._film(row)
            new["number"] = number
            if new["token"] in tokens:
                new["token"] = None
            elif new["token"] is not None:
                tokens.add(new["token"])
            answer.append(new)
        return answer

    def _film(self, row: Row) -> Row:
        said = self._said(row)
        stack = self._placing.alone(row["image_id"])
        layer = self.layers.there(stack["id"], said, row["created_at"]) or self._absent(stack, said, row)
        return self._row(row, layer, 0, {"0": row["region"]} if row["region"] else None, doubtful=False)

    def _exam(self, row: Row) -> Row:
        said, when, place = self._said(row), row["created_at"], (row["series_id"], row["stack"])
        meant = self._placing.known(*place, when)
        layer = self.layers.of_number(*place, said, when)
        if layer is not None:
            doubtful = meant is None or layer["stack_id"] != meant["id"]
        else:
            doubtful = meant is None or self._otherwise(meant, row)
            meant = meant or self._placing.meant(*place, when)
            layer = self.layers.there(meant["id"], said, when) or self._absent(meant, said, row)
        seen = {row["image_id"], *(row["region"] or {})}
        images = self._placing.images(layer["stack_id"])
        if not seen <= set(images):
            layer, doubtful = self._copy(layer, meant, seen, row), True
            images = self._placing.images(layer["stack_id"])
        places = {image: place for place, image in enumerate(images)}
        regions = {str(places[image]): drawn for image, drawn in (row["region"] or {}).items()}
        return self._row(row, layer, places[row["image_id"]], regions or None, doubtful=doubtful)

    def _row(self, row: Row, layer: Row, shown: int, regions: Row | None, *, doubtful: bool) -> Row:
        return {
            **{name: row[name] for name in PLAIN},
            "layer_id": layer["id"],
            "shown": shown,
            "regions": regions,
            "localisations": row["measures"],
            "reader_id": self._parties.reader(row),
            "doubtful": doubtful,
        }

    def _said(self, row: Row) -> Key:
        return self._parties.network(row), row["method"], row["finding"]

    def _otherwise(self, meant: Row, row: Row) -> bool:
        """Whether the judged map, which was computed anew since, may have been of other slices: whether a job had begun when
        the number meant another stack of as many."""
        for moment in self._working.begun(row["study_id"], row["created_at"]):
            before = self._placing.history.named(row["series_id"], row["stack"], moment)
            if before and before.fingerprint != meant["fingerprint"] and len(before.images) == meant["slices"]:
                return True
        return False

    def _absent(self, stack: Row, said: Key, row: Row) -> Row:
        """A layer without values, for a map that is not there."""
        network_id, method, finding = said
        first = self._placing.history.of_image[self._placing.images(stack["id"])[0]]
        layer: Row = {
            "id": public_id(),
            "study_id": row["study_id"],
            "stack_id": stack["id"],
            "network_id": network_id,
            "kind": "relevance",
            "scale": "positive",
            "unit": "",
            "finding": finding,
            "producer": "method",
            "method": method,
            "version": "",
            "title": "",
            "parameters": {},
            "parameters_key": NO_PARAMETERS,
            "state": "not kept",
            "slices": stack["slices"],
            "height": first.rows,
            "width": first.columns,
            "extent": [0, 0, first.columns, first.rows],
            "minimum": 0.0,
            "maximum": 0.0,
            "mass": [0.0] * stack["slices"],
            "names": {},
            "versions": {},
            "device": "",
            "seconds": 0.0,
            "total": None,
            "conservation_error": None,
            "notes": [],
            "values": None,
            "created_at": row["created_at"],
        }
        return self.layers.add(layer)

    def _copy(self, layer: Row, meant: Row | None, seen: set[str], row: Row) -> Row:
        """The same layer over the slices that the reader drew on or stopped at, which are not its own: over a marked stack of
        what the number meant then, of another stack that has them, or at last of the whole series."""
        series = row["series_id"]
        if meant is None or not seen <= set(self._placing.images(meant["id"])):
            meant = self._placing.having(series, seen)
        every = [image.id for image in self._placing.history.series[series].images]
        images = self._placing.images(meant["id"]) if meant else every
        stack = self._placing.doubtful(series, row["stack"], images, row["created_at"])
        return self.layers.add({**layer, "id": public_id(), "stack_id": stack["id"]})
