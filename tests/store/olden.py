"""A database that an older version wrote, what it says, and what the present tables say of the same.

``written_by_0009.sql`` is the dump of what the version of migration 0009 wrote itself, over its own doors: drawn films and
knees, a network that was renewed, stacks that grew and were renumbered after they had been judged. No person's film is in it.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from app.config import Settings

WRITTEN = Path(__file__).with_name("written_by_0009.sql")
Row = dict[str, Any]
Answer = tuple[list[Any], list[Row]]


def left_behind(var: Path) -> Settings:
    """The settings of a new var folder with the old database."""
    var.mkdir()
    with closing(sqlite3.connect(var / "whylight.sqlite3")) as connection:
        connection.executescript(WRITTEN.read_text(encoding="utf-8"))
    return Settings(var=var)


def rows(settings: Settings, query: str, *values: Any) -> list[Row]:
    """What a query finds, as it is stored; JSON is read where it is some."""
    with closing(sqlite3.connect(settings.var / "whylight.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        return [{name: _plain(row[name]) for name in row.keys()} for row in connection.execute(query, values)]  # noqa: SIM118


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value


def write(settings: Settings, query: str, *values: Any) -> None:
    """Change a database, as another history would have left it."""
    with closing(sqlite3.connect(settings.var / "whylight.sqlite3")) as connection, connection:
        connection.execute(query, values)


def count(settings: Settings, *tables: str) -> int:
    """How many rows these tables have together."""
    return sum(rows(settings, f'SELECT count(*) AS n FROM "{table}"')[0]["n"] for table in tables)  # noqa: S608


def slices(settings: Settings) -> dict[str, tuple[str, int]]:
    """What images are called outside of the database, by their ids."""
    return {row["id"]: (row["sop_instance_uid"], row["frame"]) for row in rows(settings, "SELECT * FROM images")}


def members(settings: Settings, stack_id: str) -> list[str]:
    """The images of a stack."""
    found = rows(settings, "SELECT image_id FROM stack_images WHERE stack_id = ? ORDER BY place", stack_id)
    return [row["image_id"] for row in found]


def old_verdicts(settings: Settings) -> dict[str, Row]:
    """What every verdict of the old tables says, by its id."""
    names, answer = slices(settings), {}
    films = rows(settings, "SELECT * FROM reviews")
    for row in (*films, *rows(settings, "SELECT * FROM exam_reviews")):
        region = row["region"] or {}
        drawn = {row["image_id"]: region} if isinstance(region, list) else region
        told = ("verdict", "reason", "comment", "measures", "model", "model_sha256", "method", "finding", "reader")
        kept = {name: row[name] for name in (*told, "token", "created_at", "withdrawn_at")}
        answer[row["id"]] = {
            **kept,
            "shown": names[row["image_id"]],
            "region": {names[image]: shapes for image, shapes in drawn.items()},
        }
    return answer


def new_verdicts(settings: Settings) -> dict[str, Row]:
    """What every verdict of the present tables says, by its id, as `old_verdicts` has it."""
    names, answer = slices(settings), {}
    query = """SELECT reviews.*, layers.stack_id, layers.method, layers.finding, networks.name AS model,
        networks.sha256 AS model_sha256, readers.name AS reader, localisations AS measures
        FROM reviews JOIN layers ON layers.id = layer_id JOIN networks ON networks.id = network_id
        JOIN readers ON readers.id = reader_id"""
    for row in rows(settings, query):
        images = members(settings, row["stack_id"])
        told = ("verdict", "reason", "comment", "measures", "model", "model_sha256", "method", "finding", "reader")
        kept = {name: row[name] for name in (*told, "token", "created_at", "withdrawn_at")}
        assert names[images[row["shown"]]] == names[row["image_id"]]
        answer[row["id"]] = {
            **kept,
            "shown": names[row["image_id"]],
            "region": {names[images[int(place)]]: shapes for place, shapes in (row["regions"] or {}).items()},
        }
    return answer


def old_answers(settings: Settings) -> dict[str, Answer]:
    """The scores of every answer of the old tables and what its planes say, by its id."""
    films: dict[str, Answer] = {row["id"]: (row["scores"], []) for row in rows(settings, "SELECT * FROM predictions")}
    names = ("plane", "scores", "contributions", "slice_scores")
    exams = {
        row["id"]: (row["scores"], [{name: said[name] for name in names} for said in row["planes"]])
        for row in rows(settings, "SELECT * FROM exam_predictions")
    }
    return {**films, **exams}


def stacks_of(settings: Settings, comment: str) -> Row:
    """The verdict with a comment, its layer and its stack."""
    query = """SELECT reviews.*, layers.state, layers."values", layers.slices AS pictures, layers.created_at AS made,
        layers.stack_id, stacks.doubtful AS marked, stacks.current, stacks.number AS stack_number
        FROM reviews JOIN layers ON layers.id = layer_id JOIN stacks ON stacks.id = stack_id WHERE comment LIKE ?"""
    (found,) = rows(settings, query, f"{comment}%")
    return {**found, "images": members(settings, found["stack_id"])}


def echo(settings: Settings, images: list[str]) -> set[float]:
    """The echo times of images."""
    times = {row["id"]: row["echo_time"] for row in rows(settings, "SELECT id, echo_time FROM images")}
    return {times[image] for image in images}


def judged(settings: Settings, comment: str) -> Row:
    """The old verdict with a comment."""
    (row,) = rows(settings, "SELECT * FROM exam_reviews WHERE comment LIKE ?", f"{comment}%")
    return row


def maps_of(settings: Settings, review: Row) -> list[Row]:
    """The old maps that a verdict may be about."""
    names = ("series_id", "stack", "model_sha256", "method", "finding")
    same = " AND ".join(f"{name} = ?" for name in names)
    return rows(settings, f"SELECT * FROM stack_explanations WHERE {same}", *(review[name] for name in names))  # noqa: S608
