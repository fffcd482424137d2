"""A network with a guard, from the upload to the page: reading, worker, pages, API and the analyse command. Real networks."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image as Picture

from app import __main__ as cli
from app.classifiers.loading import Loaded
from app.classifiers.reasons import FRAMED, OTHER, UNSURE
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Answer, Inspection
from app.errors import ModelError
from app.phantoms import chest
from app.reading import read, readings
from app.store import Store, WorklistQuery
from app.web.application import create_app
from app.worker import Worker
from tests.networks import write_guard, write_network
from tests.store.films import image, study
from tests.web import films

GUARDS = {"ok": 0.9, "warned": 0.4, "refused": 0.1}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with one network, and a guard that gives every image this verdict."""
    made: dict[str, Path] = {}

    def folder(verdict: str) -> Path:
        if verdict not in made:
            made[verdict] = tmp_path_factory.mktemp("guarded")
            write_network(made[verdict], "chest-untrained", seed=1, guard="guard")
            write_guard(made[verdict], film=GUARDS[verdict])
        return made[verdict]

    return folder


def results(models: Path, *, insist: bool = False) -> list[object]:
    loaded = Loaded(Registry(models), "cpu")
    due = readings(study(image(shape=(80, 70))), loaded.registry)
    return list(read(due, loaded, methods=["cam"], insist=insist))


def test_the_guard_speaks_before_the_network(guarded: Callable[[str], Path]) -> None:
    kinds = [type(one).__name__ for one in results(guarded("ok"))]
    assert kinds == ["Inspection", "Answer", "Layer"]
    said = results(guarded("warned"))
    assert isinstance(said[0], Inspection)
    assert (said[0].verdict, said[0].reasons, said[0].model, said[0].guard) == ("warned", (UNSURE,), "chest-untrained", "guard")
    assert len(said) == 3


def test_what_it_refuses_is_not_read_unless_somebody_insists(guarded: Callable[[str], Path]) -> None:
    (said,) = results(guarded("refused"))
    assert isinstance(said, Inspection)
    assert (said.verdict, said.reasons, said.stopped) == ("refused", (OTHER,), True)
    insisted = results(guarded("refused"), insist=True)
    assert insisted[0] == replace(said, insisted=True)
    assert isinstance(insisted[1], Answer)
    (fine, *_) = results(guarded("ok"), insist=True)
    assert isinstance(fine, Inspection)
    assert not fine.insisted


def test_a_guard_reads_nothing_itself(guarded: Callable[[str], Path]) -> None:
    registry = Registry(guarded("ok"))
    assert [card.name for card in registry.cards()] == ["chest-untrained"]
    assert [card.name for card in registry.guards()] == ["guard"]


def test_a_network_whose_guard_is_gone_reads_nothing(tmp_path: Path) -> None:
    write_network(tmp_path, "chest-untrained", guard="gone")
    with pytest.raises(ModelError, match="“gone”"):
        results(tmp_path)


