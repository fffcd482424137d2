"""From the new rows back to the old ones.

What the old tables cannot hold is left out: layers that other software or a network itself made, all that is no relevance, and
of what comes under one key there all but the newest. A stack goes back under the number that it had when a row was written, as
the old version would have written it, so that going up again finds the same slices; what had none then goes under its number of
now. Verdicts stay where their map is one of ours, also where the map itself is not kept.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from app.stacks import STACKED
from migrations.carrying.history import History
from migrations.carrying.rows import Row, Rows, public_id
from migrations.carrying.up import earlier_key

READ = (
    "studies",
    "series",
    "images",
    "files",
    "readers",
    "networks",
    "stacks",
    "stack_images",
    "corrections",
    "answers",
    "answer_parts",
    "layers",
    "reviews",
    "annotations",
    "agreements",
    "layouts",
    "what_ifs",
    "jobs",
)
"""The tables that `carried` wants to see."""

SCORED = ("plane", "scores", "contributions", "slice_scores")
MAP = (
    *("id", "study_id", "method", "finding", "parameters", "state", "height", "width", "extent", "minimum", "maximum"),
    *("versions", "device", "seconds", "total", "conservation_error", "notes", "values", "created_at"),
)
"""What a map's row keeps as it is."""
VERDICT = ("number", "id", "study_id", "image_id", "verdict", "reason", "comment", "token", "created_at", "withdrawn_at")
FILM_MAP = ("image_id", "model", "model_sha256", "method", "finding", "parameters_key")
STACK_MAP = ("series_id", "stack", "model", "model_sha256", "method", "finding", "parameters_key")


def carried(new: Rows) -> Rows:
    """The rows of the old tables; under ``jobs`` and ``studies`` the columns that change, by id."""
    return _Down(new).carried()


