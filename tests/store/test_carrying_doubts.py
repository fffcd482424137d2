"""Old databases whose rows contradict themselves: what they say is kept, and marked where it cannot be told what was meant."""

import json
from pathlib import Path

import pytest

from app.config import Settings
from app.store import migrate
from app.store.migrating import downgrade
from tests.store.olden import echo, judged, left_behind, maps_of, members, new_verdicts, old_verdicts, rows, stacks_of, write

ECHO_15 = "given on echo 15 with the map of echo 80 over it"


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """The settings of a var folder with the old database."""
    return left_behind(tmp_path / "var")


def test_a_map_of_another_number_of_slices_is_kept_and_its_stack_marked(old: Settings) -> None:
    review = judged(old, "before the update")
    (said,) = maps_of(old, review)
    write(old, "UPDATE stack_explanations SET slices = 3 WHERE id = ?", said["id"])
    migrate(old)
    found = stacks_of(old, "before the update")
    assert (found["values"], found["pictures"], len(found["images"])) == (said["values"], 3, 3)
    assert (found["marked"], found["current"], found["doubtful"]) == (1, 0, 1)
    downgrade(old, "0009")
    assert maps_of(old, review) == [{**said, "slices": 3}]
    assert {**judged(old, "before the update"), "number": 0} == {**review, "number": 0}


def test_a_number_that_no_stack_had_is_kept_on_a_marked_stack(old: Settings) -> None:
    review = judged(old, "before the update")
    place = review["study_id"], review["series_id"]
    write(old, "UPDATE exam_reviews SET stack = 7 WHERE series_id = ?", review["series_id"])
    write(old, "UPDATE stack_explanations SET stack = 7 WHERE series_id = ?", review["series_id"])
    write(old, "INSERT INTO corrections VALUES ('c', ?, ?, 7, 'axial', NULL, NULL, '2026-11-29 18:00:00.000000')", *place)
    migrate(old)
    found = stacks_of(old, "before the update")
    images = [row["id"] for row in rows(old, "SELECT id FROM images WHERE series_id = ?", review["series_id"])]
    assert (found["marked"], found["doubtful"], sorted(found["images"])) == (1, 1, sorted(images))
    assert rows(old, "SELECT corrections.plane FROM corrections JOIN stacks ON stacks.id = stack_id WHERE doubtful") == [
        {"plane": "axial"}
    ]
    downgrade(old, "0009")
    assert {**judged(old, "before the update"), "number": 0, "plane": ""} == {**review, "number": 0, "plane": "", "stack": 7}


def test_a_job_saw_the_images_that_were_there_when_it_began(old: Settings) -> None:
    """The job of the later echo began with the earlier state and ended after the files had come."""
    study_id = judged(old, ECHO_15)["study_id"]
    (job,) = rows(old, "SELECT * FROM jobs WHERE study_id = ? ORDER BY created_at LIMIT 1", study_id)
    (came,) = rows(old, "SELECT max(received_at) AS last FROM files WHERE study_id = ?", study_id)
    late = came["last"][:17] + "59.000000"
    write(old, "DELETE FROM exam_reviews WHERE study_id = ?", study_id)
    write(old, "UPDATE stack_explanations SET created_at = ? WHERE study_id = ?", late, study_id)
    write(old, "UPDATE exam_predictions SET created_at = ? WHERE study_id = ?", late, study_id)
    write(old, "UPDATE jobs SET finished_at = ? WHERE id = ?", late, job["id"])
    migrate(old)
    query = "SELECT DISTINCT stacks.* FROM layers JOIN stacks ON stacks.id = stack_id WHERE layers.study_id = ?"
    (stack,) = rows(old, query, study_id)
    assert (stack["doubtful"], stack["current"]) == (1, 0), "as many slices before as after: it cannot be told"
    assert echo(old, members(old, stack["id"])) == {80.0}
    assert rows(old, "SELECT stack_id FROM answer_parts WHERE stack_id = ?", stack["id"]) != []