class Product:
    """The application, its store and its worker over one folder of networks."""

    def __init__(self, models: Path, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings.model_copy(update={"models": models})
        self.worker = Worker(self.settings, store)
        app = create_app(self.settings, store, lambda: None)
        self.client = TestClient(app, "http://127.0.0.1", headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False)

    def upload(self) -> str:
        """Send a PNG film; the study's id once it is analysed."""
        answer = self.client.post("/studies", files=[("files", ("film.png", films.png(1, 80)))])
        assert self.worker.work_once()
        return str(answer.headers["location"]).split("/")[2].split("?")[0]

    def page(self, study_id: str) -> str:
        return self.client.get(f"/studies/{study_id}").text


@pytest.fixture
def product(guarded: Callable[[str], Path], store: Store, settings: Settings) -> Callable[[str], Product]:
    return lambda verdict: Product(guarded(verdict), store, settings)


def test_a_refused_image_has_reasons_instead_of_findings(product: Callable[[str], Product]) -> None:
    it = product("refused")
    study_id = it.upload()
    page = it.page(study_id)
    assert "The network did not read this image" in page
    assert OTHER in page
    assert 'name="insist" value="yes"' in page
    assert "<meter" not in page
    assert 'data-panes="1"' in page
    data = it.client.get(f"/studies/{study_id}/case.json").json()
    assert (data["prediction"], data["inspection"]["stopped"]) == (None, True)
    with it.store.view() as tx:
        row = tx.worklist.page(WorklistQuery()).rows[0]
        assert (row.state, row.caution, row.top) == ("done", "refused", ())
        assert tx.answers.of_study(study_id) == ()
    assert OTHER in page
    assert 'href="/models/guard"' in page
    assert f"no network read it: {OTHER}" in it.client.get(f"/studies/{study_id}/report").text
    rows = {state: it.client.get("/", params={"state": state}).text.partition("<tbody")[2] for state in ("not read", "done")}
    assert ("not read" in rows["not read"], rows["done"]) == (True, "")
    listed = [it.client.get("/api/v1/studies", params={"refused": refused}).json()["total"] for refused in (True, False)]
    assert listed == [1, 0]
    # the same job again: nothing new to do, and nothing is read behind the reader's back
    with it.store.begin() as tx:
        tx.jobs.analyse(study_id)
    assert it.worker.work_once()
    with it.store.view() as tx:
        assert tx.answers.of_study(study_id) == ()


def test_whoever_insists_gets_the_answer_and_the_caution(product: Callable[[str], Product]) -> None:
    it = product("refused")
    study_id = it.upload()
    wish = {"model": "chest-untrained", "insist": "yes"}
    assert it.client.post(f"/studies/{study_id}/explanations", data=wish).status_code == 303
    assert "The network did not read this image" not in it.page(study_id), "it is being read"
    assert "not read</span>" not in it.page(study_id)
    assert it.worker.work_once()
    page = it.page(study_id)
    assert 'badge-bad">refused by the guard, read all the same' in page
    assert page.count("notice notice-bad inspection") == 1
    assert "because somebody asked for that" in page
    assert page.count(f"<li>{OTHER}</li>") == 2, "in the banner and beside the findings"
    assert page.count('form="finding-form" name="finding"') == 14
    with it.store.view() as tx:
        assert tx.worklist.page(WorklistQuery()).rows[0].caution == "insisted"
    assert "refused, read all the same" in it.client.get("/").text
    paper = it.client.get(f"/studies/{study_id}/report").text
    assert f"read it all the same, and its numbers mean nothing: {OTHER}" in paper
    # another finding's maps are computed without asking again
    wish = {"model": "chest-untrained", "finding": "Hernia"}
    it.client.post(f"/studies/{study_id}/explanations", data=wish)
    assert it.worker.work_once()
    with it.store.view() as tx:
        assert "Hernia" in {row.finding for row in tx.layers.of_study(study_id)}
        assert [row.inspection.insisted for row in tx.inspections.of_study(study_id)] == [True]


def test_a_warned_image_has_both(product: Callable[[str], Product]) -> None:
    it = product("warned")
    page = it.page(it.upload())
    assert "Read with caution" in page
    assert UNSURE in page
    assert page.count('form="finding-form" name="finding"') == 14
    assert "because somebody asked for that" not in page
    assert "read with caution" in it.client.get("/").text


def test_all_is_quiet_where_the_guard_has_nothing_to_say(product: Callable[[str], Product]) -> None:
    it = product("ok")
    page = it.page(it.upload())
    assert "inspection" not in page.split('id="case-data"')[0]
    assert "aution" not in it.client.get("/").text.split("<tbody")[1]


def framed(folder: Path) -> Path:
    """Networks whose cards say that the exposed field is read."""
    write_network(folder, "chest-untrained", seed=1, guard="guard", preprocessing={"field": "exposed"})
    write_guard(folder, film=GUARDS["ok"])
    return folder


def in_frame() -> NDArray[np.uint8]:
    """A drawn film with black around it, 0 to 255."""
    film = (chest.draw(2, size=200, marker=False).pixels // 20 + 40).astype(np.uint8)
    return np.pad(film, ((30, 50), (40, 20)))


def test_a_framed_film_is_read_without_its_frame_and_everybody_says_so(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    it = Product(framed(tmp_path / "models"), store, settings)
    picture = BytesIO()
    Picture.fromarray(in_frame()).save(picture, "PNG")
    answer = it.client.post("/studies", files=[("files", ("film.png", picture.getvalue()))])
    assert it.worker.work_once()
    study_id = str(answer.headers["location"]).split("/")[2].split("?")[0]
    (said,) = it.client.get(f"/api/v1/studies/{study_id}/inspections").json()
    assert (said["verdict"], said["reasons"], said["remarks"], said["field"]) == ("ok", [], [FRAMED], [30, 40, 230, 240])
    page = it.page(study_id)
    assert f"<li>{FRAMED}</li>" in page
    assert "Read with caution" not in page
    assert FRAMED in it.client.get(f"/studies/{study_id}/report").text
    with it.store.view() as tx:
        assert {layer.extent.drawn.numbers()[:4] == [40, 30, 240, 230] for layer in tx.layers.of_study(study_id)} == {True}


def test_the_analyse_command_says_what_it_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(framed(tmp_path / "models")))
    Picture.fromarray(in_frame()).save(tmp_path / "film.png")
    assert cli.main(["analyse", str(tmp_path / "film.png"), "--out", str(tmp_path / "out"), "--methods", "cam"]) == 0
    assert f"film.png: remark: {FRAMED}" in capsys.readouterr().err
    (entry,) = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["images"]
    assert (entry["inspection"]["remarks"], entry["inspection"]["field"]) == ([FRAMED], [30, 40, 230, 240])


def test_the_reasons_speak_korean(product: Callable[[str], Product]) -> None:
    it = product("refused")
    study_id = it.upload()
    page = it.client.get(f"/studies/{study_id}", headers={"Accept-Language": "ko"}).text
    assert "흉부 정면 영상으로 보이지 않습니다." in page
    assert OTHER not in page


def test_scripts_read_inspections_and_may_insist(product: Callable[[str], Product]) -> None:
    it = product("refused")
    study_id = it.upload()
    api = f"/api/v1/studies/{study_id}"
    (said,) = it.client.get(f"{api}/inspections").json()
    assert (said["verdict"], said["reasons"], said["insisted"], said["guard"]) == ("refused", [OTHER], False, "guard")
    assert it.client.get(f"{api}/predictions").json() == []
    assert it.client.get("/api/v1/studies").json()["studies"][0]["caution"] == "refused"
    asked = it.client.post(f"{api}/analysis", json={"insist": True})
    assert (asked.status_code, asked.json()["kind"]) == (202, "analyse")
    assert it.worker.work_once()
    assert len(it.client.get(f"{api}/predictions").json()) == 1
    assert it.client.get(f"{api}/inspections").json()[0]["insisted"] is True
    assert it.client.post(f"{api}/analysis", json={"model": "nothing"}).status_code == 404


def test_the_guards_card_has_a_page(product: Callable[[str], Product]) -> None:
    it = product("ok")
    assert "Untrained guard" in it.client.get("/models").text
    assert "part of a film" in it.client.get("/models/guard").text


@pytest.mark.parametrize("insist", [False, True])
def test_the_analyse_command_tells(
    insist: bool,
    guarded: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--insist"] if insist else []
    monkeypatch.setenv("WHYLIGHT_MODELS", str(guarded("refused")))
    monkeypatch.setenv("WHYLIGHT_DEVICE", "cpu")
    path = tmp_path / "film.png"
    path.write_bytes(films.png(1, 80))
    assert cli.main(["analyse", str(path), "--out", str(tmp_path / "out"), "--methods", "none", *words]) == (0 if insist else 1)
    told = capsys.readouterr()
    assert f"{'caution' if insist else 'refused'}: {OTHER}" in told.err
    (entry,) = json.loads((tmp_path / "out" / "result.json").read_text())["images"]
    assert entry["inspection"]["verdict"] == "refused"
    assert entry["inspection"]["reasons"] == [OTHER]
    assert entry["inspection"]["insisted"] is insist
    assert bool(entry["findings"]) is insist
    if insist:
        assert (entry["status"], entry["reason"]) == ("ok", "")
        assert told.out.startswith("1 image read: 1 analysed, 1 with the guard's caution; results in")
    else:
        assert (entry["status"], entry["reason"]) == ("refused", OTHER)
        assert told.out.startswith("0 images read, 1 refused by the guard; results in")


def test_a_network_needs_no_guard(models: Path) -> None:
    """Without one the prediction comes first."""
    assert isinstance(results(models)[0], Answer)


def test_what_if_is_refused_with_the_image(product: Callable[[str], Product]) -> None:
    it = product("refused")
    study_id = it.upload()
    asked = {
        "model": "chest-untrained",
        "edits": [{"areas": [{"kind": "rectangle", "points": [[5, 5], [20, 20]]}], "fill": "mean"}],
    }
    answer = it.client.post(f"/api/v1/studies/{study_id}/what-if", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "InputError")
    assert "The guard refused this image" in answer.json()["error"]
