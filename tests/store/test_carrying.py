"""What an older version left behind, carried into the present tables and back: nothing is lost, all stands where it belongs."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.config import Settings
from app.store import Store, migrate
from app.store.migrating import downgrade
from tests.store.olden import count, echo, left_behind, members, new_verdicts, old_answers, old_verdicts, rows, stacks_of, write

ECHO_15 = "given on echo 15 with the map of echo 80 over it"
FIGURES = ("mass", "minimum", "maximum", "total", "conservation_error")


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """The settings of a var folder with the old database."""
    return left_behind(tmp_path / "var")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a var folder whose database was carried over; tests only read it."""
    settings = left_behind(tmp_path_factory.mktemp("carried") / "var")
    migrate(settings)
    return settings


def test_nothing_is_lost_on_the_way_up(old: Settings) -> None:
    before = {
        "answers": count(old, "predictions", "exam_predictions"),
        "reviews": count(old, "reviews", "exam_reviews"),
        "annotations": count(old, "measures"),
        **{table: count(old, table) for table in ("corrections", "agreements", "layouts", "what_ifs", "inspections", "jobs")},
    }
    maps = {row["id"]: row for table in ("explanations", "stack_explanations") for row in rows(old, f"SELECT * FROM {table}")}  # noqa: S608
    verdicts, answers = old_verdicts(old), old_answers(old)
    assert min(before.values()) > 0, "a dump without rows of a kind proves nothing of it"

    migrate(old)

    assert {table: count(old, table) for table in before} == before
    layers = {row["id"]: row for row in rows(old, "SELECT * FROM layers")}
    assert set(maps) <= set(layers)
    for layer_id, said in maps.items():
        kept = {name: said[name] for name in ("values", "method", "finding", "parameters", "state", "extent", "notes")}
        assert {name: layers[layer_id][name] for name in kept} == kept
        figures = {name: said[name] for name in FIGURES if name in said}
        assert {name: layers[layer_id][name] for name in figures} == figures
    made = [row for layer_id, row in layers.items() if layer_id not in maps]
    assert all(row["state"] == "not kept" or row["values"] in {said["values"] for said in maps.values()} for row in made)
    chosen = random.Random(12).sample(sorted(verdicts), 10)  # noqa: S311 — a choice that stays the same
    assert {name: new_verdicts(old)[name] for name in chosen} == {name: verdicts[name] for name in chosen}
    assert new_verdicts(old) == verdicts
    for answer_id, (scores, planes) in answers.items():
        (row,) = rows(old, "SELECT scores FROM answers WHERE id = ?", answer_id)
        parts = rows(old, "SELECT * FROM answer_parts WHERE answer_id = ? ORDER BY place", answer_id)
        assert row["scores"] == scores
        assert [part["scores"] for part in parts] == [said["scores"] for said in planes or [{"scores": scores}]]
        assert [{name: part[name] for name in said} for part, said in zip(parts, planes, strict=bool(planes))] == planes
        assert planes or parts[0]["contributions"] == [logit for _, _, logit in scores]
    with closing(sqlite3.connect(old.var / "whylight.sqlite3")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        checks = connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0]
    for name in (
        "stacks_plane",
        "layers_shape",
        "reviews_verdict",
        "studies_state",
        "series_source",
        "jobs_kind",
        "jobs_state",
    ):
        assert f"CONSTRAINT ck_{name} CHECK" in checks


def test_verdicts_stand_at_the_slices_that_they_were_given_on(up: Settings) -> None:
    renumbered = stacks_of(up, "echo 80; never judged anew")
    assert echo(up, renumbered["images"]) == {80.0}
    assert (renumbered["current"], renumbered["stack_number"], renumbered["doubtful"]) == (1, 1, 0)
    assert renumbered["values"] is not None
    replaced = stacks_of(up, "echo 80, with a region")  # its map was taken by the five slices of echo 15
    assert echo(up, replaced["images"]) == {80.0}
    assert (replaced["state"], replaced["values"], replaced["pictures"], replaced["doubtful"]) == ("not kept", None, 4, 0)
    grown = stacks_of(up, "four slices")
    assert (len(grown["images"]), grown["current"], grown["marked"], grown["state"]) == (4, 0, 0, "not kept")


def test_what_cannot_be_told_is_marked(up: Settings) -> None:
    mixed = stacks_of(up, ECHO_15)
    assert echo(up, mixed["images"]) == {15.0}
    assert (mixed["doubtful"], mixed["marked"], mixed["current"]) == (1, 1, 0)
    (first,) = rows(up, """SELECT * FROM layers WHERE "values" = ? AND stack_id != ?""", mixed["values"], mixed["stack_id"])
    assert echo(up, members(up, first["stack_id"])) == {80.0}
    assert [row["comment"] for row in rows(up, "SELECT comment FROM reviews WHERE doubtful")] == [mixed["comment"]]
    assert [row["id"] for row in rows(up, "SELECT id FROM stacks WHERE doubtful")] == [mixed["stack_id"]]


