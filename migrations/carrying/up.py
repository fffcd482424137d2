"""From the old rows to the new ones."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from migrations.carrying.history import History
from migrations.carrying.parties import Parties, moved
from migrations.carrying.placing import Placing
from migrations.carrying.rows import Row, Rows
from migrations.carrying.verdicts import Layers, Verdicts
from migrations.carrying.working import Working

READ = (
    "studies",
    "series",
    "images",
    "files",
    "predictions",
    "exam_predictions",
    "explanations",
    "stack_explanations",
    "corrections",
    "reviews",
    "exam_reviews",
    "agreements",
    "measures",
    "layouts",
    "what_ifs",
    "jobs",
)
"""The tables that `carried` wants to see."""

Octets = Callable[[str], bytes | None]
"""A blob's octets by its sha256; None where they cannot be read."""


def carried(old: Rows, octets: Octets) -> Rows:
    """The rows of the new tables; under ``jobs`` and ``studies`` the columns that change, by id."""
    history = History(old)
    placing = Placing(history)
    parties = Parties(old)
    working = Working(old["jobs"])
    answers, parts = _answers(old, history, placing, parties, working)
    layers = [*_of_films(old["explanations"], placing, parties, octets)]
    layers += [_of_stack(row, placing, parties, working) for row in old["stack_explanations"]]
    _keyed(layers)
    numbered = {row["id"]: (row["series_id"], row["stack"]) for row in old["stack_explanations"]}
    verdicts = Verdicts(placing, parties, working, Layers(layers, numbered))
    reviews = verdicts.carried(old["reviews"], old["exam_reviews"])
    corrections = _corrections(old["corrections"], placing)
    jobs = [
        {"id": row["id"], "stack_id": placing.of_image(row["image_id"])["id"]}
        for row in old["jobs"]
        if row["image_id"] is not None
    ]
    agreements = moved(old["agreements"], parties, {"image_id": "stack_id"})
    for row in agreements:
        row["stack_id"] = placing.alone(row["stack_id"])["id"]
    said = {row["stack_id"] for rows in (parts, verdicts.layers.rows, corrections, jobs, agreements) for row in rows}
    stacks = [row for row in placing.rows if row["current"] or row["id"] in said]
    kept = {row["id"] for row in stacks}
    return {
        "readers": parties.readers,
        "networks": parties.networks,
        "stacks": stacks,
        "stack_images": [row for row in placing.members if row["stack_id"] in kept],
        "corrections": corrections,
        "answers": answers,
        "answer_parts": parts,
        "layers": verdicts.layers.rows,
        "reviews": reviews,
        "annotations": moved(old["measures"], parties, {}),
        "agreements": agreements,
        "layouts": moved(old["layouts"], parties, {}),
        "what_ifs": moved(old["what_ifs"], parties, {}),
        "jobs": jobs,
        "studies": _flags(old["studies"], reviews),
    }


def over(fingerprints: Iterable[str]) -> str:
    """What stands for the stacks that an answer is about, as the store computes it."""
    return hashlib.sha256("\n".join(sorted(fingerprints)).encode()).hexdigest()


def _answers(old: Rows, history: History, placing: Placing, parties: Parties, working: Working) -> tuple[list[Row], list[Row]]:
    """Answers and their parts."""
    series = {(one.study_id, one.series_uid): one.id for one in history.series.values()}
    read = [(row, [_film_part(row, placing)]) for row in old["predictions"]]
    for row in old["exam_predictions"]:
        since = working.since(row)
        parts = []
        for said in row["planes"]:
            slices = max(map(len, said["slice_scores"]), default=None)
            place = series[row["study_id"], said["series_uid"]], said["stack"], row["created_at"]
            stack = placing.meant(*place, since=since, slices=slices)
            parts.append((stack, {name: said[name] for name in ("plane", "scores", "contributions", "slice_scores")}))
        read.append((row, parts))
    answers: dict[tuple[str, ...], Row] = {}
    said_of: dict[str, list[Row]] = {}
    for row, parts in sorted(read, key=lambda one: one[0]["created_at"]):  # the newest stays where two are about the same
        new = {name: value for name, value in row.items() if name not in {"model", "model_sha256", "image_id", "planes"}}
        new |= {"network_id": parties.network(row), "over": over(stack["fingerprint"] for stack, _ in parts)}
        new.setdefault("missing", [])
        answers[new["study_id"], new["network_id"], new["over"]] = new
        said_of[new["id"]] = [
            {"answer_id": new["id"], "place": place, "stack_id": stack["id"], **said}
            for place, (stack, said) in enumerate(parts)
        ]
    kept = list(answers.values())
    return kept, [part for row in kept for part in said_of[row["id"]]]