class _Down:
    def __init__(self, new: Rows) -> None:
        self._new = new
        self._history = History(new)
        self._networks = {row["id"]: {"model": row["name"], "model_sha256": row["sha256"]} for row in new["networks"]}
        self._readers = {row["id"]: row["name"] for row in new["readers"]}
        self._stacks = {row["id"]: row for row in new["stacks"]}
        self._images: dict[str, list[str]] = {}
        for row in sorted(new["stack_images"], key=lambda row: row["place"]):
            self._images.setdefault(row["stack_id"], []).append(row["image_id"])
        self._parts: dict[str, list[Row]] = {}
        for row in sorted(new["answer_parts"], key=lambda row: row["place"]):
            self._parts.setdefault(row["answer_id"], []).append(row)
        self._examining = {
            row["network_id"] for row in new["answers"] if any(part["plane"] for part in self._parts.get(row["id"], ()))
        }
        self._read_as = {
            (row["network_id"], part["stack_id"]): part["plane"]
            for row in new["answers"]
            for part in self._parts.get(row["id"], ())
        }
        self._corrected = {row["stack_id"]: row["plane"] for row in new["corrections"] if row["plane"] is not None}
        self._ours = {
            row["id"]: row for row in new["layers"] if row["producer"] == "method" and row["kind"] == "relevance"
        }  # fmt: skip

    def carried(self) -> Rows:
        films, exams = self._answers()
        of_films, of_stacks = self._layers()
        reviews, exam_reviews = self._reviews()
        return {
            "predictions": films,
            "exam_predictions": exams,
            "explanations": of_films,
            "stack_explanations": of_stacks,
            "corrections": self._corrections(),
            "reviews": reviews,
            "exam_reviews": exam_reviews,
            "agreements": self._agreements(),
            "measures": [self._named(row) for row in self._new["annotations"]],
            "layouts": [self._named(row) for row in self._new["layouts"]],
            "what_ifs": [self._named(row) for row in self._new["what_ifs"]],
            "jobs": [
                {"id": row["id"], "image_id": self._alone(row["stack_id"])} for row in self._new["jobs"] if row["stack_id"]
            ],
            "studies": _flags(self._new["studies"], reviews, exam_reviews),
        }

    def _film(self, stack_id: str, network_id: str) -> bool:
        """Whether a network read a stack as a film."""
        stacked = self._history.series[self._stacks[stack_id]["series_id"]].modality in STACKED
        return not stacked or (self._stacks[stack_id]["slices"] == 1 and network_id not in self._examining)

    def _alone(self, stack_id: str) -> str | None:
        """The image of a stack that is one film; None for what is read as a stack."""
        stacked = self._history.series[self._stacks[stack_id]["series_id"]].modality in STACKED
        return None if stacked and self._stacks[stack_id]["current"] else self._images[stack_id][0]

    def _number(self, stack_id: str, moment: datetime) -> int:
        """The number that a stack had at some time; its own where it had none."""
        stack = self._stacks[stack_id]
        found = self._history.number(stack["series_id"], stack["fingerprint"], moment)
        return int(stack["number"]) if found is None else found

    def _named(self, row: Row) -> Row:
        """A row with names in place of ids."""
        new = {name: value for name, value in row.items() if name not in {"network_id", "reader_id"}}
        if "network_id" in row:
            new |= self._networks[row["network_id"]]
        if "reader_id" in row:
            new["reader"] = self._readers[row["reader_id"]]
        return new

    def _answers(self) -> tuple[list[Row], list[Row]]:
        films, exams = [], []
        for row in self._new["answers"]:
            parts = self._parts.get(row["id"], [])
            plain = self._named(row)
            del plain["over"]
            if any(part["plane"] for part in parts):
                planes = [self._plane(part, row["created_at"]) for part in parts]
                exams.append({**plain, "planes": planes})
            elif parts:
                del plain["missing"]
                films.append({**plain, "image_id": self._images[parts[0]["stack_id"]][0]})
        return _newest(films, ("image_id", "model", "model_sha256")), _newest(exams, ("study_id", "model", "model_sha256"))

    def _plane(self, part: Row, moment: datetime) -> Row:
        stack = self._stacks[part["stack_id"]]
        series_uid = self._history.series[stack["series_id"]].series_uid
        number = self._number(part["stack_id"], moment)
        return {"series_uid": series_uid, "stack": number, **{name: part[name] for name in SCORED}}

    def _layers(self) -> tuple[list[Row], list[Row]]:
        films, stacks = [], []
        there = [row for row in self._ours.values() if row["values"] is not None]
        for row in there:
            parameters_key = hashlib.sha256(json.dumps(row["parameters"], sort_keys=True).encode()).hexdigest()
            own = row["parameters_key"] != earlier_key(parameters_key, row["id"])
            plain = {
                **{name: row[name] for name in MAP},
                **self._networks[row["network_id"]],
                "signed": row["scale"] == "signed",
                "parameters_key": row["parameters_key"] if own else parameters_key,
            }
            stack = self._stacks[row["stack_id"]]
            if self._film(row["stack_id"], row["network_id"]):
                films.append({**plain, "image_id": self._images[row["stack_id"]][0]})
            else:
                told = {"series_id": stack["series_id"], "stack": self._number(row["stack_id"], row["created_at"])}
                plane = self._plane_of(row["network_id"], row["stack_id"])
                stacks.append({**plain, **told, "plane": plane, "slices": row["slices"], "mass": row["mass"]})
        return _newest(films, FILM_MAP), self._fitted(stacks)

    def _plane_of(self, network_id: str, stack_id: str) -> str:
        """What a stack was read as."""
        said = self._read_as.get((network_id, stack_id)) or self._corrected.get(stack_id)
        return str(said or self._stacks[stack_id]["plane"])

    def _fitted(self, rows: list[Row]) -> list[Row]:
        """The maps of stacks that one table can hold. Of two with one key the one stays whose slices are sure, then the newer;
        the other goes under the number that its stack has now, if nothing else is there."""
        stacks = {row["id"]: self._stacks[self._ours[row["id"]]["stack_id"]] for row in rows}
        ordered = sorted(rows, key=lambda row: row["created_at"], reverse=True)
        ordered.sort(key=lambda row: stacks[row["id"]]["doubtful"])
        kept: dict[tuple[Any, ...], Row] = {}
        left = [row for row in ordered if kept.setdefault(tuple(row[name] for name in STACK_MAP), row) is not row]
        for row in left:
            moved = {**row, "stack": stacks[row["id"]]["number"]}
            if stacks[row["id"]]["current"]:
                kept.setdefault(tuple(moved[name] for name in STACK_MAP), moved)
        return list(kept.values())

    def _reviews(self) -> tuple[list[Row], list[Row]]:
        films, exams = [], []
        for row in self._new["reviews"]:
            layer = self._ours.get(row["layer_id"])
            if layer is None:
                continue
            plain = {
                **{name: row[name] for name in VERDICT},
                **self._networks[layer["network_id"]],
                "method": layer["method"],
                "finding": layer["finding"],
                "measures": row["localisations"],
                "reader": self._readers[row["reader_id"]],
            }
            drawn = {int(place): shapes for place, shapes in (row["regions"] or {}).items()}
            if self._film(layer["stack_id"], layer["network_id"]):
                films.append({**plain, "region": drawn.get(0)})
                continue
            stack = self._stacks[layer["stack_id"]]
            images = self._images[layer["stack_id"]]
            moment = layer["created_at"] if row["doubtful"] else row["created_at"]
            exams.append(
                {
                    **plain,
                    "series_id": stack["series_id"],
                    "stack": self._number(layer["stack_id"], moment),
                    "plane": self._plane_of(layer["network_id"], layer["stack_id"]),
                    "region": {images[place]: shapes for place, shapes in drawn.items()} or None,
                }
            )
        return films, exams

    def _corrections(self) -> list[Row]:
        rows = []
        for row in self._new["corrections"]:
            stack = self._stacks[row["stack_id"]]
            said = {name: row[name] for name in ("plane", "weighting", "used", "created_at")}
            number = self._number(row["stack_id"], row["created_at"])
            place = {"study_id": stack["study_id"], "series_id": stack["series_id"], "stack": number}
            rows.append({"id": public_id(), **place, **said})
        return _newest(rows, ("series_id", "stack"))

    def _agreements(self) -> list[Row]:
        rows = []
        for row in self._new["agreements"]:
            if self._film(row["stack_id"], row["network_id"]):
                plain = self._named(row)
                del plain["stack_id"]
                rows.append({**plain, "image_id": self._images[row["stack_id"]][0]})
        return _newest(rows, ("image_id", "model", "finding"))


def _newest(rows: Iterable[Row], key: tuple[str, ...]) -> list[Row]:
    """The newest row of each key, the first of equals."""
    answer: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        name = tuple(row[column] for column in key)
        if name not in answer or answer[name]["created_at"] < row["created_at"]:
            answer[name] = row
    return list(answer.values())


def _flags(studies: Iterable[Row], films: Iterable[Row], exams: Iterable[Row]) -> list[Row]:
    """How many verdicts are in force under the old keys, where that changes."""
    key: Callable[[Row], tuple[Any, ...]] = lambda row: tuple(  # noqa: E731
        row.get(name) for name in ("series_id", "stack", "model", "model_sha256", "method", "finding", "reader")
    )
    standing: dict[str, set[tuple[Any, ...]]] = {}
    for row in (*films, *exams):
        if row["withdrawn_at"] is None:
            image = None if "series_id" in row else row["image_id"]
            standing.setdefault(row["study_id"], set()).add((image, *key(row)))
    counted = [(row, len(standing.get(row["id"], ()))) for row in studies]
    return [{"id": row["id"], "flags": count} for row, count in counted if row["flags"] != count]
