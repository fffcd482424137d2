"""What ifs and questions of before they were about stacks, carried into the present tables and back, on both databases."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from app.config import Settings
from app.domain import Area, Edit, Score
from app.errors import NotFound
from app.store import Kept, Question, Store, migrate
from app.store.migrating import downgrade
from tests.store import exams
from tests.store.films import SHA, image, raw, store_file, study

BEFORE = "0012"
MASK = np.random.default_rng(3).random((1, 12, 10)) > 0.6
EDITS = (Edit((Area("brush", ((1.0, 2.0),), radius=3.0),), "inpaint"), Edit((Area("hot", explanation="m"),), "blur", True))
SCORES = (Score("Mass", 0.5, 0.0),)


@pytest.fixture
def filled(bare: Settings, tmp_path: Path) -> tuple[Settings, dict[str, str]]:
    """A database of now with a film and an exam, and a what-if and a question about each; their ids."""
    migrate(bare)
    store = Store.open(bare)
    film = store_file(store, tmp_path, study(image(shape=(12, 10)))).study_id
    knee = exams.store_exam(store, tmp_path)
    ids = {"film study": film, "exam study": knee}
    with store.view() as tx:
        stacks = {"film": tx.stacks.of_study(film)[0], "exam": tx.stacks.of_fingerprint(knee, exams.stack())}
    mask = {"film": MASK, "exam": np.ones((exams.SLICES, 12, 10), bool)}
    for name, stack in stacks.items():
        about = (ids[f"{name} study"], stack.id, stack.images[0])
        ids |= {f"{name} stack": stack.id, f"{name} image": stack.images[0]}
        with store.begin() as tx:
            kept = Kept(stack.id, "net", SHA, EDITS, mask[name], SCORES, SCORES, "words", "reader")
            ids[f"{name} kept"] = tx.what_ifs.add(about[0], kept).id
            asked = tx.questions.ask(Question("what if", *about, "net", SHA, {"edits": []}))
            tx.questions.answer(asked.id, {"scores": []}, None)
            ids[f"{name} asked"] = asked.id
    store.close()
    return bare, ids


def rows(settings: Settings, table: str) -> dict[str, dict[str, Any]]:
    """What is stored, by id, as the database gives it."""
    with raw(settings) as connection:
        found = connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings()  # noqa: S608
        return {row["id"]: {name: row[name] for name in row if name not in {"stack_id", "slices"}} for row in found}


def test_what_is_about_films_goes_down_and_up_again_bit_by_bit(filled: tuple[Settings, dict[str, str]]) -> None:
    settings, ids = filled
    before = {table: rows(settings, table) for table in ("what_ifs", "questions")}
    downgrade(settings, BEFORE)
    with raw(settings) as connection:
        columns = {one["name"] for table in before for one in sa.inspect(connection).get_columns(table)}
    assert not {"stack_id", "slices"} & columns
    assert rows(settings, "what_ifs") == {ids["film kept"]: before["what_ifs"][ids["film kept"]]}
    assert rows(settings, "questions") == {ids["film asked"]: before["questions"][ids["film asked"]]}
    edits = before["what_ifs"][ids["film kept"]]["edits"]
    assert "slices" not in str(edits), "as the version before reads them"
    migrate(settings)
    store = Store.open(settings)
    with store.view() as tx:
        found = tx.what_ifs.get(ids["film kept"])
        assert (found.stack_id, found.images, found.slices) == (ids["film stack"], (ids["film image"],), (0,))
        assert (found.edits, found.before, found.after, found.comment) == (EDITS, SCORES, SCORES, "words")
        np.testing.assert_array_equal(tx.what_ifs.mask(found.id), MASK)
        assert tx.questions.get(ids["film asked"]).stack_id == ids["film stack"]
        for gone in (lambda: tx.what_ifs.get(ids["exam kept"]), lambda: tx.questions.get(ids["exam asked"])):
            with pytest.raises(NotFound):
                gone()
    store.close()
    assert {table: len(rows(settings, table)) for table in before} == {"what_ifs": 1, "questions": 1}


def test_an_image_that_is_no_stack_by_itself_gets_one(filled: tuple[Settings, dict[str, str]]) -> None:
    """As where a slice of a series had been read as a film, and nothing else is left of that: what was kept stays."""
    settings, ids = filled
    downgrade(settings, BEFORE)
    with raw(settings) as connection:
        moved = {"slice": ids["exam image"], "study": ids["exam study"]}
        for table in ("what_ifs", "questions"):
            connection.execute(sa.text(f"UPDATE {table} SET image_id = :slice, study_id = :study"), moved)  # noqa: S608
        before = connection.execute(sa.text("SELECT count(*) FROM stacks")).scalar_one()
    migrate(settings)
    store = Store.open(settings)
    with store.view() as tx:
        found = tx.what_ifs.get(ids["film kept"])
        assert found.images == found.stack == (ids["exam image"],)
        stack = tx.stacks.get(found.stack_id)
        assert (stack.study_id, stack.current, stack.images) == (ids["exam study"], False, found.images)
        assert stack.fingerprint == tx.studies.load_image(ids["exam image"]).stack
        assert tx.questions.get(ids["film asked"]).stack_id == stack.id
        assert tx.stacks.of_image(ids["exam image"]).id == ids["exam stack"]
    store.close()
    with raw(settings) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM stacks")).scalar_one() == before + 1