def test_a_correction_stays_with_its_slices(up: Settings) -> None:
    query = """SELECT stacks.*, corrections.used FROM corrections JOIN stacks ON stacks.id = stack_id
        JOIN series ON series.id = series_id WHERE used = 0"""
    found = {tuple(sorted(echo(up, members(up, row["id"])), key=str)): row for row in rows(up, query)}
    assert found[80.0,]["number"] == 1, "the echo that a reader took out, whatever its number is now"
    assert all(row["current"] for row in found.values())


def test_back_again_and_up_once_more(old: Settings) -> None:
    tables = ("predictions", "exam_predictions", "explanations", "stack_explanations", "corrections", "reviews", "exam_reviews")
    kinds = (*tables, "agreements", "measures", "layouts", "what_ifs", "jobs", "inspections")
    before = {table: count(old, table) for table in kinds}
    verdicts, answers = old_verdicts(old), old_answers(old)
    maps = rows(old, "SELECT * FROM stack_explanations ORDER BY id")
    flags = rows(old, "SELECT id, flags FROM studies ORDER BY id")
    jobs = rows(old, "SELECT id, image_id, state FROM jobs ORDER BY id")
    migrate(old)
    up = {table: count(old, table) for table in ("stacks", "stack_images", "layers", "reviews", "answer_parts")}
    doubtful = rows(old, "SELECT id FROM reviews WHERE doubtful")

    downgrade(old, "0009")

    assert {table: count(old, table) for table in kinds} == before
    assert (old_verdicts(old), old_answers(old)) == (verdicts, answers)
    assert rows(old, "SELECT * FROM stack_explanations ORDER BY id") == maps
    assert rows(old, "SELECT id, flags FROM studies ORDER BY id") == flags
    assert rows(old, "SELECT id, image_id, state FROM jobs ORDER BY id") == jobs
    with closing(sqlite3.connect(old.var / "whylight.sqlite3")) as connection:
        left = connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0]
    assert "CHECK" not in left

    migrate(old)

    assert {table: count(old, table) for table in up} == up
    assert rows(old, "SELECT id FROM reviews WHERE doubtful") == doubtful
    assert new_verdicts(old) == verdicts


def test_the_store_reads_all_of_it(up: Settings) -> None:
    store = Store.open(up)
    seen: dict[str, int] = {}
    with store.view() as tx:
        for study_id in (row["id"] for row in rows(up, "SELECT id FROM studies")):
            study = tx.studies.get(study_id)
            stacks = tx.stacks.of_study(study_id)
            assert sorted(image for stack in stacks for image in stack.images) == sorted(image.id for image in study.images)
            verdicts = tx.reviews.of_study(study_id)
            assert len(verdicts) == rows(up, "SELECT flags FROM studies WHERE id = ?", study_id)[0]["flags"]
            kinds: dict[str, tuple[Any, ...]] = {
                "stacks": tx.stacks.of_study(study_id, earlier=True),
                "answers": tx.answers.of_study(study_id),
                "layers": tx.layers.of_study(study_id),
                "reviews": verdicts,
                "agreements": tx.agreements.of_study(study_id),
                "annotations": tx.annotations.of_study(study_id),
                "what_ifs": tx.what_ifs.of_study(study_id),
            }
            for kind, found in kinds.items():
                seen[kind] = seen.get(kind, 0) + len(found)
            tx.jobs.of_study(study_id)
        exported = [*tx.what_ifs.export()]
        layouts = [layout for reader in tx.parties.readers() for layout in tx.layouts.of_reader(reader)]
    store.close()
    assert (seen["stacks"], seen["answers"]) == (count(up, "stacks"), count(up, "answers"))
    assert (seen["agreements"], len(layouts)) == (count(up, "agreements"), count(up, "layouts"))
    assert len(exported) == seen["what_ifs"]
    assert min(seen.values()) > 0


def test_new_images_go_on_where_the_old_ones_are(old: Settings) -> None:
    migrate(old)
    before = rows(old, "SELECT * FROM stacks ORDER BY id")
    store = Store.open(old)
    for row in rows(old, "SELECT id FROM studies"):
        store.arrange(row["id"])
    write(old, "UPDATE series SET unsorted = 1")
    for row in rows(old, "SELECT id FROM studies"):
        store.arrange(row["id"])
    store.close()
    assert rows(old, "SELECT * FROM stacks ORDER BY id") == before, "the product makes the same stacks of the same images"


def test_maps_of_films_get_their_mass_from_their_values(old: Settings) -> None:
    (row,) = rows(old, 'SELECT * FROM explanations WHERE "values" IN (SELECT min("values") FROM explanations)')
    values = np.random.default_rng(1).normal(size=(row["height"], row["width"])).astype("<f4")
    blob = old.var / "blobs" / row["values"][:2] / row["values"][2:]
    blob.parent.mkdir(parents=True)
    blob.write_bytes(values.tobytes())
    migrate(old)
    (layer,) = rows(old, "SELECT * FROM layers WHERE id = ?", row["id"])
    assert layer["mass"] == pytest.approx([np.maximum(values, 0).sum(dtype=np.float64)])
    assert {tuple(row["mass"]) for row in rows(old, "SELECT mass FROM layers WHERE slices = 1")} == {(0.0,), (*layer["mass"],)}