def test_a_region_on_slices_of_two_stacks_is_kept(old: Settings) -> None:
    review = judged(old, ECHO_15)
    (other,) = rows(old, "SELECT id FROM images WHERE series_id = ? AND echo_time = 80 LIMIT 1", review["series_id"])
    region = {**review["region"], other["id"]: [["rectangle", [[1.0, 2.0], [3.0, 4.0]]]]}
    write(old, "UPDATE exam_reviews SET region = ? WHERE id = ?", json.dumps(region), review["id"])
    verdicts = old_verdicts(old)
    migrate(old)
    found = stacks_of(old, ECHO_15)
    assert (echo(old, found["images"]), found["marked"], found["doubtful"]) == ({15.0, 80.0}, 1, 1)
    assert new_verdicts(old) == verdicts


def test_a_verdict_on_a_film_whose_map_is_gone_stands_on_an_empty_layer(old: Settings) -> None:
    (review,) = rows(old, "SELECT * FROM reviews ORDER BY number LIMIT 1")
    write(old, "DELETE FROM explanations WHERE image_id = ?", review["image_id"])
    verdicts = old_verdicts(old)
    migrate(old)
    query = "SELECT layers.* FROM layers JOIN reviews ON layers.id = layer_id WHERE reviews.id = ?"
    (layer,) = rows(old, query, review["id"])
    assert (layer["state"], layer["values"], layer["slices"]) == ("not kept", None, 1)
    downgrade(old, "0009")
    assert old_verdicts(old) == verdicts


def test_maps_that_were_made_under_two_numbers_stay_beside_one_another(old: Settings) -> None:
    review = judged(old, "echo 80; never judged anew")
    (said,) = maps_of(old, review)
    for new_id, method, values in (("again", review["method"], said["values"]), ("other", "cam", "0" * 64)):
        place = said["series_id"], said["model_sha256"], method
        (row,) = rows(old, "SELECT * FROM stack_explanations WHERE series_id = ? AND model_sha256 = ? AND method = ?", *place)
        row |= {"id": new_id, "stack": 1, "created_at": "2026-11-30 00:00:00.000000", "values": values}
        told = [json.dumps(value) if isinstance(value, list | dict) else value for value in row.values()]
        write(old, f"INSERT INTO stack_explanations VALUES ({', '.join('?' * len(told))})", *told)  # noqa: S608
    before = rows(old, "SELECT * FROM stack_explanations ORDER BY id")
    migrate(old)
    found = stacks_of(old, "echo 80; never judged anew")
    assert (found["layer_id"], found["doubtful"]) == ("again", 0), "the same picture, and the one that is shown"
    assert stacks_of(old, "echo 80; taken back")["layer_id"] != "other", "another picture was judged"
    keys = rows(old, "SELECT parameters_key FROM layers WHERE stack_id = ? AND method = ?", found["stack_id"], review["method"])
    assert len({row["parameters_key"] for row in keys}) == 2
    downgrade(old, "0009")
    after = rows(old, "SELECT * FROM stack_explanations ORDER BY id")
    assert after == before


def test_columns_that_other_steps_gave_jobs_go_through(old: Settings) -> None:
    write(old, "ALTER TABLE jobs ADD COLUMN told TEXT NOT NULL DEFAULT 'before'")
    write(old, "UPDATE jobs SET told = id")
    before = rows(old, "SELECT id, told, model, finding, attempts FROM jobs ORDER BY id")
    migrate(old)
    assert rows(old, "SELECT id, told, model, finding, attempts FROM jobs ORDER BY id") == before
    downgrade(old, "0009")
    assert rows(old, "SELECT id, told, model, finding, attempts FROM jobs ORDER BY id") == before


def test_what_the_old_tables_cannot_hold_is_left_out_on_the_way_down(old: Settings) -> None:
    migrate(old)
    (first,) = rows(
        old, "SELECT * FROM layers WHERE slices = 1 AND id NOT IN (SELECT layer_id FROM reviews) ORDER BY id LIMIT 1"
    )
    judged_layer = stacks_of(old, "echo 80; never judged anew")["layer_id"]
    imported = "UPDATE layers SET producer = 'import', kind = 'probability', scale = 'unit' WHERE id = ?"
    write(old, imported, first["id"])
    write(old, 'UPDATE layers SET "values" = NULL WHERE id = ?', judged_layer)
    verdicts = new_verdicts(old)
    downgrade(old, "0009")
    assert rows(old, "SELECT id FROM explanations WHERE id = ?", first["id"]) == []
    assert rows(old, "SELECT id FROM stack_explanations WHERE id = ?", judged_layer) == []
    assert old_verdicts(old) == verdicts