def _film_part(row: Row, placing: Placing) -> tuple[Row, Row]:
    contributions = [logit for _, _, logit in row["scores"]]
    return placing.alone(row["image_id"]), {
        "plane": "",
        "scores": row["scores"],
        "contributions": contributions,
        "slice_scores": [],
    }


def layer(row: Row, stack: Row, parties: Parties) -> Row:
    """The row of a layer of what an old row says of a map."""
    left = {"image_id", "series_id", "stack", "plane", "model", "model_sha256", "signed"}
    return {
        **{name: value for name, value in row.items() if name not in left},
        "stack_id": stack["id"],
        "network_id": parties.network(row),
        "kind": "relevance",
        "scale": "signed" if row["signed"] else "positive",
        "unit": "",
        "producer": "method",
        "version": "",
        "title": "",
        "names": {},
    }


def _of_films(rows: Iterable[Row], placing: Placing, parties: Parties, octets: Octets) -> Iterator[Row]:
    for row in rows:
        told = {"slices": 1, "mass": [_mass(octets(row["values"]), row["height"] * row["width"])]}
        yield layer({**row, **told}, placing.alone(row["image_id"]), parties)


def _mass(octets: bytes | None, pixels: int) -> float:
    """The positive part of a map, summed; nothing where the map cannot be read."""
    if octets is None or len(octets) != 4 * pixels:
        return 0.0
    return float(np.maximum(np.frombuffer(octets, "<f4"), 0).sum(dtype=np.float64))


def _of_stack(row: Row, placing: Placing, parties: Parties, working: Working) -> Row:
    place = row["series_id"], row["stack"], row["created_at"]
    return layer(row, placing.meant(*place, since=working.since(row), slices=row["slices"]), parties)


KEY = ("stack_id", "network_id", "method", "finding", "parameters_key")


def _keyed(layers: Iterable[Row]) -> None:
    """Give maps of one stack that were made twice, under another number each time, keys of their own: the newest has the plain
    one, so that it is the one that is shown."""
    newest: dict[tuple[str, ...], str] = {}
    for row in sorted(layers, key=lambda row: row["created_at"], reverse=True):
        key = tuple(row[name] for name in KEY)
        if newest.setdefault(key, row["id"]) != row["id"]:
            row["parameters_key"] = earlier_key(row["parameters_key"], row["id"])


def earlier_key(parameters_key: str, layer_id: str) -> str:
    """The key of a layer beside a newer one with the same parameters."""
    return hashlib.sha256(f"{parameters_key}\n{layer_id}".encode()).hexdigest()


def _corrections(rows: Iterable[Row], placing: Placing) -> list[Row]:
    """Corrections; the newest where two turn out to be about one stack. What was said of a stack that has grown since goes
    along to the stack that has all its images."""
    answer: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["created_at"]):
        stack = placing.meant(row["series_id"], row["stack"], row["created_at"])
        if not stack["current"] and not stack["doubtful"]:
            heir = placing.having(row["series_id"], placing.images(stack["id"]))
            stack = heir if heir and heir["current"] else stack
        said = {name: row[name] for name in ("plane", "weighting", "used", "created_at")}
        answer[stack["id"]] = {"stack_id": stack["id"], **said}
    return list(answer.values())


def _flags(studies: Iterable[Row], reviews: Iterable[Row]) -> list[Row]:
    """How many verdicts are in force, where that changes: none stands behind one that was given on other slices any more."""
    standing: dict[str, set[tuple[str, str]]] = {}
    for row in reviews:
        if row["withdrawn_at"] is None:
            standing.setdefault(row["study_id"], set()).add((row["layer_id"], row["reader_id"]))
    counted = [(row, len(standing.get(row["id"], ()))) for row in studies]
    return [{"id": row["id"], "flags": count} for row, count in counted if row["flags"] != count]
